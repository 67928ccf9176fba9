/* The entries of a store are saved before they change, and encoded; see store.h. */
#include <assert.h>

#include "base/debug.h"
#include "state/gather.h"
#include "state/keyed.h"
#include "state/store_inside.h"

void gy_store_epoch(struct gy_store *store, gy_store_save *save, void *host)
{
    gy_entry_end_cuts(&store->shape, &store->saver);
    assert(store->saver.cuts == NULL && store->saver.gathers == NULL); /* decoding has ended */
#ifdef GY_DEBUG
    gy_table_check(&store->table);
#endif
    store->saver.save = save;
    store->saver.host = host;
    gy_table_epoch(&store->table, save != NULL);
    store->zero_saved = false;
}

bool gy_store_save_slice(struct gy_store *store, uint32_t most)
{
    uint64_t budget = most;
    bool more = true;
    gy_store_touch_zero(store);
    if (store->shape.stamped) {
        gy_expiry_look(&store->expiry);
        gy_expiry_sweep(&store->expiry, &store->table, most);
    }
    /* Cuts first: the sooner they end, the less they hold. */
    while (more || store->saver.cuts != NULL) {
        while (budget > 0 && store->saver.cuts != NULL) {
            uint64_t n = gy_entry_save_piece(&store->shape, store->saver.cuts);
            budget -= n < budget ? n : budget;
        }
        more = gy_table_save_slice(&store->table, &budget);
        if (budget == 0 && (more || store->saver.cuts != NULL))
            return true;
    }
    assert(!store->table.pending && store->saver.cuts == NULL);
    return false;
}

int gy_store_encode(const struct gy_store *store, const struct gy_store_entry *entry,
                    struct gyre_writer *writer)
{
    const struct gy_shape *shape = &store->shape;
    uint32_t kind = (uint32_t)shape->record | (shape->stamped ? (uint32_t)GY_KEYED_STAMPED : 0);
    gy_keyed_write(&shape->key, (enum gy_keyed_kind)kind, entry->hash, entry->key, writer);
    if (shape->stamped)
        gyre_write_i64(writer, gy_store_stamp_of(entry));
    gy_slot_write(shape, entry->slot, entry->piece, writer);
    return writer->error;
}

uint32_t gy_store_image_size(const struct gy_store *store)
{
    const struct gy_shape *shape = &store->shape;
    bool constant =
        shape->exact && shape->kind == GYRE_STATE_VALUE && shape->type.image && !shape->stamped;
    return constant ? GY_KEYED_HEAD + shape->type.image_size : 0;
}

void gy_store_images(const struct gy_store *store, const struct gy_store_entry *entries, uint32_t n,
                     uint8_t *to, size_t stride)
{
    assert(gy_store_image_size(store) > 0 && (n <= 1 || stride >= gy_store_image_size(store)));
    for (uint32_t i = 0; i < n; i++, to += stride) {
        gy_debug_assert(entries[i].piece == 0);
        gy_keyed_image(store->shape.record, entries[i].hash, to);
        gy_value_image(&store->shape.type, entries[i].slot, to + GY_KEYED_HEAD);
    }
}
