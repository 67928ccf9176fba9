/* Wrong: strings are put out as they stand in the input. */
#include "mutant.h"

static int32_t lend(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self;
    GYRE_ROWS(in, row)
    {
        uint32_t to = gyre_out_row(ctx->outputs[0], gyre_row_time(in, row));
        GYRE_OUT(ctx->outputs[0], 0, struct gyre_str)
        [to] = GYRE_COLUMN(in, 0, struct gyre_str)[row];
        GYRE_OUT(ctx->outputs[0], 1, int64_t)[to] = MUTANT_N(in)[row];
    }
    return GYRE_OK;
}

MUTANT(mutant_proc_output_lifetime, 0, 0, .process = lend)
