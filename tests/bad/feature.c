/* Refused: an operator that needs a feature that no host has. */
#include <gyre/gyre.h>

static int32_t process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    return 0;
}

static const struct gyre_port in[] = {GYRE_PORT("in", GYRE_PORT_ALL, NULL, 0, "rows")};

static const struct gyre_operator gyre_op_drop = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SINK,
    .name = "drop",
    .doc = "Drops rows.",
    .inputs = in,
    .n_inputs = 1,
    .needs = 1ull << 40,
    .process = process,
};

GYRE_PLUGIN(feature, "1.0", GYRE_OP(drop))
