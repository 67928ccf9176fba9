/* Wrong: it remembers in a static what was before. */
#include "mutant.h"

static int64_t before;

static int32_t begin(void *self, struct gyre_ctx *ctx)
{
    (void)self, (void)ctx;
    before = 0;
    return GYRE_OK;
}

static int32_t differ(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self;
    GYRE_ROWS(in, row)
    {
        mutant_put(ctx, in, row, MUTANT_N(in)[row] % 1000 - before);
        before = MUTANT_N(in)[row] % 1000;
    }
    return GYRE_OK;
}

MUTANT(mutant_life_interleaved, GYRE_SINGLE, 0, .open = begin, .process = differ)
