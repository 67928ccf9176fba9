/* plugins/std/collect.h: std.collect, all values of a field as one text. */
#ifndef GYRE_PLUGIN_STD_COLLECT_H
#define GYRE_PLUGIN_STD_COLLECT_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_collect;

#endif
