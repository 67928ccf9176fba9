/* plugins/std/variance.h: std.variance and std.stddev, how far values spread. */
#ifndef GYRE_PLUGIN_STD_VARIANCE_H
#define GYRE_PLUGIN_STD_VARIANCE_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_stddev;
extern const struct gyre_function gyre_fn_variance;

#endif
