/* plugins/std/top.h: std.top, the rows of a window with the greatest values of a field. */
#ifndef GYRE_PLUGIN_STD_TOP_H
#define GYRE_PLUGIN_STD_TOP_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_top;

#endif
