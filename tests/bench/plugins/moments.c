/* Operators that measure how a window of many keys fires.
 *
 * | operator | does                                                                                |
 * |----------|-------------------------------------------------------------------------------------|
 * | mark     | passes rows on; notes when the first one came whose time is at or behind `from`, and |
 * |          | the longest time between two batches in the `after` behind that                     |
 * | fired    | a sink: notes when the first and the last row of the first window came              |
 *
 * Each writes its moments, in us, to `path` at the end of input. */
#include <errno.h>
#include <gyre/gyre.h>

#define COUNT(list) ((uint32_t)(sizeof(list) / sizeof *(list)))

static int32_t put_text(struct gyre_ctx *ctx, const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        return gyre_fail(ctx, GYRE_EIO, "%s: %s", path, strerror(errno));
    return GYRE_OK;
}

/* ---- mark ---- */

struct mark_config {
    const char *path;
    int64_t from, after; /* us */
};

struct mark {
    int64_t crossed_us, last_us, gap_us, rows;
};

static const struct gyre_option mark_options[] = {
    GYRE_OPT(struct mark_config, path, PATH, NULL, GYRE_REQUIRED, "the file for the moments"),
    GYRE_OPT_RANGE(struct mark_config, from, DURATION, "1s", 0, INT64_MAX, NULL,
                   "the event time that is waited for, since the epoch"),
    GYRE_OPT_RANGE(struct mark_config, after, DURATION, "100ms", 0, INT64_MAX, NULL,
                   "for how long gaps are looked for"),
};

static const struct gyre_field time_fields[] = {GYRE_FIELD(time, "time", 0)};
static const struct gyre_port mark_inputs[] = {GYRE_PORT("in", 0, time_fields, 1, "the rows")};
static const struct gyre_port mark_outputs[] = {
    GYRE_PORT("out", GYRE_PORT_ALIGNED | GYRE_PORT_PASS_REST, NULL, 0, "the rows")};

static int32_t mark_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct mark *s = self;
    const struct mark_config *c = ctx->config;
    int64_t now_us = gyre_now(ctx);
    if (s->crossed_us == 0 && in->rows > 0 && GYRE_COLUMN(in, 0, int64_t)[in->rows - 1] >= c->from)
        s->crossed_us = s->last_us = now_us;
    if (s->crossed_us == 0 || now_us - s->crossed_us > c->after)
        return GYRE_OK;
    s->gap_us = now_us - s->last_us > s->gap_us ? now_us - s->last_us : s->gap_us;
    s->last_us = now_us;
    s->rows += in->rows;
    return GYRE_OK;
}

static int32_t mark_on_watermark(void *self, struct gyre_ctx *ctx)
{
    const struct mark *s = self;
    char text[120];
    if (ctx->watermark_us != INT64_MAX)
        return GYRE_OK;
    snprintf(text, sizeof text, "crossed=%lld gap=%lld rows=%lld\n", (long long)s->crossed_us,
             (long long)s->gap_us, (long long)s->rows);
    return put_text(ctx, ((const struct mark_config *)ctx->config)->path, text);
}

static const struct gyre_operator gyre_op_mark = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "mark",
    .doc = "Notes when rows of a moment come.",
    .config_size = sizeof(struct mark_config),
    .instance_size = sizeof(struct mark),
    .options = mark_options,
    .n_options = COUNT(mark_options),
    .inputs = mark_inputs,
    .n_inputs = 1,
    .outputs = mark_outputs,
    .n_outputs = 1,
    .process = mark_process,
    .on_watermark = mark_on_watermark,
};

/* ---- fired ---- */

struct fired_config {
    const char *path;
};

struct fired {
    int64_t first_us, last_us, rows, window_us;
};

static const struct gyre_option fired_options[] = {
    GYRE_OPT(struct fired_config, path, PATH, NULL, GYRE_REQUIRED, "the file for the moments"),
};

static const struct gyre_field end_fields[] = {GYRE_FIELD(time, "window_end", 0)};
static const struct gyre_port fired_inputs[] = {GYRE_PORT("in", 0, end_fields, 1, "the results")};

static int32_t fired_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct fired *s = self;
    const int64_t *ends = GYRE_COLUMN(in, 0, int64_t);
    int64_t now_us = gyre_now(ctx);
    for (uint32_t i = 0; i < in->rows; i++) {
        if (s->rows == 0) {
            s->first_us = now_us;
            s->window_us = ends[i];
        }
        if (ends[i] != s->window_us)
            continue;
        s->rows++;
        s->last_us = now_us;
    }
    return GYRE_OK;
}

static int32_t fired_on_watermark(void *self, struct gyre_ctx *ctx)
{
    const struct fired *s = self;
    char text[120];
    if (ctx->watermark_us != INT64_MAX)
        return GYRE_OK;
    snprintf(text, sizeof text, "first=%lld last=%lld rows=%lld\n", (long long)s->first_us,
             (long long)s->last_us, (long long)s->rows);
    return put_text(ctx, ((const struct fired_config *)ctx->config)->path, text);
}

static const struct gyre_operator gyre_op_fired = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SINK,
    .name = "fired",
    .doc = "Notes when the results of a window come.",
    .flags = GYRE_SINGLE,
    .config_size = sizeof(struct fired_config),
    .instance_size = sizeof(struct fired),
    .options = fired_options,
    .n_options = COUNT(fired_options),
    .inputs = fired_inputs,
    .n_inputs = 1,
    .process = fired_process,
    .on_watermark = fired_on_watermark,
};

GYRE_PLUGIN(moments, "0.1.0", GYRE_OP(mark), GYRE_OP(fired))
