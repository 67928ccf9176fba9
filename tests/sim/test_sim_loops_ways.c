/* Loops whose rows go all ways: partitioned by key, by a function, forward, dealt out, to one task, to all; into one
 * port of two, back from several operators, by the clock; each operator with a number of tasks of its own. No
 * row is lost or doubled, wherever the process dies, and with whatever numbers of tasks it goes on. */
#include "../support/loop_next.h"
#include "base/rng.h"
#include "files.h"
#include "sim/sim.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

enum { OPS_MOST = 5, EDGES_MOST = 24, IDS = 20, VISITS_MOST = 20000, WIDTHS = 3, TEXT = 16 * 1024 };
enum { START = OPS_MOST };
enum way { KEY, FUNCTION, REBALANCE, SINGLE, FORWARD, BROADCAST, N_WAYS };

static const char *const ways[] = {"key = \"id\"",
                                   "partition = \"loop_ops.by_id\"; owned = true",
                                   "partition = \"rebalance\"",
                                   "partition = \"single\"",
                                   "partition = \"forward\"",
                                   "partition = \"broadcast\""};

struct edge {
    int from, to;
    char port;
    bool feedback, right; /* into the second port */
};

struct shape {
    int n_ops, n_edges, values, left;
    bool uniform; /* in the numbers of tasks: rows may go forward */
    bool fixed;   /* ... in all runs: rows may go to all tasks */
    bool scarce, rounds[OPS_MOST], pair[OPS_MOST], nap[OPS_MOST];
    enum way way[OPS_MOST];
    int tasks[OPS_MOST];
    struct edge edges[EDGES_MOST];
    uint32_t seen[OPS_MOST][IDS][8];
    uint32_t n_seen;
};

static bool reaches(const struct shape *shape, int from, int to)
{
    bool reached[OPS_MOST + 1] = {false};
    reached[from] = true;
    for (int round = 0; round < shape->n_ops; round++)
        for (int e = 0; e < shape->n_edges; e++)
            if (!shape->edges[e].feedback && reached[shape->edges[e].from])
                reached[shape->edges[e].to] = true;
    return reached[to];
}

static void add_edge(struct shape *shape, struct edge edge)
{
    for (int e = 0; e < shape->n_edges; e++)
        if (shape->edges[e].from == edge.from && shape->edges[e].to == edge.to &&
            shape->edges[e].port == edge.port)
            return;
    if (shape->n_edges < EDGES_MOST)
        shape->edges[shape->n_edges++] = edge;
}

static char draw_port(struct gy_rng *rng)
{
    return gy_rng_below(rng, 2) == 0 ? 'a' : 'b';
}

/* Whether an operator takes input by its second port. */
static bool has_right(const struct shape *shape, int op)
{
    bool right = false;
    for (int e = 0; e < shape->n_edges; e++)
        right |= shape->edges[e].to == op && !shape->edges[e].feedback && shape->edges[e].right;
    return right;
}

static void draw_op(struct shape *shape, int i, struct gy_rng *rng)
{
    enum way most = shape->fixed ? N_WAYS : shape->uniform ? BROADCAST : FORWARD;
    shape->tasks[i] = shape->uniform ? shape->tasks[0] : 1 + (int)gy_rng_below(rng, 3);
    shape->way[i] = (enum way)gy_rng_below(rng, most);
    shape->pair[i] = gy_rng_below(rng, 3) == 0;
    shape->nap[i] = !shape->pair[i] && shape->way[i] == KEY && gy_rng_below(rng, 2) == 0;
    bool start = i == 0 || gy_rng_below(rng, 4) == 0;
    add_edge(shape, (struct edge){start ? START : (int)gy_rng_below(rng, (uint64_t)i), i,
                                  start ? 'o' : draw_port(rng), false, false});
    if (i > 0 && gy_rng_below(rng, 2) == 0)
        add_edge(shape, (struct edge){(int)gy_rng_below(rng, (uint64_t)i), i, draw_port(rng), false,
                                      shape->pair[i]});
}

