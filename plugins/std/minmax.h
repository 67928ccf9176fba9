/* plugins/std/minmax.h: std.min, std.max, std.min_by, std.max_by. */
#ifndef GYRE_PLUGIN_STD_MINMAX_H
#define GYRE_PLUGIN_STD_MINMAX_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_min;
extern const struct gyre_function gyre_fn_max;
extern const struct gyre_function gyre_fn_min_by;
extern const struct gyre_function gyre_fn_max_by;

#endif
