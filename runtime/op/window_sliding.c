/* Windows of time that overlap, or that may be put out again: SLIDING.
 *
 * Window k is put out in three phases, each in slices: the tables of the panes that it is the first to
 * have are emptied into the keys' sequences, and the keys of the last of them put the window out at
 * once; the others are walked, and each that has something in the window puts it out; keys that have
 * nothing left are swept away. The keys change in no other
 * way: rows go to tables, those that come too late for k but not for all to a table of their own
 * (gy_pane.after). A row within `lateness` of a window that was put out is the exception: what is due
 * is put out first, then the row goes to its key, and the window is put out for it again.
 *
 * A sequence holds elements in order of their panes. Where all of them lie in the window its sum is
 * theirs; where some are kept for later firings, or come early, the part is merged one by one. */
#include "op/window.h"

#include "op/inside.h"

#include <assert.h>

enum { WALK = 128, SWEEP = 1024 };

static int64_t gone(const struct gy_window *window)
{
    return gy_periods_due(&window->periods,
                          gy_time_minus(window->seen_us, window->plan->lateness_us));
}

static int64_t due(const struct gy_window *window)
{
    return gy_periods_due(&window->periods, window->seen_us);
}

static struct gy_firing firing_of(const struct gy_window *window, int64_t k)
{
    int64_t end_us = gy_periods_end_us(&window->periods, k);
    return (struct gy_firing){gy_periods_start_us(&window->periods, k), end_us,
                              gy_time_minus(end_us, 1)};
}

/* The elements of a sequence that lie in window k. */
struct part {
    uint32_t from, to;
};

static gy_i128 start_of(const struct gy_window *window, int64_t k)
{
    return gy_periods_end(&window->periods, k) - window->periods.size_us;
}

/* The elements before a moment. */
static uint32_t before(const struct gy_window *window, const struct gy_sequence *s, gy_i128 moment)
{
    return moment <= INT64_MIN  ? 0
           : moment > INT64_MAX ? s->n
                                : gy_sequence_find(s, &window->kept.records, (int64_t)moment);
}

static struct part part_of(const struct gy_window *window, const struct gy_sequence *s, int64_t k)
{
    gy_i128 start = start_of(window, k);
    return (struct part){before(window, s, start),
                         before(window, s, start + window->periods.size_us)};
}

/* Asks for the sequences of some keys: each is two misses of the cache, one behind the other, and those
 * of different keys overlap. */
static void fetch(const struct gy_window *window, void *const *keys, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        __builtin_prefetch(keys[i], 0, 2);
    for (uint32_t i = 0; i < n; i++)
        gy_sequence_fetch(&((const struct gy_window_key *)keys[i])->sequence,
                          &window->kept.records);
}

/* Merges what a key has in window k into a scratch record. 0, or a code. */
static int sum_of(struct gy_window *window, struct gy_sequence *s, struct part part, void *into)
{
    int code = part.from == 0 && part.to == s->n
                   ? gy_sequence_sum(s, &window->kept.records, into)
                   : gy_sequence_part(s, &window->kept.records, part.from, part.to, into);
    if (code == GYRE_ENOMEM)
        return gy_instance_fail(window->instance, code, "no memory to put a window out");
    return code;
}

/* ---- late rows ---- */

