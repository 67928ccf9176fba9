/* plugins/std/lookup.c: enriches a stream by the newest row per key of another one.
 *
 * Without `as_of` that is the row of the table that came last, and a row of `in` comes out at once; in a
 * batch job, whose inputs come in any order, when they have ended. With `as_of` it is the newest one that
 * is not later than the row itself, which waits until the watermark has passed it: all that can be meant
 * has come then. Of the table is kept what a row that is not late may still ask for. */
#include "lookup.h"
#include "pair.h"

enum { IN, TABLE };
enum { MISSING_NULL, MISSING_DROP };

struct lookup_config {
    struct pair pair; /* first */
    int32_t keep;
    int32_t as_of;
    int32_t missing;
    int32_t waits; /* rows of `in` do: of an event time, or for the end */
};

static const struct gyre_port inputs[] = {
    [IN] = GYRE_PORT("in", 0, NULL, 0, "rows to enrich"),
    [TABLE] = GYRE_PORT("table", 0, NULL, 0, "rows to look up, by the key"),
};

static int32_t lookup_bind(void *config, struct gyre_bind *bind)
{
    struct lookup_config *c = config;
    const int nullable[SIDES] = {[TABLE] = c->missing == MISSING_NULL};
    int is_batch = bind->mode == GYRE_MODE_BATCH;
    int32_t code = pair_bind(&c->pair, bind, inputs);
    c->waits = c->as_of || is_batch;
    if (code == GYRE_OK)
        code = side_write_key(&c->pair.sides[IN], bind, 0);
    if (code == GYRE_OK)
        code = pair_write(&c->pair, bind, nullable, "table_");
    /* What waits for the end comes out with its own time: no watermark may leave before. */
    if (code == GYRE_OK && is_batch && !c->as_of)
        code = bind->set_flags(bind, GYRE_SETS_TIME);
    return code;
}

/* ---- put out ---- */

/* Row number n - 1 of a table is what its first n rows say; NULL: nothing. */
static const void *found(struct gyre_ctx *ctx, struct gyre_list *table, uint64_t n)
{
    return n > 0 ? gyre_list_at(ctx, table, n - 1) : NULL;
}

static void put_at_once(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                        struct gyre_list *table)
{
    const struct lookup_config *c = ctx->config;
    const void *kept = found(ctx, table, side_count(ctx, table));
    if (kept == NULL && c->missing == MISSING_DROP)
        return;
    uint32_t to = gyre_out_row(ctx->outputs[0], gyre_row_time(in, row));
    pair_put_row(ctx, to, in, row, kept);
}

/* Puts out the first n rows that wait. */
static void put_waiting(struct gyre_ctx *ctx, const struct gyre_batch *keys, uint32_t row,
                        struct gyre_list *waiting, uint64_t n, struct gyre_list *table)
{
    const struct lookup_config *c = ctx->config;
    uint64_t rows = side_count(ctx, table), at = c->as_of ? 0 : rows;
    for (uint64_t i = 0; i < n; i++) {
        const void *kept = gyre_list_at(ctx, waiting, i);
        int64_t time_us = *(const int64_t *)kept;
        while (c->as_of && at < rows && side_time(ctx, table, at) <= time_us)
            at++;
        const void *of = found(ctx, table, at);
        if (of == NULL && c->missing == MISSING_DROP)
            continue;
        uint32_t to = gyre_out_row(ctx->outputs[0], time_us);
        pair_put_kept(ctx, to, keys, row, kept, of);
    }
}

/* ---- rows ---- */

static int32_t take_in(struct pair_task *l, struct gyre_ctx *ctx, const struct gyre_batch *in,
                       uint32_t row, struct gyre_list *waiting)
{
    const struct lookup_config *c = ctx->config;
    int64_t time_us = gyre_row_time(in, row);
    int is_null = side_is_null_key(&c->pair.sides[IN], in, row);
    uint64_t at;
    if (c->as_of && time_us < ctx->watermark_us) {
        gyre_late(ctx, in, row);
        l->unkept = 1;
        return GYRE_OK;
    }
    if (is_null && c->missing == MISSING_DROP) {
        l->unkept = 1;
        return GYRE_OK;
    }
    int32_t code = side_keep(&c->pair.sides[IN], ctx, waiting, in, row, c->as_of, l->scratch, &at);
    if (code != GYRE_OK || (!c->as_of && at > 0))
        return code;
    return gyre_timer_set(ctx, in, row, GYRE_CLOCK_EVENT,
                          c->as_of && time_us != INT64_MAX ? time_us + 1 : INT64_MAX, 0);
}

