/* plugins/std/join.c: joins two streams by key: the rows of each window of time, or, in a batch job without
 * one, all of them.
 *
 * A row is kept until its last window is over, and has two timers for each of its windows; those of other
 * rows of the key are the same ones:
 *
 *     the end                 the pairs come out
 *     the end and lateness    what has no partner comes out, on the sides of an outer join; what no later
 *                             window has goes. Nothing that comes now can be its partner any more
 *
 * A row that comes in between is put out at once with its partners. Without lateness the two are one.
 * All times are the arithmetic of runtime/op/periods.h, as for aggregates. */
#include "join.h"
#include "pair.h"

#include "../../runtime/op/periods.h"

enum { LEFT, RIGHT };
enum { INNER, LEFT_OUTER, RIGHT_OUTER, FULL };

struct join_config {
    struct pair pair; /* first */
    int32_t type;
    int32_t has_window;
    int32_t start, end; /* columns of the output */
    int64_t lateness_us;
    struct gy_periods periods;
};

static int is_outer(const struct join_config *c, int side)
{
    return c->type == FULL || c->type == (side == LEFT ? LEFT_OUTER : RIGHT_OUTER);
}

static const struct gyre_port inputs[] = {
    [LEFT] = GYRE_PORT("left", 0, NULL, 0, "rows, whose names come first"),
    [RIGHT] = GYRE_PORT("right", 0, NULL, 0, "rows to join them with, by the key"),
};

/* ---- bound ---- */

static int32_t bind_window(struct join_config *c, struct gyre_bind *bind)
{
    const struct gyre_window *w = bind->window;
    c->has_window = w != NULL;
    if (w != NULL) {
        c->periods = gy_periods_make(w->size_us, w->period_us, w->offset_us);
        c->lateness_us = w->lateness_us;
        return GYRE_OK;
    }
    if (bind->mode == GYRE_MODE_STREAM)
        return gyre_bind_fail(bind, GYRE_EINVAL, NULL,
                              "a stream has no end at which to join: it needs `window = { time = "
                              "\"1m\"; }`; without one it joins whole inputs, in mode = \"batch\"");
    /* Its rows have any time, and come out at the end: no watermark may leave before. */
    return bind->set_flags(bind, GYRE_SETS_TIME);
}

static int32_t write_bounds(struct join_config *c, struct gyre_bind *bind)
{
    if (!c->has_window)
        return GYRE_OK;
    c->start = bind->write(bind, 0, GYRE_TYPE_time, "window_start", 0);
    c->end = c->start < 0 ? c->start : bind->write(bind, 0, GYRE_TYPE_time, "window_end", 0);
    return c->end < 0 ? c->end : GYRE_OK;
}

static int32_t join_bind(void *config, struct gyre_bind *bind)
{
    struct join_config *c = config;
    struct side *left = &c->pair.sides[LEFT], *right = &c->pair.sides[RIGHT];
    const int nullable[SIDES] = {is_outer(c, RIGHT), is_outer(c, LEFT)};
    int null_key = 0;
    int32_t code = bind_window(c, bind);
    if (code == GYRE_OK)
        code = pair_bind(&c->pair, bind, inputs);
    for (uint32_t k = 0; code == GYRE_OK && k < right->n_keys; k++)
        null_key |= is_outer(c, RIGHT) && right->keys[k].null_at != 0;
    if (code == GYRE_OK)
        code = side_write_key(left, bind, null_key);
    if (code == GYRE_OK)
        code = write_bounds(c, bind);
    if (code == GYRE_OK)
        code = pair_write(&c->pair, bind, nullable, "right_");
    return code;
}

/* ---- put out ---- */

/* The rows of one key that are joined: numbers from ... to - 1 of each side's. */
struct rows {
    struct gyre_list *list;
    uint64_t from, to;
};

/* A key, as due timers have it, and a window. */
struct place {
    const struct gyre_batch *keys;
    uint32_t row;
    int64_t k;
};

