/* Refused: an option has a type that nobody knows. */
#include <gyre/gyre.h>

static int32_t process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    return 0;
}

static const struct gyre_port in[] = {GYRE_PORT("in", GYRE_PORT_ALL, NULL, 0, "rows")};

struct config {
    int64_t count;
};

static const struct gyre_option options[] = {
    {sizeof(struct gyre_option), 99, "count", "?", NULL, NULL, NULL, 0, 0, 0, 0, NULL, 0, 0},
};

static const struct gyre_operator gyre_op_drop = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SINK,
    .name = "drop",
    .doc = "Drops rows.",
    .inputs = in,
    .n_inputs = 1,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .config_size = sizeof(struct config),
    .process = process,
};

GYRE_PLUGIN(option_type, "1.0", GYRE_OP(drop))
