/* What a plugin may call while it runs: the functions behind `struct gyre_host`. */
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

static struct gy_metric *metric(struct gy_instance *instance, const char *name, bool is_gauge)
{
    for (size_t m = 0; m < instance->metrics.n; m++)
        if (strcmp(instance->metrics.items[m]->name, name) == 0)
            return instance->metrics.items[m];
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
    return m != NULL && !m->is_gauge ? &m->value.counter : NULL;
}

static double *host_gauge(struct gyre_ctx *ctx, const char *name)
{
    struct gy_metric *m = metric(instance_of(ctx), name, true);
    return m != NULL && m->is_gauge ? &m->value.gauge : NULL;
}

/* In front of every block of gyre_alloc, to account for it. */
struct alloc_head {
    _Alignas(16) size_t size;
};

static void *host_alloc(struct gyre_ctx *ctx, void *old, size_t size)
{
    struct gy_instance *i = instance_of(ctx);
    struct alloc_head *head = old != NULL ? (struct alloc_head *)old - 1 : NULL;
    size_t before = head != NULL ? head->size : 0;
    if (size == 0) {
        i->stats.bytes_alloc -= before;
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
    head->size = size;
    i->stats.bytes_alloc += size - before;
    return head + 1;
}

static int64_t host_now(struct gyre_ctx *ctx)
{
    return gy_clock_now_us(instance_of(ctx)->env.clock);
}

static uint64_t host_random(struct gyre_ctx *ctx)
{
    return gy_rng_next(&instance_of(ctx)->rng);
}

static void host_bad_row(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                         const char *text)
{
    (void)in; /* there is one batch at hand */
    gy_instance_bad_row(instance_of(ctx), row, text);
}

static void host_bad_input(struct gyre_ctx *ctx, const char *raw, size_t len, const char *text)
{
    gy_instance_bad_input(instance_of(ctx), raw, len, text);
}

/* What was put out before the watermark leaves before it. Only the host says the end of input. */
static void host_watermark(struct gyre_ctx *ctx, int64_t time_us)
{
    struct gy_instance *i = instance_of(ctx);
    for (uint32_t p = 0; p < i->node->n_outputs; p++)
        gy_port_flush(&i->ports[p]);
    if (i->env.watermark != NULL)
        i->env.watermark(i->env.host, time_us == INT64_MAX ? INT64_MAX - 1 : time_us);
}

static void host_idle(struct gyre_ctx *ctx)
{
    (void)ctx;
}

static int32_t host_state_slots(struct gyre_ctx *ctx, uint32_t state, const struct gyre_batch *in,
                                void **slots)
{
    struct gy_instance *i = instance_of(ctx);
    const struct gy_column *columns[GY_KEYS_MAX];
    if (state >= i->n_stores || i->in == NULL)
        return gyre_fail(ctx, GYRE_ECONTRACT, "state_slots: there is no state %u here", state);
    gy_key_columns(i, columns);
    if (i->in->keep == NULL)
        return gy_store_slots(i->stores[state], in->hash, columns, NULL, in->rows, slots);
    const uint32_t *rows = i->in->selection;
    if (rows == NULL) {
        gy_select(i->in->keep, i->in->rows, i->selection);
        rows = i->selection;
    }
    int code = gy_store_slots(i->stores[state], in->hash, columns, rows, in->kept, i->slots);
    for (uint32_t j = 0; code == 0 && j < in->kept; j++)
        slots[rows[j]] = i->slots[j];
    return code;
}

/* Callbacks for one key are those of timers, which this host does not offer yet. */
static void *host_state_slot(struct gyre_ctx *ctx, uint32_t state)
{
    (void)ctx, (void)state;
    return NULL;
}

static void host_state_remove(struct gyre_ctx *ctx, uint32_t state, const struct gyre_batch *in,
                              uint32_t row)
{
    struct gy_instance *i = instance_of(ctx);
    const struct gy_column *columns[GY_KEYS_MAX];
    if (state >= i->n_stores || i->in == NULL || in == NULL)
        return;
    gy_key_columns(i, columns);
    gy_store_remove(i->stores[state], in->hash[row], columns, row);
}

/* A string belongs to no store in particular: all of a task's stores allocate alike. */
static int32_t host_state_str(struct gyre_ctx *ctx, struct gyre_str *into,
                              const struct gyre_str *from)
{
    struct gy_instance *i = instance_of(ctx);
    return i->n_stores > 0 ? gy_store_str(i->stores[0], into, from) : GYRE_ECONTRACT;
}

static void *host_list_add(struct gyre_ctx *ctx, struct gyre_list *list)
{
    (void)ctx;
    return gy_list_add(list);
}

static void host_list_drop(struct gyre_ctx *ctx, struct gyre_list *list, uint64_t first_n)
{
    (void)ctx;
    gy_list_drop(list, first_n);
}

static void *host_map_get(struct gyre_ctx *ctx, struct gyre_map *map, const void *key,
                          int32_t create)
{
    (void)ctx;
    return gy_map_get(map, key, create);
}

static int32_t host_map_remove(struct gyre_ctx *ctx, struct gyre_map *map, const void *key)
{
    (void)ctx;
    return gy_map_remove(map, key);
}

static int32_t host_timer(struct gyre_ctx *ctx, uint32_t clock, int64_t time_us, uint64_t tag)
{
    (void)clock, (void)time_us, (void)tag;
    return gyre_fail(ctx, GYRE_ENOTSUP, "this host has no timers yet");
}

static void host_vote(struct gyre_ctx *ctx, int32_t stop)
{
    (void)ctx, (void)stop;
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
    .state_slot = host_state_slot,
    .state_remove = host_state_remove,
    .state_str = host_state_str,
    .list_add = host_list_add,
    .list_count = gy_list_count,
    .list_at = gy_list_at,
    .list_drop = host_list_drop,
    .map_get = host_map_get,
    .map_remove = host_map_remove,
    .map_count = gy_map_count,
    .map_next = gy_map_next,
    .timer_set = host_timer,
    .timer_delete = host_timer,
    .vote = host_vote,
};
