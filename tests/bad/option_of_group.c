/* Refused: an option of a group names what the operator writes, which only an option of its own can. */
#include <gyre/gyre.h>

static int32_t process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    return 0;
}

static const struct gyre_port in[] = {GYRE_PORT("in", GYRE_PORT_ALL, NULL, 0, "rows")};

struct member {
    const char *path;
};

struct config {
    struct gyre_groups groups;
};

static const struct gyre_option members[] = {
    GYRE_OPT(struct member, path, PATH, NULL, GYRE_OF_STATE, "the file"),
};
static const struct gyre_option options[] = {
    GYRE_OPT_GROUPS(struct config, groups, members, 1, struct member, 0, "some"),
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

GYRE_PLUGIN(option_of_group, "1.0", GYRE_OP(drop))
