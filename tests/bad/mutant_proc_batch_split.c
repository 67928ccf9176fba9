/* Wrong: what it puts out depends on where in its batch a row is. */
#include "mutant.h"

static int32_t number(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    int64_t n = 0;
    (void)self;
    GYRE_ROWS(in, row)
    {
        mutant_put(ctx, in, row, n++);
    }
    return GYRE_OK;
}

MUTANT(mutant_proc_batch_split, 0, 0, .process = number)
