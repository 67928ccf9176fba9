/* Clocks and random numbers, the two things that are passed in. */
#include "support/suite.h"

#include <stdbool.h>

#include "base/clock.h"
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

static const struct suite_test tests[] = {
    SUITE_TEST(the_real_clock_tells_this_century_and_never_runs_back),
    SUITE_TEST(the_manual_clock_moves_only_when_told),
    SUITE_TEST(a_seed_gives_its_own_sequence_on_every_machine),
    SUITE_TEST(bounded_numbers_stay_in_their_bounds_and_spread_evenly),
};
SUITE_MAIN("base_time", tests)
