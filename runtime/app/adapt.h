/* What the command line makes of a snapshot's state before a job goes on with it: --drop-state gives up
 * that of an operator, --rename-state gives it to one that is called otherwise now. */
#ifndef GY_APP_ADAPT_H
#define GY_APP_ADAPT_H

#include "app/cli.h"
#include "job/config.h"
#include "state/snapshot.h"

/** Refuses flags that are none, or that make no sense because no snapshot is gone on from. GY_EXIT_OK,
 *  or GY_EXIT_USAGE with a message. */
int gy_adapt_check(const struct gy_cli *cli, const struct gy_job *job);

/** Drops and renames, all at once: `a=b` and `b=a` swap. GY_EXIT_OK, or GY_EXIT_USAGE with a message:
 *  of an operator that the snapshot, or the job, does not have. */
int gy_adapt(const struct gy_cli *cli, const struct gy_job *job, struct gy_manifest *manifest);

#endif
