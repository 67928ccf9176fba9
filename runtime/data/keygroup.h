/* Keys: their canonical form, their hash, their group. Part of the snapshot format.
 *
 *   one fixed-width field    widened to 8 bytes (i32 sign-extended, bool zero-extended, -0.0 made
 *                            0.0, every NaN made 0x7ff8000000000000), XXH3-64 of these 8 bytes.
 *                            On 8 bytes XXH3-64 is a bijection: equal hash is equal key, and
 *                            gy_key_unhash gives the 8 bytes back.
 *   one str or bytes field   up to 12 bytes: XXH3-64 of its 16-byte view (length and padding are in
 *                            it); longer: XXH3-64 of all its bytes
 *   a null field             GY_KEY_NULL: XXH3-64 of 9 bytes (0xff, eight 0)
 *   several fields           XXH3-64 of 8 bytes per field, one after the other: the widened value of
 *                            a fixed-width field, the hash of a string as above, GY_KEY_NULL for null
 *
 * All of it little-endian. Where the hash does not identify the key, keys are compared.
 * Key group = high 64 bits of hash * G; subtask = group * P / G. */
#ifndef GY_DATA_KEYGROUP_H
#define GY_DATA_KEYGROUP_H

#include "data/batch.h"

#define GY_KEYS_MAX 16

#define GY_KEY_NULL UINT64_C(0x0d1ee38efbc250cf)

/* The fields of a key, as types; positions say where they stand in a batch. */
struct gy_key {
    uint32_t n; /* 1 ... GY_KEYS_MAX */
    uint32_t types[GY_KEYS_MAX];
    bool nullable[GY_KEYS_MAX];
};

/** True where the hash alone identifies the key: one fixed-width field that is never null. */
static inline bool gy_key_is_exact(const struct gy_key *key)
{
    return key->n == 1 && !gyre_type_is_str(key->types[0]) && !key->nullable[0];
}

/** Hashes the keys of all `rows` rows into `hash`; also those of dropped rows, whatever their bits,
 *  except that strings of dropped rows are not followed.
 *  Shape:   columns[k] is the column of key field k; keep NULL: no row is dropped
 *  Errors:  none: it takes no memory and gives 0 */
int gy_key_hash(const struct gy_key *key, const struct gy_column *const *columns,
                const uint8_t *keep, uint32_t rows, uint64_t *hash);

/** The 8 canonical bytes whose XXH3-64 is `hash`. */
uint64_t gy_key_unhash(uint64_t hash);

/** The 8 canonical bytes of a value of the fixed-width `type`. */
uint64_t gy_key_canonical(uint32_t type, const void *value);

/** False for 8 bytes that no value of `type` has: -0.0, another NaN, an i32 beyond 32 bits. */
bool gy_key_is_canonical(uint32_t type, uint64_t canonical);

/** Writes the value of a key field of `type` whose canonical 8 bytes are `canonical` to `into`. */
void gy_key_decode(uint32_t type, uint64_t canonical, void *into);

__extension__ typedef unsigned __int128 gy_u128;

static inline uint32_t gy_key_group(uint64_t hash, uint32_t groups)
{
    gy_debug_assert(groups > 0);
    return (uint32_t)(((gy_u128)hash * groups) >> 64);
}

/** The first hash that belongs to group `group` or a later one; 0 at its end (group == groups). */
static inline uint64_t gy_key_group_first(uint32_t group, uint32_t groups)
{
    assert(groups > 0 && group <= groups);
    return (uint64_t)((((gy_u128)group << 64) + groups - 1) / groups);
}

/** The first group of subtask `subtask` (of the one behind the last: `groups`). */
static inline uint32_t gy_key_first_group(uint32_t subtask, uint32_t groups, uint32_t parallelism)
{
    assert(parallelism > 0 && subtask <= parallelism);
    return (uint32_t)(((uint64_t)subtask * groups + parallelism - 1) / parallelism);
}

static inline uint32_t gy_key_subtask(uint64_t hash, uint32_t groups, uint32_t parallelism)
{
    return (uint32_t)((uint64_t)gy_key_group(hash, groups) * parallelism / groups);
}

#endif
