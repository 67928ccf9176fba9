/* Random numbers from a seed, as an object that is passed in.
 *
 * xoshiro256** seeded by splitmix64: fast, and the same sequence on every machine. Not for secrets.
 * Source: Blackman and Vigna, "Scrambled linear pseudorandom number generators", 2021.
 *
 * Invariant: the state is never all zero after gy_rng_init.
 */
#ifndef GY_BASE_RNG_H
#define GY_BASE_RNG_H

#include <stdint.h>

/** Owned by one thread. */
struct gy_rng {
    uint64_t s[4];
};

/** Starts the sequence that belongs to `seed`. */
void gy_rng_init(struct gy_rng *r, uint64_t seed);

/** Gives 64 random bits. */
uint64_t gy_rng_next(struct gy_rng *r);

/** Gives a number in [0, n) without bias; `n` is not 0. */
uint64_t gy_rng_below(struct gy_rng *r, uint64_t n);

/** Gives a number in [0, 1) with 53 random bits. */
double gy_rng_double(struct gy_rng *r);

/** Mixes 64 bits by one step of splitmix64: a hash for (seed, i) without a state. */
uint64_t gy_rng_mix(uint64_t x);

/** Number `position` of the sequence that belongs to `seed`: drawing needs nothing but the position,
 *  which a snapshot can keep. No number comes twice in a sequence. */
uint64_t gy_rng_at(uint64_t seed, uint64_t position);

#endif
