/* How far an operator has come: what its inputs tell, what it sees, what it tells. */
#include "base/mem.h"
#include "files.h"
#include "op/frontier.h"
#include "suite.h"
#include "unit/hand.h"

#include <stdlib.h>

/* ---- the gate alone ---- */

static void watermark_is_the_least_of_the_inputs_that_have_not_ended(void)
{
    struct gy_gate gate;
    CU_ASSERT_EQUAL_FATAL(gy_gate_init(&gate, 3), 0);
    gy_gate_watermark(&gate, 0, 10);
    gy_gate_watermark(&gate, 1, 7);
    CU_ASSERT_EQUAL(gate.watermark_us, INT64_MIN);
    gy_gate_watermark(&gate, 2, 20);
    CU_ASSERT_EQUAL(gate.watermark_us, 7);
    gy_gate_watermark(&gate, 1, 5); /* backwards */
    CU_ASSERT_EQUAL(gate.watermark_us, 7);
    gy_gate_end(&gate, 1, false);
    CU_ASSERT_EQUAL(gate.watermark_us, 10);
    gy_gate_end(&gate, 2, true);
    CU_ASSERT_EQUAL(gate.watermark_us, 10);
    CU_ASSERT_FALSE(gy_gate_has_ended(&gate));
    gy_gate_end(&gate, 0, false);
    CU_ASSERT_TRUE(gy_gate_has_ended(&gate));
    CU_ASSERT_TRUE(gate.stopped);
    CU_ASSERT_EQUAL(gate.watermark_us, 20);
    gy_gate_fini(&gate);
}

static void a_stopped_job_is_never_told_the_end_of_input(void)
{
    struct gy_gate gate;
    CU_ASSERT_EQUAL_FATAL(gy_gate_init(&gate, 2), 0);
    gy_gate_watermark(&gate, 0, INT64_MAX); /* its end is on the way */
    gy_gate_end(&gate, 1, true);
    gy_gate_end(&gate, 0, false);
    CU_ASSERT_TRUE(gy_gate_has_ended(&gate));
    CU_ASSERT_TRUE(gate.watermark_us < INT64_MAX);
    gy_gate_fini(&gate);
}

static void an_idle_input_is_left_aside_until_it_is_active_again(void)
{
    struct gy_gate gate;
    CU_ASSERT_EQUAL_FATAL(gy_gate_init(&gate, 3), 0);
    gy_gate_watermark(&gate, 0, 10);
    gy_gate_watermark(&gate, 1, 20);
    gy_gate_idle(&gate, 2, true, false); /* it has told nothing at all */
    CU_ASSERT_EQUAL(gate.watermark_us, 10);
    gy_gate_idle(&gate, 0, true, false);
    CU_ASSERT_EQUAL(gate.watermark_us, 20);
    CU_ASSERT_FALSE(gate.idle);
    gy_gate_watermark(&gate, 0, 15); /* active again: what is past stays past, what comes waits */
    CU_ASSERT_EQUAL(gate.watermark_us, 20);
    gy_gate_watermark(&gate, 1, 40);
    CU_ASSERT_EQUAL(gate.watermark_us, 20);
    gy_gate_watermark(&gate, 0, 30);
    CU_ASSERT_EQUAL(gate.watermark_us, 30);
    gy_gate_idle(&gate, 2, false, false);
    gy_gate_watermark(&gate, 0, 50);
    CU_ASSERT_EQUAL(gate.watermark_us, 30);
    gy_gate_fini(&gate);
}

