/* plugins/graph/around.h: sums of what rows say, which may say anything: beyond 64 bits they go round, as in unsigned
 * numbers, where the language knows none. */
#ifndef GYRE_PLUGIN_GRAPH_AROUND_H
#define GYRE_PLUGIN_GRAPH_AROUND_H

#include <stdint.h>

static inline int64_t sum_around(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

static inline int64_t product_around(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

#endif
