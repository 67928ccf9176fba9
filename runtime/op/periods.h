/* Time windows as arithmetic: which windows a moment lies in, and the panes that they share.
 *
 * Window number k, any integer, is [offset + k * period - size, offset + k * period). A pane is what
 * lies between two neighbouring bounds of windows, so that a window is a run of whole panes and a
 * moment lies in one pane ("paired windows": Krishnamurthy, Wu and Franklin, "On-the-Fly Sharing for
 * Streamed Aggregation", SIGMOD 2006). There are at most two panes a period.
 *
 *     size 5, period 3       windows   |----k----|
 *                                         |---k+1---|
 *                            panes     |  |.|  |.|  |      "." is where size reaches over a period
 *
 * Where size < period, some panes lie in no window. Bounds may lie beyond 64 bits; they are computed in
 * 128, and told as the nearest moment there is. */
#ifndef GY_OP_PERIODS_H
#define GY_OP_PERIODS_H

#include <stdbool.h>
#include <stdint.h>

__extension__ typedef __int128 gy_i128;

struct gy_periods {
    int64_t size_us;
    int64_t period_us;
    int64_t offset_us; /* 0 ... period_us - 1 */
};

struct gy_pane_bounds {
    int64_t first_us, last_us; /* its first and its last moment */
};

/** Any offset; size and period above 0. */
struct gy_periods gy_periods_make(int64_t size_us, int64_t period_us, int64_t offset_us);

/** The end of window k, beyond 64 bits where it is. */
gy_i128 gy_periods_end(const struct gy_periods *p, int64_t k);

/** Start and end of window k, as moments: what is put out. */
int64_t gy_periods_start_us(const struct gy_periods *p, int64_t k);
int64_t gy_periods_end_us(const struct gy_periods *p, int64_t k);

/** The first and the last window that a moment lies in; the first is the greater one where it lies in
 *  none. */
int64_t gy_periods_first(const struct gy_periods *p, int64_t time_us);
int64_t gy_periods_last(const struct gy_periods *p, int64_t time_us);

/** The last window whose end is not behind a moment; INT64_MIN for the moment INT64_MIN, INT64_MAX for
 *  INT64_MAX, which is the end of all. */
int64_t gy_periods_due(const struct gy_periods *p, int64_t time_us);

/** The pane of a moment. */
struct gy_pane_bounds gy_periods_pane(const struct gy_periods *p, int64_t time_us);

/** a - b, and INT64_MIN or INT64_MAX where that is beyond them; of the two ends of time nothing can be
 *  taken. */
int64_t gy_time_minus(int64_t a, int64_t b);

/** a + b likewise. */
int64_t gy_time_plus(int64_t a, int64_t b);

#endif
