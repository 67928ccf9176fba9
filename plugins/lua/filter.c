/* plugins/lua/filter.c: lua.filter. The expression writes the mask; no column is moved. */
#include "filter.h"
#include "clause.h"

struct filter_config {
    const char *where;
    struct clause clause;
};

struct filter {
    struct run *run;
};

static int32_t filter_bind(void *config, struct gyre_bind *bind)
{
    struct filter_config *c = config;
    int32_t code = clause_bind(&c->clause, bind, "where", c->where, bind->inputs[0], 0);
    return code < 0 ? code : bind->pass_all(bind, 0);
}

static int32_t filter_open(void *self, struct gyre_ctx *ctx)
{
    struct filter *f = self;
    const struct filter_config *c = ctx->config;
    f->run = clause_open(&c->clause, ctx);
    return f->run != NULL ? GYRE_OK : GYRE_ENOMEM;
}

static void filter_close(void *self, struct gyre_ctx *ctx)
{
    struct filter *f = self;
    (void)ctx;
    run_free(f->run);
    f->run = NULL;
}

static int32_t filter_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const struct filter_config *c = ctx->config;
    struct run *run = ((struct filter *)self)->run;
    uint8_t *keep = ctx->outputs[0]->keep;
    clause_columns(&c->clause, run, in);
    run->out = keep;
    if (!run->is_dense)
        memset(keep, 0, in->rows);
    int32_t code = run_rows(run);
    if (code != 0)
        return code;
    for (uint32_t k = 0; k < run->n_bad; k++)
        keep[run->bad_row[k]] = 0;
    clause_report(run, in);
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct filter_config, where, STRING, NULL, GYRE_REQUIRED,
             "the condition of the rows that are kept, as Lua has it: \"amount > 3 and status == "
             "'paid'\"; one that is nil is false"),
};
static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "rows");
static const struct gyre_port output = GYRE_PORT("out", GYRE_PORT_ALIGNED | GYRE_PORT_FILTERS, NULL,
                                                 0, "the rows of which `where` is true");

const struct gyre_operator gyre_op_filter = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "filter",
    .doc = "Keeps the rows of which an expression is true.",
    .flags = GYRE_MASK_AWARE | GYRE_WANTS_SELECTION,
    .config_size = sizeof(struct filter_config),
    .instance_size = sizeof(struct filter),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .bind = filter_bind,
    .open = filter_open,
    .close = filter_close,
    .process = filter_process,
};
