/* stocks: prices that walk at random and how often their symbols are mentioned, made from seeds; how far apart
 * two prices are; and whether warnings and mentions go together.
 *
 * Price i of a symbol depends on (seed, symbol, i) and the one before alone, in whole cents: the same rows on
 * every machine. The position in a snapshot is u64 how many were put out, i64 the last price in cents. */
#include <gyre/gyre.h>

#include <math.h>
#include <string.h>

struct prices_config {
    const char *symbol;
    double from;
    int64_t count;
    int64_t interval;
    int64_t seed;
    int64_t step;
};

struct prices {
    uint64_t next;
    int64_t cents;
};

static uint64_t stir(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static uint64_t seed_of(const struct prices_config *c)
{
    uint64_t hash = stir((uint64_t)c->seed);
    for (const char *p = c->symbol; *p != '\0'; p++)
        hash = stir(hash ^ (uint8_t)*p);
    return hash;
}

static int32_t prices_discover(const void *config, struct gyre_splits *splits)
{
    (void)config;
    return splits->add(splits, "", 0);
}

static int32_t prices_add_split(void *self, struct gyre_ctx *ctx, uint32_t split, const void *bytes,
                                size_t n, struct gyre_reader *position)
{
    struct prices *p = self;
    const struct prices_config *c = ctx->config;
    (void)split, (void)bytes, (void)n;
    p->cents = (int64_t)(c->from * 100 + 0.5);
    if (position == NULL)
        return GYRE_OK;
    p->next = gyre_read_u64(position);
    p->cents = gyre_read_i64(position);
    return position->error;
}

static int32_t prices_save_split(void *self, struct gyre_ctx *ctx, uint32_t split,
                                 struct gyre_writer *writer)
{
    const struct prices *p = self;
    (void)ctx, (void)split;
    gyre_write_u64(writer, p->next);
    gyre_write_i64(writer, p->cents);
    return writer->error;
}

/* The next price: up or down by at most `step` hundredths of a percent, and never below a cent. */
static void walk(struct prices *p, const struct prices_config *c, uint64_t seed)
{
    int64_t width = 2 * c->step + 1;
    int64_t by = (int64_t)(stir(seed + p->next) % (uint64_t)width) - c->step;
    if (p->next > 0)
        p->cents += p->cents / 100 * by / 100;
    if (p->cents < 1)
        p->cents = 1;
}

static int32_t prices_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    struct prices *p = self;
    const struct prices_config *c = ctx->config;
    struct gyre_out *out = ctx->outputs[0];
    uint64_t seed = seed_of(c);
    int64_t time_us = INT64_MIN;
    uint32_t left = poll->budget;
    for (; left > 0 && p->next < (uint64_t)c->count; left--) {
        walk(p, c, seed);
        time_us = (int64_t)p->next++ * c->interval;
        uint32_t row = gyre_out_row(out, time_us);
        GYRE_OUT(out, 0, struct gyre_str)
        [row] = gyre_out_str(out, c->symbol, (uint32_t)strlen(c->symbol));
        GYRE_OUT(out, 1, double)[row] = (double)p->cents / 100;
        GYRE_OUT(out, 2, int64_t)[row] = time_us;
    }
    if (time_us != INT64_MIN)
        gyre_watermark(ctx, time_us);
    if (left > 0)
        poll->status = GYRE_POLL_SPLIT;
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct prices_config, symbol, STRING, NULL, GYRE_REQUIRED, "what the prices are of"),
    GYRE_OPT_RANGE(struct prices_config, from, FLOAT, "1000", 1, 1000000, NULL, "the first price"),
    GYRE_OPT_RANGE(struct prices_config, count, INT, "240", 0, 1000000000, "rows",
                   "how many prices"),
    GYRE_OPT_RANGE(struct prices_config, interval, DURATION, "500ms", 1, 86400000000, NULL,
                   "event time from one price to the next; the first is of the time 0"),
    GYRE_OPT(struct prices_config, seed, INT, "0", 0, "another seed gives other prices"),
    GYRE_OPT_RANGE(struct prices_config, step, INT, "150", 0, 10000, "0.01 %",
                   "the most by which a price differs from the one before"),
};

static const struct gyre_field fields[] = {
    GYRE_FIELD(str, "symbol", 0), GYRE_FIELD(f64, "price", 0), GYRE_FIELD(time, "time", 0)};
static const struct gyre_port output = GYRE_PORT("out", 0, fields, 3, "the prices");

static const struct gyre_operator gyre_op_prices = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "prices",
    .doc = "Puts out the prices of one symbol, a random walk made from a seed.",
    .flags = GYRE_SETS_TIME,
    .config_size = sizeof(struct prices_config),
    .instance_size = sizeof(struct prices),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .outputs = &output,
    .n_outputs = 1,
    .discover = prices_discover,
    .add_split = prices_add_split,
    .poll = prices_poll,
    .save_split = prices_save_split,
};

/* ---- stocks.mentions ---- */

