/* plugins/std/lookup.h: std.lookup, rows enriched by the newest row of a table. */
#ifndef GYRE_PLUGIN_STD_LOOKUP_H
#define GYRE_PLUGIN_STD_LOOKUP_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_lookup;

#endif
