/* plugins/std/whole_rows.h: what is put out where rows are put out as they came: all fields, those of the key in front. To
 * what a window function puts out the host adds the key's, and the bounds of windows in the place of older ones. */
#ifndef GYRE_PLUGIN_STD_WHOLE_ROWS_H
#define GYRE_PLUGIN_STD_WHOLE_ROWS_H

#include <gyre/gyre.h>

struct whole_column {
    uint32_t type;
    uint32_t in;
    uint32_t out;
    uint32_t nullable;
};

struct whole_rows {
    uint32_t n;
    struct whole_column *columns;
};

/* A row of a window: its batch, its place there. Rows that came later have greater ones. */
struct whole_ref {
    uint32_t batch;
    uint32_t row;
};

static inline int whole_ref_order(struct whole_ref a, struct whole_ref b)
{
    return a.batch != b.batch ? (a.batch > b.batch) - (a.batch < b.batch)
                              : (a.row > b.row) - (a.row < b.row);
}

/** True where a field is of the key.
 *  Thread:  [control] */
int whole_rows_is_key(const struct gyre_bind *bind, const char *name);

/** Reads and writes the fields: with those of the key in front, or, for a window function, without.
 *  Thread:  [control]
 *  Errors:  a code, told */
int32_t whole_rows_bind(struct whole_rows *rows, struct gyre_bind *bind, int with_key);

/** Puts a row out; where it stands.
 *  Thread:  [task] */
uint32_t whole_rows_put(const struct whole_rows *rows, struct gyre_out *out,
                        const struct gyre_batch *in, uint32_t row);

#endif
