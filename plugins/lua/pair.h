/* plugins/lua/pair.h: an expression over two rows, whose fields are `old.NAME` and `new.NAME`: for distances and
 * evictions. */
#ifndef GYRE_PLUGIN_LUA_PAIR_H
#define GYRE_PLUGIN_LUA_PAIR_H

#include "clause.h"

/* Part of a config. */
struct pair {
    struct clause clause;
    uint32_t *at;    /* for each of clause.expr.fields: its place in the batch */
    uint8_t *is_new; /* and of which row it is */
};

/** Compiles `text`, the value of `option`, as a `type` (0: a condition), and asks for the fields it reads.
 *  Errors: a code, told */
int32_t pair_bind(struct pair *pair, struct gyre_bind *bind, const char *option, const char *text,
                  uint32_t type);

/** What it gives for row `a` of one batch and row `b` of another, into `out`. `rows` may be one batch twice.
 *  Errors: a code, told: a row that is bad too */
int32_t pair_run(const struct pair *pair, struct run *run, const struct gyre_batch *old_rows,
                 uint32_t a, const struct gyre_batch *new_rows, uint32_t b, void *out);

#endif
