/* The plugin `learn` by hand, as the jobs of jobs/ put its operators together: clusters are Lloyd's to the bit, at any
 * parallelism and in any order in which messages come; a model learns as much as there is to know. */
#include "files.h"
#include "learning.h"
#include "suite.h"
#include "unit/loop.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { POINTS = 400, CLUSTERS = 3 };

/* ---- kmeans ---- */

struct rig {
    struct loop loop;
    char *dir;
};

static void rig_init(struct rig *rig, const struct plane_point *points, size_t n,
                     uint32_t parallelism, uint64_t seed, const char *what, const char *with)
{
    rig->dir = dir_temp();
    char *path = path_join(rig->dir, "points.csv");
    points_write(points, n, path);
    loop_run(&rig->loop, rig->dir, "kmeans", parallelism, seed, what, with);
    free(path);
}

static void rig_fini(struct rig *rig)
{
    loop_fini(&rig->loop);
    dir_end(rig->dir);
}

static void expect_clusters(const struct loop *loop, const struct plane_point *points, size_t n,
                            uint32_t k)
{
    uint32_t *of = calloc(n + 1, sizeof *of), fields, rounds;
    struct plane_point *centres = calloc(k, sizeof *centres);
    size_t rows, right = 0;
    rounds = points_cluster(points, n, k, of, centres);
    const double *row = loop_rows(loop, "assigned", &rows, &fields);
    CU_ASSERT_EQUAL(rows, n);
    for (size_t i = 0; i < rows; i++, row += fields)
        right += of[(size_t)row[0]] == (uint32_t)row[1];
    CU_ASSERT_EQUAL(right, n);
    row = loop_rows(loop, "out", &rows, &fields);
    CU_ASSERT_EQUAL(rows, k);
    for (size_t i = 0; i < rows; i++, row += fields) {
        const struct plane_point *c = &centres[(size_t)row[0]];
        double count = 0;
        for (size_t p = 0; p < n; p++)
            count += of[p] == (uint32_t)row[0];
        CU_ASSERT(row[1] == c->x && row[2] == c->y && row[3] == count);
    }
    CU_ASSERT_EQUAL(loop->rounds, rounds);
    CU_ASSERT_EQUAL(loop->dropped, 0);
    free(of), free(centres);
}

static void clusters_are_lloyds_at_any_parallelism_and_in_any_order(void)
{
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct rig rig;
        struct plane_point *points = points_make(POINTS, 4, seed);
        rig_init(&rig, points, POINTS, 1 + (uint32_t)seed % 4, seed, NULL, NULL);
        expect_clusters(&rig.loop, points, POINTS, CLUSTERS);
        rig_fini(&rig);
        free(points);
    }
}

/* Points 0 and 1 are one place: all points go to cluster 0, the first, and cluster 1 stays where it was. */
static void a_cluster_without_points_stays_where_it_began(void)
{
    struct rig rig;
    struct plane_point points[] = {{1, 1}, {1, 1}, {9, 9}, {2, 2}, {8, 8}};
    rig_init(&rig, points, 5, 2, 3, NULL, NULL);
    expect_clusters(&rig.loop, points, 5, CLUSTERS);
    rig_fini(&rig);
}

static void the_most_rounds_end_the_loop_before_points_are_at_rest(void)
{
    struct rig rig;
    struct plane_point *points = points_make(POINTS, 4, 2);
    size_t n;
    uint32_t fields;
    rig_init(&rig, points, POINTS, 2, 1, "max = 1000", "max = 1");
    loop_rows(&rig.loop, "assigned", &n, &fields);
    CU_ASSERT_EQUAL(rig.loop.rounds, 2);
    CU_ASSERT(rig.loop.dropped > 0);
    CU_ASSERT_EQUAL(n, POINTS);
    rig_fini(&rig);
    free(points);
}

static void a_point_too_far_out_is_a_bad_row(void)
{
    struct rig rig;
    struct plane_point points[] = {{1, 1}, {2, 5e6}, {9, 9}, {2, 2}, {NAN, 1}, {-INFINITY, 1}};
    size_t n;
    uint32_t fields;
    rig_init(&rig, points, 6, 2, 1, "clusters = 3;", "clusters = 3; on_error = \"skip\";");
    loop_rows(&rig.loop, "assigned", &n, &fields);
    CU_ASSERT_EQUAL(n, 3);
    loop_rows(&rig.loop, "out", &n, &fields);
    CU_ASSERT_EQUAL(n, 2); /* where cluster 1 begins is not known */
    rig_fini(&rig);
}

