/* Powers of ten to 128 bits, for reading and writing doubles.
 *
 * Invariant: the result is the least 128-bit number that is not below 10^k / 2^e, where e is chosen
 * so that its top bit is set: e = gy_pow10_log2(k) - 127.
 */
#ifndef GY_BASE_POW10_H
#define GY_BASE_POW10_H

#include <stdint.h>

#define GY_POW10_MIN (-351)
#define GY_POW10_MAX 324

struct gy_pow10 {
    uint64_t hi, lo;
};

/** Gives 10^k, scaled to 128 bits and rounded up; GY_POW10_MIN <= k <= GY_POW10_MAX.
 *  Thread:  [any] */
struct gy_pow10 gy_pow10_get(int k);

/** Gives the binary logarithm of 10^k, rounded down; right for |k| <= 1233. */
static inline int gy_pow10_log2(int k)
{
    return (k * 1741647) >> 19;
}

#endif
