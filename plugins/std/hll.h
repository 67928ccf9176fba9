/* plugins/std/hll.h: a sketch of a set that tells how many different values it has (Flajolet and others, "HyperLogLog",
 * 2007; the estimate is that of Ertl, "New cardinality estimation algorithms for HyperLogLog sketches", 2017).
 *
 * Up to HLL_FEW hashes of 64 bits are kept each once, and counted. With one more, in a batch or a merge, there are
 * HLL_REGISTERS registers instead: the upper bits of a hash choose one, which holds the greatest place of the first
 * set bit among the others. What is kept follows from the set of values alone, whatever the order in which
 * they came or parts were merged. The standard error is 1.04 / sqrt(HLL_REGISTERS) = 0.81 %. */
#ifndef GYRE_PLUGIN_STD_HLL_H
#define GYRE_PLUGIN_STD_HLL_H

#include "values.h"

enum { HLL_BITS = 14, HLL_REGISTERS = 1 << HLL_BITS, HLL_FEW = 1024 };

/* An accumulator; zeroed it is empty. */
struct hll {
    struct values hashes;
    struct gyre_str registers; /* empty: the hashes are all there */
};

extern const struct gyre_state_type hll_type;

/** Adds a value by its hash, or all of a set.
 *  Errors:  GYRE_ENOMEM, told */
int32_t hll_put(struct gyre_ctx *ctx, struct hll *hll, uint64_t hash);
int32_t hll_merge(struct gyre_ctx *ctx, struct hll *into, const struct hll *from);

/** How many different values there are. */
int64_t hll_count(const struct hll *hll);

#endif
