/* Which snapshots of a folder lead to where its newest run is.
 *
 * A run that begins at the start, or goes back to an older snapshot, undoes what the newer ones in the
 * folder say of its outputs, before it has one of its own. So it first writes down where it leaves
 * them:
 *
 *   DIR/branch      behind 12 from 3, CHECKSUM
 *
 * The snapshots of the run have ids greater than 12, and it began with snapshot 3 (0: none of DIR). A
 * run that goes on from the newest one writes nothing. */
#ifndef GY_STATE_BRANCH_H
#define GY_STATE_BRANCH_H

#include "state/snapshot.h"

struct gy_branch {
    uint64_t behind;
    uint64_t from;
};

/** What DIR says; zeros where nothing is written down. 0, or a code and a sentence: GYRE_ECORRUPT where
 *  it cannot be what was written. */
int gy_branch_read(struct gy_disk *disk, const char *dir, struct gy_branch *branch,
                   struct gyre_error *error);

/** Writes it down, synced: afterwards the run may touch its outputs. 0, or a code and a sentence; then
 *  either is read.
 *  Needs:   the lock of DIR */
int gy_branch_write(struct gy_disk *disk, const char *dir, const struct gy_branch *branch,
                    struct gyre_error *error);

/** The newest intact snapshot that leads to where the newest run is: as gy_snapshot_newest, but not
 *  one that a run has left. */
struct gy_manifest *gy_branch_newest(struct gy_disk *disk, const char *dir,
                                     void (*told)(void *host, const char *sentence), void *host,
                                     struct gyre_error *error);

#endif
