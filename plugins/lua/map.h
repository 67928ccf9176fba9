/* plugins/lua/map.h: lua.map, which adds and replaces columns by expressions. */
#ifndef GYRE_PLUGIN_LUA_MAP_H
#define GYRE_PLUGIN_LUA_MAP_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_map;

#endif
