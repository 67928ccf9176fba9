/* Wrong: merging forgets what was there. */
#include <gyre/gyre.h>

#define ROW(F, N)   F(i64, n)
#define TOTAL(F, N) F(i64, total)
GYRE_RECORD(row, ROW)
GYRE_RECORD(result, TOTAL)
GYRE_STATE_RECORD(acc, 1, TOTAL)

static void add(struct acc *acc, const struct row *row)
{
    acc->total += row->n % 100;
}

static void merge(struct acc *acc, const struct acc *from)
{
    acc->total = from->total;
}

static void result(const struct acc *acc, struct result *out)
{
    out->total = acc->total;
}

GYRE_AGGREGATE(total, "Gets one thing wrong.", row, acc, result, add, merge, result)
GYRE_PLUGIN(mutant_agg_laws, "1.0", GYRE_FN(total))
