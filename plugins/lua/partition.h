/* plugins/lua/partition.h: the partition function `partition`: which task a row goes to. */
#ifndef GYRE_PLUGIN_LUA_PARTITION_H
#define GYRE_PLUGIN_LUA_PARTITION_H

#include <gyre/gyre.h>

extern const struct gyre_function gyre_fn_partition;

#endif
