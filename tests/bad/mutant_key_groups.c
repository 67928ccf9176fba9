/* Wrong: what it puts out depends on the number of tasks. */
#include "mutant.h"

static int32_t tell(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self;
    GYRE_ROWS(in, row)
    {
        mutant_put(ctx, in, row, ctx->tasks);
    }
    return GYRE_OK;
}

MUTANT(mutant_key_groups, 0, 0, .process = tell)
