/* Random numbers of the programs that make texts: the same from the same seed. Each sets `state`. */
#ifndef BENCH_LOTS_H
#define BENCH_LOTS_H

#include <stdint.h>

static uint64_t state;

/* splitmix64 */
static inline uint64_t random_bits(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static inline uint32_t below(uint32_t n)
{
    return (uint32_t)(((random_bits() >> 32) * n) >> 32);
}

#endif
