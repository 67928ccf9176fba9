/* Where the rows of the loop benchmark go: for the limit and for the job's plugin.
 *
 * A row is an id and how often it goes on. The ids are the numbers of so many bits, and the next one is a
 * bijection of them for each `left`: rows that begin at different ids never meet, so that all ids stay in use
 * however far the rows go. */
#ifndef BENCH_HOPS_H
#define BENCH_HOPS_H

#include <stdint.h>

static inline int64_t hop_next(int64_t id, int64_t left, uint32_t bits)
{
    uint64_t x = (uint64_t)id * 0x9e3779b97f4a7c15u + (uint64_t)left * 0xd1342543de82ef95u;
    x &= (UINT64_C(1) << bits) - 1;
    x = (x ^ x >> (bits / 2 + 1)) * 0xbf58476d1ce4e5b9u;
    return (int64_t)(x & ((UINT64_C(1) << bits) - 1));
}

#endif
