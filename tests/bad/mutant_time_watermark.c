/* Wrong: its rows are earlier than what it was made of. */
#include "mutant.h"

static int32_t go_back(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self;
    GYRE_ROWS(in, row)
    {
        mutant_put_at(ctx, in, row, 1, gyre_row_time(in, row) - 50000000);
    }
    return GYRE_OK;
}

MUTANT(mutant_time_watermark, GYRE_READS_TIME, 0, .process = go_back)