/* Rows of the table that no row from `time_us` on asks for: a newer one is there. */
static void drop_older(struct gyre_ctx *ctx, struct gyre_list *table, int64_t time_us)
{
    uint64_t n = side_before(ctx, table, time_us == INT64_MAX ? time_us : time_us + 1);
    if (n > 1)
        gyre_list_drop(ctx, table, n - 1);
}

static int32_t take_table(struct pair_task *l, struct gyre_ctx *ctx, const struct gyre_batch *in,
                          uint32_t row, struct gyre_list *table)
{
    const struct lookup_config *c = ctx->config;
    const struct side *side = &c->pair.sides[TABLE];
    uint64_t at;
    if (side_is_null_key(side, in, row)) {
        l->unkept = 1;
        return GYRE_OK;
    }
    int32_t code = side_keep(side, ctx, table, in, row, c->as_of, l->scratch, &at);
    if (code != GYRE_OK)
        return code;
    if (!c->as_of) {
        if (at > 0)
            gyre_list_drop(ctx, table, at);
        return GYRE_OK;
    }
    if (at + 1 < side_count(ctx, table) && side_time(ctx, table, at + 1) <= ctx->watermark_us)
        gyre_late(ctx, in, row);
    drop_older(ctx, table, ctx->watermark_us);
    return GYRE_OK;
}

static int32_t lookup_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct pair_task *l = self;
    const struct lookup_config *c = ctx->config;
    void *lists[GYRE_BATCH_ROWS];
    int asks = in->port == IN && !c->waits;
    l->unkept = 0;
    int32_t code = asks ? gyre_state_find(ctx, c->pair.sides[TABLE].id, in, lists)
                        : gyre_state_slots(ctx, c->pair.sides[in->port].id, in, lists);
    for (uint32_t row = 0; code == GYRE_OK && row < in->rows; row++) {
        if (asks)
            put_at_once(ctx, in, row, lists[row]);
        else
            code = in->port == IN ? take_in(l, ctx, in, row, lists[row])
                                  : take_table(l, ctx, in, row, lists[row]);
    }
    if (code == GYRE_OK && l->unkept)
        side_remove_empty(&c->pair.sides[in->port], ctx, in, lists);
    return code;
}

static int32_t lookup_on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    const struct lookup_config *c = ctx->config;
    const struct gyre_batch *keys = due->keys;
    void *waiting[GYRE_BATCH_ROWS], *tables[GYRE_BATCH_ROWS];
    (void)self;
    int32_t code = gyre_state_find(ctx, c->pair.sides[IN].id, keys, waiting);
    if (code == GYRE_OK)
        code = gyre_state_find(ctx, c->pair.sides[TABLE].id, keys, tables);
    for (uint32_t row = 0; code == GYRE_OK && row < keys->rows; row++) {
        int64_t time_us = keys->time[row];
        uint64_t n = time_us == INT64_MAX ? side_count(ctx, waiting[row])
                                          : side_before(ctx, waiting[row], time_us);
        put_waiting(ctx, keys, row, waiting[row], n, tables[row]);
        if (n > 0)
            gyre_list_drop(ctx, waiting[row], n);
        if (c->as_of)
            drop_older(ctx, tables[row], time_us);
    }
    if (code == GYRE_OK)
        side_remove_empty(&c->pair.sides[IN], ctx, keys, waiting);
    return code;
}

static const struct gyre_option options[] = {
    GYRE_OPT_CHOICE(struct lookup_config, keep, "latest", "latest",
                    "of the table: the newest row of each key"),
    GYRE_OPT(struct lookup_config, as_of, BOOL, "false", 0,
             "the newest as of the row's event time, not the one that came last"),
    GYRE_OPT_CHOICE(struct lookup_config, missing, "null", "null|drop",
                    "what becomes of a row whose key the table does not have"),
};

static const struct gyre_port output =
    GYRE_PORT("out", 0, NULL, 0, "the key, the other fields of in, those of table");

const struct gyre_operator gyre_op_lookup = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "lookup",
    .doc = "Adds the newest row of a table to each row of a stream, by key.",
    .flags = GYRE_NEEDS_KEY | GYRE_READS_TIME,
    .config_size = sizeof(struct lookup_config),
    .instance_size = sizeof(struct pair_task),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = inputs,
    .n_inputs = SIDES,
    .outputs = &output,
    .n_outputs = 1,
    .needs = GYRE_FEATURE_STATE | GYRE_FEATURE_TIMERS,
    .bind = lookup_bind,
    .open = pair_open,
    .close = pair_close,
    .process = lookup_process,
    .on_timer = lookup_on_timer,
};
