/* plugins/lua/key.c: lua.key, an expression as a key: key = { fn = "lua.key"; value = "lower(city)"; }. */
#include "key.h"
#include "pick.h"

struct key_config {
    const char *value;
    struct clause clause;
};

struct key {
    struct run *run;
    int32_t rows[GYRE_BATCH_ROWS];
};

static int32_t key_bind(void *config, struct gyre_bind *bind)
{
    struct key_config *c = config;
    int32_t code = clause_bind(&c->clause, bind, "value", c->value, bind->inputs[0], CLAUSE_ANY);
    if (code < 0)
        return code;
    uint32_t flags = c->clause.expr.root->nullable ? GYRE_NULLABLE : 0;
    code = bind->write(bind, 0, c->clause.type, "key", flags);
    return code < 0 ? code : GYRE_OK;
}

static int32_t key_open(void *self, struct gyre_ctx *ctx)
{
    struct key *key = self;
    const struct key_config *c = ctx->config;
    key->run = clause_open(&c->clause, ctx);
    return key->run != NULL ? GYRE_OK : GYRE_ENOMEM;
}

static void key_close(void *self, struct gyre_ctx *ctx)
{
    struct key *key = self;
    (void)ctx;
    run_free(key->run);
}

static int32_t key_keys(struct gyre_ctx *ctx, const struct gyre_batch *in, struct gyre_out *out)
{
    const struct key_config *c = ctx->config;
    struct key *key = ctx->self;
    struct run *run = key->run;
    pick_rows(&c->clause, run, in, key->rows);
    run->out = out->data[0];
    run->out_valid = out->valid[0];
    run->to = out;
    int32_t code = run_rows(run);
    if (code == 0)
        clause_report(run, in);
    return code;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct key_config, value, STRING, NULL, GYRE_REQUIRED,
             "the expression: \"lower(city)\""),
};

static const struct gyre_key_function key_function = {(uint32_t)sizeof key_function, 0, key_keys};

const struct gyre_function gyre_fn_key = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_KEY,
    .name = "key",
    .doc = "What an expression gives.",
    .config_size = sizeof(struct key_config),
    .instance_size = sizeof(struct key),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .bind = key_bind,
    .open = key_open,
    .close = key_close,
    .impl = &key_function,
};