/* What comes after one row, to the end. False: it is too much. */
static bool follow(struct shape *shape)
{
    static struct {
        int op;
        int64_t id, left;
    } stack[VISITS_MOST * 8];
    int depth = 0;
    for (int v = 0; v < shape->values; v++)
        for (int e = 0; e < shape->n_edges; e++)
            for (int t = 0;
                 shape->edges[e].from == START &&
                 t < (shape->way[shape->edges[e].to] == BROADCAST ? shape->tasks[shape->edges[e].to]
                                                                  : 1);
                 t++) {
                stack[depth].op = shape->edges[e].to;
                stack[depth].id = loop_first_id(v, IDS);
                stack[depth++].left = loop_first_left(v, shape->left);
            }
    while (depth > 0) {
        int op = stack[--depth].op;
        int64_t id = stack[depth].id, left = stack[depth].left, next;
        shape->seen[op][id][left]++;
        if (++shape->n_seen > VISITS_MOST)
            return false;
        for (int e = 0; e < shape->n_edges; e++) {
            const struct edge *edge = &shape->edges[e];
            if (edge->from != op || !loop_next(op, edge->port, IDS, id, left, &next))
                continue;
            int copies = shape->way[edge->to] == BROADCAST ? shape->tasks[edge->to] : 1;
            for (int c = 0; c < copies; c++) {
                stack[depth].op = edge->to;
                stack[depth].id = next;
                stack[depth++].left = left - 1;
            }
        }
    }
    return true;
}

static void draw(struct shape *shape, bool fixed, struct gy_rng *rng)
{
    do {
        memset(shape, 0, sizeof *shape);
        shape->n_ops = 1 + (int)gy_rng_below(rng, OPS_MOST);
        shape->values = (int)gy_rng_below(rng, 60);
        shape->left = 1 + (int)gy_rng_below(rng, 6);
        shape->fixed = fixed;
        shape->uniform = gy_rng_below(rng, 2) == 0;
        shape->scarce = gy_rng_below(rng, 2) == 0;
        shape->tasks[0] = 1 + (int)gy_rng_below(rng, 3);
        for (int i = 0; i < shape->n_ops; i++)
            draw_op(shape, i, rng);
        uint64_t n_feedback = 1 + gy_rng_below(rng, 4);
        for (uint64_t f = 0; f < n_feedback; f++) {
            int to = (int)gy_rng_below(rng, (uint64_t)shape->n_ops);
            int from = to + (int)gy_rng_below(rng, (uint64_t)(shape->n_ops - to));
            if (!reaches(shape, to, from))
                continue;
            bool right = has_right(shape, to) && gy_rng_below(rng, 2) == 0;
            add_edge(shape, (struct edge){from, to, draw_port(rng), true, right});
            shape->rounds[to] = gy_rng_below(rng, 3) == 0;
        }
    } while (!follow(shape));
}

/* The streams of one port, "[...]"; nothing where there are none. */
static size_t print_streams(const struct shape *shape, int op, bool feedback, bool right,
                            char *text)
{
    size_t at = 0;
    int n = 0;
    for (int e = 0; e < shape->n_edges; e++) {
        const struct edge *edge = &shape->edges[e];
        if (edge->to != op || edge->feedback != feedback || edge->right != right)
            continue;
        at += (size_t)sprintf(text + at, n++ > 0 ? ", " : "[");
        at += edge->from == START
                  ? (size_t)sprintf(text + at, "\"start\"")
                  : (size_t)sprintf(text + at, "\"op%d.%c\"", edge->from, edge->port);
    }
    return at + (n > 0 ? (size_t)sprintf(text + at, "]") : 0);
}

