/* Refused: its note says big-endian. */
#include <gyre/gyre.h>

#define ROW(F, N) F(i64, value)
GYRE_RECORD(row, ROW)

static int is_some(const struct row *r)
{
    return r->value != 0;
}

GYRE_FILTER(some, "Keeps some rows.", row, is_some)

#undef GYRE_BYTE_ORDER
#define GYRE_BYTE_ORDER 2

GYRE_PLUGIN(byte_order, "1.0", GYRE_OP(some))
