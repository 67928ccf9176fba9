/* Windows of ONE operator task: rows in, windows out; and how they are saved.
 *
 * A window is what a policy keeps, put out when another one says so (graph/logical.h: gy_window_plan).
 * There are four ways to have them, told apart once:
 *
 *   PANES     both policies are of time, and a row is put out once, with its window. One table of keys
 *             for each window that is open. When the watermark reaches its end the table is walked in
 *             slices and gone: no state or timer of a key outlives it.        (window_panes.c)
 *   SLIDING   both of time, and windows overlap, or may fire again. Rows go to the table of their
 *             pane, which costs the same; a pane that is over is emptied, key by key, into the keys'
 *             sequences (state/sequence.h), and these are put out.            (window_sliding.c)
 *   SESSIONS  of each key the sessions that are open, in a sequence.          (window_session.c)
 *   POLICIES  everything else, in the order in which rows come: of each key a sequence of what is
 *             kept, and what the trigger has to know.                         (window_policy.c)
 *
 * Firing is work, not an event: `advance` says how far time has come, `work` puts out a slice of what
 * is due by it, and meanwhile rows and barriers come in as before. Whatever a row would change in a
 * window that is due and not put out yet waits for it, or is late: what is put out depends on the
 * order of rows and watermarks alone, never on how the work was sliced. `told` is the watermark that
 * may go out: nothing that is still to be put out is before it.
 *
 * What is in a snapshot: the entries of the tables and of the store of keys that are not put out yet,
 * each saved before it changes. A key of SLIDING knows the last window that it was put out with, for a
 * snapshot may come while some keys have been and others not.
 *
 *   record of a table   as keyed.h: PANE, its value a record; then i64 order, i64 after
 *   record of a key     as keyed.h: VALUE, its value as window_key.c writes it */
#ifndef GY_OP_WINDOW_H
#define GY_OP_WINDOW_H

#include "base/heap.h"
#include "base/vec.h"
#include "graph/logical.h"
#include "op/kept.h"
#include "op/periods.h"
#include "state/sequence.h"
#include "state/store.h"
#include "state/type.h"

struct gy_window;

enum gy_window_way { GY_WINDOW_PANES, GY_WINDOW_SLIDING, GY_WINDOW_SESSIONS, GY_WINDOW_POLICIES };

/* What a table of keys is saved to. */
struct gy_pane_saving {
    struct gy_window *window;
    struct gy_pane *pane;
};

/* A table of the keys of one pane (SLIDING), or of one window (PANES). Owned by the window's list. */
struct gy_pane {
    int64_t order; /* SLIDING: the first moment of the pane; PANES: the number of the window */
    int64_t after; /* SLIDING: rows that came too late for windows up to this one; else INT64_MIN */
    int64_t first; /* the first window that takes of it */
    uint64_t cursor; /* of draining; 0: it has not begun */
    bool saved;      /* nothing of it is to be saved any more */
    struct gy_store *store;
    struct gy_pane_saving saving;
};

/* What a key has of windows other than PANES. `sequence` is what is kept. */
struct gy_window_key {
    struct gy_sequence sequence;
    int64_t fired;     /* SLIDING: the last window that was put out for it, or did not want it */
    int64_t due_us;    /* POLICIES with a trigger of time: when it fires; INT64_MAX: not */
    int64_t armed_us;  /* the entry of the heap that is of this key; INT64_MAX: none. Not saved */
    int64_t newest_us; /* POLICIES: the greatest time of a row that is kept */
    uint64_t since;    /* POLICIES: rows since the last firing */
    double point;      /* POLICIES: the trigger point of `field` */
    bool has_point;
    struct gy_rows point_row; /* of a distance function */
    void *trigger;            /* state of a trigger function; NULL: none yet */
};

/* What all rows of one firing have in common. */
struct gy_firing {
    int64_t start_us, end_us; /* where the output has bounds */
    int64_t time_us;          /* event time of the output rows */
};

enum gy_window_phase { GY_PHASE_REST, GY_PHASE_DRAIN, GY_PHASE_WALK, GY_PHASE_SWEEP };

