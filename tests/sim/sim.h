/* Whole jobs on one thread, under a seeded scheduler: which task runs next, how much a channel holds
 * and how time passes all follow from the seed. A seed that fails reproduces the failure:
 *
 *     make sim SEED=4711 */
#ifndef TESTS_SIM_H
#define TESTS_SIM_H

#include "job/config.h"
#include "graph/logical.h"
#include "graph/physical.h"

#include <stdint.h>

/* A job that is loaded once and run many times. */
struct sim_job {
    char *dir; /* of its files */
    struct gy_job *job;
    struct gy_plugins *plugins;
    struct gy_graph *graph;
    struct gy_physical *physical;
};

/** Loads a job file's text with the build's plugins; asserts that it is right. */
void sim_job_init(struct sim_job *job, char *dir, const char *text);
/** The same where it may be wrong: false, and nothing is left. */
bool sim_job_try(struct sim_job *job, char *dir, const char *text);
void sim_job_fini(struct sim_job *job);

/** Runs the job once; the code of gy_flow_run_alone. What its sinks wrote is committed. */
int sim_job_run(struct sim_job *job, uint64_t seed);

/* A job that dies again and again, and each time goes on from the newest snapshot. Which task runs, when
 * barriers leave, when the scribe writes, which operation of the snapshots' disk fails, where the
 * process dies, whether the power goes with it, and at which parallelism it goes on, all follow
 * from the seed. */
struct sim_life {
    struct sim_job *jobs; /* one job at several parallelisms, or one alone */
    uint32_t n_jobs;
    uint32_t
        n_versions; /* of the job's code, each with its own `n_jobs`: a run may be of a later one
                            than those before; 0 is 1 */
    bool
        clocked; /* snapshots are asked for now and then alone, so that the clock moves between: sources may wait */
    uint32_t deaths; /* fewer than so many */
    uint32_t turns;  /* a run that dies has at most so many, or up to 16 times as many */
    uint32_t runs, taken, failed, restored, renewed, changed; /* counted, over all calls */
};

/** Lives once, until the job has ended; 0, or the code of the run that failed, which is told. */
int sim_life_run(struct sim_life *life, uint64_t seed);

/** How many seeds a test runs: $GYRE_SIM_SEEDS, else suite_share(usual); the first one is
 *  $GYRE_SIM_SEED, which then is the only one, else 1. */
uint64_t sim_seeds(uint64_t usual, uint64_t *first);

/** The lines of a text, sorted; free() it. */
char *sim_sorted_lines(const char *text);

/** The rows in the folders out-... of `dir`, each behind the name of its folder, sorted; then they are removed. Asserts
 *  that there are some. free() it. */
char *sim_outputs(const char *dir);

/** Whether two texts agree; where they do not, the lines in which they begin to differ are told, and `what`. */
bool sim_agree(const char *what, uint64_t seed, const char *got, const char *expected);

#endif
