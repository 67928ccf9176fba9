/* plugins/lua/pick.h: the rows of a batch that are there, for functions, which are told of them by `keep` alone. */
#ifndef GYRE_PLUGIN_LUA_PICK_H
#define GYRE_PLUGIN_LUA_PICK_H

#include "clause.h"

/* Points the run at the rows that are there, besides at the columns; `rows` has room for their numbers. */
static inline void pick_rows(const struct clause *clause, struct run *run,
                             const struct gyre_batch *in, int32_t rows[GYRE_BATCH_ROWS])
{
    clause_columns(clause, run, in);
    if (in->keep == NULL || in->selection != NULL)
        return;
    run->is_dense = 0;
    run->rows = 0;
    run->selection = rows;
    for (uint32_t i = 0; i < in->rows; i++)
        if (in->keep[i] != 0)
            rows[run->rows++] = (int32_t)i;
}

#endif
