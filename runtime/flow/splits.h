/* The splits of one source, handed out to its tasks.
 *
 * Filled by `discover` before the start; then tasks ask for the next one. A lock per split, which is
 * megabytes of a file, not per row. */
#ifndef GY_FLOW_SPLITS_H
#define GY_FLOW_SPLITS_H

#include "plan/logical.h"

#include <pthread.h>

struct gy_split {
    void *bytes;
    size_t n;
};

struct gy_splits {
    struct gyre_splits abi;
    pthread_mutex_t lock;
    uint32_t n, capacity;
    struct gy_split *items;
    uint32_t next; /* QUEUE: the next to hand out */
};

/** Discovers the splits of a source that runs as `tasks` tasks. 0, or a code and `error`.
 *  Thread:  [control] */
int gy_splits_init(struct gy_splits *splits, const struct gy_node *node, uint32_t tasks,
                   struct gyre_error *error);
void gy_splits_fini(struct gy_splits *splits);

/** QUEUE: takes the next split; its id, or -1 where none is left.
 *  Thread:  [any] */
int64_t gy_splits_take(struct gy_splits *splits);

#endif
