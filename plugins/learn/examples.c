/* plugins/learn/examples.c: examples of two classes, made from a seed: the same rows on every machine.
 *
 * Feature 0 of an example is 1, the others are between -1 and 1. By the seed there are true weights; with the
 * sum z of weight times value an example is of the class `true` with the probability 1 / (1 + exp(-z)). So no
 * model knows all classes. The position in a snapshot is u64, how many examples were put out. */
#include "examples.h"
#include "messages.h"

#include <math.h>

struct examples_config {
    int64_t count;
    int64_t features;
    int64_t seed;
    double rate;
};

struct examples {
    uint64_t next;
    uint64_t first; /* of this run */
    int64_t start_us;
};

static uint64_t stir(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

/* From 0 to 1, by three numbers. */
static double random_of(const struct examples_config *c, uint64_t example, uint64_t what)
{
    uint64_t bits = stir(stir(stir((uint64_t)c->seed) + example) + what);
    return (double)(bits >> 11) / 9007199254740992.0;
}

static double true_weight(const struct examples_config *c, uint64_t feature)
{
    return 8 * random_of(c, UINT64_MAX, feature) - 4;
}

static double value_of(const struct examples_config *c, uint64_t example, uint64_t feature)
{
    return feature == 0 ? 1 : 2 * random_of(c, example, feature) - 1;
}

static int32_t examples_discover(const void *config, struct gyre_splits *splits)
{
    (void)config;
    return splits->add(splits, "", 0);
}

static int32_t examples_add_split(void *self, struct gyre_ctx *ctx, uint32_t split,
                                  const void *bytes, size_t n, struct gyre_reader *position)
{
    struct examples *e = self;
    (void)split, (void)bytes, (void)n;
    e->next = e->first = position != NULL ? gyre_read_u64(position) : 0;
    e->start_us = gyre_now(ctx);
    return position != NULL ? position->error : GYRE_OK;
}

static int32_t examples_save_split(void *self, struct gyre_ctx *ctx, uint32_t split,
                                   struct gyre_writer *writer)
{
    (void)ctx, (void)split;
    gyre_write_u64(writer, ((struct examples *)self)->next);
    return writer->error;
}

static void put_example(struct gyre_ctx *ctx, uint64_t example)
{
    const struct examples_config *c = ctx->config;
    struct gyre_emit emit = {.out = ctx->outputs[0], .time = GYRE_NO_TIME};
    uint64_t n = (uint64_t)c->features;
    double z = 0;
    for (uint64_t f = 0; f < n; f++)
        z += true_weight(c, f) * value_of(c, example, f);
    struct step step = {.example = (int64_t)example,
                        .features = c->features,
                        .label = random_of(c, example, n) < 1 / (1 + exp(-z))};
    for (uint64_t f = 0; f < n; f++) {
        step.feature = (int64_t)f;
        step.value = value_of(c, example, f);
        step_emit(&emit, &step);
    }
}

/* How many may have been put out by now; else the time at which there may be one more. */
static uint64_t due(const struct examples *e, const struct examples_config *c, int64_t now_us,
                    int64_t *wake_us)
{
    uint64_t count = (uint64_t)c->count;
    if (c->rate <= 0)
        return count;
    double passed = (double)(now_us - e->start_us) * c->rate / 1e6;
    *wake_us = e->start_us + (int64_t)((double)(e->next - e->first + 1) / c->rate * 1e6) + 1;
    return passed < (double)(count - e->first) ? e->first + (uint64_t)passed : count;
}

static int32_t examples_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    struct examples *e = self;
    const struct examples_config *c = ctx->config;
    uint64_t until = due(e, c, gyre_now(ctx), &poll->wake_us);
    int64_t left = poll->budget;
    if (e->next >= until && e->next < (uint64_t)c->count)
        poll->status = GYRE_POLL_IDLE;
    for (; left > 0 && e->next < until; left -= c->features)
        put_example(ctx, e->next++);
    if (e->next >= (uint64_t)c->count)
        poll->status = GYRE_POLL_SPLIT;
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT_RANGE(struct examples_config, count, INT, "20000", 0, 1000000000, NULL,
                   "how many examples"),
    GYRE_OPT_RANGE(struct examples_config, features, INT, "8", 1, 1000, NULL,
                   "how many features an example has"),
    GYRE_OPT(struct examples_config, seed, INT, "0", 0, "another seed gives other examples"),
    GYRE_OPT_RANGE(struct examples_config, rate, FLOAT, "0", 0, 1000000000, "examples/s",
                   "how many in a second; 0: as fast as it goes"),
};
static const struct gyre_port output =
    GYRE_PORT("out", 0, step_fields, step_n_fields, "a row for each feature of each example");

const struct gyre_operator gyre_op_examples = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "examples",
    .doc = "Puts out examples of two classes to learn from, made from a seed.",
    .config_size = sizeof(struct examples_config),
    .instance_size = sizeof(struct examples),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .outputs = &output,
    .n_outputs = 1,
    .discover = examples_discover,
    .add_split = examples_add_split,
    .poll = examples_poll,
    .save_split = examples_save_split,
};
