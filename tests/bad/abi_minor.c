/* Refused: its note has another ABI minor version; its constructor must not run. */
#include <gyre/gyre.h>

#define ROW(F, N) F(i64, value)
GYRE_RECORD(row, ROW)

static int is_some(const struct row *r)
{
    return r->value != 0;
}

GYRE_FILTER(some, "Keeps some rows.", row, is_some)

#undef GYRE_ABI_MINOR
#define GYRE_ABI_MINOR 99

__attribute__((constructor)) static void runs_too_early(void)
{
    __builtin_trap();
}

GYRE_PLUGIN(abi_minor, "1.0", GYRE_OP(some))
