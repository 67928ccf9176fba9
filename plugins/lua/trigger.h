/* plugins/lua/trigger.h: the trigger `trigger`: when a window is put out. */
#ifndef GYRE_PLUGIN_LUA_TRIGGER_H
#define GYRE_PLUGIN_LUA_TRIGGER_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_trigger;

#endif
