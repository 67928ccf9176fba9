/* See presum.h. */
#include "op/presum.h"

#include "base/mem.h"
#include "op/inside.h"

#include <assert.h>

enum { RUN = 128, PANES_MOST = 64 };

/* Of one task, where rows of few keys come; of all tasks, where those of many do. */
enum { TABLE_BYTES = 1 << 20, ALL_TABLES_BYTES = 128 << 20 };

/* A record stands for some rows, or it is not worth its way. Where it is not, so many times the rows
 * that told go as they are, and twice as many the next time. */
enum { TRY_ROWS = 4096, WORTH = 4, REST_FIRST = 32, REST_MOST = 1024 };

struct gy_presum {
    struct gy_instance *instance;
    struct gy_presum_to to;
    struct gy_presum_limits limits;
    bool windowed;
    bool off;                           /* nothing is added up any more */
    size_t bytes;                       /* how large the tables may get now */
    int64_t distrust_us;                /* windows that end up to then may have been put out */
    uint64_t rows;                      /* in the table */
    uint64_t tried_rows, tried_records; /* sent since the last verdict */
    uint64_t rest;                      /* rows that go as they are, before the next try */
    uint32_t rest_factor;
    /* The batch at hand: */
    uint32_t n_saved;
    void *slots[GYRE_BATCH_ROWS]; /* what was touched ... */
    char *saved;                  /* ... as it was before */
    uint32_t n_odd;
    uint32_t odd[GYRE_BATCH_ROWS]; /* rows that go as they are */
};

/* ---- making ---- */

static void emit_nothing(void *host, uint32_t port, const struct gy_batch *batch)
{
    (void)host;
    (void)port;
    (void)batch;
    assert(!"a table of sums puts no rows out");
}

struct gy_presum *gy_presum_new(const struct gy_node *node, uint32_t task, uint32_t tasks,
                                const struct gy_env *env, const struct gy_presum_to *to,
                                const struct gy_presum_limits *limits, struct gyre_error *error)
{
    const struct gy_presum_limits usual = {TABLE_BYTES, TRY_ROWS, ALL_TABLES_BYTES / tasks};
    struct gy_presum *p = gy_calloc(1, sizeof *p);
    struct gy_env own = *env;
    own.emit = emit_nothing;
    own.tell = NULL;
    own.row_by_row = NULL;
    if (p == NULL) {
        gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for a table of sums");
        return NULL;
    }
    p->to = *to;
    p->limits = limits != NULL ? *limits : usual;
    p->bytes = p->limits.bytes;
    p->windowed = node->window != NULL;
    p->distrust_us = INT64_MIN;
    p->rest_factor = REST_FIRST;
    p->instance = gy_instance_new(node, 0, 1, &own, error); /* its keys are those of all tasks */
    if (p->instance != NULL) {
        p->instance->ctx.task = p->instance->site.task = task;
        p->instance->ctx.tasks = tasks;
        p->instance->presums = true;
        size_t bytes = (size_t)GYRE_BATCH_ROWS * gy_accumulate_size(&p->instance->accumulate);
        p->saved = gy_alloc_aligned(bytes, 64);
        if (p->saved != NULL)
            return p;
        gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for a table of sums");
    }
    gy_presum_free(p);
    return NULL;
}

void gy_presum_free(struct gy_presum *p)
{
    if (p == NULL)
        return;
    gy_instance_free(p->instance);
    gy_free(p->saved);
    gy_free(p);
}

const struct gy_instance *gy_presum_instance(const struct gy_presum *p)
{
    return p->instance;
}

/* ---- sending ---- */

/* Sends a table, whose rows are `rows`, if there is anything in it. */
static void send_store(struct gy_presum *p, struct gy_store *store, int64_t time_us, uint64_t rows)
{
    if (gy_store_count(store) == 0) {
        gy_store_free(store);
        return;
    }
    const struct gy_presum_table table = {store, rows, time_us};
    gy_store_settle(store);
    p->to.table(p->to.host, &table);
}

static uint64_t count_entries(const struct gy_presum *p)
{
    const struct gy_window *window = p->instance->window;
    uint64_t n = p->windowed ? 0 : gy_store_count(p->instance->stores[0]);
    for (size_t i = 0; p->windowed && i < window->panes.n; i++)
        n += gy_store_count(window->panes.items[i]->store);
    return n;
}

