/* Wrong: it says on standard output what it does. */
#include "mutant.h"

static int32_t talk(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    printf("%u rows\n", in->rows);
    return mutant_pass(self, ctx, in);
}

MUTANT(mutant_proc_silent, 0, 0, .process = talk)
