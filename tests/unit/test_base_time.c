/* Clocks and random numbers, the two things that are passed in. */
#include "support/suite.h"

#include <stdbool.h>

#include <limits.h>
#include <string.h>

#include "base/clock.h"
#include "base/moment.h"
#include "base/rng.h"

static void the_real_clock_tells_this_century_and_never_runs_back(void)
{
    const struct gy_clock *c = gy_clock_real();
    CU_ASSERT(gy_clock_now_us(c) > INT64_C(1600000000) * 1000000);
    CU_ASSERT(gy_clock_now_us(c) < INT64_C(4102444800) * 1000000);
    int64_t last = gy_clock_mono_ns(c);
    bool ran_back = false;
    for (int i = 0; i < 1000; i++) {
        int64_t now = gy_clock_mono_ns(c);
        ran_back |= now < last;
        last = now;
    }
    CU_ASSERT_FALSE(ran_back);
}

static void the_manual_clock_moves_only_when_told(void)
{
    struct gy_clock_manual m;
    gy_clock_manual_init(&m, 1000);
    const struct gy_clock *c = &m.clock;
    CU_ASSERT_EQUAL(gy_clock_now_us(c), 1000);
    CU_ASSERT_EQUAL(gy_clock_mono_ns(c), 0);
    gy_clock_manual_advance(&m, 5);
    CU_ASSERT_EQUAL(gy_clock_now_us(c), 1005);
    CU_ASSERT_EQUAL(gy_clock_mono_ns(c), 5000);
    gy_clock_manual_set(&m, 3);
    CU_ASSERT_EQUAL(gy_clock_now_us(c), 3);
    CU_ASSERT_EQUAL(gy_clock_mono_ns(c), 5000);
}

static void a_seed_gives_its_own_sequence_on_every_machine(void)
{
    /* splitmix64 from seed 0, as its authors print it */
    CU_ASSERT_EQUAL(gy_rng_mix(0), UINT64_C(0xe220a8397b1dcdaf));
    struct gy_rng a, b, c;
    gy_rng_init(&a, 1);
    gy_rng_init(&b, 1);
    gy_rng_init(&c, 2);
    /* xoshiro256** from the state {1, 2, 3, 4}: the first outputs of its reference code */
    struct gy_rng known = {{1, 2, 3, 4}};
    CU_ASSERT_EQUAL(gy_rng_next(&known), 11520);
    CU_ASSERT_EQUAL(gy_rng_next(&known), 0);
    CU_ASSERT_EQUAL(gy_rng_next(&known), 1509978240);
    CU_ASSERT_EQUAL(gy_rng_next(&known), UINT64_C(1215971899390074240));
    int equal = 0;
    for (int i = 0; i < 100; i++) {
        uint64_t x = gy_rng_next(&a);
        CU_ASSERT_EQUAL(x, gy_rng_next(&b));
        equal += x == gy_rng_next(&c);
    }
    CU_ASSERT_EQUAL(equal, 0);
}

static void bounded_numbers_stay_in_their_bounds_and_spread_evenly(void)
{
    struct gy_rng r;
    gy_rng_init(&r, 42);
    int counts[7] = {0};
    for (int i = 0; i < 70000; i++)
        counts[gy_rng_below(&r, 7)]++;
    for (int i = 0; i < 7; i++)
        CU_ASSERT(counts[i] > 9500 && counts[i] < 10500);
    CU_ASSERT_EQUAL(gy_rng_below(&r, 1), 0);
    double sum = 0;
    bool outside = false;
    for (int i = 0; i < 10000; i++) {
        double x = gy_rng_double(&r);
        outside |= x < 0 || x >= 1;
        sum += x;
    }
    CU_ASSERT_FALSE(outside);
    CU_ASSERT(sum > 4900 && sum < 5100);
}

static void moments_are_read_as_they_are_written(void)
{
    static const struct {
        const char *text;
        int64_t us;
    } same[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01T00:00:05.25Z", 5250000},
        {"1969-12-31T23:59:59.999999Z", -1},
        {"2026-11-20T10:00:05Z", INT64_C(1795168805000000)},
        {"2000-02-29T23:59:59Z", INT64_C(951868799000000)},
        {"0000-01-01T00:00:00Z", INT64_C(-62167219200000000)},
        {"9999-12-31T23:59:59.999999Z", INT64_C(253402300799999999)},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        char text[GY_MOMENT_MAX];
        int64_t us = 1;
        CU_ASSERT_EQUAL(gy_moment_format(text, same[i].us), strlen(same[i].text));
        CU_ASSERT_STRING_EQUAL(text, same[i].text);
        CU_ASSERT_EQUAL(gy_moment_parse(same[i].text, &us), 0);
        CU_ASSERT_EQUAL(us, same[i].us);
    }
    char text[GY_MOMENT_MAX];
    gy_moment_format(text, INT64_MAX);
    CU_ASSERT_STRING_EQUAL(text, "9223372036854775807");
    gy_moment_format(text, INT64_MIN);
    CU_ASSERT_STRING_EQUAL(text, "-9223372036854775808");
}

static void moments_may_end_early_and_have_a_zone(void)
{
    static const struct {
        const char *text;
        int64_t us;
    } read[] = {
        {"1970-01-02", INT64_C(86400000000)},
        {"1970-01-01 00:01", 60000000},
        {"1970-01-01T02:00:00+02:00", 0},
        {"1969-12-31T19:30-0430", 0},
        {"1970-01-01T00:00:00.1234567899Z", 123456},
        {"1970-01-01T00:00:01", 1000000},
    };
    static const char *const wrong[] = {
        "",
        "1970",
        "1970-1-1",
        "1970-13-01",
        "1970-02-29",
        "1970-00-01",
        "1970-01-32",
        "1970-01-01T",
        "1970-01-01T24:00",
        "1970-01-01T00:00:60",
        "1970-01-01Z",
        "1970-01-01T00:00:00.",
        "1970-01-01T00:00:00Zx",
        "1970-01-01T00:00+2",
        "12",
        "2100-02-29",
        " 1970-01-01",
    };
    for (size_t i = 0; i < sizeof read / sizeof *read; i++) {
        int64_t us = -1;
        CU_ASSERT_EQUAL(gy_moment_parse(read[i].text, &us), 0);
        CU_ASSERT_EQUAL(us, read[i].us);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int64_t us = 7;
        CU_ASSERT_EQUAL(gy_moment_parse(wrong[i], &us), -1);
        CU_ASSERT_EQUAL(us, 7);
    }
}

static const struct suite_test tests[] = {
    SUITE_TEST(moments_are_read_as_they_are_written),
    SUITE_TEST(moments_may_end_early_and_have_a_zone),
    SUITE_TEST(the_real_clock_tells_this_century_and_never_runs_back),
    SUITE_TEST(the_manual_clock_moves_only_when_told),
    SUITE_TEST(a_seed_gives_its_own_sequence_on_every_machine),
    SUITE_TEST(bounded_numbers_stay_in_their_bounds_and_spread_evenly),
};
SUITE_MAIN("base_time", tests)
