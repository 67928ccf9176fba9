/* Wrong: a field that is not there is taken for the first one. */
#include "mutant.h"

struct config {
    const char *field;
};

static int32_t take_first(void *config, struct gyre_bind *bind)
{
    const struct config *c = config;
    int32_t at = gyre_schema_find(bind->inputs[0], c->field);
    const struct gyre_field *field = gyre_schema_field(bind->inputs[0], at < 0 ? 0 : (uint32_t)at);
    int32_t code = bind->read(bind, 0, field->name, "field");
    if (code >= 0)
        code = bind->pass_all(bind, 0);
    return code < 0 ? code : GYRE_OK;
}

static int32_t nothing(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct config, field, FIELD, NULL, GYRE_REQUIRED, "the field"),
};
static const struct gyre_port any_in = GYRE_PORT("in", 0, NULL, 0, "rows");
static const struct gyre_port same_out = GYRE_PORT("out", GYRE_PORT_ALIGNED, NULL, 0, "rows");

static const struct gyre_operator gyre_op_op = {.size = sizeof(struct gyre_operator),
                                                .kind = GYRE_TRANSFORM,
                                                .name = "op",
                                                .doc = "Gets one thing wrong.",
                                                .flags = GYRE_MASK_AWARE,
                                                .config_size = sizeof(struct config),
                                                .options = options,
                                                .n_options = 1,
                                                .inputs = &any_in,
                                                .n_inputs = 1,
                                                .outputs = &same_out,
                                                .n_outputs = 1,
                                                .bind = take_first,
                                                .process = nothing};

GYRE_PLUGIN(mutant_desc_unknown, "1.0", GYRE_OP(op))
