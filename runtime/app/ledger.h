/* What a run knows beyond the death of its job process: memory that the supervisor and the job
 * process share, or of one process where nobody supervises.
 *
 *   | written by              | what                                                           |
 *   |-------------------------|----------------------------------------------------------------|
 *   | job process             | the snapshots, the place a run began at, how a failure may end |
 *   | crash handler           | `crash`                                                        |
 *   | supervisor, between two | `restarts`, `slow_id`, and it forgets what concerned the last  |
 *
 * The supervisor reads when the job process has ended. `newest` alone is read while another thread
 * may write it: by the crash handler. */
#ifndef GY_APP_LEDGER_H
#define GY_APP_LEDGER_H

#include "flow/checkpoint.h"

enum { GY_LEDGER_EVENTS = 4096, GY_CRASH_ROW = 1024, GY_CRASH_NAME = 256 };

/* One snapshot that was taken, or failed. */
struct gy_ledger_event {
    uint64_t id;
    uint64_t bytes;
    int64_t duration_us;
    char failed[104]; /* why; "": it was taken */
};

/* Where the job process crashed. */
struct gy_crash {
    bool fresh; /* the job process that ended last has crashed here */
    bool known; /* in a callback of an operator, which has not been passed since */
    int number; /* the signal */
    uint32_t task;
    char id[GY_CRASH_NAME];
    char op[GY_CRASH_NAME];
    char callback[32];
    char row[GY_CRASH_ROW + 4]; /* JSON, cut; "": not known */
};

/* What has become of the rows since the job process was started. */
struct gy_ledger_rows {
    bool known; /* it has come to its end */
    uint64_t in, out, bad, late;
    uint64_t dropped; /* that went round a loop: after its last round, or at a stop */
};

struct gy_ledger {
    _Atomic uint64_t newest; /* id of the snapshot of this run to restart from; 0: none yet */
    uint64_t run;            /* what the manifests of its snapshots say; 0: it has not begun */
    uint64_t last_id;        /* the greatest id that it has met or used */
    bool has_left;           /* which snapshots it leaves behind is written down */
    char from[4096];         /* the folder of the snapshot that --from chose; "": none */
    bool ended;              /* the job process has ended by itself, not by a plugin's exit() */
    int status;              /* exit status of one that has ended by itself */
    bool retryable;          /* it failed by an error that may pass */
    uint32_t restarts;
    struct gy_ledger_rows rows;
    char slow_id[GY_CRASH_NAME]; /* operator to be driven row by row; "": none */
    struct gy_crash crash;
    uint64_t n_events; /* more than GY_LEDGER_EVENTS: the oldest are forgotten */
    struct gy_ledger_event events[GY_LEDGER_EVENTS];
};

/** Makes an empty ledger, shared with processes that are forked from now on; NULL and errno.
 *  Owns:    the caller, until gy_ledger_free */
struct gy_ledger *gy_ledger_new(void);
void gy_ledger_free(struct gy_ledger *ledger);

/** Adds what a checkpoint tells.
 *  Thread:  [control] of the job process */
void gy_ledger_add(struct gy_ledger *ledger, const struct gy_checkpoint_news *news);

/** Event `i` of those that are kept, the oldest first, and how many there are. */
const struct gy_ledger_event *gy_ledger_event(const struct gy_ledger *ledger, uint64_t i);
uint64_t gy_ledger_events(const struct gy_ledger *ledger);

/** Id of the newest snapshot of this run; 0: none yet.
 *  Thread:  [any], the crash handler too */
static inline uint64_t gy_ledger_newest(const struct gy_ledger *ledger)
{
    /* relaxed: nothing is read by it. */
    return atomic_load_explicit(&ledger->newest, memory_order_relaxed);
}

/** The snapshot that a restart would use, as people see it: "DIR/12"; "" for none. `dir` is the
 *  folder of the run's own snapshots.
 *  Owns:    `text`, which is also returned */
const char *gy_ledger_restart(const struct gy_ledger *ledger, const char *dir, char *text,
                              size_t size);

#endif