static uint32_t put_start(struct gyre_ctx *ctx, const struct join_config *c, int64_t k,
                          int64_t time_us)
{
    struct gyre_out *out = ctx->outputs[0];
    if (!c->has_window)
        return gyre_out_row(out, time_us);
    int64_t end_us = gy_periods_end_us(&c->periods, k);
    uint32_t to = gyre_out_row(out, end_us - 1);
    GYRE_OUT(out, c->start, int64_t)[to] = gy_periods_start_us(&c->periods, k);
    GYRE_OUT(out, c->end, int64_t)[to] = end_us;
    return to;
}

static void put_pairs(struct gyre_ctx *ctx, const struct place *at, const struct rows rows[SIDES])
{
    const struct join_config *c = ctx->config;
    for (uint64_t i = rows[LEFT].from; i < rows[LEFT].to; i++) {
        const void *left = gyre_list_at(ctx, rows[LEFT].list, i);
        int64_t left_us = *(const int64_t *)left;
        for (uint64_t j = rows[RIGHT].from; j < rows[RIGHT].to; j++) {
            const void *right = gyre_list_at(ctx, rows[RIGHT].list, j);
            int64_t right_us = *(const int64_t *)right;
            uint32_t to = put_start(ctx, c, at->k, left_us > right_us ? left_us : right_us);
            pair_put_kept(ctx, to, at->keys, at->row, left, right);
        }
    }
}

static void put_alone(struct gyre_ctx *ctx, const struct place *at, int side,
                      const struct rows *rows)
{
    const struct join_config *c = ctx->config;
    for (uint64_t i = rows->from; i < rows->to; i++) {
        const void *kept = gyre_list_at(ctx, rows->list, i);
        uint32_t to = put_start(ctx, c, at->k, *(const int64_t *)kept);
        pair_put_kept(ctx, to, at->keys, at->row, side == LEFT ? kept : NULL,
                      side == RIGHT ? kept : NULL);
    }
}

/* What has no partner: all rows of a key that is null, else those of one side alone. */
static void put_unmatched(struct gyre_ctx *ctx, const struct place *at,
                          const struct rows rows[SIDES], int null_key)
{
    const struct join_config *c = ctx->config;
    for (int side = LEFT; side < SIDES; side++)
        if (is_outer(c, side) && (null_key || rows[!side].from == rows[!side].to))
            put_alone(ctx, at, side, &rows[side]);
}

/* ---- windows ---- */

/* How many rows lie before window k, or before its end. */
static uint64_t before_start(struct gyre_ctx *ctx, const struct gy_periods *p,
                             struct gyre_list *list, int64_t k)
{
    if (gy_periods_end(p, k) - p->size_us > INT64_MAX)
        return side_count(ctx, list);
    return side_before(ctx, list, gy_periods_start_us(p, k));
}

static uint64_t before_end(struct gyre_ctx *ctx, const struct gy_periods *p, struct gyre_list *list,
                           int64_t k)
{
    if (gy_periods_end(p, k) > INT64_MAX)
        return side_count(ctx, list);
    return side_before(ctx, list, gy_periods_end_us(p, k));
}

static struct rows rows_of(struct gyre_ctx *ctx, struct gyre_list *list, int64_t k)
{
    const struct join_config *c = ctx->config;
    return (struct rows){list, before_start(ctx, &c->periods, list, k),
                         before_end(ctx, &c->periods, list, k)};
}

/* Drops the rows that no window behind k has. */
static void drop_until(struct gyre_ctx *ctx, struct gyre_list *list, int64_t k)
{
    const struct join_config *c = ctx->config;
    uint64_t n =
        k == INT64_MAX ? side_count(ctx, list) : before_start(ctx, &c->periods, list, k + 1);
    if (n > 0)
        gyre_list_drop(ctx, list, n);
}

static void end_window(struct gyre_ctx *ctx, const struct place *at, int64_t time_us,
                       void *const lists[SIDES])
{
    const struct join_config *c = ctx->config;
    int null_key = side_due_null_key(&c->pair.sides[LEFT], at->keys, at->row);
    int64_t end_us = gy_periods_end_us(&c->periods, at->k);
    struct rows rows[SIDES];
    for (int side = LEFT; side < SIDES; side++)
        rows[side] = rows_of(ctx, lists[side], at->k);
    if (time_us == end_us && !null_key)
        put_pairs(ctx, at, rows);
    if (time_us != gy_time_plus(end_us, c->lateness_us))
        return;
    put_unmatched(ctx, at, rows, null_key);
    for (int side = LEFT; side < SIDES; side++)
        drop_until(ctx, lists[side], at->k);
}

