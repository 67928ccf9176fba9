/* Wrong: rows for which there is no memory are left out without a word. */
#include "mutant.h"

static int32_t copy(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self;
    GYRE_ROWS(in, row)
    {
        int64_t *room = gyre_alloc(ctx, NULL, sizeof *room);
        if (room == NULL)
            continue;
        *room = MUTANT_N(in)[row];
        mutant_put(ctx, in, row, *room);
        gyre_alloc(ctx, room, 0);
    }
    return GYRE_OK;
}

MUTANT(mutant_fault_every_allocation, 0, 0, .process = copy)
