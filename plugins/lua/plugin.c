/* plugins/lua/plugin.c: the plugin `lua`, what is written in a job file itself.
 *
 * | operator | file       | what it does                              |
 * |----------|------------|-------------------------------------------|
 * | filter   | filter.c   | keeps the rows of which a condition is true |
 * | flat_map | flat_map.c | any number of rows for each row           |
 * | map      | map.c      | sets fields by expressions                | */
#include "filter.h"
#include "flat_map.h"
#include "map.h"

GYRE_PLUGIN(lua, "0.1.0", GYRE_OP(filter), GYRE_OP(flat_map), GYRE_OP(map))
