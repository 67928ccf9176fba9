/* Operators that measure the latency of a job with much state.
 *
 * | operator | does                                                                                |
 * |----------|-------------------------------------------------------------------------------------|
 * | rows     | first one row for each key, as fast as it goes; then rows of random keys at a rate, |
 * |          | each stamped with the moment at which it was due                                    |
 * | blob     | keeps a count and `bytes` bytes for each key; passes its rows on                    |
 * | latency  | a sink: how long after its stamp each row has come; stamp 0 is not measured         |
 *
 * A stamp is when the row was due and not when it was put out: what a pause holds back counts, all
 * of it. At a restore the clock starts anew with the row that is next.
 *
 * latency keeps a histogram with 64 steps for each doubling, so that a figure is at most 1.6 % too
 * large, and writes "rows=... p50=... p99=... p999=... max=... sum=..." to `path` at the end of input: µs,
 * and the sum of all counts, for comparison. `first` names a file to which it writes the time (µs since the
 * epoch) of the first row that it gets after it was opened. */
#include <errno.h>
#include <gyre/gyre.h>

#define COUNT(list) ((uint32_t)(sizeof(list) / sizeof *(list)))

/* ---- rows ---- */

struct rows_config {
    int64_t keys;
    int64_t rate;
    int64_t lasts; /* µs */
};

struct rows {
    uint64_t next;     /* row */
    uint64_t base;     /* the first row that is due at start_us */
    int64_t start_us;  /* 0: not begun */
    int32_t has_split; /* it has not ended */
};

static const struct gyre_option rows_options[] = {
    GYRE_OPT_RANGE(struct rows_config, keys, INT, "1000000", 1, UINT32_MAX, NULL,
                   "how many different keys there are"),
    GYRE_OPT_RANGE(struct rows_config, rate, INT, "100000", 1, 1000000000, "rows/s",
                   "rows per second, once each key has had its row"),
    GYRE_OPT_RANGE(struct rows_config, lasts, DURATION, "10s", 0, INT64_MAX / 1000000000, NULL,
                   "for how long"),
};

static const struct gyre_field row_fields[] = {GYRE_FIELD(i64, "key", 0),
                                               GYRE_FIELD(i64, "stamp", 0)};
static const struct gyre_port rows_outputs[] = {GYRE_PORT("out", 0, row_fields, 2, "the rows")};

static int32_t rows_discover(const void *config, struct gyre_splits *splits)
{
    (void)config;
    return splits->add(splits, "all", 3);
}

static int32_t rows_add_split(void *self, struct gyre_ctx *ctx, uint32_t split, const void *bytes,
                              size_t n, struct gyre_reader *position)
{
    struct rows *s = self;
    (void)ctx, (void)split, (void)bytes, (void)n;
    s->next = position != NULL ? gyre_read_u64(position) : 0;
    s->has_split = 1;
    return position != NULL ? position->error : GYRE_OK;
}

static int32_t rows_save_split(void *self, struct gyre_ctx *ctx, uint32_t split,
                               struct gyre_writer *writer)
{
    (void)ctx, (void)split;
    gyre_write_u64(writer, ((struct rows *)self)->next);
    return writer->error;
}

static uint64_t stir(uint64_t x)
{
    x = (x ^ x >> 31) * 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9u;
    return x ^ x >> 32;
}

/* µs after the start at which the i-th row from it is due. */
static int64_t due_us(const struct rows_config *c, uint64_t i)
{
    return (int64_t)(i * 1000000 / (uint64_t)c->rate);
}

static void put(struct gyre_out *out, int64_t key, int64_t stamp_us)
{
    if (out->rows == out->capacity)
        out->full(out);
    GYRE_OUT(out, 0, int64_t)[out->rows] = key;
    GYRE_OUT(out, 1, int64_t)[out->rows] = stamp_us;
    if (out->time != NULL)
        out->time[out->rows] = GYRE_NO_TIME;
    out->rows++;
}

/* How many rows there are in all. */
static uint64_t end_of(const struct rows_config *c)
{
    return (uint64_t)c->keys + (uint64_t)c->lasts / 1000 * (uint64_t)c->rate / 1000;
}

static int32_t rows_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    struct rows *s = self;
    const struct rows_config *c = ctx->config;
    struct gyre_out *out = ctx->outputs[0];
    uint64_t keys = (uint64_t)c->keys;
    for (uint32_t done = 0; done < poll->budget; done++) {
        if (!s->has_split || s->next >= end_of(c)) {
            poll->status = s->has_split ? GYRE_POLL_SPLIT : GYRE_POLL_IDLE;
            s->has_split = 0;
            return GYRE_OK;
        }
        if (s->next < keys) {
            put(out, (int64_t)s->next++, 0);
            continue;
        }
        int64_t now_us = gyre_now(ctx);
        if (s->start_us == 0) {
            s->start_us = now_us;
            s->base = s->next;
        }
        int64_t stamp_us = s->start_us + due_us(c, s->next - s->base);
        if (stamp_us > now_us) {
            poll->status = GYRE_POLL_IDLE;
            poll->wake_us = stamp_us;
            return GYRE_OK;
        }
        put(out, (int64_t)(stir(s->next++) % keys), stamp_us);
    }
    return GYRE_OK;
}

