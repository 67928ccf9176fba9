/* plugins/std/split.h: std.split, rows to ports by the value of a field. */
#ifndef GYRE_PLUGIN_STD_SPLIT_H
#define GYRE_PLUGIN_STD_SPLIT_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_split;

#endif
