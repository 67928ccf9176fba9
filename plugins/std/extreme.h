/* plugins/std/extreme.h: what min, max, min_by and max_by share, and first, last and any_value: one
 * accumulator that keeps the row whose field is the least or the greatest so far, or the first or the
 * last one that came; of that row the columns that are put out. */
#ifndef GYRE_PLUGIN_STD_EXTREME_H
#define GYRE_PLUGIN_STD_EXTREME_H

#include <gyre/gyre.h>

#define EXTREME_NONE UINT32_MAX

/* One column of the row that is kept. */
struct extreme_column {
    const char *name;
    uint32_t type;
    uint32_t nullable;
    uint32_t in;    /* its position among the columns read */
    uint32_t out;   /* among those written; EXTREME_NONE: it is only compared */
    uint32_t value; /* offset in the accumulator */
    uint32_t valid; /* offset of a bool; EXTREME_NONE: it is there */
};

struct extreme_config {
    const char *field;
    struct gyre_strs fields; /* min_by, max_by: what is put out; empty: all that are no key */
    int32_t last;            /* of equal ones the last is kept, not the first */
    int32_t nulls;           /* without an order: a null is kept like a value */
    /* made by bind */
    int32_t sign; /* 1: the greatest, -1: the least, 0: all are equal, so the first or the last */
    uint32_t has; /* offset of a bool: a row is kept */
    uint32_t n;
    struct extreme_column *columns; /* the first is the one compared */
};

/** Binds min (`sign` -1), max (1) or first (0): the field is put out under its own name. */
int32_t extreme_bind(struct extreme_config *c, struct gyre_bind *bind, int32_t sign);

/** Binds min_by, max_by, or first with `fields`: these are put out. */
int32_t extreme_bind_row(struct extreme_config *c, struct gyre_bind *bind, int32_t sign);

/* The calls of all of them; ctx->config is a struct extreme_config. */
extern const struct gyre_aggregate extreme_aggregate;

#endif
