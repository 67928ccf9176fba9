/* A job as it runs: its tasks, the channels between them, the workers that run them.
 *
 *     gy_flow_new ── gy_flow_open ──┬─ gy_flow_start, gy_flow_join   threads (flow/worker)
 *                                   └─ gy_flow_run_alone             the caller's thread (flow/alone)
 *                  ── gy_flow_commit ── gy_flow_free
 *
 * Subtask i of every chain runs on worker i mod W; a chain that blocks has a worker per task. The
 * first failure wins: it is kept, every worker ends, and nothing is committed. */
#ifndef GY_FLOW_FLOW_H
#define GY_FLOW_FLOW_H

#include "flow/checkpoint.h"
#include "flow/quiesce.h"
#include "flow/restore.h"
#include "flow/scheduler.h"
#include "flow/scratch.h"
#include "flow/task.h"
#include "graph/physical.h"

#include <pthread.h>

/* How a flow runs; zeroed: the defaults. */
struct gy_flow_options {
    const struct gy_clock *clock; /* required */
    uint64_t seed;
    uint32_t channel_slots; /* messages per channel; 0: 64 */
    uint64_t channel_bytes; /* per channel; 0: 256 KiB */
    uint32_t poll_rows;     /* about how many a source puts out at once; 0: as the room allows */
    uint32_t work_rows;     /* about how many come of one slice of work; 0: 1024 */
    const struct gy_presum_limits *presum; /* of sums before an exchange; NULL: as usual */
    bool alone;                            /* run by gy_flow_run_alone: no parking */
    uint64_t alone_turns; /* gy_flow_run_alone returns 1 after so many: it died; 0: it does not */
    uint32_t alone_ask;   /* it asks for a snapshot at one of so many occasions; 0: never */
    struct gy_checkpoint_options snapshots; /* dir NULL: none are taken */
    const struct gy_manifest *restore; /* verified, outlives the flow; NULL: starts from nothing */
    struct gy_diags *misfits; /* gets all that does not fit the job; required with `restore` */
    const char *slow_id; /* the operator that takes its rows one by one while `slow`; NULL: none */
    const _Atomic bool *slow;
};

/* The first failure of a run. Strings are the flow's, but those of the graph. */
struct gy_failure {
    bool kept;
    const struct gy_node *node; /* NULL: no operator's */
    uint32_t task;
    const char *function;    /* of a plugin, that failed for the node; NULL: the node itself */
    const char *plugin_path; /* whose code it was */
    int code;
    char *callback;
    char *text;
    char *row; /* JSON, or NULL */
};

/* One worker: a thread's worth of tasks. Owned by its thread while it runs. */
struct gy_worker {
    struct gy_flow *flow;
    pthread_t thread;
    bool started;
    bool may_block; /* its task is that of an operator which may block */
    void *crash_stack;
    struct gy_parking parking;
    struct gy_pool *pool;
    uint32_t n_tasks;
    struct gy_task **tasks;
};

struct gy_flow {
    const struct gy_physical *physical;
    const struct gy_clock *clock;
    struct gy_flow_options options;
    uint32_t n_tasks;
    struct gy_task *tasks; /* by chain, then subtask */
    uint32_t *first_task;  /* per chain */
    uint32_t n_workers;
    struct gy_worker *workers;
    struct gy_layout *layouts;     /* per edge */
    struct gy_channel **channels;  /* per edge: [producer * n_dests + dest]; NULL: chained */
    struct gy_channel ***outbound; /* per edge: pointers to the same */
    uint32_t *n_channels;          /* per edge */
    uint32_t *n_dests;             /* per edge: consumers that one producer sends to */
    uint32_t n_regions;
    struct gy_region *regions;
    struct gy_scratch scratch; /* for rows of loops */
    bool *reaches; /* [node * n_regions + region]: its rows come to the region from outside it */
    struct gy_rounds *
        *enters; /* [edge * (n_loops + 1)...]: loops with rounds that it leads into; then NULL */
    struct gy_splits *splits; /* per node */
    pthread_mutex_t
        splits_lock; /* taken for a split, which is megabytes of a file, not for a row */
    int done_fd;     /* readable after a failure, and when every worker has ended */
    _Atomic uint32_t tasks_left;
    _Atomic uint32_t workers_left;
    _Atomic bool failed;
    _Atomic bool stopping;
    pthread_mutex_t failure_lock;
    struct gy_failure failure;
    struct gy_checkpoint checkpoint;
    struct gy_restore *restore; /* NULL: starts from nothing */
    _Atomic bool closing;       /* all is over, snapshots included; control thread */
};

