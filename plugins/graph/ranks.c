/* plugins/graph/ranks.c: PageRank's second half: what comes in for a node in a round is its rank; see spread.c.
 *
 * The nodes of a shard are one key. What comes in sets a timer for the end of the round, which is when
 * nothing more can come: then each node of the shard is told its rank, which it has in the next round.
 * The event timer at the end of time goes off when the loop is over. */
#include "messages.h"
#include "ranks.h"

enum { OUT, AGAIN };
enum { SHARD, NODES };

#define SHARE(F, N) F(bool, known) F(i64, each)
GYRE_STATE_RECORD(share, 1, SHARE)

#define SUM(F, N) F(i64, coming) F(i64, rank)
GYRE_STATE_RECORD(sum, 1, SUM)

#define NODE(F, N) F(i64, id)
GYRE_STATE_RECORD(node, 1, NODE)

static int32_t take(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                    const struct part *part, struct share *share, struct gyre_map *nodes)
{
    if (!share->known) {
        share->known = 1;
        int32_t code = gyre_timer_set(ctx, in, row, GYRE_CLOCK_EVENT, INT64_MAX, 0);
        if (code != GYRE_OK)
            return code;
    }
    if (part->node_null) {
        share->each = part->rank;
        return gyre_timer_set(ctx, in, row, GYRE_CLOCK_ROUND, 0, 0);
    }
    struct sum *sum = gyre_map_get(ctx, nodes, &(struct node){part->node}, 1);
    if (sum == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a node");
    sum->coming = sum_around(sum->coming, part->rank);
    return GYRE_OK;
}

static int32_t ranks_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    void *shards[GYRE_BATCH_ROWS], *nodes[GYRE_BATCH_ROWS];
    struct part_in columns = part_columns(in);
    int32_t code = gyre_state_slots(ctx, SHARD, in, shards);
    (void)self;
    if (code == GYRE_OK)
        code = gyre_state_slots(ctx, NODES, in, nodes);
    GYRE_ROWS(in, row)
    {
        struct part part = part_load(&columns, row);
        if (code == GYRE_OK)
            code = take(ctx, in, row, &part, shards[row], nodes[row]);
    }
    return code;
}

static void end_round(struct gyre_ctx *ctx, const struct share *share, struct gyre_map *nodes)
{
    struct gyre_emit emit = {.out = ctx->outputs[AGAIN], .time = GYRE_NO_TIME};
    uint64_t cursor = 0;
    const void *key;
    struct sum *sum;
    while ((sum = gyre_map_next(ctx, nodes, &cursor, &key)) != NULL) {
        *sum = (struct sum){.coming = 0, .rank = sum_around(sum->coming, share->each)};
        arc_emit(
            &emit,
            &(struct arc){.node = ((const struct node *)key)->id, .to_null = 1, .rank = sum->rank});
    }
}

static void end(struct gyre_ctx *ctx, struct gyre_map *nodes)
{
    struct gyre_emit emit = {.out = ctx->outputs[OUT], .time = INT64_MAX};
    uint64_t cursor = 0;
    const void *key;
    const struct sum *sum;
    while ((sum = gyre_map_next(ctx, nodes, &cursor, &key)) != NULL)
        value_emit(&emit, &(struct value){((const struct node *)key)->id,
                                          (double)sum->rank / (double)RANK_ONE});
}

static int32_t ranks_on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    void *shards[GYRE_BATCH_ROWS], *nodes[GYRE_BATCH_ROWS];
    int32_t code = gyre_state_slots(ctx, SHARD, due->keys, shards);
    (void)self;
    if (code == GYRE_OK)
        code = gyre_state_slots(ctx, NODES, due->keys, nodes);
    GYRE_ROWS(due->keys, i)
    {
        if (code != GYRE_OK)
            break;
        if (due->clock == GYRE_CLOCK_ROUND)
            end_round(ctx, shards[i], nodes[i]);
        else
            end(ctx, nodes[i]);
    }
    return code;
}

static int32_t ranks_bind(void *config, struct gyre_bind *bind)
{
    (void)config;
    return need_key(bind, "shard");
}

static const struct gyre_port input =
    GYRE_PORT("in", 0, part_fields, part_n_fields, "parts of ranks, and what each node gets");
static const struct gyre_port outputs[] = {
    [OUT] = GYRE_PORT("out", 0, value_fields, value_n_fields,
                      "when the loop has ended each node and its rank; all ranks are 1"),
    [AGAIN] = GYRE_PORT("again", 0, arc_fields, arc_n_fields, "ranks: the feedback"),
};
static const struct gyre_state states[] = {
    [SHARD] = GYRE_STATE("share", VALUE, &share_type, "what each node gets"),
    [NODES] = GYRE_STATE_MAP_OF("nodes", &node_type, &sum_type, "what has come in, and the rank"),
};

const struct gyre_operator gyre_op_ranks = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "ranks",
    .doc = "Adds up the ranks of nodes, round by round: PageRank's loop, keyed by `shard`.",
    .flags = GYRE_MASK_AWARE | GYRE_NEEDS_KEY,
    .inputs = &input,
    .n_inputs = 1,
    .outputs = outputs,
    .n_outputs = 2,
    .states = states,
    .n_states = 2,
    .needs = GYRE_FEATURE_STATE | GYRE_FEATURE_TIMERS | GYRE_FEATURE_ROUNDS,
    .bind = ranks_bind,
    .process = ranks_process,
    .on_timer = ranks_on_timer,
};