static const struct gyre_operator gyre_op_rows = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "rows",
    .doc = "Puts out a row for each key, then rows at a rate.",
    .flags = GYRE_SINGLE,
    .config_size = sizeof(struct rows_config),
    .instance_size = sizeof(struct rows),
    .options = rows_options,
    .n_options = COUNT(rows_options),
    .outputs = rows_outputs,
    .n_outputs = 1,
    .discover = rows_discover,
    .add_split = rows_add_split,
    .poll = rows_poll,
    .save_split = rows_save_split,
};

/* ---- blob ---- */

enum { BLOB_MOST = 65536 };

struct blob_config {
    int64_t bytes;
};

struct blob {
    char *bytes;
};

static const struct gyre_option blob_options[] = {
    GYRE_OPT_RANGE(struct blob_config, bytes, INT, "1000", 0, BLOB_MOST, "bytes",
                   "how many bytes a key has"),
};

#define BLOB_VALUE(F, N) F(i64, count) F(bytes, text)
GYRE_STATE_RECORD(blob_value, 1, BLOB_VALUE)

static const struct gyre_state blob_states[] = {
    GYRE_STATE("blob", VALUE, &blob_value_type, "how many rows, and some bytes"),
};

static const struct gyre_field stamp_fields[] = {GYRE_FIELD(i64, "stamp", 0)};
static const struct gyre_port blob_inputs[] = {GYRE_PORT("in", 0, stamp_fields, 1, "the rows")};
static const struct gyre_field count_fields[] = {GYRE_FIELD(i64, "count", 0)};
static const struct gyre_port blob_outputs[] = {
    GYRE_PORT("out", GYRE_PORT_ALIGNED | GYRE_PORT_PASS_REST, count_fields, 1, "the rows")};

static int32_t blob_open(void *self, struct gyre_ctx *ctx)
{
    struct blob *s = self;
    s->bytes = gyre_alloc(ctx, NULL, BLOB_MOST);
    if (s->bytes == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for %d bytes", BLOB_MOST);
    for (uint32_t i = 0; i < BLOB_MOST; i += 8) {
        uint64_t word = stir(i) & 0x0f0f0f0f0f0f0f0fu; /* of half the entropy: text, say */
        memcpy(s->bytes + i, &word, sizeof word);
    }
    return GYRE_OK;
}

static void blob_close(void *self, struct gyre_ctx *ctx)
{
    struct blob *s = self;
    if (s->bytes != NULL)
        gyre_alloc(ctx, s->bytes, 0);
    s->bytes = NULL;
}

static int32_t blob_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct blob *s = self;
    const struct blob_config *c = ctx->config;
    void *slots[GYRE_BATCH_ROWS];
    int64_t *counts = GYRE_OUT(ctx->outputs[0], 0, int64_t);
    int32_t code = gyre_state_slots(ctx, 0, in, slots);
    for (uint32_t i = 0; code == GYRE_OK && i < in->rows; i++) {
        struct blob_value *v = slots[i];
        if (v->count == 0 && c->bytes > 0) {
            uint64_t from =
                stir(in->hash != NULL ? in->hash[i] : i) % (BLOB_MOST - (uint64_t)c->bytes + 1);
            struct gyre_str text = gyre_str_view(s->bytes + from, (uint32_t)c->bytes);
            code = gyre_state_str(ctx, &v->text, &text);
        }
        counts[i] = ++v->count;
    }
    return code;
}

static const struct gyre_operator gyre_op_blob = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "blob",
    .doc = "Keeps some bytes for each key.",
    .flags = GYRE_NEEDS_KEY,
    .config_size = sizeof(struct blob_config),
    .instance_size = sizeof(struct blob),
    .options = blob_options,
    .n_options = COUNT(blob_options),
    .inputs = blob_inputs,
    .n_inputs = 1,
    .outputs = blob_outputs,
    .n_outputs = 1,
    .states = blob_states,
    .n_states = 1,
    .needs = GYRE_FEATURE_STATE,
    .open = blob_open,
    .close = blob_close,
    .process = blob_process,
};

/* ---- latency ---- */

enum { STEPS = 64, DOUBLINGS = 40 };

struct latency_config {
    const char *path;
    const char *first;
};

struct latency {
    int64_t *steps; /* STEPS * DOUBLINGS */
    int64_t rows;
    int64_t most_us;
    int64_t sum;
    int32_t has_begun;
};

