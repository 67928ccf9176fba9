/* What a plan shows of loops: as text, drawn, as JSON. */
#include "app/plan.h"
#include "files.h"
#include "suite.h"
#include "unit/hand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Two loops in a third one, and one behind. */
static const char nested[] =
    "job = \"t\"; parallelism = 2; operators = (\n"
    "{ id = \"in\"; op = \"gen.sequence\"; to = 9; },\n"
    "{ id = \"o\"; op = \"std.pass\"; input = \"in\"; feedback = \"end\"; rounds = { max = 20; }; "
    "},\n"
    "{ id = \"i\"; op = \"std.pass\"; input = \"o\"; feedback = \"i\"; rounds = { max = 1; }; },\n"
    "{ id = \"j\"; op = \"std.pass\"; input = \"i\"; feedback = \"end\"; },\n"
    "{ id = \"end\"; op = \"std.pass\"; input = \"j\"; parallelism = 1; },\n"
    "{ id = \"out\"; op = \"std.null\"; input = \"end\"; } );";

static void expect(const char *job, void (*format)(struct gy_buf *, const struct gy_physical *),
                   const char *wanted)
{
    struct hand h;
    struct gy_buf b = {0};
    char *dir = dir_temp();
    hand_init(&h, dir, job);
    struct gy_physical *plan = gy_physical_new(h.graph, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    format(&b, plan);
    const char *text = gy_buf_cstr(&b);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    if (strstr(text, wanted) == NULL)
        fprintf(stderr, "--- wanted\n%s--- is\n%s", wanted, text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, wanted));
    gy_buf_fini(&b);
    gy_physical_free(plan);
    hand_fini(&h);
    dir_remove(dir);
    free(dir);
}

static void a_text_lists_loops_in_the_order_in_which_their_rounds_end(void)
{
    expect(nested, gy_plan_text,
           "\nloops\n"
           "  i: 1 round at most, within o: i\n"
           "  j: rows go round as they come, within o: j, end\n"
           "  o: 20 rounds at most: o, i, j, end\n"
           "\nchains\n");
    expect(nested, gy_plan_text, "  end -> o: rebalance, 1 to 2, carries no columns, feedback\n");
}

static void a_drawing_has_a_dashed_box_around_what_goes_round(void)
{
    expect(nested, gy_plan_dot,
           "digraph \"t\" {\n  rankdir=LR;\n  node [shape=box];\n"
           "  subgraph cluster_1 {\n    label=\"x 2\";\n"
           "    \"in\" [label=\"in\\ngen.sequence\"];\n  }\n"
           "  subgraph cluster_4 {\n    label=\"x 2\";\n"
           "    \"out\" [label=\"out\\nstd.null\"];\n  }\n"
           "  subgraph cluster_region_1 {\n"
           "  subgraph cluster_2 {\n    label=\"x 2\";\n"
           "    \"o\" [label=\"o\\nstd.pass\"];\n"
           "    \"i\" [label=\"i\\nstd.pass\"];\n"
           "    \"j\" [label=\"j\\nstd.pass\"];\n  }\n"
           "  subgraph cluster_3 {\n    label=\"x 1\";\n"
           "    \"end\" [label=\"end\\nstd.pass\"];\n  }\n"
           "    style=dashed;\n"
           "    label=\"loop i: 1 round at most, within o: i\\l"
           "loop j: rows go round as they come, within o: j, end\\l"
           "loop o: 20 rounds at most: o, i, j, end\\l\";\n  }\n");
    expect(nested, gy_plan_dot,
           "  \"i\" -> \"i\" [label=\"forward\", penwidth=2, style=dashed, constraint=false];\n");
}

static void a_plan_as_json_has_its_loops(void)
{
    expect(
        nested, gy_plan_json,
        "\"loops\":["
        "{\"head\":\"i\",\"rounds\":1,\"within\":\"o\",\"operators\":[\"i\"]},"
        "{\"head\":\"j\",\"rounds\":null,\"within\":\"o\",\"operators\":[\"j\",\"end\"]},"
        "{\"head\":\"o\",\"rounds\":20,\"within\":null,\"operators\":[\"o\",\"i\",\"j\",\"end\"]}"
        "]}\n");
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_text_lists_loops_in_the_order_in_which_their_rounds_end),
    SUITE_TEST(a_drawing_has_a_dashed_box_around_what_goes_round),
    SUITE_TEST(a_plan_as_json_has_its_loops),
};

SUITE_MAIN("app_plan", tests)
