/* plugins/lua/evict.c: lua.evict, which drops the oldest rows of a window as long as a condition of each, and of the
 * row that has come, is true: window = { fn = "lua.evict"; where = "new.level - old.level > 10"; }. */
#include "evict.h"
#include "pair.h"

struct evict_config {
    const char *where;
    struct pair pair;
};

struct evict {
    struct run *run;
};

static int32_t evict_bind(void *config, struct gyre_bind *bind)
{
    struct evict_config *c = config;
    return pair_bind(&c->pair, bind, "where", c->where, 0);
}

static int32_t evict_open(void *self, struct gyre_ctx *ctx)
{
    struct evict *e = self;
    const struct evict_config *c = ctx->config;
    e->run = clause_open(&c->pair.clause, ctx);
    return e->run != NULL ? GYRE_OK : GYRE_ENOMEM;
}

static void evict_close(void *self, struct gyre_ctx *ctx)
{
    struct evict *e = self;
    (void)ctx;
    run_free(e->run);
}

static int32_t evict_rows(struct gyre_ctx *ctx, const struct gyre_batch *const *kept,
                          uint32_t n_batches, const struct gyre_batch *in, uint32_t row,
                          uint64_t *drop)
{
    const struct evict_config *c = ctx->config;
    struct run *run = ((struct evict *)ctx->self)->run;
    for (uint32_t i = 0; i < n_batches; i++)
        for (uint32_t r = 0; r < kept[i]->rows; r++) {
            uint8_t goes = 0;
            int32_t code = pair_run(&c->pair, run, kept[i], r, in, row, &goes);
            if (code != 0 || !goes)
                return code;
            ++*drop;
        }
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct evict_config, where, STRING, NULL, GYRE_REQUIRED,
             "the condition of an old row that goes: \"new.level - old.level > 10\""),
};

static const struct gyre_eviction_function evict_function = {(uint32_t)sizeof evict_function, 0,
                                                             evict_rows};

const struct gyre_function gyre_fn_evict = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_EVICTION,
    .name = "evict",
    .doc = "Drops the oldest rows of a window while a condition of each is true.",
    .config_size = sizeof(struct evict_config),
    .instance_size = sizeof(struct evict),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .bind = evict_bind,
    .open = evict_open,
    .close = evict_close,
    .impl = &evict_function,
};
