/* See expire.h. */
#include "state/expire.h"

void gy_expiry_look(struct gy_expiry *expiry)
{
    expiry->now_us = gy_clock_now_us(expiry->clock);
}

int gy_expiry_renew(const struct gy_expiry *expiry, struct gy_shape *shape, void **cells,
                    uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (gy_expiry_is_over(expiry, shape, cells[i]) && gy_entry_renew(shape, cells[i]) != 0)
            return GYRE_ENOMEM;
        *gy_entry_stamp(shape, cells[i]) = expiry->now_us;
    }
    return 0;
}

static void end(struct gy_table *table, void *cell)
{
    gy_table_touch_bucket(table, cell);
    if (!gy_entry_orphan(table->shape, cell))
        gy_entry_fini(table->shape, cell);
    gy_table_unlink(table, cell);
}

void gy_expiry_sweep(struct gy_expiry *expiry, struct gy_table *table, uint64_t lanes)
{
    bool ended = false;
    uint64_t all = gy_table_lanes(table);
    if (lanes > all)
        lanes = all;
    for (uint64_t i = 0; i < lanes; i++) {
        if (expiry->cursor >= all)
            expiry->cursor = 0;
        void *cell = gy_table_at(table, expiry->cursor);
        if (cell == NULL || !gy_expiry_is_over(expiry, table->shape, cell)) {
            expiry->cursor++;
            continue;
        }
        end(table, cell); /* another may stand in the lane now, which is looked at next */
        ended = true;
    }
    if (ended || table->old != NULL) /* what is in the old one comes by when it has moved */
        gy_table_shrink(table);
}
