/* The jobs of jobs/ with loops, at parallelism 1, 2 and 4: what they put out is what the textbook's algorithms do.
 * GYRE_BIG=1: graphs of a million edges, and as many points. */
#include "loop_job.h"

#include "support/graphs.h"
#include "support/learning.h"
#include "support/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    EDGES = 3000,
    EDGES_BIG = 1000000,
    HOPS = 100000,
    POINTS = 5000,
    POINTS_BIG = 1000000,
    CLUSTERS = 7,
    EXAMPLES = 20000,
    FEATURES = 8,
    LONG_S = 600,
    BIG_S = 6 * 3600
};

static const uint32_t parallelisms[] = {1, 2, 4};

static bool is_big(void)
{
    const char *big = getenv("GYRE_BIG");
    return big != NULL && strcmp(big, "1") == 0;
}

/* ---- graphs ---- */

struct graph_job {
    const char *name;
    const char *edges; /* the file that it reads */
    double *(*textbook)(const struct graph *graph);
    double by;
};

static double *from_0(const struct graph *graph)
{
    return graph_distances(graph, 0);
}

static double *ranks_20(const struct graph *graph)
{
    return graph_ranks(graph, 0.85, 20);
}

static const struct graph_job components = {"components", "edges.csv", graph_components, 0};
static const struct graph_job sssp = {"sssp", "roads.csv", from_0, 0};
static const struct graph_job pagerank = {"pagerank", "edges.csv", ranks_20, 1e-9};

static bool agrees(const char *dir, const struct graph_job *job, const struct graph *graph,
                   const double *wanted)
{
    struct table table;
    bool right = table_read(&table, dir, "out.csv", 2) &&
                 graph_agrees(graph, wanted, table.values, table.n, job->by);
    table_fini(&table);
    return right;
}

static void compare(const struct graph_job *job, const struct graph *graph, const char *what)
{
    char *dir = dir_temp(), *edges = path_join(dir, job->edges);
    double *wanted = job->textbook(graph);
    graph_write(graph, edges, job == &sssp);
    loop_job_write(dir, job->name, "");
    for (size_t i = 0; i < sizeof parallelisms / sizeof *parallelisms; i++) {
        bool right = loop_job_run(dir, parallelisms[i], NULL) && agrees(dir, job, graph, wanted);
        CU_ASSERT_TRUE(right);
        if (!right)
            printf("%s of a %s at parallelism %u\n", job->name, what, parallelisms[i]);
    }
    free(wanted), free(edges);
    dir_end(dir);
}

static void compare_kinds(const struct graph_job *job)
{
    for (int kind = 0; kind < GRAPH_KINDS; kind++) {
        struct graph graph;
        graph_make(&graph, (enum graph_kind)kind, is_big() ? EDGES_BIG : EDGES, 17);
        compare(job, &graph, graph_kind_name((enum graph_kind)kind));
        graph_fini(&graph);
    }
}

static void components_are_those_of_union_and_find(void)
{
    compare_kinds(&components);
}

static void distances_are_dijkstras(void)
{
    compare_kinds(&sssp);
}

static void ranks_are_the_textbooks_after_20_rounds(void)
{
    compare_kinds(&pagerank);
}

static void a_hundred_thousand_hops_along_a_path_come_to_an_end(void)
{
    struct graph graph;
    graph_make(&graph, GRAPH_PATH, HOPS - 1, 17);
    compare(&sssp, &graph, "path of many nodes");
    compare(&components, &graph, "path of many nodes");
    graph_fini(&graph);
}

static void an_empty_graph_ends_and_puts_nothing_out(void)
{
    static const struct graph_job *const jobs[] = {&components, &pagerank};
    struct graph graph = {0};
    for (size_t i = 0; i < 2; i++)
        compare(jobs[i], &graph, "graph without edges");
}

static void another_start_has_other_distances(void)
{
    struct graph graph;
    char *dir = dir_temp(), *edges = path_join(dir, "roads.csv");
    graph_make(&graph, GRAPH_RANDOM, EDGES, 18);
    double *wanted = graph_distances(&graph, 7);
    graph_write(&graph, edges, true);
    loop_job_write(dir, "sssp", "");
    CU_ASSERT_TRUE(loop_job_run(dir, 2, ARGV("start.node=7")));
    CU_ASSERT_TRUE(agrees(dir, &sssp, &graph, wanted));
    free(wanted), free(edges);
    graph_fini(&graph);
    dir_end(dir);
}

