/* A declared state type, made ready: offsets resolved, its strings known.
 *
 * A value is `size` bytes at a multiple of `align`; values in an array stand `stride` bytes apart.
 * Its str and bytes members own what they refer to beyond 12 bytes, each an allocation of its own:
 * a plugin assigns them without saying in which of its stores the value stands.
 *
 *   encoded value   u32 length, then either what `encode` wrote, or the members in order:
 *                   bool u8, i32 u32, i64 f64 time u64, str bytes u32 length + bytes */
#ifndef GY_STATE_TYPE_H
#define GY_STATE_TYPE_H

#include <gyre/state.h>
#include <stdbool.h>

#include "state/blocks.h"

struct gy_member {
    uint32_t type;
    uint32_t offset;
};

/** Zeroed, it is a type of nothing that can be finished. */
struct gy_type {
    const struct gyre_state_type *declared;
    uint32_t size;
    uint32_t align;
    uint32_t stride;
    uint32_t n_members;
    bool plain; /* zeroed at the start, nothing to free at the end */
    bool image; /* its bytes in memory are its encoding: numbers without gaps, little-endian */
    struct gy_member *members;
};

/** gy_state_type_check, and what keys of maps need beyond it. */
int gy_map_key_check(const struct gyre_state_type *type, struct gyre_error *error);

/** Resolves a checked type.
 *  Errors:  GYRE_ENOMEM */
int gy_type_init(struct gy_type *type, const struct gyre_state_type *declared);
void gy_type_fini(struct gy_type *type);

/** Makes the value of a new entry out of any bytes. */
void gy_value_init(const struct gy_type *type, void *value);

/** Ends a value: the type's fini, then the strings. */
void gy_value_fini(const struct gy_type *type, struct gy_blocks *blocks, void *value);

/** Copies the flat value `from` with strings of its own.
 *  Errors:  GYRE_ENOMEM, `into` owns nothing */
int gy_value_copy(const struct gy_type *type, struct gy_blocks *blocks, void *into,
                  const void *from);

/** Assigns a string: copies the bytes, frees the old ones.
 *  Errors:  GYRE_ENOMEM, the old value stays */
int gy_str_assign(struct gy_blocks *blocks, struct gyre_str *into, const struct gyre_str *from);

/** Frees the bytes of a string and makes it empty. */
void gy_str_drop(struct gy_blocks *blocks, struct gyre_str *s);

/** Hash of a flat value by its members, for keys of maps. */
uint64_t gy_value_hash(const struct gy_type *type, const void *value);

/** True where all members of two flat values are equal; -0.0 equals 0.0 and every NaN another. */
bool gy_value_equal(const struct gy_type *type, const void *a, const void *b);

/** Encodes a value; errors stay in the writer. */
void gy_value_write(const struct gy_type *type, const void *value, struct gyre_writer *writer);

/** The encoding of a value whose type is an `image`. */
static inline uint32_t gy_value_image_size(const struct gy_type *type)
{
    return 4 + type->size;
}

static inline void gy_value_image(const struct gy_type *type, const void *value, uint8_t *to)
{
    memcpy(to, &type->size, 4);
    if (type->size == 8)
        memcpy(to + 4, value, 8); /* most are one number */
    else
        memcpy(to + 4, value, type->size);
}

/** Decodes into an initialized value what was written under `version` of the type.
 *  Errors:  those of the type's functions, GYRE_ECORRUPT or GYRE_ENOMEM: the value can be finished */
int gy_value_read(const struct gy_type *type, struct gy_blocks *blocks, void *value,
                  struct gyre_reader *reader, uint32_t version);

#endif
