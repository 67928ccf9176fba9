/* Jobs that are run by tests: written into a folder of their own, run there with the test plugins,
 * and what they left behind. Whatever cannot be done ends the test. */
#ifndef TESTS_E2E_RUN_JOB_H
#define TESTS_E2E_RUN_JOB_H

#include "support/process.h"

#ifdef GY_SANITIZED
enum { RUN_SANITIZED = 1, RUN_PATIENCE_MS = 100000 };
#else
enum { RUN_SANITIZED = 0, RUN_PATIENCE_MS = 10000 };
#endif

/* How a job is started; zeroed: as usual. */
struct run_options {
    const char *const *arguments; /* of `gyre run`, after the job file */
    const char *stdin_path;
    bool stdin_pipe;
};

/** Writes a file of the folder, reads one (free() it), tells whether there is one. */
void run_write(const char *dir, const char *name, const char *text);
char *run_read(const char *dir, const char *name);
bool run_exists(const char *dir, const char *name);

/** Makes a named pipe in the folder and opens it for reading and writing; its descriptor. */
int run_fifo(const char *dir, const char *name);

/** Cuts off `err` the line that a run ends with, so that it is what else there was to say; false where
 *  there is no such line. */
bool run_cut_end(struct process_result *result);

/** Writes `job` to `dir`/job.cfg and runs it to its end; its last line is cut off. */
void run_job(const char *dir, const char *job, const struct run_options *options,
             struct process_result *result);

/** The same in the background. */
void run_start(const char *dir, const char *job, const struct run_options *options,
               struct process *process);

/** Runs `job` in a new folder; asserts that it exits 0 with nothing on standard error. What it
 *  wrote to standard output: free() it. */
char *run_output(const char *job);

/** The lines of a text sorted by their bytes; free() it. */
char *run_sorted(const char *text);

uint64_t run_count_lines(const char *text);

/** A number in a report: `name` of the job (`id` NULL), or the sum of `name` over the tasks of
 *  operator `id`. Asserts that it is there. */
double run_report(const char *json, const char *id, const char *name);

/** Tells whether a text is one JSON value, and nothing behind it. */
bool run_is_json(const char *text);

#endif
