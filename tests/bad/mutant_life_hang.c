/* Wrong: it never comes back. */
#include "mutant.h"

#include <unistd.h>

static int32_t hang(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    for (;;)
        pause();
    return GYRE_OK;
}

MUTANT(mutant_life_hang, 0, 0, .process = hang)
