/* plugins/learn/weights.c: logistic regression while examples stream, the head of a loop without rounds: the
 * weights of the model, each in the task that has its key.
 *
 *     examples ──> weights ──> feature, weight        example, loss, correct
 *                   ^  └─── terms ───> train ──────────────┘
 *                   └────── steps ───────┘
 *
 * A feature of an example goes on with what it says by its weight at hand. When all features of an example have
 * come together, train knows how wrong the model was, and tells each weight. Nobody waits for that: other
 * examples are on their way meanwhile, and see weights that are a little old.
 *
 * A weight moves against the slope that it is told, the less the more it has moved (AdaGrad). */
#include "weights.h"
#include "messages.h"

#include <math.h>

enum { OUT, TERMS };

struct weights_config {
    double rate;
};

#define WEIGHT(F, N) F(bool, known) F(f64, weight) F(f64, squares)
GYRE_STATE_RECORD(weight, 1, WEIGHT)

#define MODEL(F, N) F(i64, feature) F(f64, weight)
GYRE_RECORD(model, MODEL)

static void learn(const struct weights_config *c, double slope, struct weight *weight)
{
    weight->squares += slope * slope;
    if (weight->squares > 0)
        weight->weight -= c->rate * slope / sqrt(weight->squares);
}

static void ask(const struct step *step, const struct weight *weight, struct gyre_emit *emit)
{
    term_emit(emit, &(struct term){.example = step->example,
                                   .feature = step->feature,
                                   .features = step->features,
                                   .label = step->label,
                                   .value = step->value,
                                   .term = weight->weight * step->value});
}

static int32_t weights_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    void *weights[GYRE_BATCH_ROWS];
    struct step_in columns = step_columns(in);
    struct gyre_emit emit = {.out = ctx->outputs[TERMS]};
    int32_t code = gyre_state_slots(ctx, 0, in, weights);
    (void)self;
    GYRE_ROWS(in, row)
    {
        struct step step = step_load(&columns, row);
        struct weight *weight = code == GYRE_OK ? weights[row] : NULL;
        if (code != GYRE_OK)
            return code;
        if (!weight->known)
            code = gyre_timer_set(ctx, in, row, GYRE_CLOCK_EVENT, INT64_MAX, 0);
        weight->known = 1;
        emit.time = gyre_row_time(in, row);
        if (step.example_null)
            learn(ctx->config, step.value, weight);
        else
            ask(&step, weight, &emit);
    }
    return code;
}

static int32_t weights_on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    void *weights[GYRE_BATCH_ROWS];
    const int64_t *features = GYRE_COLUMN(due->keys, 0, int64_t);
    struct gyre_emit emit = {.out = ctx->outputs[OUT], .time = INT64_MAX};
    int32_t code = gyre_state_slots(ctx, 0, due->keys, weights);
    (void)self;
    GYRE_ROWS(due->keys, i)
    {
        if (code == GYRE_OK)
            model_emit(&emit, &(struct model){features[i], ((struct weight *)weights[i])->weight});
    }
    return code;
}

static int32_t weights_bind(void *config, struct gyre_bind *bind)
{
    (void)config;
    return need_key(bind, "feature");
}

static const struct gyre_option options[] = {
    GYRE_OPT_RANGE(struct weights_config, rate, FLOAT, "0.5", 0, 1000, NULL,
                   "how far a weight moves with the first example"),
};
static const struct gyre_port input =
    GYRE_PORT("in", 0, step_fields, step_n_fields, "features of examples, and slopes");
static const struct gyre_port outputs[] = {
    [OUT] = GYRE_PORT("out", 0, model_fields, model_n_fields,
                      "at the end of input each feature and its weight"),
    [TERMS] = GYRE_PORT("terms", 0, term_fields, term_n_fields,
                        "features with what they say, for learn.train"),
};
static const struct gyre_state states[] = {
    GYRE_STATE("weight", VALUE, &weight_type, "the weight, and how far it has moved"),
};

const struct gyre_operator gyre_op_weights = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "weights",
    .doc = "Keeps the weights of a model that learns: the head of the loop, keyed by `feature`.",
    .flags = GYRE_MASK_AWARE | GYRE_NEEDS_KEY,
    .config_size = sizeof(struct weights_config),
    .options = options,
    .n_options = 1,
    .inputs = &input,
    .n_inputs = 1,
    .outputs = outputs,
    .n_outputs = 2,
    .states = states,
    .n_states = 1,
    .needs = GYRE_FEATURE_STATE | GYRE_FEATURE_TIMERS,
    .bind = weights_bind,
    .process = weights_process,
    .on_timer = weights_on_timer,
};
