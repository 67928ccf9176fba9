/* limit_chain COUNT [STEPS]: the chain of chain.h by hand: one fused loop over row structs in memory.
 *
 * STEPS is 5 (all), or 1 (step a alone). No branch depends on a row: a dropped row adds zeros. Loops
 * over whole blocks of constant length let the compiler vectorize, strided loads included. Prints the
 * count of kept rows and the sums of the bits of x, y and n, like chain_sum.total. */
#include "chain.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define BLOCK_ROWS 1024u

struct totals {
    uint64_t kept;
    uint64_t x;
    uint64_t y;
    uint64_t n;
};

/* Adds row by row: vectorized by compilers for AVX2 and wider. */
static inline void take_rows(struct totals *t, const struct chain_row *rows, uint32_t count)
{
    uint64_t kept = 0, sum_x = 0, sum_y = 0, sum_n = 0;
    for (uint32_t i = 0; i < count; i++) {
        double x = chain_a(rows[i].x);
        double y = chain_c(x, rows[i].y);
        uint64_t mask = (chain_b(x) ? UINT64_MAX : 0) & (chain_d(y) ? UINT64_MAX : 0);
        kept -= mask;
        sum_x += chain_bits(x) & mask;
        sum_y += chain_bits(y) & mask;
        sum_n += (uint64_t)chain_e(rows[i].n) & mask;
    }
    t->kept += kept;
    t->x += sum_x;
    t->y += sum_y;
    t->n += sum_n;
}

#if defined(__AVX2__)

static inline void take_five(struct totals *t, const struct chain_row *rows, uint32_t count)
{
    take_rows(t, rows, count);
}

#else

typedef double pair __attribute__((vector_size(16)));
typedef uint64_t bits __attribute__((vector_size(16)));

/* Two rows at once, by hand: gcc does not vectorize loads with a stride of three for two lanes.
 * The numbers of chain.h stand here again; that bench.sh finds equal sums keeps them alike. */
static inline void take_five(struct totals *t, const struct chain_row *rows, uint32_t count)
{
    bits kept = {0}, sum_x = {0}, sum_y = {0}, sum_n = {0};
    uint32_t i = 0;
    for (; i + 2 <= count; i += 2) {
        pair part[3]; /* x0 y0, n0 x1, y1 n1 */
        memcpy(part, rows + i, sizeof part);
        pair x = __builtin_shufflevector(part[0], part[1], 0, 3) * 1.5;
        pair y = __builtin_shufflevector(part[0], part[2], 1, 2) + x;
        bits n = (bits)__builtin_shufflevector(part[1], part[2], 0, 3);
        bits mask = (bits)(x > 150) & (bits)(y < 5000);
        kept -= mask;
        sum_x += (bits)x & mask;
        sum_y += (bits)y & mask;
        sum_n += (n + n + n + 1) & mask;
    }
    t->kept += kept[0] + kept[1];
    t->x += sum_x[0] + sum_x[1];
    t->y += sum_y[0] + sum_y[1];
    t->n += sum_n[0] + sum_n[1];
    take_rows(t, rows + i, count - i);
}

#endif

static inline void take_one(struct totals *t, const struct chain_row *rows, uint32_t count)
{
    uint64_t sum_x = 0, sum_y = 0, sum_n = 0;
    for (uint32_t i = 0; i < count; i++) {
        sum_x += chain_bits(chain_a(rows[i].x));
        sum_y += chain_bits(rows[i].y);
        sum_n += (uint64_t)rows[i].n;
    }
    t->kept += count;
    t->x += sum_x;
    t->y += sum_y;
    t->n += sum_n;
}

int main(int argc, char **argv)
{
    if (argc < 2 || argc > 3) {
        fprintf(stderr, "usage: limit_chain COUNT [STEPS]\n");
        return 2;
    }
    static struct chain_row rows[CHAIN_ROWS];
    struct timespec start, end;
    struct totals t = {0};
    uint64_t count = strtoull(argv[1], NULL, 10);
    int steps = argc == 3 ? atoi(argv[2]) : 5;
    clock_gettime(CLOCK_MONOTONIC, &start);
    for (uint32_t i = 0; i < CHAIN_ROWS; i++)
        rows[i] = chain_row_at(i);
    for (uint64_t row = 0; row < count; row += BLOCK_ROWS) {
        const struct chain_row *block = rows + row % CHAIN_ROWS;
        uint32_t n = count - row < BLOCK_ROWS ? (uint32_t)(count - row) : BLOCK_ROWS;
        if (steps == 1)
            take_one(&t, block, n);
        else
            take_five(&t, block, n);
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    double ns = (double)(end.tv_sec - start.tv_sec) * 1e9 + (double)(end.tv_nsec - start.tv_nsec);
    printf("rows=%llu ns_per_row=%.3f\n", (unsigned long long)count,
           ns / (double)(count ? count : 1));
    printf("kept=%llu x=%llu y=%llu n=%llu\n", (unsigned long long)t.kept, (unsigned long long)t.x,
           (unsigned long long)t.y, (unsigned long long)t.n);
    return 0;
}
