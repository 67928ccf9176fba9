/* See window.h: making, time, saving and restoring, whatever the way. */
#include "op/window.h"

#include "base/mem.h"
#include "op/inside.h"
#include "state/keyed.h"

#include <assert.h>

enum { SCRATCH = 128 };

/* ---- making ---- */

static enum gy_window_way way_of(const struct gy_window_plan *plan)
{
    if (plan->keep.kind == GY_POLICY_SESSION)
        return GY_WINDOW_SESSIONS;
    if (!plan->both_time)
        return GY_WINDOW_POLICIES;
    bool overlap = plan->keep.time_us > plan->fire.time_us;
    bool again = plan->lateness_us > 0 || plan->early_us > 0;
    return plan->accumulate && (overlap || again) ? GY_WINDOW_SLIDING : GY_WINDOW_PANES;
}

/* True where rows must be kept as they are. */
static bool needs_rows(const struct gy_window *window)
{
    const struct gy_policy_plan *keep = &window->plan->keep;
    bool by_function = window->way == GY_WINDOW_POLICIES && keep->function != NULL;
    bool merges =
        window->way == GY_WINDOW_SLIDING || window->way == GY_WINDOW_SESSIONS || window->slides;
    return window->instance->node->hosted[0].aggregate == NULL || window->grouped ||
           (by_function && window->slides) || (merges && !window->instance->accumulate.can_merge);
}

static int init_kept(struct gy_window *window)
{
    struct gy_instance *instance = window->instance;
    const struct gy_window_plan *plan = window->plan;
    bool has_function = instance->node->hosted[0].aggregate == NULL;
    if (gy_kept_init(&window->kept, instance, needs_rows(window), window->grouped) != 0)
        return GYRE_ENOMEM;
    /* What is not put out more than once is not merged ahead. */
    if (window->way != GY_WINDOW_SLIDING && !window->slides)
        window->kept.records.sums = false;
    window->kept.records.bare = window->way == GY_WINDOW_SLIDING;
    if (window->grouped && gy_kept_init(&window->group, instance, has_function, false) != 0)
        return GYRE_ENOMEM;
    bool points = window->way == GY_WINDOW_POLICIES && plan->fire.kind == GY_POLICY_DELTA &&
                  plan->fire.function != NULL;
    if (points && gy_kept_init(&window->points, instance, true, false) != 0)
        return GYRE_ENOMEM;
    if (!has_function)
        window->record = gy_alloc_aligned(gy_accumulate_size(&instance->accumulate), 16);
    return has_function || window->record != NULL ? 0 : GYRE_ENOMEM;
}

/* True where a refused row could do more than leave a record as it was. */
static bool needs_trial(const struct gy_window *window)
{
    const struct gy_node *node = window->instance->node;
    bool moves = window->way == GY_WINDOW_SESSIONS || window->way == GY_WINDOW_POLICIES;
    return node->on_error != GY_ON_ERROR_FAIL && node->hosted[0].aggregate != NULL &&
           (moves || window->kept.rows);
}

static int init_types(struct gy_window *window)
{
    const struct gy_node *node = window->instance->node;
    window->types = gy_calloc(node->n_hosted, sizeof(const struct gyre_state_type *));
    for (uint32_t f = 0; window->types != NULL && f < node->n_hosted; f++)
        window->types[f] = node->hosted[f].accumulator;
    return window->types != NULL ? 0 : GYRE_ENOMEM;
}

static int init_trigger(struct gy_window *window)
{
    const struct gy_hosted *function = window->plan->fire.function;
    if (window->way != GY_WINDOW_POLICIES || window->plan->fire.kind != GY_POLICY_FUNCTION ||
        function == NULL || function->accumulator == NULL)
        return 0;
    return gy_type_init(&window->trigger_type, &function->accumulator, 1);
}

static int init_scratch(struct gy_window *window)
{
    window->scratch_stride = (window->kept.records.size + 15u) & ~15u;
    window->scratch = gy_alloc_aligned((size_t)SCRATCH * window->scratch_stride, 16);
    return window->scratch != NULL ? 0 : GYRE_ENOMEM;
}

