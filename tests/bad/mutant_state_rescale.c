/* Wrong: it goes on only as it was. */
#include "mutant.h"

GYRE_STATE_RECORD(sums, 1, MUTANT_SUM)

static const struct gyre_state states[] = {GYRE_STATE("sum", VALUE, &sums_type, "the sum")};

static int32_t refuse(void *self, struct gyre_ctx *ctx)
{
    (void)self;
    if (ctx->restores && ctx->tasks > 1)
        return gyre_fail(ctx, GYRE_EINVAL, "it cannot go on as several tasks");
    return GYRE_OK;
}

static int32_t add(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    void *slots[GYRE_BATCH_ROWS];
    int32_t code = gyre_state_slots(ctx, 0, in, slots);
    (void)self;
    for (uint32_t row = 0; code == 0 && row < in->rows; row++) {
        struct sums *s = slots[row];
        s->sum += MUTANT_N(in)[row] % 100;
        mutant_put(ctx, in, row, s->sum);
    }
    return code;
}

MUTANT(mutant_state_rescale, GYRE_NEEDS_KEY, 0, .states = states, .n_states = 1, .open = refuse,
       .process = add)
