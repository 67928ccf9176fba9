/* Refused: its note has an instruction-set level that nobody knows. */
#include <gyre/gyre.h>

#define ROW(F, N) F(i64, value)
GYRE_RECORD(row, ROW)

static int is_some(const struct row *r)
{
    return r->value != 0;
}

GYRE_FILTER(some, "Keeps some rows.", row, is_some)

#undef GYRE_ISA_LEVEL
#define GYRE_ISA_LEVEL 9

GYRE_PLUGIN(isa_unknown, "1.0", GYRE_OP(some))
