/* A task: subtask i of a chain of operators, the unit that a worker schedules.
 *
 * The operators of a chain call each other: a batch that one emits is processed by the next before
 * the emitting call returns. What goes to other tasks is written to exchanges, what comes from them
 * arrives in channels. One turn of a task takes a bounded number of batches:
 *
 *     sinks commit what a snapshot has made final
 *     drain what waits for room ──> anything left? then the task is blocked, and does not run
 *     settle events (watermarks, ends) that an operator tells in slices
 *     every input at the barrier? then save what is small, and pass it on (flow/barrier)
 *     take batches from channels, poll sources; channels at the barrier have to wait
 *     flush: partly filled batches leave, so that no row is held back
 *     save a slice of the state
 *
 * Invariant: a task takes new input only while nothing waits for room and no event is pending; so
 * what waits is bounded by what one batch or one slice can make.
 *
 * Owned by one worker; `published` is read by others. */
#ifndef GY_FLOW_TASK_H
#define GY_FLOW_TASK_H

#include "flow/exchange.h"
#include "flow/gate.h"
#include "flow/inlet.h"
#include "flow/scribe.h"
#include "flow/splits.h"
#include "op/instance.h"

struct gy_flow;
struct gy_task;
struct gy_member;

/* Where an output port leads: to another member of the task, or into an exchange. */
struct gy_route {
    uint32_t port;
    struct gy_member *to; /* chained, else NULL */
    uint32_t to_port;
    uint32_t to_slot;
    bool rehash; /* the key of the consumer is another one */
    struct gy_exchange exchange;
};

/* Counts of one operator task, for progress while it runs. Written by the task's worker. */
struct gy_published {
    _Atomic uint64_t rows_in;
    _Atomic uint64_t rows_out;
};

/* A transaction that a sink has prepared and not committed: TXN records of snapshots are
 *
 *   u64 epoch, u32 length and name, u32 length and what `prepare` wrote */
struct gy_txn {
    uint64_t epoch; /* 0: of a run without snapshots */
    char *name;
    struct gyre_writer prepared;
};

/* What a member has saved of an epoch. Its worker's, and the control thread's from the moment when
 * the epoch waits for nobody any more until the next one begins. */
struct gy_saved {
    int64_t watermark_us;
    bool ended;
    bool saving;
    struct gy_part part;
    struct gy_scribe_file file;
};

/* One operator instance within a task. */
struct gy_member {
    struct gy_task *task;
    const struct gy_node *node;
    struct gy_instance *instance;
    struct gy_gate gate;
    uint32_t n_routes;
    struct gy_route *routes;
    bool ended;
    bool stopped;               /* ended by a stop: not flushed, more would have come */
    GY_VEC(struct gy_txn) txns; /* sinks: in order of their epochs */
    struct gy_saved saved;
    struct gy_published published;
    /* Sources: */
    struct gy_splits *splits;
    GY_VEC(uint32_t) active_splits;
    GY_VEC(uint32_t) done_splits; /* in this run */
    bool splits_dealt;
    bool source_ended;
    int64_t watermark; /* the greatest put out */
    int64_t wake_us;   /* idle until then, INT64_MIN: not idle */
    int32_t wake_fd;
};

/* An inbound channel of a member. */
struct gy_entry {
    struct gy_inlet inlet;
    struct gy_member *member;
    uint32_t port;
    uint32_t slot;
    bool at_barrier; /* holds what follows back until all others are */
};

struct gy_event {
    struct gy_member *member;
    enum gy_message_kind kind;
    int64_t time_us;
    bool stopped;
    bool begun; /* told to the instance, which goes on in slices */
};

struct gy_task {
    struct gy_flow *flow;
    const struct gy_chain *chain;
    uint32_t index; /* subtask */
    uint32_t n_members;
    struct gy_member *members; /* in topological order */
    uint32_t n_entries;
    struct gy_entry *entries;
    uint32_t next_entry; /* round robin */
    uint32_t n_events, events_max;
    struct gy_event *events; /* first in, first out */
    uint32_t n_ended;        /* members */
    uint32_t budget;         /* rows of a poll */
    bool done;
    bool dirty;          /* took something since the last idle flush */
    uint64_t epoch;      /* of the last barrier passed */
    uint32_t n_barriers; /* entries at the next one */
    uint32_t n_saving;   /* members that still save their state */
    uint64_t committed;  /* epoch that its sinks have committed */
    int64_t busy_ns;
};

/* For flow/task and flow/barrier. */

/** Hands out all rows that members and exchanges hold; `idle` as gy_instance_flush. */
void gy_task_flush(struct gy_task *task, bool idle);

/** Deals with pending events until one needs another slice; true where something was done. */
bool gy_task_settle(struct gy_task *task);

/** Fails the job with what the member's instance says. */
void gy_member_fail(struct gy_member *member);

/** Passes the barrier on where all inputs are at it and nothing is pending: saves what is small and
 *  begins to save the rest. True where something was done. */
bool gy_task_barrier(struct gy_task *task);

/** Saves some of the state, for about a tenth of the time since `since_ns`, when the turn began; true
 *  where something was done. */
bool gy_task_save(struct gy_task *task, int64_t since_ns);

/** Commits what a snapshot has made final. */
void gy_task_commit(struct gy_task *task);

/** Prepares the sink's transaction of an epoch; 0: the end of a run without snapshots. 0, or a code. */
int gy_member_prepare(struct gy_member *member, uint64_t epoch);

/** Commits its transactions up to an epoch, or undoes those behind one. 0, or a code. */
int gy_member_commit(struct gy_member *member, uint64_t epoch);
void gy_member_abort(struct gy_member *member, uint64_t epoch);

void gy_member_fini(struct gy_member *member);

/** Runs one turn; true where it did something. */
bool gy_task_run(struct gy_task *task);

/** Opens all instances, consumers first; false where one failed (the flow then knows). */
bool gy_task_open(struct gy_task *task);

/** Begins the run of a task that is open and restored. */
void gy_task_begin(struct gy_task *task);

/** Takes a batch that a member emits; the `emit` of its gy_env. */
void gy_task_emit(void *member, uint32_t port, const struct gy_batch *batch);

/** Takes a watermark that a source puts out; the `watermark` of its gy_env. */
void gy_task_watermark(void *member, int64_t time_us);

/** The earliest processing time at which a source of the task wants to be polled; INT64_MAX: none. */
int64_t gy_task_wake_us(const struct gy_task *task);

#endif
