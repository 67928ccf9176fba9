/* plugins/net/write.c: the sink net.write, a line of CSV per row, as file.write writes it.
 *
 * It may wait, so it has a thread of its own. A sink cannot say that it is full: it waits `wait` at most
 * for a peer that takes rows, then drops them. A failure of the job interrupts the wait. A stop does
 * not, for the rows in flight are still to be delivered: so it takes `wait` at most, and a second
 * signal ends the process at once. */
#include "write.h"
#include "../file/csv_write.h"
#include "lines_out.h"

struct write_config {
    struct endpoint_config at;
    int64_t wait;
    const char *delimiter;
    const char *quote;
    const char *time_format;
    /* made by bind */
    uint32_t n_fields;
    uint32_t *types;
};

struct sink {
    const struct write_config *config;
    struct csv_style style;
    struct lines_out lines;
};

static int32_t write_bind(void *config, struct gyre_bind *bind)
{
    struct write_config *c = config;
    c->n_fields = bind->inputs[0]->n_fields;
    c->types = bind->alloc(bind, c->n_fields * sizeof *c->types);
    if (c->types == NULL)
        return gyre_bind_fail(bind, GYRE_ENOMEM, NULL, "no memory");
    for (uint32_t i = 0; i < c->n_fields; i++)
        c->types[i] = gyre_schema_field(bind->inputs[0], i)->type;
    int32_t code = csv_style_bind(CSV_STYLE_OF(c), 1, 0, bind);
    return code == GYRE_OK ? endpoint_bind(&c->at, bind) : code;
}

static int32_t write_open(void *self, struct gyre_ctx *ctx)
{
    struct sink *s = self;
    const char *why;
    s->config = ctx->config;
    csv_style_parse(CSV_STYLE_OF(s->config), 0, &s->style, &why); /* write_bind found it right */
    return lines_open(&s->lines, ctx, &s->config->at, s->config->wait);
}

static void write_close(void *self, struct gyre_ctx *ctx)
{
    lines_close(&((struct sink *)self)->lines, ctx);
}

/* A row at a time: the end of each must be known. */
static int32_t write_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct sink *s = self;
    struct gyre_batch one = *in;
    s->lines.ctx = ctx;
    one.keep = NULL;
    one.kept = 1;
    GYRE_ROWS(in, row)
    {
        one.selection = &row;
        csv_write_rows(&s->lines.output, &s->style, &one, s->config->n_fields, s->config->types);
        lines_end_row(&s->lines);
    }
    return GYRE_OK;
}

static int32_t write_flush(void *self, struct gyre_ctx *ctx)
{
    struct sink *s = self;
    s->lines.ctx = ctx;
    if (s->lines.output.used != 0)
        output_drain(&s->lines.output);
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    ENDPOINT_OPTIONS,
    GYRE_OPT(struct write_config, wait, DURATION, "30s", 0,
             "how long rows wait for a peer that takes them; then they are dropped until one does"),
    CSV_STYLE_OPTIONS(struct write_config),
};

static const struct gyre_port input = GYRE_PORT("in", GYRE_PORT_ALL, NULL, 0, "rows of any fields");

const struct gyre_operator gyre_op_write = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SINK,
    .name = "write",
    .doc = "Writes rows to a TCP connection, a line of CSV per row.",
    .flags = GYRE_MASK_AWARE | GYRE_SINGLE | GYRE_BLOCKING | GYRE_AT_MOST_ONCE,
    .config_size = sizeof(struct write_config),
    .instance_size = sizeof(struct sink),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .bind = write_bind,
    .open = write_open,
    .close = write_close,
    .process = write_process,
    .flush = write_flush,
};
