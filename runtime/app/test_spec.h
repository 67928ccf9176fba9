/* The tests of a job file, read and checked against the job's graph: which streams are given, what is
 * expected of which, and which operators are needed for that.
 *
 * A stream is what an operator puts out at one port, or what a sink gets at one. Its rows have the fields
 * of the stream's schema, in its order. Of given ones two things stand between the rows: `*watermark`,
 * which is put out, and `*clock`, for which the rows behind it wait.
 *
 * An operator is needed where something expected depends on it and nothing given stands between. */
#ifndef GY_APP_TEST_SPEC_H
#define GY_APP_TEST_SPEC_H

#include "app/test_cell.h"
#include "graph/logical.h"
#include "job/config.h"

enum gy_test_row_kind { GY_TEST_ROW, GY_TEST_WATERMARK, GY_TEST_CLOCK };

struct gy_test_row {
    enum gy_test_row_kind kind;
    const struct gy_setting *at; /* NULL: of an actual row */
    bool has_time;
    int64_t time_us; /* its event time; what the watermark or the clock is */
    struct gy_cell *cells;
};

struct gy_test_stream {
    const struct gy_setting *at;
    const char *name; /* "counts", "split.even" */
    uint32_t op;      /* among the job's operators */
    uint32_t port;    /* of its output; of a sink, its input */
    const char *port_name;
    bool sink;
    const struct gyre_schema *schema; /* the graph's */
    bool *compared;                   /* expected: per field, whether some row says what it is */
    bool compares_time;
    uint32_t n;
    struct gy_test_row *rows;
};

/* What stands for one operator: one or more streams, which are beside each other. */
struct gy_test_given {
    uint32_t op;
    bool timed;  /* its rows have times, and it puts out watermarks */
    bool single; /* as one task, whatever the parallelism */
    const struct gy_node *node;
    uint32_t n_streams;
    const struct gy_test_stream *streams;
};

struct gy_test {
    const struct gy_test_setting *set;
    uint32_t mode; /* GYRE_MODE_... */
    uint32_t n_parallelism;
    const uint32_t *parallelism;
    uint32_t n_given;
    struct gy_test_given *given;
    uint32_t n_expect;
    struct gy_test_stream *expect;
    bool *needed; /* per operator of the job; none that is given, and no sink */
};

/** Reads all tests of a job. `graphs` are the job's in GYRE_MODE_STREAM and GYRE_MODE_BATCH, those that
 *  some test asks for.
 *  Owns:    the scope's arena
 *  Errors:  NULL without memory, or where there are none; mistakes are told */
struct gy_test *gy_tests_read(const struct gy_scope *scope, const struct gy_job *job,
                              struct gy_graph *const graphs[2]);

/** The mode that a test runs in. */
uint32_t gy_test_mode(const struct gy_job *job, const struct gy_test_setting *test);

#endif
