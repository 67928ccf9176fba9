/* The timers of ONE operator task: per key, of event time, of processing time, and of rounds.
 *
 * A key's timers are a value of a store, in order of (clock, time, tag); so they are saved before they
 * change, and go with their key when the job is rescaled. The heaps say which keys have something to do
 * when; they are made anew by a restore. An entry of a heap is a moment and a hash, and may be out of date:
 * the key's own list counts.
 *
 * The time of a timer of rounds is how many rounds of the innermost loop had ended before the one at whose
 * end it is due. So it stays right over a snapshot, wherever its key goes.
 *
 * Due timers are work (op/instance.h): a call of on_timer gets some of one moment, in order of their
 * keys' hashes and tags, and rows come in meanwhile. What is due for a key is told before rows of that key
 * are taken, so that the order of rows and watermarks alone decides what a timer sees. */
#ifndef GY_OP_TIMERS_H
#define GY_OP_TIMERS_H

#include "base/heap.h"
#include "graph/logical.h"
#include "state/store.h"
#include "state/type.h"

struct gy_instance;
struct gy_part;

#define GY_TIMERS_DUE    128u /* timers told at once */
#define GY_TIMERS_CLOCKS 3u

struct gy_timer {
    uint32_t clock;  /* GYRE_CLOCK_... */
    int64_t time_us; /* GYRE_CLOCK_ROUND: see above */
    uint64_t tag;
};

/* Timers on their way to the operator, with their keys as a batch of rows. */
struct gy_timers_due {
    uint32_t n;
    struct gyre_due abi;
    struct gyre_batch view;
    struct gy_batch batch;
    struct gy_input plan; /* of `batch`: its columns are the key's fields */
    struct gyre_column columns[GY_KEYS_MAX];
    struct gy_column key[GY_KEYS_MAX];
    char *memory; /* of the key's columns */
    uint64_t hash[GY_TIMERS_DUE];
    int64_t times[GY_TIMERS_DUE];
    uint64_t tags[GY_TIMERS_DUE];
};

/** Owned by one task, like its instance. */
struct gy_timers {
    struct gy_instance *instance;
    struct gy_store *store;
    struct gy_host_type type;
    struct gy_heap heaps[GY_TIMERS_CLOCKS];
    struct gy_timers_due due;
    int64_t round;      /* of the timers that are set now */
    int64_t round_ends; /* of those that are due; -1: none is */
    uint64_t n_rounds;  /* timers of rounds */
    bool telling;       /* on_timer runs */
    uint64_t n_empty;   /* keys without timers, about */
    uint64_t sweep;     /* how far they have been removed; 0: they are not */
};

/** Makes the timers of an instance whose operator has an on_timer; NULL and `error`. */
struct gy_timers *gy_timers_new(struct gy_instance *instance, struct gyre_error *error);
void gy_timers_free(struct gy_timers *timers);

/** Sets a timer for the key of a row at hand; `columns` and `hash` are those of the batch at hand, unused
 *  without a key. 0, or a code. */
int gy_timers_set(struct gy_timers *timers, const uint64_t *hash,
                  const struct gy_column *const *columns, uint32_t row,
                  const struct gy_timer *timer);
/** Deletes a timer; one that is not set is none. */
void gy_timers_delete(struct gy_timers *timers, const uint64_t *hash,
                      const struct gy_column *const *columns, uint32_t row,
                      const struct gy_timer *timer);

/** True where a timer is due. */
bool gy_timers_have_work(const struct gy_timers *timers);
/** Tells about `most` timers that are due: 1 where there are more, 0, or a code. */
int gy_timers_work(struct gy_timers *timers, uint32_t most);
/** Tells what is due for the keys of the rows at hand, before these are taken. 0, or a code. */
int gy_timers_before(struct gy_timers *timers, const struct gyre_batch *in);

/** A round begins before which `ends` have ended; it ends: its timers are due, and others set from now on
 *  are of the next one. */
void gy_timers_round_begin(struct gy_timers *timers, uint64_t ends);
void gy_timers_round_end(struct gy_timers *timers, uint64_t ends);
/** True where timers of a round that has ended are left. */
bool gy_timers_end_round(const struct gy_timers *timers);

/** What may be told of the watermark that was seen. */
int64_t gy_timers_told(const struct gy_timers *timers, int64_t seen_us);
/** The next moment of processing time at which a timer is due; INT64_MAX: none. */
int64_t gy_timers_wake_us(const struct gy_timers *timers);

/* Saving and restoring; see op/save.c. */
void gy_timers_save_begin(struct gy_timers *timers);
bool gy_timers_save_slice(struct gy_timers *timers, uint32_t most);
void gy_timers_save_stop(struct gy_timers *timers);
int gy_timers_restore(struct gy_timers *timers, struct gyre_reader *reader);
int gy_timers_restored(struct gy_timers *timers);

#endif
