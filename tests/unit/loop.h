/* A job with loops, run by hand: all of its operators are driven through op/instance.h, one call at a time, and
 * what an operator puts out lies in a queue until it is its turn, which may be any, by a seed. It has one
 * loop with rounds at most. Without snapshots, threads and bounds: it tests operators, and no engine.
 *
 * Rows from one task to another keep their order. Rounds and the end are as the job file's reference says:
 * the end of a round is seen by the operators of the loop in their order, each behind all rows of the round
 * and what those before it put out at its end; the watermark +infinity comes when nothing goes round. */
#ifndef TESTS_UNIT_LOOP_H
#define TESTS_UNIT_LOOP_H

#include "unit/hand.h"

struct loop_message;
struct loop_sink;

struct loop {
    struct hand hand;
    struct gy_instance **instances; /* [node * tasks_max + task]; NULL: a sink, or no such task */
    uint32_t tasks_max;
    uint64_t seed; /* 0: first come, first served */
    struct loop_message **queue;
    size_t n_queue, queue_room;
    struct loop_message **next; /* rows that wait for the next round */
    size_t n_next, next_room;
    struct loop_sink *sinks; /* per node */
    uint64_t rounds;         /* that have ended */
    uint64_t dropped;        /* messages that came back from the last round */
    uint64_t hops;           /* rows over feedback edges */
};

/** Runs jobs/NAME.cfg from its beginning to its end at some parallelism. `dir` has the files that it reads.
 *  In its text `with` stands for `what`, where that is not NULL. */
void loop_run(struct loop *loop, const char *dir, const char *name, uint32_t parallelism,
              uint64_t seed, const char *what, const char *with);
void loop_fini(struct loop *loop);

/** What has come to a sink: `n` rows of `fields` numbers each, NaN for null. Borrowed. */
const double *loop_rows(const struct loop *loop, const char *sink, size_t *n, uint32_t *fields);

/** How many entries an operator's state has now, over its tasks. */
uint64_t loop_entries(const struct loop *loop, const char *id);

#endif
