/* chain_b.large: step b of chain.h. */
#include "../chain.h"
#include <gyre/gyre.h>

#define TESTED(F, N) F(f64, x)
GYRE_RECORD(tested, TESTED)

static inline int is_large(const struct tested *in)
{
    return chain_b(in->x);
}
GYRE_FILTER_TOTAL(large, "Rows with a large x.", tested, is_large)

GYRE_PLUGIN(chain_b, "0.1.0", GYRE_OP(large))
