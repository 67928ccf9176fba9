/* plugins/std/timestamps.c: gives rows their event time and says how far it has come. The watermark is
 * the greatest time seen less `max_out_of_order`; a row at the watermark is on time.
 *
 * What a row is late for depends on the rows before it, not on how they were cut into batches: where the
 * watermark matters for a row in the middle of a batch it leaves before that row. Nothing need be kept:
 * after a restore the host goes on from the watermark that it had.
 *
 * With `idle` the stream is said to be idle when no row has come for so long by the clock. One timer is
 * set, not one for each row: when it goes off too early, because of rows since, it is set again. */
#include "timestamps.h"

struct timestamps_config {
    const char *field;
    const char *fn;
    int64_t max_out_of_order;
    int64_t idle; /* 0: it never is */
    int32_t column;
};

struct timestamps {
    int64_t greatest_us;
    int64_t told_us;
    int64_t last_us; /* the last row, or the start, by the clock */
    int32_t has_row;
    int32_t waits; /* a timer is set */
};

static int32_t timestamps_bind(void *config, struct gyre_bind *bind)
{
    struct timestamps_config *c = config;
    const char *option = c->field != NULL ? "field" : "fn";
    const char *name = c->field != NULL ? c->field : c->fn;
    if ((c->field == NULL) == (c->fn == NULL))
        return gyre_bind_fail(bind, GYRE_EINVAL, NULL, "needs `field` or `fn`, one of them");
    c->column = bind->read(bind, 0, name, option);
    if (c->column < 0)
        return c->column;
    int32_t at = gyre_schema_find(bind->inputs[0], name);
    uint32_t type =
        at >= 0 ? gyre_schema_field(bind->inputs[0], (uint32_t)at)->type : GYRE_TYPE_time;
    if (type != GYRE_TYPE_time && type != GYRE_TYPE_i64)
        return gyre_bind_fail(bind, GYRE_EINVAL, option,
                              "`%s` is %s: a time is wanted, or an i64 with us since the epoch",
                              name, gyre_type_name(type));
    return GYRE_OK;
}

/* ---- idle ---- */

static int64_t later(int64_t time_us, int64_t by_us)
{
    return time_us < INT64_MAX - by_us ? time_us + by_us : INT64_MAX;
}

static int32_t wait_for_rows(struct timestamps *t, struct gyre_ctx *ctx)
{
    const struct timestamps_config *c = ctx->config;
    if (t->waits)
        return GYRE_OK;
    t->waits = 1;
    return gyre_timer_set(ctx, NULL, 0, GYRE_CLOCK_PROCESSING, later(t->last_us, c->idle), 0);
}

static int32_t rows_came(struct timestamps *t, struct gyre_ctx *ctx)
{
    if (((const struct timestamps_config *)ctx->config)->idle == 0)
        return GYRE_OK;
    int64_t now_us = gyre_now(ctx);
    if (now_us < t->last_us) /* the clock was set back: what was set is far away */
        t->waits = 0;
    t->last_us = now_us;
    return wait_for_rows(t, ctx);
}

static int32_t timestamps_on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    struct timestamps *t = self;
    const struct timestamps_config *c = ctx->config;
    int64_t now_us = gyre_now(ctx);
    (void)due;
    t->waits = 0;
    if (ctx->watermark_us == INT64_MAX)
        return GYRE_OK;
    if (now_us >= later(t->last_us, c->idle)) {
        gyre_idle(ctx);
        return GYRE_OK;
    }
    return wait_for_rows(t, ctx);
}

static int32_t timestamps_open(void *self, struct gyre_ctx *ctx)
{
    struct timestamps *t = self;
    t->told_us = INT64_MIN;
    return rows_came(t, ctx);
}

/* ---- watermarks ---- */

static int64_t watermark(const struct timestamps *t, const struct timestamps_config *c)
{
    if (!t->has_row || t->greatest_us < INT64_MIN + c->max_out_of_order)
        return INT64_MIN;
    return t->greatest_us - c->max_out_of_order;
}

static void tell(struct gyre_ctx *ctx, struct timestamps *t, int64_t watermark_us)
{
    t->told_us = watermark_us;
    if (watermark_us != INT64_MIN)
        gyre_watermark(ctx, watermark_us);
}

static int64_t steps(int64_t time_us, int64_t step_us)
{
    return time_us / step_us - (time_us % step_us < 0);
}

/* True where it makes a difference whether the watermark comes before the row at `time_us`: to rows that
 * it makes late, and to what fires at certain moments. Else it can wait for the end of the batch. */
static int is_wanted_before(const struct gyre_ctx *ctx, const struct timestamps *t,
                            int64_t watermark_us, int64_t time_us)
{
    if (time_us < watermark_us)
        return 1;
    return ctx->step_us > 0 && (t->told_us == INT64_MIN || steps(t->told_us, ctx->step_us) !=
                                                               steps(watermark_us, ctx->step_us));
}

static int32_t timestamps_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct timestamps *t = self;
    const struct timestamps_config *c = ctx->config;
    const int64_t *times = GYRE_COLUMN(in, c->column, int64_t);
    struct gyre_out *out = ctx->outputs[0];
    int32_t code = rows_came(t, ctx);
    if (code != GYRE_OK)
        return code;
    for (uint32_t row = 0; row < in->rows; row++) {
        int64_t watermark_us = watermark(t, c);
        if (row > 0 && watermark_us > t->told_us &&
            is_wanted_before(ctx, t, watermark_us, times[row])) {
            tell(ctx, t, watermark_us);
            return (int32_t)row;
        }
        if (gyre_is_null(in, (uint32_t)c->column, row)) {
            gyre_bad_row(ctx, in, row, "the time is null");
            continue;
        }
        if (out->time != NULL)
            out->time[row] = times[row];
        if (!t->has_row || times[row] > t->greatest_us)
            t->greatest_us = times[row];
        t->has_row = 1;
    }
    tell(ctx, t, watermark(t, c));
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct timestamps_config, field, FIELD, NULL, 0,
             "the field with the time: a time, or an i64 in us since the epoch"),
    GYRE_OPT(struct timestamps_config, fn, KEY_FUNCTION, NULL, 0,
             "a function that computes the time, in place of `field`"),
    GYRE_OPT_RANGE(struct timestamps_config, max_out_of_order, DURATION, "0s", 0, INT64_MAX, NULL,
                   "how much earlier a row may be than one before it without being late"),
    GYRE_OPT_RANGE(struct timestamps_config, idle, DURATION, NULL, 1, INT64_MAX, NULL,
                   "after so long without a row, by the clock, others go on without this stream"),
};

static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "rows with a time");
static const struct gyre_port output =
    GYRE_PORT("out", GYRE_PORT_ALIGNED | GYRE_PORT_PASS_REST | GYRE_PORT_TIME, NULL, 0,
              "the same rows, with their event time");

const struct gyre_operator gyre_op_timestamps = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "timestamps",
    .doc = "Gives rows their event time, and watermarks.",
    .flags = GYRE_SETS_TIME,
    .config_size = sizeof(struct timestamps_config),
    .instance_size = sizeof(struct timestamps),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .bind = timestamps_bind,
    .open = timestamps_open,
    .process = timestamps_process,
    .on_timer = timestamps_on_timer,
};
