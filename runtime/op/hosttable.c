/* What a plugin may call while it runs: the functions behind `struct gyre_host`. What it calls wrongly is
 * told as its fault: it must not become a crash of the host. */
#include "op/inside.h"

#include "base/mem.h"

static struct gy_instance *instance_of(struct gyre_ctx *ctx)
{
    return (struct gy_instance *)ctx;
}

static void host_log(struct gyre_ctx *ctx, uint32_t level, const char *text)
{
    gy_instance_log(instance_of(ctx),
                    (enum gy_log_level)(level <= GYRE_LOG_DEBUG ? level : GYRE_LOG_DEBUG), "%s",
                    text);
}

/* The plugin's call that cannot be served, as it writes it. */
#define MISUSE(instance, call, ...) gy_instance_misuse(instance, GYRE_ECONTRACT, call, __VA_ARGS__)

static struct gy_metric *metric(struct gy_instance *instance, const char *name, bool is_gauge)
{
    const char *call = is_gauge ? "gyre_gauge" : "gyre_counter";
    if (name == NULL || name[0] == 0) {
        MISUSE(instance, call, "the name is missing");
        return NULL;
    }
    for (size_t m = 0; m < instance->metrics.n; m++) {
        struct gy_metric *there = instance->metrics.items[m];
        if (strcmp(there->name, name) != 0)
            continue;
        if (there->is_gauge == is_gauge)
            return there;
        MISUSE(instance, call, "`%s` is a %s", name, is_gauge ? "counter" : "gauge");
        return NULL;
    }
    struct gy_metric *made = gy_alloc(sizeof *made);
    if (made == NULL)
        return NULL;
    made->is_gauge = is_gauge;
    made->name = gy_strdup(name);
    if (made->name == NULL || gy_vec_push(&instance->metrics, made) != 0) {
        gy_free(made->name);
        gy_free(made);
        return NULL;
    }
    return made;
}

static int64_t *host_counter(struct gyre_ctx *ctx, const char *name)
{
    struct gy_metric *m = metric(instance_of(ctx), name, false);
    return m != NULL ? &m->value.counter : NULL;
}

static double *host_gauge(struct gyre_ctx *ctx, const char *name)
{
    struct gy_metric *m = metric(instance_of(ctx), name, true);
    return m != NULL ? &m->value.gauge : NULL;
}

/* In front of every block of gyre_alloc, to account for it. */
struct alloc_head {
    _Alignas(16) size_t size;
    uint64_t mark; /* ALLOCATED while the block is the plugin's */
};

#define ALLOCATED UINT64_C(0x6779726561726531)

static void *host_alloc(struct gyre_ctx *ctx, void *old, size_t size)
{
    struct gy_instance *i = instance_of(ctx);
    struct alloc_head *head = old != NULL ? (struct alloc_head *)old - 1 : NULL;
    if (head != NULL && head->mark != ALLOCATED) {
        MISUSE(i, "gyre_alloc", "the memory to %s is not, or not any more, of gyre_alloc",
               size == 0 ? "free" : "resize");
        return NULL;
    }
    size_t before = head != NULL ? head->size : 0;
    if (size == 0) {
        i->stats.bytes_alloc -= before;
        if (head != NULL)
            head->mark = 0;
        gy_free(head);
        return NULL;
    }
    if (size > SIZE_MAX - sizeof *head)
        return NULL;
    head = gy_realloc(head, sizeof *head + size);
    if (head == NULL)
        return NULL;
    if (size > before)
        memset((char *)(head + 1) + before, 0, size - before);
    *head = (struct alloc_head){.size = size, .mark = ALLOCATED};
    i->stats.bytes_alloc += size - before;
    return head + 1;
}

static int64_t host_now(struct gyre_ctx *ctx)
{
    return gy_clock_now_us(instance_of(ctx)->env.clock);
}

static uint64_t host_random(struct gyre_ctx *ctx)
{
    struct gy_instance *i = instance_of(ctx);
    return gy_rng_at(i->seed, i->drawn++);
}

static void host_bad_row(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                         const char *text)
{
    (void)in; /* there is one batch at hand */
    gy_instance_bad_row(instance_of(ctx), row, text);
}

static void host_bad_input(struct gyre_ctx *ctx, const char *raw, size_t len, const char *text)
{
    struct gy_instance *i = instance_of(ctx);
    if (raw == NULL && len != 0)
        MISUSE(i, "gyre_bad_input", "the raw input is NULL");
    else
        gy_instance_bad_input(i, raw != NULL ? raw : "", len, text);
}

