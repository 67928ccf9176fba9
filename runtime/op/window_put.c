/* What windows put out: a row for each record, with the columns that the host fills (key, bounds)
 * in front of the functions'. A window function puts out as many rows as it likes: it sees the port
 * without the host's columns, and these are filled behind it. */
#include "op/window.h"

#include "base/mem.h"
#include "op/inside.h"

#include <assert.h>

enum { PUT_MOST = 128 };

/* ---- scratch records ---- */

void *gy_window_scratch(struct gy_window *window, uint32_t i)
{
    assert(i < PUT_MOST);
    void *record = window->scratch + (size_t)i * window->scratch_stride;
    gy_records_init(&window->kept.records, record);
    return record;
}

void gy_window_scratch_end(struct gy_window *window, uint32_t n)
{
    for (uint32_t i = 0; !window->kept.records.plain && i < n; i++)
        gy_records_fini(&window->kept.records,
                        window->scratch + (size_t)i * window->scratch_stride);
}

/* ---- the host's columns ---- */

/* Long strings are copied: the store or batch that they stand in goes. */
static void own_strings(struct gyre_out *out, struct gyre_str *strings, uint32_t first, uint32_t n)
{
    for (uint32_t j = first; j < first + n; j++)
        if (strings[j].len > GYRE_STR_INLINE)
            strings[j] = gyre_out_str(out, strings[j].u.ptr, strings[j].len);
}

/* Key field k of the row at hand, n times. As a store has it: -0.0 and 0.0 are one key, and which of the two is put
 * out must not depend on whether a row or the watermark has fired the window. */
static void put_row_key(struct gy_window *window, uint32_t k, uint32_t row, uint32_t first,
                        uint32_t n)
{
    const struct gy_instance *instance = window->instance;
    struct gyre_out *out = &window->instance->ports[0].out;
    const struct gy_column *columns[GY_KEYS_MAX];
    uint32_t type = instance->node->key.types[k], size = gyre_type_size(type);
    gy_key_columns(instance, columns);
    const char *value = (const char *)columns[k]->data + (size_t)row * size;
    double number = 0;
    if (type == GYRE_TYPE_f64) {
        gy_key_decode(type, gy_key_canonical(type, value), &number);
        value = (const char *)&number;
    }
    for (uint32_t j = first; j < first + n; j++) {
        memcpy((char *)out->data[k] + (size_t)j * size, value, size);
        if (out->valid[k] != NULL)
            out->valid[k][j] = columns[k]->valid == NULL || columns[k]->valid[row];
    }
}

/* Whose keys: those of entries, or that of a row at hand. */
struct whose {
    struct gy_store *store;
    const struct gy_store_entry *entries; /* NULL: `row` */
    uint32_t row;
};

static void put_keys(struct gy_window *window, const struct whose *whose, uint32_t first,
                     uint32_t n)
{
    struct gyre_out *out = &window->instance->ports[0].out;
    const struct gy_key *key = &window->instance->node->key;
    for (uint32_t k = 0; k < key->n; k++) {
        if (whose->entries != NULL)
            gy_store_key_column(whose->store, whose->entries, n, k, out->data[k], out->valid[k],
                                first);
        else
            put_row_key(window, k, whose->row, first, n);
        if (gyre_type_is_str(key->types[k]))
            own_strings(out, out->data[k], first, n);
    }
}

static void put_bounds(struct gy_window *window, const struct gy_firing *firing, uint32_t first,
                       uint32_t n)
{
    const struct gy_window_plan *plan = window->plan;
    struct gyre_out *out = &window->instance->ports[0].out;
    for (uint32_t j = first; plan->start_own >= 0 && j < first + n; j++) {
        GYRE_OUT(out, plan->start_own, int64_t)[j] = firing->start_us;
        GYRE_OUT(out, plan->end_own, int64_t)[j] = firing->end_us;
    }
    for (uint32_t j = first; out->time != NULL && j < first + n; j++)
        out->time[j] = firing->time_us;
}

