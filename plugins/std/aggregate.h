/* plugins/std/aggregate.h: std.aggregate, several aggregates at once. */
#ifndef GYRE_PLUGIN_STD_AGGREGATE_H
#define GYRE_PLUGIN_STD_AGGREGATE_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_aggregate;

#endif
