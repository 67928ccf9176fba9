/* plugins/lua/evict.h: the eviction function `evict`: which rows a window drops. */
#ifndef GYRE_PLUGIN_LUA_EVICT_H
#define GYRE_PLUGIN_LUA_EVICT_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_evict;

#endif
