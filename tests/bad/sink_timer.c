/* Refused: a sink that waits for timers. */
#include <gyre/gyre.h>

static int32_t process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    return 0;
}

static int32_t on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    (void)self, (void)ctx, (void)due;
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
    .process = process,
    .on_timer = on_timer,
};

GYRE_PLUGIN(sink_timer, "1.0", GYRE_OP(drop))
