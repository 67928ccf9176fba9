/* Entries with a time to live: each has the time, by the processing clock, at which a slot of it was last
 * given for writing, and is over when that is ttl_us ago.
 *
 *   stamp   the 8 bytes in front of the slot; such entries never stand in their bucket
 *
 * What is over is not found any more, and begins anew where it is asked for. It goes when the sweep comes by:
 * a few lanes of the table with each call, so that memory follows the rows and no call takes long. */
#ifndef GY_STATE_EXPIRE_H
#define GY_STATE_EXPIRE_H

#include "base/clock.h"
#include "state/table.h"

/* Of one store; `ttl_us` 0: its entries are for ever, and nobody looks further. */
struct gy_expiry {
    int64_t ttl_us;
    const struct gy_clock *clock;
    int64_t now_us;  /* of the call at hand */
    uint64_t cursor; /* the lane where the sweep goes on */
};

/** Takes the time for the call at hand. */
void gy_expiry_look(struct gy_expiry *expiry);

/** True where the entry in a cell is over. */
static inline bool gy_expiry_is_over(const struct gy_expiry *expiry, const struct gy_shape *shape,
                                     void *cell)
{
    return *gy_entry_stamp(shape, cell) <= expiry->now_us - expiry->ttl_us;
}

/** Before slots of the cells are given for writing: what is over begins anew, and all live on from now.
 *  What it holds is saved already.
 *  Errors:  GYRE_ENOMEM */
int gy_expiry_renew(const struct gy_expiry *expiry, struct gy_shape *shape, void **cells,
                    uint32_t n);

/** Ends what is over in the next `lanes` lanes. Cells move. */
void gy_expiry_sweep(struct gy_expiry *expiry, struct gy_table *table, uint64_t lanes);

#endif
