/* plugins/lua/trigger.c: lua.trigger, which puts a window out with each row of which a condition is true:
 * window = { fn = "lua.trigger"; where = "status == 'end'"; }. */
#include "trigger.h"
#include "clause.h"

struct trigger_config {
    const char *where;
    struct clause clause;
};

struct trigger {
    struct run *run;
    uint8_t fires[GYRE_BATCH_ROWS];
};

static int32_t trigger_bind(void *config, struct gyre_bind *bind)
{
    struct trigger_config *c = config;
    return clause_bind(&c->clause, bind, "where", c->where, bind->inputs[0], 0);
}

static int32_t trigger_open(void *self, struct gyre_ctx *ctx)
{
    struct trigger *t = self;
    const struct trigger_config *c = ctx->config;
    t->run = clause_open(&c->clause, ctx);
    return t->run != NULL ? GYRE_OK : GYRE_ENOMEM;
}

static void trigger_close(void *self, struct gyre_ctx *ctx)
{
    struct trigger *t = self;
    (void)ctx;
    run_free(t->run);
}

static int32_t trigger_row(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                           void *state, int64_t *wake_us)
{
    const struct trigger_config *c = ctx->config;
    struct trigger *t = ctx->self;
    int32_t which = (int32_t)row;
    (void)state, (void)wake_us;
    clause_columns(&c->clause, t->run, in);
    t->run->is_dense = 0;
    t->run->rows = 1;
    t->run->selection = &which;
    t->run->out = t->fires;
    int32_t code = run_rows(t->run);
    if (code != 0)
        return code;
    if (t->run->n_bad != 0) {
        char text[GYRE_ERROR_TEXT];
        run_bad(t->run, 0, text, sizeof text);
        return gyre_fail(ctx, GYRE_EFAIL, "%s", text);
    }
    return t->fires[row] != 0;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct trigger_config, where, STRING, NULL, GYRE_REQUIRED,
             "the condition of a row: \"status == 'end'\""),
};

static const struct gyre_trigger_function trigger_function = {(uint32_t)sizeof trigger_function, 0,
                                                              NULL, trigger_row, NULL};

const struct gyre_function gyre_fn_trigger = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_TRIGGER,
    .name = "trigger",
    .doc = "Puts a window out with each row of which a condition is true.",
    .config_size = sizeof(struct trigger_config),
    .instance_size = sizeof(struct trigger),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .bind = trigger_bind,
    .open = trigger_open,
    .close = trigger_close,
    .impl = &trigger_function,
};
