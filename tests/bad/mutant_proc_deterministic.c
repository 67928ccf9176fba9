/* Wrong: it draws lots without the host. */
#include "mutant.h"

#include <stdlib.h>

static int32_t draw(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self;
    GYRE_ROWS(in, row)
    {
        mutant_put(ctx, in, row, rand());
    }
    return GYRE_OK;
}

MUTANT(mutant_proc_deterministic, 0, 0, .process = draw)