/* It goes out after all that the call puts out. Only the host says the end of input. */
static void host_watermark(struct gyre_ctx *ctx, int64_t time_us)
{
    struct gy_instance *i = instance_of(ctx);
    if ((i->node->flags & GYRE_SETS_TIME) == 0) {
        MISUSE(i, "gyre_watermark", "it lacks the flag GYRE_SETS_TIME");
        return;
    }
    int64_t own_us = time_us == INT64_MAX ? INT64_MAX - 1 : time_us;
    if (own_us > i->own_us)
        i->own_us = own_us;
}

static void host_late(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row)
{
    struct gy_instance *i = instance_of(ctx);
    if (i->in == NULL || in != i->view || row >= in->rows)
        MISUSE(i, "gyre_late", "there is no such row at hand in %s", i->callback);
    else if (i->stats.late_rows++ == 0)
        gy_instance_log(i, GY_LOG_WARN,
                        "a row came too late to be used, and more may follow: they are counted");
}

static void host_idle(struct gyre_ctx *ctx)
{
    instance_of(ctx)->idle = true;
}

/* ---- keyed state ---- */

/* The state that a call is for; NULL where there is none, which was told. */
static struct gy_store *store_of(struct gy_instance *i, const char *call, uint32_t state)
{
    if (i->partitioning || i->node->n_hosted != 0)
        MISUSE(i, call, "a function has no state but what it is handed");
    else if (i->n_stores == 0)
        MISUSE(i, call, "it has declared no state");
    else if (state >= i->n_stores)
        MISUSE(i, call, "it has no state %u, the last one it has declared is %u", state,
               i->n_stores - 1);
    else
        return i->stores[state];
    return NULL;
}

/* The same for the keys of the batch at hand, which `in` must be. */
static struct gy_store *store_for(struct gy_instance *i, const char *call, uint32_t state,
                                  const struct gyre_batch *in)
{
    struct gy_store *store = store_of(i, call, state);
    if (store == NULL)
        return NULL;
    if (i->in == NULL)
        MISUSE(i, call, "no row is at hand in %s", i->callback);
    else if (in != i->view)
        MISUSE(i, call, "the batch is not the one that the callback got");
    else
        return store;
    return NULL;
}

/* The kept rows of the batch at hand; NULL: all. */
static const uint32_t *kept_rows(struct gy_instance *i)
{
    if (i->in->keep == NULL)
        return NULL;
    if (i->in->selection != NULL)
        return i->in->selection;
    gy_select(i->in->keep, i->in->rows, i->selection);
    return i->selection;
}

/* slots[row] from the j-th slot of the j-th kept row. */
static void spread_slots(const struct gy_instance *i, const uint32_t *rows, void **slots)
{
    for (uint32_t j = 0; j < i->in->kept; j++)
        slots[rows[j]] = i->slots[j];
}

static int32_t host_state_slots(struct gyre_ctx *ctx, uint32_t state, const struct gyre_batch *in,
                                void **slots)
{
    struct gy_instance *i = instance_of(ctx);
    const struct gy_column *columns[GY_KEYS_MAX];
    struct gy_store *store = store_for(i, "gyre_state_slots", state, in);
    if (store == NULL)
        return GYRE_ECONTRACT;
    gy_key_columns(i, columns);
    const uint32_t *rows = kept_rows(i);
    int code =
        gy_store_slots(store, i->in->hash, columns, rows, rows != NULL ? i->in->kept : i->in->rows,
                       rows != NULL ? i->slots : slots);
    if (code == 0 && rows != NULL)
        spread_slots(i, rows, slots);
    return code;
}

static int32_t host_state_find(struct gyre_ctx *ctx, uint32_t state, const struct gyre_batch *in,
                               void **slots)
{
    struct gy_instance *i = instance_of(ctx);
    const struct gy_column *columns[GY_KEYS_MAX];
    struct gy_store *store = store_for(i, "gyre_state_find", state, in);
    if (store == NULL)
        return GYRE_ECONTRACT;
    gy_key_columns(i, columns);
    const uint32_t *rows = kept_rows(i);
    gy_store_find_slots(store, i->in->hash, columns, rows, rows != NULL ? i->in->kept : i->in->rows,
                        rows != NULL ? i->slots : slots);
    if (rows != NULL)
        spread_slots(i, rows, slots);
    return 0;
}

