/* ONE operator instance: the thin waist of gyre.
 *
 * An instance is driven by calls alone: rows in, watermark, poll, flush; rows out through `emit`. It
 * knows no thread, no channel, and no clock but the one it is given. The engine, the simulation, the
 * tests of job files and the plugin test kit all drive plugins through this header and nothing else.
 *
 *     gy_instance_new ── open ──┬─ process(port, batch) ─┬── close ── free
 *                               ├─ add_split, poll ──────┤
 *                               ├─ watermark, work ──────┤
 *                               ├─ round_begin, _end ────┤
 *                               └─ flush ────────────────┘
 *
 * A call that fails leaves its sentence in gy_instance_error and the instance can only be closed.
 * Batches given to and taken from an instance are views (data/batch.h). */
#ifndef GY_OP_INSTANCE_H
#define GY_OP_INSTANCE_H

#include "base/clock.h"
#include "base/log.h"
#include "data/batch.h"
#include "graph/logical.h"
#include "state/items.h"
#include "state/part.h"
#include "state/type.h"

struct gy_instance;

/* What an instance stands on. Copied; what it points to outlives the instance. */
struct gy_env {
    const char *job;
    struct gy_pool *pool;
    const struct gy_clock *clock;
    bool restores; /* the run goes on from a snapshot that has the operator */
    uint64_t seed; /* of the job; each task's random sequence is derived from it */
    /* Takes a batch of output `port`: a view, valid until it returns. */
    void (*emit)(void *host, uint32_t port, const struct gy_batch *batch);
    /* Tells consumers what the instance has put out in the middle of a call, a watermark too, before
     * rows to come. NULL: they are told later. */
    void (*tell)(void *host);
    /* Puts out a message for people, about this instance. NULL: dropped. */
    void (*log)(void *host, enum gy_log_level level, const char *text);
    /* True: batches are taken a row at a time from now on, so that a crash knows the row. NULL: never. */
    bool (*row_by_row)(void *host);
    void *host;
};

/* What an instance has done. Read by the thread that drives it. */
struct gy_instance_stats {
    uint64_t rows_in, batches_in;
    uint64_t rows_out, batches_out;
    uint64_t bad_rows;       /* skipped or sent to .errors */
    uint64_t late_rows;      /* dropped or sent to .late */
    uint64_t dropped_timers; /* set when the input was over already */
    uint64_t bytes_alloc;    /* held by the plugin through gyre_alloc */
    uint64_t state_bytes, state_entries;
};

/** Makes the instance of task `task` of `tasks`; not open yet.
 *  Errors:  NULL and `error` */
struct gy_instance *gy_instance_new(const struct gy_node *node, uint32_t task, uint32_t tasks,
                                    const struct gy_env *env, struct gyre_error *error);

/** Closes the plugin's side where it was opened, and frees; NULL is fine. */
void gy_instance_free(struct gy_instance *instance);

/** Opens the plugin's side. 0, or a code. */
int gy_instance_open(struct gy_instance *instance);

/** Takes one batch into input `port`. 0, or a code. */
int gy_instance_process(struct gy_instance *instance, uint32_t port, const struct gy_batch *in);

/** Sources: starts on a split, at a position that gy_instance_save_split wrote (NULL: at its start).
 *  0, or a code. */
int gy_instance_add_split(struct gy_instance *instance, uint32_t split, const void *bytes, size_t n,
                          struct gyre_reader *position);

/** Sources: writes the position of a split. 0, or a code. */
int gy_instance_save_split(struct gy_instance *instance, uint32_t split,
                           struct gyre_writer *writer);

/** How many keyed states a node has: the declared ones, or one per hosted function. */
uint32_t gy_node_states(const struct gy_node *node);

/** What state `s` of a node is. That of a hosted function is named as its first result is.
 *  Owns:    the node */
struct gyre_state gy_node_state(const struct gy_node *node, uint32_t s);

/** Writes all of the operator's items (state without a key) behind those in `items`. 0, or a code. */
int gy_instance_save_items(struct gy_instance *instance, struct gy_items *items);

