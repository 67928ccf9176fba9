/* splitmix64 and xoshiro256**, after the public-domain code of their authors; see rng.h. */
#include "base/rng.h"

#include <assert.h>

#define GOLDEN UINT64_C(0x9e3779b97f4a7c15)

uint64_t gy_rng_mix(uint64_t x)
{
    x += GOLDEN;
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

/* splitmix64 is a bijection on its counter, so at most one of the four words is zero. */
void gy_rng_init(struct gy_rng *r, uint64_t seed)
{
    for (unsigned i = 0; i < 4; i++)
        r->s[i] = gy_rng_mix(seed + i * GOLDEN);
}

static uint64_t rotate_left(uint64_t x, unsigned k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t gy_rng_next(struct gy_rng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

/* Lemire, "Fast Random Integer Generation in an Interval", 2019: the high word of a product, with
 * the few low words rejected that would favour some results. */
uint64_t gy_rng_below(struct gy_rng *r, uint64_t n)
{
    assert(n > 0);
    unsigned __int128 product = (unsigned __int128)gy_rng_next(r) * n;
    if ((uint64_t)product < n) {
        uint64_t reject = -n % n;
        while ((uint64_t)product < reject)
            product = (unsigned __int128)gy_rng_next(r) * n;
    }
    return (uint64_t)(product >> 64);
}

double gy_rng_double(struct gy_rng *r)
{
    return (double)(gy_rng_next(r) >> 11) * 0x1p-53;
}

uint64_t gy_rng_at(uint64_t seed, uint64_t position)
{
    return gy_rng_mix(seed ^ gy_rng_mix(position));
}