/** Owned by one task, like its instance. */
struct gy_window {
    struct gy_instance *instance;
    const struct gy_window_plan *plan;
    enum gy_window_way way;
    bool grouped; /* the window has the rows of all keys; they are told apart when it fires */
    bool slides;  /* POLICIES: not all that is kept goes at a firing */
    bool tries;   /* rows that the functions refuse go before they can move a window */
    struct gy_kept kept;
    struct gy_kept group;  /* `grouped`: what is kept of each key while the window fires */
    struct gy_kept points; /* trigger points, as rows, of a distance function */
    struct gy_periods periods;
    int64_t seen_us; /* how far time has come: the watermark, or the wall clock */
    bool at_end;     /* of input */

    /* PANES, SLIDING */
    GY_VEC(struct gy_pane *) panes;  /* open, in order of (order, after) */
    GY_VEC(struct gy_pane *) firing; /* due: PANES in order */
    struct gy_pane *recent;          /* where the last row went, for moments ... */
    struct gy_pane_bounds recent_of; /* ... of these bounds; NULL: none */
    uint64_t expected;               /* keys of a table: as many as the last one had */

    /* SLIDING, SESSIONS, POLICIES */
    struct gy_store *keys;
    struct gy_host_type key_type;
    enum gy_window_phase phase;
    bool early;       /* what goes on is an early firing */
    int64_t window;   /* SLIDING: the one that is being put out */
    int64_t fired;    /* SLIDING: the last one that was put out for all keys */
    int64_t next;     /* SLIDING: the next one that some key has something in; INT64_MAX: none */
    int64_t restored; /* SLIDING: the last one that was put out for some key before a restore */
    uint64_t passed;  /* SLIDING: keys that put the window out as they got their last pane */
    bool early_due;   /* an early firing is to begin */
    uint64_t cursor;  /* of the walk or sweep */
    bool any_empty;   /* SLIDING: some key is to be swept */
    uint64_t n_empty; /* SESSIONS, POLICIES: about so many are */
    bool sweeping;
    struct gy_heap
        due; /* SESSIONS, POLICIES: moments at which a key has something to do, by hash */
    bool flushing, flushed; /* all keys are walked at the end of input */

    int64_t early_at_us;     /* processing time of the next early firing; INT64_MAX: none */
    struct gy_blocks blocks; /* bytes of strings in records */
    char *scratch;           /* room for records that are being merged */
    uint32_t scratch_stride;
    const struct gyre_state_type **types; /* of which a record of the functions is made */
    void *record;                         /* room for one of the functions' records */
    struct gy_type trigger_type;          /* of a trigger function's state; size 0: none */
    bool keys_saved;
    bool busy;                      /* there may be work */
    int64_t told_us;                /* when there was none, the last time */
    int64_t times[GYRE_BATCH_ROWS]; /* `processing`: of the batch at hand */
    struct gy_pane *pane_of[GYRE_BATCH_ROWS];
};

/** Makes the windows of an instance; NULL and `error`. */
struct gy_window *gy_window_new(struct gy_instance *instance, struct gyre_error *error);
void gy_window_free(struct gy_window *window);

/** Takes the batch at hand. 0, or a code. */
int gy_window_process(struct gy_window *window, const struct gyre_batch *in);

/** Time has come to a watermark; INT64_MAX: the end of input. */
void gy_window_advance(struct gy_window *window, int64_t watermark_us);

/** Puts out about `rows_max` rows of what is due: 1 where there is more, 0, or a code. */
int gy_window_work(struct gy_window *window, uint32_t rows_max);

/** True where gy_window_work has something to do. */
bool gy_window_has_work(const struct gy_window *window);

/** The watermark that may go out, not beyond `watermark_us`. */
int64_t gy_window_told(const struct gy_window *window, int64_t watermark_us);

/** The processing time at which there will be work; INT64_MAX: none. */
int64_t gy_window_wake_us(const struct gy_window *window);

/* Saving and restoring; see op/save.c. */
void gy_window_save_begin(struct gy_window *window);
bool gy_window_save_slice(struct gy_window *window, uint32_t most);
void gy_window_save_stop(struct gy_window *window);
/** Takes a record, which was written in a form. 0, or a code. */
int gy_window_restore(struct gy_window *window, struct gyre_reader *reader,
                      const struct gy_form *form);
/** Ends restoring. 0, or a code. */
int gy_window_restored(struct gy_window *window, int64_t seen_us, int64_t told_us);
/** Adds what it holds. */
void gy_window_stats(const struct gy_window *window, uint64_t *bytes, uint64_t *entries);

/* ---- for the files of windows alone ---- */

