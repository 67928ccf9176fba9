/* Aggregate functions as operators: rolling (a row out per row in) and final (a row out per key when
 * the input ends). The accumulators are the values of the node's one state; the runtime owns the
 * loop over keys, the function the loop over rows.
 *
 * The end of input is told in slices of SLICE rows, so that a million keys do not stop the task. */
#include "op/inside.h"

#include "base/mem.h"

enum { SLICE = 1024, WALK = 128 };

int gy_hosted_init(struct gy_instance *instance, struct gyre_error *error)
{
    const struct gy_node *node = instance->node;
    if (node->n_hosted != 1 || node->aggregation == GY_AGG_WINDOWED)
        return gyre_error_set(error, GYRE_ENOTSUP, -1, "windows and several aggregates: not yet");
    instance->ctx.config = node->hosted[0].config;
    instance->flags |= GYRE_WANTS_SELECTION | GYRE_MASK_AWARE;
    instance->all_rows = gy_calloc(GYRE_BATCH_ROWS, sizeof(uint32_t));
    if (instance->all_rows == NULL)
        return gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for an aggregate");
    for (uint32_t j = 0; j < GYRE_BATCH_ROWS; j++)
        instance->all_rows[j] = j;
    return 0;
}

/* The function's own columns, seen as an output of their own. What it uses of the arena is told to
 * the port by `results_end`. */
static struct gyre_out results_of(const struct gy_instance *instance)
{
    struct gyre_out out = instance->ports[0].out;
    out.data += instance->node->hosted[0].first_own;
    out.valid += instance->node->hosted[0].first_own;
    out.n_columns = instance->node->hosted[0].n_results;
    return out;
}

static void results_end(struct gy_instance *instance, const struct gyre_out *results)
{
    instance->ports[0].out.text = results->text;
}

static int roll_one_by_one(struct gy_instance *instance, const struct gyre_batch *in,
                           const uint32_t *rows, uint32_t n, void *const *accs,
                           struct gyre_out *out)
{
    const struct gyre_aggregate *aggregate = instance->node->hosted[0].aggregate;
    int code = 0;
    for (uint32_t j = 0; code == 0 && j < n; j++) {
        code = aggregate->add(&instance->ctx, in, &rows[j], 1, &accs[j]);
        if (code == 0)
            code = aggregate->result(&instance->ctx, accs[j], out, rows[j]);
    }
    return code;
}

int gy_hosted_process(struct gy_instance *instance, const struct gyre_batch *in)
{
    const struct gy_node *node = instance->node;
    const struct gyre_aggregate *aggregate = node->hosted[0].aggregate;
    const struct gy_column *columns[GY_KEYS_MAX];
    const uint32_t *rows = in->keep != NULL ? in->selection : instance->all_rows;
    gy_key_columns(instance, columns);
    int code = gy_store_slots(instance->stores[0], in->hash, columns,
                              in->keep != NULL ? rows : NULL, in->kept, instance->slots);
    if (code != 0)
        return gy_instance_fail(instance, code, "no memory for the state of %u more rows",
                                in->kept);
    if (node->aggregation == GY_AGG_FINAL)
        return aggregate->add(&instance->ctx, in, rows, in->kept, instance->slots);
    struct gyre_out out = results_of(instance);
    code = aggregate->roll != NULL
               ? aggregate->roll(&instance->ctx, in, rows, in->kept, instance->slots, &out)
               : roll_one_by_one(instance, in, rows, in->kept, instance->slots, &out);
    results_end(instance, &out);
    return code;
}

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
    const struct gyre_aggregate *aggregate = instance->node->hosted[0].aggregate;
    struct gyre_out *out = &instance->ports[0].out;
    uint32_t first = out->rows;
    int code = 0;
    copy_keys(instance, entries, n, first);
    struct gyre_out results = results_of(instance);
    for (uint32_t j = 0; code == 0 && j < n; j++)
        code = aggregate->result(&instance->ctx, entries[j].slot, &results, first + j);
    results_end(instance, &results);
    for (uint32_t j = first; out->time != NULL && j < first + n; j++)
        out->time[j] = GYRE_NO_TIME;
    out->rows += n;
    return code;
}

int gy_hosted_resume(struct gy_instance *instance)
{
    struct gy_store_entry entries[WALK];
    struct gyre_out *out = &instance->ports[0].out;
    for (uint32_t rows = 0; rows < SLICE;) {
        if (out->rows == out->capacity)
            out->full(out);
        if (instance->ports[0].error != 0)
            return gy_instance_fail(instance, GYRE_ENOMEM, "no memory for the results");
        uint32_t room = out->capacity - out->rows;
        uint32_t n = gy_store_walk(instance->stores[0], &instance->cursor, entries,
                                   room < WALK ? room : WALK);
        if (n == 0)
            return 0;
        int code = put_out(instance, entries, n);
        if (code != 0)
            return code;
        rows += n;
    }
    return 1;
}