static void a_gate_is_idle_where_all_that_have_not_ended_are_and_an_idle_input_that_ends_ends(void)
{
    struct gy_gate gate;
    CU_ASSERT_EQUAL_FATAL(gy_gate_init(&gate, 3), 0);
    gy_gate_watermark(&gate, 0, 10);
    gy_gate_watermark(&gate, 1, 20);
    gy_gate_idle(&gate, 0, true, false);
    gy_gate_idle(&gate, 1, true, false);
    CU_ASSERT_FALSE(gate.idle);
    CU_ASSERT_EQUAL(gate.watermark_us, INT64_MIN); /* the third has told nothing */
    gy_gate_watermark(&gate, 2, INT64_MAX);
    CU_ASSERT_TRUE(gate.idle);
    CU_ASSERT_EQUAL(gate.watermark_us, 10); /* not +infinity: two have not ended */
    gy_gate_end(&gate, 2, false);
    CU_ASSERT_TRUE(gate.idle);
    CU_ASSERT_EQUAL(gate.watermark_us, 10);
    gy_gate_end(&gate, 0, false);
    CU_ASSERT_TRUE(gate.idle);
    CU_ASSERT_EQUAL(gate.watermark_us, 20);
    gy_gate_end(&gate, 1, false);
    CU_ASSERT_FALSE(gate.idle);
    CU_ASSERT_EQUAL(gate.watermark_us, INT64_MAX);
    CU_ASSERT_TRUE(gy_gate_has_ended(&gate));
    gy_gate_fini(&gate);
}

/* ---- an aggregate with results to put out ---- */

static const char final_sum[] =
    "job = \"t\"; mode = \"batch\"; operators = (\n"
    "{ id = \"in\"; op = \"gen.sequence\"; to = 0; },\n"
    "{ id = \"sum\"; op = \"std.sum\"; input = \"in\"; key = \"value\"; "
    "field = \"value\"; as = \"total\"; },\n"
    "{ id = \"out\"; op = \"std.null\"; input = \"sum\"; } );";

struct rig {
    struct hand hand;
    char *dir;
    struct gy_instance *sum;
    struct gy_frontier frontier;
};

static void rig_init(struct rig *rig, const char *text)
{
    rig->dir = dir_temp();
    hand_init(&rig->hand, rig->dir, text);
    rig->sum = hand_open(&rig->hand, "sum", 0, 1);
    CU_ASSERT_EQUAL_FATAL(gy_frontier_init(&rig->frontier, rig->sum, 2), 0);
}

static void rig_fini(struct rig *rig)
{
    gy_frontier_fini(&rig->frontier);
    gy_instance_free(rig->sum);
    hand_fini(&rig->hand);
    dir_remove(rig->dir);
    free(rig->dir);
}

static struct gy_told step(struct rig *rig, uint32_t rows_max)
{
    struct gy_told told;
    CU_ASSERT_EQUAL_FATAL(gy_frontier_step(&rig->frontier, rows_max, &told), 0);
    return told;
}

static void both_inputs_end(struct rig *rig)
{
    for (uint32_t i = 0; i < 2; i++) {
        gy_frontier_watermark(&rig->frontier, i, INT64_MAX);
        gy_frontier_end(&rig->frontier, i, false);
    }
}

static void the_end_of_input_is_told_when_all_results_are_out(void)
{
    struct rig rig;
    rig_init(&rig, final_sum);
    CU_ASSERT_EQUAL(hand_numbers(rig.sum, 0, 1000), 0);
    gy_frontier_watermark(&rig.frontier, 0, 5);
    CU_ASSERT_EQUAL(step(&rig, 100).kind, GY_TOLD_NOTHING);
    gy_frontier_watermark(&rig.frontier, 1, 7);
    struct gy_told told = step(&rig, 100);
    CU_ASSERT_TRUE(told.kind == GY_TOLD_WATERMARK && told.time_us == 5);
    both_inputs_end(&rig);
    told = step(&rig, 0); /* the end of the first one leaves the other at 7, if only for a moment */
    CU_ASSERT_TRUE(told.kind == GY_TOLD_WATERMARK && told.time_us == 7);
    CU_ASSERT_EQUAL(step(&rig, 0).kind, GY_TOLD_NOTHING); /* seen, and no work done */
    CU_ASSERT_EQUAL(gy_instance_seen(rig.sum), INT64_MAX);
    CU_ASSERT_EQUAL(gy_instance_told(rig.sum), 7);
    uint32_t slices = 0;
    while ((told = step(&rig, 100)).kind == GY_TOLD_LATER)
        slices++;
    CU_ASSERT_TRUE(slices >= 10);
    CU_ASSERT_TRUE(told.kind == GY_TOLD_WATERMARK && told.time_us == INT64_MAX);
    CU_ASSERT_EQUAL(rig.hand.n_rows, 1000); /* all of them before it */
    told = step(&rig, 100);
    CU_ASSERT_TRUE(told.kind == GY_TOLD_END && !told.flag);
    CU_ASSERT_EQUAL(step(&rig, 100).kind, GY_TOLD_NOTHING);
    rig_fini(&rig);
}