/** Begins to save: writes the operator's items to `part`, which has to live until the saving ends, or the first of
 *  them, and begins an epoch of its keyed state, whose records are written from now on by the calls that
 *  touch it and by gy_instance_save_slice. Errors of later records stay in the part. 0, or a code:
 *  nothing is being saved, and the instance goes on. */
int gy_instance_save_begin(struct gy_instance *instance, struct gy_part *part);

/** Saves up to about `most` further records, or some items; false when all are saved, which ends the saving. */
bool gy_instance_save_slice(struct gy_instance *instance, uint32_t most);

/** How many records of state `s` the last saving has written; of functions hosted together, state 0 has
 *  those of all. */
uint64_t gy_instance_saved_records(const struct gy_instance *instance, uint32_t s);

/** Ends the saving; the part is not touched any more. */
void gy_instance_save_stop(struct gy_instance *instance);

/** Gives the operator one item, after open and before any row. `version` is that of the operator's
 *  items when it was written. 0, or a code. */
int gy_instance_restore_item(struct gy_instance *instance, uint32_t version,
                             const struct gy_item *item);

/** How many random numbers the plugin has drawn, which gy_instance_save_begin saves; goes on behind the
 *  first `drawn` of the sequence. */
uint64_t gy_instance_drawn(const struct gy_instance *instance);
void gy_instance_restore_drawn(struct gy_instance *instance, uint64_t drawn);

/** Makes room for keyed state. `form` says of each state of the snapshot which of the node's it is (see
 *  gy_node_state), and under which version of its type it was written; `records` about how many of it
 *  come, for each the same way.
 *  Owns:    `form` is borrowed until gy_instance_restored
 *  Errors:  GYRE_ENOMEM */
int gy_instance_restore_begin(struct gy_instance *instance, const struct gy_form *form,
                              const uint64_t *records);

/** Adds a record, whose index is less than the form's n. 0, or a code. */
int gy_instance_restore_state(struct gy_instance *instance, const struct gy_record *record);

/** Ends a restore: the watermark that the instance had seen, and what of it had been told. After items
 *  and state, before any row. 0, or GYRE_ECORRUPT where state is not whole. */
int gy_instance_restored(struct gy_instance *instance, int64_t seen_us, int64_t told_us);

/** Sources: puts rows out, about `poll->budget`; see gyre_poll. 0, or a code. */
int gy_instance_poll(struct gy_instance *instance, struct gyre_poll *poll);

/** Lets the instance see a later watermark; INT64_MAX is the end of input. What follows from it is
 *  put out at once, or becomes work. 0, or a code. */
int gy_instance_watermark(struct gy_instance *instance, int64_t time_us);

/** True where something that a watermark set off has not been put out yet. */
bool gy_instance_has_work(const struct gy_instance *instance);

/** Does a slice of the work: about `rows_max` rows out. Rows may come in between two slices, and the
 *  instance be saved: a snapshot has what is left to do. 1 where more is left, 0, or a code. */
int gy_instance_work(struct gy_instance *instance, uint32_t rows_max);

/* A round of a loop with rounds that the operator is in. */
struct gy_round {
    const struct gy_loop *loop;
    uint64_t number;
    uint64_t
        ends; /* rounds of the loop that have ended before, whatever their number: grows always */
};

/** A round begins: votes for the loop are forgotten. Before the very first one it need not be called; after a
 *  restore it has to be, before any row, also in the middle of a round: `ends` is then as it was. */
void gy_instance_round_begin(struct gy_instance *instance, const struct gy_round *round);

/** Lets the instance see the end of a round: all rows of it have come. What follows becomes work: first the
 *  timers of the round, then on_round_end. No row comes before that is done, and no other end.
 *
 *  It may be saved before, after and in the middle of this work. The snapshot has the timers that are left
 *  then, of this round and of the next one. Whether on_round_end has been called, and what was voted, is
 *  what the caller keeps: after a restore it calls round_begin, with the `ends` of that round; and if it
 *  had not been called, round_end, which goes on with the timers that are left. 0, or a code. */
