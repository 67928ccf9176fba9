/* plugins/gen/events.c: keyed events, made from a seed.
 *
 * Row i is a function of (seed, i) alone: its hash, stirred a little more for each, gives its
 * key, its value and its delay. Its event time is i microseconds less the delay, so that rows are
 * out of order by less than `out_of_order`, and the watermark follows i - `out_of_order`.
 *
 *   key    uniform in 0 ... keys - 1, or of Zipf's distribution (key 0 is the most frequent)
 *   value  uniform in 0 ... 999
 *   time   i - (uniform in 0 ... out_of_order - 1), in us */
#include "events.h"
#include "blocks.h"
#include "hash.h"
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

/* All that a row depends on. Copied before a loop, so that it stays in registers. */
struct recipe {
    struct zipf_column *zipf; /* NULL: uniform */
    uint64_t seed;            /* spread over 64 bits */
    uint32_t keys;
    uint32_t out_of_order_us;
};

struct events {
    struct blocks blocks;
    struct recipe recipe;
    int64_t watermark_us;
};

static int32_t events_bind(void *config, struct gyre_bind *bind)
{
    const struct events_config *c = config;
    if (c->zipf > 0 && c->keys > ZIPF_KEYS_MAX)
        return gyre_bind_fail(bind, GYRE_EINVAL, "keys", "with `zipf` at most %d keys",
                              ZIPF_KEYS_MAX);
    return c->count == 0 ? bind->set_flags(bind, GYRE_UNBOUNDED) : GYRE_OK;
}

static int32_t events_open(void *self, struct gyre_ctx *ctx)
{
    struct events *e = self;
    const struct events_config *c = ctx->config;
    e->blocks.rows = c->count > 0 ? (uint64_t)c->count : (uint64_t)INT64_MAX;
    e->blocks.rate = c->rate;
    e->recipe.keys = (uint32_t)c->keys;
    e->recipe.seed = ((uint64_t)c->seed + 1) * 0x9e3779b97f4a7c15u;
    e->recipe.out_of_order_us = (uint32_t)c->out_of_order;
    e->watermark_us = INT64_MIN;
    if (c->zipf > 0) {
        e->recipe.zipf = zipf_new(ctx, (uint32_t)c->keys, c->zipf);
        if (e->recipe.zipf == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM, "no memory for the Zipf table of %lld keys",
                             (long long)c->keys);
    }
    return GYRE_OK;
}

static void events_close(void *self, struct gyre_ctx *ctx)
{
    struct events *e = self;
    blocks_fini(&e->blocks, ctx);
    if (e->recipe.zipf != NULL)
        gyre_alloc(ctx, e->recipe.zipf, 0);
    e->recipe.zipf = NULL;
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

/* Where LANES rows go. */
struct columns {
    int64_t *keys;
    int64_t *values;
    int64_t *times;
};

/* Makes the rows `number`; with Zipf's distribution the keys are random bits still. */
static inline void make_rows(const struct recipe *r, const struct columns *to, lanes number)
{
    lanes for_key = random_bits(plus(number, lanes_of(r->seed)));
    lanes for_value = stir(for_key, 0xd35a2d97);
    store(to->values, scale(for_value, VALUES));
    store(to->keys, scale(for_key, r->keys));
    store(to->times, number);
    if (r->zipf == NULL && r->out_of_order_us == 0)
        return;
    lanes for_delay = stir(for_value, 0xc2b2ae3d);
    store(to->times, minus(number, scale(for_delay, r->out_of_order_us)));
    if (r->zipf != NULL)
        store(to->keys, low_and_high(stir(for_delay, 0x85ebca6b), for_key));
}

static void events_write(void *self, struct gyre_out *out, uint64_t first, uint32_t n)
{
    const struct recipe recipe = ((const struct events *)self)->recipe;
    int64_t *keys = GYRE_OUT(out, 0, int64_t) + out->rows;
    int64_t *values = GYRE_OUT(out, 1, int64_t) + out->rows;
    int64_t *times = GYRE_OUT(out, 2, int64_t) + out->rows;
    lanes number = lanes_from(first);
    uint32_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        make_rows(&recipe, &(struct columns){keys + i, values + i, times + i}, number);
        number = plus(number, lanes_of(LANES));
    }
    for (; i < n; i++) {
        int64_t spare[3][LANES];
        make_rows(&recipe, &(struct columns){spare[0], spare[1], spare[2]}, number);
        keys[i] = spare[0][0];
        values[i] = spare[1][0];
        times[i] = spare[2][0];
    }
    for (i = 0; recipe.zipf != NULL && i < n; i++)
        keys[i] = zipf_rank(recipe.zipf, recipe.keys, (uint64_t)keys[i]);
    if (out->time != NULL && out->time + out->rows != times)
        memcpy(out->time + out->rows, times, n * sizeof *times);
}

static int32_t events_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    struct events *e = self;
    int32_t code = blocks_poll(&e->blocks, ctx, poll, events_write, e);
    int64_t watermark_us = (int64_t)blocks_next(&e->blocks) - (int64_t)e->recipe.out_of_order_us;
    if (code == GYRE_OK && watermark_us > e->watermark_us) {
        e->watermark_us = watermark_us;
        gyre_watermark(ctx, watermark_us);
    }
    return code;
}

static const struct gyre_option options[] = {
    GYRE_OPT_RANGE(struct events_config, keys, INT, "1000", 1, UINT32_MAX, NULL,
                   "how many different keys there are"),
    GYRE_OPT_RANGE(struct events_config, count, INT, "0", 0, INT64_MAX, "rows",
                   "how many rows to put out; 0: endless"),
    GYRE_OPT(struct events_config, seed, INT, "0", 0, "another seed gives other rows"),
    GYRE_OPT_RANGE(struct events_config, zipf, FLOAT, "0", 0, 10, NULL,
                   "the exponent of Zipf's distribution of keys; 0: uniform"),
    GYRE_OPT_RANGE(struct events_config, rate, FLOAT, "0", 0, 1000000000, "rows/s",
                   "rows per second over all tasks; 0: as fast as it goes"),
    GYRE_OPT_RANGE(struct events_config, out_of_order, DURATION, "0us", 0, UINT32_MAX, NULL,
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
