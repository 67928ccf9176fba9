/* plugins/learn/train.c: what the examples say of the weights; see weights.c.
 *
 * An example waits until all of its features have come. Then the model's word on it is there, which is
 * judged before the model learns from it: so the losses put out are those of examples that it had not seen. */
#include "train.h"
#include "messages.h"

#include <math.h>

enum { OUT, STEPS };
enum { EXAMPLE, FEATURES };

#define EXAMPLE_STATE(F, N) F(i64, come) F(f64, z)
GYRE_STATE_RECORD(example, 1, EXAMPLE_STATE)

#define FEATURE(F, N) F(i64, feature) F(f64, value)
GYRE_STATE_RECORD(feature, 1, FEATURE)

#define JUDGED(F, N) F(i64, example) F(f64, loss) F(f64, correct)
GYRE_RECORD(judged, JUDGED)

/* ln(1 + exp(-z)) of what was to be said, without a step too large for numbers. */
static double loss_of(double z, int label)
{
    double m = label ? z : -z;
    return m > 0 ? log1p(exp(-m)) : log1p(exp(m)) - m;
}

static void judge(const struct gyre_batch *in, uint32_t row, const struct term *term,
                  const struct example *example, struct gyre_ctx *ctx)
{
    struct gyre_emit emit = {.out = ctx->outputs[OUT], .time = gyre_row_time(in, row)};
    judged_emit(&emit, &(struct judged){.example = term->example,
                                        .loss = loss_of(example->z, term->label),
                                        .correct = (example->z > 0) == (term->label != 0)});
}

/* How the loss changes with each weight. */
static void teach(const struct gyre_batch *in, uint32_t row, const struct term *term,
                  const struct example *example, struct gyre_list *features, struct gyre_ctx *ctx)
{
    struct gyre_emit emit = {.out = ctx->outputs[STEPS], .time = gyre_row_time(in, row)};
    double error = 1 / (1 + exp(-example->z)) - (term->label ? 1 : 0);
    uint64_t n = gyre_list_count(ctx, features);
    for (uint64_t i = 0; i < n; i++) {
        const struct feature *f = gyre_list_at(ctx, features, i);
        step_emit(&emit, &(struct step){
                             .feature = f->feature, .example_null = 1, .value = error * f->value});
    }
}

static int32_t take(struct gyre_ctx *ctx, const struct term *term, struct example *example,
                    struct gyre_list *features)
{
    struct feature *feature = gyre_list_add(ctx, features);
    if (feature == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for an example");
    *feature = (struct feature){term->feature, term->value};
    example->come++;
    example->z += term->term;
    return GYRE_OK;
}

/* Removes the examples that were whole, unless more has come under their numbers. */
static void forget(struct gyre_ctx *ctx, const struct gyre_batch *in, void *const *examples,
                   uint32_t *rows, uint32_t n)
{
    uint32_t n_gone = 0;
    for (uint32_t i = 0; i < n; i++)
        if (((const struct example *)examples[rows[i]])->come == 0)
            rows[n_gone++] = rows[i];
    for (uint32_t i = 0; i < n_gone; i++) { /* slots are not valid any more behind this */
        gyre_state_remove(ctx, EXAMPLE, in, rows[i]);
        gyre_state_remove(ctx, FEATURES, in, rows[i]);
    }
}

static int32_t train_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    void *examples[GYRE_BATCH_ROWS], *features[GYRE_BATCH_ROWS];
    uint32_t whole[GYRE_BATCH_ROWS], n_whole = 0;
    struct term_in columns = term_columns(in);
    int32_t code = gyre_state_slots(ctx, EXAMPLE, in, examples);
    (void)self;
    if (code == GYRE_OK)
        code = gyre_state_slots(ctx, FEATURES, in, features);
    GYRE_ROWS(in, row)
    {
        struct term term = term_load(&columns, row);
        struct example *example = code == GYRE_OK ? examples[row] : NULL;
        if (code != GYRE_OK)
            return code;
        code = take(ctx, &term, example, features[row]);
        if (example->come != term.features)
            continue;
        judge(in, row, &term, example, ctx);
        teach(in, row, &term, example, features[row], ctx);
        *example = (struct example){0};
        gyre_list_drop(ctx, features[row], gyre_list_count(ctx, features[row]));
        whole[n_whole++] = row;
    }
    forget(ctx, in, examples, whole, n_whole);
    return code;
}

static int32_t train_bind(void *config, struct gyre_bind *bind)
{
    (void)config;
    return need_key(bind, "example");
}

static const struct gyre_port input =
    GYRE_PORT("in", 0, term_fields, term_n_fields, "features of examples with what they say");
static const struct gyre_port outputs[] = {
    [OUT] = GYRE_PORT("out", 0, judged_fields, judged_n_fields,
                      "each example: its loss, and 1 where the model knew its class, else 0"),
    [STEPS] = GYRE_PORT("steps", 0, step_fields, step_n_fields,
                        "how the loss changes with the weights: the feedback"),
};
static const struct gyre_state states[] = {
    [EXAMPLE] = GYRE_STATE("example", VALUE, &example_type, "what its features say together"),
    [FEATURES] = GYRE_STATE("features", LIST, &feature_type, "those that have come"),
};

const struct gyre_operator gyre_op_train = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "train",
    .doc = "Judges a model by each example and teaches it, keyed by `example`.",
    .flags = GYRE_MASK_AWARE | GYRE_NEEDS_KEY,
    .inputs = &input,
    .n_inputs = 1,
    .outputs = outputs,
    .n_outputs = 2,
    .states = states,
    .n_states = 2,
    .needs = GYRE_FEATURE_STATE,
    .bind = train_bind,
    .process = train_process,
};
