/* plugins/std/null.c: a sink that drops rows. It reads no field, so none is carried to it; the host
 * counts the rows. */
#include "null.h"

static int32_t null_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    return GYRE_OK;
}

static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "any rows");

const struct gyre_operator gyre_op_null = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SINK,
    .name = "null",
    .doc = "Drops rows; they are counted.",
    .flags = GYRE_MASK_AWARE,
    .inputs = &input,
    .n_inputs = 1,
    .process = null_process,
};
