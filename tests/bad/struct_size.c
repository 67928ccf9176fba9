/* Refused: its note gives one struct another size (a struct gyre_aggregate that grew by 8). */
#include <gyre/gyre.h>

#define ROW(F, N) F(i64, value)
GYRE_RECORD(row, ROW)

static int is_some(const struct row *r)
{
    return r->value != 0;
}

GYRE_FILTER(some, "Keeps some rows.", row, is_some)

#undef GYRE__SIZE_OF
#define GYRE__SIZE_OF(type)                                                                        \
    (uint32_t)(sizeof(struct type) + (sizeof #type == sizeof "gyre_aggregate" ? 8 : 0)),

GYRE_PLUGIN(struct_size, "1.0", GYRE_OP(some))
