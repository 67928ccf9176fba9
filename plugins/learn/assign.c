/* plugins/learn/assign.c: k-means, to which cluster each point belongs: that of the nearest centre, of several the
 * first; see centres.c.
 *
 * The points of a shard are one key, and all centres are in the state of each shard. Where one has moved the
 * shard is looked through when the round ends, behind all centres that move in it. */
#include "assign.h"
#include "messages.h"

#include <math.h>
#include <stdlib.h>

enum { POINTS, CENTRES };
enum { OUT, MOVES };
enum { SHARD, ITEMS, PLACES };
enum { NOWHERE = -1 };

#define SHARD_STATE(F, N) F(bool, known)
GYRE_STATE_RECORD(shard, 1, SHARD_STATE)

#define ITEM(F, N) F(i64, id) F(i64, x) F(i64, y) F(i64, cluster)
GYRE_STATE_RECORD(item, 1, ITEM)

#define ID(F, N)    F(i64, cluster)
#define PLACE(F, N) F(f64, x) F(f64, y)
GYRE_STATE_RECORD(id, 1, ID)
GYRE_STATE_RECORD(place, 1, PLACE)

#define ASSIGNED(F, N) F(i64, id) F(i64, cluster)
GYRE_RECORD(assigned, ASSIGNED)

/* A centre, and what the points of the shard at hand change of the sums of its cluster. */
struct near {
    double x, y;
    struct move move;
};

struct assign {
    struct near *centres; /* by their clusters */
    uint64_t n, room;
};

static int32_t take_point(struct gyre_ctx *ctx, const struct point *point, struct gyre_list *items)
{
    struct item *item = gyre_list_add(ctx, items);
    if (item == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a point");
    *item = (struct item){point->id, point->x, point->y, NOWHERE};
    return GYRE_OK;
}

static int32_t take_centre(struct gyre_ctx *ctx, const struct centre *centre,
                           struct gyre_map *places)
{
    struct place *place = gyre_map_get(ctx, places, &(struct id){centre->cluster}, 1);
    if (place == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a centre");
    *place = (struct place){centre->x, centre->y};
    return GYRE_OK;
}

static int32_t know(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                    struct shard *shard)
{
    if (shard->known)
        return GYRE_OK;
    shard->known = 1;
    return gyre_timer_set(ctx, in, row, GYRE_CLOCK_EVENT, INT64_MAX, 0);
}

static int32_t take_centres(struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    void *places[GYRE_BATCH_ROWS];
    struct centre_in columns = centre_columns(in);
    int32_t code = gyre_state_slots(ctx, PLACES, in, places);
    GYRE_ROWS(in, row)
    {
        struct centre centre = centre_load(&columns, row);
        if (code == GYRE_OK)
            code = take_centre(ctx, &centre, places[row]);
        if (code == GYRE_OK)
            code = gyre_timer_set(ctx, in, row, GYRE_CLOCK_ROUND, 0, 0);
    }
    return code;
}

static int32_t assign_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    void *shards[GYRE_BATCH_ROWS], *items[GYRE_BATCH_ROWS];
    (void)self;
    if (in->port == CENTRES)
        return take_centres(ctx, in);
    struct point_in columns = point_columns(in);
    int32_t code = gyre_state_slots(ctx, SHARD, in, shards);
    if (code == GYRE_OK)
        code = gyre_state_slots(ctx, ITEMS, in, items);
    GYRE_ROWS(in, row)
    {
        struct point point = point_load(&columns, row);
        if (code == GYRE_OK)
            code = take_point(ctx, &point, items[row]);
        if (code == GYRE_OK)
            code = know(ctx, in, row, shards[row]);
    }
    return code;
}

static int by_cluster(const void *a, const void *b)
{
    int64_t x = ((const struct near *)a)->move.cluster, y = ((const struct near *)b)->move.cluster;
    return x < y ? -1 : x > y;
}

/* Takes the centres out of the state of a shard. */
static int32_t load_centres(struct assign *a, struct gyre_ctx *ctx, struct gyre_map *places)
{
    uint64_t n = gyre_map_count(ctx, places), cursor = 0;
    const struct place *place;
    const void *key;
    if (n > a->room) {
        struct near *centres = gyre_alloc(ctx, a->centres, n * sizeof *centres);
        if (centres == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM, "no memory for %llu centres", (unsigned long long)n);
        a->centres = centres;
        a->room = n;
    }
    a->n = 0;
    while ((place = gyre_map_next(ctx, places, &cursor, &key)) != NULL)
        a->centres[a->n++] =
            (struct near){place->x, place->y, {.cluster = ((const struct id *)key)->cluster}};
    qsort(a->centres, a->n, sizeof *a->centres, by_cluster);
    return GYRE_OK;
}

static struct near *nearest(const struct assign *a, const struct item *item)
{
    double x = (double)item->x / STEPS_PER_UNIT, y = (double)item->y / STEPS_PER_UNIT;
    double least = INFINITY;
    struct near *found = NULL;
    for (uint64_t i = 0; i < a->n; i++) {
        struct near *c = &a->centres[i];
        double distance = (x - c->x) * (x - c->x) + (y - c->y) * (y - c->y);
        if (distance < least) {
            least = distance;
            found = c;
        }
    }
    return found;
}

static void move(const struct item *item, struct near *centre, int64_t sign)
{
    centre->move.x = sum_around(centre->move.x, product_around(sign, item->x));
    centre->move.y = sum_around(centre->move.y, product_around(sign, item->y));
    centre->move.points = sum_around(centre->move.points, sign);
}

static int32_t look_through(struct assign *a, struct gyre_ctx *ctx, struct gyre_list *items,
                            struct gyre_map *places)
{
    struct gyre_emit emit = {.out = ctx->outputs[MOVES], .time = GYRE_NO_TIME};
    uint64_t n = gyre_list_count(ctx, items);
    int32_t code = n > 0 ? load_centres(a, ctx, places) : GYRE_OK;
    for (uint64_t i = 0; code == GYRE_OK && i < n; i++) {
        struct item *item = gyre_list_at(ctx, items, i);
        struct near *to = nearest(a, item);
        struct near was = {.move = {.cluster = item->cluster}};
        if (to == NULL || to->move.cluster == item->cluster)
            continue;
        struct near *from = bsearch(&was, a->centres, a->n, sizeof *a->centres, by_cluster);
        if (from != NULL)
            move(item, from, -1);
        move(item, to, 1);
        item->cluster = to->move.cluster;
    }
    for (uint64_t i = 0; code == GYRE_OK && n > 0 && i < a->n; i++) {
        const struct move *m = &a->centres[i].move;
        if (m->x != 0 || m->y != 0 || m->points != 0)
            move_emit(&emit, m);
    }
    return code;
}

static void put(struct gyre_ctx *ctx, struct gyre_list *items)
{
    struct gyre_emit emit = {.out = ctx->outputs[OUT], .time = INT64_MAX};
    uint64_t n = gyre_list_count(ctx, items);
    for (uint64_t i = 0; i < n; i++) {
        const struct item *item = gyre_list_at(ctx, items, i);
        assigned_emit(&emit, &(struct assigned){item->id, item->cluster});
    }
}

static int32_t assign_on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    void *items[GYRE_BATCH_ROWS], *places[GYRE_BATCH_ROWS];
    int32_t code = gyre_state_slots(ctx, ITEMS, due->keys, items);
    if (code == GYRE_OK)
        code = gyre_state_slots(ctx, PLACES, due->keys, places);
    GYRE_ROWS(due->keys, i)
    {
        if (code == GYRE_OK && due->clock == GYRE_CLOCK_ROUND)
            code = look_through(self, ctx, items[i], places[i]);
        else if (code == GYRE_OK)
            put(ctx, items[i]);
    }
    return code;
}

