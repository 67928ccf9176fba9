/* plugins/lua/process.h: lua.process, rows and timers of keys with state. */
#ifndef GYRE_PLUGIN_LUA_PROCESS_H
#define GYRE_PLUGIN_LUA_PROCESS_H

#include <gyre/gyre.h>

extern const struct gyre_operator gyre_op_process;

#endif