/* Adds a row to its key, and puts out again the windows first ... last that it lies in. */
static int put_again(struct gy_window *window, const struct gyre_batch *in, const int64_t *times,
                     uint32_t row, int64_t first, int64_t last)
{
    struct gy_pane_bounds bounds = gy_periods_pane(&window->periods, times[row]);
    struct gy_window_key *key;
    void *record = gy_window_scratch(window, 0);
    int code = gy_window_keys(window, in, &row, 1, &key);
    if (code == 0)
        code = gy_kept_add(&window->kept, in, times, &row, 1, &record);
    bool refused = window->instance->any_dropped && window->instance->dropped[row];
    if (code == 0 && !refused)
        code = gy_sequence_merge(&key->sequence, &window->kept.records, bounds.first_us, record);
    gy_window_scratch_end(window, 1);
    window->any_empty |= refused;
    if (code == 0 && key->fired < last)
        key->fired = last;
    if (code == 0 && !refused && last < INT64_MAX && window->next > last + 1)
        window->next = last + 1;
    for (int64_t k = first; code == 0 && !refused && k <= last; k++) {
        struct gy_firing firing = firing_of(window, k);
        const void *sum = record = gy_window_scratch(window, 0);
        code = sum_of(window, &key->sequence, part_of(window, &key->sequence, k), record);
        if (code == 0)
            code = gy_window_put(window, NULL, NULL, row, &sum, 1, &firing);
        gy_window_scratch_end(window, 1);
    }
    return code;
}

static int finish(struct gy_window *window)
{
    int code;
    while ((code = gy_sliding_work(window, UINT32_MAX)) > 0)
        ;
    return code;
}

/* A row that is late for some of its windows. Those that it joins later come to know of it by their
 * table, or, where it has to be put out again now, by its key. */
static int add_late(struct gy_window *window, const struct gyre_batch *in, const int64_t *times,
                    uint32_t row)
{
    int64_t first = gy_periods_first(&window->periods, times[row]);
    int64_t last = gy_periods_last(&window->periods, times[row]);
    int64_t over = gone(window), now = due(window);
    if (first > last)
        return 0; /* in a gap between two windows */
    if (last <= over) {
        gy_window_late(window, row);
        return 0;
    }
    if (over < now && first <= now && window->plan->lateness_us > 0) {
        int code = finish(window);
        int64_t from = first > over ? first : over + 1;
        return code != 0 ? code : put_again(window, in, times, row, from, last < now ? last : now);
    }
    window->pane_of[0] =
        gy_panes_get(window, gy_periods_pane(&window->periods, times[row]).first_us, now, now + 1);
    return window->pane_of[0] != NULL ? gy_panes_add(window, in, times, &row, 1) : GYRE_ENOMEM;
}

/* ---- rows ---- */

static struct gy_pane *table_of(struct gy_window *window, int64_t time_us)
{
    if (window->recent != NULL && time_us >= window->recent_of.first_us &&
        time_us <= window->recent_of.last_us)
        return window->recent;
    window->recent_of = gy_periods_pane(&window->periods, time_us);
    window->recent = gy_panes_get(window, window->recent_of.first_us, INT64_MIN,
                                  gy_periods_first(&window->periods, time_us));
    return window->recent;
}

int gy_sliding_process(struct gy_window *window, const struct gyre_batch *in, const int64_t *times,
                       const uint32_t *rows, uint32_t n)
{
    /* The first moment that no window which is due has. */
    gy_i128 on_time = window->seen_us == INT64_MIN ? INT64_MIN
                      : window->seen_us == INT64_MAX
                          ? (gy_i128)INT64_MAX + 1
                          : gy_periods_end(&window->periods, due(window));
    bool gaps = window->periods.size_us < window->periods.period_us;
    uint32_t plain[GYRE_BATCH_ROWS];
    uint32_t n_plain = 0;
    int code = 0;
    if (window->recent_of.first_us >= on_time && gy_panes_recent(window, times, rows, n))
        return gy_panes_add_to(window, window->recent, in, times, rows, n);
    for (uint32_t j = 0; code == 0 && j < n; j++) {
        int64_t time_us = times[rows[j]];
        if (time_us >= on_time && (!gaps || gy_periods_first(&window->periods, time_us) <=
                                                gy_periods_last(&window->periods, time_us))) {
            window->pane_of[n_plain] = table_of(window, time_us);
            code = window->pane_of[n_plain] != NULL ? 0 : GYRE_ENOMEM;
            plain[n_plain++] = rows[j];
            continue;
        }
        code = gy_panes_add(window, in, times, plain, n_plain);
        n_plain = 0;
        if (code == 0)
            code = add_late(window, in, times, rows[j]);
    }
    return code == 0 ? gy_panes_add(window, in, times, plain, n_plain) : code;
}

