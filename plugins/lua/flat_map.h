/* plugins/lua/flat_map.h: the operator `flat_map`. */
#ifndef GYRE_PLUGIN_LUA_FLAT_MAP_H
#define GYRE_PLUGIN_LUA_FLAT_MAP_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_flat_map;

#endif