static int room(struct gy_window *window)
{
    struct gyre_out *out = &window->instance->ports[0].out;
    if (out->rows == out->capacity)
        out->full(out);
    if (window->instance->ports[0].error != 0)
        return gy_instance_fail(window->instance, GYRE_ENOMEM, "no memory for the results");
    return 0;
}

/* ---- aggregates ---- */

/* An aggregate that cannot be merged takes the rows that were kept, now that all are there. None of them
 * is of the batch at hand. */
static int take_rows(struct gy_window *window, const struct gy_kept *kept,
                     const struct gy_rows *rows, void *record)
{
    struct gy_instance *instance = window->instance;
    struct gy_rows_cursor cursor = gy_rows_begin(rows);
    const struct gy_batch *at_hand = instance->in;
    void *records[GYRE_BATCH_ROWS];
    int code = 0, n;
    for (uint32_t j = 0; j < GYRE_BATCH_ROWS; j++)
        records[j] = record;
    instance->in = NULL;
    while (code == 0 && (n = gy_unpacked_read(kept, kept->unpacked, &cursor)) != 0)
        code = n < 0 ? gy_instance_fail(instance, GYRE_ENOMEM, "no memory for rows")
                     : gy_accumulate_add(&instance->accumulate, &kept->unpacked->batch,
                                         instance->all_rows, (uint32_t)n, records);
    instance->in = at_hand;
    return code;
}

static int put_of_rows(struct gy_window *window, const struct gy_kept *kept,
                       const struct gy_rows *rows, uint32_t first)
{
    struct gy_accumulate *all = &window->instance->accumulate;
    const void *record = window->record;
    gy_record_init(all, window->record);
    int code = take_rows(window, kept, rows, window->record);
    if (code == 0)
        code = gy_accumulate_results(all, &record, 1, first);
    gy_record_fini(all, &window->blocks, window->record);
    return code;
}

static int put_results(struct gy_window *window, const struct gy_kept *kept,
                       const void *const *records, uint32_t n, uint32_t first)
{
    int code = 0;
    if (!kept->rows)
        return gy_accumulate_results(&window->instance->accumulate, records, n, first);
    for (uint32_t j = 0; code == 0 && j < n; j++)
        code = put_of_rows(window, kept, records[j], first + j);
    return code;
}

/* ---- window functions ---- */

/* The port as the function sees it: `full` and `grow` keep the host's side in step. */
struct view {
    struct gyre_out out; /* first */
    struct gy_window *window;
    const struct whose *whose;
    const struct gy_firing *firing;
    const struct gy_batch *at_hand; /* not the function's: its rows are those of the window */
    uint32_t filled;                /* rows of the port whose host's columns are there */
};

static void sync_out(struct view *view)
{
    struct gyre_out *out = &view->window->instance->ports[0].out;
    const struct gy_hosted *hosted = &view->window->instance->node->hosted[0];
    view->out.rows = out->rows;
    view->out.capacity = out->capacity;
    view->out.data = out->data + hosted->first_own;
    view->out.valid = out->valid + hosted->first_own;
    view->out.time = out->time;
    view->out.text = out->text;
    view->out.text_end = out->text_end;
}

/* Fills the host's columns of the rows that the function has put out since the last time. */
static void fill(struct view *view)
{
    struct gyre_out *out = &view->window->instance->ports[0].out;
    out->rows = view->out.rows;
    out->text = view->out.text;
    for (uint32_t j = view->filled; j < out->rows; j++)
        put_keys(view->window, view->whose, j, 1);
    put_bounds(view->window, view->firing, view->filled, out->rows - view->filled);
    view->filled = out->rows;
    view->out.text = out->text;
    view->out.text_end = out->text_end;
}

static void view_full(struct gyre_out *out)
{
    struct view *view = (struct view *)out;
    struct gyre_out *port = &view->window->instance->ports[0].out;
    view->window->instance->in = view->at_hand;
    fill(view);
    view->window->instance->in = NULL;
    port->full(port);
    view->filled = port->rows;
    sync_out(view);
}