static size_t count_bytes(const struct gy_presum *p)
{
    const struct gy_window *window = p->instance->window;
    size_t n = p->windowed ? 0 : gy_store_bytes(p->instance->stores[0]);
    for (size_t i = 0; p->windowed && i < window->panes.n; i++)
        n += gy_store_bytes(window->panes.items[i]->store);
    return n;
}

/* Whether what was sent was worth it. */
static void judge(struct gy_presum *p, uint64_t rows, uint64_t records)
{
    p->tried_rows += rows;
    p->tried_records += records;
    if (p->tried_rows < p->limits.try_rows)
        return;
    if (p->tried_rows < WORTH * p->tried_records) {
        p->rest = p->rest_factor * p->tried_rows;
        p->rest_factor = 2 * p->rest_factor < REST_MOST ? 2 * p->rest_factor : REST_MOST;
        p->bytes = p->limits.bytes;
    } else {
        p->rest_factor = REST_FIRST;
    }
    p->tried_rows = p->tried_records = 0;
}

/* Sends the tables of panes whose first window is not after `due`. */
static void send_panes(struct gy_presum *p, int64_t due)
{
    struct gy_window *window = p->instance->window;
    uint64_t all = count_entries(p), rows = p->rows, records = 0;
    size_t kept = 0;
    if (all == 0)
        return;
    for (size_t i = 0; i < window->panes.n; i++) {
        struct gy_pane *pane = window->panes.items[i];
        if (pane->first > due) {
            window->panes.items[kept++] = pane;
            continue;
        }
        uint64_t n = gy_store_count(pane->store);
        uint64_t before = (uint64_t)((gy_u128)rows * records / all);
        records += n;
        window->expected = n;
        send_store(p, pane->store, pane->order, (uint64_t)((gy_u128)rows * records / all) - before);
        pane->store = NULL;
        gy_pane_free(pane);
    }
    window->panes.n = kept;
    window->recent = NULL;
    uint64_t sent = (uint64_t)((gy_u128)rows * records / all);
    p->rows -= sent;
    judge(p, sent, records);
}

static int send_table(struct gy_presum *p)
{
    struct gy_instance *instance = p->instance;
    const struct gyre_state_type *types[instance->node->n_hosted];
    struct gyre_error error = {.size = sizeof error};
    uint64_t records = gy_store_count(instance->stores[0]);
    if (records == 0)
        return 0;
    send_store(p, instance->stores[0], 0, p->rows);
    judge(p, p->rows, records);
    p->rows = 0;
    struct gy_store_config config = {.key = instance->node->key,
                                     .kind = GYRE_STATE_VALUE,
                                     .segments = types,
                                     .n_segments = instance->node->n_hosted};
    for (uint32_t f = 0; f < config.n_segments; f++)
        types[f] = instance->node->hosted[f].accumulator;
    instance->stores[0] = gy_store_new(&config, &error);
    if (instance->stores[0] == NULL)
        return gy_instance_fail(instance, GYRE_ENOMEM, "no memory for a table of sums");
    if (p->bytes > p->limits.bytes) /* the next one has about as many keys */
        gy_store_reserve(instance->stores[0], gy_store_roomy(records));
    return 0;
}

int gy_presum_flush(struct gy_presum *p)
{
    if (!p->windowed)
        return send_table(p);
    send_panes(p, INT64_MAX);
    return 0;
}

int gy_presum_see(struct gy_presum *p, int64_t watermark_us)
{
    struct gy_window *window = p->instance->window;
    if (watermark_us == INT64_MAX)
        return gy_presum_flush(p);
    if (!p->windowed || watermark_us <= window->seen_us)
        return 0;
    window->seen_us = watermark_us;
    int64_t due = gy_periods_due(&window->periods, watermark_us);
    bool any = false;
    for (size_t i = 0; i < window->panes.n; i++)
        any |= window->panes.items[i]->first <= due;
    if (any)
        send_panes(p, due);
    if (p->rest > 0) /* and so do the rows to come */
        send_panes(p, INT64_MAX);
    return 0;
}

