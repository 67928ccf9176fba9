/* Jobs with loops that are killed by kill -9 at random moments, the job process or its supervisor, and go on at
 * another parallelism, put out what a run puts out that never failed.
 *
 * What is compared does not depend on the order in which anything comes: it is the textbook's, or to the bit that of
 * a run that nobody disturbed. Of the model that learns it is how many examples it was judged by, and
 * that it has learnt.
 *
 * GYRE_BIG=1: 200 kills of each job instead of a few. GYRE_KILLS_SEED=n: other moments. */
#include "loop_job.h"

#include "run_sinks.h"

#include "support/graphs.h"
#include "support/learning.h"
#include "support/suite.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { KILLS = 6, KILLS_BIG = 200, LIFE_KILLS = 6, EDGES = 4000, HOPS = 4000, POINTS = 6000 };

static const char settings[] =
    "snapshot = { every = \"10ms\"; dir = \"snap\"; resume = true; };\n"
    "restart = { attempts = 1000; delay = \"1ms\"; max_delay = \"10ms\"; };\n";

struct kill_job {
    const char *name;
    const char *sets[4];    /* of every run */
    const char *slow;       /* of some lives: the input takes a while */
    const char *outputs[3]; /* that are compared */
    void (*write_input)(const char *dir);
    unsigned long whole_ms; /* about as long as a run takes */
};

static unsigned long below(uint64_t *seed, unsigned long n)
{
    return graph_random(seed) % n;
}

/* ---- a life ---- */

struct tally {
    int job_kills, supervisor_kills, lives, snapshots;
};

static void nap_us(unsigned long us)
{
    nanosleep(&(struct timespec){(time_t)(us / 1000000), (long)(us % 1000000) * 1000}, NULL);
}

static void begin(const char *dir, const struct kill_job *job, bool slow, uint64_t *seed,
                  struct process *process)
{
    static const uint32_t parallelisms[] = {1, 2, 4};
    const char *sets[6] = {NULL};
    size_t n = 0;
    for (; job->sets[n] != NULL; n++)
        sets[n] = job->sets[n];
    sets[n] = slow ? job->slow : NULL;
    loop_job_start(dir, parallelisms[below(seed, 3)], sets, process);
}

/* Waits for its end; true where it was killed. */
static bool reap(struct process *process)
{
    struct process_result r;
    pid_t pid = process->pid;
    process_wait(process, &r);
    bool killed = r.signal == SIGKILL && !r.timed_out;
    CU_ASSERT_FALSE(r.timed_out);
    CU_ASSERT_TRUE(process_await_group(pid, 60000));
    CU_ASSERT_TRUE(killed || r.status == 0);
    if (!killed && r.status != 0)
        printf("exit status %d: %s\n", r.status, r.err);
    process_result_fini(&r);
    return killed;
}

/* The job process, once it is there and not that which was killed last; 0: it does not come. */
static pid_t await_child(const struct process *process, pid_t killed)
{
    for (int i = 0; i < 1000; i++, nap_us(300)) {
        pid_t child = process_child(process);
        if (child > 0 && child != killed)
            return child;
    }
    return 0;
}

/* Kills one of the two; false where the run had ended. A child that has come while it napped may be none of ours:
 * when a program ends, the leak sanitizer starts one, and waits for ever where that is killed. */
static bool kill_one(const char *dir, const struct kill_job *job, bool slow, uint64_t *seed,
                     struct process *process, pid_t *killed, struct tally *tally)
{
    pid_t child = await_child(process, *killed);
    nap_us(below(seed, job->whole_ms * 1000));
    if (below(seed, 2) == 0 && child > 0 && process_child(process) == child) {
        kill(child, SIGKILL);
        *killed = child;
        tally->job_kills++;
        return true;
    }
    process_signal(process, SIGKILL);
    if (!reap(process))
        return false;
    tally->supervisor_kills++;
    begin(dir, job, slow, seed, process);
    return true;
}

/* From the first start to the end; what is put out then is in `dir`. */
static void live(const char *dir, const struct kill_job *job, uint64_t *seed, struct tally *tally)
{
    struct process process;
    bool slow = job->slow != NULL && below(seed, 2) == 0, running = true;
    char *snap = path_join(dir, "snap");
    pid_t killed = 0;
    dir_remove(snap);
    begin(dir, job, slow, seed, &process);
    for (int k = 0; running && k < LIFE_KILLS; k++)
        running = kill_one(dir, job, slow, seed, &process, &killed, tally);
    if (running)
        CU_ASSERT_FALSE(reap(&process));
    tally->lives++;
    tally->snapshots += run_newest_snapshot(dir, "snap", NULL);
    free(snap);
}

/* ---- what came out ---- */

static char *read_all(const char *dir, const struct kill_job *job)
{
    struct run_sink sinks[4] = {{0}};
    for (size_t i = 0; job->outputs[i] != NULL; i++)
        sinks[i].path = job->outputs[i];
    return run_sinks_read(dir, sinks, true);
}

static uint64_t first_seed(void)
{
    const char *given = getenv("GYRE_KILLS_SEED");
    return given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
}

