/* lengths: how long words are.
 *
 * `histogram` counts, for each key, how many words of each length came in each period of event time. When the
 * watermark says that a period is over, a timer puts its histogram out. */
#include <gyre/gyre.h>

enum { LONGEST = 32 }; /* longer words count as this long */

struct histogram_config {
    int64_t period;
};

static const struct gyre_option histogram_options[] = {
    GYRE_OPT_RANGE(struct histogram_config, period, DURATION, "1m", 1000, INT64_C(86400000000),
                   NULL, "how long a histogram is"),
};

/* For each key a map. Rows need not come in the order of their times, so several periods are open. */
#define BAR(F, N) F(i64, end_us) F(i64, length)
GYRE_STATE_RECORD(bar, 1, BAR)

#define HEIGHT(F, N) F(i64, words)
GYRE_STATE_RECORD(height, 1, HEIGHT)

/* Characters of UTF-8. */
static int64_t length_of(const struct gyre_str *word)
{
    const char *bytes = gyre_str_data(word);
    int64_t length = 0;
    for (uint32_t i = 0; i < word->len && length < LONGEST; i++)
        length += ((unsigned char)bytes[i] & 0xc0) != 0x80;
    return length;
}

/* The end of the period that `time_us` is in, a multiple of the period. */
static int64_t end_of(int64_t time_us, int64_t period_us)
{
    int64_t into = time_us % period_us;
    int64_t left = period_us - (into < 0 ? into + period_us : into);
    return time_us > INT64_MAX - left ? INT64_MAX : time_us + left;
}

static int32_t count(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                     struct gyre_map *bars)
{
    const struct histogram_config *config = ctx->config;
    int64_t end_us = end_of(gyre_row_time(in, row), config->period);
    if (ctx->watermark_us >= end_us) {
        gyre_late(ctx, in, row);
        return GYRE_OK;
    }
    struct bar bar = {end_us, length_of(&GYRE_COLUMN(in, 0, struct gyre_str)[row])};
    struct height *height = gyre_map_get(ctx, bars, &bar, 1);
    if (height == NULL)
        return GYRE_ENOMEM;
    height->words++;
    return gyre_timer_set(ctx, in, row, GYRE_CLOCK_EVENT, end_us, 0);
}

static int32_t histogram_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    void *maps[GYRE_BATCH_ROWS];
    int32_t code = gyre_state_slots(ctx, 0, in, maps);
    (void)self;
    GYRE_ROWS(in, row)
    {
        if (code == GYRE_OK)
            code = count(ctx, in, row, maps[row]);
    }
    return code;
}

/* One row for each length that came. */
static void put_out(struct gyre_ctx *ctx, const struct gyre_batch *keys, uint32_t i,
                    struct gyre_map *bars)
{
    struct gyre_out *out = ctx->outputs[0];
    const struct gyre_str *key = &GYRE_COLUMN(keys, 0, struct gyre_str)[i];
    struct bar bar = {keys->time[i], 0};
    for (; bar.length <= LONGEST; bar.length++) {
        const struct height *height = gyre_map_get(ctx, bars, &bar, 0);
        if (height == NULL)
            continue;
        uint32_t row = gyre_out_row(out, bar.end_us - 1); /* the last moment of the period */
        GYRE_OUT(out, 0, struct gyre_str)[row] = gyre_out_str(out, gyre_str_data(key), key->len);
        GYRE_OUT(out, 1, int64_t)[row] = bar.end_us;
        GYRE_OUT(out, 2, int64_t)[row] = bar.length;
        GYRE_OUT(out, 3, int64_t)[row] = height->words;
        gyre_map_remove(ctx, bars, &bar);
    }
}

static int32_t histogram_on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    void *maps[GYRE_BATCH_ROWS];
    int32_t code = gyre_state_slots(ctx, 0, due->keys, maps);
    (void)self;
    if (code != GYRE_OK)
        return code;
    GYRE_ROWS(due->keys, i)
    {
        put_out(ctx, due->keys, i, maps[i]);
        if (gyre_map_count(ctx, maps[i]) == 0)
            gyre_state_remove(ctx, 0, due->keys, i);
    }
    return GYRE_OK;
}

/* The key goes out under its own name. */
static int32_t histogram_bind(void *config, struct gyre_bind *bind)
{
    int32_t code = bind->read(bind, 0, "word", NULL);
    (void)config;
    if (code < 0)
        return code;
    if (bind->n_keys != 1)
        return gyre_bind_fail(bind, GYRE_EINVAL, "key", "one field, please");
    int32_t at = gyre_schema_find(bind->inputs[0], bind->keys[0]);
    if (at < 0 || gyre_schema_field(bind->inputs[0], (uint32_t)at)->type != GYRE_TYPE_str)
        return gyre_bind_fail(bind, GYRE_EINVAL, "key", "`%s` is no str", bind->keys[0]);
    static const struct {
        uint32_t type;
        const char *name;
    } more[] = {{GYRE_TYPE_time, "until"}, {GYRE_TYPE_i64, "length"}, {GYRE_TYPE_i64, "words"}};
    code = bind->write(bind, 0, GYRE_TYPE_str, bind->keys[0], 0);
    for (size_t i = 0; code >= 0 && i < sizeof more / sizeof *more; i++)
        code = bind->write(bind, 0, more[i].type, more[i].name, 0);
    return code < 0 ? code : GYRE_OK;
}

static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "rows with a word");
static const struct gyre_port output = GYRE_PORT("out", 0, NULL, 0, "how many words of a length");
static const struct gyre_state states[] = {
    GYRE_STATE_MAP_OF("bars", &bar_type, &height_type, "words by period and length"),
};

static const struct gyre_operator gyre_op_histogram = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "histogram",
    .doc = "Counts how long words are, by key and period.",
    .flags = GYRE_MASK_AWARE | GYRE_NEEDS_KEY | GYRE_READS_TIME,
    .config_size = sizeof(struct histogram_config),
    .options = histogram_options,
    .n_options = 1,
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .states = states,
    .n_states = 1,
    .needs = GYRE_FEATURE_STATE | GYRE_FEATURE_TIMERS,
    .bind = histogram_bind,
    .process = histogram_process,
    .on_timer = histogram_on_timer,
};

GYRE_PLUGIN(lengths, "0.1.0", GYRE_OP(histogram))
