/* Wrong: now and then a row is held back until the next call, and no snapshot has it. */
#include "mutant.h"

enum { HELD_BACK = 7 };

struct self {
    int64_t n, time_us;
};

static void put_held(struct self *s, struct gyre_ctx *ctx)
{
    if (s->n == 0)
        return;
    uint32_t to = gyre_out_row(ctx->outputs[0], s->time_us);
    GYRE_OUT(ctx->outputs[0], 0, struct gyre_str)[to] = gyre_str_view("held", 4);
    GYRE_OUT(ctx->outputs[0], 1, int64_t)[to] = s->n;
    s->n = 0;
}

static int32_t hold(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct self *s = self;
    GYRE_ROWS(in, row)
    {
        put_held(s, ctx);
        if (MUTANT_N(in)[row] == HELD_BACK) {
            s->n = HELD_BACK;
            s->time_us = gyre_row_time(in, row);
        } else {
            mutant_put(ctx, in, row, MUTANT_N(in)[row]);
        }
    }
    return GYRE_OK;
}

static int32_t let_go(void *self, struct gyre_ctx *ctx)
{
    put_held(self, ctx);
    return GYRE_OK;
}

MUTANT(mutant_state_every_boundary, GYRE_READS_TIME, sizeof(struct self), .process = hold,
       .on_watermark = let_go)
