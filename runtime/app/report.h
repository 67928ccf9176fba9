/* What a run tells of itself: the JSON report, the progress line, the failure block. */
#ifndef GY_APP_REPORT_H
#define GY_APP_REPORT_H

#include "app/ledger.h"
#include "flow/flow.h"
#include "job/config.h"

/* How a run went. */
struct gy_outcome {
    const struct gy_job *job;
    const struct gy_ledger *ledger;
    const char *status;  /* "finished", "stopped", "failed"; "running" */
    const char *failure; /* what happened; NULL: it has not failed */
    int64_t wall_ns;
};

/** Looks whether a report could be written to `path`, and changes nothing; 0 or an errno. */
int gy_report_check(const char *path);

/** Writes the report of a run that has just begun, which stays if it is ended without a word; no such
 *  one to what is no file.
 *  Errors:  -1 and a message */
int gy_report_begin(const struct gy_job *job, const struct gy_ledger *ledger, const char *path);

/** Writes one JSON object to `path` ("-": standard error, since standard output is the job's). `flow`
 *  NULL: the job process has died, and its operators' figures with it.
 *  Errors:  -1 and a message */
int gy_report_write(const struct gy_flow *flow, const struct gy_outcome *outcome, const char *path);

/** Notes in the ledger what has become of the rows of a flow that is over, and warns of operators that have
 *  skipped all of theirs. */
void gy_report_rows(const struct gy_flow *flow, struct gy_ledger *ledger);

/** Ends a run with one line on standard error: rows in, out, bad, late, wall time. Left out where nothing is
 *  known of the rows, and where `report` (--report, or NULL) goes to standard error itself. */
void gy_report_end(const struct gy_outcome *outcome, const char *report);

/* The progress of a long run, on a terminal. */
struct gy_progress {
    bool on;
    bool shown;
    int64_t start_ns;
    int64_t last_ns;
    uint64_t last_in;
};

void gy_progress_init(struct gy_progress *progress, const struct gy_clock *clock);

/** Rewrites the line: rows in and out, rows/s, the age of the newest snapshot. */
void gy_progress_show(struct gy_progress *progress, const struct gy_flow *flow);

/** Ends the line. */
void gy_progress_fini(struct gy_progress *progress);

/** What happened, as a text, never NULL.
 *  Owns:    the failure */
const char *gy_report_what(const struct gy_failure *failure);

/** Prints the block of a failure to standard error. */
void gy_report_failure(const struct gy_flow *flow, const struct gy_outcome *outcome);

#endif
