/* chain_src.rows: the source of the chain benchmark. It puts out `count` rows of chain.h by copying
 * them from columns in memory, in batches of `rows`. */
#include "../chain.h"
#include <gyre/gyre.h>

struct config {
    int64_t count;
    int64_t rows;
};

struct source {
    double *x;
    double *y;
    int64_t *n;
    uint64_t next;
};

static const struct gyre_option options[] = {
    GYRE_OPT_RANGE(struct config, count, INT, "1000000", 0, INT64_MAX, "rows",
                   "how many rows to put out"),
    GYRE_OPT_RANGE(struct config, rows, INT, "1024", 1, GYRE_BATCH_ROWS, "rows",
                   "how many rows a batch has"),
};

static const struct gyre_field fields[] = {GYRE_FIELD(f64, "x", 0), GYRE_FIELD(f64, "y", 0),
                                           GYRE_FIELD(i64, "n", 0)};
static const struct gyre_port outputs[] = {GYRE_PORT("out", 0, fields, 3, "the rows")};

static int32_t source_open(void *self, struct gyre_ctx *ctx)
{
    struct source *s = self;
    s->x = gyre_alloc(ctx, NULL, CHAIN_ROWS * sizeof *s->x);
    s->y = gyre_alloc(ctx, NULL, CHAIN_ROWS * sizeof *s->y);
    s->n = gyre_alloc(ctx, NULL, CHAIN_ROWS * sizeof *s->n);
    if (s->x == NULL || s->y == NULL || s->n == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for %u rows", CHAIN_ROWS);
    for (uint32_t i = 0; i < CHAIN_ROWS; i++) {
        struct chain_row row = chain_row_at(i);
        s->x[i] = row.x;
        s->y[i] = row.y;
        s->n[i] = row.n;
    }
    return GYRE_OK;
}

static void source_close(void *self, struct gyre_ctx *ctx)
{
    struct source *s = self;
    void *columns[] = {s->x, s->y, s->n};
    for (uint32_t k = 0; k < 3; k++)
        if (columns[k] != NULL)
            gyre_alloc(ctx, columns[k], 0);
}

static int32_t source_discover(const void *config, struct gyre_splits *splits)
{
    (void)config;
    return splits->add(splits, "all", 3);
}

static int32_t source_add_split(void *self, struct gyre_ctx *ctx, uint32_t split, const void *bytes,
                                size_t n, struct gyre_reader *position)
{
    struct source *s = self;
    (void)ctx, (void)split, (void)bytes, (void)n;
    s->next = position != NULL ? gyre_read_u64(position) : 0;
    return position != NULL ? position->error : GYRE_OK;
}

static int32_t source_save_split(void *self, struct gyre_ctx *ctx, uint32_t split,
                                 struct gyre_writer *writer)
{
    (void)ctx, (void)split;
    gyre_write_u64(writer, ((struct source *)self)->next);
    return writer->error;
}

/* Copies up to `most` rows to the end of the batch; fewer at the end of the columns in memory. */
static uint32_t copy_rows(struct source *s, struct gyre_out *out, uint32_t most)
{
    uint32_t from = (uint32_t)(s->next % CHAIN_ROWS);
    uint32_t n = most < CHAIN_ROWS - from ? most : CHAIN_ROWS - from;
    memcpy(GYRE_OUT(out, 0, double) + out->rows, s->x + from, n * sizeof *s->x);
    memcpy(GYRE_OUT(out, 1, double) + out->rows, s->y + from, n * sizeof *s->y);
    memcpy(GYRE_OUT(out, 2, int64_t) + out->rows, s->n + from, n * sizeof *s->n);
    for (uint32_t i = 0; out->time != NULL && i < n; i++)
        out->time[out->rows + i] = GYRE_NO_TIME;
    out->rows += n;
    s->next += n;
    return n;
}

static int32_t source_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    struct source *s = self;
    const struct config *c = ctx->config;
    struct gyre_out *out = ctx->outputs[0];
    for (uint32_t done = 0; done < poll->budget;) {
        uint64_t left = (uint64_t)c->count - s->next;
        if (left == 0) {
            poll->status = GYRE_POLL_SPLIT;
            poll->split = 0;
            break;
        }
        /* `full` is called early where a batch is to be small: it sends what is there. */
        if (out->rows == out->capacity || out->rows >= c->rows)
            out->full(out);
        uint32_t room = (uint32_t)c->rows < out->capacity ? (uint32_t)c->rows : out->capacity;
        room -= out->rows;
        done += copy_rows(s, out, left < room ? (uint32_t)left : room);
    }
    return GYRE_OK;
}

static const struct gyre_operator gyre_op_rows = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "rows",
    .doc = "Puts out rows from memory.",
    .flags = GYRE_SINGLE,
    .config_size = sizeof(struct config),
    .instance_size = sizeof(struct source),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .outputs = outputs,
    .n_outputs = 1,
    .open = source_open,
    .close = source_close,
    .discover = source_discover,
    .add_split = source_add_split,
    .poll = source_poll,
    .save_split = source_save_split,
};

GYRE_PLUGIN(chain_src, "0.1.0", GYRE_OP(rows))
