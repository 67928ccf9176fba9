/* The jobs of jobs/ that have loops, run in folders of their own on graphs and points that are made there. */
#ifndef TESTS_E2E_LOOP_JOB_H
#define TESTS_E2E_LOOP_JOB_H

#include "support/process.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers of a CSV file: n rows of `fields`. */
struct table {
    double *values;
    size_t n;
    uint32_t fields;
};

/** Writes jobs/NAME.cfg to `dir`/job.cfg, behind `settings` of the job. */
void loop_job_write(const char *dir, const char *name, const char *settings);

/** Starts job.cfg; its sink `out` writes out.csv. `sets` ("ID.OPTION=VALUE", NULL last) may be NULL. */
void loop_job_start(const char *dir, uint32_t parallelism, const char *const *sets,
                    struct process *process);

/** Runs it to its end; true where it exited with 0, else it prints what was said. */
bool loop_job_run(const char *dir, uint32_t parallelism, const char *const *sets);

/** Reads a file of numbers; false where there is none, or a line that has not so many of them. */
bool table_read(struct table *table, const char *dir, const char *name, uint32_t fields);
void table_fini(struct table *table);

#endif
