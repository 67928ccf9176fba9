/* plugins/std/plugin.c: the plugin `std`, operators and aggregates that every job can use.
 *
 * | operator | file     | what it does                       |
 * |----------|----------|------------------------------------|
 * | dedupe   | dedupe.c | drops rows whose key has come before |
 * | fill     | fill.c   | values in the place of nulls       |
 * | interval_join | interval_join.c | rows of two streams near in time |
 * | join     | join.c   | rows of two streams in windows     |
 * | limit    | limit.c  | the first rows                     |
 * | lookup   | lookup.c | rows with the newest of a table    |
 * | null     | null.c   | drops rows                         |
 * | pass     | pass.c   | puts out what comes in             |
 * | sample   | sample.c | some rows, by chance               |
 * | select   | select.c | picks and renames fields           |
 * | split    | split.c  | rows to ports by value             |
 * | timestamps | timestamps.c | event times and watermarks   |
 *
 * | aggregate      | file        | result                                |
 * |----------------|-------------|---------------------------------------|
 * | aggregate      | aggregate.c | those of several aggregates           |
 * | any_value      | first.c     | some value of a field                 |
 * | avg            | avg.c       | mean of a field                       |
 * | collect        | collect.c   | values of a field as one text         |
 * | count          | count.c     | rows, or values of a field            |
 * | distinct       | distinct.c  | different values of a field           |
 * | first, last    | first.c     | value of the first, the last row      |
 * | max, min       | minmax.c    | greatest, least value (see extreme.c) |
 * | max_by, min_by | minmax.c    | the row that holds it                 |
 * | quantile       | quantile.c  | quantiles of a field (see kll.h)      |
 * | stddev         | variance.c  | standard deviation of a field         |
 * | sum            | sum.c       | sum of a field                        |
 * | variance       | variance.c  | variance of a field                   |
 *
 * | window function | file  | puts out                             |
 * |-----------------|-------|--------------------------------------|
 * | sort            | sort.c | the rows in the order of some fields |
 * | top             | top.c | the rows with the greatest values    | */
#include "aggregate.h"
#include "avg.h"
#include "collect.h"
#include "count.h"
#include "dedupe.h"
#include "distinct.h"
#include "fill.h"
#include "first.h"
#include "interval_join.h"
#include "join.h"
#include "limit.h"
#include "lookup.h"
#include "minmax.h"
#include "null.h"
#include "pass.h"
#include "quantile.h"
#include "sample.h"
#include "select.h"
#include "sort.h"
#include "split.h"
#include "sum.h"
#include "timestamps.h"
#include "top.h"
#include "variance.h"

GYRE_PLUGIN(std, "0.1.0", GYRE_OP(null), GYRE_OP(pass), GYRE_OP(select), GYRE_OP(split),
            GYRE_OP(timestamps), GYRE_OP(interval_join), GYRE_OP(join), GYRE_OP(lookup),
            GYRE_OP(dedupe), GYRE_OP(fill), GYRE_OP(limit), GYRE_OP(sample), GYRE_FN(aggregate),
            GYRE_FN(any_value), GYRE_FN(avg), GYRE_FN(collect), GYRE_FN(count), GYRE_FN(distinct),
            GYRE_FN(first), GYRE_FN(last), GYRE_FN(max), GYRE_FN(max_by), GYRE_FN(min),
            GYRE_FN(min_by), GYRE_FN(quantile), GYRE_FN(sort), GYRE_FN(stddev), GYRE_FN(sum),
            GYRE_FN(top), GYRE_FN(variance))
