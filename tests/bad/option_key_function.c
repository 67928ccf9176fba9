/* Refused: a source has an option that is a key function, and no input to compute it from. */
#include <gyre/gyre.h>

static int32_t discover(const void *config, struct gyre_splits *splits)
{
    (void)config, (void)splits;
    return 0;
}

static int32_t add_split(void *self, struct gyre_ctx *ctx, uint32_t split, const void *bytes,
                         size_t n, struct gyre_reader *position)
{
    (void)self, (void)ctx, (void)split, (void)bytes, (void)n, (void)position;
    return 0;
}

static int32_t poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll_)
{
    (void)self, (void)ctx, (void)poll_;
    return 0;
}

static const struct gyre_port out[] = {GYRE_PORT("out", 0, NULL, 0, "rows")};

struct config {
    const char *fn;
};

static const struct gyre_option options[] = {
    GYRE_OPT(struct config, fn, KEY_FUNCTION, NULL, 0, "computes it"),
};

static const struct gyre_operator gyre_op_make = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "make",
    .doc = "Makes rows.",
    .outputs = out,
    .n_outputs = 1,
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .config_size = sizeof(struct config),
    .discover = discover,
    .add_split = add_split,
    .poll = poll,
};

GYRE_PLUGIN(option_key_function, "1.0", GYRE_OP(make))
