/* Declared state types, made ready: offsets resolved, their strings known.
 *
 * A value is `size` bytes at a multiple of `align`; values in an array stand `stride` bytes apart.
 * Its str and bytes members own what they refer to beyond 12 bytes, each an allocation of its own:
 * a plugin assigns them without saying in which of its stores the value stands.
 *
 * A value may be made of several declared types, one behind the other at aligned offsets: the
 * accumulators of std.aggregate. Each is a segment, with a version and functions of its own; a type
 * declared alone is one segment. A snapshot may have been written of other segments, or of the same
 * in another order: its form says which stand in it.
 *
 *   encoded value   of each segment u32 length, then either what its `encode` wrote, or its members
 *                   in order: bool u8, i32 u32, i64 f64 time u64, str bytes u32 length + bytes */
#ifndef GY_STATE_TYPE_H
#define GY_STATE_TYPE_H

#include <gyre/state.h>
#include <stdbool.h>

#include "state/blocks.h"

struct gy_type_member {
    uint32_t type;
    uint32_t offset;
};

/* A declared type and where its part of a value stands. */
struct gy_segment {
    const struct gyre_state_type *declared;
    uint32_t offset;
    uint32_t first_member;
    uint32_t n_members;
    bool flat; /* its bytes are all there is to it */
};

struct gy_form;

/* A type of the runtime's own: what it keeps for windows. Its functions get a context, which outlives
 * the values; `read` reads into an initialized value, and `form` is of the declared types within. */
struct gy_host_type {
    uint32_t size;
    uint32_t align;
    void *context;
    void (*init)(void *context, void *value);
    void (*fini)(void *context, void *value);
    void (*write)(void *context, const void *value, struct gyre_writer *writer);
    int (*read)(void *context, void *value, struct gyre_reader *reader, const struct gy_form *form);
};

/** Zeroed, it is a type of nothing that can be finished. */
struct gy_type {
    const struct gy_host_type *host; /* NULL: it is made of declared types */
    uint32_t size;
    uint32_t align;
    uint32_t stride;
    uint32_t n_members;
    uint32_t n_segments;
    uint32_t image_size;
    bool flat;  /* all segments are */
    bool plain; /* zeroed at the start, nothing to free at the end */
    bool image; /* its bytes in memory are its encoding: numbers without gaps, little-endian */
    struct gy_type_member *members; /* of all segments, at their offsets in the value */
    struct gy_segment *segments;
};

/* How values were written: of which segments, in order, each under a version of its type. */
struct gy_form {
    uint32_t n;
    const struct gy_form_segment {
        uint32_t segment; /* of the type at hand */
        uint32_t version;
    } * segments;
};

/** gy_state_type_check, and what keys of maps need beyond it. */
int gy_map_key_check(const struct gyre_state_type *type, struct gyre_error *error);

/** Resolves n checked types, each a segment.
 *  Errors:  GYRE_ENOMEM */
int gy_type_init(struct gy_type *type, const struct gyre_state_type *const *declared, uint32_t n);
/** Makes a type of a host type, which outlives it. Values of it are never copied. */
void gy_type_init_host(struct gy_type *type, const struct gy_host_type *host);

void gy_type_fini(struct gy_type *type);

/** Makes the value of a new entry out of any bytes. */
void gy_value_init(const struct gy_type *type, void *value);

/** Ends a value: the fini of each segment, then the strings. */
void gy_value_fini(const struct gy_type *type, struct gy_blocks *blocks, void *value);

/** Makes `into`, out of any bytes, a copy of `from` that shares nothing with it. Segments whose type
 *  has fini or encode are written and read.
 *  Errors:  GYRE_ENOMEM, those of the type's functions: `into` owns nothing */
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

/** The encoding of a value whose type is an `image`: `image_size` bytes of several segments. */
void gy_value_image_all(const struct gy_type *type, const void *value, uint8_t *to);

static inline void gy_value_image(const struct gy_type *type, const void *value, uint8_t *to)
{
    if (type->n_segments > 1) {
        gy_value_image_all(type, value, to);
        return;
    }
    memcpy(to, &type->size, 4);
    if (type->size == 8)
        memcpy(to + 4, value, 8); /* most are one number */
    else
        memcpy(to + 4, value, type->size);
}

/** Decodes into an initialized value what was written under `version` of the type, which is one
 *  segment.
 *  Errors:  those of the type's functions, GYRE_ECORRUPT or GYRE_ENOMEM: the value can be finished */
int gy_value_read(const struct gy_type *type, struct gy_blocks *blocks, void *value,
                  struct gyre_reader *reader, uint32_t version);

/** The same for what was written in a form; segments that it lacks stay as they are. `*at` is the
 *  segment that was read last, of which an error tells. */
int gy_value_read_form(const struct gy_type *type, struct gy_blocks *blocks, void *value,
                       struct gyre_reader *reader, const struct gy_form *form, uint32_t *at);

#endif
