/* plugins/std/quantile.h: std.quantile, values that a part of all is not above. */
#ifndef GYRE_PLUGIN_STD_QUANTILE_H
#define GYRE_PLUGIN_STD_QUANTILE_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_quantile;

#endif
