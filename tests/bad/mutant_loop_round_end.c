/* Wrong: what the timers of a round have found is in the instance until the round's end is told. */
#include "mutant_loop.h"

struct found {
    int64_t sum;
};

static int32_t take(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    int32_t code = GYRE_OK;
    (void)self;
    for (uint32_t row = 0; code == GYRE_OK && row < in->rows; row++)
        code = gyre_timer_set(ctx, NULL, 0, GYRE_CLOCK_ROUND, 0, (uint64_t)MUTANT_N(in)[row]);
    return code;
}

static int32_t look(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    struct found *found = self;
    for (uint32_t i = 0; i < due->keys->rows; i++) {
        found->sum += (int64_t)due->tags[i] % 100;
        loop_put(ctx, "found", (int64_t)due->tags[i]);
    }
    return GYRE_OK;
}

static int32_t end(void *self, struct gyre_ctx *ctx, const struct gyre_round *round)
{
    struct found *found = self;
    (void)round;
    if (found->sum != 0)
        loop_put(ctx, "sum", found->sum);
    gyre_vote(ctx, NULL, found->sum == 0);
    found->sum = 0;
    return GYRE_OK;
}

MUTANT(mutant_loop_round_end, GYRE_SINGLE, sizeof(struct found),
       .needs = GYRE_FEATURE_ROUNDS | GYRE_FEATURE_TIMERS, .process = take, .on_timer = look,
       .on_round_end = end)
