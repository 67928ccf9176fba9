/* Refused: found on the path, its note must bear the name of its file. */
#include <gyre/gyre.h>

#define ROW(F, N) F(i64, value)
GYRE_RECORD(row, ROW)

static int is_some(const struct row *r)
{
    return r->value != 0;
}

GYRE_FILTER(some, "Keeps some rows.", row, is_some)

GYRE_PLUGIN(somebody_else, "1.0", GYRE_OP(some))
