/* Wrong: it says that it knows of dropped rows, and counts them. */
#include "mutant.h"

static int32_t count(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self;
    for (uint32_t row = 0; row < in->rows; row++) {
        uint32_t to = gyre_out_row(ctx->outputs[0], gyre_row_time(in, row));
        GYRE_OUT(ctx->outputs[0], 0, struct gyre_str)[to] = gyre_str_view("row", 3);
        GYRE_OUT(ctx->outputs[0], 1, int64_t)[to] = 1;
    }
    return GYRE_OK;
}

MUTANT(mutant_proc_dropped_rows, GYRE_MASK_AWARE, 0, .process = count)
