/* See timers.h. */
#include "op/timers.h"

#include "base/mem.h"
#include "op/inside.h"
#include "state/keyed.h"

#include <assert.h>

enum { SAME_HASH = 64, SWEEP = 4096, LEAST = 2 };

/* What a key has: the value of the store. */
struct key_timers {
    struct gy_timer *items; /* in order */
    uint32_t n, cap;
    int64_t armed_us[GY_TIMERS_CLOCKS]; /* the entry of each heap that is of this key, not saved */
    bool armed[GY_TIMERS_CLOCKS];       /* there is one */
    bool counted;                       /* as a key without timers */
};

/* ---- a key's timers ---- */

static void key_init(void *context, void *value)
{
    struct key_timers *key = value;
    (void)context;
    memset(key, 0, sizeof *key);
}

static void key_fini(void *context, void *value)
{
    struct key_timers *key = value;
    (void)context;
    gy_free(key->items);
}

/*   u32 n, then per timer: u32 clock, i64 time, u64 tag */
static void key_write(void *context, const void *value, struct gyre_writer *writer)
{
    const struct key_timers *key = value;
    (void)context;
    gyre_write_u32(writer, key->n);
    for (uint32_t i = 0; i < key->n; i++) {
        gyre_write_u32(writer, key->items[i].clock);
        gyre_write_i64(writer, key->items[i].time_us);
        gyre_write_u64(writer, key->items[i].tag);
    }
}

static int compare(const struct gy_timer *a, const struct gy_timer *b)
{
    if (a->clock != b->clock)
        return a->clock < b->clock ? -1 : 1;
    if (a->time_us != b->time_us)
        return a->time_us < b->time_us ? -1 : 1;
    return a->tag < b->tag ? -1 : a->tag > b->tag;
}

