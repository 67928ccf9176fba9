/* plugins/lua/filter.h: lua.filter, which keeps the rows of which an expression is true. */
#ifndef GYRE_PLUGIN_LUA_FILTER_H
#define GYRE_PLUGIN_LUA_FILTER_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_filter;

#endif
