/* plugins/std/sort.h: std.sort, the rows of a window or of a whole batch in order. */
#ifndef GYRE_PLUGIN_STD_SORT_H
#define GYRE_PLUGIN_STD_SORT_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_sort;

#endif
