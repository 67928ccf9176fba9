/* Sums before the exchange: the aggregate functions of ONE keyed operator, run beside ONE task that makes its
 * rows. What is sent is a table of the keys' records (op/accumulate), which the operator's tasks merge, each
 * those of its own keys, in place of the rows.
 *
 *     task that makes rows                                           tasks of the operator
 *     gy_presum_take ── keys repeat ──────────────────────── table ─────> gy_presum_merge
 *                    └─ they do not, or a row is odd ─────── rows ──────> gy_instance_process
 *
 * Nobody sees a difference but by the time it takes. Where f64 are kept, whose sums are others in another order,
 * it is not done (graph/build_presum.c):
 *
 *   order     of one key and pane, records and rows arrive in the order in which their rows came: before rows go
 *             as they are, the table is sent
 *   windows   a table for each pane. It is sent before the watermark that ends its first window, and rows of a
 *             window that has ended go as they are: no record is ever late, and `.late` has rows
 *   barriers  the table is sent before, as at the end of input and when the producer falls idle: nothing of it
 *             is state
 *   bad rows  where the functions refuse a row, which they would perhaps not if they knew the whole sum, the
 *             batch is taken back, the table is sent, and then the batch as it is. A record that cannot be merged
 *             (the whole sum goes beyond 64 bits) fails the job, as one of its rows would have
 *   memory    all tables of a task are about as large as the L2 cache, and sent when they are full; but without
 *             windows, whose results would wait for it, a table gets room for all keys where that is worth it:
 *             in all tasks 128 MiB at most
 *
 * Whether keys repeat is measured: how many rows a record stands for when it is sent. Below four, how many keys
 * there are is guessed from how many have come again: a table for all of them is tried, or, where that would be
 * too large, or was no better, rows go as they are for a time, which doubles. */
#ifndef GY_OP_PRESUM_H
#define GY_OP_PRESUM_H

#include "op/instance.h"

struct gy_presum;

/* A table of records, at least one, which the tasks of the operator share: each reads those of its own keys, and
 * nobody changes it.
 * The store is of the node's keys and the functions' records. */
struct gy_presum_table {
    struct gy_store *store;
    uint64_t rows;   /* that the records stand for */
    int64_t time_us; /* of the pane */
};

/** Takes the records of the task's keys, and says how many. The rows that they stand for are told after it, by
 *  gy_presum_stood_for. 0, or a code. */
int gy_presum_merge(struct gy_instance *instance, const struct gy_presum_table *table,
                    uint64_t *records);
void gy_presum_stood_for(struct gy_instance *instance, uint64_t records, uint64_t rows);

/* Where rows and tables go. Batches are views, valid until the call returns; the table's store is whose it
 * goes to, who ends it with gy_store_free. */
struct gy_presum_to {
    void (*rows)(void *host, const struct gy_batch *batch);
    void (*table)(void *host, const struct gy_presum_table *table);
    void *host;
};

/* How large the tables of a task may get, in bytes; how many rows tell whether keys repeat; how large the table
 * may get where so few keys fit that they do not repeat enough, but more would. */
struct gy_presum_limits {
    size_t bytes;
    uint64_t try_rows;
    size_t bytes_most;
};

/** For task `task` of `tasks` that make rows for the node. `emit` of `env` is not called; `limits` NULL: about the
 *  L2 cache, and some thousand rows.
 *  Errors:  NULL and `error` */
struct gy_presum *gy_presum_new(const struct gy_node *node, uint32_t task, uint32_t tasks,
                                const struct gy_env *env, const struct gy_presum_to *to,
                                const struct gy_presum_limits *limits, struct gyre_error *error);
void gy_presum_free(struct gy_presum *presum);

/** Takes rows for the node. 0, or a code: then the job fails as if the node had. */
int gy_presum_take(struct gy_presum *presum, const struct gy_batch *batch);

/** The node is about to be told a watermark: sends what it ends. 0, or a code. */
int gy_presum_see(struct gy_presum *presum, int64_t watermark_us);

/** Sends all. 0, or a code. */
int gy_presum_flush(struct gy_presum *presum);

/** Windows: the node's watermark may have come to `watermark_us` without this task; INT64_MAX: how far is not
 *  known, and nothing is added up any more. All has been sent. */
void gy_presum_distrust(struct gy_presum *presum, int64_t watermark_us);

/** The node beside the task, for what it says of a failure. */
const struct gy_instance *gy_presum_instance(const struct gy_presum *presum);

#endif
