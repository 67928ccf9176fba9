/* See stub.h. */
#include "kit/stub.h"

#include <gyre/gyre.h>

struct rows_config {
    struct gyre_schema schema;
};

static int32_t rows_bind(void *config, struct gyre_bind *bind)
{
    const struct rows_config *c = config;
    int32_t code = 0;
    for (uint32_t f = 0; code >= 0 && f < c->schema.n_fields; f++) {
        const struct gyre_field *field = gyre_schema_field(&c->schema, f);
        code = bind->write(bind, 0, field->type, field->name, field->flags);
    }
    return code < 0 ? code : 0;
}

static int32_t rows_discover(const void *config, struct gyre_splits *splits)
{
    (void)config, (void)splits;
    return 0;
}

static int32_t rows_add(void *self, struct gyre_ctx *ctx, uint32_t split, const void *bytes,
                        size_t n, struct gyre_reader *position)
{
    (void)self, (void)ctx, (void)split, (void)bytes, (void)n, (void)position;
    return 0;
}

static int32_t rows_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    (void)self, (void)ctx;
    poll->status = GYRE_POLL_IDLE;
    return 0;
}

static int32_t rows_save(void *self, struct gyre_ctx *ctx, uint32_t split,
                         struct gyre_writer *writer)
{
    (void)self, (void)ctx, (void)split, (void)writer;
    return 0;
}

static int32_t take_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    return 0;
}

static int32_t turn_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    return 0;
}

static const struct gyre_option rows_options[] = {
    GYRE_OPT(struct rows_config, schema, SCHEMA, NULL, GYRE_REQUIRED, "the fields"),
};
static const struct gyre_port rows_out = GYRE_PORT("out", 0, NULL, 0, "rows");
static const struct gyre_port take_in = GYRE_PORT("in", GYRE_PORT_ALL, NULL, 0, "any rows");

static const struct gyre_port turn_in = GYRE_PORT("in", GYRE_PORT_ALL, NULL, 0, "any rows");

static const struct gyre_operator gyre_op_turn = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "turn",
    .doc = "Stands for the rest of a loop.",
    .flags = GYRE_MASK_AWARE,
    .config_size = sizeof(struct rows_config),
    .options = rows_options,
    .n_options = 1,
    .inputs = &turn_in,
    .n_inputs = 1,
    .outputs = &rows_out,
    .n_outputs = 1,
    .bind = rows_bind,
    .process = turn_process,
};

static const struct gyre_operator gyre_op_rows = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "rows",
    .doc = "Stands for what brings rows.",
    .flags = GYRE_SETS_TIME,
    .config_size = sizeof(struct rows_config),
    .options = rows_options,
    .n_options = 1,
    .outputs = &rows_out,
    .n_outputs = 1,
    .bind = rows_bind,
    .discover = rows_discover,
    .add_split = rows_add,
    .poll = rows_poll,
    .save_split = rows_save,
};

static const struct gyre_operator gyre_op_take = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SINK,
    .name = "take",
    .doc = "Stands for what takes rows.",
    .flags = GYRE_MASK_AWARE | GYRE_READS_TIME,
    .inputs = &take_in,
    .n_inputs = 1,
    .process = take_process,
};

/* ---- rows, counted ---- */

static int32_t count_add(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                         uint32_t n, void *const *accs)
{
    (void)ctx, (void)in, (void)rows;
    for (uint32_t j = 0; j < n; j++)
        ++*(int64_t *)accs[j];
    return 0;
}

static int32_t count_merge(struct gyre_ctx *ctx, void *into, const void *from)
{
    (void)ctx;
    *(int64_t *)into += *(const int64_t *)from;
    return 0;
}

static int32_t count_result(struct gyre_ctx *ctx, const void *acc, struct gyre_out *out,
                            uint32_t row)
{
    (void)ctx;
    GYRE_OUT(out, 0, int64_t)[row] = *(const int64_t *)acc;
    return 0;
}

static const struct gyre_member count_members[] = {{"count", GYRE_TYPE_i64, 0}};
static const struct gyre_state_type count_type = {.size = sizeof(struct gyre_state_type),
                                                  .version = 1,
                                                  .name = "count",
                                                  .value_size = sizeof(int64_t),
                                                  .value_align = 8,
                                                  .members = count_members,
                                                  .n_members = 1};
static const struct gyre_aggregate count_impl = {.size = sizeof(struct gyre_aggregate),
                                                 .accumulator = &count_type,
                                                 .add = count_add,
                                                 .result = count_result,
                                                 .merge = count_merge};
static const struct gyre_field count_results[] = {GYRE_FIELD(i64, "gyre_kit_rows", 0)};
static const struct gyre_function gyre_fn_count = {.size = sizeof(struct gyre_function),
                                                   .kind = GYRE_FN_AGGREGATE,
                                                   .name = "count",
                                                   .doc = "Counts rows.",
                                                   .results = count_results,
                                                   .n_results = 1,
                                                   .impl = &count_impl};

int gy_stub_add(struct gy_plugins *plugins, struct gyre_error *error)
{
    static const struct gyre_item items[] = {GYRE_OP(rows), GYRE_OP(take), GYRE_OP(turn),
                                             GYRE_FN(count)};
    static const struct gyre_plugin plugin = {sizeof plugin, 4, GY_STUB, "0.1.0", items};
    return gy_plugins_add_own(plugins, &plugin, error);
}
