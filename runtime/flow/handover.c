/* See handover.h. */
#include "flow/handover.h"

#include "base/mem.h"
#include "state/store.h"

#include <stdatomic.h>

struct gy_handover {
    struct gy_presum_table table;
    uint64_t records;       /* all */
    _Atomic uint64_t taken; /* of them, by tasks */
    _Atomic uint32_t refs;  /* of messages */
};

struct gy_handover *gy_handover_new(const struct gy_presum_table *table, uint32_t n)
{
    struct gy_handover *handover = gy_alloc(sizeof *handover);
    if (handover == NULL) {
        gy_store_free(table->store);
        return NULL;
    }
    handover->table = *table;
    handover->records = gy_store_count(table->store);
    atomic_init(&handover->refs, n);
    atomic_init(&handover->taken, 0);
    return handover;
}

/* Of the rows that the records stand for, those of the first n. */
static uint64_t rows_of(const struct gy_handover *handover, uint64_t n)
{
    return (uint64_t)((gy_u128)handover->table.rows * n / handover->records);
}

int gy_handover_take(struct gy_handover *handover, struct gy_instance *instance)
{
    uint64_t records;
    int code = gy_presum_merge(instance, &handover->table, &records);
    /* relaxed: tasks count their records in any order, one after another. */
    uint64_t before = atomic_fetch_add_explicit(&handover->taken, records, memory_order_relaxed);
    gy_presum_stood_for(instance, records,
                        rows_of(handover, before + records) - rows_of(handover, before));
    return code;
}

void gy_handover_drop(struct gy_handover *handover)
{
    /* acq_rel: nobody reads the table any more when the last one ends it. */
    if (handover == NULL ||
        atomic_fetch_sub_explicit(&handover->refs, 1, memory_order_acq_rel) != 1)
        return;
    gy_store_free(handover->table.store);
    gy_free(handover);
}
