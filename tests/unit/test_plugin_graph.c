/* The plugin `graph` by hand, as the jobs of jobs/ put its operators together: what comes out is the textbook's at any
 * parallelism and in any order in which messages come. */
#include "files.h"
#include "graphs.h"
#include "suite.h"
#include "unit/loop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { EDGES = 300 };

struct rig {
    struct loop loop;
    char *dir;
};

static void rig_init(struct rig *rig, const struct graph *graph, const char *job,
                     uint32_t parallelism, uint64_t seed, const char *what, const char *with)
{
    bool roads = strcmp(job, "sssp") == 0;
    rig->dir = dir_temp();
    char *path = path_join(rig->dir, roads ? "roads.csv" : "edges.csv");
    graph_write(graph, path, roads);
    loop_run(&rig->loop, rig->dir, job, parallelism, seed, what, with);
    free(path);
}

static void rig_fini(struct rig *rig)
{
    loop_fini(&rig->loop);
    dir_end(rig->dir);
}

static bool agrees(const struct loop *loop, const struct graph *graph, const double *wanted,
                   double by)
{
    size_t n;
    uint32_t fields;
    const double *rows = loop_rows(loop, "out", &n, &fields);
    CU_ASSERT_FATAL(n == 0 || fields == 2);
    return graph_agrees(graph, wanted, rows, n, by);
}

static const uint32_t parallelisms[] = {1, 2, 3, 4};

static void compare(const char *job, double *(*textbook)(const struct graph *graph), double by)
{
    for (int kind = 0; kind < GRAPH_KINDS; kind++)
        for (uint64_t seed = 0; seed < 4; seed++) {
            struct graph graph;
            struct rig rig;
            graph_make(&graph, (enum graph_kind)kind, EDGES, seed);
            double *wanted = textbook(&graph);
            rig_init(&rig, &graph, job, parallelisms[seed], seed, NULL, NULL);
            bool right = agrees(&rig.loop, &graph, wanted, by);
            if (!right)
                fprintf(stderr, "%s of a %s, seed %llu\n", job,
                        graph_kind_name((enum graph_kind)kind), (unsigned long long)seed);
            CU_ASSERT_TRUE(right);
            free(wanted);
            rig_fini(&rig);
            graph_fini(&graph);
        }
}

static double *from_0(const struct graph *graph)
{
    return graph_distances(graph, 0);
}

static double *ranks_20(const struct graph *graph)
{
    return graph_ranks(graph, 0.85, 20);
}

static void components_are_those_of_union_and_find(void)
{
    compare("components", graph_components, 0);
}

static void distances_are_dijkstras(void)
{
    compare("sssp", from_0, 0);
}

static void ranks_are_the_textbooks_after_20_rounds(void)
{
    compare("pagerank", ranks_20, 1e-12);
}

static void make(struct graph *graph, uint32_t nodes, const struct graph_edge *edges, size_t n)
{
    *graph = (struct graph){nodes, n, memcpy(calloc(n, sizeof *edges), edges, n * sizeof *edges)};
}

#define MAKE(graph, nodes, ...)                                                                    \
    make(graph, nodes, (const struct graph_edge[]){__VA_ARGS__},                                   \
         sizeof((const struct graph_edge[]){__VA_ARGS__}) / sizeof(struct graph_edge))

static void edges_to_oneself_and_edges_that_are_there_twice_are_edges(void)
{
    static const char *const jobs[] = {"components", "sssp", "pagerank"};
    static double *(*const textbook[])(const struct graph *) = {graph_components, from_0, ranks_20};
    static const double by[] = {0, 0, 1e-12};
    for (size_t i = 0; i < 3; i++) {
        struct graph graph;
        struct rig rig;
        MAKE(&graph, 6, {0, 0, 1}, {0, 1, 5}, {0, 1, 3}, {1, 0, 0}, {3, 3, 2}, {4, 5, 1},
             {5, 4, 1});
        double *wanted = textbook[i](&graph);
        rig_init(&rig, &graph, jobs[i], 2, 1, NULL, NULL);
        CU_ASSERT_TRUE(agrees(&rig.loop, &graph, wanted, by[i]));
        free(wanted);
        rig_fini(&rig);
        graph_fini(&graph);
    }
}

static void a_start_without_edges_is_reached_and_nothing_else(void)
{
    struct graph graph;
    struct rig rig;
    const double wanted[] = {NAN, NAN, 0};
    MAKE(&graph, 3, {0, 1, 1}, {1, 0, 1});
    rig_init(&rig, &graph, "sssp", 2, 1, "node = 0", "node = 2");
    CU_ASSERT_TRUE(agrees(&rig.loop, &graph, wanted, 0));
    rig_fini(&rig);
    graph_fini(&graph);
}

