/* plugins/graph/spread.c: PageRank's first half, the head of a loop with rounds.
 *
 *     arcs ──> spread ──────────────────> ranks ──> node, value
 *               ^  └─> counts ──> share ──> ┘ │
 *               └────────── again ────────────┘
 *
 * Round 0 brings the arcs. In each later one every node is told its rank, and sends `damping` of it along its
 * arcs, the same part along each. What is left, which is all where there is no arc, goes into the counts:
 * `share` sends it to all nodes alike. So no rank is lost, rounding included. */
#include "spread.h"
#include "messages.h"

enum { PARTS, COUNTS };

struct spread_config {
    double damping;
};

#define HELD(F, N) F(bool, known) F(i64, rank)
GYRE_STATE_RECORD(held, 1, HELD)

#define TARGET(F, N) F(i64, node)
GYRE_STATE_RECORD(target, 1, TARGET)

static void put_part(struct gyre_emit *emit, int64_t node, int64_t rank)
{
    part_emit(emit, &(struct part){.shard = shard_of(node), .node = node, .rank = rank});
}

/* Sends a rank on; what is left of it. */
static int64_t send(struct gyre_ctx *ctx, int64_t rank, struct gyre_list *targets,
                    struct gyre_emit *emit)
{
    const struct spread_config *c = ctx->config;
    uint64_t n = gyre_list_count(ctx, targets);
    int64_t part = n > 0 ? (int64_t)(c->damping * (double)rank / (double)n) : 0;
    for (uint64_t i = 0; i < n; i++)
        put_part(emit, ((struct target *)gyre_list_at(ctx, targets, i))->node, part);
    return rank - part * (int64_t)n;
}

static int32_t take(struct gyre_ctx *ctx, const struct arc *arc, struct held *node,
                    struct gyre_list *targets, struct count *count, struct gyre_emit *emit)
{
    if (!node->known) {
        node->known = 1;
        count->nodes++;
        put_part(emit, arc->node, 0); /* ranks knows it now */
    }
    if (!arc->to_null) {
        struct target *target = gyre_list_add(ctx, targets);
        if (target == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM, "no memory for the arcs of a node");
        target->node = arc->to;
    }
    if (arc->rank_null)
        return GYRE_OK;
    uint64_t moved = arc->rank > node->rank ? (uint64_t)arc->rank - (uint64_t)node->rank
                                            : (uint64_t)node->rank - (uint64_t)arc->rank;
    count->moved = (int64_t)((uint64_t)count->moved + moved);
    int64_t left = send(ctx, arc->rank, targets, emit);
    count->left = (int64_t)((uint64_t)count->left + (uint64_t)left);
    node->rank = arc->rank;
    return GYRE_OK;
}

static int32_t spread_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    void *nodes[GYRE_BATCH_ROWS], *targets[GYRE_BATCH_ROWS];
    struct arc_in columns = arc_columns(in);
    struct gyre_emit emit = {.out = ctx->outputs[PARTS], .time = GYRE_NO_TIME};
    struct count count = {0};
    int32_t code = gyre_state_slots(ctx, 0, in, nodes);
    (void)self;
    if (code == GYRE_OK)
        code = gyre_state_slots(ctx, 1, in, targets);
    GYRE_ROWS(in, row)
    {
        struct arc arc = arc_load(&columns, row);
        emit.time = gyre_row_time(in, row);
        if (code == GYRE_OK)
            code = take(ctx, &arc, nodes[row], targets[row], &count, &emit);
    }
    emit.out = ctx->outputs[COUNTS];
    if (count.nodes != 0 || count.left != 0 || count.moved != 0)
        count_emit(&emit, &count);
    return code;
}

static int32_t spread_bind(void *config, struct gyre_bind *bind)
{
    (void)config;
    return need_key(bind, "node");
}

static const struct gyre_option options[] = {
    GYRE_OPT_RANGE(struct spread_config, damping, FLOAT, "0.85", 0, 1, NULL,
                   "the part of a rank that goes along the arcs"),
};
static const struct gyre_port input =
    GYRE_PORT("in", 0, arc_fields, arc_n_fields, "nodes, arcs, and ranks");
static const struct gyre_port outputs[] = {
    [PARTS] = GYRE_PORT("out", 0, part_fields, part_n_fields, "parts of ranks, for graph.ranks"),
    [COUNTS] = GYRE_PORT("counts", 0, count_fields, count_n_fields, "for graph.share"),
};
static const struct gyre_state states[] = {
    GYRE_STATE("rank", VALUE, &held_type, "the rank that it was told last"),
    GYRE_STATE("arcs", LIST, &target_type, "where its arcs lead"),
};

const struct gyre_operator gyre_op_spread = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "spread",
    .doc = "Sends ranks along the arcs: the head of PageRank's loop, keyed by `node`.",
    .flags = GYRE_MASK_AWARE | GYRE_NEEDS_KEY,
    .config_size = sizeof(struct spread_config),
    .options = options,
    .n_options = 1,
    .inputs = &input,
    .n_inputs = 1,
    .outputs = outputs,
    .n_outputs = 2,
    .states = states,
    .n_states = 2,
    .needs = GYRE_FEATURE_STATE,
    .bind = spread_bind,
    .process = spread_process,
};
