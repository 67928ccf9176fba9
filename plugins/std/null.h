/* plugins/std/null.h: std.null, a sink that drops rows. */
#ifndef GYRE_PLUGIN_STD_NULL_H
#define GYRE_PLUGIN_STD_NULL_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_null;

#endif
