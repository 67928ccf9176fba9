/* plugins/learn/centres.c: k-means, the head of a loop with rounds: where the centres of clusters are.
 *
 *     points ── starts ──> centres ─────────────> cluster, x, y, points
 *        │                  ^   └─ moved ─┐
 *        │                  └── moves ──┐ v
 *        └───────────────────────────> assign ──> id, cluster
 *
 * A cluster keeps the sums over its points. A round brings what has changed of them; when it ends, and nothing
 * more can come, the cluster that something came for has a new centre, and all shards of the points are
 * told. When no point has moved nothing comes back, and the loop is over. A cluster without points stays
 * where it was. */
#include "centres.h"
#include "messages.h"

enum { OUT, MOVED };

#define CLUSTER(F, N) F(bool, known) F(i64, sum_x) F(i64, sum_y) F(i64, points) F(f64, x) F(f64, y)
GYRE_STATE_RECORD(cluster, 1, CLUSTER)

#define RESULT(F, N) F(i64, cluster) F(f64, x) F(f64, y) F(i64, points)
GYRE_RECORD(result, RESULT)

static void take(const struct move *move, struct cluster *cluster)
{
    if (move->points_null) {
        cluster->x = (double)move->x / STEPS_PER_UNIT;
        cluster->y = (double)move->y / STEPS_PER_UNIT;
        return;
    }
    cluster->sum_x = sum_around(cluster->sum_x, move->x);
    cluster->sum_y = sum_around(cluster->sum_y, move->y);
    cluster->points = sum_around(cluster->points, move->points);
}

static int32_t centres_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    void *clusters[GYRE_BATCH_ROWS];
    struct move_in columns = move_columns(in);
    int32_t code = gyre_state_slots(ctx, 0, in, clusters);
    (void)self;
    GYRE_ROWS(in, row)
    {
        struct move move = move_load(&columns, row);
        struct cluster *cluster = code == GYRE_OK ? clusters[row] : NULL;
        if (code != GYRE_OK)
            return code;
        take(&move, cluster);
        code = gyre_timer_set(ctx, in, row, GYRE_CLOCK_ROUND, 0, 0);
        if (code == GYRE_OK && !cluster->known)
            code = gyre_timer_set(ctx, in, row, GYRE_CLOCK_EVENT, INT64_MAX, 0);
        cluster->known = 1;
    }
    return code;
}

static void tell(struct gyre_ctx *ctx, int64_t id, struct cluster *cluster)
{
    struct gyre_emit emit = {.out = ctx->outputs[MOVED], .time = GYRE_NO_TIME};
    if (cluster->points > 0) {
        cluster->x = (double)cluster->sum_x / (double)cluster->points / STEPS_PER_UNIT;
        cluster->y = (double)cluster->sum_y / (double)cluster->points / STEPS_PER_UNIT;
    }
    for (int64_t shard = 0; shard < SHARDS; shard++)
        centre_emit(&emit, &(struct centre){shard, id, cluster->x, cluster->y});
}

static void put(struct gyre_ctx *ctx, int64_t id, const struct cluster *cluster)
{
    struct gyre_emit emit = {.out = ctx->outputs[OUT], .time = INT64_MAX};
    result_emit(&emit, &(struct result){id, cluster->x, cluster->y, cluster->points});
}

static int32_t centres_on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    void *clusters[GYRE_BATCH_ROWS];
    const int64_t *ids = GYRE_COLUMN(due->keys, 0, int64_t);
    int32_t code = gyre_state_slots(ctx, 0, due->keys, clusters);
    (void)self;
    GYRE_ROWS(due->keys, i)
    {
        if (code != GYRE_OK)
            break;
        if (due->clock == GYRE_CLOCK_ROUND)
            tell(ctx, ids[i], clusters[i]);
        else
            put(ctx, ids[i], clusters[i]);
    }
    return code;
}

static int32_t centres_bind(void *config, struct gyre_bind *bind)
{
    (void)config;
    return need_key(bind, "cluster");
}

static const struct gyre_port input =
    GYRE_PORT("in", 0, move_fields, move_n_fields, "where clusters begin, and what points move");
static const struct gyre_port outputs[] = {
    [OUT] = GYRE_PORT("out", 0, result_fields, result_n_fields,
                      "when the loop has ended each cluster: its centre, and how many points"),
    [MOVED] = GYRE_PORT("moved", 0, centre_fields, centre_n_fields,
                        "centres that have moved, for learn.assign"),
};
static const struct gyre_state states[] = {
    GYRE_STATE("cluster", VALUE, &cluster_type, "the sums over its points, and its centre"),
};

const struct gyre_operator gyre_op_centres = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "centres",
    .doc =
        "Finds the centres of clusters, round by round: the head of the loop, keyed by `cluster`.",
    .flags = GYRE_MASK_AWARE | GYRE_NEEDS_KEY,
    .inputs = &input,
    .n_inputs = 1,
    .outputs = outputs,
    .n_outputs = 2,
    .states = states,
    .n_states = 1,
    .needs = GYRE_FEATURE_STATE | GYRE_FEATURE_TIMERS | GYRE_FEATURE_ROUNDS,
    .bind = centres_bind,
    .process = centres_process,
    .on_timer = centres_on_timer,
};
