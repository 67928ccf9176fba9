/* plugins/json/plugin.c: the plugin `json`, operators on texts of JSON.
 *
 * | operator | file    | what it does                              |
 * |----------|---------|-------------------------------------------|
 * | parse    | parse.c | makes fields of what paths lead to        | */
#include "parse.h"

GYRE_PLUGIN(json, "0.1.0", GYRE_OP(parse))