/* At the end of a batch's inputs. */
static void end_all(struct gyre_ctx *ctx, const struct place *at, void *const lists[SIDES])
{
    const struct join_config *c = ctx->config;
    int null_key = side_due_null_key(&c->pair.sides[LEFT], at->keys, at->row);
    struct rows rows[SIDES];
    for (int side = LEFT; side < SIDES; side++)
        rows[side] = (struct rows){lists[side], 0, side_count(ctx, lists[side])};
    if (!null_key)
        put_pairs(ctx, at, rows);
    put_unmatched(ctx, at, rows, null_key);
    for (int side = LEFT; side < SIDES; side++)
        if (rows[side].to > 0)
            gyre_list_drop(ctx, lists[side], rows[side].to);
}

static int32_t join_on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    const struct join_config *c = ctx->config;
    const struct gyre_batch *keys = due->keys;
    void *slots[SIDES][GYRE_BATCH_ROWS];
    (void)self;
    for (int side = LEFT; side < SIDES; side++) {
        int32_t code = gyre_state_find(ctx, c->pair.sides[side].id, keys, slots[side]);
        if (code != GYRE_OK)
            return code;
    }
    for (uint32_t row = 0; row < keys->rows; row++) {
        struct place at = {keys, row, (int64_t)due->tags[row]};
        void *const lists[SIDES] = {slots[LEFT][row], slots[RIGHT][row]};
        if (c->has_window)
            end_window(ctx, &at, keys->time[row], lists);
        else
            end_all(ctx, &at, lists);
    }
    for (int side = LEFT; side < SIDES; side++)
        side_remove_empty(&c->pair.sides[side], ctx, keys, slots[side]);
    return GYRE_OK;
}

/* ---- rows ---- */

/* A row that comes when some of its windows have been put out, and are not too late for it. */
static void put_late_pairs(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                           struct gyre_list *others, int64_t k)
{
    struct rows rows = rows_of(ctx, others, k);
    for (uint64_t i = rows.from; i < rows.to; i++) {
        uint32_t to = put_start(ctx, ctx->config, k, 0);
        pair_put_row(ctx, to, in, row, gyre_list_at(ctx, others, i));
    }
}

/* True where a neighbour of kept row `at` lies in the same windows, and so has its timers. */
static int has_timers(struct gyre_ctx *ctx, struct gyre_list *list, uint64_t at, int64_t first,
                      int64_t last)
{
    const struct join_config *c = ctx->config;
    for (int i = -1; i <= 1; i += 2) {
        if ((i < 0 && at == 0) || (i > 0 && at + 1 == gyre_list_count(ctx, list)))
            continue;
        int64_t time_us = side_time(ctx, list, i < 0 ? at - 1 : at + 1);
        if (gy_periods_first(&c->periods, time_us) == first &&
            gy_periods_last(&c->periods, time_us) == last)
            return 1;
    }
    return 0;
}

static int32_t set_timers(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                          int64_t first, int64_t last, int64_t fired)
{
    const struct join_config *c = ctx->config;
    int32_t code = GYRE_OK;
    for (int64_t k = first; code == GYRE_OK && k <= last; k++) {
        int64_t end_us = gy_periods_end_us(&c->periods, k);
        if (k > fired)
            code = gyre_timer_set(ctx, in, row, GYRE_CLOCK_EVENT, end_us, (uint64_t)k);
        if (code == GYRE_OK && c->lateness_us > 0)
            code = gyre_timer_set(ctx, in, row, GYRE_CLOCK_EVENT,
                                  gy_time_plus(end_us, c->lateness_us), (uint64_t)k);
        if (k == INT64_MAX)
            break;
    }
    return code;
}

