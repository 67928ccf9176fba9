/* plugins/lua/partition.c: lua.partition, an expression that picks the task of a row: a whole number, of which the
 * rest by the number of tasks counts. */
#include "partition.h"
#include "pick.h"

struct partition_config {
    const char *value;
    struct clause clause;
};

struct partition {
    struct run *run;
    int32_t rows[GYRE_BATCH_ROWS];
    int64_t values[GYRE_BATCH_ROWS];
    uint8_t valid[GYRE_BATCH_ROWS];
};

static int32_t partition_bind(void *config, struct gyre_bind *bind)
{
    struct partition_config *c = config;
    return clause_bind(&c->clause, bind, "value", c->value, bind->inputs[0], GYRE_TYPE_i64);
}

static int32_t partition_open(void *self, struct gyre_ctx *ctx)
{
    struct partition *p = self;
    const struct partition_config *c = ctx->config;
    p->run = clause_open(&c->clause, ctx);
    return p->run != NULL ? GYRE_OK : GYRE_ENOMEM;
}

static void partition_close(void *self, struct gyre_ctx *ctx)
{
    struct partition *p = self;
    (void)ctx;
    run_free(p->run);
}

/* A row that has no task is one that the job is wrong about: it fails. */
static int32_t fail(struct gyre_ctx *ctx, struct run *run)
{
    char text[GYRE_ERROR_TEXT];
    run_bad(run, 0, text, sizeof text);
    return gyre_fail(ctx, GYRE_EFAIL, "%s", text);
}

static int32_t partition_rows(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t n_tasks,
                              uint32_t *tasks_of)
{
    const struct partition_config *c = ctx->config;
    struct partition *p = ctx->self;
    pick_rows(&c->clause, p->run, in, p->rows);
    memset(p->values, 0, sizeof p->values);
    memset(p->valid, 1, sizeof p->valid);
    p->run->out = p->values;
    p->run->out_valid = p->valid;
    int32_t code = run_rows(p->run);
    if (code == 0 && p->run->n_bad != 0)
        code = fail(ctx, p->run);
    for (uint32_t i = 0; code == 0 && i < in->rows; i++) {
        int64_t rest = p->valid[i] != 0 ? p->values[i] % n_tasks : 0;
        tasks_of[i] = (uint32_t)(rest < 0 ? rest + n_tasks : rest);
    }
    return code;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct partition_config, value, STRING, NULL, GYRE_REQUIRED,
             "the expression, a whole number: \"hash(city)\""),
};

static const struct gyre_partition_function partition_function = {
    (uint32_t)sizeof partition_function, 0, partition_rows};

const struct gyre_function gyre_fn_partition = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_PARTITION,
    .name = "partition",
    .doc =
        "The task of what an expression gives, the rest by the number of tasks; of nil the first.",
    .config_size = sizeof(struct partition_config),
    .instance_size = sizeof(struct partition),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .bind = partition_bind,
    .open = partition_open,
    .close = partition_close,
    .impl = &partition_function,
};
