/* plugins/learn/points.c: points as learn.assign takes them, and those of the ids 0 ... clusters - 1 as the places
 * where the clusters begin. */
#include "points.h"
#include "messages.h"

#include <math.h>

enum { OUT, STARTS };

struct points_config {
    int64_t clusters;
};

#define PLACE(F, N) F(i64, id) F(f64, x) F(f64, y)
GYRE_RECORD(place, PLACE)

static int is_far(double x)
{
    return !(fabs(x) <= COORDINATE_MOST); /* true for NaN */
}

static int64_t steps_of(double x)
{
    return (int64_t)llround(x * STEPS_PER_UNIT);
}

static int32_t points_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const struct points_config *c = ctx->config;
    struct place_in columns = place_columns(in);
    (void)self;
    GYRE_ROWS(in, row)
    {
        struct gyre_emit emit = {.out = ctx->outputs[OUT], .time = gyre_row_time(in, row)};
        struct place p = place_load(&columns, row);
        if (is_far(p.x) || is_far(p.y)) {
            gyre_bad_row(ctx, in, row, "a point of (%g, %g): coordinates are %s", p.x, p.y,
                         COORDINATE_LIMITS);
            continue;
        }
        struct point point = {shard_of(p.id), p.id, steps_of(p.x), steps_of(p.y)};
        point_emit(&emit, &point);
        emit.out = ctx->outputs[STARTS];
        if (p.id >= 0 && p.id < c->clusters)
            move_emit(&emit, &(struct move){
                                 .cluster = p.id, .x = point.x, .y = point.y, .points_null = 1});
    }
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT_RANGE(struct points_config, clusters, INT, NULL, 1, 65536, NULL,
                   "how many clusters; they begin at the points of the ids 0, 1, ..."),
};
static const struct gyre_port input = GYRE_PORT("in", 0, place_fields, place_n_fields, "points");
static const struct gyre_port outputs[] = {
    [OUT] = GYRE_PORT("out", 0, point_fields, point_n_fields, "points, for learn.assign"),
    [STARTS] = GYRE_PORT("starts", 0, move_fields, move_n_fields,
                         "where clusters begin, for learn.centres"),
};

const struct gyre_operator gyre_op_points = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "points",
    .doc = "Puts out points, and where clusters begin, for the loop of learn.centres.",
    .flags = GYRE_MASK_AWARE,
    .config_size = sizeof(struct points_config),
    .options = options,
    .n_options = 1,
    .inputs = &input,
    .n_inputs = 1,
    .outputs = outputs,
    .n_outputs = 2,
    .process = points_process,
};
