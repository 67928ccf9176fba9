/* Refused: a state struct with a pointer that no member covers. */
#include <gyre/gyre.h>

static int32_t process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    return 0;
}

static const struct gyre_port in[] = {GYRE_PORT("in", GYRE_PORT_ALL, NULL, 0, "rows")};

struct seen {
    int64_t n;
    char *pointer;
};

static const struct gyre_member members[] = {{"n", GYRE_TYPE_i64, GYRE_OFFSET_NATURAL}};
static const struct gyre_state_type seen = {
    .size = sizeof(struct gyre_state_type),
    .version = 1,
    .name = "seen",
    .value_size = sizeof(struct seen),
    .value_align = 8,
    .members = members,
    .n_members = 1,
};
static const struct gyre_state states[] = {GYRE_STATE("seen", VALUE, &seen, "rows seen")};

static const struct gyre_operator gyre_op_drop = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SINK,
    .name = "drop",
    .doc = "Drops rows.",
    .inputs = in,
    .n_inputs = 1,
    .states = states,
    .n_states = 1,
    .process = process,
};

GYRE_PLUGIN(state_pointer, "1.0", GYRE_OP(drop))
