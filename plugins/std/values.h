/* plugins/std/values.h: the values of a field in an accumulator, all of them or each once. */
#ifndef GYRE_PLUGIN_STD_VALUES_H
#define GYRE_PLUGIN_STD_VALUES_H

#include <gyre/gyre.h>

/* Part of an accumulator; zeroed it is empty. Its members are in VALUES_MEMBERS. */
struct values {
    struct gyre_str log;   /* the values, one behind another, and room for more */
    struct gyre_str index; /* where each one is, by hash; empty: there is none */
    int64_t used;          /* bytes of `log` */
    int64_t n;
};

#define VALUES_MEMBERS(type, member)                                                               \
    {"log", GYRE_TYPE_bytes, offsetof(type, member) + offsetof(struct values, log)},               \
        {"index", GYRE_TYPE_bytes, offsetof(type, member) + offsetof(struct values, index)},       \
        {"used", GYRE_TYPE_i64, offsetof(type, member) + offsetof(struct values, used)},           \
    {                                                                                              \
        "n", GYRE_TYPE_i64, offsetof(type, member) + offsetof(struct values, n)                    \
    }

/* One value: of a str or bytes its bytes, else 8 bytes that are the same for equal values. */
struct value {
    const void *bytes;
    uint32_t len;
    uint64_t word; /* what `bytes` points to where it is no string */
};

/** Sees the value at `at`, of `type`, as one.
 *  Owns:    a string's bytes stay where they are; `value` must not be moved */
void value_of(struct value *value, uint32_t type, const void *at);

/** A hash of the value, the same on every machine. */
uint64_t value_hash(const struct value *value);

/** Appends a value, and says nothing of whether it is there already.
 *  Errors:  GYRE_ENOMEM, GYRE_EINVAL beyond a gigabyte; told */
int32_t values_append(struct gyre_ctx *ctx, struct values *values, uint32_t type,
                      const struct value *value);

/** Appends a value unless it is there.
 *  Errors:  as values_append */
int32_t values_put(struct gyre_ctx *ctx, struct values *values, uint32_t type,
                   const struct value *value);

/** Gives the value that begins at `*at`, 0 at first, and moves on; false at the end.
 *  Owns:    borrowed from `values` */
int values_next(const struct values *values, uint32_t type, size_t *at, struct value *value);

/** Empties it: what it held is given back.
 *  Errors:  as gyre_state_str */
int32_t values_clear(struct gyre_ctx *ctx, struct values *values);

/** What a state type's encode and decode do with the part; there is one of each for values that are
 *  strings, and one for others. Room and index are not written.
 *  Errors:  GYRE_ECORRUPT, sticky in the reader */
void values_encode(const struct values *values, struct gyre_writer *writer);
void values_decode(struct values *values, int strings, struct gyre_reader *reader);

/* The accumulators that are a struct values and no more: of strings, and of others. */
extern const struct gyre_state_type values_of_strings, values_of_words;

#endif