/* ---- firing ---- */

/* The next window that has something, or INT64_MAX. */
int64_t gy_sliding_next(const struct gy_window *window)
{
    int64_t next = window->next;
    for (size_t i = 0; i < window->panes.n; i++)
        if (window->panes.items[i]->first < next)
            next = window->panes.items[i]->first;
    return next;
}

static bool is_due(const struct gy_window *window, int64_t k)
{
    int64_t now = due(window);
    return k != INT64_MAX && now != INT64_MIN && k <= now;
}

int64_t gy_sliding_pending(const struct gy_window *window)
{
    if (window->phase != GY_PHASE_REST && !window->early)
        return window->window;
    int64_t next = gy_sliding_next(window);
    return is_due(window, next) ? next : INT64_MAX;
}

/* Takes the tables that the window is the first to have, or early all of them, away from the rows to
 * come. */
static int let_go(struct gy_window *window)
{
    size_t kept = 0;
    if (gy_vec_reserve(&window->firing, window->panes.n) != 0)
        return gy_instance_fail(window->instance, GYRE_ENOMEM, "no memory to put windows out");
    for (size_t i = 0; i < window->panes.n; i++) {
        struct gy_pane *pane = window->panes.items[i];
        if (window->early || pane->first <= window->window)
            gy_vec_push(&window->firing, pane);
        else
            window->panes.items[kept++] = pane;
    }
    window->panes.n = kept;
    window->recent = NULL;
    window->phase = GY_PHASE_DRAIN;
    window->passed = 0;
    if (!window->early)
        window->next = INT64_MAX; /* found anew, key by key */
    return 1;
}

/* Begins the next firing; 0 where nothing is due, or a code. */
static int begin(struct gy_window *window)
{
    int64_t now = due(window);
    int64_t next = gy_sliding_next(window);
    assert(window->phase == GY_PHASE_REST && window->firing.n == 0);
    if (is_due(window, next)) {
        window->window = next;
        return let_go(window);
    }
    if (now > window->fired && now != INT64_MAX)
        window->fired = now; /* what is before the next one has nothing */
    if (!window->early_due)
        return 0;
    window->early_due = false;
    window->early = true;
    return let_go(window);
}

/* Puts the window out for those of n keys that have something in it; entries of `store` say which. */
static int put_window(struct gy_window *window, struct gy_store *store,
                      const struct gy_store_entry *entries, void *const *keys, uint32_t n,
                      int64_t k)
{
    struct gy_firing firing = firing_of(window, k);
    struct gy_store_entry some[WALK];
    const void *sums[WALK];
    uint32_t n_some = 0;
    int code = 0;
    for (uint32_t i = 0; code == 0 && i < n; i++) {
        struct gy_window_key *key = keys[i];
        struct part part = part_of(window, &key->sequence, k);
        if ((!window->early && key->fired >= k) || part.from == part.to)
            continue;
        void *sum = gy_window_scratch(window, n_some);
        code = sum_of(window, &key->sequence, part, sum);
        some[n_some] = entries[i];
        sums[n_some++] = sum;
    }
    if (code == 0)
        code = gy_window_put(window, store, some, 0, sums, n_some, &firing);
    gy_window_scratch_end(window, n_some);
    return code != 0 ? code : (int)n_some;
}

/* The windows first ... last that have something of these keys. */
static void windows_of(const struct gy_window *window, void *const *keys, uint32_t n,
                       int64_t *first, int64_t *last)
{
    const struct gy_records *records = &window->kept.records;
    for (uint32_t i = 0; i < n; i++) {
        const struct gy_sequence *s = &((const struct gy_window_key *)keys[i])->sequence;
        if (s->n == 0)
            continue;
        int64_t low = gy_periods_first(&window->periods, gy_sequence_at(s, records, 0)->order);
        int64_t high =
            gy_periods_last(&window->periods, gy_sequence_at(s, records, s->n - 1)->order);
        *first = low < *first ? low : *first;
        *last = high > *last ? high : *last;
    }
}

