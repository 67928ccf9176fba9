/* Refused: the test renames the symbol it takes from libc, so that nothing defines it. */
#include <gyre/gyre.h>

#define ROW(F, N) F(i64, value)
GYRE_RECORD(row, ROW)

static int is_some(const struct row *r)
{
    return r->value != 0;
}

GYRE_FILTER(some, "Keeps some rows.", row, is_some)

#include <sys/auxv.h>

/* Exported, so that the reference to getauxval stays. */
__attribute__((visibility("default"))) unsigned long undefined_symbol_uses(void)
{
    return getauxval(0);
}

GYRE_PLUGIN(undefined_symbol, "1.0", GYRE_OP(some))
