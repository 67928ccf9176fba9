/* What a run begins with: the lock of its snapshot folder, the snapshot it is restored from. */
#ifndef GY_APP_START_H
#define GY_APP_START_H

#include "app/job.h"
#include "app/ledger.h"

/* Where a run starts. Zeroed: from nothing, without snapshots. */
struct gy_start {
    struct gy_manifest *restore; /* verified; NULL: from nothing */
    uint64_t last_id;            /* ids of snapshots go on after it */
    int lock;                    /* of the snapshot folder; -1: there is none */
};

/** Refuses flags of `gyre run` that do not fit the job, or a report that cannot be written. GY_EXIT_OK, or GY_EXIT_USAGE with a message. */
int gy_start_check(const struct gy_cli *cli, const struct gy_job *job);

/** Chooses the snapshot, locks and prepares the folder of the job's own ones. What is refused is
 *  refused before anything is written. `lock` >= 0: held already, by an earlier job process of this
 *  run. After a death of one, which `ledger` tells, the newest snapshot of this run comes first.
 *  Owns:    the caller, until gy_start_fini, also after a failure; the lock stays the caller's
 *  Errors:  GY_EXIT_USAGE, with a message */
int gy_start_begin(struct gy_start *start, const struct gy_cli *cli, const struct gy_job *job,
                   struct gy_ledger *ledger, int lock);
/** Writes down that the run leaves the snapshots there are, if it does: once, when all operators have
 *  taken what the snapshot has for them, and before any of them undoes what came after it. 0, or a
 *  code and a sentence. */
int gy_start_leave(const struct gy_start *start, const struct gy_job *job, struct gy_ledger *ledger,
                   struct gyre_error *error);
void gy_start_fini(struct gy_start *start);

#endif
