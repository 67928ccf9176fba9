/* Time windows as arithmetic, against their definition, at both ends of time too. */
#include "support/suite.h"

#include "base/rng.h"
#include "data/batch.h"
#include "op/periods.h"

static bool holds(const struct gy_periods *p, int64_t k, int64_t t)
{
    gy_i128 end = (gy_i128)k * p->period_us + p->offset_us;
    return t >= end - p->size_us && t < end;
}

static void check(const struct gy_periods *p, int64_t t)
{
    int64_t first = gy_periods_first(p, t), last = gy_periods_last(p, t);
    struct gy_pane_bounds pane = gy_periods_pane(p, t);
    CU_ASSERT_FATAL(!holds(p, first - 1, t) && !holds(p, last + 1, t));
    for (int64_t k = first; k <= last; k++)
        CU_ASSERT_FATAL(holds(p, k, t));
    CU_ASSERT(gy_periods_end(p, first) > t && gy_periods_end(p, first - 1) <= t);
    CU_ASSERT_EQUAL(gy_periods_due(p, t), t == INT64_MIN || t == INT64_MAX ? t : first - 1);
    CU_ASSERT(pane.first_us <= t && t <= pane.last_us);
    /* Both ends of a pane lie in the same windows, and what is next to it in others. */
    CU_ASSERT_EQUAL(gy_periods_first(p, pane.first_us), first);
    CU_ASSERT_EQUAL(gy_periods_last(p, pane.first_us), last);
    CU_ASSERT_EQUAL(gy_periods_first(p, pane.last_us), first);
    CU_ASSERT_EQUAL(gy_periods_last(p, pane.last_us), last);
    if (pane.first_us != INT64_MIN)
        CU_ASSERT(gy_periods_first(p, pane.first_us - 1) != first ||
                  gy_periods_last(p, pane.first_us - 1) != last);
    if (pane.last_us != INT64_MAX)
        CU_ASSERT(gy_periods_first(p, pane.last_us + 1) != first ||
                  gy_periods_last(p, pane.last_us + 1) != last);
}

static void windows_and_panes_are_as_defined(void)
{
    struct gy_rng rng;
    gy_rng_init(&rng, 1);
    for (int i = 0; i < 20000; i++) {
        int64_t size = 1 + (int64_t)(gy_rng_next(&rng) % 40);
        int64_t period = 1 + (int64_t)(gy_rng_next(&rng) % 20);
        int64_t offset = (int64_t)(gy_rng_next(&rng) % 50) - 25;
        struct gy_periods p = gy_periods_make(size, period, offset);
        check(&p, (int64_t)(gy_rng_next(&rng) % 200) - 100);
        if (period > 1) {
            check(&p, INT64_MIN + (int64_t)(gy_rng_next(&rng) % 60));
            check(&p, INT64_MAX - (int64_t)(gy_rng_next(&rng) % 60));
        }
    }
}

static void a_moment_before_zero_lies_in_the_window_before_zero(void)
{
    struct gy_periods p = gy_periods_make(5, 5, 0);
    CU_ASSERT_EQUAL(gy_periods_start_us(&p, gy_periods_first(&p, -1)), -5);
    CU_ASSERT_EQUAL(gy_periods_end_us(&p, gy_periods_first(&p, -1)), 0);
    p = gy_periods_make(10, 10, 5);
    CU_ASSERT_EQUAL(gy_periods_start_us(&p, gy_periods_first(&p, -2)), -5);
    CU_ASSERT_EQUAL(gy_periods_end_us(&p, gy_periods_first(&p, -2)), 5);
}

static void sums_of_times_stay_within_time(void)
{
    CU_ASSERT_EQUAL(gy_time_plus(INT64_MAX - 1, 5), INT64_MAX);
    CU_ASSERT_EQUAL(gy_time_minus(INT64_MIN + 1, 5), INT64_MIN);
    CU_ASSERT_EQUAL(gy_time_minus(INT64_MAX, 5), INT64_MAX);
    CU_ASSERT_EQUAL(gy_time_plus(3, -5), -2);
}

/* ---- the times of a batch ---- */

/* One moment in a batch is another than all the others, wherever it stands: vectors have ends. */
static void one_time_of_a_batch_that_is_outside_or_lacking_is_found(void)
{
    enum { MOST = 70 };
    static const int64_t moments[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 4, 5, 9, 10, INT64_MAX};
    int64_t times[MOST] = {0};
    for (uint32_t n = 0; n <= MOST; n++) {
        for (uint32_t i = 0; i < n; i++)
            times[i] = 5 + i % 5;
        CU_ASSERT_TRUE(gy_times_within(times, n, 5, 9));
        CU_ASSERT_FALSE(gy_times_lack(times, n));
        for (uint32_t i = 0; i < n; i++) {
            int64_t before = times[i];
            for (uint32_t m = 0; m < sizeof moments / sizeof *moments; m++) {
                times[i] = moments[m];
                CU_ASSERT_EQUAL(gy_times_within(times, n, 5, 9),
                                moments[m] >= 5 && moments[m] <= 9);
                CU_ASSERT_EQUAL(gy_times_lack(times, n), moments[m] == GYRE_NO_TIME);
            }
            times[i] = before;
        }
    }
}

static void bounds_of_times_may_be_the_ends_of_64_bits(void)
{
    const int64_t times[2] = {-1, INT64_MAX};
    CU_ASSERT_TRUE(gy_times_within(&times[1], 1, INT64_MAX, INT64_MAX));
    CU_ASSERT_TRUE(gy_times_within(times, 1, INT64_MIN, -1));
    CU_ASSERT_TRUE(gy_times_within(&times[1], 1, 0, INT64_MAX));
    CU_ASSERT_FALSE(gy_times_within(times, 2, INT64_MIN, -1));
    CU_ASSERT_FALSE(gy_times_within(times, 2, 0, INT64_MAX));
}

static const struct suite_test tests[] = {
    SUITE_TEST(windows_and_panes_are_as_defined),
    SUITE_TEST(a_moment_before_zero_lies_in_the_window_before_zero),
    SUITE_TEST(sums_of_times_stay_within_time),
    SUITE_TEST(one_time_of_a_batch_that_is_outside_or_lacking_is_found),
    SUITE_TEST(bounds_of_times_may_be_the_ends_of_64_bits),
};
SUITE_MAIN("op_periods", tests)
