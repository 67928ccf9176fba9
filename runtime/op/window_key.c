/* What a key has of windows, as the value of a store; see window.h.
 *
 *   encoding   i64 fired (or, where the window has been put out for all keys up to a later one, that),
 *              i64 due, i64 newest, u64 since, f64 point, u8 has_point; u64 length and bytes of
 *              point_row; u8 1 and a trigger's state, or 0; the sequence */
#include "op/window.h"

#include "base/mem.h"
#include "op/inside.h"

struct gy_store_config gy_window_store_config(const struct gy_window *window,
                                              const struct gy_kept *kept)
{
    struct gy_store_config config = gy_instance_store_config(window->instance);
    config.kind = GYRE_STATE_VALUE;
    if (kept->rows)
        config.host = &kept->host;
    else
        config.segments = window->types;
    config.n_segments = window->instance->node->n_hosted;
    return config;
}

static const struct gy_type *trigger_type(const struct gy_window *window)
{
    return window->trigger_type.size != 0 ? &window->trigger_type : NULL;
}

static void key_init(void *context, void *value)
{
    struct gy_window_key *key = value;
    (void)context;
    memset(key, 0, sizeof *key);
    key->fired = INT64_MIN;
    key->due_us = key->armed_us = INT64_MAX;
    key->newest_us = INT64_MIN;
}

void gy_window_state_reset(struct gy_window *window, struct gy_window_key *key)
{
    if (key->trigger != NULL)
        gy_value_fini(trigger_type(window), &window->blocks, key->trigger);
    gy_free(key->trigger);
    key->trigger = NULL;
}

static void key_fini(void *context, void *value)
{
    struct gy_window *window = context;
    struct gy_window_key *key = value;
    gy_sequence_fini(&key->sequence, &window->kept.records);
    gy_free(key->point_row.bytes);
    gy_window_state_reset(window, key);
}

static void key_write(void *context, const void *value, struct gyre_writer *writer)
{
    const struct gy_window *window = context;
    const struct gy_window_key *key = value;
    uint8_t has_point = key->has_point, has_trigger = key->trigger != NULL;
    gyre_write_i64(writer, key->fired > window->fired ? key->fired : window->fired);
    gyre_write_i64(writer, key->due_us);
    gyre_write_i64(writer, key->newest_us);
    gyre_write_u64(writer, key->since);
    gyre_write_f64(writer, key->point);
    gyre_write(writer, &has_point, 1);
    gyre_write_u64(writer, key->point_row.n);
    gyre_write(writer, key->point_row.bytes, key->point_row.n);
    gyre_write(writer, &has_trigger, 1);
    if (has_trigger)
        gy_value_write(trigger_type(window), key->trigger, writer);
    gy_sequence_write(&key->sequence, &window->kept.records, writer);
}

void *gy_window_state(struct gy_window *window, struct gy_window_key *key)
{
    const struct gy_type *type = trigger_type(window);
    if (key->trigger != NULL || type == NULL)
        return key->trigger;
    key->trigger = gy_alloc_aligned(type->size, 16);
    if (key->trigger != NULL)
        gy_value_init(type, key->trigger);
    return key->trigger;
}

static int read_trigger(struct gy_window *window, struct gy_window_key *key,
                        struct gyre_reader *reader)
{
    const struct gy_type *type = trigger_type(window);
    if (type == NULL)
        return reader->error = GYRE_ECORRUPT;
    if (gy_window_state(window, key) == NULL)
        return GYRE_ENOMEM;
    return gy_value_read(type, &window->blocks, key->trigger, reader,
                         type->segments[0].declared->version);
}

static int read_point_row(struct gy_window_key *key, struct gyre_reader *reader)
{
    uint64_t n = gyre_read_u64(reader);
    const void *bytes = reader->error == 0 ? gyre_read(reader, n) : NULL;
    if (bytes == NULL || n == 0)
        return reader->error;
    key->point_row.bytes = gy_alloc(n);
    if (key->point_row.bytes == NULL)
        return GYRE_ENOMEM;
    memcpy(key->point_row.bytes, bytes, n);
    key->point_row.n = key->point_row.cap = n;
    key->point_row.rows = 1;
    return 0;
}

/* What a damaged record may say, and no window of this plan has. */
static bool is_plausible(const struct gy_window *window, const struct gy_window_key *key)
{
    const struct gy_policy_plan *fires = &window->plan->fire;
    const struct gy_hosted *function = fires->function;
    bool policies = window->way == GY_WINDOW_POLICIES, times = false;
    if (policies && fires->kind == GY_POLICY_FUNCTION)
        times = ((const struct gyre_trigger_function *)function->function->impl)->on_time != NULL;
    else if (policies)
        times = fires->kind == GY_POLICY_TIME;
    if (key->due_us != INT64_MAX && !times)
        return false;
    if (!policies || fires->kind != GY_POLICY_DELTA || function == NULL)
        return key->point_row.n == 0;
    return key->has_point == (key->point_row.n > 0) &&
           gy_kept_is_whole(&window->points, &key->point_row);
}

