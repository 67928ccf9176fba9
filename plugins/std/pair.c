/* plugins/std/pair.c: see pair.h. */
#include "pair.h"

/* ---- bound ---- */

int32_t pair_bind(struct pair *pair, struct gyre_bind *bind, const struct gyre_port *inputs)
{
    int32_t code = GYRE_OK;
    for (uint32_t port = 0; code == GYRE_OK && port < SIDES; port++)
        code = side_bind(&pair->sides[port], bind, port, inputs[port].name);
    return code;
}

int32_t pair_write(struct pair *pair, struct gyre_bind *bind, const int nullable[SIDES],
                   const char *prefix)
{
    struct side *first = &pair->sides[0], *second = &pair->sides[1];
    int32_t code = side_write(first, bind, nullable[0], second, NULL);
    return code == GYRE_OK ? side_write(second, bind, nullable[1], first, prefix) : code;
}

/* ---- a task's ---- */

int32_t pair_open(void *self, struct gyre_ctx *ctx)
{
    struct pair_task *task = self;
    const struct pair *pair = ctx->config;
    task->scratch = side_scratch(ctx, pair->sides, SIDES);
    return task->scratch != NULL ? GYRE_OK : gyre_fail(ctx, GYRE_ENOMEM, "no memory for a join");
}

void pair_close(void *self, struct gyre_ctx *ctx)
{
    struct pair_task *task = self;
    gyre_alloc(ctx, task->scratch, 0);
}

/* ---- put out ---- */

static void put_side(const struct side *side, struct gyre_out *out, uint32_t to, const void *kept)
{
    if (kept != NULL)
        side_put_kept(side, out, to, kept);
    else
        side_put_null(side, out, to);
}

void pair_put_row(struct gyre_ctx *ctx, uint32_t to, const struct gyre_batch *in, uint32_t row,
                  const void *other)
{
    const struct pair *pair = ctx->config;
    const struct side *mine = &pair->sides[in->port];
    struct gyre_out *out = ctx->outputs[0];
    side_put_key(&pair->sides[0], out, to, mine, in, row);
    side_put_row(mine, out, to, in, row);
    put_side(&pair->sides[!in->port], out, to, other);
}

void pair_put_kept(struct gyre_ctx *ctx, uint32_t to, const struct gyre_batch *keys, uint32_t row,
                   const void *first, const void *second)
{
    const struct pair *pair = ctx->config;
    struct gyre_out *out = ctx->outputs[0];
    side_put_key(&pair->sides[0], out, to, NULL, keys, row);
    put_side(&pair->sides[0], out, to, first);
    put_side(&pair->sides[1], out, to, second);
}