void gy_presum_distrust(struct gy_presum *p, int64_t watermark_us)
{
    if (!p->windowed)
        return;
    assert(p->rows == 0);
    p->off |= watermark_us == INT64_MAX;
    if (watermark_us > p->distrust_us)
        p->distrust_us = watermark_us;
}

/* ---- taking ---- */

/* Keeps the records as they are before rows are added. */
static void save(struct gy_presum *p, void *const *slots, uint32_t n)
{
    const uint32_t size = gy_accumulate_size(&p->instance->accumulate);
    char *to = p->saved + (size_t)p->n_saved * size;
    if (size == 8)
        for (uint32_t j = 0; j < n; j++)
            memcpy(to + (size_t)j * 8, slots[j], 8);
    else
        for (uint32_t j = 0; j < n; j++)
            memcpy(to + (size_t)j * size, slots[j], size);
    p->n_saved += n;
}

static void put_back(struct gy_presum *p)
{
    const uint32_t size = gy_accumulate_size(&p->instance->accumulate);
    for (uint32_t j = p->n_saved; j-- > 0;)
        memcpy(p->slots[j], p->saved + (size_t)j * size, size);
}

/* Adds rows of the batch at hand to a table. 0, or a code. */
static int add(struct gy_presum *p, struct gy_store *store, const struct gyre_batch *in,
               const uint32_t *rows, uint32_t n)
{
    struct gy_instance *instance = p->instance;
    const struct gy_column *columns[GY_KEYS_MAX];
    const uint32_t *some = n > 0 && rows[n - 1] == n - 1 ? NULL : rows; /* ascending */
    void **slots = p->slots + p->n_saved;
    gy_key_columns(instance, columns);
    int code = gy_store_slots(store, in->hash, columns, some, n, slots);
    if (code != 0)
        return gy_instance_fail(instance, code, "no memory for the sums of %u more rows", n);
    for (uint32_t at = 0; code == 0 && at < n; at += RUN) { /* which the L1 cache holds */
        uint32_t m = n - at < RUN ? n - at : RUN;
        save(p, slots + at, m);
        code = gy_accumulate_add(&instance->accumulate, in, rows + at, m, slots + at);
    }
    return code;
}

/* The table of a row; NULL where the row goes as it is, or without memory. */
static struct gy_pane *pane_of(struct gy_presum *p, int64_t time_us, int64_t due)
{
    struct gy_window *window = p->instance->window;
    int64_t first = gy_periods_first(&window->periods, time_us);
    struct gy_pane_bounds bounds = gy_periods_pane(&window->periods, time_us);
    if (bounds.first_us == GYRE_NO_TIME || (due != INT64_MIN && first <= due) ||
        first > gy_periods_last(&window->periods, time_us))
        return NULL;
    window->recent_of = bounds;
    window->recent = gy_panes_get(window, bounds.first_us, INT64_MIN, first);
    return window->recent;
}

/* Adds rows to the tables of their panes. 0, or a code. */
static int add_by_pane(struct gy_presum *p, const struct gyre_batch *in, const uint32_t *rows,
                       uint32_t n)
{
    struct gy_window *window = p->instance->window;
    uint32_t some[GYRE_BATCH_ROWS];
    int code = 0;
    for (uint32_t from = 0; code == 0 && from < n; from++) {
        struct gy_pane *pane = window->pane_of[from];
        uint32_t n_some = 0;
        for (uint32_t j = from; pane != NULL && j < n; j++) {
            if (window->pane_of[j] != pane)
                continue;
            window->pane_of[j] = NULL;
            some[n_some++] = rows[j];
        }
        if (pane != NULL)
            code = add(p, pane->store, in, some, n_some);
    }
    return code;
}

static int add_windowed(struct gy_presum *p, const struct gyre_batch *in, const uint32_t *rows,
                        uint32_t n)
{
    struct gy_window *window = p->instance->window;
    int64_t seen_us = window->seen_us > p->distrust_us ? window->seen_us : p->distrust_us;
    int64_t due = gy_periods_due(&window->periods, seen_us);
    uint32_t plain[GYRE_BATCH_ROWS], n_plain = 0;
    if (gy_panes_recent(window, in->time, rows, n))
        return add(p, window->recent->store, in, rows, n);
    for (uint32_t j = 0; j < n; j++) {
        int64_t time_us = in->time[rows[j]];
        struct gy_pane *pane = window->recent;
        if (pane == NULL || time_us < window->recent_of.first_us ||
            time_us > window->recent_of.last_us)
            pane = pane_of(p, time_us, due);
        if (p->instance->error.code != 0)
            return p->instance->error.code;
        if (pane == NULL) {
            p->odd[p->n_odd++] = rows[j];
            continue;
        }
        window->pane_of[n_plain] = pane;
        plain[n_plain++] = rows[j];
    }
    return add_by_pane(p, in, plain, n_plain);
}

