/* plugins/lua/plugin.c: the plugin `lua`, what is written in a job file itself.
 *
 * | operator | file       | what it does                                |
 * |----------|------------|---------------------------------------------|
 * | filter   | filter.c   | keeps the rows of which a condition is true |
 * | flat_map | flat_map.c | any number of rows for each row             |
 * | map      | map.c      | sets fields by expressions                  |
 * | process  | process.c  | rows of keys, with state                    |
 *
 * | function  | file        | what it is                         |
 * |-----------|-------------|------------------------------------|
 * | aggregate | aggregate.c | what Lua makes of rows             |
 * | distance  | distance.c  | how far two rows are apart         |
 * | evict     | evict.c     | which rows a window drops          |
 * | fold      | aggregate.c | the same where it cannot be merged |
 * | key       | key.c       | a key                              |
 * | partition | partition.c | the task of a row                  |
 * | trigger   | trigger.c   | when a window is put out           | */
#include "aggregate.h"
#include "distance.h"
#include "evict.h"
#include "filter.h"
#include "flat_map.h"
#include "key.h"
#include "map.h"
#include "partition.h"
#include "process.h"
#include "trigger.h"

GYRE_PLUGIN(lua, "0.1.0", GYRE_OP(filter), GYRE_OP(flat_map), GYRE_OP(map), GYRE_OP(process),
            GYRE_FN(aggregate), GYRE_FN(distance), GYRE_FN(evict), GYRE_FN(fold), GYRE_FN(key),
            GYRE_FN(partition), GYRE_FN(trigger))
