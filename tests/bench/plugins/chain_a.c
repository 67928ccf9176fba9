/* chain_a.scale: step a of chain.h. */
#include "../chain.h"
#include <gyre/gyre.h>

#define SCALED(F, N) F(f64, x)
GYRE_RECORD(scaled, SCALED)

static inline void apply(const struct scaled *in, struct scaled *out)
{
    out->x = chain_a(in->x);
}
GYRE_MAP_TOTAL(scale, "Multiplies x.", scaled, scaled, apply)

GYRE_PLUGIN(chain_a, "0.1.0", GYRE_OP(scale))
