/* Windows of time that are put out once: PANES. One table for each window that is open; where windows
 * overlap (`accumulate = false`) a row goes into each of its own. */
#include "op/window.h"

#include "op/inside.h"

enum { WALK = 128 };

/* A row that comes behind the end of a window, but within its lateness: it is all that is new of it. */
static int put_alone(struct gy_window *window, const struct gyre_batch *in, const int64_t *times,
                     uint32_t row, int64_t k)
{
    void *record = gy_window_scratch(window, 0);
    const void *records[1] = {record};
    int64_t end_us = gy_periods_end_us(&window->periods, k);
    struct gy_firing firing = {gy_periods_start_us(&window->periods, k), end_us,
                               gy_time_minus(end_us, 1)};
    int code = gy_kept_add(&window->kept, in, times, &row, 1, &record);
    if (code == 0 && !(window->instance->any_dropped && window->instance->dropped[row]))
        code = gy_window_put(window, NULL, NULL, row, records, 1, &firing);
    gy_window_scratch_end(window, 1);
    return code;
}

/* The windows that a row still joins. */
struct joins {
    int64_t first, last; /* none where first is the greater one */
};

static struct joins joins_of(const struct gy_window *window, int64_t time_us)
{
    const struct gy_periods *p = &window->periods;
    int64_t gone = gy_periods_due(p, gy_time_minus(window->seen_us, window->plan->lateness_us));
    struct joins joins = {gy_periods_first(p, time_us), gy_periods_last(p, time_us)};
    if (gone != INT64_MIN && joins.first <= gone)
        joins.first = gone == INT64_MAX ? INT64_MAX : gone + 1;
    return joins;
}

/* Rows that lie in one window alone, which is open: their table, found again for its neighbours. */
static struct gy_pane *table_of(struct gy_window *window, int64_t time_us, int64_t k)
{
    struct gy_pane *pane = gy_panes_get(window, k, INT64_MIN, k);
    if (window->periods.size_us > window->periods.period_us || pane == NULL)
        return pane;
    window->recent = pane;
    window->recent_of = gy_periods_pane(&window->periods, time_us);
    return pane;
}

static bool is_recent(const struct gy_window *window, int64_t time_us)
{
    return window->recent != NULL && time_us >= window->recent_of.first_us &&
           time_us <= window->recent_of.last_us;
}

/* A window that is due is put out before what comes late for it. */
static int finish(struct gy_window *window)
{
    int code;
    while ((code = gy_panes_work(window, UINT32_MAX)) > 0)
        ;
    return code;
}

/* Adds rows that lie in several windows, or late ones, one by one. */
static int add_one(struct gy_window *window, const struct gyre_batch *in, const int64_t *times,
                   uint32_t row)
{
    int64_t due = gy_periods_due(&window->periods, window->seen_us);
    struct joins joins = joins_of(window, times[row]);
    int code = 0;
    if (gy_periods_first(&window->periods, times[row]) >
        gy_periods_last(&window->periods, times[row]))
        return 0; /* in a gap between two windows */
    if (joins.first > joins.last) {
        gy_window_late(window, row);
        return 0;
    }
    for (int64_t k = joins.first; code == 0 && k <= joins.last; k++) {
        if (k <= due && due != INT64_MIN) {
            code = finish(window);
            if (code == 0)
                code = put_alone(window, in, times, row, k);
            continue;
        }
        window->pane_of[0] = table_of(window, times[row], k);
        code = window->pane_of[0] != NULL ? gy_panes_add(window, in, times, &row, 1) : GYRE_ENOMEM;
    }
    return code;
}

int gy_panes_process(struct gy_window *window, const struct gyre_batch *in, const int64_t *times,
                     const uint32_t *rows, uint32_t n)
{
    int64_t due = gy_periods_due(&window->periods, window->seen_us);
    uint32_t plain[GYRE_BATCH_ROWS];
    uint32_t n_plain = 0;
    int code = 0;
    if (window->recent != NULL && window->recent->order <= due && due != INT64_MIN)
        window->recent = NULL; /* rows of a window that is due are late */
    if (gy_panes_recent(window, times, rows, n))
        return gy_panes_add_to(window, window->recent, in, times, rows, n);
    for (uint32_t j = 0; code == 0 && j < n; j++) {
        int64_t time_us = times[rows[j]];
        if (is_recent(window, time_us)) {
            window->pane_of[n_plain] = window->recent;
            plain[n_plain++] = rows[j];
            continue;
        }
        int64_t first = gy_periods_first(&window->periods, time_us);
        int64_t last = gy_periods_last(&window->periods, time_us);
        if (first == last && (due == INT64_MIN || first > due)) {
            window->pane_of[n_plain] = table_of(window, time_us, first);
            code = window->pane_of[n_plain] != NULL ? 0 : GYRE_ENOMEM;
            plain[n_plain++] = rows[j];
            continue;
        }
        /* In their order: those before it come first. */
        code = gy_panes_add(window, in, times, plain, n_plain);
        n_plain = 0;
        if (code == 0)
            code = add_one(window, in, times, rows[j]);
    }
    return code == 0 ? gy_panes_add(window, in, times, plain, n_plain) : code;
}

/* Tables of windows that are over go to be put out; early, all do. */
static int let_go(struct gy_window *window, bool early)
{
    int64_t due = early ? INT64_MAX : gy_periods_due(&window->periods, window->seen_us);
    size_t n = 0;
    while (due != INT64_MIN && n < window->panes.n && window->panes.items[n]->order <= due)
        n++;
    if (n == 0)
        return 0;
    if (gy_vec_reserve(&window->firing, n) != 0)
        return gy_instance_fail(window->instance, GYRE_ENOMEM, "no memory to put windows out");
    for (size_t i = 0; i < n; i++)
        gy_vec_push(&window->firing, window->panes.items[i]);
    window->panes.n -= n;
    memmove(window->panes.items, window->panes.items + n,
            window->panes.n * sizeof(struct gy_pane *));
    window->recent = NULL;
    return 0;
}

/* Puts out a slice of a table; how many rows, 0 when it is empty, or a code. */
static int drain(struct gy_window *window, struct gy_pane *pane)
{
    struct gy_store_entry entries[WALK];
    const void *records[WALK];
    int64_t end_us = gy_periods_end_us(&window->periods, pane->order);
    struct gy_firing firing = {gy_periods_start_us(&window->periods, pane->order), end_us,
                               gy_time_minus(end_us, 1)};
    if (pane->cursor == 0)
        window->expected = gy_store_count(pane->store);
    uint32_t n = gy_store_drain(pane->store, &pane->cursor, entries, WALK);
    for (uint32_t i = 0; i < n; i++)
        records[i] = entries[i].slot;
    int code = gy_window_put(window, pane->store, entries, 0, records, n, &firing);
    return code != 0 ? code : (int)n;
}

int gy_panes_work(struct gy_window *window, uint32_t rows_max)
{
    int code = let_go(window, false);
    if (code == 0 && window->early_due) {
        window->early_due = false;
        code = let_go(window, true);
    }
    for (uint32_t rows = 0; code == 0 && window->firing.n > 0 && rows < rows_max;) {
        int n = drain(window, window->firing.items[0]);
        if (n < 0)
            return n;
        rows += (uint32_t)n;
        if (n > 0)
            continue;
        gy_pane_free(window->firing.items[0]);
        window->firing.n--;
        memmove(window->firing.items, window->firing.items + 1,
                window->firing.n * sizeof(struct gy_pane *));
    }
    return code != 0 ? code : window->firing.n > 0;
}
