/* Wrong: the sum of a key goes on from that of the key before. */
#include "mutant.h"

GYRE_STATE_RECORD(sums, 1, MUTANT_SUM)

struct self {
    int64_t last;
};

static const struct gyre_state states[] = {GYRE_STATE("sum", VALUE, &sums_type, "the sum")};

static int32_t add(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct self *s = self;
    void *slots[GYRE_BATCH_ROWS];
    int32_t code = gyre_state_slots(ctx, 0, in, slots);
    for (uint32_t row = 0; code == 0 && row < in->rows; row++) {
        struct sums *sum = slots[row];
        if (sum->sum == 0)
            sum->sum = s->last;
        sum->sum += MUTANT_N(in)[row] % 100;
        s->last = sum->sum;
        mutant_put(ctx, in, row, sum->sum);
    }
    return code;
}

MUTANT(mutant_key_isolation, GYRE_NEEDS_KEY, sizeof(struct self), .states = states, .n_states = 1,
       .process = add)
