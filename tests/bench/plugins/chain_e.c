/* chain_e.number: step e of chain.h. */
#include "../chain.h"
#include <gyre/gyre.h>

#define NUMBERED(F, N) F(i64, n)
GYRE_RECORD(numbered, NUMBERED)

static inline void apply(const struct numbered *in, struct numbered *out)
{
    out->n = chain_e(in->n);
}
GYRE_MAP_TOTAL(number, "Changes n.", numbered, numbered, apply)

GYRE_PLUGIN(chain_e, "0.1.0", GYRE_OP(number))