/* ---- train ---- */

static const char examples_job[] =
    "job = \"e\"; operators = (\n"
    "{ id = \"input\"; op = \"learn.examples\"; count = 6000; features = 8; seed = 1; },\n"
    "{ id = \"out\"; op = \"std.null\"; input = \"input\"; } );";

enum { EXAMPLES = 6000, FEATURES = 8 };

/* The examples of the job as a table, from what the source puts out: {"feature":0,"example":0,... */
static void read_examples(const char *dir, double *values, uint8_t *label)
{
    struct hand h;
    hand_init(&h, dir, examples_job);
    struct gy_instance *input = hand_open(&h, "input", 0, 1);
    CU_ASSERT_EQUAL_FATAL(gy_instance_add_split(input, 0, "", 0, NULL), 0);
    while (hand_poll(input, 1000).status != GYRE_POLL_SPLIT)
        ;
    CU_ASSERT_EQUAL_FATAL(h.n_rows, EXAMPLES * FEATURES);
    const char *line = gy_buf_cstr(&h.rows);
    for (size_t i = 0; i < EXAMPLES * FEATURES; i++, line = strchr(line, '\n') + 1) {
        long long feature, example;
        double value;
        char word[8];
        CU_ASSERT_EQUAL_FATAL(sscanf(line,
                                     "{\"feature\":%lld,\"example\":%lld,\"features\":8,\"label\":"
                                     "%7[a-z],\"value\":%lf",
                                     &feature, &example, word, &value),
                              4);
        values[example * FEATURES + feature] = value;
        label[example] = word[0] == 't';
    }
    gy_instance_free(input);
    hand_fini(&h);
}

static void expect_learnt(const struct loop *loop, const double *values, const uint8_t *label)
{
    double weights[FEATURES] = {0}, loss, accuracy, least, best;
    double *fit = model_fit(values, label, EXAMPLES, FEATURES);
    size_t n;
    uint32_t fields;
    const double *row = loop_rows(loop, "model", &n, &fields);
    CU_ASSERT_EQUAL(n, FEATURES);
    for (size_t i = 0; i < n; i++, row += fields)
        weights[(size_t)row[0]] = row[1];
    model_judge(fit, values, label, EXAMPLES, FEATURES, &least, &best);
    model_judge(weights, values, label, EXAMPLES, FEATURES, &loss, &accuracy);
    CU_ASSERT(loss < least + 0.02 && accuracy > best - 0.01);
    if (!(loss < least + 0.02 && accuracy > best - 0.01))
        printf("loss %g, at best %g; accuracy %g, at best %g\n", loss, least, accuracy, best);
    row = loop_rows(loop, "out", &n, &fields);
    CU_ASSERT_EQUAL(n, EXAMPLES / 1000);
    CU_ASSERT(row[1] > row[(n - 1) * fields + 1]);       /* the loss falls */
    CU_ASSERT(row[(n - 1) * fields + 1] < least + 0.05); /* ... to what can be */
    CU_ASSERT(row[(n - 1) * fields + 2] > best - 0.05);
    CU_ASSERT_EQUAL(loop->hops, EXAMPLES * FEATURES); /* each weight was told of each example */
    CU_ASSERT_EQUAL(loop_entries(loop, "weights"), FEATURES);
    CU_ASSERT_EQUAL(loop_entries(loop, "train"), 0);
    free(fit);
}

static void a_model_learns_what_a_batch_solution_knows(void)
{
    double *values = calloc(EXAMPLES * FEATURES, sizeof *values);
    uint8_t *label = calloc(EXAMPLES, 1);
    char *dir = dir_temp();
    read_examples(dir, values, label);
    for (uint32_t parallelism = 1; parallelism <= 3; parallelism++) {
        struct loop loop;
        loop_run(&loop, dir, "train", parallelism, parallelism,
                 "count = 20000; features = 8; seed = 1;\n    rate = 10000.0",
                 "count = 6000; features = 8; seed = 1");
        expect_learnt(&loop, values, label);
        loop_fini(&loop);
    }
    free(values), free(label);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(clusters_are_lloyds_at_any_parallelism_and_in_any_order),
    SUITE_TEST(a_cluster_without_points_stays_where_it_began),
    SUITE_TEST(the_most_rounds_end_the_loop_before_points_are_at_rest),
    SUITE_TEST(a_point_too_far_out_is_a_bad_row),
    SUITE_TEST(a_model_learns_what_a_batch_solution_knows),
};

SUITE_MAIN("plugin_learn", tests)
