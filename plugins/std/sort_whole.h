/* plugins/std/sort_whole.h: std.sort of the whole input of a batch job, with a key or without. */
#ifndef GYRE_PLUGIN_STD_SORT_WHOLE_H
#define GYRE_PLUGIN_STD_SORT_WHOLE_H

#include <gyre/gyre.h>

extern const struct gyre_operator sort_whole;

#endif
