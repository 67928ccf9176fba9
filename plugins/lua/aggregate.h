/* plugins/lua/aggregate.h: lua.aggregate and lua.fold, aggregates whose accumulator is a value of Lua. */
#ifndef GYRE_PLUGIN_LUA_AGGREGATE_H
#define GYRE_PLUGIN_LUA_AGGREGATE_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_aggregate;
extern const struct gyre_function gyre_fn_fold;

#endif
