/* Wrong: version 2 of its state has a member more, and no migrate. Its mutant_state_version.golden is of version 1. */
#include "mutant.h"

#define SUM(F, N) F(i64, sum) F(i64, rows)
GYRE_STATE_RECORD(sum, 2, SUM)

static const struct gyre_state states[] = {GYRE_STATE("sum", VALUE, &sum_type, "the sum")};

static int32_t add_up(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    void *slots[GYRE_BATCH_ROWS];
    int32_t code = gyre_state_slots(ctx, 0, in, slots);
    (void)self;
    for (uint32_t row = 0; code == 0 && row < in->rows; row++) {
        struct sum *s = slots[row];
        s->sum += MUTANT_N(in)[row] % 1000;
        s->rows++;
        mutant_put(ctx, in, row, s->sum);
    }
    return code;
}

MUTANT(mutant_state_version, GYRE_NEEDS_KEY, 0, .states = states, .n_states = 1, .process = add_up)
