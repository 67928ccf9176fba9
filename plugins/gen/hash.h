/* plugins/gen/hash.h: random bits of a row number, two rows at a time where the CPU can.
 *
 * A `lanes` holds one 64-bit number for each of LANES rows. Everything is made of 32 x 32 -> 64 bit
 * products, which SSE2 has for two lanes at once, unlike products of 64 bits. Both forms give the
 * same bits. */
#ifndef GYRE_PLUGIN_GEN_HASH_H
#define GYRE_PLUGIN_GEN_HASH_H

#include <gyre/gyre.h>

#ifdef __SSE2__
#include <emmintrin.h>

#define LANES 2u
typedef __m128i lanes;

/* x in lane 0, x + 1 in lane 1 */
static inline lanes lanes_from(uint64_t x)
{
    return _mm_set_epi64x((long long)(x + 1), (long long)x);
}

static inline lanes lanes_of(uint64_t x)
{
    return _mm_set1_epi64x((long long)x);
}

static inline lanes low_times(lanes a, uint32_t b)
{
    return _mm_mul_epu32(a, _mm_set1_epi64x(b));
}

static inline lanes plus(lanes a, lanes b)
{
    return _mm_add_epi64(a, b);
}

static inline lanes minus(lanes a, lanes b)
{
    return _mm_sub_epi64(a, b);
}

/* The low halves of both. */
static inline lanes low_and_high(lanes low, lanes high)
{
    lanes low_only = _mm_srli_epi64(_mm_slli_epi64(low, 32), 32);
    return _mm_or_si128(low_only, _mm_slli_epi64(high, 32));
}

static inline lanes exclusive_or(lanes a, lanes b)
{
    return _mm_xor_si128(a, b);
}

static inline lanes high(lanes a)
{
    return _mm_srli_epi64(a, 32);
}

static inline void store(int64_t *to, lanes a)
{
    _mm_storeu_si128((void *)to, a);
}

#else

#define LANES 1u
typedef uint64_t lanes;

static inline lanes lanes_from(uint64_t x)
{
    return x;
}

static inline lanes lanes_of(uint64_t x)
{
    return x;
}

static inline lanes low_times(lanes a, uint32_t b)
{
    return (uint64_t)(uint32_t)a * b;
}

static inline lanes plus(lanes a, lanes b)
{
    return a + b;
}

static inline lanes minus(lanes a, lanes b)
{
    return a - b;
}

static inline lanes low_and_high(lanes low, lanes high)
{
    return (uint32_t)low | high << 32;
}

static inline lanes exclusive_or(lanes a, lanes b)
{
    return a ^ b;
}

static inline lanes high(lanes a)
{
    return a >> 32;
}

static inline void store(int64_t *to, lanes a)
{
    *to = (int64_t)a;
}

#endif

/* Multiply with carry, then fold the high half into the low one. The LOW 32 bits are random after
 * two rounds and independent of those after each further round (chi-square tests of these and of
 * neighbouring rows pass); the high ones never get beyond the multiplier. */
static inline lanes stir(lanes x, uint32_t multiplier)
{
    x = plus(low_times(x, multiplier), high(x));
    return exclusive_or(x, high(x));
}

/* Three rounds. */
static inline lanes random_bits(lanes x)
{
    return stir(stir(stir(x, 0xed5ad4bb), 0xac4c1b51), 0x9e3779b1);
}

/* Scales the low 32 bits to 0 ... n - 1. */
static inline lanes scale(lanes bits, uint32_t n)
{
    return high(low_times(bits, n));
}

#endif
