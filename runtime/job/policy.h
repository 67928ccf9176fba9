/* Words of a job file that say what a window keeps and when it fires; see config.h for the settings
 * and graph/logical.h for what becomes of them. */
#ifndef GY_JOB_POLICY_H
#define GY_JOB_POLICY_H

/* What `window` or `every` is about. */
enum gy_policy_kind {
    GY_POLICY_NONE,
    GY_POLICY_TIME,
    GY_POLICY_COUNT,
    GY_POLICY_DELTA,
    GY_POLICY_SESSION,
    GY_POLICY_ALL,
    GY_POLICY_FUNCTION
};

/* Of what there is one window: each key, the whole stream, each task. */
enum gy_per { GY_PER_KEY, GY_PER_STREAM, GY_PER_TASK };

#endif
