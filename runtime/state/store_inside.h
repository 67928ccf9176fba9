/* What a store is inside: for store.c, and store_save.c, which saves it. */
#ifndef GY_STATE_STORE_INSIDE_H
#define GY_STATE_STORE_INSIDE_H

#include "state/expire.h"
#include "state/store.h"
#include "state/table.h"

struct gy_store {
    struct gy_shape shape;
    struct gy_table table;
    struct gy_saver saver;
    struct gy_expiry expiry;
    bool zero_used;
    bool zero_saved;
    _Alignas(16) char zero[GY_INLINE_VALUE]; /* the cell of hash 0 */
    uint64_t drained;                        /* lanes before it are ended */
    uint32_t n_fresh;
    uint16_t fresh[GYRE_BATCH_ROWS]; /* rows of the call at hand that made an entry */
};

static inline void gy_store_touch_zero(struct gy_store *store)
{
    if (!store->table.pending || store->zero_saved)
        return;
    store->zero_saved = true;
    if (store->zero_used)
        gy_entry_save(&store->shape, &store->saver, 0, store->zero);
}

static inline int64_t gy_store_stamp_of(const struct gy_store_entry *entry)
{
    return ((const int64_t *)entry->slot)[-1];
}

#endif