static size_t print_edges(const struct shape *shape, int op, bool feedback, char *text)
{
    char left[512] = "", right[512] = "";
    const char *name = feedback ? "feedback" : "input";
    print_streams(shape, op, feedback, false, left);
    print_streams(shape, op, feedback, true, right);
    if (!shape->pair[op] && left[0] != 0)
        return (size_t)sprintf(text, " %s = %s;", name, left);
    if (left[0] == 0 && right[0] == 0)
        return 0;
    size_t at = (size_t)sprintf(text, " %s = {", name);
    if (left[0] != 0)
        at += (size_t)sprintf(text + at, " left = %s;", left);
    if (right[0] != 0)
        at += (size_t)sprintf(text + at, " right = %s;", right);
    return at + (size_t)sprintf(text + at, " };");
}

static void print_job(const struct shape *shape, bool rounds, int shift, char *text)
{
    size_t at = (size_t)sprintf(
        text,
        "job = \"ways\"; parallelism = %d; max_parallelism = 16;\n%s"
        "operators = (\n"
        "  { id = \"values\"; op = \"gen.sequence\"; from = 0; to = %d; parallelism = 1; },\n"
        "  { id = \"start\"; op = \"loop_ops.start\"; input = \"values\"; ids = %d; left = %d; "
        "},\n",
        shape->uniform ? 1 + (shape->tasks[0] - 1 + shift) % 3 : 1 + shift,
        shape->scarce ? "loop = { memory = \"64KiB\"; };\n" : "", shape->values - 1, IDS,
        shape->left);
    for (int i = 0; i < shape->n_ops; i++) {
        const char *op = shape->pair[i] ? "pair" : shape->nap[i] ? "nap" : "pass";
        bool ports = shape->pair[i] && shape->way[i] == KEY;
        at += (size_t)sprintf(
            text + at,
            "  { id = \"op%d\"; op = \"loop_ops.%s\"; op_number = %d; ids = %d; parallelism = %d; "
            "%s;",
            i, op, i, IDS, 1 + (shape->tasks[i] - 1 + shift) % 3,
            !ports                ? ways[shape->way[i]]
            : has_right(shape, i) ? "key = { left = \"id\"; right = \"id\"; }"
                                  : "key = { left = \"id\"; }");
        at += print_edges(shape, i, false, text + at);
        at += print_edges(shape, i, true, text + at);
        if (rounds && shape->rounds[i])
            at += (size_t)sprintf(text + at, " rounds = { max = 1000; };");
        at += (size_t)sprintf(text + at, " },\n");
    }
    at += (size_t)sprintf(text + at,
                          "  { id = \"out\"; op = \"file.write\"; path = \"out.csv\"; input = [");
    for (int i = 0; i < shape->n_ops; i++)
        at += (size_t)sprintf(text + at, "%s\"op%d\"", i > 0 ? ", " : "", i);
    sprintf(text + at, "]; }\n);\n");
}

static char *expected(const struct shape *shape)
{
    char *rows = calloc(shape->n_seen + 1, 40);
    size_t at = 0;
    for (int op = 0; op < shape->n_ops; op++)
        for (int id = 0; id < IDS; id++)
            for (int left = 0; left < 8; left++)
                for (uint32_t n = 0; n < shape->seen[op][id][left]; n++)
                    at += (size_t)sprintf(rows + at, "%d,%d,%d\n", op, id, left);
    char *sorted = sim_sorted_lines(rows);
    free(rows);
    return sorted;
}

/* Draws a shape that is a job, with rounds where its loops nest, else without; true: with. */
static bool draw_job(struct shape *shape, bool fixed, char *dir, struct gy_rng *rng, char *text)
{
    for (;;) {
        draw(shape, fixed, rng);
        for (int rounds = 1; rounds >= 0; rounds--) {
            struct sim_job job;
            print_job(shape, rounds != 0, 0, text);
            if (!sim_job_try(&job, dir, text))
                continue;
            sim_job_fini(&job);
            return rounds != 0;
        }
    }
}

static void compare(const struct shape *shape, char *dir, uint64_t seed, const char *text)
{
    char *path = path_join(dir, "out.csv");
    char *out = file_read(path, NULL);
    char *sorted = sim_sorted_lines(out);
    char *wanted = expected(shape);
    if (strcmp(sorted, wanted) != 0) {
        fprintf(stderr, "seed %llu: rows are lost, doubled or astray in\n%s",
                (unsigned long long)seed, text);
        CU_FAIL("rows are lost, doubled or astray");
    }
    free(path);
    free(out);
    free(sorted);
    free(wanted);
}

