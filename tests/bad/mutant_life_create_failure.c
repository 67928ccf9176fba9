/* Wrong: close takes for granted that open came to its end. */
#include "mutant.h"

struct self {
    char *one, *other;
};

static int32_t take(void *self, struct gyre_ctx *ctx)
{
    struct self *s = self;
    s->one = gyre_alloc(ctx, NULL, 64);
    s->other = s->one != NULL ? gyre_alloc(ctx, NULL, 64) : NULL;
    return s->other != NULL ? GYRE_OK : GYRE_ENOMEM;
}

static void give(void *self, struct gyre_ctx *ctx)
{
    struct self *s = self;
    *(volatile char *)s->other = 0;
    gyre_alloc(ctx, s->one, 0);
    gyre_alloc(ctx, s->other, 0);
}

MUTANT(mutant_life_create_failure, 0, sizeof(struct self), .open = take, .close = give,
       .process = mutant_pass)
