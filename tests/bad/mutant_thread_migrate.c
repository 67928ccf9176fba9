/* Wrong: it wants to be called by the thread that opened it. */
#include "mutant.h"

static _Thread_local char here;

struct self {
    const char *owner;
};

static int32_t remember(void *self, struct gyre_ctx *ctx)
{
    (void)ctx;
    ((struct self *)self)->owner = &here;
    return GYRE_OK;
}

static int32_t insist(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    if (((struct self *)self)->owner != &here)
        return gyre_fail(ctx, GYRE_EFAIL, "this is another thread");
    return mutant_pass(self, ctx, in);
}

MUTANT(mutant_thread_migrate, 0, sizeof(struct self), .open = remember, .process = insist)