/* Adds a batch to the tables, but for odd rows; `*refused` where it is as if it had not come. 0, or a code. */
static int absorb(struct gy_presum *p, const struct gy_batch *batch, bool *refused)
{
    struct gy_instance *instance = p->instance;
    struct gy_batch plain = *batch, room;
    plain.hash = NULL; /* it may be of another key */
    instance->any_dropped = false;
    p->n_saved = p->n_odd = 0;
    const struct gyre_batch *view = gy_present(instance, 0, &plain, &room);
    if (view == NULL)
        return gy_instance_fail(instance, GYRE_ENOMEM, "no memory for a batch");
    const uint32_t *rows = view->keep != NULL ? view->selection : instance->all_rows;
    struct gy_call call = gy_call_begin(instance, "process");
    int code = p->windowed ? add_windowed(p, view, rows, view->kept)
                           : add(p, instance->stores[0], view, rows, view->kept);
    *refused = code == 0 && instance->any_dropped;
    if (*refused)
        put_back(p);
    instance->in = NULL;
    return gy_call_end(instance, call, code);
}

static void pass_odd(struct gy_presum *p, const struct gy_batch *batch)
{
    uint8_t keep[GYRE_BATCH_ROWS] = {0};
    struct gy_batch odd = *batch;
    for (uint32_t j = 0; j < p->n_odd; j++)
        keep[p->odd[j]] = 1;
    odd.keep = keep;
    odd.kept = p->n_odd;
    odd.selection = NULL;
    p->to.rows(p->to.host, &odd);
}

/* How many keys there may be: rows of n keys, all as frequent, have after r of them come to a key again about
 * r * r / 2n times. 0: nobody knows. */
static uint64_t guess_keys(uint64_t rows, uint64_t records)
{
    uint64_t again = rows - records;
    gy_u128 keys = again != 0 ? (gy_u128)rows * rows / (2 * again) : 0;
    return keys <= UINT32_MAX ? (uint64_t)keys : 0;
}

/* A record stands for few rows: makes room for all keys, where that is not too much. False: it is. */
static bool grow(struct gy_presum *p)
{
    struct gy_store *store = p->windowed ? NULL : p->instance->stores[0];
    uint64_t records = count_entries(p), keys = guess_keys(p->rows, records);
    uint64_t room = gy_store_roomy(keys);
    if (p->windowed || p->bytes >= p->limits.bytes_most || p->rows >= WORTH * records ||
        keys <= records || gy_store_bytes_for(store, room) > p->limits.bytes_most)
        return false;
    p->bytes = p->limits.bytes_most;
    return gy_store_reserve(store, room - records) == 0;
}

/* Sends what is too much. 0, or a code. */
static int make_room(struct gy_presum *p)
{
    bool full =
        count_bytes(p) > p->bytes || (p->windowed && p->instance->window->panes.n > PANES_MOST);
    return full && !grow(p) ? gy_presum_flush(p) : 0;
}

int gy_presum_take(struct gy_presum *p, const struct gy_batch *batch)
{
    bool refused = false;
    if (p->off || p->rest > 0 || (p->windowed && batch->time == NULL)) {
        assert(p->rows == 0 || batch->time == NULL);
        p->rest -= p->rest < batch->kept ? p->rest : batch->kept;
        p->to.rows(p->to.host, batch);
        return 0;
    }
    int code = absorb(p, batch, &refused);
    if (code != 0)
        return code;
    if (refused) {
        code = gy_presum_flush(p);
        p->to.rows(p->to.host, batch);
        return code;
    }
    p->rows += batch->kept - p->n_odd;
    if (p->n_odd > 0)
        pass_odd(p, batch);
    return make_room(p);
}
