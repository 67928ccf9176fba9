/* Windows in the order in which rows come: POLICIES. Every combination of what is kept and when it fires
 * that is not of time on both sides.
 *
 * For each row, of its key or of the whole stream:
 *
 *     trigger   delta                      check, fire; then evict, add
 *               count, time, a function    add, evict; then check, fire
 *
 * What is kept is a sequence of one element per row, or, where all of it goes at once (tumbling) or
 * never (all), of one element with all rows. Evictions drop from its front, but for distances, by
 * which any row can go.
 *
 * A trigger of time fires at the first end that the watermark reaches after a row came. The key then stands
 * in the heap; and it is put out before another row of it is taken, wherever the heap has got to. */
#include "op/window.h"

#include "base/mem.h"
#include "op/inside.h"

#include <math.h>

enum { SAME_HASH = 64, ALL = 0 /* the order of elements that have none */, READS_MAX = 64 };

/* Whose window fires: an entry of the store of keys, or a row at hand. */
struct whose {
    const struct gy_store_entry *entry;
    uint32_t row;
};

/* One row on its way. */
struct arrival {
    const struct gyre_batch *in;
    const int64_t *times;
    uint32_t row;
    int64_t time_us;
    double value; /* of the field by whose distance rows are dropped */
    double point; /* of the one by which the trigger goes */
};

static const struct gy_policy_plan *keeps(const struct gy_window *window)
{
    return &window->plan->keep;
}

static const struct gy_policy_plan *fires(const struct gy_window *window)
{
    return &window->plan->fire;
}

/* ---- firing ---- */

static void clear(struct gy_window *window, struct gy_window_key *key)
{
    gy_sequence_drop(&key->sequence, &window->kept.records, key->sequence.n);
    key->newest_us = INT64_MIN;
}

static int put(struct gy_window *window, struct gy_window_key *key, const struct whose *whose,
               int64_t time_us)
{
    struct gy_firing firing = {INT64_MIN, INT64_MIN, time_us};
    if (window->grouped)
        return gy_window_put_groups(window, &key->sequence, 0, key->sequence.n, &firing);
    const void *sum;
    void *record = gy_window_scratch(window, 0);
    int code = gy_sequence_sum(&key->sequence, &window->kept.records, record);
    sum = record;
    if (code == GYRE_ENOMEM)
        gy_instance_fail(window->instance, code, "no memory to put a window out");
    if (code == 0)
        code = gy_window_put(window, window->keys, whose->entry, whose->row, &sum, 1, &firing);
    gy_window_scratch_end(window, 1);
    return code;
}

/* Puts the window out; what goes with it goes. */
static int fire(struct gy_window *window, struct gy_window_key *key, const struct whose *whose,
                int64_t time_us)
{
    int code = key->sequence.n > 0 ? put(window, key, whose, time_us) : 0;
    key->since = 0;
    key->due_us = INT64_MAX;
    gy_window_state_reset(window, key);
    if (window->plan->tumbling || !window->plan->accumulate)
        clear(window, key);
    window->n_empty += gy_window_key_is_empty(key);
    return code;
}

/* ---- distances ---- */

static double number(const struct gyre_batch *in, const struct gy_node *node,
                     const struct gy_policy_plan *policy, uint32_t row)
{
    const struct gy_input *input = &node->inputs[0];
    uint32_t k = policy->field;
    switch (gyre_schema_field(&input->schema, input->reads[k])->type) {
    case GYRE_TYPE_i32: return GYRE_COLUMN(in, k, int32_t)[row];
    case GYRE_TYPE_f64: return GYRE_COLUMN(in, k, double)[row];
    default: return (double)GYRE_COLUMN(in, k, int64_t)[row];
    }
}

/* Presents a batch as a policy's function reads it. */
struct shown {
    struct gyre_batch batch;
    struct gyre_column columns[READS_MAX];
};

static const struct gyre_batch *show(struct shown *shown, const struct gy_hosted *function,
                                     const struct gyre_batch *in)
{
    shown->batch = *in;
    shown->batch.columns = shown->columns;
    for (uint32_t k = 0; k < function->n_reads; k++)
        shown->columns[k] = in->columns[function->reads[k]];
    return &shown->batch;
}

