/* plugins/std/plugin.c: the plugin `std`, operators and aggregates that every job can use.
 *
 * | operator | file     | what it does                       |
 * |----------|----------|------------------------------------|
 * | null     | null.c   | drops rows                         |
 * | pass     | pass.c   | puts out what comes in             |
 * | select   | select.c | picks and renames fields           |
 *
 * | aggregate | file    | result                             |
 * |-----------|---------|------------------------------------|
 * | count     | count.c | rows, or values of a field         |
 * | sum       | sum.c   | sum of a field                     | */
#include "count.h"
#include "null.h"
#include "pass.h"
#include "select.h"
#include "sum.h"

GYRE_PLUGIN(std, "0.1.0", GYRE_OP(null), GYRE_OP(pass), GYRE_OP(select), GYRE_FN(count),
            GYRE_FN(sum))
