/* Tables of keys, one for each pane or window that is open. A batch is cut by table: mostly all of its
 * rows go to one, and then it costs what a batch of a keyed aggregate costs, and a look at its times. */
#include "op/window.h"

#include "base/mem.h"
#include "op/inside.h"

void gy_pane_free(struct gy_pane *pane)
{
    if (pane == NULL)
        return;
    gy_store_free(pane->store);
    gy_free(pane);
}

/* The place of (order, after) among the open tables. */
static size_t place(const struct gy_window *window, int64_t order, int64_t after)
{
    size_t low = 0, high = window->panes.n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct gy_pane *pane = window->panes.items[middle];
        if (pane->order < order || (pane->order == order && pane->after < after))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct gy_pane *make(struct gy_window *window, int64_t order, int64_t after, int64_t first)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_pane *pane = gy_calloc(1, sizeof *pane);
    if (pane == NULL)
        return NULL;
    struct gy_store_config config = gy_window_store_config(window, &window->kept);
    *pane = (struct gy_pane){.order = order, .after = after, .first = first, .saved = true};
    config.pane = true;
    pane->saving = (struct gy_pane_saving){window, pane};
    pane->store = gy_store_new(&config, &error);
    /* A table for as many keys as the last one had need not grow. Without memory for it, it does. */
    if (pane->store != NULL && window->expected > 0)
        gy_store_reserve(pane->store, gy_store_roomy(window->expected));
    if (pane->store != NULL)
        return pane;
    gy_pane_free(pane);
    return NULL;
}

struct gy_pane *gy_panes_get(struct gy_window *window, int64_t order, int64_t after, int64_t first)
{
    size_t at = place(window, order, after);
    if (at < window->panes.n && window->panes.items[at]->order == order &&
        window->panes.items[at]->after == after)
        return window->panes.items[at];
    struct gy_pane *pane =
        gy_vec_reserve(&window->panes, 1) == 0 ? make(window, order, after, first) : NULL;
    if (pane == NULL) {
        gy_instance_fail(window->instance, GYRE_ENOMEM, "no memory for a window");
        return NULL;
    }
    memmove(&window->panes.items[at + 1], &window->panes.items[at],
            (window->panes.n - at) * sizeof(struct gy_pane *));
    window->panes.items[at] = pane;
    window->panes.n++;
    return pane;
}

bool gy_panes_recent(const struct gy_window *window, const int64_t *times, const uint32_t *rows,
                     uint32_t n)
{
    uint64_t first = (uint64_t)window->recent_of.first_us;
    uint64_t last = (uint64_t)window->recent_of.last_us, outside = 0;
    if (window->recent == NULL || last - first > INT64_MAX || n == 0)
        return false;
    if (rows[n - 1] == n - 1) /* ascending: all rows */
        return gy_times_within(times, n, (int64_t)first, (int64_t)last);
    for (uint32_t j = 0; j < n; j++) /* modulo 2^64, as there */
        outside |= ((uint64_t)times[rows[j]] - first) | (last - (uint64_t)times[rows[j]]);
    return outside <= INT64_MAX;
}

int gy_panes_add_to(struct gy_window *window, struct gy_pane *pane, const struct gyre_batch *in,
                    const int64_t *times, const uint32_t *rows, uint32_t n)
{
    struct gy_instance *instance = window->instance;
    const struct gy_column *columns[GY_KEYS_MAX];
    const uint32_t *some = n > 0 && rows[n - 1] == n - 1 ? NULL : rows; /* ascending */
    gy_key_columns(instance, columns);
    int code = gy_store_slots(pane->store, in->hash, columns, some, n, instance->slots);
    if (code != 0)
        return gy_instance_fail(instance, code, "no memory for the windows of %u more rows", n);
    code = gy_kept_add(&window->kept, in, times, rows, n, instance->slots);
    if (code == 0)
        gy_instance_unmake(instance, pane->store, in, some, n);
    return code;
}

int gy_panes_add(struct gy_window *window, const struct gyre_batch *in, const int64_t *times,
                 const uint32_t *rows, uint32_t n)
{
    uint32_t some[GYRE_BATCH_ROWS];
    int code = 0;
    for (uint32_t from = 0; code == 0 && from < n; from++) {
        struct gy_pane *pane = window->pane_of[from];
        uint32_t n_some = 0;
        if (pane == NULL) /* added before */
            continue;
        for (uint32_t j = from; j < n; j++) {
            if (window->pane_of[j] != pane)
                continue;
            window->pane_of[j] = NULL;
            some[n_some++] = rows[j];
        }
        code = gy_panes_add_to(window, pane, in, times, some, n_some);
    }
    return code;
}