static void assign_close(void *self, struct gyre_ctx *ctx)
{
    struct assign *a = self;
    a->centres = gyre_alloc(ctx, a->centres, 0);
}

static int32_t assign_bind(void *config, struct gyre_bind *bind)
{
    (void)config;
    return need_key(bind, "shard");
}

static const struct gyre_port inputs[] = {
    [POINTS] = GYRE_PORT("points", 0, point_fields, point_n_fields, "points"),
    [CENTRES] = GYRE_PORT("centres", 0, centre_fields, centre_n_fields, "centres that have moved"),
};
static const struct gyre_port outputs[] = {
    [OUT] = GYRE_PORT("out", 0, assigned_fields, assigned_n_fields,
                      "when the loop has ended each point and its cluster; -1: there is none"),
    [MOVES] = GYRE_PORT("moves", 0, move_fields, move_n_fields,
                        "what points move, for learn.centres: the feedback"),
};
static const struct gyre_state states[] = {
    [SHARD] = GYRE_STATE("shard", VALUE, &shard_type, "whether it is known"),
    [ITEMS] = GYRE_STATE("points", LIST, &item_type, "points and their clusters"),
    [PLACES] = GYRE_STATE_MAP_OF("centres", &id_type, &place_type, "where centres are"),
};

const struct gyre_operator gyre_op_assign = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "assign",
    .doc = "Gives points to the nearest centre, round by round, keyed by `shard`.",
    .flags = GYRE_MASK_AWARE | GYRE_NEEDS_KEY,
    .instance_size = sizeof(struct assign),
    .inputs = inputs,
    .n_inputs = 2,
    .outputs = outputs,
    .n_outputs = 2,
    .states = states,
    .n_states = 3,
    .needs = GYRE_FEATURE_STATE | GYRE_FEATURE_TIMERS | GYRE_FEATURE_ROUNDS,
    .bind = assign_bind,
    .close = assign_close,
    .process = assign_process,
    .on_timer = assign_on_timer,
};
