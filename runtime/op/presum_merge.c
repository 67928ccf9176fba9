/* The other end of op/presum: what a task of the operator takes of a table. */
#include "op/inside.h"
#include "op/presum.h"

enum { WALK = 256 };

/* No column but those of keys, where these are stored. */
static int merge_some(struct gy_instance *instance, const struct gy_presum_table *table,
                      const struct gy_store_entry *entries, uint32_t n)
{
    const struct gy_node *node = instance->node;
    const struct gy_input *plan = &node->inputs[0];
    const uint32_t n_keys = gy_key_is_exact(&node->key) ? 0 : node->key.n;
    struct gy_column columns[plan->schema.n_fields + 1];
    struct gyre_str values[n_keys + 1][WALK];
    uint8_t valid[n_keys + 1][WALK];
    const void *records[WALK];
    uint64_t hash[WALK];
    int64_t time[WALK];
    memset(columns, 0, sizeof columns);
    for (uint32_t k = 0; k < n_keys; k++) {
        uint8_t *there = node->key.nullable[k] ? valid[k] : NULL;
        gy_store_key_column(table->store, entries, n, k, values[k], there, 0);
        columns[plan->key_fields[k]] = (struct gy_column){.data = values[k], .valid = there};
    }
    for (uint32_t j = 0; j < n; j++) {
        records[j] = entries[j].slot;
        hash[j] = entries[j].hash;
        time[j] = table->time_us;
    }
    const struct gy_batch batch = {.rows = n,
                                   .kept = n,
                                   .n_columns = plan->schema.n_fields,
                                   .time = instance->window != NULL ? time : NULL,
                                   .hash = hash,
                                   .columns = columns};
    instance->merged = records;
    int code = gy_process_batch(instance, 0, &batch);
    instance->merged = NULL;
    return code;
}

/* Records come in the order of their hashes, for which a table that has to grow is slow. */
static void expect(struct gy_store *store, uint64_t n)
{
    if (n > gy_store_count(store))
        gy_store_reserve(store, n - gy_store_count(store)); /* without memory it grows as it can */
}

int gy_presum_merge(struct gy_instance *instance, const struct gy_presum_table *table,
                    uint64_t *records)
{
    const uint32_t groups = instance->node->max_parallelism, tasks = instance->ctx.tasks;
    const uint32_t task = instance->ctx.task;
    const uint64_t first = gy_key_group_first(gy_key_first_group(task, groups, tasks), groups);
    const uint64_t last =
        gy_key_group_first(gy_key_first_group(task + 1, groups, tasks), groups) - 1;
    struct gy_store_entry entries[WALK];
    uint64_t cursor = 0;
    uint32_t n;
    int code = 0;
    *records = 0;
    if (instance->window == NULL)
        expect(instance->stores[0], gy_store_count(table->store) / tasks);
    while (code == 0 &&
           (n = gy_store_walk_range(table->store, first, last, &cursor, entries, WALK)) > 0) {
        *records += n;
        code = merge_some(instance, table, entries, n);
    }
    return code;
}

void gy_presum_stood_for(struct gy_instance *instance, uint64_t records, uint64_t rows)
{
    instance->stats.rows_in += rows - records;
}
