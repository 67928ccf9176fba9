/* plugins/graph/start.c: one row, that the way to a node has the length 0. Its one split is there whole or not at
 * all, so it has no position. */
#include "start.h"
#include "messages.h"

struct start_config {
    int64_t node;
};

static int32_t start_discover(const void *config, struct gyre_splits *splits)
{
    (void)config;
    return splits->add(splits, "", 0);
}

static int32_t start_add_split(void *self, struct gyre_ctx *ctx, uint32_t split, const void *bytes,
                               size_t n, struct gyre_reader *position)
{
    (void)self, (void)ctx, (void)split, (void)bytes, (void)n, (void)position;
    return GYRE_OK;
}

static int32_t start_save_split(void *self, struct gyre_ctx *ctx, uint32_t split,
                                struct gyre_writer *writer)
{
    (void)self, (void)ctx, (void)split, (void)writer;
    return GYRE_OK;
}

static int32_t start_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    const struct start_config *c = ctx->config;
    struct gyre_emit emit = {.out = ctx->outputs[0], .time = GYRE_NO_TIME};
    (void)self;
    road_emit(&emit, &(struct road){.node = c->node, .to_null = 1});
    poll->status = GYRE_POLL_SPLIT;
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct start_config, node, INT, "0", 0, "the node"),
};
static const struct gyre_port output = GYRE_PORT("out", 0, road_fields, road_n_fields, "the start");

const struct gyre_operator gyre_op_start = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "start",
    .doc = "Tells graph.distances where ways start.",
    .config_size = sizeof(struct start_config),
    .options = options,
    .n_options = 1,
    .outputs = &output,
    .n_outputs = 1,
    .discover = start_discover,
    .add_split = start_add_split,
    .poll = start_poll,
    .save_split = start_save_split,
};
