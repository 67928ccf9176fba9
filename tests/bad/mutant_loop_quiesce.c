/* Wrong: puts a row out at the end of each round, whether something has come or not, and never votes to stop. */
#include "mutant_loop.h"

static int32_t end(void *self, struct gyre_ctx *ctx, const struct gyre_round *round)
{
    (void)self;
    loop_put(ctx, "round", (int64_t)round->number);
    return GYRE_OK;
}

MUTANT(mutant_loop_quiesce, GYRE_SINGLE, 0, .needs = GYRE_FEATURE_ROUNDS, .process = mutant_pass,
       .on_round_end = end)
