/* What a region decides, asked call by call: nothing too early, and nothing beside a barrier. */
#include "flow/flow.h"
#include "suite.h"

#include <string.h>

enum { TASKS = 2 };

/* A region of one operator with two tasks, into which one channel leads from outside. */
struct rig {
    struct gy_node node;
    struct gy_node *nodes[1];
    bool body[1];
    struct gy_loop loop;
    struct gy_graph graph;
    struct gy_physical physical;
    struct gy_flow flow;
    struct gy_region region;
};

static void rig_init(struct rig *rig, uint64_t rounds_max)
{
    memset(rig, 0, sizeof *rig);
    rig->node.parallelism = TASKS;
    rig->nodes[0] = &rig->node;
    rig->body[0] = true;
    rig->loop =
        (struct gy_loop){.id = "a", .rounds_max = rounds_max, .outer = -1, .body = rig->body};
    rig->graph = (struct gy_graph){
        .n_nodes = 1, .nodes = rig->nodes, .n_regions = 1, .n_loops = 1, .loops = &rig->loop};
    rig->physical.graph = &rig->graph;
    rig->flow.physical = &rig->physical;
    CU_ASSERT_EQUAL_FATAL(gy_region_init(&rig->region, &rig->flow, 0), 0);
    rig->region.n_tasks = TASKS;
    rig->region.n_slots = 1;
    CU_ASSERT_EQUAL_FATAL(gy_region_ready(&rig->region), 0);
}

/* All tasks obey the decision at hand, and nothing comes of it. */
static void obey(struct rig *rig)
{
    for (int t = 0; t < TASKS; t++)
        gy_region_obeyed(&rig->region);
    gy_region_uncount(&rig->region, rig->region.decision.generation, TASKS);
}

static bool has_decided(const struct rig *rig, uint64_t n, enum gy_decision_kind kind)
{
    return gy_region_decisions(&rig->region) == n && rig->region.decision.kind == kind;
}

static bool has_released(const struct rig *rig, uint64_t n, int64_t time_us)
{
    return has_decided(rig, n, GY_DECIDED_RELEASE) && rig->region.decision.time_us == time_us;
}

static void watermark_waits_for_what_came_before_it_alone(void)
{
    struct rig rig;
    rig_init(&rig, 0);
    uint32_t before = gy_region_enter(&rig.region);
    gy_region_watermark(&rig.region, 0, 100);
    CU_ASSERT_EQUAL(gy_region_decisions(&rig.region), 0);
    uint32_t after = gy_region_enter(&rig.region);
    CU_ASSERT_NOT_EQUAL(before, after);
    gy_region_watermark(&rig.region, 0, 200);
    gy_region_count(&rig.region, before, 1); /* a message that it has sent */
    gy_region_uncount(&rig.region, before, 1);
    CU_ASSERT_EQUAL(gy_region_decisions(&rig.region), 0);
    gy_region_uncount(&rig.region, before, 1);
    CU_ASSERT(has_released(&rig, 1, 100));
    obey(&rig);
    CU_ASSERT_EQUAL(gy_region_decisions(&rig.region), 1); /* the other row came before 200 */
    gy_region_uncount(&rig.region, after, 1);
    CU_ASSERT(has_released(&rig, 2, 200));
    gy_region_fini(&rig.region);
}

static void last_watermark_is_told_before_the_end_which_is_told_twice_dry(void)
{
    struct rig rig;
    rig_init(&rig, 0);
    uint32_t row = gy_region_enter(&rig.region);
    gy_region_watermark(&rig.region, 0, 100);
    gy_region_watermark(&rig.region, 0, INT64_MAX);
    gy_region_end(&rig.region, 0, false);
    CU_ASSERT_EQUAL(gy_region_decisions(&rig.region), 0);
    gy_region_uncount(&rig.region, row, 1);
    CU_ASSERT(has_released(&rig, 1, 100));
    obey(&rig);
    CU_ASSERT(has_released(&rig, 2, INT64_MAX));
    gy_region_count(&rig.region, rig.region.decision.generation, 1); /* a timer that went off */
    obey(&rig);
    CU_ASSERT_EQUAL(gy_region_decisions(&rig.region), 2);
    gy_region_uncount(&rig.region, rig.region.decision.generation, 1);
    CU_ASSERT(has_decided(&rig, 3, GY_DECIDED_END));
    CU_ASSERT_FALSE(rig.region.decision.flag);
    gy_region_fini(&rig.region);
}

