/* Refused: a sink without a process callback. */
#include <gyre/gyre.h>

static const struct gyre_port in[] = {GYRE_PORT("in", GYRE_PORT_ALL, NULL, 0, "rows")};

static const struct gyre_operator gyre_op_drop = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SINK,
    .name = "drop",
    .doc = "Drops rows.",
    .inputs = in,
    .n_inputs = 1,
};

GYRE_PLUGIN(no_process, "1.0", GYRE_OP(drop))
