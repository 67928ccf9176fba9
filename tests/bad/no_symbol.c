/* Refused: it has a note and exports no gyre_plugin_v1. */
#include <gyre/gyre.h>

#define ROW(F, N) F(i64, value)
GYRE_RECORD(row, ROW)

static int is_some(const struct row *r)
{
    return r->value != 0;
}

GYRE_FILTER(some, "Keeps some rows.", row, is_some)

#define gyre_plugin_v1 gyre_plugin_v0

GYRE_PLUGIN(no_symbol, "1.0", GYRE_OP(some))
