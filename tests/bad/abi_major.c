/* Refused: its note has another ABI major version. */
#include <gyre/gyre.h>

#define ROW(F, N) F(i64, value)
GYRE_RECORD(row, ROW)

static int is_some(const struct row *r)
{
    return r->value != 0;
}

GYRE_FILTER(some, "Keeps some rows.", row, is_some)

#undef GYRE_ABI_MAJOR
#define GYRE_ABI_MAJOR 7

GYRE_PLUGIN(abi_major, "1.0", GYRE_OP(some))