static void a_graph_without_edges_has_no_nodes(void)
{
    static const char *const jobs[] = {"components", "pagerank"};
    for (size_t i = 0; i < 2; i++) {
        struct graph graph = {0};
        struct rig rig;
        size_t n;
        uint32_t fields;
        rig_init(&rig, &graph, jobs[i], 2, 1, NULL, NULL);
        loop_rows(&rig.loop, "out", &n, &fields);
        CU_ASSERT_EQUAL(n, 0);
        rig_fini(&rig);
    }
}

/* Rounds 0 ... 20, and what the last of them feeds back is dropped: one row for each node. */
static void ranks_go_so_many_rounds_unless_they_move_no_more(void)
{
    static const char *const change[][2] = {
        {NULL, NULL}, {"max = 20", "max = 3"}, {"damping = 0.85", "damping = 0.0"}};
    static const uint64_t rounds[] = {21, 4,
                                      3}; /* of damping 0: all is shared out, and nothing moves */
    static const uint32_t textbook[] = {20, 3, 1};
    for (size_t i = 0; i < 3; i++) {
        struct graph graph;
        struct rig rig;
        graph_make(&graph, GRAPH_RANDOM, EDGES, 5);
        double *wanted = graph_ranks(&graph, i == 2 ? 0 : 0.85, textbook[i]);
        rig_init(&rig, &graph, "pagerank", 2, 7, change[i][0], change[i][1]);
        CU_ASSERT_EQUAL(rig.loop.rounds, rounds[i]);
        CU_ASSERT(rig.loop.dropped > 0);
        CU_ASSERT_TRUE(agrees(&rig.loop, &graph, wanted, 1e-12));
        free(wanted);
        rig_fini(&rig);
        graph_fini(&graph);
    }
}

/* Ranks are added as whole numbers: not one bit depends on the order. */
static void ranks_are_the_same_in_any_order(void)
{
    struct graph graph;
    double *wanted = NULL;
    graph_make(&graph, GRAPH_POWER, EDGES, 9);
    for (uint64_t seed = 0; seed < 6; seed++) {
        struct rig rig;
        size_t n;
        uint32_t fields;
        rig_init(&rig, &graph, "pagerank", parallelisms[seed % 4], seed, NULL, NULL);
        const double *rows = loop_rows(&rig.loop, "out", &n, &fields);
        if (wanted == NULL) {
            wanted = calloc(graph.nodes, sizeof *wanted);
            for (uint32_t i = 0; i < graph.nodes; i++)
                wanted[i] = NAN;
            for (size_t i = 0; i < n; i++)
                wanted[(size_t)rows[i * fields]] = rows[i * fields + 1];
        }
        CU_ASSERT_TRUE(agrees(&rig.loop, &graph, wanted, 0));
        rig_fini(&rig);
    }
    free(wanted);
    graph_fini(&graph);
}

/* Along a path, labels that go from neighbour to neighbour alone are n * n / 2 messages: 8 million here. */
static void labels_jump_along_a_path(void)
{
    struct graph graph;
    struct rig rig;
    graph_make(&graph, GRAPH_PATH, 4000, 1);
    double *wanted = graph_components(&graph);
    rig_init(&rig, &graph, "components", 2, 0, NULL, NULL);
    CU_ASSERT_TRUE(agrees(&rig.loop, &graph, wanted, 0));
    CU_ASSERT(rig.loop.hops < 200000);
    free(wanted);
    rig_fini(&rig);
    graph_fini(&graph);
}

static const struct suite_test tests[] = {
    SUITE_TEST(components_are_those_of_union_and_find),
    SUITE_TEST(distances_are_dijkstras),
    SUITE_TEST(ranks_are_the_textbooks_after_20_rounds),
    SUITE_TEST(edges_to_oneself_and_edges_that_are_there_twice_are_edges),
    SUITE_TEST(a_start_without_edges_is_reached_and_nothing_else),
    SUITE_TEST(a_graph_without_edges_has_no_nodes),
    SUITE_TEST(ranks_go_so_many_rounds_unless_they_move_no_more),
    SUITE_TEST(ranks_are_the_same_in_any_order),
    SUITE_TEST(labels_jump_along_a_path),
};

SUITE_MAIN("plugin_graph", tests)