static int key_read(void *context, void *value, struct gyre_reader *reader,
                    const struct gy_form *form)
{
    struct gy_window *window = context;
    struct gy_window_key *key = value;
    key->fired = gyre_read_i64(reader);
    key->due_us = gyre_read_i64(reader);
    key->newest_us = gyre_read_i64(reader);
    key->since = gyre_read_u64(reader);
    key->point = gyre_read_f64(reader);
    const uint8_t *has = gyre_read(reader, 1);
    key->has_point = has != NULL && *has != 0;
    int code = read_point_row(key, reader);
    has = code == 0 ? gyre_read(reader, 1) : NULL;
    if (code == 0 && has != NULL && *has != 0)
        code = read_trigger(window, key, reader);
    if (code != 0 || reader->error != 0)
        return code != 0 ? code : reader->error;
    if (!is_plausible(window, key))
        return reader->error = GYRE_ECORRUPT;
    return gy_sequence_read(&key->sequence, &window->kept.records, reader, form);
}

void gy_window_key_type(struct gy_window *window)
{
    window->key_type = (struct gy_host_type){.size = sizeof(struct gy_window_key),
                                             .align = 8,
                                             .context = window,
                                             .init = key_init,
                                             .fini = key_fini,
                                             .write = key_write,
                                             .read = key_read};
}

bool gy_window_key_is_empty(const void *value)
{
    const struct gy_window_key *key = value;
    return key->sequence.n == 0 && key->trigger == NULL && !key->has_point &&
           key->point_row.n == 0 && key->since == 0;
}

int gy_window_keys(struct gy_window *window, const struct gyre_batch *in, const uint32_t *rows,
                   uint32_t n, struct gy_window_key **keys)
{
    const struct gy_column *columns[GY_KEYS_MAX];
    void **slots = (void **)(void *)keys;
    int code;
    if (window->grouped || window->instance->node->key.n == 0)
        code = gy_store_slots(window->keys, NULL, NULL, NULL, n, slots);
    else {
        gy_key_columns(window->instance, columns);
        code = gy_store_slots(window->keys, in->hash, columns, rows, n, slots);
    }
    if (code != 0)
        return gy_instance_fail(window->instance, code, "no memory for the windows of %u more rows",
                                n);
    return 0;
}

int gy_window_arm(struct gy_window *window, struct gy_window_key *key, uint64_t hash,
                  int64_t time_us)
{
    if (time_us >= key->armed_us || time_us == INT64_MAX)
        return 0;
    if (gy_heap_push(&window->due, (struct gy_heap_entry){.time = time_us, .tie = hash}) != 0)
        return gy_instance_fail(window->instance, GYRE_ENOMEM, "no memory for a timer");
    key->armed_us = time_us;
    window->busy |= time_us <= window->seen_us;
    return 0;
}

int gy_window_sweep(struct gy_window *window, uint32_t most)
{
    if (!window->sweeping && window->n_empty <= gy_store_count(window->keys) / 2)
        return 0;
    if (!window->sweeping) {
        window->sweeping = true;
        window->cursor = 0;
        window->n_empty = 0;
    }
    window->sweeping = gy_store_sweep(window->keys, &window->cursor, most, gy_window_key_is_empty);
    return window->sweeping;
}

int gy_window_flush(struct gy_window *window, uint32_t most,
                    int (*fire)(struct gy_window *window, const struct gy_store_entry *entry))
{
    enum { WALK = 64 };
    struct gy_store_entry entries[WALK];
    int code = 0;
    if (window->flushed)
        return gy_window_sweep(window, most);
    window->sweeping = false; /* it has a cursor of its own */
    if (!window->flushing) {
        window->flushing = true;
        window->cursor = 0;
    }
    for (uint32_t rows = 0, n; code == 0 && rows < most; rows += n) {
        n = gy_store_walk(window->keys, &window->cursor, entries, WALK);
        if (n == 0) {
            window->flushed = true;
            window->n_empty = gy_store_count(window->keys) + 1; /* whichever are, go */
            return 1;
        }
        for (uint32_t i = 0; code == 0 && i < n; i++)
            code = fire(window, &entries[i]);
    }
    return code != 0 ? code : 1;
}