static void rows_go_round_all_ways(void)
{
    static struct shape shape;
    static char text[TEXT];
    uint64_t first, seeds = sim_seeds(400, &first);
    char *dir = dir_temp();
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        struct sim_job job;
        struct gy_rng rng;
        gy_rng_init(&rng, seed);
        draw_job(&shape, true, dir, &rng, text);
        sim_job_init(&job, dir, text);
        CU_ASSERT_EQUAL_FATAL(sim_job_run(&job, seed), 0);
        compare(&shape, dir, seed, text);
        sim_job_fini(&job);
    }
    dir_end(dir);
}

static void live_all(bool fixed)
{
    static struct shape shape;
    static char text[TEXT], printed[TEXT];
    uint64_t first, seeds = sim_seeds(150, &first);
    struct sim_life life = {.n_jobs = WIDTHS, .deaths = 8, .turns = 64};
    char *dir = dir_temp();
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        struct sim_job jobs[WIDTHS];
        struct gy_rng rng;
        gy_rng_init(&rng, seed);
        bool rounds = draw_job(&shape, fixed, dir, &rng, text);
        for (int w = 0; w < WIDTHS; w++) {
            print_job(&shape, rounds, fixed ? 0 : w, printed);
            sim_job_init(&jobs[w], dir, printed);
        }
        life.jobs = jobs;
        if (sim_life_run(&life, seed) != 0) {
            fprintf(stderr, "%s", text);
            CU_FAIL_FATAL("a life fails");
        }
        compare(&shape, dir, seed, text);
        for (int w = 0; w < WIDTHS; w++)
            sim_job_fini(&jobs[w]);
    }
    printf("ways: %u runs, %u snapshots, %u of them failed, %u restored\n", life.runs, life.taken,
           life.failed, life.restored);
    CU_ASSERT_TRUE(seeds < 100 || life.restored > seeds / 3);
    dir_end(dir);
}

static void rows_that_go_all_ways_are_there_once_after_deaths(void)
{
    live_all(true);
}

static void rows_that_go_all_ways_are_there_once_with_other_numbers_of_tasks(void)
{
    live_all(false);
}

/* The first round takes all that the sources have: they do not wait for what waits for them. */
static void more_than_memory_holds_waits_for_the_next_round(void)
{
    struct sim_job job;
    char *dir = dir_temp(), *path = path_join(dir, "out.csv");
    sim_job_init(
        &job, dir,
        "job = \"large\"; parallelism = 2; loop = { memory = \"64KiB\"; };\n"
        "operators = (\n"
        "  { id = \"values\"; op = \"gen.sequence\"; from = 0; to = 29999; },\n"
        "  { id = \"start\"; op = \"loop_ops.start\"; input = \"values\"; },\n"
        "  { id = \"a\"; op = \"loop_ops.ballot\"; input = \"start\"; key = \"id\";\n"
        "    feedback = \"a.again\"; rounds = { max = 2; }; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"a.again\"; path = \"out.csv\"; }\n"
        ");\n");
    CU_ASSERT_EQUAL_FATAL(sim_job_run(&job, 1), 0);
    char *out = file_read(path, NULL);
    uint64_t n = 0;
    for (const char *at = out; *at != 0; at++)
        n += *at == '\n';
    CU_ASSERT_EQUAL(n, 90000);
    sim_job_fini(&job);
    free(out);
    free(path);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(rows_go_round_all_ways, 120),
    SUITE_TEST_WITHIN(rows_that_go_all_ways_are_there_once_after_deaths, 120),
    SUITE_TEST_WITHIN(rows_that_go_all_ways_are_there_once_with_other_numbers_of_tasks, 120),
    SUITE_TEST(more_than_memory_holds_waits_for_the_next_round),
};
SUITE_MAIN("sim_loops_ways", tests)
