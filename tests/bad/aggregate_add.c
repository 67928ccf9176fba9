/* Refused: an aggregate without an add callback. */
#include <gyre/gyre.h>

static const struct gyre_aggregate impl = {.size = sizeof(struct gyre_aggregate)};
static const struct gyre_function gyre_fn_total = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_AGGREGATE,
    .name = "total",
    .doc = "Adds up.",
    .impl = &impl,
};

GYRE_PLUGIN(aggregate_add, "1.0", GYRE_FN(total))