static char *view_grow(struct gyre_out *out, uint32_t len)
{
    struct view *view = (struct view *)out;
    struct gyre_out *port = &view->window->instance->ports[0].out;
    port->text = view->out.text;
    port->rows = view->out.rows;
    char *text = port->grow(port, len);
    view->out.text = port->text;
    view->out.text_end = port->text_end;
    return text;
}

static void view_adopt(struct gyre_out *out, uint32_t column, const struct gyre_batch *in,
                       uint32_t in_column)
{
    struct view *view = (struct view *)out;
    struct gyre_out *port = &view->window->instance->ports[0].out;
    port->adopt(port, column + view->window->instance->node->hosted[0].first_own, in, in_column);
}

static int call_function(struct gy_window *window, const struct gyre_batch *const *views,
                         uint32_t n, const struct whose *whose, const struct gy_firing *firing)
{
    struct gy_instance *instance = window->instance;
    const struct gy_hosted *hosted = &instance->node->hosted[0];
    const struct gyre_window_function *function = hosted->function->impl;
    struct view view = {.out = instance->ports[0].out,
                        .window = window,
                        .whose = whose,
                        .firing = firing,
                        .at_hand = instance->in,
                        .filled = instance->ports[0].out.rows};
    struct gyre_out *shown[1] = {&view.out};
    struct gyre_out *const *outputs = instance->ctx.outputs;
    const char *callback = instance->callback;
    sync_out(&view);
    view.out.n_columns = hosted->n_results;
    view.out.full = view_full;
    view.out.grow = view_grow;
    view.out.adopt = view_adopt;
    instance->ctx.outputs = shown;
    instance->ctx.n_outputs = 1;
    gy_functions_enter(instance, hosted, hosted->config);
    instance->callback = gy_crumb.callback = "fire";
    instance->in = NULL;
    int code = function->fire(&instance->ctx, views, n, firing->start_us, firing->end_us);
    instance->in = view.at_hand;
    instance->ctx.outputs = outputs;
    instance->ctx.n_outputs = instance->node->n_outputs;
    fill(&view);
    if (code == 0 && instance->sticky == 0)
        instance->callback = gy_crumb.callback = callback;
    return code;
}

static int put_function(struct gy_window *window, const struct gy_kept *kept,
                        const struct gy_rows *rows, const struct whose *whose,
                        const struct gy_firing *firing)
{
    struct gy_unpacked_all all;
    int code = gy_unpacked_all_init(kept, &all, rows);
    code = code == 0
               ? call_function(window, all.views, all.n, whose, firing)
               : gy_instance_fail(window->instance, code, "no memory for a window of %llu rows",
                                  (unsigned long long)rows->rows);
    gy_unpacked_all_fini(kept, &all);
    return code;
}

/* ---- both ---- */

static int put_some(struct gy_window *window, const struct gy_kept *kept, const struct whose *whose,
                    const void *const *records, uint32_t n, const struct gy_firing *firing)
{
    struct gyre_out *out = &window->instance->ports[0].out;
    uint32_t first = out->rows;
    if (window->instance->node->hosted[0].aggregate == NULL)
        return put_function(window, kept, records[0], whose, firing);
    put_keys(window, whose, first, n);
    put_bounds(window, firing, first, n);
    int code = put_results(window, kept, records, n, first);
    out->rows += n;
    return code;
}

static int put_all(struct gy_window *window, const struct gy_kept *kept, struct whose whose,
                   const void *const *records, uint32_t n, const struct gy_firing *firing)
{
    struct gyre_out *out = &window->instance->ports[0].out;
    const struct gy_store_entry *entries = whose.entries;
    bool one = window->instance->node->hosted[0].aggregate == NULL;
    int code = 0;
    for (uint32_t done = 0, some; code == 0 && done < n; done += some) {
        code = room(window);
        if (code != 0)
            return code;
        some = out->capacity - out->rows < n - done ? out->capacity - out->rows : n - done;
        some = one ? 1 : some;
        whose.entries = entries != NULL ? entries + done : NULL;
        code = put_some(window, kept, &whose, records + done, some, firing);
    }
    return code;
}

