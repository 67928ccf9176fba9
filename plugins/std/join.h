/* plugins/std/join.h: std.join, rows of two streams with one key, in windows or all. */
#ifndef GYRE_PLUGIN_STD_JOIN_H
#define GYRE_PLUGIN_STD_JOIN_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_join;

#endif