static void nothing_is_decided_while_a_barrier_is_on_its_way(void)
{
    struct rig rig;
    rig_init(&rig, 0);
    CU_ASSERT_TRUE(gy_region_pass(&rig.region, 0, false));
    gy_region_watermark(&rig.region, 0, 100);
    CU_ASSERT_EQUAL(gy_region_decisions(&rig.region), 0);
    CU_ASSERT_EQUAL(rig.region.saved_last_us, INT64_MIN); /* not all have passed */
    CU_ASSERT_TRUE(gy_region_pass(&rig.region, 0, false));
    CU_ASSERT(has_released(&rig, 1, 100));
    CU_ASSERT_EQUAL(rig.region.saved_last_us, 100);
    gy_region_fini(&rig.region);
}

static void no_task_passes_a_barrier_before_it_has_obeyed(void)
{
    struct rig rig;
    rig_init(&rig, 0);
    gy_region_watermark(&rig.region, 0, 100);
    CU_ASSERT(has_released(&rig, 1, 100));
    CU_ASSERT_FALSE(gy_region_pass(&rig.region, 0, false));
    CU_ASSERT_EQUAL(rig.region.n_passed, 0);
    gy_region_obeyed(&rig.region);
    CU_ASSERT_TRUE(gy_region_pass(&rig.region, 1, false));
    CU_ASSERT_FALSE(gy_region_pass(&rig.region, 0, false));
    gy_region_obeyed(&rig.region);
    CU_ASSERT_TRUE(gy_region_pass(&rig.region, 1, false));
    gy_region_fini(&rig.region);
}

static void rounds_go_on_while_rows_wait_and_stop_when_all_tasks_of_an_operator_vote(void)
{
    struct rig rig;
    rig_init(&rig, 10);
    struct gy_rounds *rounds = gy_region_rounds(&rig.region, &rig.loop);
    gy_region_end(&rig.region, 0, false);
    CU_ASSERT(has_decided(&rig, 1, GY_DECIDED_END_ROUND));
    atomic_store(&rounds->waiting, 1);
    gy_region_vote(&rig.region, rounds, 0); /* one of two */
    obey(&rig);
    CU_ASSERT(has_decided(&rig, 2, GY_DECIDED_OPEN));
    CU_ASSERT_EQUAL(rounds->at.number, 1);
    obey(&rig);
    CU_ASSERT(has_decided(&rig, 3, GY_DECIDED_END_ROUND));
    gy_region_vote(&rig.region, rounds, 0); /* the vote of the round before is forgotten */
    obey(&rig);
    CU_ASSERT(has_decided(&rig, 4, GY_DECIDED_OPEN));
    obey(&rig);
    gy_region_vote(&rig.region, rounds, 0);
    gy_region_vote(&rig.region, rounds, 0);
    obey(&rig);
    CU_ASSERT(has_decided(&rig, 6, GY_DECIDED_CLOSE));
    atomic_store(&rounds->waiting, 0); /* dropped */
    obey(&rig);
    CU_ASSERT(has_released(&rig, 7, INT64_MAX));
    gy_region_fini(&rig.region);
}

static const struct suite_test tests[] = {
    SUITE_TEST(watermark_waits_for_what_came_before_it_alone),
    SUITE_TEST(last_watermark_is_told_before_the_end_which_is_told_twice_dry),
    SUITE_TEST(nothing_is_decided_while_a_barrier_is_on_its_way),
    SUITE_TEST(no_task_passes_a_barrier_before_it_has_obeyed),
    SUITE_TEST(rounds_go_on_while_rows_wait_and_stop_when_all_tasks_of_an_operator_vote),
};
SUITE_MAIN("flow_quiesce", tests)
