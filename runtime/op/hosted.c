/* Functions as operators. A key function adds its columns to the rows that pass. Aggregate functions
 * are rolling (a row out per row in) or final (a row out per key when the input ends). The runtime
 * owns the loop over keys, a function the loop over rows.
 *
 * A node hosts one function or several; each has a store of its own, whose values are its
 * accumulators: a rolling function may come between two runs, and the others keep their state. Where
 * they are final all stores have the same keys. Functions run one after another over a batch, each
 * on its own view of the input and its own columns of the output.
 *
 * A row that one function refuses as bad must not be counted by another. Where the job fails at it
 * this is no matter; else several functions go row by row, and a refused row's accumulators are put
 * back as they were. Flat ones can be, and run first; those that hold strings or have functions of
 * their own cannot, and run last (none of the standard ones refuses a row then).
 *
 * The end of input is told in slices of SLICE rows, so that a million keys do not stop the task. */
#include "op/inside.h"

#include "base/mem.h"

enum { SLICE = 1024, WALK = 128 };

/* True where an accumulator's bytes are all there is to it. */
static bool is_flat(const struct gyre_state_type *type)
{
    for (uint32_t i = 0; i < type->n_members; i++)
        if (gyre_type_is_str(type->members[i].type))
            return false;
    return type->init == NULL && type->fini == NULL && type->encode == NULL;
}

static int init_view(struct gy_hosted_view *view, const struct gy_hosted *hosted)
{
    const struct gyre_state_type *type = hosted->accumulator;
    view->columns = gy_calloc(hosted->n_reads + 1, sizeof *view->columns);
    view->arenas = gy_calloc(hosted->n_reads + 1, sizeof(struct gy_arenas *));
    if (is_flat(type))
        view->saved = gy_alloc(type->value_size);
    return view->columns == NULL || view->arenas == NULL || (is_flat(type) && view->saved == NULL)
               ? GYRE_ENOMEM
               : 0;
}

static int init_views(struct gy_instance *instance)
{
    const struct gy_node *node = instance->node;
    if (node->n_hosted == 1)
        return 0;
    instance->hosted_views = gy_calloc(node->n_hosted, sizeof *instance->hosted_views);
    for (uint32_t f = 0; instance->hosted_views != NULL && f < node->n_hosted; f++)
        if (init_view(&instance->hosted_views[f], &node->hosted[f]) != 0)
            return GYRE_ENOMEM;
    return instance->hosted_views != NULL ? 0 : GYRE_ENOMEM;
}

int gy_hosted_init(struct gy_instance *instance, struct gyre_error *error)
{
    const struct gy_node *node = instance->node;
    if (node->aggregation == GY_AGG_WINDOWED)
        return gyre_error_set(error, GYRE_ENOTSUP, -1, "windows: not yet");
    instance->ctx.config = node->hosted[0].config;
    if (node->aggregation == GY_AGG_NONE)
        return 0;
    instance->flags |= GYRE_WANTS_SELECTION | GYRE_MASK_AWARE;
    instance->all_rows = gy_calloc(GYRE_BATCH_ROWS, sizeof(uint32_t));
    if (instance->all_rows == NULL || init_views(instance) != 0)
        return gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for an aggregate");
    for (uint32_t j = 0; j < GYRE_BATCH_ROWS; j++)
        instance->all_rows[j] = j;
    return 0;
}

void gy_hosted_fini(struct gy_instance *instance)
{
    for (uint32_t f = 0; instance->hosted_views != NULL && f < instance->node->n_hosted; f++) {
        gy_free(instance->hosted_views[f].columns);
        gy_free(instance->hosted_views[f].arenas);
        gy_free(instance->hosted_views[f].saved);
    }
    gy_free(instance->hosted_views);
    gy_free(instance->all_rows);
}

/* ---- what a function sees ---- */

