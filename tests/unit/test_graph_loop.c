/* Regions and loops of a graph: what is in which, how they nest, which edges are calls. */
#include "support/files.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "graph/physical.h"
#include "job/config.h"

struct made {
    char *folder;
    struct gy_job *job;
    struct gy_plugins *plugins;
    struct gy_graph *graph;
    struct gy_diags diags;
};

static void make(struct made *m, const char *operators)
{
    char *fixtures = build_path("fixtures"), *plugins = build_path("plugins");
    const char *dirs[] = {fixtures, plugins};
    *m = (struct made){.folder = dir_temp()};
    char *path = path_join(m->folder, "job.cfg");
    char *text = text_format("job = \"t\"; parallelism = 2; loop = { memory = \"1MiB\"; };\n"
                             "operators = (\n{ id = \"in\"; op = \"graph_ops.trades\"; }%s\n);\n",
                             operators);
    file_write_text(path, text);
    m->job = gy_job_load(path, NULL, &m->diags);
    m->plugins = gy_plugins_new(dirs, 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m->job);
    m->graph = gy_graph_build(m->job, m->plugins, &m->diags);
    free(text);
    free(path);
    free(fixtures);
    free(plugins);
}

static void make_good(struct made *m, const char *operators)
{
    make(m, operators);
    gy_diags_print(&m->diags, stdout);
    CU_ASSERT_PTR_NOT_NULL_FATAL(m->graph);
}

static void drop(struct made *m)
{
    gy_graph_free(m->graph);
    gy_plugins_free(m->plugins);
    gy_job_free(m->job);
    gy_diags_fini(&m->diags);
    dir_remove(m->folder);
    free(m->folder);
}

/* An operator that puts out what comes in; `more` is its feedback, rounds, ... */
#define OP(id, input, more)                                                                        \
    ",\n{ id = \"" id "\"; op = \"graph_ops.recent\"; input = " input "; " more " }"

/* "a(a b) b(b c)<d r3": the loops in their order with their bodies, what is around them, their rounds. */
static bool loops_are(const struct made *m, const char *wanted)
{
    char text[1024] = "";
    size_t n = 0;
    for (uint32_t i = 0; i < m->graph->n_loops; i++) {
        const struct gy_loop *loop = &m->graph->loops[i];
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%s(", n > 0 ? " " : "", loop->id);
        for (uint32_t k = 0, some = 0; k < m->graph->n_nodes; k++)
            if (loop->body[k])
                n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", some++ > 0 ? " " : "",
                                      m->graph->nodes[k]->id);
        n += (size_t)snprintf(text + n, sizeof text - n, ")");
        if (loop->outer >= 0)
            n +=
                (size_t)snprintf(text + n, sizeof text - n, "<%s", m->graph->loops[loop->outer].id);
        if (loop->rounds_max > 0)
            n += (size_t)snprintf(text + n, sizeof text - n, " r%d", (int)loop->rounds_max);
        CU_ASSERT_STRING_EQUAL(m->graph->nodes[loop->head]->id, loop->id);
    }
    if (strcmp(text, wanted) != 0)
        fprintf(stderr, "is:     %s\nwanted: %s\n", text, wanted);
    return strcmp(text, wanted) == 0;
}

static const struct gy_node *node(const struct made *m, const char *id)
{
    for (uint32_t i = 0; i < m->graph->n_nodes; i++)
        if (strcmp(m->graph->nodes[i]->id, id) == 0)
            return m->graph->nodes[i];
    CU_FAIL_FATAL("no such operator");
    return NULL;
}

static uint32_t chain(const struct gy_physical *plan, const struct made *m, const char *id)
{
    return plan->chain_of[node(m, id)->index];
}

