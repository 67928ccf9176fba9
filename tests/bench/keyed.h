/* What the limits of keyed jobs have in common: the rows of gen.events, and a table of sums by key.
 *
 * 128 rows at a time: make keys and values, prefetch the keys' buckets where the table is larger
 * than the L2 cache, then add. Prefetches go to the L2 cache: on a Zen 4, 6.8 ns per row with 1 M keys
 * against 22 with prefetches to the L1 cache, which has too few lines to wait for. The table is made of buckets that hold eight full hashes
 * (one cache line) and eight sums (another); all eight are compared at once. A full bucket goes on in
 * the next. The hash, one product, is a bijection of 64 bits: equal hash is equal key, and the key
 * comes back by the inverse. Hash 0 marks a free place; the key that has it gets a sum of its own.
 *
 * Like the jobs they do not know the number of keys: the table starts small and doubles.
 *
 * The rows are those of plugins/gen/events.c (`row_bits` repeats plugins/gen/hash.h); that
 * bench.sh finds equal sums keeps the two alike. */
#ifndef BENCH_KEYED_H
#define BENCH_KEYED_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#define PASS_ROWS     128u
#define WAYS          8u
#define VALUES        1000u
#define START_BUCKETS 1024u
#define HUGE_BYTES    (2u << 20)
#define L2_BYTES      (1u << 20)

struct bucket {
    uint64_t hash[WAYS]; /* 0: free; places fill from the front */
    int64_t sum[WAYS];
};

struct table {
    struct bucket *buckets; /* by the high bits of the hash */
    uint32_t shift;         /* 64 - log2(number of buckets) */
    uint64_t n_buckets;
    uint64_t used;
    uint64_t used_max; /* grow beyond */
    int64_t zero_sum;  /* of the key with hash 0 */
    int zero_seen;
};

/* ---- rows ---------------------------------------------------------------------------------- */

/* One row in each lane; GNU C does arithmetic on vectors but for the 32 x 32 -> 64 bit product. */
#if defined(__AVX512F__)
#define LANES 8u
typedef uint64_t lanes __attribute__((vector_size(64)));
#define LOW_TIMES(a, b) ((lanes)_mm512_mul_epu32((__m512i)(a), _mm512_set1_epi64(b)))
#elif defined(__AVX2__)
#define LANES           4u
typedef uint64_t lanes __attribute__((vector_size(32)));
#define LOW_TIMES(a, b) ((lanes)_mm256_mul_epu32((__m256i)(a), _mm256_set1_epi64x(b)))
#elif defined(__SSE2__)
#define LANES           2u
typedef uint64_t lanes __attribute__((vector_size(16)));
#define LOW_TIMES(a, b) ((lanes)_mm_mul_epu32((__m128i)(a), _mm_set1_epi64x(b)))
#else
#define LANES           2u
typedef uint64_t lanes __attribute__((vector_size(16)));
#define LOW_TIMES(a, b) (((a)&UINT32_MAX) * (b))
#endif

static inline lanes stir(lanes x, uint32_t multiplier)
{
    x = LOW_TIMES(x, multiplier) + (x >> 32);
    return x ^ x >> 32;
}

static inline lanes row_bits(uint64_t seed, lanes row)
{
    lanes x = row + (seed + 1) * 0x9e3779b97f4a7c15u;
    return stir(stir(stir(x, 0xed5ad4bb), 0xac4c1b51), 0x9e3779b1);
}

/* Rows first ... first + PASS_ROWS - 1. */
static inline void make_rows(uint64_t seed, uint32_t keys, uint64_t first, uint64_t *key,
                             int64_t *value)
{
    lanes row;
    for (uint32_t i = 0; i < LANES; i++)
        row[i] = first + i;
    for (uint32_t i = 0; i < PASS_ROWS; i += LANES, row += LANES) {
        lanes for_key = row_bits(seed, row);
        lanes for_value = stir(for_key, 0xd35a2d97);
        lanes scaled_key = LOW_TIMES(for_key, keys) >> 32;
        lanes scaled_value = LOW_TIMES(for_value, VALUES) >> 32;
        memcpy(key + i, &scaled_key, sizeof scaled_key);
        memcpy(value + i, &scaled_value, sizeof scaled_value);
    }
}

/* ---- table --------------------------------------------------------------------------------- */

#define FACTOR 0x9e3779b97f4a7c15u

static inline uint64_t hash_of(uint64_t key)
{
    return key * FACTOR;
}

/* By the inverse of FACTOR modulo 2^64: Newton's iteration doubles the bits that are right. */
static inline uint64_t key_of(uint64_t hash)
{
    uint64_t inverse = FACTOR;
    for (int i = 0; i < 5; i++)
        inverse *= 2 - FACTOR * inverse;
    return hash * inverse;
}

