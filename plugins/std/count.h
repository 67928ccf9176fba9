/* plugins/std/count.h: std.count, the number of rows. */
#ifndef GYRE_PLUGIN_STD_COUNT_H
#define GYRE_PLUGIN_STD_COUNT_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_count;

#endif
