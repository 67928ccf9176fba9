/* plugins/std/avg.h: std.avg, the mean of a field. */
#ifndef GYRE_PLUGIN_STD_AVG_H
#define GYRE_PLUGIN_STD_AVG_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_avg;

#endif
