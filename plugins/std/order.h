/* plugins/std/order.h: how values are ordered: numbers and times by value, NaN behind all numbers, false
 * before true, strings by their bytes. */
#ifndef GYRE_PLUGIN_STD_ORDER_H
#define GYRE_PLUGIN_STD_ORDER_H

#include <gyre/gyre.h>

/** NaN stands behind all numbers. */
static inline int order_f64(double a, double b)
{
    int a_is_nan = a != a, b_is_nan = b != b;
    return a_is_nan | b_is_nan ? a_is_nan - b_is_nan : (a > b) - (a < b);
}

/** Orders two values of a type: <0, 0, >0. */
int order_of(uint32_t type, const void *a, const void *b);

#endif
