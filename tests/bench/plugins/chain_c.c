/* chain_c.shift: step c of chain.h. */
#include "../chain.h"
#include <gyre/gyre.h>

#define POINT(F, N) F(f64, x) F(f64, y)
GYRE_RECORD(point, POINT)
#define SHIFTED(F, N) F(f64, y)
GYRE_RECORD(shifted, SHIFTED)

static inline void apply(const struct point *in, struct shifted *out)
{
    out->y = chain_c(in->x, in->y);
}
GYRE_MAP_TOTAL(shift, "Adds x to y.", point, shifted, apply)

GYRE_PLUGIN(chain_c, "0.1.0", GYRE_OP(shift))