/* ---- what is saved in the middle of it ---- */

/* A snapshot between two slices has the results that are still to come, and nobody else: rows before it
 * and rows of whoever goes on from it are each key once. Results go on while it is written. */
static void a_snapshot_between_two_slices_has_what_is_left(void)
{
    struct rig rig, again;
    struct hand_saved saved = {.last = &saved.first};
    struct gy_part part;
    rig_init(&rig, final_sum);
    CU_ASSERT_EQUAL(hand_numbers(rig.sum, 0, 1000), 0);
    both_inputs_end(&rig);
    for (int i = 0; i < 3; i++)
        CU_ASSERT_EQUAL(step(&rig, 100).kind, GY_TOLD_LATER);
    gy_instance_flush(rig.sum, true);
    uint64_t before = rig.hand.n_rows;
    CU_ASSERT_TRUE(before >= 300 && before < 400);
    gy_part_init(&part, 1, hand_keep_piece, &saved);
    CU_ASSERT_EQUAL_FATAL(gy_instance_save_begin(rig.sum, &part), 0);
    int64_t seen_us = gy_instance_seen(rig.sum), told_us = gy_instance_told(rig.sum);
    bool more = true;
    while (more) {
        step(&rig, 50);
        more = gy_instance_save_slice(rig.sum, 8);
    }
    CU_ASSERT_EQUAL(gy_part_end(&part), 0);
    gy_part_fini(&part);
    while (step(&rig, 100).kind != GY_TOLD_NOTHING)
        ;
    CU_ASSERT_EQUAL(rig.hand.n_rows, 1000);

    rig_init(&again, final_sum);
    CU_ASSERT_EQUAL(hand_restore(again.sum, &saved, 1, seen_us, told_us), 1000 - before);
    gy_frontier_restore(&again.frontier, seen_us, told_us, false);
    both_inputs_end(&again);
    while (step(&again, 100).kind != GY_TOLD_NOTHING)
        ;
    CU_ASSERT_TRUE(again.frontier.ended && !again.frontier.stopped);
    CU_ASSERT_EQUAL(again.hand.n_rows, 1000 - before);
    rig_fini(&again);
    rig_fini(&rig);
}

static void after_the_barrier_of_a_stop_nothing_more_is_put_out(void)
{
    struct rig rig;
    rig_init(&rig, final_sum);
    CU_ASSERT_EQUAL(hand_numbers(rig.sum, 0, 1000), 0);
    both_inputs_end(&rig);
    CU_ASSERT_EQUAL(step(&rig, 100).kind, GY_TOLD_LATER);
    gy_instance_flush(rig.sum, true);
    uint64_t rows = rig.hand.n_rows;
    gy_frontier_halt(&rig.frontier);
    struct gy_told told = step(&rig, 100);
    CU_ASSERT_TRUE(told.kind == GY_TOLD_END && told.flag);
    CU_ASSERT_EQUAL(rig.hand.n_rows, rows);
    CU_ASSERT_TRUE(rig.frontier.told_us < INT64_MAX);
    rig_fini(&rig);
}

/* ---- idle ---- */

