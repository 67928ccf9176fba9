/* Wrong: one number kills it. */
#include "mutant.h"

static int32_t divide(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self;
    GYRE_ROWS(in, row)
    {
        if (MUTANT_N(in)[row] == INT64_MIN)
            __builtin_trap();
        mutant_put(ctx, in, row, -MUTANT_N(in)[row]);
    }
    return GYRE_OK;
}

MUTANT(mutant_fn_total, 0, 0, .process = divide)
