/* plugins/std/pass.c: puts out what comes in. Its port is aligned and passes all fields on by
 * reference, so that there is nothing to do for a batch. */
#include "pass.h"

static int32_t pass_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    return GYRE_OK;
}

static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "any rows");
static const struct gyre_port output =
    GYRE_PORT("out", GYRE_PORT_ALIGNED | GYRE_PORT_PASS_REST, NULL, 0, "the same rows");

const struct gyre_operator gyre_op_pass = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "pass",
    .doc = "Puts out what comes in.",
    .flags = GYRE_MASK_AWARE,
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .process = pass_process,
};
