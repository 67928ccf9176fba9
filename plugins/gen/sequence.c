/* plugins/gen/sequence.c: the integers from `from` to `to`, both included. */
#include "sequence.h"
#include "blocks.h"

struct sequence_config {
    int64_t from;
    int64_t to;
    double rate;
};

struct sequence {
    struct blocks blocks;
    int64_t from;
};

static int32_t sequence_bind(void *config, struct gyre_bind *bind)
{
    const struct sequence_config *c = config;
    if (c->to >= c->from && (uint64_t)c->to - (uint64_t)c->from >= (uint64_t)INT64_MAX)
        return gyre_bind_fail(bind, GYRE_EINVAL, "to", "a sequence has less than 2^63 values");
    return GYRE_OK;
}

static int32_t sequence_open(void *self, struct gyre_ctx *ctx)
{
    struct sequence *s = self;
    const struct sequence_config *c = ctx->config;
    s->from = c->from;
    s->blocks.rows = c->to < c->from ? 0 : (uint64_t)c->to - (uint64_t)c->from + 1;
    s->blocks.rate = c->rate;
    return GYRE_OK;
}

static void sequence_close(void *self, struct gyre_ctx *ctx)
{
    blocks_fini(&((struct sequence *)self)->blocks, ctx);
}

static int32_t sequence_add(void *self, struct gyre_ctx *ctx, uint32_t split, const void *bytes,
                            size_t n, struct gyre_reader *position)
{
    return blocks_add(&((struct sequence *)self)->blocks, ctx, split, bytes, n, position);
}

static int32_t sequence_save(void *self, struct gyre_ctx *ctx, uint32_t split,
                             struct gyre_writer *writer)
{
    return blocks_save(&((struct sequence *)self)->blocks, ctx, split, writer);
}

static void sequence_write(void *self, struct gyre_out *out, uint64_t first, uint32_t n)
{
    int64_t value = (int64_t)((uint64_t)((struct sequence *)self)->from + first);
    int64_t *values = GYRE_OUT(out, 0, int64_t) + out->rows;
    for (uint32_t i = 0; i < n; i++)
        values[i] = value + i;
    for (uint32_t i = 0; out->time != NULL && i < n; i++)
        out->time[out->rows + i] = GYRE_NO_TIME;
}

static int32_t sequence_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    return blocks_poll(&((struct sequence *)self)->blocks, ctx, poll, sequence_write, self);
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct sequence_config, from, INT, "0", 0, "the first value"),
    GYRE_OPT(struct sequence_config, to, INT, NULL, GYRE_REQUIRED,
             "the last value; one less than `from` gives no rows"),
    GYRE_OPT_RANGE(struct sequence_config, rate, FLOAT, "0", 0, 1000000000, "rows/s",
                   "rows per second over all tasks; 0: as fast as it goes"),
};

static const struct gyre_field fields[] = {GYRE_FIELD(i64, "value", 0)};
static const struct gyre_port output = GYRE_PORT("out", 0, fields, 1, "the values");

const struct gyre_operator gyre_op_sequence = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "sequence",
    .doc = "Puts out the integers of a range.",
    .config_size = sizeof(struct sequence_config),
    .instance_size = sizeof(struct sequence),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .outputs = &output,
    .n_outputs = 1,
    .bind = sequence_bind,
    .open = sequence_open,
    .close = sequence_close,
    .discover = blocks_discover,
    .add_split = sequence_add,
    .poll = sequence_poll,
    .save_split = sequence_save,
};