static struct gyre_ctx *enter(struct gy_window *window, const struct gy_hosted *function,
                              const char *callback)
{
    struct gy_instance *instance = window->instance;
    gy_functions_enter(instance, function, function->config);
    gy_instance_calls(instance, function->op, function->plugin);
    instance->callback = gy_crumb.callback = callback;
    return &instance->ctx;
}

static double distance(struct gy_window *window, const struct gy_hosted *function,
                       const struct gyre_batch *old, uint32_t a, const struct arrival *at)
{
    const struct gyre_distance_function *impl = function->function->impl;
    struct shown from, to;
    const struct gyre_batch *old_rows = show(&from, function, old);
    const struct gyre_batch *new_rows = show(&to, function, at->in);
    return impl->distance(enter(window, function, "distance"), old_rows, a, new_rows, at->row);
}

/* ---- triggers ---- */

/* The trigger point moves to a row. */
static int set_point(struct gy_window *window, struct gy_window_key *key, const struct arrival *at)
{
    key->has_point = true;
    key->point = at->point;
    if (fires(window)->function == NULL)
        return 0;
    void *record = &key->point_row;
    key->point_row.n = 0;
    key->point_row.rows = 0;
    return gy_kept_add(&window->points, at->in, at->times, &at->row, 1, &record);
}

/* From where the first row is measured, where the job says. */
static double from_given(struct gy_window *window, const struct arrival *at)
{
    const struct gy_policy_plan *policy = fires(window);
    struct gyre_column columns[READS_MAX];
    for (uint32_t k = 0; k < policy->function->n_reads; k++)
        columns[k] = (struct gyre_column){policy->from_row[k], NULL};
    struct gyre_batch row = {.size = sizeof row, .rows = 1, .kept = 1, .columns = columns};
    const struct gyre_distance_function *impl = policy->function->function->impl;
    struct shown to;
    const struct gyre_batch *new_rows = show(&to, policy->function, at->in);
    return impl->distance(enter(window, policy->function, "distance"), &row, 0, new_rows, at->row);
}

static int from_point(struct gy_window *window, struct gy_window_key *key, const struct arrival *at,
                      double *far)
{
    struct gy_rows_cursor cursor = gy_rows_begin(&key->point_row);
    if (gy_unpacked_read(&window->points, window->points.unpacked, &cursor) != 1)
        return gy_instance_fail(window->instance, GYRE_ENOMEM, "no memory for a trigger point");
    *far = distance(window, fires(window)->function, &window->points.unpacked->batch, 0, at);
    return 0;
}

/* How far a row is from the trigger point; the first one is the point, where the job names none. */
static int delta_of(struct gy_window *window, struct gy_window_key *key, const struct arrival *at,
                    double *far)
{
    const struct gy_policy_plan *policy = fires(window);
    *far = 0;
    if (policy->function == NULL) {
        if (!key->has_point && policy->has_from) {
            key->point = policy->from;
            key->has_point = true;
        }
        *far = key->has_point ? fabs(at->point - key->point) : 0;
        return key->has_point ? 0 : set_point(window, key, at);
    }
    if (key->has_point)
        return from_point(window, key, at, far);
    if (policy->from_row == NULL)
        return set_point(window, key, at);
    *far = from_given(window, at);
    return 0;
}

/* Asks a trigger function about a row. 1 it fires, 0, or a code. */
static int ask(struct gy_window *window, struct gy_window_key *key, const struct arrival *at)
{
    const struct gy_hosted *function = fires(window)->function;
    const struct gyre_trigger_function *impl = function->function->impl;
    struct shown shown;
    int64_t wake_us = INT64_MAX;
    void *state = gy_window_state(window, key);
    if (state == NULL && window->trigger_type.size != 0)
        return gy_instance_fail(window->instance, GYRE_ENOMEM, "no memory for a trigger");
    const struct gyre_batch *in = show(&shown, function, at->in);
    int code = impl->on_row(enter(window, function, "on_row"), in, at->row, state, &wake_us);
    if (wake_us < key->due_us)
        key->due_us = wake_us;
    return code;
}

