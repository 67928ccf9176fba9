/* Wrong: what open has taken is never given back. */
#include "mutant.h"

struct self {
    void *room;
};

static int32_t take(void *self, struct gyre_ctx *ctx)
{
    struct self *s = self;
    s->room = gyre_alloc(ctx, NULL, 100);
    return s->room != NULL ? GYRE_OK : GYRE_ENOMEM;
}

MUTANT(mutant_life_cycle, 0, sizeof(struct self), .open = take, .process = mutant_pass)