static void a_job_without_cycles_has_no_region_and_no_loop(void)
{
    struct made m;
    make_good(&m, OP("a", "\"in\"", "") OP("b", "[ \"a\", \"in\" ]", ""));
    CU_ASSERT_EQUAL(m.graph->n_loops, 0);
    CU_ASSERT_EQUAL(m.graph->n_regions, 0);
    CU_ASSERT_EQUAL(node(&m, "a")->region, -1);
    CU_ASSERT_EQUAL(node(&m, "b")->n_rounds, 0);
    CU_ASSERT_EQUAL(m.graph->loop_memory, 1 << 20);
    CU_ASSERT_EQUAL(m.graph->loop_disk, UINT64_C(10) << 30);
    drop(&m);
}

static void a_loop_is_its_head_and_what_is_between_it_and_its_feedback(void)
{
    struct made m;
    make_good(&m, OP("before", "\"in\"", "")
                      OP("a", "\"before\"", "feedback = \"c\"; rounds = { max = 7; };")
                          OP("b", "\"a\"", "") OP("c", "[ \"b\", \"in\" ]", "")
                              OP("beside", "\"b\"", "") OP("after", "[ \"c\", \"beside\" ]", ""));
    CU_ASSERT(loops_are(&m, "a(a b c) r7"));
    CU_ASSERT_EQUAL(m.graph->n_regions, 1);
    CU_ASSERT_EQUAL(node(&m, "before")->region, -1);
    CU_ASSERT_EQUAL(node(&m, "a")->region, 0);
    CU_ASSERT_EQUAL(node(&m, "c")->region, 0);
    CU_ASSERT_EQUAL(node(&m, "beside")->region, -1);
    CU_ASSERT_EQUAL(node(&m, "after")->region, -1);
    CU_ASSERT_EQUAL_FATAL(node(&m, "b")->n_rounds, 1);
    CU_ASSERT_PTR_EQUAL(node(&m, "b")->rounds[0], &m.graph->loops[0]);
    CU_ASSERT_EQUAL(node(&m, "after")->n_rounds, 0);
    drop(&m);
}

static void an_operator_may_be_a_loop_of_its_own(void)
{
    struct made m;
    make_good(&m, OP("a", "\"in\"", "feedback = \"a\";") OP("b", "\"a\"", ""));
    CU_ASSERT(loops_are(&m, "a(a)"));
    CU_ASSERT_EQUAL(node(&m, "b")->region, -1);
    drop(&m);
}

static void several_feedback_edges_of_one_head_are_one_loop(void)
{
    struct made m;
    make_good(&m, OP("a", "\"in\"", "feedback = [ \"b\", \"c\" ];") OP("b", "\"a\"", "")
                      OP("c", "\"a\"", "") OP("d", "\"c\"", ""));
    CU_ASSERT(loops_are(&m, "a(a b c)"));
    drop(&m);
}

static void inner_loops_come_before_outer_ones_and_upstream_before_downstream(void)
{
    struct made m;
    make_good(&m,
              OP("o", "\"in\"", "feedback = \"end\"; rounds = { max = 2; };") OP(
                  "i", "\"o\"", "feedback = \"x\"; rounds = { max = 3; };") OP("x", "\"i\"", "")
                  OP("j", "\"x\"", "feedback = \"y\";") OP("y", "\"j\"", "") OP("end", "\"y\"", "")
                      OP("later", "\"end\"", "feedback = \"later\"; rounds = { max = 5; };"));
    CU_ASSERT(loops_are(&m, "i(i x)<o r3 j(j y)<o o(o i x j y end) r2 later(later) r5"));
    CU_ASSERT_EQUAL(m.graph->n_regions, 2);
    CU_ASSERT_EQUAL(node(&m, "x")->region, 0);
    CU_ASSERT_EQUAL(node(&m, "later")->region, 1);
    CU_ASSERT_EQUAL(m.graph->loops[3].region, 1);
    CU_ASSERT_EQUAL_FATAL(node(&m, "x")->n_rounds, 2);
    CU_ASSERT_STRING_EQUAL(node(&m, "x")->rounds[0]->id, "i");
    CU_ASSERT_STRING_EQUAL(node(&m, "x")->rounds[1]->id, "o");
    CU_ASSERT_EQUAL_FATAL(node(&m, "y")->n_rounds, 1);
    CU_ASSERT_STRING_EQUAL(node(&m, "y")->rounds[0]->id, "o");
    drop(&m);
}

