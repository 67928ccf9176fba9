/* plugins/std/sample.c: each row passes by a chance of its own (Bernoulli). The numbers drawn follow from the
 * job's seed and the operator's id: a run that is repeated picks the same rows of each task. */
#include "sample.h"

struct sample_config {
    double fraction;
};

static int32_t sample_bind(void *config, struct gyre_bind *bind)
{
    const struct sample_config *c = config;
    if (!(c->fraction >= 0 && c->fraction <= 1))
        return gyre_bind_fail(bind, GYRE_EINVAL, "fraction", "a fraction is from 0 to 1");
    return bind->pass_all(bind, 0);
}

static int32_t sample_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const struct sample_config *c = ctx->config;
    uint8_t *keep = ctx->outputs[0]->keep;
    (void)self;
    for (uint32_t row = 0; row < in->rows; row++)
        keep[row] = (double)(gyre_random(ctx) >> 11) * 0x1p-53 < c->fraction;
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct sample_config, fraction, FLOAT, NULL, GYRE_REQUIRED,
             "how many of the rows pass, from 0 (none) to 1 (all)"),
};
static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "any rows");
static const struct gyre_port output =
    GYRE_PORT("out", GYRE_PORT_ALIGNED | GYRE_PORT_FILTERS, NULL, 0, "some of them");

const struct gyre_operator gyre_op_sample = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "sample",
    .doc = "Passes a fraction of the rows, by chance.",
    .config_size = sizeof(struct sample_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .bind = sample_bind,
    .process = sample_process,
};
