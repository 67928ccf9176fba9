/* Refused: an output field of a type that nobody knows. */
#include <gyre/gyre.h>

static int32_t process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    return 0;
}

static const struct gyre_port in[] = {GYRE_PORT("in", GYRE_PORT_ALL, NULL, 0, "rows")};

static const struct gyre_field fields[] = {{sizeof(struct gyre_field), 42, "value", 0, 0}};
static const struct gyre_port out[] = {GYRE_PORT("out", 0, fields, 1, "rows")};
static const struct gyre_operator gyre_op_drop = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "drop",
    .doc = "Drops rows.",
    .inputs = in,
    .n_inputs = 1,
    .outputs = out,
    .n_outputs = 1,
    .process = process,
};

GYRE_PLUGIN(field_type, "1.0", GYRE_OP(drop))
