/* chain.h: the rows and the five steps of the chain benchmark, for the limit and for the plugins.
 *
 * | step | file      | what it does                    | keeps         |
 * |------|-----------|---------------------------------|---------------|
 * | a    | chain_a.c | x becomes x * 1.5               | all           |
 * | b    | chain_b.c | filter: x > 150                 | 15 rows of 16 |
 * | c    | chain_c.c | y becomes y + x                 | all           |
 * | d    | chain_d.c | filter: y < 5000                | most          |
 * | e    | chain_e.c | n becomes n * 3 + 1             | all           |
 *
 * Every number is a multiple of 0.5 below 2^20: results are exact in every order of evaluation. The
 * sum that both sides must agree on adds up the bits of the kept rows, as integers: it is
 * associative, so a compiler may vectorize it. */
#ifndef GYRE_TESTS_BENCH_CHAIN_H
#define GYRE_TESTS_BENCH_CHAIN_H

#include <stdint.h>
#include <string.h>

/* Rows in memory: row i of the stream is row i mod CHAIN_ROWS. They fit the L2 cache. */
#define CHAIN_ROWS 4096u

struct chain_row {
    double x;
    double y;
    int64_t n;
};

static inline struct chain_row chain_row_at(uint32_t i)
{
    uint32_t bits = i * 2654435761u;
    struct chain_row row = {(double)(bits >> 20 & 0x7ff) - 28, (double)(bits >> 8 & 0xfff), i};
    return row;
}

static inline double chain_a(double x)
{
    return x * 1.5;
}

static inline int chain_b(double x)
{
    return x > 150;
}

static inline double chain_c(double x, double y)
{
    return y + x;
}

static inline int chain_d(double y)
{
    return y < 5000;
}

static inline int64_t chain_e(int64_t n)
{
    return n * 3 + 1;
}

static inline uint64_t chain_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

#endif