int gy_window_put(struct gy_window *window, struct gy_store *store,
                  const struct gy_store_entry *entries, uint32_t row, const void *const *records,
                  uint32_t n, const struct gy_firing *firing)
{
    return put_all(window, &window->kept, (struct whose){store, entries, row}, records, n, firing);
}

/* ---- one window with the rows of many keys ---- */

/* Gives the rows of a batch to the records of their keys. */
static int group_batch(struct gy_window *window, struct gy_store *groups, struct gy_unpacked *rows)
{
    struct gy_instance *instance = window->instance;
    const struct gy_key *key = &instance->node->key;
    const struct gy_column *columns[GY_KEYS_MAX];
    const struct gy_batch *at_hand = instance->in;
    uint64_t hash[GYRE_BATCH_ROWS];
    uint32_t n = rows->batch.rows;
    for (uint32_t k = 0; k < key->n; k++)
        columns[k] = &rows->key[k];
    int code = gy_key_hash(key, columns, NULL, n, hash);
    if (code == 0)
        code = gy_store_slots(groups, hash, columns, NULL, n, instance->slots);
    if (code != 0)
        return gy_instance_fail(instance, code, "no memory to put a window out");
    instance->in = NULL;
    code = gy_kept_add(&window->group, &rows->batch, rows->time, instance->all_rows, n,
                       instance->slots);
    instance->in = at_hand;
    return code;
}

static int group_rows(struct gy_window *window, struct gy_store *groups, const struct gy_rows *rows)
{
    struct gy_rows_cursor cursor = gy_rows_begin(rows);
    int code = 0, n;
    while (code == 0 && (n = gy_unpacked_read(&window->kept, window->kept.unpacked, &cursor)) != 0)
        code = n < 0 ? gy_instance_fail(window->instance, GYRE_ENOMEM, "no memory for rows")
                     : group_batch(window, groups, window->kept.unpacked);
    return code;
}

static int put_groups(struct gy_window *window, struct gy_store *groups,
                      const struct gy_firing *firing)
{
    struct gy_store_entry entries[PUT_MOST];
    const void *records[PUT_MOST];
    uint64_t cursor = 0;
    uint32_t n;
    int code = 0;
    while (code == 0 && (n = gy_store_walk(groups, &cursor, entries, PUT_MOST)) > 0) {
        for (uint32_t i = 0; i < n; i++)
            records[i] = entries[i].slot;
        code =
            put_all(window, &window->group, (struct whose){groups, entries, 0}, records, n, firing);
    }
    return code;
}

int gy_window_put_groups(struct gy_window *window, const struct gy_sequence *sequence,
                         uint32_t first, uint32_t n, const struct gy_firing *firing)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_store_config config = gy_window_store_config(window, &window->group);
    config.key = window->instance->node->key;
    config.hash_span = config.hash_first = 0; /* rows of all keys */
    struct gy_store *groups = gy_store_new(&config, &error);
    int code = groups != NULL
                   ? 0
                   : gy_instance_fail(window->instance, GYRE_ENOMEM, "no memory for a window");
    for (uint32_t i = first; code == 0 && i < first + n; i++)
        code = group_rows(window, groups, gy_sequence_record(sequence, &window->kept.records, i));
    if (code == 0)
        code = put_groups(window, groups, firing);
    gy_store_free(groups);
    return code;
}

void gy_window_late(struct gy_window *window, uint32_t row)
{
    struct gy_instance *instance = window->instance;
    if (instance->stats.late_rows++ == 0)
        gy_instance_log(instance, GY_LOG_WARN,
                        "a row came too late for all its windows, and more may follow: they are "
                        "counted, and in the port `late`");
    if (window->plan->late_port < 0)
        return;
    struct gy_port *port = &instance->ports[window->plan->late_port];
    if (port->is_empty)
        memset(port->out.keep, 0, instance->in->rows);
    port->is_empty = false;
    port->out.keep[row] = 1;
}
