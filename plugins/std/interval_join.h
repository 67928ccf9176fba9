/* plugins/std/interval_join.h: std.interval_join, rows of two streams with one key that are near in time. */
#ifndef GYRE_PLUGIN_STD_INTERVAL_JOIN_H
#define GYRE_PLUGIN_STD_INTERVAL_JOIN_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_interval_join;

#endif
