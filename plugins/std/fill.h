/* plugins/std/fill.h: std.fill, which puts values in the place of nulls. */
#ifndef GYRE_PLUGIN_STD_FILL_H
#define GYRE_PLUGIN_STD_FILL_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_fill;

#endif
