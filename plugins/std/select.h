/* plugins/std/select.h: std.select, picks and renames fields. */
#ifndef GYRE_PLUGIN_STD_SELECT_H
#define GYRE_PLUGIN_STD_SELECT_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_select;

#endif
