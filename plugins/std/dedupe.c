/* plugins/std/dedupe.c: of the rows of a key the first passes, or the first within a time.
 *
 * `within` is of event time, so that a run that is repeated drops the same rows: a row is dropped where one
 * of its key has passed less than `within` before it, or after it where rows come out of order. What is
 * dropped prolongs nothing: of a steady stream one row passes in each `within`. Kept per key are the times of
 * the rows that have passed, in order, of which there are few; a timer removes one when nothing that is not late can be
 * dropped for it. */
#include "dedupe.h"

struct dedupe_config {
    struct gyre_strs fields;
    int64_t within;
};

static const struct gyre_member time_members[] = {{"time", GYRE_TYPE_time, 0}};
static const struct gyre_state_type time_type = {
    .size = sizeof(struct gyre_state_type),
    .version = 1,
    .name = "time",
    .value_size = sizeof(int64_t),
    .value_align = _Alignof(int64_t),
    .members = time_members,
    .n_members = 1,
};
static const struct gyre_member any_members[] = {{"any", GYRE_TYPE_bool, 0}};
static const struct gyre_state_type any_type = {
    .size = sizeof(struct gyre_state_type),
    .version = 1,
    .name = "any",
    .value_size = sizeof(uint8_t),
    .value_align = _Alignof(uint8_t),
    .members = any_members,
    .n_members = 1,
};
static const struct gyre_state passed_ever =
    GYRE_STATE("passed", VALUE, &any_type, "whether a row has passed");
static const struct gyre_state passed_times =
    GYRE_STATE("passed", LIST, &time_type, "the times of the rows that have passed, in order");

static int32_t dedupe_bind(void *config, struct gyre_bind *bind)
{
    const struct dedupe_config *c = config;
    int same = c->fields.n == bind->n_keys;
    for (uint32_t i = 0; same && i < bind->n_keys; i++)
        same = strcmp(c->fields.items[i], bind->keys[i]) == 0;
    if (c->fields.n != 0 && !same)
        return gyre_bind_fail(bind, GYRE_EINVAL, "fields",
                              "the `key` says which rows are alike: leave out one of them");
    int32_t code = bind->add_state(bind, c->within != 0 ? &passed_times : &passed_ever);
    return code < 0 ? code : bind->pass_all(bind, 0);
}

static int64_t later(int64_t time_us, int64_t by)
{
    return time_us > INT64_MAX - by ? INT64_MAX : time_us + by;
}

static uint64_t apart(int64_t a, int64_t b)
{
    return a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b;
}

/* The time of the row that is the i-th of those that have passed. */
static int64_t *time_at(struct gyre_ctx *ctx, struct gyre_list *list, uint64_t i)
{
    return gyre_list_at(ctx, list, i);
}

/* Whether a row is too near to one that has passed; if not, `*before` is how many of these are before it. They are in
 * order, and most rows are behind all. */
static int is_near(struct gyre_ctx *ctx, struct gyre_list *list, int64_t time_us, uint64_t n,
                   uint64_t *before)
{
    const struct dedupe_config *c = ctx->config;
    for (*before = n; *before > 0; --*before) {
        int64_t passed_us = *time_at(ctx, list, *before - 1);
        if (apart(time_us, passed_us) < (uint64_t)c->within)
            return 1;
        if (passed_us <= time_us)
            return 0;
    }
    return 0;
}

/* Keeps the time of a row that passes, behind `before` of `n` others, and sees to it that it is forgotten. */
static int32_t keep_time(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                         struct gyre_list *list, uint64_t n, uint64_t before)
{
    const struct dedupe_config *c = ctx->config;
    int64_t time_us = gyre_row_time(in, row);
    int64_t *last = gyre_list_add(ctx, list);
    if (last == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for the time of a row");
    *last = time_us;
    for (uint64_t i = n; i > before; i--) {
        int64_t earlier = *time_at(ctx, list, i - 1);
        *time_at(ctx, list, i) = earlier;
        *time_at(ctx, list, i - 1) = time_us;
    }
    return gyre_timer_set(ctx, in, row, GYRE_CLOCK_EVENT, later(time_us, c->within), 0);
}

static int32_t pass_within(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                           struct gyre_list *list, uint8_t *keep)
{
    uint64_t n = gyre_list_count(ctx, list), before;
    *keep = !is_near(ctx, list, gyre_row_time(in, row), n, &before);
    return *keep ? keep_time(ctx, in, row, list, n, before) : GYRE_OK;
}

static int32_t dedupe_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const struct dedupe_config *c = ctx->config;
    uint8_t *keep = ctx->outputs[0]->keep;
    void *slots[GYRE_BATCH_ROWS];
    (void)self;
    int32_t code = gyre_state_slots(ctx, 0, in, slots);
    for (uint32_t row = 0; code == GYRE_OK && c->within != 0 && row < in->rows; row++)
        code = pass_within(ctx, in, row, slots[row], &keep[row]);
    for (uint32_t row = 0; code == GYRE_OK && c->within == 0 && row < in->rows; row++) {
        uint8_t *any = slots[row];
        keep[row] = !*any;
        *any = 1;
    }
    return code;
}

/* Forgets the times that are over at `now_us`; whether none are left. */
static uint8_t forget(struct gyre_ctx *ctx, struct gyre_list *list, int64_t now_us)
{
    const struct dedupe_config *c = ctx->config;
    uint64_t n = gyre_list_count(ctx, list), over = 0;
    while (over < n && later(*time_at(ctx, list, over), c->within) <= now_us)
        over++;
    gyre_list_drop(ctx, list, over);
    return over == n;
}

static int32_t dedupe_on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    void *slots[GYRE_BATCH_ROWS];
    uint8_t over[GYRE_BATCH_ROWS];
    (void)self;
    int32_t code = gyre_state_find(ctx, 0, due->keys, slots);
    if (code != GYRE_OK)
        return code;
    for (uint32_t i = 0; i < due->keys->rows; i++)
        over[i] = slots[i] != NULL && forget(ctx, slots[i], due->keys->time[i]);
    for (uint32_t i = 0; i < due->keys->rows; i++)
        if (over[i])
            gyre_state_remove(ctx, 0, due->keys, i);
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct dedupe_config, fields, FIELDS, NULL, GYRE_IS_KEY,
             "rows that are alike in these are the same one: another word for `key`"),
    {.size = sizeof(struct gyre_option),
     .type = GYRE_OPTION_DURATION,
     .name = "within",
     .doc = "of rows nearer in event time than this the first passes; else the first of all",
     .min = 1,
     .max = INT64_MAX,
     .flags = GYRE_OF_STATE,
     .offset = offsetof(struct dedupe_config, within)},
};
static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "rows, of which some repeat");
static const struct gyre_port output = GYRE_PORT("out", GYRE_PORT_ALIGNED | GYRE_PORT_FILTERS, NULL,
                                                 0, "those whose key has not come before");

const struct gyre_operator gyre_op_dedupe = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "dedupe",
    .doc = "Drops rows whose key, or `fields`, have come before, ever or within a time.",
    .flags = GYRE_NEEDS_KEY | GYRE_READS_TIME,
    .config_size = sizeof(struct dedupe_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .needs = GYRE_FEATURE_STATE | GYRE_FEATURE_TIMERS,
    .bind = dedupe_bind,
    .process = dedupe_process,
    .on_timer = dedupe_on_timer,
};
