/* Wrong: it begins elsewhere the next time. */
#include "mutant_source.h"

static int64_t first(void)
{
    static int64_t times;
    return times++;
}

static int64_t position(int64_t next)
{
    return next;
}

GYRE_PLUGIN(mutant_source_replay, "1.0", GYRE_OP(op))
