/* plugins/std/side.h: one input of a join: its rows as they are kept per key, and as they are put out.
 *
 * The rows of a key are a list, in order of time, those of one time as they came. A kept row is a flat
 * struct that is made for the input's schema: the row's time, then each field that does not belong to the
 * key, then a flag for each that may be null.
 *
 * A join's output has the key once, under the first port's names, and then what is left of each side. */
#ifndef GYRE_PLUGIN_STD_SIDE_H
#define GYRE_PLUGIN_STD_SIDE_H

#include <gyre/gyre.h>

struct side_field {
    const char *name;
    uint32_t type;
    uint32_t in;      /* column of an input batch */
    uint32_t out;     /* column of the output */
    uint32_t at;      /* offset in a kept row */
    uint32_t null_at; /* of its flag; 0: it is never null */
};

struct side {
    uint32_t port;
    uint32_t n;
    struct side_field *fields;
    uint32_t n_keys;
    struct side_field *keys; /* not kept: their state is per key */
    struct gyre_state_type row;
    struct gyre_state state;
    uint32_t id; /* of the state */
};

/** Reads the fields of input `port` and adds the state for its rows, called as the port.
 *  Thread:  [control]
 *  Errors:  a code, told */
int32_t side_bind(struct side *side, struct gyre_bind *bind, uint32_t port, const char *name);

/** Adds the key to the output, under the names of this side; `nullable`: in any case.
 *  Thread:  [control]
 *  Errors:  a code, told */
int32_t side_write_key(struct side *side, struct gyre_bind *bind, int nullable);

/** Adds the other fields to the output. With a `prefix` a name that is taken gets that in front.
 *  Thread:  [control]
 *  Errors:  a code, told */
int32_t side_write(struct side *side, struct gyre_bind *bind, int nullable,
                   const struct side *before, const char *prefix);

/** True where a field of the row's key is null: such a row has no partner. The key's columns are those
 *  of an input with a side, else the first ones.
 *  Thread:  [task] */
int side_is_null_key(const struct side *side, const struct gyre_batch *in, uint32_t row);
int side_due_null_key(const struct side *side, const struct gyre_batch *keys, uint32_t row);

/** Keeps a row; `sorted`: in its place by time. `*at` is where it stands.
 *  Shape:   `scratch` has room for two rows
 *  Thread:  [task]
 *  Errors:  GYRE_ENOMEM */
int32_t side_keep(const struct side *side, struct gyre_ctx *ctx, struct gyre_list *list,
                  const struct gyre_batch *in, uint32_t row, int sorted, void *scratch,
                  uint64_t *at);

/** The time of kept row `i`.
 *  Thread:  [task] */
int64_t side_time(struct gyre_ctx *ctx, struct gyre_list *list, uint64_t i);

/** How many rows come before a moment; `list` may be NULL.
 *  Thread:  [task] */
uint64_t side_before(struct gyre_ctx *ctx, struct gyre_list *list, int64_t time_us);

/** How many there are; `list` may be NULL.
 *  Thread:  [task] */
uint64_t side_count(struct gyre_ctx *ctx, const struct gyre_list *list);

/** Memory for side_keep's scratch, for one of several sides.
 *  Owns:    the caller, which frees it with gyre_alloc
 *  Thread:  [task] */
void *side_scratch(struct gyre_ctx *ctx, const struct side *sides, uint32_t n);

/** Puts out the key of a row: of an input batch of `from`, or of due keys with `from` NULL. `side` is the
 *  one that wrote it.
 *  Thread:  [task] */
void side_put_key(const struct side *side, struct gyre_out *out, uint32_t to,
                  const struct side *from, const struct gyre_batch *in, uint32_t row);
/** Puts out what a side has for a row: kept, at hand, or nothing.
 *  Thread:  [task] */
void side_put_kept(const struct side *side, struct gyre_out *out, uint32_t to, const void *kept);
void side_put_row(const struct side *side, struct gyre_out *out, uint32_t to,
                  const struct gyre_batch *in, uint32_t row);
void side_put_null(const struct side *side, struct gyre_out *out, uint32_t to);

/** Removes the entries of `keys` whose list is empty.
 *  Thread:  [task] */
void side_remove_empty(const struct side *side, struct gyre_ctx *ctx, const struct gyre_batch *keys,
                       void *const *lists);

#endif
