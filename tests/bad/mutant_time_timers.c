/* Wrong: it counts how often it is told the time. */
#include "mutant.h"

static int32_t tick(void *self, struct gyre_ctx *ctx)
{
    (void)self;
    if (ctx->watermark_us == INT64_MAX)
        return GYRE_OK;
    uint32_t to = gyre_out_row(ctx->outputs[0], ctx->watermark_us);
    GYRE_OUT(ctx->outputs[0], 0, struct gyre_str)[to] = gyre_str_view("tick", 4);
    GYRE_OUT(ctx->outputs[0], 1, int64_t)[to] = ctx->watermark_us;
    return GYRE_OK;
}

MUTANT(mutant_time_timers, GYRE_SINGLE, 0, .process = mutant_pass, .on_watermark = tick)