static int init_keys(struct gy_window *window, struct gyre_error *error)
{
    if (window->way == GY_WINDOW_PANES)
        return 0;
    struct gy_store_config config = gy_instance_store_config(window->instance);
    config.kind = GYRE_STATE_VALUE;
    gy_window_key_type(window);
    config.host = &window->key_type;
    if (window->grouped)
        config.key.n = 0;
    window->keys = gy_store_new(&config, error);
    return window->keys != NULL ? 0 : error->code;
}

struct gy_window *gy_window_new(struct gy_instance *instance, struct gyre_error *error)
{
    const struct gy_window_plan *plan = instance->node->window;
    struct gy_window *window = gy_calloc(1, sizeof *window);
    if (window == NULL) {
        gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for windows");
        return NULL;
    }
    instance->window = window;
    window->instance = instance;
    window->plan = plan;
    window->way = way_of(plan);
    window->grouped = (window->way == GY_WINDOW_POLICIES || window->way == GY_WINDOW_SESSIONS) &&
                      plan->per != GY_PER_KEY && instance->node->key.n > 0;
    window->slides =
        window->way == GY_WINDOW_POLICIES && !plan->tumbling && plan->keep.kind != GY_POLICY_ALL;
    window->seen_us = window->told_us = INT64_MIN;
    window->fired = window->restored = INT64_MIN;
    window->next = INT64_MAX;
    window->early_at_us = INT64_MAX;
    if (plan->both_time || plan->fire.kind == GY_POLICY_TIME)
        window->periods =
            gy_periods_make(plan->both_time ? plan->keep.time_us : plan->fire.time_us,
                            plan->fire.time_us, plan->fire.offset_us + plan->keep.offset_us);
    if (init_types(window) == 0 && init_kept(window) == 0 && init_trigger(window) == 0 &&
        init_scratch(window) == 0 && init_keys(window, error) == 0) {
        window->tries = needs_trial(window);
        return window;
    }
    gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for windows");
    instance->window = NULL;
    gy_window_free(window);
    return NULL;
}

void gy_window_free(struct gy_window *window)
{
    if (window == NULL)
        return;
    for (size_t i = 0; i < window->panes.n; i++)
        gy_pane_free(window->panes.items[i]);
    for (size_t i = 0; i < window->firing.n; i++)
        gy_pane_free(window->firing.items[i]);
    gy_vec_fini(&window->panes);
    gy_vec_fini(&window->firing);
    gy_store_free(window->keys);
    gy_heap_fini(&window->due);
    gy_kept_fini(&window->kept);
    gy_kept_fini(&window->group);
    gy_kept_fini(&window->points);
    gy_type_fini(&window->trigger_type);
    gy_free(window->scratch);
    gy_free(window->record);
    gy_free(window->types);
    gy_blocks_fini(&window->blocks);
    gy_free(window);
}

/* ---- rows and time ---- */

static void see(struct gy_window *window, int64_t time_us)
{
    if (time_us > window->seen_us) {
        window->seen_us = time_us;
        window->busy = true;
    }
}

/* `clock = "processing"`: rows are of the moment at which they come. */
static const int64_t *stamp(struct gy_window *window, uint32_t rows)
{
    see(window, gy_clock_now_us(window->instance->env.clock));
    for (uint32_t i = 0; i < rows; i++)
        window->times[i] = window->seen_us;
    return window->times;
}

/* The times of the rows at hand: their own, of which there are none where nothing goes by them. */
static const int64_t *times_of(struct gy_window *window, const struct gyre_batch *in)
{
    if (window->plan->processing)
        return stamp(window, in->rows);
    for (uint32_t i = 0; in->time == NULL && i < in->rows; i++)
        window->times[i] = GYRE_NO_TIME;
    return in->time != NULL ? in->time : window->times;
}

