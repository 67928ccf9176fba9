/* plugins/graph/components.c: connected components by labels that spread, a loop without rounds.
 *
 * A node's label is the least node that it knows itself to be connected with, at first its own. It tells its
 * neighbours when it gets a smaller one; so the loop runs dry when neighbours have one label, the least node
 * of their component. Messages come in any order: a label that comes late is no news.
 *
 * Alone that would be n * n / 2 messages along a path 0 - 1 - 2 - ... So a node asks the node that its new label
 * is, whether that has the label itself. If not, the answer is a smaller one, and so on: twice as far
 * each time, for all nodes ask at once. Only what is confirmed is told to neighbours.
 *
 *     label == node      the question: it is answered with its own label
 *     label == from      confirmed: it is of the node that it is
 *
 * The event timer at the end of time goes off when the loop has run dry after the end of input. */
#include "components.h"
#include "messages.h"

enum { OUT, AGAIN };

/* `told`: the label that neighbours know of, or are being told. */
#define STANDING(F, N) F(bool, known) F(bool, asks) F(bool, tells) F(i64, label) F(i64, told)
GYRE_STATE_RECORD(standing, 1, STANDING)

#define NEIGHBOUR(F, N) F(i64, node)
GYRE_STATE_RECORD(neighbour, 1, NEIGHBOUR)

static void tell(struct gyre_emit *emit, int64_t node, int64_t from, int64_t label)
{
    if (node != from)
        news_emit(emit, &(struct news){.node = node, .from = from, .label = label});
}

static int32_t meet(struct gyre_ctx *ctx, const struct news *news, struct standing *node,
                    struct gyre_list *neighbours, struct gyre_emit *emit)
{
    struct neighbour *neighbour;
    if (news->from == news->node)
        return GYRE_OK;
    neighbour = gyre_list_add(ctx, neighbours);
    if (neighbour == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for the neighbours of a node");
    neighbour->node = news->from;
    if (node->told < news->from) /* whose label is no greater than itself */
        tell(emit, news->from, news->node, node->told);
    return GYRE_OK;
}

/* What follows waits until all rows of the batch have been heard: of several labels, the least counts. */
static void hear(const struct news *news, struct standing *node, struct gyre_emit *emit)
{
    if (news->label == news->node)
        tell(emit, news->from, news->node, node->label);
    if (news->label > node->label)
        return;
    if (news->label < node->label) {
        node->label = news->label;
        node->asks = 1;
    }
    if (news->label == news->from && node->label != node->told) {
        node->asks = 0;
        node->tells = 1;
    }
}

static void tell_all(struct gyre_ctx *ctx, int64_t id, struct standing *node,
                     struct gyre_list *neighbours, struct gyre_emit *emit)
{
    uint64_t n = gyre_list_count(ctx, neighbours);
    node->told = node->label;
    for (uint64_t i = 0; i < n; i++) {
        const struct neighbour *neighbour = gyre_list_at(ctx, neighbours, i);
        if (neighbour->node > node->label) /* it is no node of a smaller label */
            tell(emit, neighbour->node, id, node->label);
    }
}

/* Once for each key of the batch. */
static void act(struct gyre_ctx *ctx, int64_t id, struct standing *node,
                struct gyre_list *neighbours, struct gyre_emit *emit)
{
    if (node->asks)
        tell(emit, node->label, id, node->label);
    else if (node->tells)
        tell_all(ctx, id, node, neighbours, emit);
    node->asks = node->tells = 0;
}

static int32_t components_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    void *nodes[GYRE_BATCH_ROWS], *neighbours[GYRE_BATCH_ROWS];
    struct news_in columns = news_columns(in);
    struct gyre_emit emit = {.out = ctx->outputs[AGAIN]};
    int32_t code = gyre_state_slots(ctx, 0, in, nodes);
    (void)self;
    if (code == GYRE_OK)
        code = gyre_state_slots(ctx, 1, in, neighbours);
    GYRE_ROWS(in, row)
    {
        struct news news = news_load(&columns, row);
        struct standing *node = code == GYRE_OK ? nodes[row] : NULL;
        if (code != GYRE_OK)
            return code;
        emit.time = gyre_row_time(in, row);
        if (!node->known) {
            *node = (struct standing){.known = 1, .label = news.node, .told = news.node};
            code = gyre_timer_set(ctx, in, row, GYRE_CLOCK_EVENT, INT64_MAX, 0);
        }
        if (!news.label_null)
            hear(&news, node, &emit);
        else if (code == GYRE_OK)
            code = meet(ctx, &news, node, neighbours[row], &emit);
    }
    GYRE_ROWS(in, row)
    {
        emit.time = gyre_row_time(in, row);
        act(ctx, columns.node[row], nodes[row], neighbours[row], &emit);
    }
    return code;
}

static int32_t components_on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    void *nodes[GYRE_BATCH_ROWS];
    const int64_t *ids = GYRE_COLUMN(due->keys, 0, int64_t);
    struct gyre_emit emit = {.out = ctx->outputs[OUT], .time = INT64_MAX};
    int32_t code = gyre_state_slots(ctx, 0, due->keys, nodes);
    (void)self;
    GYRE_ROWS(due->keys, i)
    {
        if (code == GYRE_OK)
            label_emit(&emit, &(struct label){ids[i], ((struct standing *)nodes[i])->label});
    }
    return code;
}

static int32_t components_bind(void *config, struct gyre_bind *bind)
{
    (void)config;
    return need_key(bind, "node");
}

static const struct gyre_port input =
    GYRE_PORT("in", 0, news_fields, news_n_fields, "edges, each for both of its ends, and labels");
static const struct gyre_port outputs[] = {
    [OUT] = GYRE_PORT("out", 0, label_fields, label_n_fields,
                      "at the end of input each node, and the least one of its component"),
    [AGAIN] = GYRE_PORT("again", 0, news_fields, news_n_fields, "labels: the feedback"),
};
static const struct gyre_state states[] = {
    GYRE_STATE("label", VALUE, &standing_type, "the least node that is known to be connected"),
    GYRE_STATE("neighbours", LIST, &neighbour_type, "whom it tells"),
};

const struct gyre_operator gyre_op_components = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "components",
    .doc = "Finds connected components: a loop through `again`, keyed by `node`.",
    .flags = GYRE_MASK_AWARE | GYRE_NEEDS_KEY,
    .inputs = &input,
    .n_inputs = 1,
    .outputs = outputs,
    .n_outputs = 2,
    .states = states,
    .n_states = 2,
    .needs = GYRE_FEATURE_STATE | GYRE_FEATURE_TIMERS,
    .bind = components_bind,
    .process = components_process,
    .on_timer = components_on_timer,
};
