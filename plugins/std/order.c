/* plugins/std/order.c: see order.h. */
#include "order.h"

int order_of(uint32_t type, const void *a, const void *b)
{
    switch (type) {
    case GYRE_TYPE_bool: return *(const uint8_t *)a - *(const uint8_t *)b;
    case GYRE_TYPE_i32: {
        int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
        return (x > y) - (x < y);
    }
    case GYRE_TYPE_i64:
    case GYRE_TYPE_time: {
        int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
        return (x > y) - (x < y);
    }
    case GYRE_TYPE_f64: return order_f64(*(const double *)a, *(const double *)b);
    default: return gyre_str_compare(a, b);
    }
}
