/* Wrong: a late row is the end of it. */
#include "mutant.h"

static int32_t insist(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    GYRE_ROWS(in, row)
    {
        if (gyre_row_time(in, row) < ctx->watermark_us)
            return gyre_fail(ctx, GYRE_EFAIL, "a row is late");
    }
    return mutant_pass(self, ctx, in);
}

static int32_t ignore(void *self, struct gyre_ctx *ctx)
{
    (void)self, (void)ctx;
    return GYRE_OK;
}

MUTANT(mutant_time_late, GYRE_READS_TIME, 0, .process = insist, .on_watermark = ignore)
