/* The transactions of ONE sink task: what it has prepared and not committed.
 *
 * A snapshot of epoch E prepares one; when the snapshot is whole, all up to E are committed. One that
 * failed leaves its transaction for the next. TXN records of snapshots are
 *
 *   u64 epoch, u32 length and name, u32 length and what `prepare` wrote
 *
 * Invariant: they stand in the order of their epochs, and none is here twice. */
#ifndef GY_OP_TXNS_H
#define GY_OP_TXNS_H

#include "base/vec.h"
#include "op/instance.h"

struct gy_txn {
    uint64_t epoch; /* 0: of a run without snapshots */
    char *name;
    struct gyre_writer prepared;
};

/* Zeroed, there are none. */
struct gy_txns {
    GY_VEC(struct gy_txn) list;
};

void gy_txns_fini(struct gy_txns *txns);

/** Prepares the transaction of an epoch; 0: the end of a run without snapshots. 0, or a code; the
 *  instance says why. One that failed is here too: it is to be undone. */
int gy_txns_prepare(struct gy_txns *txns, struct gy_instance *instance, uint64_t epoch);

/** Commits those up to an epoch. 0, or a code; the instance says why. */
int gy_txns_commit(struct gy_txns *txns, struct gy_instance *instance, uint64_t epoch);

/** Undoes those behind an epoch, 0: all, and forgets all. */
void gy_txns_abort(struct gy_txns *txns, struct gy_instance *instance, uint64_t epoch);

/** Writes them as TXN records. 0, or a code. */
int gy_txns_save(const struct gy_txns *txns, struct gy_part *part);

/** Adds what a TXN record says. 0, GYRE_ECORRUPT or GYRE_ENOMEM. */
int gy_txns_read(struct gy_txns *txns, const void *bytes, size_t n);

#endif
