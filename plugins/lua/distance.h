/* plugins/lua/distance.h: the distance function `distance`: how far a row is from another. */
#ifndef GYRE_PLUGIN_LUA_DISTANCE_H
#define GYRE_PLUGIN_LUA_DISTANCE_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_distance;

#endif