int gy_instance_round_end(struct gy_instance *instance, const struct gy_round *round);

/** True until all that follows from the end of a round, on_round_end too, has been put out. */
bool gy_instance_ends_round(const struct gy_instance *instance);

/** True where the operator, while the last round of the loop ended, voted for it to stop; until the next
 *  round_begin. */
bool gy_instance_votes(const struct gy_instance *instance, const struct gy_loop *loop);

/** The processing time at which there will be work without anything coming in; INT64_MAX: none. */
int64_t gy_instance_wake_us(const struct gy_instance *instance);

/** The watermark that may go out: all that is earlier has been put out. At most the one seen. */
int64_t gy_instance_told(const struct gy_instance *instance);

/** The greatest watermark that the operator has put out itself (gyre_watermark): INT64_MIN for none. The
 *  host lets it see that too, when rows before it have left: gy_frontier_step does. */
int64_t gy_instance_own_watermark(const struct gy_instance *instance);

/** True where the operator said that it has nothing to put out for a while, and has not since. */
bool gy_instance_is_idle(const struct gy_instance *instance);

/** True where a later watermark will set something off: windows are open, timers set, results to come.
 */
bool gy_instance_is_pending(const struct gy_instance *instance);

/** Asks a partition function, on behalf of the instance whose output `in` is, for the consuming task
 *  of each kept row: tasks_of[row], checked to be below `n_tasks`. 0, or a code. */
int gy_instance_partition(struct gy_instance *instance, const struct gy_edge *edge,
                          const struct gy_batch *in, uint32_t n_tasks, uint32_t *tasks_of);

/** Hands out rows collected so far. With `idle` no more input is at hand, and sinks write out what
 *  they buffer. 0, or a code. */
int gy_instance_flush(struct gy_instance *instance, bool idle);

/** Sinks: completes transaction `txn`, durable and not visible. What commit and abort need goes into
 *  `writer`, which is zeroed or as an earlier call left it; the caller frees its `data` with gy_free.
 *  Without the callback: nothing. 0, or a code. */
int gy_instance_prepare(struct gy_instance *instance, const char *txn, struct gyre_writer *writer);

/** Sinks: makes `txn` visible. 0, or a code. */
int gy_instance_commit(struct gy_instance *instance, const char *txn,
                       const struct gyre_writer *prepared);

/** Sinks: undoes `txn`. 0, or a code. */
int gy_instance_abort(struct gy_instance *instance, const char *txn,
                      const struct gyre_writer *prepared);

/** Forgets the failure of a call after which the instance goes on: one that saves. */
void gy_instance_forgive(struct gy_instance *instance);

/** The failure of the last call that failed; `code` 0: none. `row` is told by the text. */
const struct gyre_error *gy_instance_error(const struct gy_instance *instance);

/** The bad row of the failure as JSON; NULL where no row is to blame. */
const char *gy_instance_failed_row(const struct gy_instance *instance);

/** The function of a plugin ("mylib.total") that failed, and the file of the plugin whose code it was:
 *  the function's, or the operator's where that failed itself and the function is NULL. */
const char *gy_instance_failed_function(const struct gy_instance *instance);
const char *gy_instance_failed_plugin(const struct gy_instance *instance);

/** The name of the callback that failed. */
const char *gy_instance_failed_callback(const struct gy_instance *instance);

const struct gy_node *gy_instance_node(const struct gy_instance *instance);
uint32_t gy_instance_task(const struct gy_instance *instance);

/** The last watermark that it has seen. */
int64_t gy_instance_seen(const struct gy_instance *instance);

/** What the instance has done so far. `counts` leaves out what state and plugin hold, and is cheap. */
void gy_instance_stats(const struct gy_instance *instance, struct gy_instance_stats *stats);
void gy_instance_counts(const struct gy_instance *instance, struct gy_instance_stats *stats);

/** The plugin's counters and gauges: the i-th name and value; false past the last. */
bool gy_instance_metric(const struct gy_instance *instance, uint32_t i, const char **name,
                        double *value);

#endif