/* The rows that the functions take, each by itself: what they refuse is as if it had not come, and may
 * neither open, move nor fire a window. Tables of rows that are added up at once need not be asked. */
static int try_rows(struct gy_window *window, const struct gyre_batch *in, const uint32_t *rows,
                    uint32_t *taken, uint32_t *n)
{
    struct gy_instance *instance = window->instance;
    struct gy_accumulate *all = &instance->accumulate;
    int code = 0;
    *n = 0;
    for (uint32_t j = 0; code == 0 && j < in->kept; j++) {
        void *record = window->record;
        gy_record_init(all, record);
        code = gy_accumulate_add(all, in, &rows[j], 1, &record);
        gy_record_fini(all, &window->blocks, record);
        if (!instance->any_dropped || instance->dropped[rows[j]] == 0)
            taken[(*n)++] = rows[j];
    }
    return code;
}

int gy_window_process(struct gy_window *window, const struct gyre_batch *in)
{
    struct gy_instance *instance = window->instance;
    const uint32_t *rows = in->keep != NULL ? in->selection : instance->all_rows;
    const int64_t *times = times_of(window, in);
    uint32_t taken[GYRE_BATCH_ROWS], n = in->kept;
    if (window->plan->late_port >= 0)
        instance->ports[window->plan->late_port].is_empty = true; /* until a row is late */
    if (window->plan->early_us > 0 && window->early_at_us == INT64_MAX)
        window->early_at_us =
            gy_time_plus(gy_clock_now_us(instance->env.clock), window->plan->early_us);
    if (window->tries) {
        int code = try_rows(window, in, rows, taken, &n);
        if (code != 0)
            return code;
        rows = taken;
    }
    switch (window->way) {
    case GY_WINDOW_PANES: return gy_panes_process(window, in, times, rows, n);
    case GY_WINDOW_SLIDING: return gy_sliding_process(window, in, times, rows, n);
    case GY_WINDOW_SESSIONS: return gy_session_process(window, in, times, rows, n);
    case GY_WINDOW_POLICIES: return gy_policy_process(window, in, times, rows, n);
    }
    return 0;
}

void gy_window_advance(struct gy_window *window, int64_t watermark_us)
{
    if (watermark_us == INT64_MAX)
        window->at_end = true;
    if (!window->plan->processing || watermark_us == INT64_MAX)
        see(window, watermark_us);
}

static int work(struct gy_window *window, uint32_t rows_max)
{
    switch (window->way) {
    case GY_WINDOW_PANES: return gy_panes_work(window, rows_max);
    case GY_WINDOW_SLIDING: return gy_sliding_work(window, rows_max);
    case GY_WINDOW_SESSIONS: return gy_session_work(window, rows_max);
    case GY_WINDOW_POLICIES: return gy_policy_work(window, rows_max);
    }
    return 0;
}

/* Looks at the clock, where anything goes by it. */
static void look(struct gy_window *window)
{
    bool early = window->early_at_us != INT64_MAX;
    if (!window->plan->processing && !early)
        return;
    int64_t now_us = gy_clock_now_us(window->instance->env.clock);
    if (window->plan->processing && !window->at_end)
        see(window, now_us);
    if (early && now_us >= window->early_at_us) {
        window->early_at_us = INT64_MAX; /* until the next row */
        window->early_due = window->busy = true;
    }
}

int gy_window_work(struct gy_window *window, uint32_t rows_max)
{
    look(window);
    if (!window->busy)
        return 0;
    int code = work(window, rows_max);
    if (code == 0) {
        window->busy = false;
        window->told_us = window->seen_us;
    }
    return code;
}

bool gy_window_has_work(const struct gy_window *window)
{
    if (window->busy)
        return true;
    int64_t wake_us = gy_window_wake_us(window);
    return wake_us != INT64_MAX && wake_us <= gy_clock_now_us(window->instance->env.clock);
}

