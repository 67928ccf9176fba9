/* plugins/gen/zipf.h: draws from a Zipf distribution with one look into a table.
 *
 * Rank k of 0 ... n - 1 has a weight of 1 / (k + 1)^exponent. The table (A. J. Walker's alias method,
 * built as M. Vose describes) has a column per rank: it keeps the rank with the probability
 * below / 2^32, else it gives the alias. */
#ifndef GYRE_PLUGIN_GEN_ZIPF_H
#define GYRE_PLUGIN_GEN_ZIPF_H

#include <gyre/gyre.h>

#define ZIPF_KEYS_MAX 16777216

struct zipf_column {
    uint32_t below;
    uint32_t alias;
};

/* Builds the table for `n` ranks in memory of the host; NULL without memory. */
struct zipf_column *zipf_new(struct gyre_ctx *ctx, uint32_t n, double exponent);

/* The rank for 64 random bits: the high half picks the column, the low half the rank in it. */
static inline uint32_t zipf_rank(const struct zipf_column *table, uint32_t n, uint64_t random)
{
    uint32_t column = (uint32_t)((random >> 32) * n >> 32);
    return (uint32_t)random < table[column].below ? column : table[column].alias;
}

#endif
