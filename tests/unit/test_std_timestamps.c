/* std.timestamps alone, driven by hand: watermarks, what is a bad row, and when its stream is idle. */
#include "files.h"
#include "op/frontier.h"
#include "suite.h"
#include "unit/hand.h"

#include <stdlib.h>

struct rig {
    struct hand hand;
    char *dir;
    struct gy_instance *x;
    struct gy_frontier frontier;
};

static void rig_init(struct rig *rig, const char *settings)
{
    rig->dir = dir_temp();
    char *in = path_join(rig->dir, "in");
    char *text = text_format(
        "job = \"t\"; operators = (\n"
        "{ id = \"in\"; op = \"file.read\"; path = \"in\"; format = \"csv\"; schema = (\n"
        "  {name=\"value\";type=\"i64\";nullable=true;} ); },\n"
        "{ id = \"x\"; op = \"std.timestamps\"; input = \"in\"; on_error = \"skip\"; %s },\n"
        "{ id = \"out\"; op = \"std.null\"; input = \"x\"; } );",
        settings);
    file_write_text(in, "");
    hand_init(&rig->hand, rig->dir, text);
    rig->x = hand_open(&rig->hand, "x", 0, 1);
    CU_ASSERT_EQUAL_FATAL(gy_frontier_init(&rig->frontier, rig->x, 1), 0);
    free(text);
    free(in);
}

static void rig_fini(struct rig *rig)
{
    gy_frontier_fini(&rig->frontier);
    gy_instance_free(rig->x);
    hand_fini(&rig->hand);
    dir_remove(rig->dir);
    free(rig->dir);
}

/* A batch of times; INT64_MIN is null. */
static void give(struct rig *rig, const int64_t *times, uint32_t n)
{
    uint8_t valid[16];
    struct gy_column column = {.data = times, .valid = valid};
    struct gy_batch batch = {.rows = n, .kept = n, .n_columns = 1, .columns = &column};
    for (uint32_t i = 0; i < n; i++)
        valid[i] = times[i] != INT64_MIN;
    CU_ASSERT_EQUAL_FATAL(gy_instance_process(rig->x, 0, &batch), 0);
}

#define GIVE(rig, ...)                                                                             \
    give(rig, (const int64_t[]){__VA_ARGS__}, sizeof((const int64_t[]){__VA_ARGS__}) / 8)

/* What is told next of the kind; 0 where nothing is. */
static int next(struct rig *rig, struct gy_told *told)
{
    CU_ASSERT_EQUAL_FATAL(gy_frontier_step(&rig->frontier, 1000, told), 0);
    return told->kind;
}

static void expect_watermark(struct rig *rig, int64_t time_us)
{
    struct gy_told told;
    CU_ASSERT_EQUAL(next(rig, &told), GY_TOLD_WATERMARK);
    CU_ASSERT_EQUAL(told.time_us, time_us);
}

static void expect_nothing(struct rig *rig)
{
    struct gy_told told;
    CU_ASSERT_EQUAL(next(rig, &told), GY_TOLD_NOTHING);
}

static void expect_idle(struct rig *rig, bool idle)
{
    struct gy_told told;
    CU_ASSERT_EQUAL(next(rig, &told), GY_TOLD_IDLE);
    CU_ASSERT_EQUAL(told.flag, idle);
    expect_nothing(rig);
}

static void the_watermark_is_the_greatest_time_less_the_disorder(void)
{
    struct rig rig;
    rig_init(&rig, "field = \"value\"; max_out_of_order = \"10us\";");
    expect_nothing(&rig);
    GIVE(&rig, 100, 90, 95);
    expect_watermark(&rig, 90);
    GIVE(&rig, 80);
    expect_nothing(&rig);
    GIVE(&rig, 120, 101);
    expect_watermark(&rig, 110);
    rig_fini(&rig);
}

static void times_at_both_ends_of_64_bits_do_not_overflow(void)
{
    struct rig rig;
    rig_init(&rig, "field = \"value\"; max_out_of_order = \"10us\";");
    GIVE(&rig, INT64_MIN + 1);
    expect_nothing(&rig);
    GIVE(&rig, INT64_MAX);
    expect_watermark(&rig, INT64_MAX - 10);
    rig_fini(&rig);
}

static void a_row_without_a_time_is_a_bad_row(void)
{
    struct rig rig;
    struct gy_instance_stats stats;
    rig_init(&rig, "field = \"value\";");
    GIVE(&rig, 5, INT64_MIN, 7);
    expect_watermark(&rig, 7);
    gy_instance_stats(rig.x, &stats);
    CU_ASSERT_EQUAL(stats.bad_rows, 1);
    CU_ASSERT_EQUAL(stats.rows_out, 2);
    rig_fini(&rig);
}

