/* plugins/lua/key.h: the key function `key`: what a row is grouped by. */
#ifndef GYRE_PLUGIN_LUA_KEY_H
#define GYRE_PLUGIN_LUA_KEY_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_key;

#endif
