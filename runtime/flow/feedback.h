/* A head: a member into which feedback edges lead, and the rows that wait there.
 *
 *   feedback channels ─> absorbed at every turn ─┬─> now ───> served before other input
 *                        (also without room)     ├─> next ──> now, when the next round opens
 *                                                └─> early ─> now or next, at the head's own barrier
 *
 * A feedback edge is never back-pressured: what comes back is taken out of its channels whether or not the
 * task has room, so no task of a loop waits for ever for room that only another could make; what waits is
 * bounded by the spools (memory, then a file; beyond it the job fails). Sources are held back while a
 * spool is above its bound.
 *
 * A snapshot (Carbone et al., Lightweight Asynchronous Snapshots for Distributed Dataflows, algorithm 2):
 * the head takes its barrier when its other inputs have brought it. All that waits then, and what comes by
 * each feedback channel until the barrier comes there, is the log, part of the head's state: it was sent
 * before the barrier, and is not in its state yet. What comes behind a barrier that the head has not taken
 * itself must not be in its state: it waits in `early`.
 *
 * Nothing stays in those channels, so that they are empty whether or not the head has work: what comes next
 * would be sent row by row. So it tells its producers that it is fed.
 *
 * Owned by its task's worker; `fed` is read by others. */
#ifndef GY_FLOW_FEEDBACK_H
#define GY_FLOW_FEEDBACK_H

#include "flow/quiesce.h"
#include "flow/spool.h"

struct gy_entry;
struct gy_member;
struct gy_task;

/* Tags of what waits, in the log of a snapshot. */
enum { GY_SPOOL_NOW = 0, GY_SPOOL_NEXT = 1 };

struct gy_head {
    struct gy_member *member;
    struct gy_rounds *rounds; /* NULL: rows go round as they come */
    uint32_t n_entries;       /* feedback channels */
    struct gy_entry **entries;
    char *name; /* of its files */
    struct gy_spill spill;
    struct gy_spool_entry *inputs; /* per entry of the task */
    struct gy_channel blocks;      /* whose blocks what is read back from a file is made of */
    struct gy_spool now, next, early;
    uint32_t generation; /* with rounds: that `now` is counted in */
    uint64_t rows_fed_back;
    uint64_t rows_dropped; /* at the end of the last round, and after a stop */
    _Atomic bool fed;      /* it has rows to serve: what is sent to it may grow until it is full */
    bool above;            /* its bound: sources wait */
    bool logging;          /* the log of the snapshot at hand is not whole yet */
    bool saving;           /* ... and goes into the member's file */
    uint32_t n_behind;     /* channels whose barrier has not come */
};

/* What has gone round, of all tasks of a head. */
struct gy_loop_counts {
    uint64_t rows_fed_back, rows_dropped;
};

/** Counts what came back to the tasks of a node; when no worker runs any more. */
struct gy_loop_counts gy_loop_count(const struct gy_flow *flow, uint32_t node);

/** Makes the head of a member that has feedback entries; they and the region are ready. 0, or GYRE_ENOMEM. */
int gy_head_init(struct gy_head *head, struct gy_member *member);
void gy_head_fini(struct gy_head *head);

/** Takes what has come back out of the channels. True where something had. */
bool gy_task_absorb(struct gy_task *task);

/** Serves a message that waits; false where none does. */
bool gy_task_serve(struct gy_task *task);

/** Puts a message of rows where it waits. Owns: the head takes it. */
void gy_head_put(struct gy_head *head, struct gy_entry *entry, struct gy_message *message);

/** The barrier of an epoch has come back by a channel: what comes behind it belongs to the next snapshot. */
void gy_head_hear_barrier(struct gy_head *head, struct gy_entry *entry, uint64_t epoch);

/** The next message to be served, still counted in its `generation`; NULL: none, or the flow has failed.
 *  Owns:    the caller */
struct gy_message *gy_head_take(struct gy_head *head);

/** What decisions ask of a head: see gy_decision_kind. */
void gy_head_open(struct gy_head *head, uint32_t generation);
void gy_head_close(struct gy_head *head);
void gy_head_discard(struct gy_head *head);

/** Puts in a message that a snapshot has, which is counted, by the `tag` of its spool; before the flow runs. 0, or a code: the
 *  flow has failed. */
int gy_head_restore(struct gy_head *head, struct gy_message *message, uint8_t tag);

/** The head takes the barrier of its task's epoch, and begins the log; `distrust` as in gy_spill_log_begin. */
void gy_head_barrier(struct gy_head *head, bool distrust);

/** Writes some of the log, or with `given_up` none of it; true where something was done. `logging` is false when
 *  the log is whole. */
bool gy_head_save(struct gy_head *head, bool given_up);

#endif
