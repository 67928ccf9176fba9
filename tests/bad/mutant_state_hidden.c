/* Wrong: what it knows is in the instance, and in no snapshot. */
#include "mutant.h"

struct self {
    int64_t sum;
};

static int32_t add(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct self *s = self;
    GYRE_ROWS(in, row)
    {
        s->sum += MUTANT_N(in)[row] % 100;
        mutant_put(ctx, in, row, s->sum);
    }
    return GYRE_OK;
}

MUTANT(mutant_state_hidden, GYRE_SINGLE, sizeof(struct self), .process = add)