/* Every window that is open is put out early. */
static int put_early(struct gy_window *window, const struct gy_store_entry *entries,
                     void *const *keys, uint32_t n)
{
    int64_t first = INT64_MAX, last = INT64_MIN;
    int64_t now = due(window);
    int rows = 0, some = 0;
    windows_of(window, keys, n, &first, &last);
    for (int64_t k = now >= first ? now + 1 : first; some >= 0 && k <= last; k++) {
        some = put_window(window, window->keys, entries, keys, n, k);
        rows += some;
    }
    return some < 0 ? some : rows;
}

/* The first window behind k that takes of the pane `order`. */
static int64_t next_of(const struct gy_window *window, int64_t order, int64_t k)
{
    int64_t first = gy_periods_first(&window->periods, order);
    return first > k ? first : k + 1;
}

/* The window has been put out for some keys: forgets what no window to come has, and finds the next one
 * that has something. */
static void passed(struct gy_window *window, void *const *keys, uint32_t n)
{
    const struct gy_records *records = &window->kept.records;
    int64_t k = window->window, over = gone(window);
    gy_i128 kept_from = start_of(window, (over < k ? over : k) + 1);
    gy_i128 next_from = start_of(window, k + 1);
    int64_t oldest = INT64_MAX;
    bool any = false;
    for (uint32_t i = 0; i < n; i++) {
        struct gy_window_key *key = keys[i];
        struct gy_sequence *s = &key->sequence;
        if (key->fired < k)
            key->fired = k;
        gy_sequence_drop(s, records, before(window, s, kept_from));
        uint32_t at = before(window, s, next_from);
        window->any_empty |= s->n == 0;
        if (at == s->n)
            continue;
        int64_t order = gy_sequence_at(s, records, at)->order;
        oldest = order < oldest ? order : oldest;
        any = true;
    }
    int64_t next = any ? next_of(window, oldest, k) : INT64_MAX;
    window->next = next < window->next ? next : window->next;
}

/* Empties one slice of a table into the keys; of the last one, the keys put the window out at once, while
 * they are in the cache. How much was done, or a code. */
static int drain(struct gy_window *window, struct gy_pane *pane)
{
    struct gy_store_entry entries[WALK];
    void *keys[WALK];
    bool is_last = window->firing.n == 1 && !window->early;
    int code = 0, rows = 0;
    if (pane->cursor == 0)
        window->expected = gy_store_count(pane->store);
    uint32_t n = gy_store_drain(pane->store, &pane->cursor, entries, WALK);
    if (n > 0 && gy_store_slots_of(window->keys, entries, n, keys) != 0)
        code = gy_instance_fail(window->instance, GYRE_ENOMEM, "no memory for %u windows", n);
    if (code == 0)
        fetch(window, keys, n);
    for (uint32_t i = 0; code == 0 && i < n; i++) {
        struct gy_window_key *key = keys[i];
        code =
            gy_sequence_merge(&key->sequence, &window->kept.records, pane->order, entries[i].slot);
        if (key->fired < pane->after)
            key->fired = pane->after;
    }
    if (window->early && n > 0 && window->next > pane->first)
        window->next = pane->first;
    if (code == GYRE_ENOMEM)
        gy_instance_fail(window->instance, code, "no memory for %u windows", n);
    if (code == 0 && is_last) {
        rows = put_window(window, pane->store, entries, keys, n, window->window);
        code = rows < 0 ? rows : 0;
    }
    if (code == 0 && is_last) {
        passed(window, keys, n);
        window->passed += n;
    }
    return code != 0 ? code : (int)n + rows;
}

