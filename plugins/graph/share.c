/* plugins/graph/share.c: what each node gets of all ranks, at the end of each round; see spread.c.
 *
 * It is one task, and has seen all counts of a round when the round ends for it: on_round_end is called behind
 * all rows of the round. It votes to end the loop when ranks have moved by no more than `tolerance`. */
#include "share.h"
#include "messages.h"

struct share_config {
    double tolerance;
};

struct share {
    struct count count; /* `nodes` of all rounds, the others of this one */
};

static int32_t share_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct share *s = self;
    struct count_in columns = count_columns(in);
    (void)ctx;
    GYRE_ROWS(in, row)
    {
        struct count count = count_load(&columns, row);
        s->count.nodes = sum_around(s->count.nodes, count.nodes);
        s->count.left = sum_around(s->count.left, count.left);
        s->count.moved = sum_around(s->count.moved, count.moved);
    }
    return GYRE_OK;
}

/* In round 0 nobody has a rank: all of it is left, and every node gets the same. */
static int32_t share_on_round_end(void *self, struct gyre_ctx *ctx, const struct gyre_round *round)
{
    struct share *s = self;
    const struct share_config *c = ctx->config;
    struct gyre_emit emit = {.out = ctx->outputs[0], .time = GYRE_NO_TIME};
    int first = round->number == 0;
    int64_t left = first ? RANK_ONE : s->count.left;
    for (int64_t shard = 0; s->count.nodes > 0 && shard < SHARDS; shard++)
        part_emit(&emit,
                  &(struct part){.shard = shard, .node_null = 1, .rank = left / s->count.nodes});
    gyre_vote(ctx, NULL, !first && (double)s->count.moved <= c->tolerance * (double)RANK_ONE);
    s->count.left = s->count.moved = 0;
    return GYRE_OK;
}

static int32_t share_save(void *self, struct gyre_ctx *ctx, struct gyre_writer *writer,
                          void (*next_item)(struct gyre_writer *writer))
{
    const struct share *s = self;
    (void)ctx, (void)next_item;
    gyre_write_i64(writer, s->count.nodes);
    gyre_write_i64(writer, s->count.left);
    gyre_write_i64(writer, s->count.moved);
    return writer->error;
}

static int32_t share_restore(void *self, struct gyre_ctx *ctx, uint32_t version,
                             struct gyre_reader *reader)
{
    struct share *s = self;
    (void)ctx, (void)version;
    s->count.nodes = gyre_read_i64(reader);
    s->count.left = gyre_read_i64(reader);
    s->count.moved = gyre_read_i64(reader);
    return reader->error;
}

static const struct gyre_option options[] = {
    GYRE_OPT_RANGE(struct share_config, tolerance, FLOAT, "0", 0, 2, NULL,
                   "the loop ends when the ranks of all nodes together have moved by no more"),
};
static const struct gyre_port input = GYRE_PORT("in", 0, count_fields, count_n_fields, "counts");
static const struct gyre_port output =
    GYRE_PORT("out", 0, part_fields, part_n_fields, "what each node gets, for graph.ranks");

const struct gyre_operator gyre_op_share = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "share",
    .doc = "Shares out to all nodes what no arc takes of their ranks, each round.",
    .flags = GYRE_MASK_AWARE | GYRE_SINGLE,
    .config_size = sizeof(struct share_config),
    .instance_size = sizeof(struct share),
    .options = options,
    .n_options = 1,
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .items = GYRE_ITEMS_SPLIT,
    .needs = GYRE_FEATURE_ROUNDS | GYRE_FEATURE_ITEMS,
    .process = share_process,
    .on_round_end = share_on_round_end,
    .save_items = share_save,
    .restore_item = share_restore,
    .items_version = 1,
};