/* ---- what learns ---- */

static void expect_clusters(const char *dir, size_t n, const uint32_t *of,
                            const struct plane_point *centres)
{
    struct table table;
    size_t right = 0;
    CU_ASSERT_TRUE_FATAL(table_read(&table, dir, "assigned.csv", 2));
    CU_ASSERT_EQUAL(table.n, n);
    for (size_t i = 0; i < table.n; i++) {
        const double *row = &table.values[2 * i];
        right += row[0] >= 0 && row[0] < (double)n && of[(size_t)row[0]] == row[1];
    }
    CU_ASSERT_EQUAL(right, n);
    table_fini(&table);
    CU_ASSERT_TRUE_FATAL(table_read(&table, dir, "out.csv", 4));
    CU_ASSERT_EQUAL(table.n, CLUSTERS);
    for (size_t i = 0; i < table.n; i++) {
        const double *row = &table.values[4 * i];
        CU_ASSERT_FATAL(row[0] >= 0 && row[0] < CLUSTERS);
        CU_ASSERT(row[1] == centres[(size_t)row[0]].x && row[2] == centres[(size_t)row[0]].y);
    }
    table_fini(&table);
}

static void clusters_are_lloyds(void)
{
    size_t n = is_big() ? POINTS_BIG : POINTS;
    char *dir = dir_temp(), *path = path_join(dir, "points.csv");
    struct plane_point *points = points_make(n, CLUSTERS, 3), centres[CLUSTERS];
    uint32_t *of = calloc(n, sizeof *of);
    points_write(points, n, path);
    points_cluster(points, n, CLUSTERS, of, centres);
    loop_job_write(dir, "kmeans", "");
    for (size_t i = 0; i < sizeof parallelisms / sizeof *parallelisms; i++) {
        CU_ASSERT_TRUE(loop_job_run(dir, parallelisms[i],
                                    ARGV("points.clusters=7", "assigned.path=assigned.csv")));
        expect_clusters(dir, n, of, centres);
    }
    free(of), free(points), free(path);
    dir_end(dir);
}

/* The examples of train.cfg, through a job that writes them. */
static void read_examples(const char *dir, double *values, uint8_t *label)
{
    struct table table;
    char *path = path_join(dir, "job.cfg");
    file_write_text(
        path,
        "job = \"examples\"; operators = (\n"
        "{ id = \"input\"; op = \"learn.examples\"; count = 20000; features = 8; seed = 1; },\n"
        "{ id = \"numbers\"; op = \"std.select\"; input = \"input\";\n"
        "  fields = (\"example\", \"feature\", \"value\"); },\n"
        "{ id = \"out\"; op = \"file.write\"; input = \"numbers\"; path = \"-\"; },\n"
        "{ id = \"classes\"; op = \"std.split\"; input = \"input\"; field = \"label\";\n"
        "  ports = (\"true\"); },\n"
        "{ id = \"true\"; op = \"std.select\"; input = \"classes.true\";\n"
        "  fields = (\"example\"); },\n"
        "{ id = \"labels\"; op = \"file.write\"; input = \"true\"; path = \"labels.csv\"; } );");
    CU_ASSERT_TRUE_FATAL(loop_job_run(dir, 1, NULL));
    CU_ASSERT_TRUE_FATAL(table_read(&table, dir, "out.csv", 3));
    CU_ASSERT_EQUAL_FATAL(table.n, EXAMPLES * FEATURES);
    for (size_t i = 0; i < table.n; i++)
        values[(size_t)table.values[3 * i] * FEATURES + (size_t)table.values[3 * i + 1]] =
            table.values[3 * i + 2];
    table_fini(&table);
    CU_ASSERT_TRUE_FATAL(table_read(&table, dir, "labels.csv", 1));
    for (size_t i = 0; i < table.n; i++)
        label[(size_t)table.values[i]] = 1;
    table_fini(&table);
    free(path);
}

