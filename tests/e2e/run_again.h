/* Jobs that are stopped, and gone on with after something has changed. */
#ifndef TESTS_E2E_RUN_AGAIN_H
#define TESTS_E2E_RUN_AGAIN_H

#include "run_job.h"

/** Runs a job until it has taken some snapshots in snap, and stops it. */
void run_and_stop(const char *dir, const char *job, const char *const *arguments);

/** Goes on with a job to its end, and asserts its exit status; its standard error: free() it. */
char *run_go_on(const char *dir, const char *job, const char *const *arguments, int status);

/** Asserts that a run is refused with a sentence, and that nothing is written. */
void run_check_refused(const char *dir, const char *job, const char *const *arguments,
                       const char *says);

#endif