/* Empties the tables, a slice at a time. How many entries, 0 when there are none left, or a code. */
static int drain_some(struct gy_window *window)
{
    while (window->firing.n > 0) {
        struct gy_pane *pane = window->firing.items[window->firing.n - 1];
        int n = drain(window, pane);
        if (n != 0)
            return n;
        gy_pane_free(pane);
        window->firing.n--;
    }
    return 0;
}

/* Keys that have not put the window out yet, of n; they change their places. Those of an earlier run may have,
 * and still have to say what their next one is. */
static uint32_t waiting(const struct gy_window *window, struct gy_store_entry *entries, void **keys,
                        uint32_t n)
{
    uint32_t n_waiting = 0;
    if (window->passed == 0 || window->window <= window->restored)
        return n;
    for (uint32_t i = 0; i < n; i++) {
        const struct gy_window_key *key = keys[i];
        entries[n_waiting] = entries[i];
        keys[n_waiting] = keys[i];
        n_waiting += key->fired < window->window;
    }
    return n_waiting;
}

/* Walks some keys: *walked of them. How many rows were put out, or a code. */
static int walk(struct gy_window *window, uint32_t *walked)
{
    struct gy_store_entry entries[WALK];
    void *keys[WALK];
    uint32_t n = *walked = gy_store_walk(window->keys, &window->cursor, entries, WALK);
    for (uint32_t i = 0; i < n; i++) {
        keys[i] = entries[i].slot;
        __builtin_prefetch(keys[i], 0, 2);
    }
    if (!window->early)
        n = waiting(window, entries, keys, n);
    fetch(window, keys, n);
    if (window->early)
        return put_early(window, entries, keys, n);
    int rows = put_window(window, window->keys, entries, keys, n, window->window);
    if (rows >= 0)
        passed(window, keys, n);
    return rows;
}

static void end(struct gy_window *window)
{
    if (!window->early)
        window->fired = window->window;
    window->early = false;
    window->any_empty = false;
    window->phase = GY_PHASE_REST;
}

/* One step of a firing. How much it did, or a code. */
static int step(struct gy_window *window)
{
    uint32_t walked = 0;
    int n;
    switch (window->phase) {
    case GY_PHASE_REST: return begin(window);
    case GY_PHASE_DRAIN:
        n = drain_some(window);
        if (n == 0) {
            bool all = window->passed > 0 && window->passed == gy_store_count(window->keys);
            window->phase = all ? GY_PHASE_SWEEP : GY_PHASE_WALK;
            window->cursor = 0;
        }
        return n == 0 ? 1 : n;
    case GY_PHASE_WALK:
        n = walk(window, &walked);
        if (n >= 0 && walked == 0) {
            window->phase = GY_PHASE_SWEEP;
            window->cursor = 0;
        }
        return n < 0 ? n : (int)walked + n + 1;
    case GY_PHASE_SWEEP:
        if (!window->any_empty ||
            !gy_store_sweep(window->keys, &window->cursor, SWEEP, gy_window_key_is_empty))
            end(window);
        return WALK;
    }
    return 0;
}

int gy_sliding_work(struct gy_window *window, uint32_t rows_max)
{
    for (uint64_t done = 0; done < rows_max;) {
        int n = step(window);
        if (n <= 0)
            return n;
        done += (uint32_t)n;
    }
    return 1;
}

void gy_sliding_restored(struct gy_window *window, const struct gy_window_key *key)
{
    const struct gy_sequence *s = &key->sequence;
    uint32_t at =
        key->fired < INT64_MAX ? before(window, s, start_of(window, key->fired + 1)) : s->n;
    if (key->fired > window->restored)
        window->restored = key->fired;
    if (at == s->n)
        return;
    int64_t order = gy_sequence_at(s, &window->kept.records, at)->order;
    int64_t next = next_of(window, order, key->fired);
    window->next = next < window->next ? next : window->next;
}
