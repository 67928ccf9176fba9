/* my_plugin: aggregates.
 *
 * An aggregate is an accumulator and what feeds and reads it. gyre makes operators of it: a result for each row, one
 * at the end (mode = "batch"), or one for each window, all from the same three functions. */
#include <gyre/gyre.h>

/* ---- mean: numbers alone ---- */

/* Fields, written once: F(type, name) is one, N(type, name) one that may be null: it comes with a flag, and is 0
 * where it is null. */
#define SALE(F, N) N(f64, price) N(i64, pieces)
GYRE_RECORD(sale, SALE)

/* The accumulator starts zeroed. It is in every snapshot; raise its version, the 1, when the meaning changes. */
#define TOTAL(F, N) F(f64, worth) F(f64, pieces)
GYRE_STATE_RECORD(total, 1, TOTAL)

#define MEAN(F, N) N(f64, mean)
GYRE_RECORD(mean, MEAN)

static void mean_add(struct total *total, const struct sale *row)
{
    if (row->price_null || row->pieces_null)
        return; /* aggregates skip nulls */
    total->worth += row->price * (double)row->pieces;
    total->pieces += (double)row->pieces; /* a sum of i64 could overflow, and rows hold anything */
}

/* What adding the rows of `from` would have done. Windows that slide are put together from parts by it. */
static void mean_merge(struct total *into, const struct total *from)
{
    into->worth += from->worth;
    into->pieces += from->pieces;
}

static void mean_result(const struct total *total, struct mean *out)
{
    out->mean_null = total->pieces == 0;
    if (total->pieces != 0)
        out->mean = total->worth / total->pieces;
}

GYRE_AGGREGATE(mean, "The mean price of a piece.", sale, total, mean, mean_add, mean_merge,
               mean_result)

/* ---- longest: a string in the accumulator ---- */

#define NOTE(F, N) N(str, note)
GYRE_RECORD(note, NOTE)

#define BEST(F, N) F(bool, any) F(str, note)
GYRE_STATE_RECORD(best, 1, BEST)

#define LONGEST(F, N) N(str, longest)
GYRE_RECORD(longest, LONGEST)

/* The bytes of a string in an accumulator are gyre's: it is assigned by gyre_state_str, never with `=`. That takes
 * `ctx`, which the _WITH form hands over, with options; there are none here. */
static void longest_take(struct gyre_ctx *ctx, struct best *best, const struct gyre_str *note)
{
    if (best->any && note->len <= best->note.len)
        return; /* the first of several wins, so that the result is the same however rows are cut */
    best->any = 1;
    gyre_state_str(ctx, &best->note, note);
}

static void longest_add(struct gyre_ctx *ctx, const char *none, struct best *best,
                        const struct note *row)
{
    (void)none;
    if (!row->note_null)
        longest_take(ctx, best, &row->note);
}

static void longest_merge(struct gyre_ctx *ctx, const char *none, struct best *into,
                          const struct best *from)
{
    (void)none;
    if (from->any)
        longest_take(ctx, into, &from->note);
}

static void longest_result(struct gyre_ctx *ctx, const char *none, const struct best *best,
                           struct longest *out)
{
    (void)ctx, (void)none;
    out->longest_null = !best->any;
    out->longest = best->note; /* copied where it is put out */
}

GYRE_AGGREGATE_WITH(longest, "The longest note.", note, best, longest, longest_add, longest_merge,
                    longest_result, char, GYRE_NO_OPTIONS)

/* The file has to be called after the plugin: my_plugin.so. */
GYRE_PLUGIN(my_plugin, "0.1.0", GYRE_FN(mean), GYRE_FN(longest))