static const struct gyre_option latency_options[] = {
    GYRE_OPT(struct latency_config, path, PATH, NULL, GYRE_REQUIRED, "the file for the figures"),
    GYRE_OPT(struct latency_config, first, PATH, NULL, 0, "the file for the time of the first row"),
};

static const struct gyre_field latency_fields[] = {GYRE_FIELD(i64, "stamp", 0),
                                                   GYRE_FIELD(i64, "count", 0)};
static const struct gyre_port latency_inputs[] = {
    GYRE_PORT("in", 0, latency_fields, 2, "the rows")};

static uint32_t step_of(int64_t us)
{
    uint64_t v = us > 0 ? (uint64_t)us : 0;
    uint32_t doubling = 0;
    while (v >> doubling >= 2 * STEPS && doubling + 2 < DOUBLINGS)
        doubling++;
    uint64_t step = v >> doubling;
    return doubling * STEPS + (uint32_t)(step < 2 * STEPS ? step : 2 * STEPS - 1);
}

/* The largest value of a step. */
static int64_t most_of(uint32_t step)
{
    uint32_t doubling = step < 2 * STEPS ? 0 : step / STEPS - 1;
    uint64_t v = step - doubling * STEPS;
    return (int64_t)(((v + 1) << doubling) - 1);
}

static int32_t put_text(struct gyre_ctx *ctx, const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        return gyre_fail(ctx, GYRE_EIO, "%s: %s", path, strerror(errno));
    return GYRE_OK;
}

static int32_t latency_open(void *self, struct gyre_ctx *ctx)
{
    struct latency *s = self;
    size_t bytes = (size_t)STEPS * DOUBLINGS * sizeof *s->steps;
    s->steps = gyre_alloc(ctx, NULL, bytes);
    if (s->steps == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for the histogram");
    memset(s->steps, 0, bytes);
    return GYRE_OK;
}

static void latency_close(void *self, struct gyre_ctx *ctx)
{
    struct latency *s = self;
    if (s->steps != NULL)
        gyre_alloc(ctx, s->steps, 0);
    s->steps = NULL;
}

static int32_t latency_write(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct latency *s = self;
    const struct latency_config *c = ctx->config;
    const int64_t *stamps = GYRE_COLUMN(in, 0, int64_t), *counts = GYRE_COLUMN(in, 1, int64_t);
    int64_t now_us = gyre_now(ctx);
    for (uint32_t i = 0; i < in->rows; i++) {
        s->sum += counts[i];
        if (stamps[i] == 0)
            continue;
        int64_t took_us = now_us - stamps[i];
        s->steps[step_of(took_us)]++;
        s->rows++;
        s->most_us = took_us > s->most_us ? took_us : s->most_us;
    }
    if (s->has_begun || c->first == NULL || in->rows == 0)
        return GYRE_OK;
    char text[32];
    s->has_begun = 1;
    snprintf(text, sizeof text, "%lld\n", (long long)now_us);
    return put_text(ctx, c->first, text);
}

/* What so many thousandths of the rows have at most. */
static int64_t quantile(const struct latency *s, int64_t thousandths)
{
    int64_t wanted = s->rows / 1000 * thousandths + s->rows % 1000 * thousandths / 1000;
    uint32_t step = 0;
    for (int64_t n = 0; step < STEPS * DOUBLINGS - 1; step++) {
        n += s->steps[step];
        if (n > wanted)
            break;
    }
    return most_of(step) < s->most_us ? most_of(step) : s->most_us;
}

static int32_t latency_on_watermark(void *self, struct gyre_ctx *ctx)
{
    const struct latency *s = self;
    const struct latency_config *c = ctx->config;
    char text[200];
    if (ctx->watermark_us != INT64_MAX)
        return GYRE_OK;
    snprintf(text, sizeof text, "rows=%lld p50=%lld p99=%lld p999=%lld max=%lld sum=%lld\n",
             (long long)s->rows, (long long)quantile(s, 500), (long long)quantile(s, 990),
             (long long)quantile(s, 999), (long long)s->most_us, (long long)s->sum);
    return put_text(ctx, c->path, text);
}

static const struct gyre_operator gyre_op_latency = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SINK,
    .name = "latency",
    .doc = "Measures how long after its stamp each row has come.",
    .flags = GYRE_SINGLE,
    .config_size = sizeof(struct latency_config),
    .instance_size = sizeof(struct latency),
    .options = latency_options,
    .n_options = COUNT(latency_options),
    .inputs = latency_inputs,
    .n_inputs = 1,
    .open = latency_open,
    .close = latency_close,
    .process = latency_write,
    .on_watermark = latency_on_watermark,
};

GYRE_PLUGIN(paced, "0.1.0", GYRE_OP(rows), GYRE_OP(blob), GYRE_OP(latency))
