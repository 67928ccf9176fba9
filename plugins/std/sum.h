/* plugins/std/sum.h: std.sum, the sum of a field. */
#ifndef GYRE_PLUGIN_STD_SUM_H
#define GYRE_PLUGIN_STD_SUM_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_sum;

#endif