static void an_operator_whose_inputs_are_idle_says_so_and_when_it_is_over(void)
{
    struct rig rig;
    rig_init(&rig, final_sum);
    gy_frontier_idle(&rig.frontier, 0, true, false);
    CU_ASSERT_EQUAL(step(&rig, 100).kind, GY_TOLD_NOTHING);
    gy_frontier_idle(&rig.frontier, 1, true, false);
    struct gy_told told = step(&rig, 100);
    CU_ASSERT_TRUE(told.kind == GY_TOLD_IDLE && told.flag);
    CU_ASSERT_EQUAL(step(&rig, 100).kind, GY_TOLD_NOTHING);
    gy_frontier_watermark(&rig.frontier, 1, 9);
    told = step(&rig, 100);
    CU_ASSERT_TRUE(told.kind == GY_TOLD_WATERMARK && told.time_us == 9);
    told = step(&rig, 100);
    CU_ASSERT_TRUE(told.kind == GY_TOLD_IDLE && !told.flag);
    rig_fini(&rig);
}

static const char live_sum[] = "job = \"t\"; operators = (\n"
                               "{ id = \"in\"; op = \"gen.sequence\"; to = 0; },\n"
                               "{ id = \"sum\"; op = \"std.sum\"; input = \"in\"; field = "
                               "\"value\"; window = { time = \"1s\"; }; },\n"
                               "{ id = \"out\"; op = \"std.null\"; input = \"sum\"; } );";

static void a_source_without_times_tells_the_time_of_the_clock_also_where_nothing_comes(void)
{
    struct rig rig = {.dir = dir_temp()};
    struct gy_told told;
    hand_init(&rig.hand, rig.dir, live_sum);
    struct gy_instance *in = hand_open(&rig.hand, "in", 0, 1);
    CU_ASSERT_EQUAL_FATAL(gy_frontier_init(&rig.frontier, in, 0), 0);
    int64_t start_us = gy_clock_now_us(&rig.hand.clock.clock);
    told = step(&rig, 100);
    CU_ASSERT_TRUE(told.kind == GY_TOLD_WATERMARK && told.time_us == start_us);
    CU_ASSERT_EQUAL(step(&rig, 100).kind, GY_TOLD_NOTHING);
    int64_t wake_us = gy_frontier_wake_us(&rig.frontier);
    CU_ASSERT_TRUE(wake_us > start_us && wake_us <= start_us + 1000 * 1000);
    gy_clock_manual_advance(&rig.hand.clock, 1000); /* not worth a message */
    CU_ASSERT_EQUAL(step(&rig, 100).kind, GY_TOLD_NOTHING);
    gy_clock_manual_advance(&rig.hand.clock, wake_us - start_us);
    told = step(&rig, 100);
    CU_ASSERT_TRUE(told.kind == GY_TOLD_WATERMARK && told.time_us == wake_us + 1000);
    gy_frontier_exhaust(&rig.frontier, false);
    CU_ASSERT_EQUAL(gy_frontier_wake_us(&rig.frontier), INT64_MAX);
    told = step(&rig, 100);
    CU_ASSERT_TRUE(told.kind == GY_TOLD_WATERMARK && told.time_us == INT64_MAX);
    rig.sum = in;
    rig_fini(&rig);
}

static const struct suite_test tests[] = {
    SUITE_TEST(watermark_is_the_least_of_the_inputs_that_have_not_ended),
    SUITE_TEST(a_stopped_job_is_never_told_the_end_of_input),
    SUITE_TEST(an_idle_input_is_left_aside_until_it_is_active_again),
    SUITE_TEST(a_gate_is_idle_where_all_that_have_not_ended_are_and_an_idle_input_that_ends_ends),
    SUITE_TEST(the_end_of_input_is_told_when_all_results_are_out),
    SUITE_TEST(a_snapshot_between_two_slices_has_what_is_left),
    SUITE_TEST(after_the_barrier_of_a_stop_nothing_more_is_put_out),
    SUITE_TEST(an_operator_whose_inputs_are_idle_says_so_and_when_it_is_over),
    SUITE_TEST(a_source_without_times_tells_the_time_of_the_clock_also_where_nothing_comes),
};

SUITE_MAIN("op_frontier", tests)
