/* plugins/std/dedupe.c: of the rows of a key the first passes, or the first within a time.
 *
 * `within` is of event time, so that a run that is repeated drops the same rows: a row is dropped where one
 * of its key has passed less than `within` before it, or after it where rows come out of order. What is
 * dropped prolongs nothing: of a steady stream one row passes in each `within`. Kept per key is the time of
 * the last row that has passed; a timer removes it when nothing that is not late can be dropped for it. */
#include "dedupe.h"

struct dedupe_config {
    struct gyre_strs fields;
    int64_t within;
};

struct passed {
    int64_t time_us;
    uint8_t any;
};

static const struct gyre_member members[] = {
    {"time", GYRE_TYPE_time, offsetof(struct passed, time_us)},
    {"any", GYRE_TYPE_bool, offsetof(struct passed, any)},
};
static const struct gyre_state_type passed_type = {
    .size = sizeof(struct gyre_state_type),
    .version = 1,
    .name = "passed",
    .value_size = sizeof(struct passed),
    .value_align = _Alignof(struct passed),
    .members = members,
    .n_members = sizeof members / sizeof members[0],
};
static const struct gyre_state states[] = {
    GYRE_STATE("passed", VALUE, &passed_type, "the last row that has passed"),
};

static int32_t dedupe_bind(void *config, struct gyre_bind *bind)
{
    const struct dedupe_config *c = config;
    int same = c->fields.n == bind->n_keys;
    for (uint32_t i = 0; same && i < bind->n_keys; i++)
        same = strcmp(c->fields.items[i], bind->keys[i]) == 0;
    if (c->fields.n != 0 && !same)
        return gyre_bind_fail(bind, GYRE_EINVAL, "fields",
                              "the `key` says which rows are alike: leave out one of them");
    return bind->pass_all(bind, 0);
}

static int64_t later(int64_t time_us, int64_t by)
{
    return time_us > INT64_MAX - by ? INT64_MAX : time_us + by;
}

static uint64_t apart(int64_t a, int64_t b)
{
    return a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b;
}

/* Lets a row pass; the key is forgotten in time. */
static int32_t pass(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                    struct passed *passed)
{
    const struct dedupe_config *c = ctx->config;
    int64_t time_us = gyre_row_time(in, row);
    if (!passed->any || time_us > passed->time_us)
        passed->time_us = time_us;
    passed->any = 1;
    if (c->within == 0)
        return GYRE_OK;
    return gyre_timer_set(ctx, in, row, GYRE_CLOCK_EVENT, later(passed->time_us, c->within), 0);
}

static int32_t dedupe_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const struct dedupe_config *c = ctx->config;
    uint8_t *keep = ctx->outputs[0]->keep;
    void *slots[GYRE_BATCH_ROWS];
    (void)self;
    int32_t code = gyre_state_slots(ctx, 0, in, slots);
    for (uint32_t row = 0; code == GYRE_OK && row < in->rows; row++) {
        struct passed *passed = slots[row];
        keep[row] =
            !passed->any || (c->within != 0 &&
                             apart(gyre_row_time(in, row), passed->time_us) >= (uint64_t)c->within);
        if (keep[row])
            code = pass(ctx, in, row, passed);
    }
    return code;
}

static int32_t dedupe_on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    const struct dedupe_config *c = ctx->config;
    void *slots[GYRE_BATCH_ROWS];
    uint8_t over[GYRE_BATCH_ROWS];
    (void)self;
    int32_t code = gyre_state_find(ctx, 0, due->keys, slots);
    if (code != GYRE_OK)
        return code;
    for (uint32_t i = 0; i < due->keys->rows; i++) {
        const struct passed *passed = slots[i];
        over[i] = passed != NULL && later(passed->time_us, c->within) <= due->keys->time[i];
    }
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
    .states = states,
    .n_states = 1,
    .needs = GYRE_FEATURE_STATE | GYRE_FEATURE_TIMERS,
    .bind = dedupe_bind,
    .process = dedupe_process,
    .on_timer = dedupe_on_timer,
};
