/* plugins/gen/events.c: keyed events, made from a seed.
 *
 * Row i is a function of (seed, i) alone: 64 bits of hash give its key and value, 64 more that are
 * cheap to make of them its delay. Its event time is i microseconds less the delay, so that rows are
 * out of order by less than `out_of_order`, and the watermark follows i - `out_of_order`.
 *
 *   key    uniform in 0 ... keys - 1, or of Zipf's distribution (key 0 is the most frequent)
 *   value  uniform in 0 ... 999
 *   time   i - (uniform in 0 ... out_of_order - 1), in us */
#include "events.h"
#include "blocks.h"
#include "zipf.h"

#define VALUES 1000u

struct events_config {
    int64_t keys;
    int64_t count;
    int64_t seed;
    double zipf;
    double rate;
    int64_t out_of_order;
};

struct events {
    struct blocks blocks;
    struct zipf_column *zipf;
    uint64_t keys;
    uint64_t seed; /* mixed */
    uint64_t out_of_order_us;
    int64_t watermark_us;
};

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014). */
static inline uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* Random bits of row `i`. */
static inline uint64_t row_bits(uint64_t seed, uint64_t i)
{
    return mix(seed + i * 0x9e3779b97f4a7c15u);
}

/* More bits, where the first have been used up. */
static inline uint64_t more_bits(uint64_t bits)
{
    return bits * 0xd6e8feb86659fd93u;
}

/* Scales 32 random bits to 0 ... n - 1, n up to 2^32. */
static inline int64_t scale(uint64_t bits32, uint64_t n)
{
    return (int64_t)(bits32 * n >> 32);
}

static int32_t events_bind(void *config, struct gyre_bind *bind)
{
    const struct events_config *c = config;
    if (c->zipf > 0 && c->keys > ZIPF_KEYS_MAX)
        return gyre_bind_fail(bind, GYRE_EINVAL, "keys", "with `zipf` at most %d keys",
                              ZIPF_KEYS_MAX);
    return GYRE_OK;
}

static int32_t events_open(void *self, struct gyre_ctx *ctx)
{
    struct events *e = self;
    const struct events_config *c = ctx->config;
    e->blocks.rows = c->count > 0 ? (uint64_t)c->count : (uint64_t)INT64_MAX;
    e->blocks.rate = c->rate;
    e->keys = (uint64_t)c->keys;
    e->seed = mix((uint64_t)c->seed);
    e->out_of_order_us = (uint64_t)c->out_of_order;
    e->watermark_us = INT64_MIN;
    if (c->zipf > 0) {
        e->zipf = zipf_new(ctx, (uint32_t)c->keys, c->zipf);
        if (e->zipf == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM, "no memory for the Zipf table of %lld keys",
                             (long long)c->keys);
    }
    return GYRE_OK;
}

static void events_close(void *self, struct gyre_ctx *ctx)
{
    struct events *e = self;
    blocks_fini(&e->blocks, ctx);
    if (e->zipf != NULL)
        gyre_alloc(ctx, e->zipf, 0);
    e->zipf = NULL;
}

static int32_t events_add(void *self, struct gyre_ctx *ctx, uint32_t split, const void *bytes,
                          size_t n, struct gyre_reader *position)
{
    return blocks_add(&((struct events *)self)->blocks, ctx, split, bytes, n, position);
}

static int32_t events_save(void *self, struct gyre_ctx *ctx, uint32_t split,
                           struct gyre_writer *writer)
{
    return blocks_save(&((struct events *)self)->blocks, ctx, split, writer);
}

static void write_zipf_keys(const struct events *e, int64_t *keys, uint64_t first, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        keys[i] = zipf_rank(e->zipf, (uint32_t)e->keys, row_bits(e->seed, first + i));
}

static void events_write(void *self, struct gyre_out *out, uint64_t first, uint32_t n)
{
    const struct events *e = self;
    const uint64_t n_keys = e->keys, seed = e->seed, late = e->out_of_order_us;
    int64_t *keys = GYRE_OUT(out, 0, int64_t) + out->rows;
    int64_t *values = GYRE_OUT(out, 1, int64_t) + out->rows;
    int64_t *times = GYRE_OUT(out, 2, int64_t) + out->rows;
    GYRE_IVDEP
    for (uint32_t i = 0; i < n; i++) {
        uint64_t bits = row_bits(seed, first + i), more = more_bits(bits);
        keys[i] = scale(bits >> 32, n_keys);
        values[i] = scale(more & UINT32_MAX, VALUES);
        times[i] = (int64_t)(first + i) - scale(more >> 32, late);
    }
    if (e->zipf != NULL)
        write_zipf_keys(e, keys, first, n);
    if (out->time != NULL && out->time + out->rows != times)
        memcpy(out->time + out->rows, times, n * sizeof *times);
}

static int32_t events_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    struct events *e = self;
    int32_t code = blocks_poll(&e->blocks, ctx, poll, events_write, e);
    int64_t watermark_us = (int64_t)blocks_next(&e->blocks) - (int64_t)e->out_of_order_us;
    if (code == GYRE_OK && watermark_us > e->watermark_us) {
        e->watermark_us = watermark_us;
        gyre_watermark(ctx, watermark_us);
    }
    return code;
}

static const struct gyre_option options[] = {
    GYRE_OPT_RANGE(struct events_config, keys, INT, "1000", 1, 4294967296, NULL,
                   "how many different keys there are"),
    GYRE_OPT_RANGE(struct events_config, count, INT, "0", 0, INT64_MAX, "rows",
                   "how many rows to put out; 0: endless"),
    GYRE_OPT(struct events_config, seed, INT, "0", 0, "another seed gives other rows"),
    GYRE_OPT_RANGE(struct events_config, zipf, FLOAT, "0", 0, 10, NULL,
                   "the exponent of Zipf's distribution of keys; 0: uniform"),
    GYRE_OPT_RANGE(struct events_config, rate, FLOAT, "0", 0, 1000000000, "rows/s",
                   "rows per second over all tasks; 0: as fast as it goes"),
    GYRE_OPT_RANGE(struct events_config, out_of_order, DURATION, "0us", 0, 4294967295, NULL,
                   "rows are out of order by less than this"),
};

static const struct gyre_field fields[] = {GYRE_FIELD(i64, "key", 0), GYRE_FIELD(i64, "value", 0),
                                           GYRE_FIELD(time, "time", 0)};
static const struct gyre_port output = GYRE_PORT("out", 0, fields, 3, "the events");

const struct gyre_operator gyre_op_events = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "events",
    .doc = "Puts out keyed events with event times, made from a seed.",
    .flags = GYRE_SETS_TIME,
    .config_size = sizeof(struct events_config),
    .instance_size = sizeof(struct events),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .outputs = &output,
    .n_outputs = 1,
    .bind = events_bind,
    .open = events_open,
    .close = events_close,
    .discover = blocks_discover,
    .add_split = events_add,
    .poll = events_poll,
    .save_split = events_save,
};
