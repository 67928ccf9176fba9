/* Wrong: it ends the process where something is amiss. */
#include "mutant.h"

#include <stdlib.h>

static int32_t leave(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    exit(0);
}

MUTANT(mutant_life_exit, 0, 0, .process = leave)
