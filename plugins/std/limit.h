/* plugins/std/limit.h: std.limit, which passes the first rows. */
#ifndef GYRE_PLUGIN_STD_LIMIT_H
#define GYRE_PLUGIN_STD_LIMIT_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_limit;

#endif
