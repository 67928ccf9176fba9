/* See accumulate.h. */
#include "op/accumulate.h"

#include "base/mem.h"
#include "op/inside.h"

#include <assert.h>

enum { RUN = 128 }; /* rows */

/* ---- making ---- */

static int init_view(struct gy_accumulator *function)
{
    uint32_t n_reads = function->hosted->n_reads;
    function->columns = gy_calloc(n_reads + 1, sizeof *function->columns);
    function->arenas = gy_calloc(n_reads + 1, sizeof(struct gy_arenas *));
    return function->columns == NULL || function->arenas == NULL ? GYRE_ENOMEM : 0;
}

static int init_type(struct gy_accumulate *all, const struct gy_node *node)
{
    const struct gyre_state_type **types =
        gy_calloc(node->n_hosted, sizeof(const struct gyre_state_type *));
    int code = types != NULL ? 0 : GYRE_ENOMEM;
    for (uint32_t f = 0; code == 0 && f < node->n_hosted; f++)
        types[f] = node->hosted[f].accumulator;
    if (code == 0)
        code = gy_type_init(&all->type, types, node->n_hosted);
    gy_free(types);
    return code;
}

int gy_accumulate_init(struct gy_accumulate *all, struct gy_instance *instance)
{
    const struct gy_node *node = instance->node;
    memset(all, 0, sizeof *all);
    all->instance = instance;
    all->functions = gy_calloc(node->n_hosted, sizeof *all->functions);
    if (all->functions == NULL || init_type(all, node) != 0)
        return GYRE_ENOMEM;
    all->n = node->n_hosted;
    all->can_merge = true;
    for (uint32_t f = 0; f < all->n; f++) {
        all->functions[f] = (struct gy_accumulator){.hosted = &node->hosted[f],
                                                    .offset = all->type.segments[f].offset,
                                                    .flat = all->type.segments[f].flat};
        all->can_merge &= node->hosted[f].aggregate->merge != NULL;
        if (all->n > 1 && init_view(&all->functions[f]) != 0)
            return GYRE_ENOMEM;
    }
    all->saved = all->n > 1 ? gy_alloc(all->type.size) : NULL;
    return all->n > 1 && all->saved == NULL ? GYRE_ENOMEM : 0;
}

void gy_accumulate_fini(struct gy_accumulate *all)
{
    for (uint32_t f = 0; f < all->n; f++) {
        gy_free(all->functions[f].columns);
        gy_free(all->functions[f].arenas);
    }
    gy_free(all->functions);
    gy_free(all->saved);
    gy_type_fini(&all->type);
    memset(all, 0, sizeof *all);
}

/* ---- what a function sees ---- */

/* Makes the views of a batch, one for each function. */
static void view_batch(struct gy_accumulate *all, const struct gyre_batch *in)
{
    struct gy_arenas *const *arenas = in->host;
    for (uint32_t f = 0; all->n > 1 && f < all->n; f++) {
        struct gy_accumulator *function = &all->functions[f];
        const struct gy_hosted *hosted = function->hosted;
        for (uint32_t k = 0; k < hosted->n_reads; k++) {
            function->columns[k] = in->columns[hosted->reads[k]];
            function->arenas[k] = arenas[hosted->reads[k]];
        }
        function->batch = *in;
        function->batch.n_columns = hosted->n_reads;
        function->batch.columns = function->columns;
        function->batch.host = function->arenas;
    }
}

/* The batch as a function reads it. */
static const struct gyre_batch *view_of(const struct gy_accumulator *function,
                                        const struct gyre_batch *in)
{
    return function->columns != NULL ? &function->batch : in;
}

/* The port learns what the function has used of the arena before it gets another one: else it would
 * not know that rows refer to the old one. */
static char *grow_results(struct gyre_out *out, uint32_t len)
{
    struct gy_port *port = out->host;
    port->out.text = out->text;
    return port->out.grow(out, len);
}

/* The function's own columns, seen as an output of their own. What it uses of the arena is told to
 * the port by `results_end`. */
static struct gyre_out results_of(const struct gy_accumulate *all, const struct gy_hosted *hosted)
{
    struct gyre_out out = all->instance->ports[0].out;
    out.data += hosted->first_own;
    out.valid += hosted->first_own;
    out.n_columns = hosted->n_results;
    out.grow = grow_results;
    return out;
}

