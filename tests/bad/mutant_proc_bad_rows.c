/* Wrong: a row that it calls bad is counted all the same. */
#include "mutant.h"

GYRE_STATE_RECORD(sums, 1, MUTANT_SUM)

static const struct gyre_state states[] = {GYRE_STATE("sum", VALUE, &sums_type, "the sum")};

static int32_t add(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    void *slots[GYRE_BATCH_ROWS];
    int32_t code = gyre_state_slots(ctx, 0, in, slots);
    (void)self;
    for (uint32_t row = 0; code == 0 && row < in->rows; row++) {
        struct sums *s = slots[row];
        s->sum = (int64_t)((uint64_t)s->sum + (uint64_t)MUTANT_N(in)[row]);
        if (MUTANT_N(in)[row] < 0)
            gyre_bad_row(ctx, in, row, "less than nothing");
        else
            mutant_put(ctx, in, row, s->sum);
    }
    return code;
}

MUTANT(mutant_proc_bad_rows, GYRE_NEEDS_KEY, 0, .states = states, .n_states = 1, .process = add)