static int trigger_before(struct gy_window *window, struct gy_window_key *key,
                          const struct arrival *at)
{
    const struct whose whose = {NULL, at->row};
    double far = 0;
    if (fires(window)->kind != GY_POLICY_DELTA)
        return 0;
    int code = delta_of(window, key, at, &far);
    if (code != 0 || far <= fires(window)->delta)
        return code;
    code = fire(window, key, &whose, at->time_us);
    return code != 0 ? code : set_point(window, key, at);
}

/* The first end that is still to be reached; before the first watermark, that behind the row. */
static int64_t first_end_us(const struct gy_window *window, const struct arrival *at)
{
    int64_t time_us = window->seen_us != INT64_MIN ? window->seen_us : at->time_us;
    return gy_periods_end_us(&window->periods, gy_periods_first(&window->periods, time_us));
}

static int trigger_after(struct gy_window *window, struct gy_window_key *key,
                         const struct arrival *at)
{
    const struct whose whose = {NULL, at->row};
    int code = 0;
    switch (fires(window)->kind) {
    case GY_POLICY_COUNT: code = key->since >= fires(window)->count; break;
    case GY_POLICY_FUNCTION: code = ask(window, key, at); break;
    case GY_POLICY_TIME:
        if (key->due_us == INT64_MAX)
            key->due_us = first_end_us(window, at);
        break;
    default: break;
    }
    return code == 1 ? fire(window, key, &whose, at->time_us) : code;
}

/* ---- evictions ---- */

static int evict_by_distance(struct gy_window *window, struct gy_window_key *key,
                             const struct arrival *at)
{
    const struct gy_policy_plan *policy = keeps(window);
    const struct gy_records *records = &window->kept.records;
    for (uint32_t i = key->sequence.n; i-- > 0;) {
        double far;
        if (policy->function == NULL)
            far = fabs(gy_sequence_at(&key->sequence, records, i)->value - at->value);
        else {
            struct gy_rows_cursor cursor =
                gy_rows_begin(gy_sequence_record(&key->sequence, records, i));
            if (gy_unpacked_read(&window->kept, window->kept.unpacked, &cursor) < 0)
                return gy_instance_fail(window->instance, GYRE_ENOMEM, "no memory for a row");
            far = distance(window, policy->function, &window->kept.unpacked->batch, 0, at);
        }
        if (!(far <= policy->delta))
            gy_sequence_remove(&key->sequence, records, i);
    }
    return 0;
}

static int ask_eviction(struct gy_window *window, struct gy_window_key *key,
                        const struct arrival *at, const struct gy_unpacked_all *all)
{
    const struct gy_hosted *function = keeps(window)->function;
    const struct gyre_eviction_function *impl = function->function->impl;
    struct shown *shown = gy_calloc(all->n + 1, sizeof *shown);
    const struct gyre_batch **views = gy_calloc(all->n + 1, sizeof(const struct gyre_batch *));
    uint64_t drop = 0;
    int code = GYRE_ENOMEM;
    if (shown != NULL && views != NULL) {
        for (uint32_t i = 0; i < all->n; i++)
            views[i] = show(&shown[i], function, all->views[i]);
        const struct gyre_batch *in = show(&shown[all->n], function, at->in);
        code = impl->evict(enter(window, function, "evict"), views, all->n, in, at->row, &drop);
    }
    if (code == 0)
        gy_sequence_drop(&key->sequence, &window->kept.records,
                         drop < key->sequence.n ? (uint32_t)drop : key->sequence.n);
    gy_free(shown);
    gy_free(views);
    return code;
}

/* Asks an eviction function how many of the oldest go. */
static int evict_by_function(struct gy_window *window, struct gy_window_key *key,
                             const struct arrival *at)
{
    struct gy_unpacked_all all;
    void *rows = gy_window_scratch(window, 0);
    int code = gy_sequence_sum(&key->sequence, &window->kept.records, rows);
    if (code == 0) {
        code = gy_unpacked_all_init(&window->kept, &all, rows);
        if (code == 0)
            code = ask_eviction(window, key, at, &all);
        gy_unpacked_all_fini(&window->kept, &all);
    }
    gy_window_scratch_end(window, 1);
    if (code == GYRE_ENOMEM)
        gy_instance_fail(window->instance, code, "no memory to ask what is dropped");
    return code;
}

