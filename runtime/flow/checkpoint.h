/* Snapshots of a running flow: barriers out, acknowledgements in, one epoch at a time.
 *
 *   control thread                    workers                              scribe
 *   begin epoch E ──────────────────> source tasks put barrier E in
 *                                     every task aligns its inputs, saves
 *                                     what is small, opens an epoch of its
 *                                     stores, passes the barrier on,
 *                                     saves the rest between batches ────> writes, syncs the files
 *   all tasks and files are done <──────────────────────────────────────── counts them
 *   manifest, rename, sync
 *   tell: E is complete ────────────> sinks commit
 *   all have committed <─────────────
 *
 * The control thread drives it by gy_checkpoint_step; the simulation calls the same. An epoch fails
 * where something cannot be written or takes too long: then its files are removed, the sinks keep what
 * they have prepared for the next epoch, and the job goes on. A later epoch begins only when every
 * task has had its part in the one before.
 *
 * A task that has ended goes on passing barriers. When all have, one more epoch is taken, unless the
 * last one had seen all ended already; its manifest says `finished`, and the flow closes. A stop is
 * an epoch after whose barrier the sources put nothing out any more.
 *
 * Shared with tasks and scribe: the atomics; each says who writes it. The rest is the control
 * thread's. */
#ifndef GY_FLOW_CHECKPOINT_H
#define GY_FLOW_CHECKPOINT_H

#include "base/disk.h"
#include "flow/scribe.h"
#include "state/snapshot.h"

#include <stdatomic.h>

struct gy_flow;

enum gy_checkpoint_event { GY_SNAPSHOT_TAKEN, GY_SNAPSHOT_FAILED };

/* What happened to one epoch. Borrowed for the call. */
struct gy_checkpoint_news {
    enum gy_checkpoint_event event;
    uint64_t id;
    uint64_t bytes;
    int64_t duration_us; /* from the barriers until it was complete on the disk */
    const char *text;    /* FAILED: why */
};

/* How a flow takes snapshots; dir NULL: it takes none. */
struct gy_checkpoint_options {
    struct gy_disk *disk;
    const char *dir; /* prepared (gy_snapshots_prepare) and locked by the caller */
    uint64_t last_id;
    uint64_t run; /* whose snapshots they are */
    int64_t every_us;
    int64_t timeout_us; /* an epoch that takes longer fails; 0: ten minutes */
    uint32_t keep;
    /* Told on the control thread. May be NULL. */
    void (*told)(void *host, const struct gy_checkpoint_news *news);
    void *host;
};

enum gy_checkpoint_phase {
    GY_CHECKPOINT_IDLE,
    GY_CHECKPOINT_SAVING,    /* waits for tasks and files */
    GY_CHECKPOINT_COMMITTING /* waits for the sinks */
};

struct gy_checkpoint {
    struct gy_flow *flow;
    struct gy_checkpoint_options options;
    enum gy_checkpoint_phase phase;
    uint64_t epoch; /* the one being taken, or the last */
    bool asked;     /* one on demand is to come */
    bool stopping;  /* told to stop */
    bool last;      /* nothing is to come after the epoch at hand */
    uint32_t tries; /* last epochs that failed */
    int64_t begun_ns, begun_us;
    int64_t next_ns;    /* when the next periodic one is due, monotonic */
    uint64_t published; /* the last one that may be on the disk: its publishing was begun */
    uint64_t newest;    /* id of the last one complete, or restored from; 0: none */
    int64_t newest_ns;
    struct gy_scribe scribe;
    _Atomic uint64_t wanted;  /* epoch whose barrier sources are to put in; control thread */
    _Atomic uint64_t stop_at; /* epoch after whose barrier sources stop; 0: none; control thread */
    _Atomic uint64_t committed;       /* epoch that sinks are to commit; control thread */
    _Atomic uint64_t gave_up;         /* epoch that failed: no more is saved for it; anybody */
    _Atomic uint32_t left;            /* tasks and files that the epoch waits for */
    _Atomic uint32_t uncommitted;     /* tasks that have not committed yet */
    _Atomic int64_t longest_pause_ns; /* of a task because of a snapshot; tasks */
    pthread_mutex_t lock;
    char *why; /* the first reason to give the epoch up; under `lock` */
};

/** Prepares taking snapshots. 0, or a code and `error`. */
int gy_checkpoint_init(struct gy_checkpoint *checkpoint, struct gy_flow *flow,
                       const struct gy_checkpoint_options *options, struct gyre_error *error);
void gy_checkpoint_fini(struct gy_checkpoint *checkpoint);

static inline bool gy_checkpoint_is_on(const struct gy_checkpoint *checkpoint)
{
    return checkpoint->options.dir != NULL;
}

/** Does what is due: begins an epoch, completes one, closes the flow. Returns when it has to be
 *  called again at the latest, in ns of the monotonic clock (INT64_MAX: when `done_fd` of the flow
 *  is readable).
 *  Thread:  [control] */
int64_t gy_checkpoint_step(struct gy_checkpoint *checkpoint);

/** Asks for a snapshot now, or when the one at hand is complete.
 *  Thread:  [control] */
void gy_checkpoint_ask(struct gy_checkpoint *checkpoint);

/** True while sources that may block should be interrupted, for a barrier waits for them.
 *  Thread:  [control] */
bool gy_checkpoint_is_waiting(const struct gy_checkpoint *checkpoint);

/* For tasks and the scribe. */

/** Gives the epoch up: first reason wins. Formats as printf.
 *  Thread:  [any] */
void gy_checkpoint_give_up(struct gy_checkpoint *checkpoint, uint64_t epoch, const char *format,
                           ...) __attribute__((format(printf, 3, 4)));

/** Counts a task or a file that the epoch waits for no longer; wakes the control thread at the last.
 *  Thread:  [any] */
void gy_checkpoint_done(struct gy_checkpoint *checkpoint);

/** Counts a task that has committed. */
void gy_checkpoint_committed(struct gy_checkpoint *checkpoint);

#endif