/* window_key.c: what a key has */
void gy_window_key_type(struct gy_window *window);
bool gy_window_key_is_empty(const void *key);
/** The keys of the rows at hand. 0, or a code. */
int gy_window_keys(struct gy_window *window, const struct gyre_batch *in, const uint32_t *rows,
                   uint32_t n, struct gy_window_key **keys);
/** The state of a trigger function; NULL without memory, or where it has none. */
void *gy_window_state(struct gy_window *window, struct gy_window_key *key);
void gy_window_state_reset(struct gy_window *window, struct gy_window_key *key);
/** Removes keys that have nothing any more, where there are many: a slice. 1 where there is more. */
int gy_window_sweep(struct gy_window *window, uint32_t most);
/** Has every key fired, at the end of input, and then those go that have nothing left: a slice. 1 where there is more, 0, or a code. */
int gy_window_flush(struct gy_window *window, uint32_t most,
                    int (*fire)(struct gy_window *window, const struct gy_store_entry *entry));
/** Sees to it that gy_window_work looks at the key when time has come to `time_us`. */
int gy_window_arm(struct gy_window *window, struct gy_window_key *key, uint64_t hash,
                  int64_t time_us);

/* window_put.c: what is put out */

/** Puts out one result (or what a window function makes of it) for each of n records, whose keys are
 *  those of `entries`, or of `row` of the batch at hand where it is NULL. 0, or a code. */
int gy_window_put(struct gy_window *window, struct gy_store *store,
                  const struct gy_store_entry *entries, uint32_t row, const void *const *records,
                  uint32_t n, const struct gy_firing *firing);
/** Puts the rows of n elements of a sequence out, key by key: of one window that has the rows of all
 *  keys. */
int gy_window_put_groups(struct gy_window *window, const struct gy_sequence *sequence,
                         uint32_t first, uint32_t n, const struct gy_firing *firing);
/** The i-th record of the scratch room, empty. */
void *gy_window_scratch(struct gy_window *window, uint32_t i);
void gy_window_scratch_end(struct gy_window *window, uint32_t n);
/** Marks a row as late. */
void gy_window_late(struct gy_window *window, uint32_t row);

/* panes.c: tables */
/** What a store of such records is, by the key of the node. */
struct gy_store_config gy_window_store_config(const struct gy_window *window,
                                              const struct gy_kept *kept);
struct gy_pane *gy_panes_get(struct gy_window *window, int64_t order, int64_t after, int64_t first);
void gy_pane_free(struct gy_pane *pane);
/** Adds rows of the batch at hand to tables: rows[j] to window->pane_of[j]. 0, or a code. */
int gy_panes_add(struct gy_window *window, const struct gyre_batch *in, const int64_t *times,
                 const uint32_t *rows, uint32_t n);

/** True where all of the rows, which ascend, lie in the pane that the last one went to. */
bool gy_panes_recent(const struct gy_window *window, const int64_t *times, const uint32_t *rows,
                     uint32_t n);
/** Adds rows of the batch at hand, which ascend, to one table. 0, or a code. */
int gy_panes_add_to(struct gy_window *window, struct gy_pane *pane, const struct gyre_batch *in,
                    const int64_t *times, const uint32_t *rows, uint32_t n);

/* The ways. */
int gy_panes_process(struct gy_window *window, const struct gyre_batch *in, const int64_t *times,
                     const uint32_t *rows, uint32_t n);
int gy_panes_work(struct gy_window *window, uint32_t rows_max);
int gy_sliding_process(struct gy_window *window, const struct gyre_batch *in, const int64_t *times,
                       const uint32_t *rows, uint32_t n);
int gy_sliding_work(struct gy_window *window, uint32_t rows_max);
/** The window that is being put out, or the next one that is due; INT64_MAX: none. */
int64_t gy_sliding_pending(const struct gy_window *window);
/** The next window that has something; INT64_MAX: none. */
int64_t gy_sliding_next(const struct gy_window *window);
/** Takes what a restored key has into account. */
void gy_sliding_restored(struct gy_window *window, const struct gy_window_key *key);
int gy_session_process(struct gy_window *window, const struct gyre_batch *in, const int64_t *times,
                       const uint32_t *rows, uint32_t n);
int gy_session_work(struct gy_window *window, uint32_t rows_max);
int gy_session_arm(struct gy_window *window, struct gy_window_key *key, uint64_t hash);
int gy_policy_process(struct gy_window *window, const struct gyre_batch *in, const int64_t *times,
                      const uint32_t *rows, uint32_t n);
int gy_policy_work(struct gy_window *window, uint32_t rows_max);

#endif
