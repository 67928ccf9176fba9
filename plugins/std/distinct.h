/* plugins/std/distinct.h: std.distinct, how many different values a field has. */
#ifndef GYRE_PLUGIN_STD_DISTINCT_H
#define GYRE_PLUGIN_STD_DISTINCT_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_distinct;

#endif
