/* What the stores of one instance have in common: the keys and key groups of its task. */
#include "op/inside.h"

struct gy_store_config gy_instance_store_config(const struct gy_instance *instance)
{
    const struct gy_node *node = instance->node;
    uint32_t task = instance->ctx.task, tasks = instance->ctx.tasks;
    uint32_t groups = node->max_parallelism;
    uint64_t first = gy_key_group_first(gy_key_first_group(task, groups, tasks), groups);
    uint64_t end = gy_key_group_first(gy_key_first_group(task + 1, groups, tasks), groups);
    return (struct gy_store_config){.key = node->key,
                                    .hash_first = tasks > 1 ? first : 0,
                                    .hash_span = tasks > 1 ? end - first : 0};
}

void gy_instance_unmake(const struct gy_instance *instance, struct gy_store *store,
                        const struct gyre_batch *in, const uint32_t *rows, uint32_t n)
{
    const struct gy_column *columns[GY_KEYS_MAX];
    if (!instance->any_dropped)
        return;
    gy_key_columns(instance, columns);
    gy_store_unmake(store, in->hash, columns, rows, n, instance->slots, instance->dropped);
}
