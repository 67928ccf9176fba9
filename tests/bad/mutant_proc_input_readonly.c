/* Wrong: it writes to its input, if what was there. */
#include "mutant.h"

static int32_t scribble(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    volatile int64_t *n = (int64_t *)(uintptr_t)MUTANT_N(in);
    n[0] = n[0];
    return mutant_pass(self, ctx, in);
}

MUTANT(mutant_proc_input_readonly, 0, 0, .process = scribble)
