/* Wrong: sends every row round again. */
#include "mutant.h"

static int32_t send(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self;
    GYRE_ROWS(in, row)
    {
        mutant_put(ctx, in, row, MUTANT_N(in)[row] / 2);
    }
    return GYRE_OK;
}

MUTANT(mutant_loop_feedback, 0, 0, .process = send)