/* Drops what a row leaves no room for; `room` for the row itself, which is not in yet. */
static int evict(struct gy_window *window, struct gy_window_key *key, const struct arrival *at,
                 uint32_t room)
{
    const struct gy_policy_plan *policy = keeps(window);
    struct gy_sequence *s = &key->sequence;
    if (window->plan->tumbling || policy->kind == GY_POLICY_ALL)
        return 0;
    switch (policy->kind) {
    case GY_POLICY_COUNT:
        if (s->n + room > policy->count)
            gy_sequence_drop(s, &window->kept.records, (uint32_t)(s->n + room - policy->count));
        return 0;
    case GY_POLICY_TIME: {
        int64_t newest = key->newest_us > at->time_us ? key->newest_us : at->time_us;
        gy_i128 oldest = (gy_i128)newest - policy->time_us + 1;
        if (oldest > INT64_MIN)
            gy_sequence_drop(s, &window->kept.records,
                             gy_sequence_find(s, &window->kept.records, (int64_t)oldest));
        return 0;
    }
    case GY_POLICY_DELTA: return evict_by_distance(window, key, at);
    case GY_POLICY_FUNCTION: return evict_by_function(window, key, at);
    default: return 0;
    }
}

/* ---- rows ---- */

/* Takes the row into what is kept. */
static int add(struct gy_window *window, struct gy_window_key *key, const struct arrival *at)
{
    const struct gy_records *records = &window->kept.records;
    struct gy_sequence *s = &key->sequence;
    int64_t order = keeps(window)->kind == GY_POLICY_TIME && window->slides ? at->time_us : ALL;
    bool fresh = window->slides || s->n == 0;
    void *record = fresh ? gy_sequence_add(s, records, order, at->value)
                         : (void *)(uintptr_t)gy_sequence_record(s, records, 0);
    if (record == NULL)
        return gy_instance_fail(window->instance, GYRE_ENOMEM, "no memory for one more row");
    if (window->slides)
        gy_sequence_at(s, records, gy_sequence_index(s, records, record))->flags =
            (uint64_t)at->time_us;
    int code = gy_kept_add(&window->kept, at->in, at->times, &at->row, 1, &record);
    bool refused = window->instance->any_dropped && window->instance->dropped[at->row];
    if (code == 0 && fresh && !refused)
        code = gy_sequence_filled(s, records, record);
    else if (fresh) {
        gy_sequence_remove(s, records, gy_sequence_index(s, records, record));
        return code;
    }
    if (code == 0 && !refused) {
        key->since++;
        key->newest_us = at->time_us > key->newest_us ? at->time_us : key->newest_us;
    }
    return code;
}

/* Puts out what time has made due. */
static int fire_due(struct gy_window *window, struct gy_window_key *key, const struct whose *whose)
{
    if (key->due_us > window->seen_us || key->due_us == INT64_MAX)
        return 0;
    if (fires(window)->kind == GY_POLICY_TIME)
        return fire(window, key, whose, gy_time_minus(key->due_us, 1));
    const struct gy_hosted *function = fires(window)->function;
    const struct gyre_trigger_function *impl = function->function->impl;
    int64_t due_us = key->due_us, wake_us = INT64_MAX;
    void *state = gy_window_state(window, key);
    if (state == NULL && window->trigger_type.size != 0)
        return gy_instance_fail(window->instance, GYRE_ENOMEM, "no memory for a trigger");
    key->due_us = INT64_MAX;
    int code = impl->on_time(enter(window, function, "on_time"), due_us, state, &wake_us);
    if (code == 1)
        return fire(window, key, whose, gy_time_minus(due_us, 1));
    key->due_us = wake_us > window->seen_us ? wake_us : INT64_MAX;
    return code;
}

