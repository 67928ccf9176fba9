/* The scribe: writes the files of a snapshot, on a thread of its own, or in the simulation when its
 * turn comes (gy_scribe_step).
 *
 *   tasks ──gy_scribe_put──> [ pieces in order ] ──> write ... sync, close ──> done(file)
 *
 * Invariants: pieces of one file are written in the order in which they were put; after the first
 * error of a file nothing more is written to it, but it is closed and told all the same. */
#ifndef GY_FLOW_SCRIBE_H
#define GY_FLOW_SCRIBE_H

#include "base/disk.h"
#include "base/mem.h"
#include "state/part.h"

#include <pthread.h>
#include <stdatomic.h>

/* Each write wakes whoever works for the disk, and on a virtual machine that may be on the CPU of a task:
 * few large ones, of memory that is contiguous. */
#define GY_SCRIBE_STAGE  (32u << 20)
#define GY_SCRIBE_BEHIND (16u << 20)
#define GY_SCRIBE_SPARES (GY_SCRIBE_BEHIND / GY_PART_BLOCK)

struct gy_scribe;

/* A file being written. What is above the line is its creator's; the rest is the scribe's. */
struct gy_scribe_file {
    char *path;
    void (*done)(
        struct gy_scribe_file *file); /* on the scribe's thread; the file is complete then */
    void *host;
    /* ---- */
    struct gy_part_piece *first,
        *last;        /* to be written; under the scribe's lock, as down to `next` */
    size_t n_waiting; /* their bytes */
    bool ended;
    bool queued;
    struct gy_scribe_file *next;
    int handle;
    bool opened;
    int error;          /* 0, or a negative errno */
    const char *failed; /* the call that failed: "write" */
    uint64_t bytes;
    uint64_t checksum; /* XXH3-64 */
    struct gy_checksum_run *hashing;
    uint8_t *rest; /* what is less than a block of the disk, until more comes: GY_DISK_BLOCK */
    size_t n_rest;
};

struct gy_scribe {
    struct gy_disk *disk;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct gy_scribe_file *first; /* files with something to do, in no order; under `lock` */
    bool ending;                  /* under `lock` */
    bool idle;                    /* the thread sleeps until it is woken; under `lock` */
    uint32_t n_open;              /* files being written */
    struct gy_part_piece *spare;  /* written, to be filled again; under `lock` */
    uint32_t n_spare;
    uint8_t *stage; /* what the disk is given next, aligned to its blocks */
    size_t stage_cap, n_staged;
    struct gy_scribe_file *staging; /* whose it is, from that file's `rest` on; NULL: nobody's */
    pthread_t thread;
    bool started;
    _Atomic size_t queued; /* bytes put and not written yet */
    _Atomic bool is_short; /* of spare pieces: the thread is to make some */
};

/** `stage` bytes, whole blocks of the disk, are what it is given at once: GY_SCRIBE_STAGE, or less in tests. 0, or
 *  an errno; gy_scribe_fini then as well. */
int gy_scribe_init(struct gy_scribe *scribe, struct gy_disk *disk, size_t stage);

/** Starts the thread. 0, or an errno. */
int gy_scribe_start(struct gy_scribe *scribe);

/** Ends the thread; what is queued is dropped. */
void gy_scribe_fini(struct gy_scribe *scribe);

/** Queues a piece of a file, or with NULL its end. A file without any piece is not created.
 *  Owns:    the scribe the piece; the caller the file, which stays until `done` was called or the
 *           scribe has ended
 *  Thread:  [any] */
void gy_scribe_put(struct gy_scribe *scribe, struct gy_scribe_file *file,
                   struct gy_part_piece *piece);

/** Gives a piece with room for GY_PART_ROOM bytes whose memory has been in use, or NULL; then the
 *  thread makes some.
 *  Owns:    the caller
 *  Thread:  [any] */
struct gy_part_piece *gy_scribe_spare(struct gy_scribe *scribe);

/** Frees what a file holds, `path` too; after `done`, or after the scribe has ended. */
void gy_scribe_file_fini(struct gy_scribe *scribe, struct gy_scribe_file *file);

/** Writes what waits of one file; false where nothing does. For runs without the thread. */
bool gy_scribe_step(struct gy_scribe *scribe);

/** True where so much waits to be written, or so few pieces are left, that nobody should save ahead. */
static inline bool gy_scribe_is_behind(const struct gy_scribe *scribe)
{
    /* relaxed: a late look costs one more slice. */
    return atomic_load_explicit(&scribe->queued, memory_order_relaxed) > GY_SCRIBE_BEHIND ||
           atomic_load_explicit(&scribe->is_short, memory_order_relaxed);
}

#endif
