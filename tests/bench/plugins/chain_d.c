/* chain_d.small: step d of chain.h. */
#include "../chain.h"
#include <gyre/gyre.h>

#define TESTED(F, N) F(f64, y)
GYRE_RECORD(tested, TESTED)

static inline int is_small(const struct tested *in)
{
    return chain_d(in->y);
}
GYRE_FILTER_TOTAL(small, "Rows with a small y.", tested, is_small)

GYRE_PLUGIN(chain_d, "0.1.0", GYRE_OP(small))
