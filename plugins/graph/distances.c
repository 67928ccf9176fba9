/* plugins/graph/distances.c: the shortest ways from where the loop is told to start, a loop without rounds.
 *
 * A node that learns of a shorter way to itself tells where its roads lead how far it is by them. Lengths are no
 * less than 0, so a way that goes round is no shorter, and the loop runs dry. A way's length is summed from
 * its start on: rounding does not depend on the order of messages, and the result is Dijkstra's to the bit.
 *
 * A node that no way leads to is not put out: it has heard nothing, and what no row has come for is no key. */
#include "distances.h"
#include "messages.h"

#include <math.h>

enum { OUT, AGAIN };

#define PLACE(F, N) F(bool, reached) F(bool, changed) F(f64, distance)
GYRE_STATE_RECORD(place, 1, PLACE)

#define LEAD(F, N) F(i64, to) F(f64, distance)
GYRE_STATE_RECORD(lead, 1, LEAD)

static int32_t build(struct gyre_ctx *ctx, const struct road *road, const struct place *node,
                     struct gyre_list *leads, struct gyre_emit *emit)
{
    struct lead *lead = gyre_list_add(ctx, leads);
    if (lead == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for the roads from a node");
    *lead = (struct lead){road->to, road->distance};
    if (node->reached)
        road_emit(emit, &(struct road){.node = road->to,
                                       .to_null = 1,
                                       .distance = node->distance + road->distance});
    return GYRE_OK;
}

static int32_t reach(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                     double distance, struct place *node)
{
    int first = !node->reached;
    if (!(distance < (first ? INFINITY : node->distance)))
        return GYRE_OK;
    *node = (struct place){1, 1, distance};
    return first ? gyre_timer_set(ctx, in, row, GYRE_CLOCK_EVENT, INT64_MAX, 0) : GYRE_OK;
}

static void tell_all(struct gyre_ctx *ctx, struct place *node, struct gyre_list *leads,
                     struct gyre_emit *emit)
{
    uint64_t n = gyre_list_count(ctx, leads);
    node->changed = 0;
    for (uint64_t i = 0; i < n; i++) {
        const struct lead *lead = gyre_list_at(ctx, leads, i);
        road_emit(emit, &(struct road){.node = lead->to,
                                       .to_null = 1,
                                       .distance = node->distance + lead->distance});
    }
}

static int32_t distances_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    void *nodes[GYRE_BATCH_ROWS], *leads[GYRE_BATCH_ROWS];
    struct road_in columns = road_columns(in);
    struct gyre_emit emit = {.out = ctx->outputs[AGAIN]};
    int32_t code = gyre_state_slots(ctx, 0, in, nodes);
    (void)self;
    if (code == GYRE_OK)
        code = gyre_state_slots(ctx, 1, in, leads);
    GYRE_ROWS(in, row)
    {
        struct road road = road_load(&columns, row);
        emit.time = gyre_row_time(in, row);
        if (code != GYRE_OK)
            return code;
        if (road.to_null)
            code = reach(ctx, in, row, road.distance, nodes[row]);
        else if (road.distance >= 0 && road.distance < INFINITY)
            code = build(ctx, &road, nodes[row], leads[row], &emit);
        else
            gyre_bad_row(ctx, in, row, "a road of length %g: no way would be the shortest",
                         road.distance);
    }
    GYRE_ROWS(in, row)
    {
        struct place *node = nodes[row];
        emit.time = gyre_row_time(in, row);
        if (node->changed)
            tell_all(ctx, node, leads[row], &emit);
    }
    return code;
}

static int32_t distances_on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    void *nodes[GYRE_BATCH_ROWS];
    const int64_t *ids = GYRE_COLUMN(due->keys, 0, int64_t);
    struct gyre_emit emit = {.out = ctx->outputs[OUT], .time = INT64_MAX};
    int32_t code = gyre_state_slots(ctx, 0, due->keys, nodes);
    (void)self;
    GYRE_ROWS(due->keys, i)
    {
        if (code == GYRE_OK)
            value_emit(&emit, &(struct value){ids[i], ((struct place *)nodes[i])->distance});
    }
    return code;
}

static int32_t distances_bind(void *config, struct gyre_bind *bind)
{
    (void)config;
    return need_key(bind, "node");
}

static const struct gyre_port input =
    GYRE_PORT("in", 0, road_fields, road_n_fields, "roads, starts, and ways");
static const struct gyre_port outputs[] = {
    [OUT] = GYRE_PORT("out", 0, value_fields, value_n_fields,
                      "at the end of input each node that is reached, and the length of its "
                      "shortest way"),
    [AGAIN] = GYRE_PORT("again", 0, road_fields, road_n_fields, "ways: the feedback"),
};
static const struct gyre_state states[] = {
    GYRE_STATE("distance", VALUE, &place_type, "the length of the shortest way so far"),
    GYRE_STATE("roads", LIST, &lead_type, "where its roads lead"),
};

const struct gyre_operator gyre_op_distances = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "distances",
    .doc = "Finds the shortest ways from its starts: a loop through `again`, keyed by `node`.",
    .flags = GYRE_MASK_AWARE | GYRE_NEEDS_KEY,
    .inputs = &input,
    .n_inputs = 1,
    .outputs = outputs,
    .n_outputs = 2,
    .states = states,
    .n_states = 2,
    .needs = GYRE_FEATURE_STATE | GYRE_FEATURE_TIMERS,
    .bind = distances_bind,
    .process = distances_process,
    .on_timer = distances_on_timer,
};