/* The loss over time falls to what is possible, and the model is as good as one made of all examples at once. */
static void expect_learnt(const char *dir, const double *values, const uint8_t *label)
{
    double weights[FEATURES] = {0}, loss, accuracy, least, best;
    double *fit = model_fit(values, label, EXAMPLES, FEATURES);
    struct table table;
    CU_ASSERT_TRUE_FATAL(table_read(&table, dir, "model.csv", 2));
    CU_ASSERT_EQUAL(table.n, FEATURES);
    for (size_t i = 0; i < table.n; i++)
        weights[(size_t)table.values[2 * i]] = table.values[2 * i + 1];
    table_fini(&table);
    model_judge(fit, values, label, EXAMPLES, FEATURES, &least, &best);
    model_judge(weights, values, label, EXAMPLES, FEATURES, &loss, &accuracy);
    CU_ASSERT(loss < least + 0.02 && accuracy > best - 0.01);
    CU_ASSERT_TRUE_FATAL(table_read(&table, dir, "out.csv", 3));
    CU_ASSERT_EQUAL_FATAL(table.n, EXAMPLES / 1000);
    const double *first = table.values, *last = &table.values[3 * (table.n - 1)];
    CU_ASSERT(first[1] > last[1] && last[1] < least + 0.05 && last[2] > best - 0.05);
    if (CU_get_number_of_failure_records() > 0)
        printf("loss %g, at best %g; accuracy %g, at best %g; over time %g ... %g\n", loss, least,
               accuracy, best, first[1], last[1]);
    table_fini(&table);
    free(fit);
}

static void a_model_learns_what_a_batch_solution_knows(void)
{
    double *values = calloc(EXAMPLES * FEATURES, sizeof *values);
    uint8_t *label = calloc(EXAMPLES, 1);
    char *dir = dir_temp();
    read_examples(dir, values, label);
    loop_job_write(dir, "train", "");
    for (size_t i = 0; i < sizeof parallelisms / sizeof *parallelisms; i++) {
        CU_ASSERT_TRUE(loop_job_run(dir, parallelisms[i], ARGV("model.path=model.csv")));
        expect_learnt(dir, values, label);
    }
    free(values), free(label);
    dir_end(dir);
}

/* ---- mistakes ---- */

static void expect_refused(const char *job, const char *what, const char *with, const char *says)
{
    struct process_result r;
    char *dir = dir_temp(), *path = path_join(dir, "job.cfg"), *program = build_path("gyre");
    char *name = text_format("jobs/%s.cfg", job), *text = file_read(name, NULL);
    const char *at = strstr(text, what);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    char *made = text_format("%.*s%s%s", (int)(at - text), text, with, at + strlen(what));
    file_write_text(path, made);
    process_run(&(struct process_spec){.argv = ARGV(program, "check", path)}, &r);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, says));
    if (strstr(r.err, says) == NULL)
        printf("said %s", r.err);
    process_result_fini(&r);
    free(made), free(text), free(name), free(program), free(path);
    dir_end(dir);
}

static void another_key_is_told_at_its_line(void)
{
    expect_refused("components", "key = \"node\"", "key = \"from\"",
                   "job.cfg:15: key: the key of this operator is `node`");
    expect_refused("pagerank", "key = \"shard\"", "key = \"rank\"",
                   "key: the key of this operator is `shard`");
    expect_refused("kmeans", "centres = \"shard\"; };", "centres = \"cluster\"; };",
                   "key: the key of this operator is `shard`");
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(components_are_those_of_union_and_find, BIG_S),
    SUITE_TEST_WITHIN(distances_are_dijkstras, BIG_S),
    SUITE_TEST_WITHIN(ranks_are_the_textbooks_after_20_rounds, BIG_S),
    SUITE_TEST_WITHIN(a_hundred_thousand_hops_along_a_path_come_to_an_end, LONG_S),
    SUITE_TEST(an_empty_graph_ends_and_puts_nothing_out),
    SUITE_TEST(another_start_has_other_distances),
    SUITE_TEST_WITHIN(clusters_are_lloyds, BIG_S),
    SUITE_TEST_WITHIN(a_model_learns_what_a_batch_solution_knows, LONG_S),
    SUITE_TEST(another_key_is_told_at_its_line),
};
SUITE_MAIN("loops", tests)
