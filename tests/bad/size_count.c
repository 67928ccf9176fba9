/* Refused: its note lists the sizes of fewer structs. */
#include <gyre/gyre.h>

#define ROW(F, N) F(i64, value)
GYRE_RECORD(row, ROW)

static int is_some(const struct row *r)
{
    return r->value != 0;
}

GYRE_FILTER(some, "Keeps some rows.", row, is_some)

#undef GYRE_NOTE_SIZES
#define GYRE_NOTE_SIZES 15

GYRE_PLUGIN(size_count, "1.0", GYRE_OP(some))