static void results_end(const struct gy_accumulate *all, const struct gyre_out *results)
{
    all->instance->ports[0].out.text = results->text;
}

/* The function's accumulators in the records. */
static void *const *accumulators(struct gy_accumulate *all, const struct gy_accumulator *function,
                                 void *const *records, uint32_t n)
{
    assert(n <= GYRE_BATCH_ROWS);
    if (function->offset == 0)
        return records;
    for (uint32_t j = 0; j < n; j++)
        all->accumulators[j] = (char *)records[j] + function->offset;
    return all->accumulators;
}

/* From here on the function is called. */
static struct gyre_ctx *enter(const struct gy_accumulate *all, const struct gy_hosted *hosted)
{
    struct gy_instance *instance = all->instance;
    gy_functions_enter(instance, hosted, hosted->config);
    gy_instance_calls(instance, hosted->op != instance->node->op ? hosted->op : NULL,
                      hosted->plugin);
    return &instance->ctx;
}

/* ---- rows ---- */

static int roll_one_by_one(struct gyre_ctx *ctx, const struct gyre_aggregate *aggregate,
                           const struct gyre_batch *in, const uint32_t *rows, uint32_t n,
                           void *const *accs, struct gyre_out *out)
{
    int code = 0;
    for (uint32_t j = 0; code == 0 && j < n; j++) {
        code = aggregate->add(ctx, in, &rows[j], 1, &accs[j]);
        if (code == 0)
            code = aggregate->result(ctx, accs[j], out, rows[j]);
    }
    return code;
}

/* Rows and their records, on the way to the functions. */
struct feed {
    const struct gyre_batch *in;
    const uint32_t *rows;
    uint32_t n;
    void *const *records;
    bool rolls;
};

/* Gives the rows to a function. */
static int give(struct gy_accumulate *all, const struct gy_accumulator *function,
                const struct feed *feed)
{
    const struct gy_hosted *hosted = function->hosted;
    const struct gyre_aggregate *aggregate = hosted->aggregate;
    const struct gyre_batch *in = view_of(function, feed->in);
    void *const *accs = accumulators(all, function, feed->records, feed->n);
    struct gyre_ctx *ctx = enter(all, hosted);
    if (!feed->rolls)
        return aggregate->add(ctx, in, feed->rows, feed->n, accs);
    struct gyre_out out = results_of(all, hosted);
    int code = aggregate->roll != NULL
                   ? aggregate->roll(ctx, in, feed->rows, feed->n, accs, &out)
                   : roll_one_by_one(ctx, aggregate, in, feed->rows, feed->n, accs, &out);
    results_end(all, &out);
    return code;
}

static bool is_dropped(const struct gy_accumulate *all, uint32_t row)
{
    const struct gy_instance *instance = all->instance;
    if (instance->in == NULL)
        return instance->refused;
    return instance->any_dropped && instance->dropped[row];
}

/* Undoes what the flat functions did with a row. */
static void put_back(const struct gy_accumulate *all, void *record)
{
    if (all->type.flat) {
        memcpy(record, all->saved, all->type.size);
        return;
    }
    for (uint32_t f = 0; f < all->n; f++) {
        uint32_t at = all->functions[f].offset;
        if (all->functions[f].flat)
            memcpy((char *)record + at, (const char *)all->saved + at,
                   all->functions[f].hosted->accumulator->value_size);
    }
}

/* Gives one row to the functions that are flat, or to those that are not, until one refuses it. */
static int give_row(struct gy_accumulate *all, const struct feed *one, bool flat)
{
    int code = 0;
    for (uint32_t f = 0; code == 0 && f < all->n && !is_dropped(all, one->rows[0]); f++)
        if (all->functions[f].flat == flat)
            code = give(all, &all->functions[f], one);
    return code;
}

static int give_by_row(struct gy_accumulate *all, const struct feed *feed)
{
    int code = 0;
    for (uint32_t j = 0; code == 0 && j < feed->n; j++) {
        struct feed one = *feed;
        one.rows += j;
        one.records += j;
        one.n = 1;
        all->instance->refused = false;
        memcpy(all->saved, one.records[0], all->type.size);
        code = give_row(all, &one, true);
        if (code == 0 && !all->type.flat)
            code = give_row(all, &one, false);
        if (code == 0 && is_dropped(all, one.rows[0]))
            put_back(all, one.records[0]);
    }
    return code;
}

