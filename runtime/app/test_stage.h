/* A test is run as a job of its own: the operators that it needs, as they are in the job file; sources of
 * the given rows in the place of those that are given; recorders for what is expected. What runs it is the
 * engine: the graph is built, chained and run as any other, on the caller's thread, with a clock that
 * stands at 1970-01-01 and moves when all wait for it.
 *
 * Sources and recorders are operators of a plugin that is part of the program. Its name is none that a
 * plugin may have, so that no job file can ask for them.
 *
 *     gy_stage_init ─┬─ gy_stage_run (a parallelism) ── read `records` ─┬─ gy_stage_fini
 *                    └────────────────────────────────────────────────────┘ */
#ifndef GY_APP_TEST_STAGE_H
#define GY_APP_TEST_STAGE_H

#include "app/test_spec.h"
#include "base/vec.h"
#include "plugin/load.h"

#include <gyre/plugin.h>

/* No more rows of one stream are recorded. */
enum { GY_RECORD_MOST = 1000000 };

/* What has come of one expected stream. */
struct gy_test_record {
    const struct gy_test_stream *stream;
    GY_VEC(struct gy_test_row) rows;
    struct gy_arena_ctl arena; /* of their cells */
};

struct gy_stage {
    const struct gy_job *job;
    const struct gy_test *test;
    struct gy_plugins *plugins;
    struct gy_arena_ctl arena;
    struct gyre_plugin plugin;
    struct gyre_operator *operators; /* of the given ones, then of the records */
    struct gy_op_setting *settings;
    uint32_t n_settings;
    uint32_t n_records;
    struct gy_test_record *records; /* as test->expect */
};

/** Prepares a stage; `plugins` are those of the job's graph, and get one more.
 *  Owns:    the caller, until gy_stage_fini, also after a failure
 *  Errors:  -1 without memory */
int gy_stage_init(struct gy_stage *stage, const struct gy_job *job, const struct gy_test *test,
                  struct gy_plugins *plugins);
void gy_stage_fini(struct gy_stage *stage);

/** Tells what is wrong with the job of the test at the parallelisms that it is run at: what only a run
 *  needs, as files that are read. */
void gy_stage_check(struct gy_stage *stage, struct gy_diags *diags);

/** Runs the test at a parallelism. 0, or -1 with the reason, one line or several, in `why`. */
int gy_stage_run(struct gy_stage *stage, uint32_t parallelism, struct gy_buf *why);

#endif
