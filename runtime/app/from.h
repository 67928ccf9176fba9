/* Which snapshot a run goes on from: the one that --from names, or with `resume` the newest where there
 * is one. */
#ifndef GY_APP_FROM_H
#define GY_APP_FROM_H

#include "app/cli.h"
#include "job/config.h"
#include "state/snapshot.h"

/** Refuses a --from that does not fit the job. GY_EXIT_OK, or GY_EXIT_USAGE with a message. */
int gy_from_check(const struct gy_cli *cli, const struct gy_job *job);

/** True where the newest of the job's own folder is wanted: it is looked for under the lock, as another
 *  run may be removing the oldest. */
bool gy_from_is_latest(const struct gy_cli *cli, const struct gy_job *job);

/** Refuses `--from latest` where there is no snapshot, or none that may be seen, without making the
 *  folder. GY_EXIT_OK, or GY_EXIT_USAGE with a message. */
int gy_from_refuse_empty(const struct gy_cli *cli, const struct gy_job *job);

/** The snapshot, verified, with what --drop-state and --rename-state have made of it; NULL with
 *  GY_EXIT_OK: with `resume`, there is none yet.
 *  Owns:    the caller, also after a failure
 *  Errors:  GY_EXIT_USAGE, with a message */
int gy_from_find(const struct gy_cli *cli, const struct gy_job *job, struct gy_manifest **found);

/** Says how to go on where a run begins at the start beside a snapshot of one that had not finished. */
void gy_from_tell_anew(const struct gy_job *job);

/** Logs a sentence about a snapshot that is passed over; for gy_snapshot_newest. */
void gy_from_tell(void *host, const char *sentence);

#endif