/* Several functions take turns with some rows after another: the first finds their records in the L2
 * cache, where the store has fetched them to, and the others in the L1 cache. */
static int give_runs(struct gy_accumulate *all, const struct feed *feed)
{
    int code = 0;
    for (uint32_t from = 0; code == 0 && from < feed->n; from += RUN) {
        struct feed run = *feed;
        run.rows += from;
        run.records += from;
        run.n = feed->n - from < RUN ? feed->n - from : RUN;
        for (uint32_t f = 0; code == 0 && all->instance->sticky == 0 && f < all->n; f++)
            code = give(all, &all->functions[f], &run);
    }
    return code;
}

static int give_all(struct gy_accumulate *all, const struct feed *feed)
{
    if (all->n == 1)
        return give(all, all->functions, feed);
    view_batch(all, feed->in);
    if (all->instance->node->on_error != GY_ON_ERROR_FAIL)
        return give_by_row(all, feed);
    return give_runs(all, feed);
}

int gy_accumulate_roll(struct gy_accumulate *all, const struct gyre_batch *in, const uint32_t *rows,
                       uint32_t n, void *const *records)
{
    return give_all(all, &(struct feed){in, rows, n, records, true});
}

/* ---- the other callbacks: each has its name while it runs, and keeps it where it fails ---- */

static const char *name_callback(struct gy_accumulate *all, const char *name)
{
    const char *before = all->instance->callback;
    all->instance->callback = gy_crumb.callback = name;
    return before;
}

static int end_callback(struct gy_accumulate *all, const char *before, int code)
{
    if (code == 0 && all->instance->sticky == 0)
        name_callback(all, before);
    return code;
}

int gy_accumulate_merge(struct gy_accumulate *all, void *const *into, const void *const *from,
                        uint32_t n)
{
    const char *before = name_callback(all, "merge");
    int code = 0;
    assert(all->can_merge);
    for (uint32_t f = 0; code == 0 && f < all->n; f++) {
        const struct gy_hosted *hosted = all->functions[f].hosted;
        uint32_t at = all->functions[f].offset;
        struct gyre_ctx *ctx = enter(all, hosted);
        for (uint32_t j = 0; code == 0 && j < n; j++)
            code = hosted->aggregate->merge(ctx, (char *)into[j] + at, (const char *)from[j] + at);
    }
    return end_callback(all, before, code);
}

/* Records that were added up ahead. */
static int add_records(struct gy_accumulate *all, const uint32_t *rows, uint32_t n,
                       void *const *records)
{
    const void *from[RUN];
    int code = 0;
    assert(all->can_merge);
    for (uint32_t at = 0; code == 0 && at < n; at += RUN) {
        uint32_t m = n - at < RUN ? n - at : RUN;
        for (uint32_t j = 0; j < m; j++)
            from[j] = all->instance->merged[rows[at + j]];
        code = gy_accumulate_merge(all, records + at, from, m);
    }
    return code;
}

int gy_accumulate_add(struct gy_accumulate *all, const struct gyre_batch *in, const uint32_t *rows,
                      uint32_t n, void *const *records)
{
    if (all->instance->merged != NULL)
        return add_records(all, rows, n, records);
    return give_all(all, &(struct feed){in, rows, n, records, false});
}

int gy_accumulate_results(struct gy_accumulate *all, const void *const *records, uint32_t n,
                          uint32_t first)
{
    const char *before = name_callback(all, "result");
    int code = 0;
    for (uint32_t f = 0; code == 0 && f < all->n; f++) {
        const struct gy_hosted *hosted = all->functions[f].hosted;
        uint32_t at = all->functions[f].offset;
        struct gyre_out results = results_of(all, hosted);
        struct gyre_ctx *ctx = enter(all, hosted);
        for (uint32_t j = 0; code == 0 && j < n; j++)
            code =
                hosted->aggregate->result(ctx, (const char *)records[j] + at, &results, first + j);
        results_end(all, &results);
    }
    return end_callback(all, before, code);
}
