/* Refused: its note begins with another magic. */
#include <gyre/gyre.h>

#define ROW(F, N) F(i64, value)
GYRE_RECORD(row, ROW)

static int is_some(const struct row *r)
{
    return r->value != 0;
}

GYRE_FILTER(some, "Keeps some rows.", row, is_some)

#undef GYRE_NOTE_MAGIC
#define GYRE_NOTE_MAGIC 0xdeadbeefu

GYRE_PLUGIN(magic, "1.0", GYRE_OP(some))
