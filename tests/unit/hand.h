/* One operator of a real job, driven by hand: the job file is read and bound with the build's plugins,
 * then instances are made of its nodes and called without an engine (op/instance.h).
 *
 *     struct hand h;
 *     hand_init(&h, dir, "job = ...");
 *     struct gy_instance *i = hand_open(&h, "lines", 0, 1);
 *     hand_poll(...)                         rows come out as text, one JSON object a line, in h.rows
 *     gy_instance_free(i);
 *     hand_fini(&h); */
#ifndef TESTS_UNIT_HAND_H
#define TESTS_UNIT_HAND_H

#include "base/buf.h"
#include "op/splits.h"
#include "op/instance.h"
#include "state/part.h"
#include "job/config.h"

struct hand {
    struct gy_job *job;
    struct gy_plugins *plugins;
    struct gy_graph *graph;
    struct gy_pool *pool;
    struct gy_clock_manual clock; /* from 1 s on */
    struct gy_buf rows;           /* what came out of port 0 since it was emptied */
    struct gy_buf others;         /* ... and of the others */
    uint64_t n_rows;
    uint64_t seed; /* of the instances opened after it was set */
};

/** Loads a job; asserts that it is right. `dir` gets its file. */
void hand_init(struct hand *h, const char *dir, const char *text);
void hand_fini(struct hand *h);

const struct gy_node *hand_node(const struct hand *h, const char *id);

/** An instance that is not open, and an open one. */
struct gy_instance *hand_made(struct hand *h, const char *id, uint32_t task, uint32_t tasks);
struct gy_instance *hand_open(struct hand *h, const char *id, uint32_t task, uint32_t tasks);

/** Polls with a budget and hands rows out; the status. Ends the test where it fails. */
struct gyre_poll hand_poll(struct gy_instance *instance, uint32_t budget);

/** Gives an instance a batch of one i64 column: from ... from + n - 1. 0, or a code. */
int hand_numbers(struct gy_instance *instance, int64_t from, uint32_t n);

/* What an instance wrote to a snapshot, in memory. */
struct hand_saved {
    struct gy_part_piece *first, **last;
};

/** What gy_part_init takes; `host` is a struct hand_saved, whose `last` points to its `first`. */
void hand_keep_piece(void *host, struct gy_part_piece *piece);

/** Saves all of an instance. */
void hand_save(struct gy_instance *instance, struct hand_saved *saved);

/** Gives an instance the records of n snapshots, and frees them; how many there were. */
uint64_t hand_restore(struct gy_instance *instance, struct hand_saved *saved, uint32_t n,
                      int64_t seen_us, int64_t told_us);

/** True where the last call failed with `part` in its sentence; else it prints what was said. */
bool hand_failed(const struct gy_instance *instance, const char *part);

#endif