static void kill_often(const struct kill_job *job, void (*check)(const char *dir))
{
    const char *big = getenv("GYRE_BIG");
    int most = big != NULL && strcmp(big, "1") == 0 ? KILLS_BIG : KILLS;
    uint64_t first = first_seed(), seed = first;
    struct tally tally = {0};
    char *dir = dir_temp();
    process_adopt();
    job->write_input(dir);
    loop_job_write(dir, job->name, "");
    CU_ASSERT_TRUE_FATAL(loop_job_run(dir, 1, job->sets));
    char *want = check == NULL ? read_all(dir, job) : NULL;
    loop_job_write(dir, job->name, settings);
    bool well = true;
    while (well && tally.job_kills + tally.supervisor_kills < most) {
        live(dir, job, &seed, &tally);
        if (check != NULL) {
            check(dir);
            well = CU_get_number_of_failure_records() == 0;
            continue;
        }
        char *got = read_all(dir, job);
        well = run_sinks_agree(got, want, false);
        CU_ASSERT_TRUE(well);
        free(got);
    }
    printf("%s, GYRE_KILLS_SEED=%llu: %d job processes and %d supervisors killed in %d lives, %d "
           "snapshots\n",
           job->name, (unsigned long long)first, tally.job_kills, tally.supervisor_kills,
           tally.lives, tally.snapshots);
    free(want);
    dir_end(dir);
}

/* ---- the jobs ---- */

static void write_graph(const char *dir, const char *name, enum graph_kind kind, size_t edges,
                        bool weights)
{
    struct graph graph;
    char *path = path_join(dir, name);
    graph_make(&graph, kind, edges, 5);
    graph_write(&graph, path, weights);
    graph_fini(&graph);
    free(path);
}

static void write_edges(const char *dir)
{
    write_graph(dir, "edges.csv", GRAPH_POWER, EDGES, false);
}

/* A long way: most of the run is one row that goes round. */
static void write_path(const char *dir)
{
    write_graph(dir, "roads.csv", GRAPH_PATH, HOPS, true);
}

static void write_roads(const char *dir)
{
    write_graph(dir, "roads.csv", GRAPH_GRID, EDGES, true);
}

static void write_points(const char *dir)
{
    char *path = path_join(dir, "points.csv");
    struct plane_point *points = points_make(POINTS, 6, 9);
    points_write(points, POINTS, path);
    free(points), free(path);
}

static void write_nothing(const char *dir)
{
    (void)dir;
}

static const struct kill_job components = {
    .name = "components",
    .slow = "edges.rate=20000.0",
    .outputs = {"out.csv"},
    .write_input = write_edges,
    .whole_ms = 200,
};

static const struct kill_job path = {
    .name = "sssp",
    .slow = "edges.rate=20000.0",
    .outputs = {"out.csv"},
    .write_input = write_path,
    .whole_ms = 300,
};

static const struct kill_job grid = {
    .name = "sssp",
    .slow = "edges.rate=20000.0",
    .outputs = {"out.csv"},
    .write_input = write_roads,
    .whole_ms = 200,
};

static const struct kill_job pagerank = {
    .name = "pagerank",
    .slow = "edges.rate=20000.0",
    .outputs = {"out.csv"},
    .write_input = write_edges,
    .whole_ms = 250,
};

static const struct kill_job kmeans = {
    .name = "kmeans",
    .sets = {"points.clusters=9", "assigned.path=assigned.csv"},
    .slow = "input.rate=30000.0",
    .outputs = {"out.csv", "assigned.csv"},
    .write_input = write_points,
    .whole_ms = 250,
};

static const struct kill_job train = {
    .name = "train",
    .sets = {"model.path=model.csv", "input.count=5000"},
    .write_input = write_nothing,
    .whole_ms = 500,
};

static void components_that_are_killed_are_the_same(void)
{
    kill_often(&components, NULL);
}

static void a_row_on_a_long_way_round_is_neither_lost_nor_doubled(void)
{
    kill_often(&path, NULL);
}

static void distances_that_are_killed_are_the_same(void)
{
    kill_often(&grid, NULL);
}

static void ranks_that_are_killed_are_the_same_to_the_bit(void)
{
    kill_often(&pagerank, NULL);
}

static void clusters_that_are_killed_are_the_same_to_the_bit(void)
{
    kill_often(&kmeans, NULL);
}

/* Five windows of 1000 examples each, all of them judged once; the last shows what was learnt. */
static void check_model(const char *dir)
{
    struct table table;
    CU_ASSERT_TRUE_FATAL(table_read(&table, dir, "out.csv", 3));
    CU_ASSERT_EQUAL(table.n, 5);
    if (table.n > 0)
        CU_ASSERT(table.values[3 * table.n - 2] < 0.5 && table.values[3 * table.n - 1] > 0.75);
    table_fini(&table);
    CU_ASSERT_TRUE_FATAL(table_read(&table, dir, "model.csv", 2));
    CU_ASSERT_EQUAL(table.n, 8);
    table_fini(&table);
}

static void a_model_that_is_killed_learns_from_each_example_once(void)
{
    kill_often(&train, check_model);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(components_that_are_killed_are_the_same, 3600),
    SUITE_TEST_WITHIN(a_row_on_a_long_way_round_is_neither_lost_nor_doubled, 3600),
    SUITE_TEST_WITHIN(distances_that_are_killed_are_the_same, 3600),
    SUITE_TEST_WITHIN(ranks_that_are_killed_are_the_same_to_the_bit, 3600),
    SUITE_TEST_WITHIN(clusters_that_are_killed_are_the_same_to_the_bit, 3600),
    SUITE_TEST_WITHIN(a_model_that_is_killed_learns_from_each_example_once, 3600),
};

SUITE_MAIN("loop_kills", tests)
