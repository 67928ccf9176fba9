/* plugins/std/kll.h: a sketch of many values that tells their quantiles (Karnin, Lang, Liberty, "Optimal Quantile
 * Approximation in Streams", 2016).
 *
 * Values stand in levels; one of level h stands for 2^h values. Where a level is full it is sorted, and every
 * second of its values moves up, the first or the second of each pair, the others go. The top level has room for
 * KLL_K values, each below it for two thirds of the one above, and for KLL_LEAST at least. Up to about
 * KLL_K values all are there, and every quantile is exact. Beyond, the rank of what is told is off by less than 0.7 %
 * of the number of values, in 99 cases of 100.
 *
 * Which half moves up follows from the number of values: nothing is random, the same rows in the same order
 * give the same result. In another order, or merged another way, they are within the same bound.
 *
 *   items:  [level n - 1] ... [level 1] [level 0] [room]     words of 8 bytes that are ordered as integers
 *   levels: [u32] [u32 size of level 1] ...                  empty: all items are of level 0; level 0 has the rest */
#ifndef GYRE_PLUGIN_STD_KLL_H
#define GYRE_PLUGIN_STD_KLL_H

#include <gyre/gyre.h>

enum { KLL_K = 512, KLL_LEAST = 8, KLL_LEVELS_MAX = 56 };

/* An accumulator; zeroed it is empty. */
struct kll {
    struct gyre_str items;
    struct gyre_str levels;
    int64_t n;     /* values that were put in */
    int64_t used;  /* items */
    int64_t limit; /* so many are too many; 0: KLL_K */
    int64_t least;
    int64_t greatest;
};

extern const struct gyre_state_type kll_type;

/** Puts a value in.
 *  Errors:  GYRE_ENOMEM, told */
int32_t kll_put(struct gyre_ctx *ctx, struct kll *kll, int64_t value);

/** Puts in what `from` stands for.
 *  Errors:  GYRE_ENOMEM, told */
int32_t kll_merge(struct gyre_ctx *ctx, struct kll *into, const struct kll *from);

/** The values whose rank is q[i] * n, rounded up: of n > 0 values, for 0 <= q[i] <= 1.
 *  Errors:  GYRE_ENOMEM, told */
int32_t kll_quantiles(struct gyre_ctx *ctx, const struct kll *kll, const double *q, uint32_t n_q,
                      int64_t *values);

#endif
