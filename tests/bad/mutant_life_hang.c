/* Wrong: it never comes back. */
#include "mutant.h"

static int32_t hang(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    for (volatile int64_t i = 0;; i = 1 - i)
        ;
    return GYRE_OK;
}

MUTANT(mutant_life_hang, 0, 0, .process = hang)
