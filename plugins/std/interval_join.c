/* plugins/std/interval_join.c: joins rows of two streams with one key that are near in time: a row of left
 * at t with the rows of right in [t - before, t + after].
 *
 * A pair comes out as soon as both rows are there, and its time is that of the later one. A pair behind the
 * watermark is too late, and is not put out; a row that can only be in such pairs is counted as late. So a
 * row is kept while the watermark is not behind the latest row that it reaches. */
#include "interval_join.h"
#include "pair.h"

#include "../../runtime/op/periods.h"

enum { LEFT, RIGHT };

struct within {
    int64_t before;
    int64_t after;
};

struct interval_config {
    struct pair pair; /* first */
    struct gyre_groups within;
    int64_t down_us[SIDES], up_us[SIDES]; /* how far a row of each side reaches */
};

static const struct gyre_port inputs[] = {
    [LEFT] = GYRE_PORT("left", 0, NULL, 0, "rows, whose names come first"),
    [RIGHT] = GYRE_PORT("right", 0, NULL, 0, "rows to join them with, by the key"),
};

static int32_t interval_join_bind(void *config, struct gyre_bind *bind)
{
    struct interval_config *c = config;
    const int nullable[SIDES] = {0};
    const struct within *within = c->within.items;
    if (c->within.n != 1)
        return gyre_bind_fail(bind, GYRE_EINVAL, "within",
                              "one group, { before = ...; after = ...; }");
    c->down_us[LEFT] = c->up_us[RIGHT] = within->before;
    c->up_us[LEFT] = c->down_us[RIGHT] = within->after;
    int32_t code = pair_bind(&c->pair, bind, inputs);
    if (code == GYRE_OK)
        code = side_write_key(&c->pair.sides[LEFT], bind, 0);
    if (code == GYRE_OK)
        code = pair_write(&c->pair, bind, nullable, "right_");
    return code;
}

/* A moment so much later, as near to it as 64 bits go. */
static int64_t later(int64_t time_us, gy_i128 by_us)
{
    gy_i128 v = time_us + by_us;
    return v < INT64_MIN ? INT64_MIN : v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

static void put_pairs(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                      struct gyre_list *others)
{
    const struct interval_config *c = ctx->config;
    int64_t time_us = gyre_row_time(in, row);
    int64_t least_us = later(time_us, -(gy_i128)c->down_us[in->port]);
    int64_t most_us = later(time_us, c->up_us[in->port]);
    if (time_us < ctx->watermark_us && least_us < ctx->watermark_us)
        least_us = ctx->watermark_us;
    uint64_t n = side_count(ctx, others);
    for (uint64_t i = side_before(ctx, others, least_us); i < n; i++) {
        const void *kept = gyre_list_at(ctx, others, i);
        int64_t other_us = *(const int64_t *)kept;
        if (other_us > most_us)
            return;
        uint32_t to = gyre_out_row(ctx->outputs[0], other_us > time_us ? other_us : time_us);
        pair_put_row(ctx, to, in, row, kept);
    }
}

/* When the first row of a list can go, which is the next one to. */
static int64_t gone_us(struct gyre_ctx *ctx, struct gyre_list *list, int side)
{
    const struct interval_config *c = ctx->config;
    return later(side_time(ctx, list, 0), (gy_i128)c->up_us[side] + 1);
}

static int32_t take(struct pair_task *j, struct gyre_ctx *ctx, const struct gyre_batch *in,
                    uint32_t row, struct gyre_list *list, struct gyre_list *others)
{
    const struct interval_config *c = ctx->config;
    const struct side *side = &c->pair.sides[in->port];
    int is_late = later(gyre_row_time(in, row), c->up_us[in->port]) < ctx->watermark_us;
    uint64_t at;
    if (is_late)
        gyre_late(ctx, in, row);
    if (is_late || side_is_null_key(side, in, row)) {
        j->unkept = 1;
        return GYRE_OK;
    }
    put_pairs(ctx, in, row, others);
    int32_t code = side_keep(side, ctx, list, in, row, 1, j->scratch, &at);
    if (code != GYRE_OK || at > 0)
        return code;
    return gyre_timer_set(ctx, in, row, GYRE_CLOCK_EVENT, gone_us(ctx, list, (int)in->port),
                          in->port);
}

static int32_t interval_join_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct pair_task *j = self;
    const struct interval_config *c = ctx->config;
    void *lists[GYRE_BATCH_ROWS], *others[GYRE_BATCH_ROWS];
    j->unkept = 0;
    int32_t code = gyre_state_slots(ctx, c->pair.sides[in->port].id, in, lists);
    if (code == GYRE_OK)
        code = gyre_state_find(ctx, c->pair.sides[!in->port].id, in, others);
    for (uint32_t row = 0; code == GYRE_OK && row < in->rows; row++)
        code = take(j, ctx, in, row, lists[row], others[row]);
    if (code == GYRE_OK && j->unkept)
        side_remove_empty(&c->pair.sides[in->port], ctx, in, lists);
    return code;
}