/* The number of a window of time that is due and not put out yet; INT64_MAX: none. */
static int64_t pending(const struct gy_window *window)
{
    if (window->way == GY_WINDOW_SLIDING)
        return gy_sliding_pending(window);
    int64_t due = gy_periods_due(&window->periods, window->seen_us);
    if (window->firing.n > 0)
        return window->firing.items[0]->order;
    return window->panes.n > 0 && due != INT64_MIN && window->panes.items[0]->order <= due
               ? window->panes.items[0]->order
               : INT64_MAX;
}

int64_t gy_window_told(const struct gy_window *window, int64_t watermark_us)
{
    int64_t told_us = watermark_us;
    if (!window->busy || (window->plan->processing && watermark_us != INT64_MAX))
        return watermark_us;
    if (window->way == GY_WINDOW_PANES || window->way == GY_WINDOW_SLIDING) {
        int64_t k = pending(window);
        if (k != INT64_MAX)
            told_us = gy_time_minus(gy_periods_end_us(&window->periods, k), 1);
    } else
        told_us = window->told_us;
    return told_us < watermark_us ? told_us : watermark_us;
}

/* The moment at which something of what is kept is due. */
static int64_t next_due_us(const struct gy_window *window)
{
    const struct gy_heap_entry *next = gy_heap_get(&window->due);
    int64_t k = INT64_MAX;
    if (window->way == GY_WINDOW_PANES && window->panes.n > 0)
        k = window->panes.items[0]->order;
    if (window->way == GY_WINDOW_SLIDING)
        k = gy_sliding_next(window);
    if (k != INT64_MAX)
        return gy_periods_end_us(&window->periods, k);
    return next != NULL ? next->time : INT64_MAX;
}

int64_t gy_window_wake_us(const struct gy_window *window)
{
    int64_t wake_us = window->early_at_us;
    if (window->plan->processing) {
        int64_t due_us = next_due_us(window);
        wake_us = due_us < wake_us ? due_us : wake_us;
    }
    return wake_us;
}

/* ---- saving ---- */

/* A table's entry, and behind it which table it is of. */
static void save_pane_entries(void *host, const struct gy_store_entry *entries, uint32_t n)
{
    const struct gy_pane_saving *saving = host;
    const struct gy_pane *pane = saving->pane;
    struct gy_part *part = saving->window->instance->part;
    for (uint32_t i = 0; i < n && part->error == 0; i++) {
        struct gyre_writer *writer = gy_part_record(part, GY_RECORD_STATE, 0);
        gy_store_encode(pane->store, &entries[i], writer);
        gyre_write_i64(writer, pane->order);
        gyre_write_i64(writer, pane->after);
        gy_part_end_record(part);
    }
}

static void save_key_entries(void *host, const struct gy_store_entry *entries, uint32_t n)
{
    const struct gy_window *window = host;
    struct gy_part *part = window->instance->part;
    for (uint32_t i = 0; i < n && part->error == 0; i++) {
        gy_store_encode(window->keys, &entries[i], gy_part_record(part, GY_RECORD_STATE, 0));
        gy_part_end_record(part);
    }
}

/* Begins to save a table, or, with `save` NULL, ends it. */
static void epoch_of(struct gy_pane *pane, gy_store_save *save)
{
    if (save != NULL)
        gy_store_drained(pane->store, pane->cursor);
    gy_store_epoch(pane->store, save, &pane->saving);
    pane->saved = save == NULL;
}

static void epoch(struct gy_window *window, bool saves)
{
    gy_store_save *save = saves ? save_pane_entries : NULL;
    for (size_t i = 0; i < window->panes.n; i++)
        epoch_of(window->panes.items[i], save);
    for (size_t i = 0; i < window->firing.n; i++)
        epoch_of(window->firing.items[i], save);
    if (window->keys != NULL)
        gy_store_epoch(window->keys, saves ? save_key_entries : NULL, window);
    window->keys_saved = !saves || window->keys == NULL;
}

void gy_window_save_begin(struct gy_window *window)
{
    epoch(window, true);
}

void gy_window_save_stop(struct gy_window *window)
{
    epoch(window, false);
}