static void the_end_of_input_is_told_and_its_watermarks_are_not(void)
{
    struct rig rig;
    struct gy_told told;
    rig_init(&rig, "field = \"value\";");
    gy_frontier_watermark(&rig.frontier, 0, 1000);
    expect_nothing(&rig);
    GIVE(&rig, 5);
    expect_watermark(&rig, 5);
    gy_frontier_watermark(&rig.frontier, 0, INT64_MAX);
    gy_frontier_end(&rig.frontier, 0, false);
    expect_watermark(&rig, INT64_MAX);
    CU_ASSERT_EQUAL(next(&rig, &told), GY_TOLD_END);
    rig_fini(&rig);
}

/* ---- idle ---- */

static void without_a_row_for_long_it_is_idle_until_the_next_one(void)
{
    struct rig rig;
    rig_init(&rig, "field = \"value\"; idle = \"100us\";");
    CU_ASSERT_EQUAL(gy_instance_wake_us(rig.x), 1000100);
    CU_ASSERT_EQUAL(hand_node(&rig.hand, "x")->step_us, 0); /* its timer cuts no batch */
    gy_clock_manual_advance(&rig.hand.clock, 60);
    GIVE(&rig, 5);
    expect_watermark(&rig, 5);
    gy_clock_manual_advance(&rig.hand.clock, 60); /* the timer goes off: 60 us since the row */
    expect_nothing(&rig);
    CU_ASSERT_EQUAL(gy_instance_wake_us(rig.x), 1000160);
    gy_clock_manual_advance(&rig.hand.clock, 39);
    expect_nothing(&rig);
    gy_clock_manual_advance(&rig.hand.clock, 1);
    expect_idle(&rig, true);
    CU_ASSERT_EQUAL(gy_instance_wake_us(rig.x), INT64_MAX);
    gy_clock_manual_advance(&rig.hand.clock, 1000);
    expect_nothing(&rig);
    GIVE(&rig, 3); /* no news for the watermark, and not idle any more */
    expect_idle(&rig, false);
    gy_clock_manual_advance(&rig.hand.clock, 100);
    expect_idle(&rig, true);
    rig_fini(&rig);
}

static void it_is_idle_where_no_row_has_ever_come_and_tells_its_end(void)
{
    struct rig rig;
    struct gy_told told;
    rig_init(&rig, "field = \"value\"; idle = \"100us\";");
    expect_nothing(&rig);
    gy_clock_manual_advance(&rig.hand.clock, 100);
    expect_idle(&rig, true);
    gy_frontier_watermark(&rig.frontier, 0, INT64_MAX);
    gy_frontier_end(&rig.frontier, 0, false);
    expect_watermark(&rig, INT64_MAX);
    CU_ASSERT_EQUAL(next(&rig, &told), GY_TOLD_END);
    CU_ASSERT_FALSE(told.flag);
    rig_fini(&rig);
}

static void a_clock_that_is_set_back_delays_it_until_the_next_row(void)
{
    struct rig rig;
    rig_init(&rig, "field = \"value\"; idle = \"100us\";");
    gy_clock_manual_advance(&rig.hand.clock, 5000000);
    GIVE(&rig, 5);
    expect_watermark(&rig, 5);
    gy_clock_manual_set(&rig.hand.clock, 2000000);
    GIVE(&rig, 5);
    expect_nothing(&rig);
    gy_clock_manual_advance(&rig.hand.clock, 100);
    expect_idle(&rig, true);
    rig_fini(&rig);
}

static void without_the_option_it_is_never_idle(void)
{
    struct rig rig;
    rig_init(&rig, "field = \"value\";");
    GIVE(&rig, 5);
    expect_watermark(&rig, 5);
    CU_ASSERT_EQUAL(gy_instance_wake_us(rig.x), INT64_MAX);
    gy_clock_manual_advance(&rig.hand.clock, INT64_C(1) << 50);
    expect_nothing(&rig);
    rig_fini(&rig);
}

static const struct suite_test tests[] = {
    SUITE_TEST(the_watermark_is_the_greatest_time_less_the_disorder),
    SUITE_TEST(times_at_both_ends_of_64_bits_do_not_overflow),
    SUITE_TEST(a_row_without_a_time_is_a_bad_row),
    SUITE_TEST(the_end_of_input_is_told_and_its_watermarks_are_not),
    SUITE_TEST(without_a_row_for_long_it_is_idle_until_the_next_one),
    SUITE_TEST(it_is_idle_where_no_row_has_ever_come_and_tells_its_end),
    SUITE_TEST(a_clock_that_is_set_back_delays_it_until_the_next_row),
    SUITE_TEST(without_the_option_it_is_never_idle),
};

SUITE_MAIN("std_timestamps", tests)