/* The place of a timer, or where it belongs. */
static uint32_t place(const struct key_timers *key, const struct gy_timer *timer, bool *found)
{
    uint32_t low = 0, high = key->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (compare(&key->items[middle], timer) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < key->n && compare(&key->items[low], timer) == 0;
    return low;
}

static int insert(struct key_timers *key, uint32_t at, const struct gy_timer *timer)
{
    if (key->n == key->cap) {
        uint32_t cap = key->n < LEAST ? LEAST : key->n + key->n / 2;
        struct gy_timer *items =
            cap > key->n ? gy_realloc_array(key->items, cap, sizeof *items) : NULL;
        if (items == NULL)
            return GYRE_ENOMEM;
        key->items = items;
        key->cap = cap;
    }
    memmove(&key->items[at + 1], &key->items[at], (key->n - at) * sizeof *key->items);
    key->items[at] = *timer;
    key->n++;
    return 0;
}

static void erase(struct key_timers *key, uint32_t at)
{
    key->n--;
    memmove(&key->items[at], &key->items[at + 1], (key->n - at) * sizeof *key->items);
}

static int key_read(void *context, void *value, struct gyre_reader *reader,
                    const struct gy_form *form)
{
    struct key_timers *key = value;
    uint32_t n = gyre_read_u32(reader);
    (void)context, (void)form;
    for (uint32_t i = 0; i < n && reader->error == 0; i++) {
        struct gy_timer timer = {gyre_read_u32(reader), gyre_read_i64(reader),
                                 gyre_read_u64(reader)};
        bool in_order = i == 0 || compare(&key->items[i - 1], &timer) < 0;
        if (reader->error == 0 && (timer.clock >= GY_TIMERS_CLOCKS || !in_order))
            reader->error = GYRE_ECORRUPT;
        if (reader->error == 0 && insert(key, i, &timer) != 0)
            return GYRE_ENOMEM;
    }
    return reader->error;
}

static bool is_empty(const void *value)
{
    return ((const struct key_timers *)value)->n == 0;
}

/* The key's earliest timer of a clock; NULL: none. */
static const struct gy_timer *earliest(const struct key_timers *key, uint32_t clock)
{
    bool found;
    struct gy_timer first = {clock, INT64_MIN, 0};
    uint32_t at = place(key, &first, &found);
    return at < key->n && key->items[at].clock == clock ? &key->items[at] : NULL;
}

static int arm(struct gy_timers *timers, struct key_timers *key, uint64_t hash, uint32_t clock)
{
    const struct gy_timer *first = earliest(key, clock);
    if (first == NULL || (key->armed[clock] && first->time_us >= key->armed_us[clock]))
        return 0;
    struct gy_heap_entry entry = {.time = first->time_us, .tie = hash};
    if (gy_heap_push(&timers->heaps[clock], entry) != 0)
        return GYRE_ENOMEM;
    key->armed_us[clock] = first->time_us;
    key->armed[clock] = true;
    return 0;
}

/* How many of rounds a key has: they are its last ones. */
static uint32_t count_rounds(const struct key_timers *key)
{
    bool found;
    struct gy_timer first = {GYRE_CLOCK_ROUND, INT64_MIN, 0};
    return key->n - place(key, &first, &found);
}

static bool is_keyed(const struct gy_timers *timers)
{
    return timers->instance->node->key.n > 0;
}

static void count_empty(struct gy_timers *timers, struct key_timers *key)
{
    timers->n_empty += key->n == 0 && !key->counted;
    key->counted = key->n == 0;
}

/* ---- making ---- */

static int init_due(struct gy_timers *timers)
{
    const struct gy_node *node = timers->instance->node;
    struct gy_timers_due *due = &timers->due;
    size_t bytes = 0;
    for (uint32_t k = 0; k < node->key.n; k++)
        bytes += (size_t)GY_TIMERS_DUE * (gyre_type_size(node->key.types[k]) + 8u);
    due->memory = gy_alloc_aligned(bytes + 64, 64);
    due->plan.schema = node->inputs[0].schema;
    struct gyre_field *fields = gy_calloc(node->key.n + 1, sizeof *fields);
    if (due->memory == NULL || fields == NULL) {
        gy_free(fields);
        return GYRE_ENOMEM;
    }
    char *at = due->memory;
    for (uint32_t k = 0; k < node->key.n; k++) {
        fields[k] = *gyre_schema_field(&node->inputs[0].schema, node->inputs[0].key_fields[k]);
        due->plan.key_fields[k] = k;
        due->key[k].data = at;
        at += (size_t)GY_TIMERS_DUE * gyre_type_size(node->key.types[k]);
        due->key[k].valid = node->key.nullable[k] ? (const uint8_t *)at : NULL;
        at += GY_TIMERS_DUE * 8u;
        due->columns[k] = (struct gyre_column){due->key[k].data, due->key[k].valid};
    }
    due->plan.schema.fields = fields;
    due->plan.schema.n_fields = node->key.n;
    return 0;
}

struct gy_timers *gy_timers_new(struct gy_instance *instance, struct gyre_error *error)
{
    struct gy_store_config config = gy_instance_store_config(instance);
    struct gy_timers *timers = gy_calloc(1, sizeof *timers);
    if (timers == NULL) {
        gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for timers");
        return NULL;
    }
    timers->instance = instance;
    timers->round_ends = -1;
    timers->type = (struct gy_host_type){.size = sizeof(struct key_timers),
                                         .align = 8,
                                         .context = timers,
                                         .init = key_init,
                                         .fini = key_fini,
                                         .write = key_write,
                                         .read = key_read};
    config.kind = GYRE_STATE_VALUE;
    config.host = &timers->type;
    timers->store = gy_store_new(&config, error);
    if (timers->store != NULL && init_due(timers) == 0)
        return timers;
    gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for timers");
    gy_timers_free(timers);
    return NULL;
}

void gy_timers_free(struct gy_timers *timers)
{
    if (timers == NULL)
        return;
    gy_store_free(timers->store);
    for (uint32_t clock = 0; clock < GY_TIMERS_CLOCKS; clock++)
        gy_heap_fini(&timers->heaps[clock]);
    if (timers->due.plan.schema.fields != timers->instance->node->inputs[0].schema.fields)
        gy_free((void *)(uintptr_t)timers->due.plan.schema.fields);
    gy_free(timers->due.memory);
    gy_free(timers);
}

/* ---- setting and deleting ---- */

/* One of a round is of that which the timers are at, whatever its time. */
static struct gy_timer timed(const struct gy_timers *timers, const struct gy_timer *timer)
{
    struct gy_timer result = *timer;
    if (timer->clock == GYRE_CLOCK_ROUND)
        result.time_us = timers->round;
    return result;
}

int gy_timers_set(struct gy_timers *timers, const uint64_t *hash,
                  const struct gy_column *const *columns, uint32_t row,
                  const struct gy_timer *timer)
{
    const struct gy_timer to_set = timed(timers, timer);
    bool keyed = is_keyed(timers);
    void *slot;
    bool found;
    if (timers->telling && timers->instance->ctx.watermark_us == INT64_MAX &&
        timer->clock != GYRE_CLOCK_ROUND) {
        timers->instance->stats.dropped_timers++;
        return 0;
    }
    if (gy_store_slots(timers->store, keyed ? hash : NULL, columns, keyed ? &row : NULL, 1,
                       &slot) != 0)
        return GYRE_ENOMEM;
    struct key_timers *key = slot;
    uint32_t at = place(key, &to_set, &found);
    if (!found && insert(key, at, &to_set) != 0)
        return GYRE_ENOMEM;
    timers->n_rounds += !found && timer->clock == GYRE_CLOCK_ROUND;
    timers->n_empty -= key->counted && timers->n_empty > 0;
    key->counted = false;
    return arm(timers, key, keyed ? hash[row] : 0, timer->clock);
}

void gy_timers_delete(struct gy_timers *timers, const uint64_t *hash,
                      const struct gy_column *const *columns, uint32_t row,
                      const struct gy_timer *timer)
{
    bool keyed = is_keyed(timers);
    struct key_timers *key = gy_store_find(timers->store, keyed ? hash[row] : 0, columns, row);
    const struct gy_timer to_delete = timed(timers, timer);
    bool found = false;
    uint32_t at = key != NULL ? place(key, &to_delete, &found) : 0;
    if (!found)
        return;
    timers->n_rounds -= timer->clock == GYRE_CLOCK_ROUND;
    erase(key, at);
    count_empty(timers, key);
}

/* ---- what is due ---- */

static int64_t now_us(const struct gy_timers *timers, uint32_t clock)
{
    const struct gy_instance *instance = timers->instance;
    if (clock == GYRE_CLOCK_EVENT)
        return instance->ctx.watermark_us;
    if (clock == GYRE_CLOCK_ROUND)
        return timers->round_ends;
    /* At the end of input those that are pending go off once. */
    return instance->ctx.watermark_us == INT64_MAX ? INT64_MAX
                                                   : gy_clock_now_us(instance->env.clock);
}

static bool clock_is_due(const struct gy_timers *timers, uint32_t clock)
{
    const struct gy_heap_entry *next = gy_heap_get(&timers->heaps[clock]);
    return next != NULL && next->time <= now_us(timers, clock);
}

/* Keys without timers go when they are many. */
static bool is_to_be_swept(const struct gy_timers *timers)
{
    return timers->instance->ctx.watermark_us != INT64_MAX &&
           (timers->sweep != 0 ||
            (timers->n_empty >= SWEEP && timers->n_empty > gy_store_count(timers->store) / 2));
}

static bool is_due(const struct gy_timers *timers)
{
    return clock_is_due(timers, GYRE_CLOCK_EVENT) || clock_is_due(timers, GYRE_CLOCK_PROCESSING);
}

bool gy_timers_end_round(const struct gy_timers *timers)
{
    return clock_is_due(timers, GYRE_CLOCK_ROUND);
}

bool gy_timers_have_work(const struct gy_timers *timers)
{
    return is_due(timers) || gy_timers_end_round(timers) || is_to_be_swept(timers);
}

void gy_timers_round_begin(struct gy_timers *timers, uint64_t ends)
{
    timers->round = (int64_t)ends;
    timers->round_ends = (int64_t)ends - 1;
}

void gy_timers_round_end(struct gy_timers *timers, uint64_t ends)
{
    timers->round = (int64_t)ends + 1;
    timers->round_ends = (int64_t)ends;
}

int64_t gy_timers_told(const struct gy_timers *timers, int64_t seen_us)
{
    const struct gy_heap_entry *next = gy_heap_get(&timers->heaps[GYRE_CLOCK_EVENT]);
    /* What is due at the end of all has rows of any time. */
    if (seen_us == INT64_MAX && is_due(timers))
        return next != NULL && next->time != INT64_MIN && next->time != INT64_MAX ? next->time - 1
                                                                                  : INT64_MIN;
    return next != NULL && next->time <= seen_us
               ? (next->time != INT64_MIN ? next->time - 1 : INT64_MIN)
               : seen_us;
}

int64_t gy_timers_wake_us(const struct gy_timers *timers)
{
    const struct gy_heap_entry *next = gy_heap_get(&timers->heaps[GYRE_CLOCK_PROCESSING]);
    return next != NULL ? next->time : INT64_MAX;
}

/* ---- telling ---- */

/* Takes the key's timers of exactly one moment into what is due, as far as there is room; true where all
 * of them were taken. */
static bool take(struct gy_timers *timers, const struct gy_store_entry *entry, uint32_t clock,
                 int64_t time_us)
{
    struct key_timers *key = entry->slot;
    struct gy_timers_due *due = &timers->due;
    const struct gy_key *types = &timers->instance->node->key;
    struct gy_timer first = {clock, time_us, 0};
    bool found;
    uint32_t at = place(key, &first, &found);
    while (at < key->n && key->items[at].clock == clock && key->items[at].time_us == time_us) {
        if (due->n == GY_TIMERS_DUE)
            return false;
        for (uint32_t k = 0; k < types->n; k++)
            gy_store_key_column(timers->store, entry, 1, k, (void *)(uintptr_t)due->key[k].data,
                                (uint8_t *)(uintptr_t)due->key[k].valid, due->n);
        due->hash[due->n] = entry->hash;
        due->times[due->n] =
            clock == GYRE_CLOCK_ROUND ? timers->instance->ctx.watermark_us : time_us;
        due->tags[due->n] = key->items[at].tag;
        due->n++;
        timers->n_rounds -= clock == GYRE_CLOCK_ROUND;
        erase(key, at);
    }
    count_empty(timers, key);
    return true;
}

/* Gives what is due to the operator. 0, or a code. */
static int tell(struct gy_timers *timers, uint32_t clock)
{
    struct gy_instance *instance = timers->instance;
    struct gy_timers_due *due = &timers->due;
    const struct gy_batch *in = instance->in;
    const struct gy_input *in_plan = instance->in_plan;
    const struct gyre_batch *view = instance->view;
    const char *callback = instance->callback;
    uint32_t n = due->n;
    if (n == 0)
        return 0;
    due->batch = (struct gy_batch){.rows = n,
                                   .kept = n,
                                   .n_columns = instance->node->key.n,
                                   .time = due->times,
                                   .hash = is_keyed(timers) ? due->hash : NULL,
                                   .columns = due->key};
    due->view = (struct gyre_batch){.size = sizeof due->view,
                                    .rows = n,
                                    .kept = n,
                                    .n_columns = instance->node->key.n,
                                    .columns = due->columns,
                                    .time = due->times,
                                    .hash = due->batch.hash};
    due->abi = (struct gyre_due){
        .size = sizeof due->abi, .clock = clock, .keys = &due->view, .tags = due->tags};
    instance->in = &due->batch;
    instance->in_plan = &due->plan;
    instance->view = &due->view;
    timers->telling = true;
    struct gy_call call = gy_call_begin(instance, "on_timer");
    int code = instance->node->descriptor->on_timer(instance->self, &instance->ctx, &due->abi);
    timers->telling = false;
    instance->in = in;
    instance->in_plan = in_plan;
    instance->view = view;
    due->n = 0;
    code = gy_call_end(instance, call, code);
    if (code == 0) /* it came before rows: their call goes on */
        instance->callback = callback;
    return code;
}

/* Takes all keys of an entry of a heap; false where there was no room, and the entry stays. */
static int take_entry(struct gy_timers *timers, uint32_t clock, const struct gy_heap_entry *at,
                      bool *all)
{
    struct gy_store_entry entries[SAME_HASH];
    uint32_t n = gy_store_of_hash(timers->store, at->tie, entries, SAME_HASH);
    int code = 0;
    *all = true;
    for (uint32_t i = 0; code == 0 && *all && i < n; i++) {
        struct key_timers *key = entries[i].slot;
        if (!key->armed[clock] || key->armed_us[clock] != at->time)
            continue; /* out of date, or another key's */
        *all = take(timers, &entries[i], clock, at->time);
        if (!*all)
            break;
        key->armed[clock] = false;
        code = arm(timers, key, at->tie, clock);
    }
    return code;
}

/* Tells one batch of timers of the earliest moment that is due. 0, or a code. */
static int tell_next(struct gy_timers *timers, uint32_t clock)
{
    struct gy_heap *heap = &timers->heaps[clock];
    int64_t time_us = gy_heap_get(heap)->time;
    const struct gy_heap_entry *next;
    bool all = true;
    int code = 0;
    while (code == 0 && all && timers->due.n < GY_TIMERS_DUE &&
           (next = gy_heap_get(heap)) != NULL && next->time == time_us) {
        struct gy_heap_entry at;
        gy_heap_pop(heap, &at);
        code = take_entry(timers, clock, &at, &all);
        if (code == 0 && !all)
            code = gy_heap_push(heap, at) == 0 ? 0 : GYRE_ENOMEM;
    }
    if (code != 0)
        return gy_instance_fail(timers->instance, code, "no memory for timers");
    return tell(timers, clock);
}

static void sweep(struct gy_timers *timers)
{
    if (!is_to_be_swept(timers) || gy_store_sweep(timers->store, &timers->sweep, SWEEP, is_empty))
        return;
    timers->sweep = 0;
    timers->n_empty = 0;
}

/* Those of processing time come last: one that is set anew each time must not hold up the others. */
static uint32_t next_clock(const struct gy_timers *timers)
{
    return clock_is_due(timers, GYRE_CLOCK_EVENT)   ? GYRE_CLOCK_EVENT
           : clock_is_due(timers, GYRE_CLOCK_ROUND) ? GYRE_CLOCK_ROUND
                                                    : GYRE_CLOCK_PROCESSING;
}

int gy_timers_work(struct gy_timers *timers, uint32_t most)
{
    sweep(timers);
    for (uint32_t done = 0; done < most && (is_due(timers) || gy_timers_end_round(timers));
         done += GY_TIMERS_DUE) {
        int code = tell_next(timers, next_clock(timers));
        if (code != 0)
            return code;
    }
    return gy_timers_have_work(timers);
}

/* Tells what is due for one key, in order of time. */
static int tell_key(struct gy_timers *timers, uint64_t hash, uint32_t clock, int64_t until_us)
{
    struct gy_store_entry entries[SAME_HASH];
    int64_t time_us = until_us;
    bool any = false;
    uint32_t n = gy_store_of_hash(timers->store, hash, entries, SAME_HASH);
    for (uint32_t i = 0; i < n; i++) {
        const struct gy_timer *first = earliest(entries[i].slot, clock);
        if (first == NULL || first->time_us > time_us)
            continue;
        time_us = first->time_us;
        any = true;
    }
    if (!any)
        return 0;
    for (uint32_t i = 0; i < n; i++)
        take(timers, &entries[i], clock, time_us);
    int code = tell(timers, clock);
    return code != 0 ? code : 1;
}

int gy_timers_before(struct gy_timers *timers, const struct gyre_batch *in)
{
    bool keyed = is_keyed(timers);
    int code = 0;
    if (!clock_is_due(timers, GYRE_CLOCK_EVENT))
        return 0;
    for (uint32_t row = 0; code >= 0 && row < (keyed ? in->rows : 1); row++) {
        if (in->keep != NULL && in->keep[row] == 0)
            continue;
        do
            code = tell_key(timers, keyed ? in->hash[row] : 0, GYRE_CLOCK_EVENT,
                            timers->instance->ctx.watermark_us);
        while (code == 1);
    }
    return code;
}

/* ---- saving and restoring ---- */

static void save_keys(void *host, const struct gy_store_entry *entries, uint32_t n)
{
    const struct gy_timers *timers = host;
    struct gy_part *part = timers->instance->part;
    for (uint32_t i = 0; i < n && part->error == 0; i++) {
        if (is_empty(entries[i].slot))
            continue;
        struct gyre_writer *writer = gy_part_record(part, GY_RECORD_TIMERS, 0);
        if (is_keyed(timers)) {
            gy_store_encode(timers->store, &entries[i], writer);
        } else {
            gyre_write_u64(writer, 0); /* where others have their hash */
            key_write(NULL, entries[i].slot, writer);
        }
        gy_part_end_record(part);
    }
}

void gy_timers_save_begin(struct gy_timers *timers)
{
    gy_store_epoch(timers->store, save_keys, timers);
}

bool gy_timers_save_slice(struct gy_timers *timers, uint32_t most)
{
    return gy_store_save_slice(timers->store, most);
}

void gy_timers_save_stop(struct gy_timers *timers)
{
    gy_store_epoch(timers->store, NULL, NULL);
}

/* Without a key those of several tasks may come together. */
static int restore_plain(struct gy_timers *timers, struct gyre_reader *reader)
{
    struct key_timers more = {0};
    void *slot;
    int code = gyre_read_u64(reader) == 0 ? key_read(NULL, &more, reader, NULL) : GYRE_ECORRUPT;
    if (code == 0 && gy_store_slots(timers->store, NULL, NULL, NULL, 1, &slot) != 0)
        code = GYRE_ENOMEM;
    for (uint32_t i = 0; code == 0 && i < more.n; i++) {
        bool found;
        uint32_t at = place(slot, &more.items[i], &found);
        if (!found)
            code = insert(slot, at, &more.items[i]);
    }
    gy_free(more.items);
    return code;
}

int gy_timers_restore(struct gy_timers *timers, struct gyre_reader *reader)
{
    return is_keyed(timers) ? gy_store_decode(timers->store, reader, 1)
                            : restore_plain(timers, reader);
}

int gy_timers_restored(struct gy_timers *timers)
{
    struct gy_store_entry entry;
    uint64_t cursor = 0;
    int code = 0;
    while (code == 0 && gy_store_walk(timers->store, &cursor, &entry, 1) != 0) {
        for (uint32_t clock = 0; code == 0 && clock < GY_TIMERS_CLOCKS; clock++)
            code = arm(timers, entry.slot, entry.hash, clock);
        timers->n_rounds += count_rounds(entry.slot);
    }
    return code == 0
               ? 0
               : gy_instance_fail(timers->instance, code, "no memory for the timers restored");
}