/* The batch as function `f` reads it. */
static const struct gyre_batch *view_of(struct gy_instance *instance, const struct gyre_batch *in,
                                        uint32_t f)
{
    const struct gy_hosted *hosted = &instance->node->hosted[f];
    if (instance->hosted_views == NULL)
        return in;
    struct gy_hosted_view *view = &instance->hosted_views[f];
    struct gy_arenas *const *arenas = in->host;
    for (uint32_t k = 0; k < hosted->n_reads; k++) {
        view->columns[k] = in->columns[hosted->reads[k]];
        view->arenas[k] = arenas[hosted->reads[k]];
    }
    view->batch = *in;
    view->batch.columns = view->columns;
    view->batch.host = view->arenas;
    return &view->batch;
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
static struct gyre_out results_of(const struct gy_instance *instance, uint32_t f)
{
    const struct gy_hosted *hosted = &instance->node->hosted[f];
    struct gyre_out out = instance->ports[0].out;
    out.data += hosted->first_own;
    out.valid += hosted->first_own;
    out.n_columns = hosted->n_results;
    out.grow = grow_results;
    return out;
}

static void results_end(struct gy_instance *instance, const struct gyre_out *results)
{
    instance->ports[0].out.text = results->text;
}

/* ---- rows ---- */

static int roll_one_by_one(struct gy_instance *instance, uint32_t f, const struct gyre_batch *in,
                           const uint32_t *rows, uint32_t n, void *const *accs,
                           struct gyre_out *out)
{
    const struct gyre_aggregate *aggregate = instance->node->hosted[f].aggregate;
    int code = 0;
    for (uint32_t j = 0; code == 0 && j < n; j++) {
        code = aggregate->add(&instance->ctx, in, &rows[j], 1, &accs[j]);
        if (code == 0)
            code = aggregate->result(&instance->ctx, accs[j], out, rows[j]);
    }
    return code;
}

/* The slots of the rows' keys in the store of function `f`. */
static int find_slots(struct gy_instance *instance, uint32_t f, const struct gyre_batch *in,
                      const uint32_t *rows, uint32_t n)
{
    const struct gy_column *columns[GY_KEYS_MAX];
    gy_key_columns(instance, columns);
    int code = gy_store_slots(instance->stores[f], in->hash, columns, rows, n, instance->slots);
    if (code != 0)
        return gy_instance_fail(instance, code, "no memory for the state of %u more rows", n);
    return 0;
}

/* From here on function `f` is called. */
static void enter(struct gy_instance *instance, uint32_t f)
{
    const struct gy_hosted *hosted = &instance->node->hosted[f];
    instance->ctx.config = hosted->config;
    gy_instance_calls(instance, hosted->op != instance->node->op ? hosted->op : NULL,
                      hosted->plugin);
}

/* Gives the rows to function `f`, whose accumulators are in instance->slots. */
static int give(struct gy_instance *instance, uint32_t f, const struct gyre_batch *in,
                const uint32_t *rows, uint32_t n)
{
    const struct gyre_aggregate *aggregate = instance->node->hosted[f].aggregate;
    enter(instance, f);
    if (instance->node->aggregation == GY_AGG_FINAL)
        return aggregate->add(&instance->ctx, in, rows, n, instance->slots);
    struct gyre_out out = results_of(instance, f);
    int code = aggregate->roll != NULL
                   ? aggregate->roll(&instance->ctx, in, rows, n, instance->slots, &out)
                   : roll_one_by_one(instance, f, in, rows, n, instance->slots, &out);
    results_end(instance, &out);
    return code;
}

/* Undoes what the flat functions did with a row. */
static void put_back(struct gy_instance *instance)
{
    for (uint32_t f = 0; f < instance->node->n_hosted; f++) {
        struct gy_hosted_view *view = &instance->hosted_views[f];
        if (view->saved != NULL)
            memcpy(view->slot, view->saved, instance->node->hosted[f].accumulator->value_size);
    }
}

/* Gives a row to the functions that are flat, or to those that are not, until one refuses it. */
static int give_row(struct gy_instance *instance, const struct gyre_batch *in, uint32_t row,
                    bool flat)
{
    int code = 0;
    for (uint32_t f = 0; code == 0 && f < instance->node->n_hosted; f++) {
        struct gy_hosted_view *view = &instance->hosted_views[f];
        if ((view->saved != NULL) != flat)
            continue;
        instance->slots[0] = view->slot;
        code = give(instance, f, view_of(instance, in, f), &row, 1);
        if (instance->any_dropped && instance->dropped[row])
            break;
    }
    return code;
}

static int process_by_row(struct gy_instance *instance, const struct gyre_batch *in,
                          const uint32_t *rows)
{
    int code = 0;
    for (uint32_t j = 0; code == 0 && j < in->kept; j++) {
        uint32_t row = rows[j];
        for (uint32_t f = 0; code == 0 && f < instance->node->n_hosted; f++) {
            struct gy_hosted_view *view = &instance->hosted_views[f];
            code = find_slots(instance, f, in, &row, 1);
            if (code != 0)
                return code;
            view->slot = instance->slots[0];
            if (view->saved != NULL)
                memcpy(view->saved, view->slot, instance->node->hosted[f].accumulator->value_size);
        }
        code = give_row(instance, in, row, true);
        if (code == 0 && !(instance->any_dropped && instance->dropped[row]))
            code = give_row(instance, in, row, false);
        if (code == 0 && instance->any_dropped && instance->dropped[row])
            put_back(instance);
    }
    return code;
}

/* A key function: its columns are the port's own, aligned with the batch. */
static int process_keys(struct gy_instance *instance, const struct gyre_batch *in)
{
    const struct gyre_key_function *function = instance->node->hosted[0].function->impl;
    instance->callback = gy_crumb.callback = "keys";
    return function->keys(&instance->ctx, in, &instance->ports[0].out);
}

int gy_hosted_process(struct gy_instance *instance, const struct gyre_batch *in)
{
    const struct gy_node *node = instance->node;
    const uint32_t *rows = in->keep != NULL ? in->selection : instance->all_rows;
    int code = 0;
    if (node->aggregation == GY_AGG_NONE)
        return process_keys(instance, in);
    if (node->n_hosted > 1 && node->on_error != GY_ON_ERROR_FAIL)
        return process_by_row(instance, in, rows);
    for (uint32_t f = 0; code == 0 && instance->sticky == 0 && f < node->n_hosted; f++) {
        code = find_slots(instance, f, in, in->keep != NULL ? rows : NULL, in->kept);
        if (code == 0)
            code = give(instance, f, view_of(instance, in, f), rows, in->kept);
    }
    return code;
}

/* ---- the end of input ---- */

/* Key strings stand in the store: those beyond 12 bytes are copied into the output's arena. */
static void copy_keys(struct gy_instance *instance, const struct gy_store_entry *entries,
                      uint32_t n, uint32_t first)
{
    struct gyre_out *out = &instance->ports[0].out;
    const struct gy_key *key = &instance->node->key;
    for (uint32_t k = 0; k < key->n; k++) {
        gy_store_key_column(instance->stores[0], entries, n, k, out->data[k], out->valid[k], first);
        struct gyre_str *strings = out->data[k];
        for (uint32_t j = first; gyre_type_is_str(key->types[k]) && j < first + n; j++)
            if (strings[j].len > GYRE_STR_INLINE)
                strings[j] = gyre_out_str(out, strings[j].u.ptr, strings[j].len);
    }
}

/* The accumulator of function `f` for the key of an entry of the first store, which stands at `row`
 * of the output. */
static const void *accumulator(struct gy_instance *instance, uint32_t f,
                               const struct gy_store_entry *entry, uint32_t row)
{
    const struct gyre_out *out = &instance->ports[0].out;
    struct gy_column columns[GY_KEYS_MAX];
    const struct gy_column *pointers[GY_KEYS_MAX];
    if (f == 0)
        return entry->slot;
    for (uint32_t k = 0; k < instance->node->key.n; k++) {
        columns[k] = (struct gy_column){.data = out->data[k], .valid = out->valid[k]};
        pointers[k] = &columns[k];
    }
    return gy_store_find(instance->stores[f], entry->hash, pointers, row);
}

/* Puts out the results of function `f`. */
static int put_results(struct gy_instance *instance, uint32_t f,
                       const struct gy_store_entry *entries, uint32_t n, uint32_t first)
{
    const struct gy_hosted *hosted = &instance->node->hosted[f];
    struct gyre_out results = results_of(instance, f);
    int code = 0;
    enter(instance, f);
    for (uint32_t j = 0; code == 0 && j < n; j++) {
        const void *acc = accumulator(instance, f, &entries[j], first + j);
        if (acc == NULL)
            return gy_instance_fail(instance, GYRE_EFAIL, "%s has no state for a key", hosted->op);
        code = hosted->aggregate->result(&instance->ctx, acc, &results, first + j);
    }
    results_end(instance, &results);
    return code;
}

/* Puts out the results of `n` entries, for which there is room. */
static int put_out(struct gy_instance *instance, const struct gy_store_entry *entries, uint32_t n)
{
    struct gyre_out *out = &instance->ports[0].out;
    uint32_t first = out->rows;
    int code = 0;
    copy_keys(instance, entries, n, first);
    for (uint32_t f = 0; code == 0 && f < instance->node->n_hosted; f++)
        code = put_results(instance, f, entries, n, first);
    for (uint32_t j = first; out->time != NULL && j < first + n; j++)
        out->time[j] = GYRE_NO_TIME;
    out->rows += n;
    return code;
}

int gy_hosted_resume(struct gy_instance *instance)
{
    struct gy_store_entry entries[WALK];
    struct gyre_out *out = &instance->ports[0].out;
    for (uint32_t rows = 0; rows < SLICE;) {
        if (out->rows == out->capacity)
            out->full(out);
        if (instance->ports[0].error != 0)
            return gy_instance_fail(instance, GYRE_ENOMEM, "no memory for the results");
        uint32_t room = out->capacity - out->rows;
        uint32_t n = gy_store_walk(instance->stores[0], &instance->cursor, entries,
                                   room < WALK ? room : WALK);
        if (n == 0)
            return 0;
        int code = put_out(instance, entries, n);
        if (code != 0)
            return code;
        rows += n;
    }
    return 1;
}