static void host_state_remove(struct gyre_ctx *ctx, uint32_t state, const struct gyre_batch *in,
                              uint32_t row)
{
    struct gy_instance *i = instance_of(ctx);
    const struct gy_column *columns[GY_KEYS_MAX];
    struct gy_store *store = store_for(i, "gyre_state_remove", state, in);
    if (store == NULL)
        return;
    if (row >= in->rows || (in->keep != NULL && in->keep[row] == 0)) {
        MISUSE(i, "gyre_state_remove", "the batch has no row %u, it has %u rows%s", row, in->rows,
               row < in->rows ? ", some of them dropped" : "");
        return;
    }
    gy_key_columns(i, columns);
    gy_store_remove(store, in->hash != NULL ? in->hash[row] : 0, columns, row);
}

static bool is_readable(const struct gyre_str *s)
{
    return s != NULL && (s->len <= GYRE_STR_INLINE || s->u.ptr != NULL);
}

/* A string belongs to no store in particular: all of a task's stores allocate alike. */
static int32_t host_state_str(struct gyre_ctx *ctx, struct gyre_str *into,
                              const struct gyre_str *from)
{
    struct gy_instance *i = instance_of(ctx);
    if (i->n_stores == 0 && i->window == NULL)
        return MISUSE(i, "gyre_state_str", "it has declared no state");
    if (into == NULL || !is_readable(from))
        return MISUSE(i, "gyre_state_str", "the string to assign%s is NULL",
                      into == NULL ? " to" : "");
    int code = i->window != NULL ? gy_str_assign(&i->window->blocks, into, from)
                                 : gy_store_str(i->stores[0], into, from);
    if (code != 0 && i->sticky == 0) /* the functions of macros cannot return it */
        i->sticky = gy_instance_fail(i, code, "no memory for a string of %u bytes", from->len);
    return code;
}

/* True for a list of this instance, or a map: a plugin may have taken one for the other, or a value for
 * either. */
static bool is_list(struct gy_instance *i, const struct gyre_list *list, const char *call)
{
    for (uint32_t s = 0; list != NULL && s < i->n_stores; s++)
        if (gy_store_has_list(i->stores[s], list))
            return true;
    MISUSE(i, call, "what it was given is no list of the state");
    return false;
}

static bool is_map(struct gy_instance *i, const struct gyre_map *map, const char *call)
{
    for (uint32_t s = 0; map != NULL && s < i->n_stores; s++)
        if (gy_store_has_map(i->stores[s], map))
            return true;
    MISUSE(i, call, "what it was given is no map of the state");
    return false;
}

static bool has_key(struct gy_instance *i, const void *key, const char *call)
{
    if (key == NULL)
        MISUSE(i, call, "the key is NULL");
    return key != NULL;
}

static void *host_list_add(struct gyre_ctx *ctx, struct gyre_list *list)
{
    return is_list(instance_of(ctx), list, "gyre_list_add") ? gy_list_add(list) : NULL;
}

static uint64_t host_list_count(struct gyre_ctx *ctx, const struct gyre_list *list)
{
    return is_list(instance_of(ctx), list, "gyre_list_count") ? gy_list_count(list) : 0;
}

static void *host_list_at(struct gyre_ctx *ctx, struct gyre_list *list, uint64_t at)
{
    return is_list(instance_of(ctx), list, "gyre_list_at") ? gy_list_at(list, at) : NULL;
}

static void host_list_drop(struct gyre_ctx *ctx, struct gyre_list *list, uint64_t first_n)
{
    if (is_list(instance_of(ctx), list, "gyre_list_drop"))
        gy_list_drop(list, first_n);
}

static void *host_map_get(struct gyre_ctx *ctx, struct gyre_map *map, const void *key,
                          int32_t create)
{
    struct gy_instance *i = instance_of(ctx);
    const char *call = "gyre_map_get";
    return is_map(i, map, call) && has_key(i, key, call) ? gy_map_get(map, key, create) : NULL;
}

static int32_t host_map_remove(struct gyre_ctx *ctx, struct gyre_map *map, const void *key)
{
    struct gy_instance *i = instance_of(ctx);
    const char *call = "gyre_map_remove";
    return is_map(i, map, call) && has_key(i, key, call) ? gy_map_remove(map, key) : 0;
}

