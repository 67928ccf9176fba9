/* plugins/std/limit.c: the first n rows pass, of the stream or of each key; before them `skip` rows are
 * dropped. Without a key it is one task that counts. */
#include "limit.h"

struct limit_config {
    int64_t n;
    int64_t skip;
    /* made by bind */
    int32_t keyed;
};

struct limit {
    int64_t rows; /* that have come, up to where no more pass; without a key */
};

static const struct gyre_member members[] = {{"rows", GYRE_TYPE_i64, 0}};
static const struct gyre_state_type rows_type = {
    .size = sizeof(struct gyre_state_type),
    .version = 1,
    .name = "rows",
    .value_size = sizeof(int64_t),
    .value_align = _Alignof(int64_t),
    .members = members,
    .n_members = 1,
};
static const struct gyre_state rows_state =
    GYRE_STATE("rows", VALUE, &rows_type, "how many rows have come");

static int32_t limit_bind(void *config, struct gyre_bind *bind)
{
    struct limit_config *c = config;
    c->keyed = bind->n_keys != 0;
    int32_t code = c->keyed ? bind->add_state(bind, &rows_state)
                            : bind->single(bind, "it counts the rows of all");
    return code < 0 ? code : bind->pass_all(bind, 0);
}

/* Counts a row; whether it passes. */
static inline uint8_t count(const struct limit_config *c, int64_t *rows)
{
    if (*rows < c->skip) {
        ++*rows;
        return 0;
    }
    if (*rows - c->skip >= c->n)
        return 0;
    ++*rows;
    return 1;
}

static int32_t limit_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct limit *l = self;
    const struct limit_config *c = ctx->config;
    uint8_t *keep = ctx->outputs[0]->keep;
    void *slots[GYRE_BATCH_ROWS];
    int32_t code = c->keyed ? gyre_state_slots(ctx, 0, in, slots) : GYRE_OK;
    for (uint32_t row = 0; code == GYRE_OK && row < in->rows; row++)
        keep[row] = count(c, c->keyed ? slots[row] : &l->rows);
    return code;
}

static int32_t limit_save(void *self, struct gyre_ctx *ctx, struct gyre_writer *writer,
                          void (*next_item)(struct gyre_writer *writer))
{
    const struct limit *l = self;
    const struct limit_config *c = ctx->config;
    if (c->keyed)
        return GYRE_OK;
    gyre_write_i64(writer, l->rows);
    next_item(writer);
    return writer->error;
}

static int32_t limit_restore(void *self, struct gyre_ctx *ctx, uint32_t version,
                             struct gyre_reader *reader)
{
    struct limit *l = self;
    (void)ctx, (void)version;
    int64_t rows = gyre_read_i64(reader);
    if (rows < 0)
        return gyre_fail(ctx, GYRE_ECORRUPT, "a count of rows below 0");
    l->rows = rows;
    return reader->error;
}

static const struct gyre_option options[] = {
    {.size = sizeof(struct gyre_option),
     .type = GYRE_OPTION_INT,
     .name = "n",
     .doc = "how many rows pass",
     .unit = "rows",
     .min = 0,
     .max = INT64_MAX,
     .flags = GYRE_REQUIRED,
     .offset = offsetof(struct limit_config, n)},
    GYRE_OPT_RANGE(struct limit_config, skip, INT, "0", 0, INT64_MAX, "rows",
                   "how many are dropped before them"),
};
static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "any rows");
static const struct gyre_port output =
    GYRE_PORT("out", GYRE_PORT_ALIGNED | GYRE_PORT_FILTERS, NULL, 0, "the first of them");

const struct gyre_operator gyre_op_limit = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "limit",
    .doc = "Passes the first rows, of the stream or of each key.",
    .config_size = sizeof(struct limit_config),
    .instance_size = sizeof(struct limit),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .items = GYRE_ITEMS_SPLIT,
    .items_version = 1,
    .needs = GYRE_FEATURE_STATE | GYRE_FEATURE_ITEMS,
    .bind = limit_bind,
    .process = limit_process,
    .save_items = limit_save,
    .restore_item = limit_restore,
};
