/* Records of keyed state in a snapshot.
 *
 *   | record | field         | bytes                                                              |
 *   |--------|---------------|--------------------------------------------------------------------|
 *   | head   | hash          | u64: what a restore picks the task by; 0: the state has no key     |
 *   |        | kind          | u8, as below                                                       |
 *   |        | key           | as in keycell.h; nothing where the hash is the key                 |
 *   |        | stamp         | i64 in µs, where the kind has GY_KEYED_STAMPED: see expire.h       |
 *   | VALUE  | value         | as in type.h                                                       |
 *   | LIST   | total, first  | u64 items of the list; u64 number of the first of these            |
 *   |        | n, items      | u64; the items                                                     |
 *   | MAP    | total, first  | u64 elements of the map; u64 place of these, only to order by      |
 *   |        | n, elements   | u64; keys and values in turn                                       |
 *   | PANE   | value         | a record of a window's table, and which it is: see op/window.h     |
 *
 * A list or a map is one record, with n = total, or several, in any order. All numbers are
 * little-endian. */
#ifndef GY_STATE_KEYED_H
#define GY_STATE_KEYED_H

#include "state/keycell.h"
#include "state/type.h"

enum gy_keyed_kind {
    GY_KEYED_VALUE = GYRE_STATE_VALUE,
    GY_KEYED_LIST = GYRE_STATE_LIST,
    GY_KEYED_MAP = GYRE_STATE_MAP,
    GY_KEYED_PANE = 4,
    GY_KEYED_STAMPED = 0x80, /* beside one of the others */
};

/** True where no key is stored: the hash is the key, or there is none. */
static inline bool gy_keyed_exact(const struct gy_key *key)
{
    return key->n == 0 || gy_key_is_exact(key);
}

/** The hash that a key's state goes by: 0 without a key, never 0 where the key is stored. */
static inline uint64_t gy_keyed_hash(const struct gy_key *key, uint64_t hash)
{
    if (key->n == 0)
        return 0;
    return gy_key_is_exact(key) ? hash : hash + (hash == 0);
}

/** Writes the head; `cells` NULL where the hash is the key. Errors stay in the writer. */
void gy_keyed_write(const struct gy_key *key, enum gy_keyed_kind kind, uint64_t hash,
                    const struct gy_cell *cells, struct gyre_writer *writer);

#define GY_KEYED_HEAD 9u /* bytes of a head without a stored key */

/** Writes such a head. */
static inline void gy_keyed_image(enum gy_keyed_kind kind, uint64_t hash, uint8_t *to)
{
    for (int i = 0; i < 8; i++)
        to[i] = (uint8_t)(hash >> (8 * i));
    to[8] = (uint8_t)kind;
}

/** Reads the head of a record of `kind`, and checks that the hash is that of the key.
 *  Shape:   `cells` has room for GY_KEYS_MAX, and gets views of the input; not touched where the hash
 *           is the key
 *  Errors:  GYRE_ECORRUPT, sticky in the reader, for another kind too */
int gy_keyed_read(const struct gy_key *key, enum gy_keyed_kind kind, uint64_t *hash,
                  struct gy_cell *cells, struct gyre_reader *reader);

#endif