/* Tables move and go while they are saved: each knows for itself. */
static struct gy_pane *unsaved(const struct gy_window *window)
{
    for (size_t i = 0; i < window->firing.n; i++)
        if (!window->firing.items[i]->saved)
            return window->firing.items[i];
    for (size_t i = 0; i < window->panes.n; i++)
        if (!window->panes.items[i]->saved)
            return window->panes.items[i];
    return NULL;
}

bool gy_window_save_slice(struct gy_window *window, uint32_t most)
{
    struct gy_pane *pane;
    while ((pane = unsaved(window)) != NULL) {
        if (gy_store_save_slice(pane->store, most))
            return true;
        pane->saved = true;
    }
    if (window->keys_saved)
        return false;
    window->keys_saved = !gy_store_save_slice(window->keys, most);
    return !window->keys_saved;
}

/* ---- restoring ---- */

static int restore_pane(struct gy_window *window, struct gyre_reader *reader,
                        const struct gy_form *form)
{
    uint32_t at;
    struct gyre_reader tail = *reader;
    if (reader->length < GY_KEYED_HEAD + 16 ||
        (window->way != GY_WINDOW_PANES && window->way != GY_WINDOW_SLIDING))
        return GYRE_ECORRUPT;
    tail.position = tail.length - 16;
    reader->length -= 16;
    int64_t order = gyre_read_i64(&tail), after = gyre_read_i64(&tail);
    int64_t first =
        window->way == GY_WINDOW_PANES ? order : gy_periods_first(&window->periods, order);
    if (first <= after)
        first = after < INT64_MAX ? after + 1 : INT64_MAX;
    struct gy_pane *pane = gy_panes_get(window, order, after, first);
    return pane != NULL ? gy_store_decode_form(pane->store, reader, form, &at) : GYRE_ENOMEM;
}

int gy_window_restore(struct gy_window *window, struct gyre_reader *reader,
                      const struct gy_form *form)
{
    uint32_t at;
    window->busy = true;
    if (reader->length > GY_KEYED_HEAD && reader->data[GY_KEYED_HEAD - 1] == GY_KEYED_PANE)
        return restore_pane(window, reader, form);
    return window->keys != NULL ? gy_store_decode_form(window->keys, reader, form, &at)
                                : GYRE_ECORRUPT;
}

int gy_window_restored(struct gy_window *window, int64_t seen_us, int64_t told_us)
{
    struct gy_store_entry entry;
    uint64_t cursor = 0;
    int code = 0;
    window->told_us = told_us;
    gy_window_advance(window, seen_us);
    if (window->plan->early_us > 0)
        window->early_at_us =
            gy_time_plus(gy_clock_now_us(window->instance->env.clock), window->plan->early_us);
    while (code == 0 && window->keys != NULL &&
           gy_store_walk(window->keys, &cursor, &entry, 1) != 0) {
        struct gy_window_key *key = entry.slot;
        switch (window->way) {
        case GY_WINDOW_SLIDING: gy_sliding_restored(window, key); break;
        case GY_WINDOW_SESSIONS: code = gy_session_arm(window, key, entry.hash); break;
        case GY_WINDOW_POLICIES: code = gy_window_arm(window, key, entry.hash, key->due_us); break;
        case GY_WINDOW_PANES: break;
        }
    }
    return code;
}

void gy_window_stats(const struct gy_window *window, uint64_t *bytes, uint64_t *entries)
{
    for (size_t i = 0; i < window->panes.n; i++) {
        *bytes += gy_store_bytes(window->panes.items[i]->store);
        *entries += gy_store_count(window->panes.items[i]->store);
    }
    for (size_t i = 0; i < window->firing.n; i++) {
        *bytes += gy_store_bytes(window->firing.items[i]->store);
        *entries += gy_store_count(window->firing.items[i]->store);
    }
    if (window->keys != NULL) {
        *bytes += gy_store_bytes(window->keys);
        *entries += gy_store_count(window->keys);
    }
    *bytes += window->blocks.bytes;
}
