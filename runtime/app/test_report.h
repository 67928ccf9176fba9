/* What `gyre test` shows: a line a test and how many have passed, or JUnit's XML. */
#ifndef GY_APP_TEST_REPORT_H
#define GY_APP_TEST_REPORT_H

#include "app/test_child.h"

struct gy_test_report {
    bool junit;
    size_t passed, failed, broken; /* over all jobs; `failed` has those that are broken too */
    size_t in_job, failed_in_job, broken_in_job;
    int64_t wall_us, job_us;
    struct gy_buf cases; /* JUnit: of the job at hand */
    struct gy_buf suites;
};

/** Adds a test that was run; as text it is shown at once. */
void gy_test_report_add(struct gy_test_report *report, const struct gy_job *job,
                        const struct gy_test *test, struct gy_test_result *result);

/** Ends the tests of a job file. */
void gy_test_report_job(struct gy_test_report *report, const struct gy_job *job);

/** Ends the report, frees it, and gives the exit status so far. */
int gy_test_report_end(struct gy_test_report *report);

#endif
