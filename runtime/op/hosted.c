/* Functions as operators. A key function adds its columns to the rows that pass. Aggregate functions
 * are rolling (a row out per row in) or final (a row out per key when the input ends). The runtime
 * owns the loop over keys, a function the loop over rows.
 *
 * A node hosts one function or several. One store has their accumulators, those of a key as one
 * record (op/accumulate.h): a key is looked up once, however many functions there are.
 *
 * The end of input is put out in slices, so that a million keys do not stop the task. */
#include "op/inside.h"

#include "base/mem.h"
#include "plugin/guide.h"

#include <assert.h>

enum { WALK = 128 };

int gy_hosted_init(struct gy_instance *instance, struct gyre_error *error)
{
    const struct gy_node *node = instance->node;
    instance->ctx.config = node->hosted[0].config;
    if (node->aggregation == GY_AGG_NONE)
        return 0;
    instance->flags |= GYRE_WANTS_SELECTION | GYRE_MASK_AWARE;
    instance->all_rows = gy_calloc(GYRE_BATCH_ROWS, sizeof(uint32_t));
    bool aggregates = node->hosted[0].aggregate != NULL; /* else a window function */
    if (instance->all_rows == NULL ||
        (aggregates && gy_accumulate_init(&instance->accumulate, instance) != 0))
        return gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for an aggregate");
    for (uint32_t j = 0; j < GYRE_BATCH_ROWS; j++)
        instance->all_rows[j] = j;
    if (node->aggregation == GY_AGG_WINDOWED && gy_window_new(instance, error) == NULL)
        return error->code;
    return 0;
}

void gy_hosted_fini(struct gy_instance *instance)
{
    gy_window_free(instance->window);
    gy_accumulate_fini(&instance->accumulate);
    gy_free(instance->all_rows);
}

/* ---- rows ---- */

/* A key function: its columns are the port's own, aligned with the batch. */
static int process_keys(struct gy_instance *instance, const struct gyre_batch *in)
{
    const struct gyre_key_function *function = instance->node->hosted[0].function->impl;
    gy_functions_enter(instance, &instance->node->hosted[0], instance->node->hosted[0].config);
    instance->callback = gy_crumb.callback = "keys";
    return function->keys(&instance->ctx, in, &instance->ports[0].out);
}

/* The records of the rows' keys. */
static int find_records(struct gy_instance *instance, const struct gyre_batch *in,
                        const uint32_t *rows)
{
    const struct gy_column *columns[GY_KEYS_MAX];
    gy_key_columns(instance, columns);
    int code =
        gy_store_slots(instance->stores[0], in->hash, columns, rows, in->kept, instance->slots);
    if (code != 0)
        return gy_instance_fail(instance, code, "no memory for the state of %u more rows",
                                in->kept);
    return 0;
}

int gy_hosted_process(struct gy_instance *instance, const struct gyre_batch *in)
{
    if (instance->node->aggregation == GY_AGG_NONE)
        return process_keys(instance, in);
    if (instance->window != NULL)
        return gy_window_process(instance->window, in);
    const uint32_t *some = in->keep != NULL ? in->selection : NULL;
    const uint32_t *rows = some != NULL ? some : instance->all_rows;
    int code = find_records(instance, in, some);
    if (code != 0)
        return code;
    if (instance->node->aggregation == GY_AGG_FINAL)
        code = gy_accumulate_add(&instance->accumulate, in, rows, in->kept, instance->slots);
    else
        code = gy_accumulate_roll(&instance->accumulate, in, rows, in->kept, instance->slots);
    if (code == 0)
        gy_instance_unmake(instance, instance->stores[0], in, some, in->kept);
    return code;
}

/* ---- the end of input ---- */

/* Key strings stand in the store: those beyond 12 bytes are copied into the output's arena. */
static void copy_keys(struct gy_instance *instance, const struct gy_store_entry *entries,
                      uint32_t n, uint32_t first)
{
    struct gyre_out *out = &instance->ports[0].out;
    const struct gy_key *key = &instance->node->key;
    for (uint32_t k = 0; k < key->n; k++) {
        gy_store_key_column(instance->stores[0], entries, n, k, out->data[k], out->valid[k], first);
        struct gyre_str *strings = out->data[k];
        for (uint32_t j = first; gyre_type_is_str(key->types[k]) && j < first + n; j++)
            if (strings[j].len > GYRE_STR_INLINE)
                strings[j] = gyre_out_str(out, strings[j].u.ptr, strings[j].len);
    }
}

/* Puts out the results of `n` entries, for which there is room. */
static int put_out(struct gy_instance *instance, const struct gy_store_entry *entries, uint32_t n)
{
    struct gyre_out *out = &instance->ports[0].out;
    const void *records[WALK];
    uint32_t first = out->rows;
    for (uint32_t j = 0; j < n; j++)
        records[j] = entries[j].slot;
    copy_keys(instance, entries, n, first);
    int code = gy_accumulate_results(&instance->accumulate, records, n, first);
    for (uint32_t j = first; out->time != NULL && j < first + n; j++)
        out->time[j] = GYRE_NO_TIME;
    out->rows += n;
    return code;
}

int gy_hosted_work(struct gy_instance *instance, uint32_t rows_max)
{
    struct gy_store_entry entries[WALK];
    struct gyre_out *out = &instance->ports[0].out;
    if (instance->window != NULL)
        return gy_window_work(instance->window, rows_max);
    assert(instance->n_stores == 1 && rows_max > 0);
    for (uint32_t rows = 0; rows < rows_max;) {
        if (out->rows >= out->capacity)
            out->full(out);
        if (instance->ports[0].error != 0)
            return gy_instance_fail(instance, GYRE_ENOMEM, "no memory for the results");
        uint32_t room = out->capacity - out->rows;
        room = room < rows_max - rows ? room : rows_max - rows;
        uint32_t n = gy_store_walk(instance->stores[0], &instance->cursor, entries,
                                   room < WALK ? room : WALK);
        if (n == 0)
            return 0;
        int code = put_out(instance, entries, n);
        if (code > 0)
            code = gy_instance_fail(
                instance, GYRE_ECONTRACT,
                "returned %d, which is neither 0 nor an error code (" GY_GUIDE_ERRORS ")", code);
        if (code != 0)
            return code;
        rows += n;
    }
    return 1;
}