/* Mention i comes somewhere in the i-th interval. Some are skipped, so that there are not as many each time. */
static int32_t mentions_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    struct prices *p = self;
    const struct prices_config *c = ctx->config;
    struct gyre_out *out = ctx->outputs[0];
    uint64_t seed = seed_of(c);
    uint32_t left = poll->budget;
    for (; left > 0 && p->next < (uint64_t)c->count; left--, p->next++) {
        uint64_t random = stir(seed + p->next);
        int64_t time_us =
            (int64_t)p->next * c->interval + (int64_t)(random % (uint64_t)c->interval);
        if (random >> 62 == 0)
            continue;
        uint32_t row = gyre_out_row(out, time_us);
        GYRE_OUT(out, 0, struct gyre_str)
        [row] = gyre_out_str(out, c->symbol, (uint32_t)strlen(c->symbol));
        GYRE_OUT(out, 1, int64_t)[row] = time_us;
    }
    gyre_watermark(ctx, (int64_t)p->next * c->interval);
    if (left > 0)
        poll->status = GYRE_POLL_SPLIT;
    return GYRE_OK;
}

static const struct gyre_option mentions_options[] = {
    GYRE_OPT(struct prices_config, symbol, STRING, NULL, GYRE_REQUIRED, "what is mentioned"),
    GYRE_OPT_RANGE(struct prices_config, count, INT, "100", 0, 1000000000, NULL,
                   "how many intervals"),
    GYRE_OPT_RANGE(struct prices_config, interval, DURATION, "1.2s", 1, 86400000000, NULL,
                   "event time in which there is one mention, or none"),
    GYRE_OPT(struct prices_config, seed, INT, "0", 0, "another seed gives other mentions"),
};

static const struct gyre_field mentions_fields[] = {GYRE_FIELD(str, "symbol", 0),
                                                    GYRE_FIELD(time, "time", 0)};
static const struct gyre_port mentions_output = GYRE_PORT("out", 0, mentions_fields, 2, "mentions");

static const struct gyre_operator gyre_op_mentions = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "mentions",
    .doc = "Puts out when a symbol is mentioned, made from a seed.",
    .flags = GYRE_SETS_TIME,
    .config_size = sizeof(struct prices_config),
    .instance_size = sizeof(struct prices),
    .options = mentions_options,
    .n_options = sizeof mentions_options / sizeof mentions_options[0],
    .outputs = &mentions_output,
    .n_outputs = 1,
    .discover = prices_discover,
    .add_split = prices_add_split,
    .poll = mentions_poll,
    .save_split = prices_save_split,
};

/* ---- stocks.correlation ---- */

#define COUNTS(F, N) N(i64, warnings) N(i64, mentions)
GYRE_RECORD(counts, COUNTS)

#define SUMS(F, N) F(i64, n) F(f64, x) F(f64, y) F(f64, xx) F(f64, xy) F(f64, yy)
GYRE_STATE_RECORD(sums, 1, SUMS)

#define CORRELATION(F, N) N(f64, correlation)
GYRE_RECORD(correlation, CORRELATION)

/* What is null is 0: a symbol without warnings, or that nobody has mentioned. */
static void correlation_add(struct sums *sums, const struct counts *counts)
{
    double x = (double)counts->warnings, y = (double)counts->mentions;
    sums->n++;
    sums->x += x;
    sums->y += y;
    sums->xx += x * x;
    sums->xy += x * y;
    sums->yy += y * y;
}

static void correlation_merge(struct sums *into, const struct sums *from)
{
    into->n += from->n;
    into->x += from->x;
    into->y += from->y;
    into->xx += from->xx;
    into->xy += from->xy;
    into->yy += from->yy;
}

static void correlation_result(const struct sums *s, struct correlation *out)
{
    double n = (double)s->n;
    double x = n * s->xx - s->x * s->x, y = n * s->yy - s->y * s->y;
    out->correlation_null = !(x > 0 && y > 0);
    if (!out->correlation_null)
        out->correlation = (n * s->xy - s->x * s->y) / sqrt(x * y);
}

GYRE_AGGREGATE(correlation, "How far `warnings` and `mentions` go together, from -1 to 1.", counts,
               sums, correlation, correlation_add, correlation_merge, correlation_result)

/* ---- stocks.relative ---- */

static double relative(struct gyre_ctx *ctx, const struct gyre_batch *old_rows, uint32_t a,
                       const struct gyre_batch *new_rows, uint32_t b)
{
    double from = GYRE_COLUMN(old_rows, 0, double)[a], to = GYRE_COLUMN(new_rows, 0, double)[b];
    (void)ctx;
    return from > to ? (from - to) / from : (to - from) / from;
}

static const struct gyre_field price[] = {GYRE_FIELD(f64, "price", 0)};
static const struct gyre_distance_function distance = {sizeof(struct gyre_distance_function), 0,
                                                       relative};
static const struct gyre_function gyre_fn_relative = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_DISTANCE,
    .name = "relative",
    .doc = "By how much a price has moved, as a part of the old one: 0.05 is 5 %.",
    .fields = price,
    .n_fields = 1,
    .impl = &distance,
};

GYRE_PLUGIN(stocks, "0.1.0", GYRE_OP(prices), GYRE_OP(mentions), GYRE_FN(relative),
            GYRE_FN(correlation))