/* Rows that no pair can have any more go; the first one that stays says when the next ones do. */
static int32_t drop_rows(struct gyre_ctx *ctx, const struct gyre_due *due, uint32_t row,
                         struct gyre_list *list, int side)
{
    const struct interval_config *c = ctx->config;
    uint64_t n = side_before(ctx, list, later(ctx->watermark_us, -(gy_i128)c->up_us[side]));
    if (ctx->watermark_us == INT64_MAX)
        n = side_count(ctx, list);
    if (n > 0)
        gyre_list_drop(ctx, list, n);
    if (side_count(ctx, list) == 0)
        return GYRE_OK;
    return gyre_timer_set(ctx, due->keys, row, GYRE_CLOCK_EVENT, gone_us(ctx, list, side),
                          (uint64_t)side);
}

static int32_t interval_join_on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    const struct interval_config *c = ctx->config;
    void *lists[GYRE_BATCH_ROWS];
    int32_t code = GYRE_OK;
    (void)self;
    for (int side = LEFT; code == GYRE_OK && side < SIDES; side++) {
        code = gyre_state_find(ctx, c->pair.sides[side].id, due->keys, lists);
        for (uint32_t row = 0; code == GYRE_OK && row < due->keys->rows; row++)
            if (due->tags[row] == (uint64_t)side)
                code = drop_rows(ctx, due, row, lists[row], side);
        if (code == GYRE_OK)
            side_remove_empty(&c->pair.sides[side], ctx, due->keys, lists);
    }
    return code;
}

static const struct gyre_option members[] = {
    GYRE_OPT_RANGE(struct within, before, DURATION, "0s", 0, INT64_MAX, NULL,
                   "how much earlier a row of right may be than that of left"),
    GYRE_OPT_RANGE(struct within, after, DURATION, "0s", 0, INT64_MAX, NULL,
                   "how much later it may be"),
};

static const struct gyre_option options[] = {
    GYRE_OPT_GROUPS(struct interval_config, within, members, 2, struct within, GYRE_REQUIRED,
                    "how far apart in time the rows of a pair may be, both bounds included"),
};

static const struct gyre_port output =
    GYRE_PORT("out", 0, NULL, 0, "the key, the other fields of left, those of right");

const struct gyre_operator gyre_op_interval_join = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "interval_join",
    .doc = "Joins two streams by key, rows that are near in time.",
    .flags = GYRE_NEEDS_KEY | GYRE_READS_TIME,
    .config_size = sizeof(struct interval_config),
    .instance_size = sizeof(struct pair_task),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = inputs,
    .n_inputs = SIDES,
    .outputs = &output,
    .n_outputs = 1,
    .needs = GYRE_FEATURE_STATE | GYRE_FEATURE_TIMERS,
    .bind = interval_join_bind,
    .open = pair_open,
    .close = pair_close,
    .process = interval_join_process,
    .on_timer = interval_join_on_timer,
};
