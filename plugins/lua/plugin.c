/* plugins/lua/plugin.c: the plugin `lua`, what is written in a job file itself.
 *
 * | operator | file       | what it does                    |
 * |----------|------------|---------------------------------|
 * | flat_map | flat_map.c | any number of rows for each row | */
#include "flat_map.h"

GYRE_PLUGIN(lua, "0.1.0", GYRE_OP(flat_map))
