/* my_plugin: how the status of devices changes.
 *
 * `changes` is an operator that remembers something for each key, a string among it. `share` is an aggregate, which
 * works on every row, in windows and at the end without more code. Both are functions on records; the macros of
 * gyre/record.h make of them what gyre calls once for a whole batch of rows. */
#include <gyre/gyre.h>

/* ---- changes ---- */

/* Fields, written once: F(type, name) is one, N(type, name) one that may be null. Only those that the operator
 * reads need be here. */
#define STATUS(F, N) F(str, device) F(str, status)
GYRE_RECORD(status, STATUS)

#define CHANGE(F, N) F(str, device) F(str, before) F(str, after) F(i64, rows)
GYRE_RECORD(change, CHANGE)

/* What is kept for each device. It starts zeroed; gyre holds it, saves it and deals it out to other tasks. It can
 * hold no pointers. The 1 is a version: raise it when the meaning of the members changes. */
#define LAST(F, N) F(str, status) F(i64, rows)
GYRE_STATE_RECORD(last, 1, LAST)

/* Options are a table over a struct. gyre reads them from the job file, and tells mistakes with their line. */
struct changes_config {
    const char *unknown;
};

static const struct gyre_option changes_options[] = {
    GYRE_OPT(struct changes_config, unknown, STRING, "unknown", 0, "the status before the first"),
};

static void compare(struct gyre_ctx *ctx, const struct changes_config *config,
                    const struct status *row, struct last *last, struct gyre_emit *emit)
{
    struct gyre_str before = last->status;
    if (last->rows > 0 && gyre_str_equal(&before, &row->status)) {
        last->rows++;
        return;
    }
    if (last->rows == 0)
        before = gyre_str_view(config->unknown, (uint32_t)strlen(config->unknown));
    change_emit(emit, &(struct change){row->device, before, row->status, last->rows});
    /* The bytes of a string in state are gyre's: it is assigned by this call, never with `=`. `before` is a view of
     * them, so it has to be put out first. */
    gyre_state_str(ctx, &last->status, &row->status);
    last->rows = 1;
}

GYRE_KEYED_WITH(changes, "Puts out how a status changes, and for how many rows it had lasted.",
                status, last, change, compare, struct changes_config, changes_options)

/* ---- share ---- */

#define SEEN(F, N) N(str, status)
GYRE_RECORD(seen, SEEN)

/* The accumulator is state as well. */
#define COUNTS(F, N) F(i64, rows) F(i64, hits)
GYRE_STATE_RECORD(counts, 1, COUNTS)

#define SHARE(F, N) N(f64, share)
GYRE_RECORD(share, SHARE)

struct share_config {
    const char *of;
};

static const struct gyre_option share_options[] = {
    GYRE_OPT(struct share_config, of, STRING, NULL, GYRE_REQUIRED, "the status that counts"),
};

static void share_add(struct gyre_ctx *ctx, const struct share_config *config,
                      struct counts *counts, const struct seen *row)
{
    struct gyre_str of = gyre_str_view(config->of, (uint32_t)strlen(config->of));
    (void)ctx;
    if (row->status_null)
        return; /* aggregates skip nulls */
    counts->rows++;
    counts->hits += gyre_str_equal(&row->status, &of);
}

/* What adding the rows of `from` would have done. Windows that slide are put together from parts by it. */
static void share_merge(struct gyre_ctx *ctx, const struct share_config *config,
                        struct counts *into, const struct counts *from)
{
    (void)ctx, (void)config;
    into->rows += from->rows;
    into->hits += from->hits;
}

static void share_result(struct gyre_ctx *ctx, const struct share_config *config,
                         const struct counts *counts, struct share *out)
{
    (void)ctx, (void)config;
    out->share_null = counts->rows == 0;
    if (counts->rows > 0)
        out->share = (double)counts->hits / (double)counts->rows;
}

GYRE_AGGREGATE_WITH(share, "The share of rows that have some status.", seen, counts, share,
                    share_add, share_merge, share_result, struct share_config, share_options)

/* The file has to be called after the plugin: my_plugin.so. */
GYRE_PLUGIN(my_plugin, "0.1.0", GYRE_OP(changes), GYRE_FN(share))
