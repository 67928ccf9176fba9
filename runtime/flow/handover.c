/* See handover.h. */
#include "flow/handover.h"

#include "base/mem.h"
#include "state/store.h"

#include <stdatomic.h>

struct gy_handover {
    struct gy_presum_table table;
    uint64_t records;           /* all */
    _Atomic uint32_t refs;      /* of messages */
    _Atomic uint32_t untaken;   /* tasks that have not taken theirs */
    _Atomic uint64_t rows_left; /* that no task has counted */
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
    atomic_init(&handover->untaken, n);
    atomic_init(&handover->rows_left, table->rows);
    return handover;
}

/* Of the rows each task counts those of its records; the last one also what rounding has left. */
static uint64_t rows_of(struct gy_handover *handover, uint64_t records)
{
    uint64_t rows = (uint64_t)((gy_u128)handover->table.rows * records / handover->records);
    /* relaxed, as the last one's look: `untaken` orders them. */
    atomic_fetch_sub_explicit(&handover->rows_left, rows, memory_order_relaxed);
    /* acq_rel: the last one sees what the others have counted. */
    if (atomic_fetch_sub_explicit(&handover->untaken, 1, memory_order_acq_rel) == 1)
        rows += atomic_load_explicit(&handover->rows_left, memory_order_relaxed);
    return rows;
}

int gy_handover_take(struct gy_handover *handover, struct gy_instance *instance)
{
    uint64_t records;
    int code = gy_presum_merge(instance, &handover->table, &records);
    gy_presum_stood_for(instance, records, rows_of(handover, records));
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
