/* A task: subtask i of a chain of operators, the unit that a worker schedules.
 *
 * The operators of a chain call each other: a batch that one emits is processed by the next before
 * the emitting call returns. What goes to other tasks is written to exchanges, what comes from them
 * arrives in channels. One turn of a task takes a bounded number of batches:
 *
 *     sinks commit what a snapshot has made final
 *     in a region: take what came back over feedback edges, obey decisions (flow/feedback, flow/obey)
 *     drain what waits for room ──> anything left? then the task is blocked, and does not run
 *     settle: watermarks and ends go on; a slice of the work that they set off
 *     every input at the barrier? then save what is small, and pass it on (flow/barrier)
 *     take batches from channels, poll sources, settle; channels at the barrier have to wait
 *     flush: partly filled batches leave, so that no row is held back
 *     save a slice of the state
 *
 * Invariant: a task takes new input, and works, only while nothing waits for room; so what waits is
 * bounded by what one batch and one slice of each member can make.
 *
 * Owned by one worker; `published` is read by others. */
#ifndef GY_FLOW_TASK_H
#define GY_FLOW_TASK_H

#include "flow/inlet.h"
#include "flow/member.h"

/* An inbound channel of a member. */
struct gy_entry {
    struct gy_inlet inlet;
    struct gy_member *member;
    uint32_t port;
    uint32_t slot;
    const struct gy_edge *edge;
    struct gy_rounds *const *enters; /* loops with rounds that it leads into; then NULL */
    bool at_barrier;                 /* holds what follows back until all others are */
    bool external;                   /* into a region, whose `region_slot` it is */
    bool feedback;                   /* never waits for a barrier, nor is waited for */
    bool behind; /* feedback: the barrier that the head has taken has not come back */
    uint32_t region_slot;
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
    uint32_t n_ended;    /* members */
    uint32_t budget;     /* rows of a poll */
    bool done;
    bool dirty;          /* took something since the last idle flush */
    uint64_t epoch;      /* of the last barrier passed */
    uint32_t n_barriers; /* entries at the next one */
    uint32_t n_aligned;  /* entries that a barrier waits for: all but feedback */
    uint32_t n_saving;   /* members that still save their state */
    uint64_t committed;  /* epoch that its sinks have committed */
    int64_t busy_ns;
    /* In a region: */
    struct gy_region *region; /* NULL: it is in none */
    bool has_heads;
    bool discards;       /* what comes back */
    bool stops;          /* it has told the region of a stop */
    uint32_t generation; /* of all that it holds */
    uint64_t owed; /* messages consumed, and itself, that are uncounted at the next idle flush */
    uint64_t n_decisions; /* obeyed */
};

/* What the files that make a turn know of each other. */

/** True where everything written to exchanges has found room: what had none is sent. */
bool gy_task_has_room(struct gy_task *task);

/** Hands out all rows that members and exchanges hold; `idle` as gy_instance_flush. */
void gy_task_flush(struct gy_task *task, bool idle);

/** Lets members see and tell what there is to see and tell, and do a slice each of the work that
 *  follows (`rows_max` rows out; 0: none). True where something was done. */
bool gy_task_settle(struct gy_task *task, uint32_t rows_max);

/** True where its sources, and all that works on its own account, are to put nothing out any more. */
bool gy_task_is_to_stop(const struct gy_task *task);

/** True where a barrier is on its way to the task. */
bool gy_task_awaits_barrier(const struct gy_task *task);

/** Passes the barrier on where all inputs are at it and nothing is pending: saves what is small and
 *  begins to save the rest. True where something was done. */
bool gy_task_barrier(struct gy_task *task);

/** Saves some of the state, for about a tenth of the time since `since_ns`, when the turn began; true
 *  where something was done. */
bool gy_task_save(struct gy_task *task, int64_t since_ns);

/** Commits what a snapshot has made final. */
void gy_task_commit(struct gy_task *task);

/** Lets the member process a message of rows that came by an entry.
 *  Owns:    it takes the message */
void gy_entry_take(struct gy_entry *entry, struct gy_message *message);

/* In a region (flow/obey): */

/** Tells the members the rounds that are at hand when the task begins. */
void gy_task_begin_rounds(struct gy_task *task);

/** Obeys the decision of the region, if there is a new one; true where there was. */
bool gy_task_obey(struct gy_task *task);

/** The task consumes something that is counted in a generation; what it holds of the other leaves before. */
void gy_task_join(struct gy_task *task, uint32_t generation);

/** The task takes something from outside, or works on its own account: it is counted from now on. */
void gy_task_enter(struct gy_task *task);

/** After an idle flush: what it consumed is uncounted, unless more is to come of it. */
void gy_task_leave(struct gy_task *task);

/** True where a member has work that it goes on with without anything coming in. */
bool gy_task_has_work(const struct gy_task *task);

/** Runs one turn; true where it did something. */
bool gy_task_run(struct gy_task *task);

/** Opens all instances, consumers first; false where one failed (the flow then knows). */
bool gy_task_open(struct gy_task *task);

/** Begins the run of a task that is open and restored. */
void gy_task_begin(struct gy_task *task);

/** The earliest processing time at which a source of the task wants to be polled; INT64_MAX: none. */
int64_t gy_task_wake_us(const struct gy_task *task);

#endif