static void a_loop_three_deep_names_what_is_right_around_it(void)
{
    struct made m;
    make_good(&m, OP("a", "\"in\"", "feedback = \"z\";") OP("b", "\"a\"", "feedback = \"y\";")
                      OP("c", "\"b\"", "feedback = \"x\";") OP("x", "\"c\"", "")
                          OP("y", "\"x\"", "") OP("z", "\"y\"", ""));
    CU_ASSERT(loops_are(&m, "c(c x)<b b(b c x y)<a a(a b c x y z)"));
    drop(&m);
}

/* Rows that leave the inner loop on a side way come back into it alone: it is in the outer one all the same. */
static void the_loop_of_a_head_within_a_loop_is_in_it_with_all_its_ways(void)
{
    struct made m;
    make_good(&m, OP("o", "\"in\"", "feedback = \"y\";") OP("i", "\"o\"", "feedback = \"side\";")
                      OP("y", "\"i\"", "") OP("side", "\"i\"", ""));
    CU_ASSERT(loops_are(&m, "i(i side)<o o(o i y side)"));
    drop(&m);
}

static void two_feedback_edges_may_close_one_cycle_together(void)
{
    struct made m;
    make_good(&m, OP("a", "\"in\"", "feedback = \"y\";") OP("x", "\"a\"", "")
                      OP("b", "\"in\"", "feedback = \"x\";") OP("y", "\"b\"", ""));
    CU_ASSERT(loops_are(&m, "b(a x b y)<a a(a x b y)"));
    CU_ASSERT_EQUAL(m.graph->n_regions, 1);
    drop(&m);
}

static void a_key_function_on_the_way_back_is_in_the_loop(void)
{
    struct made m;
    make_good(
        &m, ",\n{ id = \"a\"; op = \"graph_ops.select\"; input = \"in\"; feedback = \"b\";\n"
            "  key = { fn = \"graph_ops.cell\"; };\n"
            "  fields = [ \"symbol\", \"price\", \"volume\", \"venue\" ]; }" OP("b", "\"a\"", ""));
    CU_ASSERT(loops_are(&m, "a(a b a:key-2)"));
    CU_ASSERT_EQUAL(node(&m, "a:key-1")->region, -1);
    CU_ASSERT_EQUAL(node(&m, "a:key-2")->region, 0);
    drop(&m);
}

static void loops_without_rounds_may_share_operators(void)
{
    struct made m;
    make_good(&m, OP("a", "\"in\"", "feedback = \"s\";") OP("b", "\"in\"", "feedback = \"s\";")
                      OP("s", "[ \"a\", \"b\" ]", ""));
    CU_ASSERT(loops_are(&m, "a(a s) b(b s)"));
    CU_ASSERT_EQUAL(m.graph->n_regions, 1);
    drop(&m);
}

/* x is reached by the edges that are no feedback: the end of a round of `a` comes to all of the loop. */
static void a_loop_with_rounds_may_have_one_in_it_that_closes_over_its_feedback(void)
{
    struct made m;
    make_good(&m, OP("a", "\"in\"", "feedback = \"y\"; rounds = { max = 2; };") OP("x", "\"a\"", "")
                      OP("b", "[ \"a\", \"in\" ]", "feedback = \"x\";") OP("y", "\"b\"", ""));
    CU_ASSERT(loops_are(&m, "b(a x b y)<a a(a x b y) r2"));
    drop(&m);
}

