/* plugins/lua/distance.c: lua.distance, an expression over two rows:
 * window = { delta = 5.0; fn = "lua.distance"; value = "abs(new.price - old.price)"; }. */
#include "distance.h"
#include "pair.h"

#include <math.h>

struct distance_config {
    const char *value;
    struct pair pair;
};

struct distance {
    struct run *run;
    uint8_t valid;
};

static int32_t distance_bind(void *config, struct gyre_bind *bind)
{
    struct distance_config *c = config;
    return pair_bind(&c->pair, bind, "value", c->value, GYRE_TYPE_f64);
}

static int32_t distance_open(void *self, struct gyre_ctx *ctx)
{
    struct distance *d = self;
    const struct distance_config *c = ctx->config;
    d->run = clause_open(&c->pair.clause, ctx);
    return d->run != NULL ? GYRE_OK : GYRE_ENOMEM;
}

static void distance_close(void *self, struct gyre_ctx *ctx)
{
    struct distance *d = self;
    (void)ctx;
    run_free(d->run);
}

/* One that is nil is none: 0. */
static double distance_of(struct gyre_ctx *ctx, const struct gyre_batch *old_rows, uint32_t a,
                          const struct gyre_batch *new_rows, uint32_t b)
{
    const struct distance_config *c = ctx->config;
    struct distance *d = ctx->self;
    double far = 0;
    d->valid = 1;
    d->run->out_valid = &d->valid;
    if (pair_run(&c->pair, d->run, old_rows, a, new_rows, b, &far) != 0)
        return NAN;
    return d->valid != 0 ? far : 0;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct distance_config, value, STRING, NULL, GYRE_REQUIRED,
             "the expression, of the fields of two rows: \"abs(new.price - old.price)\""),
};

static const struct gyre_distance_function distance_function = {(uint32_t)sizeof distance_function,
                                                                0, distance_of};

const struct gyre_function gyre_fn_distance = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_DISTANCE,
    .name = "distance",
    .doc = "What an expression of two rows gives; nil is 0.",
    .config_size = sizeof(struct distance_config),
    .instance_size = sizeof(struct distance),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .bind = distance_bind,
    .open = distance_open,
    .close = distance_close,
    .impl = &distance_function,
};
