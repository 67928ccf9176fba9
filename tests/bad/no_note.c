/* Refused: it exports the symbol and has no note. */
#include <gyre/gyre.h>

#define ROW(F, N) F(i64, value)
GYRE_RECORD(row, ROW)

static int is_some(const struct row *r)
{
    return r->value != 0;
}

GYRE_FILTER(some, "Keeps some rows.", row, is_some)

static const struct gyre_item items[] = {GYRE_OP(some)};
extern __attribute__((visibility("default"))) const struct gyre_plugin gyre_plugin_v1;
const struct gyre_plugin gyre_plugin_v1 = {sizeof gyre_plugin_v1, 1, "no_note", "1.0", items};