static void each_mistake_of_several_loops_is_told(void)
{
    struct made m;
    make(&m,
         OP("a", "\"in\"", "feedback = \"s\"; rounds = { max = 1; };") OP("b", "\"in\"",
                                                                          "feedback = \"s\";")
             OP("s", "[ \"a\", \"b\" ]", "") ",\n{ id = \"e\"; op = \"gen.events\"; }"
                                             ",\n{ id = \"l\"; op = \"std.pass\"; input = \"e\"; "
                                             "feedback = \"l\"; rounds = { max = 1; }; }");
    CU_ASSERT_PTR_NULL(m.graph);
    CU_ASSERT_EQUAL(gy_diags_count(&m.diags), 2);
    drop(&m);
}

static void a_chain_ends_at_the_border_of_a_region(void)
{
    struct made m;
    make_good(&m, OP("before", "\"in\"", "") OP("a", "\"before\"", "feedback = \"b\";")
                      OP("b", "\"a\"", "") OP("after", "\"b\"", "")
                          OP("next", "\"after\"", "feedback = \"next\";"));
    struct gy_physical *plan = gy_physical_new(m.graph, 4);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_EQUAL(plan->n_chains, 4);
    CU_ASSERT_EQUAL(chain(plan, &m, "in"), chain(plan, &m, "before"));
    CU_ASSERT_EQUAL(chain(plan, &m, "a"), chain(plan, &m, "b"));
    CU_ASSERT_NOT_EQUAL(chain(plan, &m, "before"), chain(plan, &m, "a"));
    CU_ASSERT_NOT_EQUAL(chain(plan, &m, "b"), chain(plan, &m, "after"));
    CU_ASSERT_NOT_EQUAL(chain(plan, &m, "after"), chain(plan, &m, "next"));
    gy_physical_free(plan);
    drop(&m);
}

/* What goes around a region and into an operator behind it must not be one task with what is before it. */
static void no_task_waits_for_itself_by_way_of_a_region(void)
{
    struct made m;
    make_good(&m, OP("a", "\"in\"", "feedback = \"a\";") OP("after", "[ \"in\", \"a\" ]", ""));
    struct gy_physical *plan = gy_physical_new(m.graph, 4);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_NOT_EQUAL(chain(plan, &m, "in"), chain(plan, &m, "after"));
    gy_physical_free(plan);
    /* a -> b -> c with an exchange into b, and a -> c: within a region as outside */
    struct made n;
    make_good(&n, OP("a", "\"in\"", "feedback = \"c\";") OP(
                      "b", "\"a\"", "partition = \"rebalance\";") OP("c", "[ \"a\", \"b\" ]", ""));
    plan = gy_physical_new(n.graph, 4);
    CU_ASSERT_PTR_NOT_NULL_FATAL(plan);
    CU_ASSERT_NOT_EQUAL(chain(plan, &n, "a"), chain(plan, &n, "c"));
    CU_ASSERT_EQUAL(chain(plan, &n, "b"), chain(plan, &n, "c"));
    gy_physical_free(plan);
    drop(&m);
    drop(&n);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_job_without_cycles_has_no_region_and_no_loop),
    SUITE_TEST(a_loop_is_its_head_and_what_is_between_it_and_its_feedback),
    SUITE_TEST(an_operator_may_be_a_loop_of_its_own),
    SUITE_TEST(several_feedback_edges_of_one_head_are_one_loop),
    SUITE_TEST(inner_loops_come_before_outer_ones_and_upstream_before_downstream),
    SUITE_TEST(a_loop_three_deep_names_what_is_right_around_it),
    SUITE_TEST(the_loop_of_a_head_within_a_loop_is_in_it_with_all_its_ways),
    SUITE_TEST(two_feedback_edges_may_close_one_cycle_together),
    SUITE_TEST(a_key_function_on_the_way_back_is_in_the_loop),
    SUITE_TEST(loops_without_rounds_may_share_operators),
    SUITE_TEST(a_loop_with_rounds_may_have_one_in_it_that_closes_over_its_feedback),
    SUITE_TEST(each_mistake_of_several_loops_is_told),
    SUITE_TEST(a_chain_ends_at_the_border_of_a_region),
    SUITE_TEST(no_task_waits_for_itself_by_way_of_a_region),
};

SUITE_MAIN("graph_loop", tests)