/** Builds tasks, channels and instances of a physical graph, which outlives the flow.
 *  Errors:  NULL and `error`; where `options->misfits` has something, the snapshot to restore from
 *           does not fit the job */
struct gy_flow *gy_flow_new(const struct gy_physical *physical,
                            const struct gy_flow_options *options, struct gyre_error *error);
void gy_flow_free(struct gy_flow *flow);

/** Opens every instance, consumers before producers. 0, or a code; the failure is kept. */
int gy_flow_open(struct gy_flow *flow);

/** Starts the workers' threads. 0, or a code and `error`; the failure is kept, and no worker is left.
 *  Thread:  [control]; signals that the caller handles must be blocked, threads inherit it */
int gy_flow_start(struct gy_flow *flow, struct gyre_error *error);

/** True where every worker has ended, or is about to.
 *  Thread:  [any] */
bool gy_flow_is_over(const struct gy_flow *flow);

/** After a stop or a failure: ends the system calls in which workers of operators that may block
 *  wait (EINTR); after a stop only those of sources. To be called again from time to time until
 *  all is over: one that comes just before such a call is lost. True where there are such workers.
 *  Thread:  [control], between gy_flow_start and gy_flow_join */
bool gy_flow_interrupt(struct gy_flow *flow);

/** Waits for every worker to end. `done_fd` becomes readable just before this would not wait. */
void gy_flow_join(struct gy_flow *flow);

/** Runs the whole job on the caller's thread: `scheduler` picks the tasks, `clock` (the flow's own) is
 *  moved forward when all wait for it. The scribe and the checkpoint have their turns like tasks.
 *  0, or a code; GYRE_ECONTRACT: nothing can run any more; 1: see alone_turns. */
int gy_flow_run_alone(struct gy_flow *flow, struct gy_scheduler *scheduler,
                      struct gy_clock_manual *clock);

/** Tells the sources to stop: nothing is told the end of input. Without snapshots rows in flight
 *  drain; with them a last snapshot is taken, which gy_checkpoint_step begins.
 *  Thread:  [control] */
void gy_flow_stop(struct gy_flow *flow);

/** Commits (or after a failure aborts) what the sinks have written; with snapshots on, what the last
 *  one has not. 0, or a code; the failure is kept.
 *  Thread:  [control], when no worker runs any more */
int gy_flow_commit(struct gy_flow *flow);

/* For tasks: flow/outcome. */

static inline bool gy_flow_has_failed(const struct gy_flow *flow)
{
    /* relaxed: a late look costs one more batch. */
    return atomic_load_explicit(&flow->failed, memory_order_relaxed);
}

static inline bool gy_flow_is_stopping(const struct gy_flow *flow)
{
    /* relaxed: a late look costs one more poll. */
    return atomic_load_explicit(&flow->stopping, memory_order_relaxed);
}

/** Keeps the failure of an instance, if it is the first, and ends the run. */
void gy_flow_fail(struct gy_flow *flow, const struct gy_instance *instance);
void gy_flow_fail_memory(struct gy_flow *flow, const struct gy_instance *instance);

/** True where the workers have nothing more to do: a failure, or the end of everything. */
bool gy_flow_is_done(const struct gy_flow *flow);

/** Wakes all workers. */
void gy_flow_wake(struct gy_flow *flow);

/** Keeps a failure that is no instance's, if it is the first, and ends the run. */
void gy_flow_fail_text(struct gy_flow *flow, int code, const char *text);

/** Makes `done_fd` readable. */
void gy_flow_tell(struct gy_flow *flow);

/** Counts a task that has ended. */
void gy_flow_task_done(struct gy_flow *flow, struct gy_task *task);

#endif
