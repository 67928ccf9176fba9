/* Refused: it lists one operator twice. */
#include <gyre/gyre.h>

#define ROW(F, N) F(i64, value)
GYRE_RECORD(row, ROW)

static int is_some(const struct row *r)
{
    return r->value != 0;
}

GYRE_FILTER(some, "Keeps some rows.", row, is_some)

GYRE_PLUGIN(operator_twice, "1.0", GYRE_OP(some), GYRE_OP(some))
