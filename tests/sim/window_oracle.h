/* What windows put out, computed in the plainest way: all rows are kept, and each window is made anew from
 * the definitions of users (the contract's table of policies). Rows come from one task that tells
 * watermarks, the greatest time so far less `disorder`, before each row. */
#ifndef TESTS_SIM_WINDOW_ORACLE_H
#define TESTS_SIM_WINDOW_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum oracle_policy {
    ORACLE_NONE, /* tumbling */
    ORACLE_TIME,
    ORACLE_COUNT,
    ORACLE_DELTA,
    ORACLE_APART,
    ORACLE_SESSION,
    ORACLE_ALL,
    ORACLE_FUNCTION /* window_ops: recent, enough */
};

enum oracle_key { ORACLE_UNKEYED, ORACLE_BY_K, ORACLE_BY_S, ORACLE_BY_BOTH };

enum oracle_aggregate {
    ORACLE_SUM,
    ORACLE_COUNT_ROWS,
    ORACLE_MIN,
    ORACLE_AVG,
    ORACLE_MIN_BY,
    ORACLE_SEVERAL,
    ORACLE_LAST,
    ORACLE_EACH,
    ORACLE_PICKY, /* on_error = "skip" */
    ORACLE_AGGREGATES
};

enum { ORACLE_ROWS = 512, ORACLE_TEXT = 48 };

struct oracle_row {
    int64_t id, k, t, x;
    char s[ORACLE_TEXT]; /* "": null */
};

struct oracle_spec {
    enum oracle_policy keep, fire;
    int64_t size_us, gap_us, period_us, offset_us; /* time */
    int64_t keep_count, fire_count;
    int64_t keep_delta, fire_delta;
    bool has_from;
    struct oracle_row from;
    int64_t most;         /* recent */
    int64_t sum, wait_us; /* enough */
    int64_t lateness_us, disorder_us;
    bool accumulate, per_stream;
    enum oracle_key key;
    enum oracle_aggregate aggregate;
};

struct oracle_text {
    char *bytes;
    size_t n, cap;
};

/** Appends lines, one for each row put out, and one for each late row: its id.
 *  Owns:    free() the bytes */
void window_oracle(const struct oracle_spec *spec, const struct oracle_row *rows, uint32_t n,
                   struct oracle_text *out, struct oracle_text *late);

#endif