static int take(struct gy_window *window, struct gy_window_key *key, const struct arrival *at)
{
    const struct whose whose = {NULL, at->row};
    bool first = fires(window)->kind == GY_POLICY_DELTA;
    int code = fire_due(window, key, &whose);
    if (code == 0 && first)
        code = trigger_before(window, key, at);
    if (code == 0 && first)
        code = evict(window, key, at, 1);
    if (code == 0)
        code = add(window, key, at);
    if (window->instance->any_dropped && window->instance->dropped[at->row])
        return code;
    if (code == 0 && (!first || keeps(window)->kind == GY_POLICY_TIME))
        code = evict(window, key, at, 0); /* a row can be too old itself */
    if (code == 0 && !first)
        code = trigger_after(window, key, at);
    return code;
}

static double value_of(const struct gy_window *window, const struct gy_policy_plan *policy,
                       const struct gyre_batch *in, uint32_t row)
{
    if (policy->kind != GY_POLICY_DELTA || policy->function != NULL)
        return 0;
    return number(in, window->instance->node, policy, row);
}

int gy_policy_process(struct gy_window *window, const struct gyre_batch *in, const int64_t *times,
                      const uint32_t *rows, uint32_t n)
{
    struct gy_window_key *keys[GYRE_BATCH_ROWS];
    int code = gy_window_keys(window, in, rows, n, keys);
    for (uint32_t j = 0; code == 0 && j < n; j++) {
        uint32_t row = rows[j];
        struct arrival at = {in,
                             times,
                             row,
                             times[row],
                             value_of(window, keeps(window), in, row),
                             value_of(window, fires(window), in, row)};
        uint64_t hash = in->hash != NULL && !window->grouped ? in->hash[row] : 0;
        code = take(window, keys[j], &at);
        if (code == 0)
            code = gy_window_arm(window, keys[j], hash, keys[j]->due_us);
    }
    return code;
}

/* ---- time ---- */

static int work_off(struct gy_window *window)
{
    struct gy_store_entry entries[SAME_HASH];
    struct gy_heap_entry due;
    gy_heap_pop(&window->due, &due);
    uint32_t n = gy_store_of_hash(window->keys, due.tie, entries, SAME_HASH);
    int code = 0;
    for (uint32_t i = 0; code == 0 && i < n; i++) {
        struct gy_window_key *key = entries[i].slot;
        const struct whose whose = {&entries[i], 0};
        if (key->armed_us > due.time)
            continue;
        key->armed_us = INT64_MAX;
        code = fire_due(window, key, &whose);
        if (code == 0)
            code = gy_window_arm(window, key, due.tie, key->due_us);
    }
    return code;
}

/* The greatest time of what is kept: what was dropped does not count. */
static int64_t newest_of(const struct gy_window *window, const struct gy_window_key *key)
{
    int64_t newest_us = INT64_MIN;
    if (!window->slides)
        return key->newest_us;
    for (uint32_t i = 0; i < key->sequence.n; i++) {
        int64_t time_us = (int64_t)gy_sequence_at(&key->sequence, &window->kept.records, i)->flags;
        newest_us = time_us > newest_us ? time_us : newest_us;
    }
    return newest_us;
}

/* At the end of input what holds rows that were not put out is, once. */
static int fire_last(struct gy_window *window, const struct gy_store_entry *entry)
{
    struct gy_window_key *key = entry->slot;
    const struct whose whose = {entry, 0};
    return key->since > 0 ? fire(window, key, &whose, newest_of(window, key)) : 0;
}

int gy_policy_work(struct gy_window *window, uint32_t rows_max)
{
    const struct gy_heap_entry *next;
    for (uint32_t rows = 0; !window->at_end && (next = gy_heap_get(&window->due)) != NULL &&
                            next->time <= window->seen_us;
         rows++) {
        if (rows >= rows_max)
            return 1;
        int code = work_off(window);
        if (code != 0)
            return code;
    }
    return window->at_end ? gy_window_flush(window, rows_max, fire_last)
                          : gy_window_sweep(window, rows_max);
}
