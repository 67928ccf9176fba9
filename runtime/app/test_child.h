/* One test, in a process of its own: a plugin that crashes, ends the process or hangs fails its test and no
 * other one. What the process prints is kept, and told of a test that fails. */
#ifndef GY_APP_TEST_CHILD_H
#define GY_APP_TEST_CHILD_H

#include "app/test_spec.h"
#include "plugin/load.h"

enum gy_test_verdict {
    GY_TEST_PASSED,
    GY_TEST_FAILED, /* other rows than expected, or the job failed */
    GY_TEST_BROKEN  /* it crashed, hung, or could not be run at all */
};

struct gy_test_result {
    enum gy_test_verdict verdict;
    int64_t wall_us;
    struct gy_buf why; /* of one that has not passed: what is wrong, lines */
    struct gy_buf log; /* what its process has printed */
};

/** Runs a test, for at most so long. What cannot be done makes it a broken one.
 *  Owns:    the caller, until gy_test_result_fini
 *  Thread:  [control], while there is no other */
void gy_test_run(const struct gy_job *job, const struct gy_test *test, struct gy_plugins *plugins,
                 int64_t timeout_s, struct gy_test_result *result);
void gy_test_result_fini(struct gy_test_result *result);

#endif