/* Bit i: place i of the bucket holds `hash`. */
static inline uint32_t match(const struct bucket *b, uint64_t hash)
{
#if defined(__AVX512F__)
    return _mm512_cmpeq_epi64_mask(_mm512_load_si512(b->hash), _mm512_set1_epi64((int64_t)hash));
#elif defined(__AVX2__)
    __m256i wanted = _mm256_set1_epi64x((int64_t)hash);
    const __m256i *at = (const __m256i *)(const void *)b->hash;
    __m256i first = _mm256_cmpeq_epi64(_mm256_load_si256(at), wanted);
    __m256i second = _mm256_cmpeq_epi64(_mm256_load_si256(at + 1), wanted);
    return (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(first)) |
           (uint32_t)_mm256_movemask_pd(_mm256_castsi256_pd(second)) << 4;
#elif defined(__SSE2__)
    /* Halves of 32 bits are compared, then packed to 16: both of a place must be equal. */
    __m128i wanted = _mm_set1_epi64x((int64_t)hash);
    const __m128i *at = (const __m128i *)(const void *)b->hash;
    __m128i first = _mm_packs_epi32(_mm_cmpeq_epi32(_mm_load_si128(at), wanted),
                                    _mm_cmpeq_epi32(_mm_load_si128(at + 1), wanted));
    __m128i second = _mm_packs_epi32(_mm_cmpeq_epi32(_mm_load_si128(at + 2), wanted),
                                     _mm_cmpeq_epi32(_mm_load_si128(at + 3), wanted));
    __m128i places = _mm_packs_epi32(_mm_cmpeq_epi32(first, _mm_set1_epi32(-1)),
                                     _mm_cmpeq_epi32(second, _mm_set1_epi32(-1)));
    return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(places, _mm_setzero_si128()));
#else
    uint32_t bits = 0;
    for (uint32_t i = 0; i < WAYS; i++)
        bits |= (uint32_t)(b->hash[i] == hash) << i;
    return bits;
#endif
}

static void take_buckets(struct table *t, uint32_t log2_buckets)
{
    t->n_buckets = UINT64_C(1) << log2_buckets;
    t->shift = 64 - log2_buckets;
    t->used_max = t->n_buckets * WAYS * 5 / 8;
    size_t bytes = t->n_buckets * sizeof *t->buckets;
    t->buckets = aligned_alloc(bytes >= HUGE_BYTES ? HUGE_BYTES : 128, bytes);
    if (t->buckets == NULL) {
        fprintf(stderr, "out of memory\n");
        exit(1);
    }
    madvise(t->buckets, bytes >= HUGE_BYTES ? bytes : 0, MADV_HUGEPAGE);
    memset(t->buckets, 0, bytes);
}

static void insert(struct table *t, uint64_t hash, int64_t sum)
{
    uint64_t at = hash >> t->shift;
    for (;; at = (at + 1) & (t->n_buckets - 1)) {
        struct bucket *b = &t->buckets[at];
        for (uint32_t i = 0; i < WAYS; i++)
            if (b->hash[i] == 0) {
                b->hash[i] = hash;
                b->sum[i] = sum;
                return;
            }
    }
}

static void grow(struct table *t)
{
    struct bucket *old = t->buckets;
    uint64_t n = t->n_buckets;
    take_buckets(t, 64 - t->shift + 1);
    for (uint64_t at = 0; at < n; at++)
        for (uint32_t i = 0; i < WAYS && old[at].hash[i] != 0; i++)
            insert(t, old[at].hash[i], old[at].sum[i]);
    free(old);
}

static inline void add_to(int64_t *sum, int64_t value)
{
    if (__builtin_add_overflow(*sum, value, sum)) {
        fprintf(stderr, "a sum overflows\n");
        exit(1);
    }
}

/* The rest of the search where the first bucket does not hold the hash. */
static __attribute__((noinline)) void add_far(struct table *t, uint64_t hash, int64_t value)
{
    if (hash == 0) {
        t->zero_seen = 1;
        add_to(&t->zero_sum, value);
        return;
    }
    uint64_t at = hash >> t->shift;
    for (; t->buckets[at].hash[WAYS - 1] != 0; at = (at + 1) & (t->n_buckets - 1)) {
        uint32_t found = match(&t->buckets[at], hash);
        if (found != 0) {
            add_to(&t->buckets[at].sum[__builtin_ctz(found)], value);
            return;
        }
    }
    uint32_t found = match(&t->buckets[at], hash);
    if (found != 0) {
        add_to(&t->buckets[at].sum[__builtin_ctz(found)], value);
        return;
    }
    if (t->used++ >= t->used_max)
        grow(t);
    insert(t, hash, value);
}

static inline void add(struct table *t, uint64_t hash, int64_t value)
{
    struct bucket *b = &t->buckets[hash >> t->shift];
    uint32_t found = match(b, hash);
    /* Hash 0 matches free places. */
    if (__builtin_expect(found != 0 && hash != 0, 1))
        add_to(&b->sum[__builtin_ctz(found)], value);
    else
        add_far(t, hash, value);
}

/* Rows `first` ... first + n - 1, at most PASS_ROWS. */
static inline void add_rows(struct table *t, uint32_t keys, uint64_t seed, uint64_t first,
                            uint32_t n)
{
    uint64_t key[PASS_ROWS];
    int64_t value[PASS_ROWS];
    make_rows(seed, keys, first, key, value);
    for (uint32_t i = 0; t->n_buckets * sizeof *t->buckets > L2_BYTES && i < n; i++) {
        struct bucket *b = &t->buckets[hash_of(key[i]) >> t->shift];
        __builtin_prefetch(b->hash, 0, 2);
        __builtin_prefetch(b->sum, 0, 2);
    }
    for (uint32_t i = 0; i < n; i++)
        add(t, hash_of(key[i]), value[i]);
}

#endif