static uint64_t host_map_count(struct gyre_ctx *ctx, const struct gyre_map *map)
{
    return is_map(instance_of(ctx), map, "gyre_map_count") ? gy_map_count(map) : 0;
}

static void *host_map_next(struct gyre_ctx *ctx, struct gyre_map *map, uint64_t *cursor,
                           const void **key)
{
    struct gy_instance *i = instance_of(ctx);
    if (!is_map(i, map, "gyre_map_next"))
        return NULL;
    if (cursor == NULL)
        MISUSE(i, "gyre_map_next", "the cursor is NULL");
    return cursor != NULL ? gy_map_next(map, cursor, key) : NULL;
}

/* Checks a call that is about a timer of the key of a row. */
static bool is_timer(struct gy_instance *i, const char *call, const struct gyre_batch *in,
                     uint32_t row, uint32_t clock)
{
    if (i->timers == NULL)
        MISUSE(i, call, "it has no on_timer");
    else if (clock >= GY_TIMERS_CLOCKS)
        MISUSE(i, call, "there is no clock %u", clock);
    else if (clock == GYRE_CLOCK_ROUND && i->node->n_rounds == 0)
        MISUSE(i, call,
               "GYRE_CLOCK_ROUND is for operators in a loop with `rounds`, and it is in none");
    else if (in == NULL && i->node->key.n == 0)
        return true;
    else if (i->in == NULL)
        MISUSE(i, call, "no row is at hand in %s", i->callback);
    else if (in != i->view)
        MISUSE(i, call, "the batch is not the one that the callback got");
    else if (row >= in->rows)
        MISUSE(i, call, "the batch has no row %u, it has %u rows", row, in->rows);
    else if (in->keep != NULL && in->keep[row] == 0)
        MISUSE(i, call, "row %u of the batch was dropped", row);
    else
        return true;
    return false;
}

static int32_t host_timer_set(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                              uint32_t clock, int64_t time_us, uint64_t tag)
{
    struct gy_instance *i = instance_of(ctx);
    const struct gy_column *columns[GY_KEYS_MAX];
    const struct gy_timer timer = {clock, time_us, tag};
    if (!is_timer(i, "gyre_timer_set", in, row, clock))
        return GYRE_ECONTRACT;
    if (i->node->key.n > 0)
        gy_key_columns(i, columns);
    int code =
        gy_timers_set(i->timers, i->node->key.n > 0 ? i->in->hash : NULL, columns, row, &timer);
    if (code != 0 && i->sticky == 0)
        i->sticky = gy_instance_fail(i, code, "no memory for a timer");
    return code;
}

static int32_t host_timer_delete(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                                 uint32_t clock, int64_t time_us, uint64_t tag)
{
    struct gy_instance *i = instance_of(ctx);
    const struct gy_column *columns[GY_KEYS_MAX];
    const struct gy_timer timer = {clock, time_us, tag};
    if (!is_timer(i, "gyre_timer_delete", in, row, clock))
        return GYRE_ECONTRACT;
    if (i->node->key.n > 0)
        gy_key_columns(i, columns);
    gy_timers_delete(i->timers, i->node->key.n > 0 ? i->in->hash : NULL, columns, row, &timer);
    return 0;
}

static void host_vote(struct gyre_ctx *ctx, const char *loop, int32_t stop)
{
    gy_rounds_vote(instance_of(ctx), loop, stop != 0);
}

const struct gyre_host gy_host_table = {
    .size = sizeof(struct gyre_host),
    .features = GY_HOST_FEATURES,
    .log = host_log,
    .counter = host_counter,
    .gauge = host_gauge,
    .alloc = host_alloc,
    .now = host_now,
    .random = host_random,
    .bad_row = host_bad_row,
    .bad_input = host_bad_input,
    .watermark = host_watermark,
    .idle = host_idle,
    .state_slots = host_state_slots,
    .state_remove = host_state_remove,
    .state_str = host_state_str,
    .list_add = host_list_add,
    .list_count = host_list_count,
    .list_at = host_list_at,
    .list_drop = host_list_drop,
    .map_get = host_map_get,
    .map_remove = host_map_remove,
    .map_count = host_map_count,
    .map_next = host_map_next,
    .timer_set = host_timer_set,
    .timer_delete = host_timer_delete,
    .vote = host_vote,
    .state_find = host_state_find,
    .late = host_late,
};