static int32_t take_in_windows(struct pair_task *j, struct gyre_ctx *ctx,
                               const struct gyre_batch *in, uint32_t row, struct gyre_list *list,
                               struct gyre_list *others)
{
    const struct join_config *c = ctx->config;
    int64_t time_us = gyre_row_time(in, row), watermark_us = ctx->watermark_us;
    int64_t first = gy_periods_first(&c->periods, time_us);
    int64_t last = gy_periods_last(&c->periods, time_us);
    int64_t fired = gy_periods_due(&c->periods, watermark_us);
    int64_t gone = gy_periods_due(&c->periods, gy_time_minus(watermark_us, c->lateness_us));
    int is_null = side_is_null_key(&c->pair.sides[in->port], in, row);
    int is_late = first <= last && last <= gone;
    uint64_t at;
    if (is_late)
        gyre_late(ctx, in, row);
    /* What lies in a gap between windows is in none, and not late. */
    if (is_late || first > last || (is_null && !is_outer(c, (int)in->port))) {
        j->unkept = 1;
        return GYRE_OK;
    }
    int64_t from = first > gone ? first : gone + 1;
    for (int64_t k = from; k <= last && k <= fired && !is_null; k++)
        put_late_pairs(ctx, in, row, others, k);
    int32_t code = side_keep(&c->pair.sides[in->port], ctx, list, in, row, 1, j->scratch, &at);
    if (code != GYRE_OK || has_timers(ctx, list, at, first, last))
        return code;
    return set_timers(ctx, in, row, from, last, fired);
}

static int32_t take_for_all(struct pair_task *j, struct gyre_ctx *ctx, const struct gyre_batch *in,
                            uint32_t row, struct gyre_list *list)
{
    const struct join_config *c = ctx->config;
    const struct side *side = &c->pair.sides[in->port];
    uint64_t at;
    if (!is_outer(c, (int)in->port) && side_is_null_key(side, in, row)) {
        j->unkept = 1;
        return GYRE_OK;
    }
    int32_t code = side_keep(side, ctx, list, in, row, 0, j->scratch, &at);
    if (code != GYRE_OK || at > 0)
        return code;
    return gyre_timer_set(ctx, in, row, GYRE_CLOCK_EVENT, INT64_MAX, 0);
}

static int32_t join_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct pair_task *j = self;
    const struct join_config *c = ctx->config;
    void *lists[GYRE_BATCH_ROWS], *others[GYRE_BATCH_ROWS];
    j->unkept = 0;
    int32_t code = gyre_state_slots(ctx, c->pair.sides[in->port].id, in, lists);
    if (code == GYRE_OK && c->lateness_us > 0)
        code = gyre_state_find(ctx, c->pair.sides[!in->port].id, in, others);
    for (uint32_t row = 0; code == GYRE_OK && row < in->rows; row++) {
        struct gyre_list *other = c->lateness_us > 0 ? others[row] : NULL;
        code = c->has_window ? take_in_windows(j, ctx, in, row, lists[row], other)
                             : take_for_all(j, ctx, in, row, lists[row]);
    }
    if (code == GYRE_OK && j->unkept)
        side_remove_empty(&c->pair.sides[in->port], ctx, in, lists);
    return code;
}

static const struct gyre_option options[] = {
    GYRE_OPT_CHOICE(struct join_config, type, "inner", "inner|left|right|full",
                    "the sides whose rows without a partner come out too, with nulls"),
};

static const struct gyre_port output =
    GYRE_PORT("out", 0, NULL, 0, "the key, the window, the other fields of left, those of right");

const struct gyre_operator gyre_op_join = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "join",
    .doc = "Joins two streams by key, in windows of time; in batch jobs without one, wholly.",
    .flags = GYRE_NEEDS_KEY | GYRE_READS_TIME | GYRE_TAKES_WINDOW,
    .config_size = sizeof(struct join_config),
    .instance_size = sizeof(struct pair_task),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = inputs,
    .n_inputs = SIDES,
    .outputs = &output,
    .n_outputs = 1,
    .needs = GYRE_FEATURE_STATE | GYRE_FEATURE_TIMERS,
    .bind = join_bind,
    .open = pair_open,
    .close = pair_close,
    .process = join_process,
    .on_timer = join_on_timer,
};
