/* The splits of one source, handed out to its tasks.
 *
 * Filled by `discover` before the start, or by a restore; then tasks ask for the next one. There is no
 * lock here: where tasks run in several threads, whoever runs them sees to it that one at a time calls
 * gy_splits_take and gy_splits_end. All else is constant while a job runs.
 *
 * What snapshots keep (little-endian), so that every split is where it was at the barriers:
 *
 *   SPLITS, of the source   u32 order, u32 n, then per split in order of its id: u8 1 done at the start
 *                           of this run, 2 with a position, 0 else; u32 length and bytes; and for 2
 *                           u32 length and position. Task 0 writes it; it does not change in a run.
 *   SPLIT, of a task        u32 id, u8 as above, of one that it has taken in this run; for 2 u32
 *                           length and position
 *
 * A split that no task speaks of has not been taken before the barrier, and is as SPLITS says. A
 * source that cannot say its position is read again from the split's start. */
#ifndef GY_OP_SPLITS_H
#define GY_OP_SPLITS_H

#include "graph/logical.h"
#include "state/part.h"

enum gy_split_state { GY_SPLIT_FRESH = 0, GY_SPLIT_DONE = 1, GY_SPLIT_BEGUN = 2 };

struct gy_split {
    void *bytes;
    size_t n;
    uint8_t state;  /* when this run began; constant from then on, as all of this */
    void *position; /* BEGUN */
    size_t position_n;
};

struct gy_splits {
    struct gyre_splits abi;
    uint32_t n, capacity;
    struct gy_split *items;
    uint32_t next;   /* QUEUE: the next to hand out */
    uint32_t n_left; /* that have not been read to their end */
};

/** Discovers the splits of a source that runs as `tasks` tasks. 0, or a code and `error`.
 *  Thread:  [control] */
int gy_splits_init(struct gy_splits *splits, const struct gy_node *node, uint32_t tasks,
                   struct gyre_error *error);

/** Prepares splits that gy_splits_read fills. */
void gy_splits_init_empty(struct gy_splits *splits, uint32_t tasks);
void gy_splits_fini(struct gy_splits *splits);

/** QUEUE: takes the next split that is not done; its id, or -1 where none is left. */
int64_t gy_splits_take(struct gy_splits *splits);

/** Counts a split that has been read to its end; true where it was the last of all. */
bool gy_splits_end(struct gy_splits *splits);

/** Writes the content of a SPLITS record. */
void gy_splits_write(const struct gy_splits *splits, struct gyre_writer *writer);

/** Reads SPLITS into empty splits. 0, GYRE_ECORRUPT or GYRE_ENOMEM. */
int gy_splits_read(struct gy_splits *splits, struct gyre_reader *reader);

/** Applies a SPLIT record, before any split is taken. 0, GYRE_ECORRUPT or GYRE_ENOMEM. */
int gy_splits_apply(struct gy_splits *splits, struct gyre_reader *reader);

#endif
