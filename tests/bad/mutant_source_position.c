/* Wrong: the last row comes twice. */
#include "mutant_source.h"

static int64_t first(void)
{
    return 1;
}

static int64_t position(int64_t next)
{
    return next > 1 ? next - 1 : next;
}

GYRE_PLUGIN(mutant_source_position, "1.0", GYRE_OP(op))
