/* Jobs with loops of all shapes end, never early, and with all rows, in whatever order their tasks run;
 * and where the process dies, no row of a loop is lost or doubled. */
#include "../support/loop_next.h"
#include "base/rng.h"
#include "files.h"
#include "sim/sim.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

enum { OPS_MOST = 5, EDGES_MOST = 24, IDS = 20, VISITS_MOST = 20000, WIDTHS = 3 };
enum { START = OPS_MOST }; /* the operator that rows come from */

struct edge {
    int from, to;
    char port;
    bool feedback;
};

/* A random graph of operators of fixtures/loop_ops. */
struct shape {
    int n_ops, n_edges;
    bool holds[OPS_MOST];
    bool rounds[OPS_MOST];
    struct edge edges[EDGES_MOST];
    int values, left;
    bool scarce; /* of memory: rows that wait go into files */
    uint32_t seen[OPS_MOST][IDS];
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

static bool has_edge(const struct shape *shape, const struct edge *edge)
{
    for (int e = 0; e < shape->n_edges; e++)
        if (shape->edges[e].from == edge->from && shape->edges[e].to == edge->to &&
            shape->edges[e].port == edge->port)
            return true;
    return false;
}

static void add_edge(struct shape *shape, int from, int to, char port, bool feedback)
{
    struct edge edge = {from, to, port, feedback};
    if (shape->n_edges < EDGES_MOST && !has_edge(shape, &edge))
        shape->edges[shape->n_edges++] = edge;
}

static char draw_port(struct gy_rng *rng)
{
    return gy_rng_below(rng, 2) == 0 ? 'a' : 'b';
}

/* What comes after one row, to the end; the order does not matter. False: it is too much. */
static bool follow(struct shape *shape)
{
    static struct {
        int op;
        int64_t id, left;
    } stack[VISITS_MOST * 4];
    int depth = 0;
    for (int v = 0; v < shape->values; v++)
        for (int e = 0; e < shape->n_edges; e++)
            if (shape->edges[e].from == START) {
                stack[depth].op = shape->edges[e].to;
                stack[depth].id = loop_first_id(v, IDS);
                stack[depth++].left = loop_first_left(v, shape->left);
            }
    while (depth > 0) {
        int op = stack[--depth].op;
        int64_t id = stack[depth].id, left = stack[depth].left, next;
        shape->seen[op][id]++;
        if (++shape->n_seen > VISITS_MOST)
            return false;
        for (int e = 0; e < shape->n_edges; e++) {
            const struct edge *edge = &shape->edges[e];
            if (edge->from != op || !loop_next(op, edge->port, IDS, id, left, &next))
                continue;
            stack[depth].op = edge->to;
            stack[depth].id = next;
            stack[depth++].left = left - 1;
        }
    }
    return true;
}

static void draw(struct shape *shape, uint64_t seed)
{
    struct gy_rng rng;
    gy_rng_init(&rng, seed);
    do {
        memset(shape, 0, sizeof *shape);
        shape->n_ops = 1 + (int)gy_rng_below(&rng, OPS_MOST);
        shape->values = (int)gy_rng_below(&rng, 60);
        shape->left = 1 + (int)gy_rng_below(&rng, 6);
        shape->scarce = gy_rng_below(&rng, 2) == 0;
        for (int i = 0; i < shape->n_ops; i++) {
            shape->holds[i] = gy_rng_below(&rng, 4) == 0;
            if (i == 0 || gy_rng_below(&rng, 4) == 0)
                add_edge(shape, START, i, 'o', false);
            else
                add_edge(shape, (int)gy_rng_below(&rng, (uint64_t)i), i, draw_port(&rng), false);
            if (i > 0 && gy_rng_below(&rng, 3) == 0)
                add_edge(shape, (int)gy_rng_below(&rng, (uint64_t)i), i, draw_port(&rng), false);
        }
        uint64_t n_feedback = 1 + gy_rng_below(&rng, 4);
        for (uint64_t f = 0; f < n_feedback; f++) {
            int to = (int)gy_rng_below(&rng, (uint64_t)shape->n_ops);
            int from = to + (int)gy_rng_below(&rng, (uint64_t)(shape->n_ops - to));
            if (reaches(shape, to, from)) {
                add_edge(shape, from, to, draw_port(&rng), true);
                shape->rounds[to] = gy_rng_below(&rng, 3) == 0;
            }
        }
    } while (!follow(shape));
}

static size_t print_edges(const struct shape *shape, int op, bool feedback, char *text)
{
    size_t at = 0;
    int n = 0;
    for (int e = 0; e < shape->n_edges; e++) {
        const struct edge *edge = &shape->edges[e];
        if (edge->to != op || edge->feedback != feedback)
            continue;
        at += (size_t)sprintf(text + at, n++ > 0    ? ", "
                                         : feedback ? " feedback = ["
                                                    : " input = [");
        at += edge->from == START
                  ? (size_t)sprintf(text + at, "\"start\"")
                  : (size_t)sprintf(text + at, "\"op%d.%c\"", edge->from, edge->port);
    }
    return at + (n > 0 ? (size_t)sprintf(text + at, "];") : 0);
}

static void print_job(const struct shape *shape, bool rounds, int parallelism, int chained,
                      char *text)
{
    size_t at = (size_t)sprintf(
        text,
        "job = \"loops\"; parallelism = %d; max_parallelism = 16;\n"
        "%s"
        "operators = (\n"
        "  { id = \"values\"; op = \"gen.sequence\"; from = 0; to = %d; parallelism = 1; },\n"
        "  { id = \"start\"; op = \"loop_ops.start\"; input = \"values\"; ids = %d; left = %d; "
        "},\n",
        parallelism, shape->scarce ? "loop = { memory = \"64KiB\"; };\n" : "", shape->values - 1,
        IDS, shape->left);
    for (int i = 0; i < shape->n_ops; i++) {
        at += (size_t)sprintf(
            text + at,
            "  { id = \"op%d\"; op = \"loop_ops.%s\"; op_number = %d; ids = %d; key = \"id\";", i,
            shape->holds[i] ? "hold" : "hop", i, IDS);
        at += print_edges(shape, i, false, text + at);
        at += print_edges(shape, i, true, text + at);
        if (i == chained)
            at += (size_t)sprintf(text + at, " parallelism = 1;");
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
            for (uint32_t n = 1; n <= shape->seen[op][id]; n++)
                at += (size_t)sprintf(rows + at, "%d,%d,%u\n", op, id, n);
    char *sorted = sim_sorted_lines(rows);
    free(rows);
    return sorted;
}

/* Loads the job, with rounds where its loops nest. */
static void load(struct sim_job *job, char *dir, const struct shape *shape, uint64_t seed,
                 int parallelism, char *text)
{
    int single = (int)(seed / 3 % 8);
    print_job(shape, true, parallelism, single, text);
    if (sim_job_try(job, dir, text))
        return;
    print_job(shape, false, parallelism, single, text);
    sim_job_init(job, dir, text);
}

static void compare(const struct shape *shape, char *dir, uint64_t seed, const char *text)
{
    char *path = path_join(dir, "out.csv");
    char *out = file_read(path, NULL);
    char *sorted = sim_sorted_lines(out);
    char *wanted = expected(shape);
    if (strcmp(sorted, wanted) != 0) {
        fprintf(stderr, "seed %llu: rows are lost or doubled in\n%s", (unsigned long long)seed,
                text);
        CU_FAIL("rows are lost or doubled");
    }
    free(path);
    free(out);
    free(sorted);
    free(wanted);
}

static void every_loop_ends_with_all_of_its_rows(void)
{
    static struct shape shape;
    static char text[16 * 1024];
    uint64_t first, seeds = sim_seeds(500, &first);
    char *dir = dir_temp();
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        struct sim_job job;
        draw(&shape, seed);
        load(&job, dir, &shape, seed, 1 + (int)(seed % 3), text);
        CU_ASSERT_EQUAL_FATAL(sim_job_run(&job, seed), 0);
        compare(&shape, dir, seed, text);
        sim_job_fini(&job);
    }
    dir_end(dir);
}

/* Each life dies some times, and goes on at another parallelism. */
static void a_loop_that_dies_goes_on_with_all_of_its_rows(void)
{
    static struct shape shape;
    static char text[16 * 1024];
    uint64_t first, seeds = sim_seeds(150, &first);
    struct sim_life life = {.n_jobs = WIDTHS, .deaths = 8, .turns = 64};
    char *dir = dir_temp();
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        struct sim_job jobs[WIDTHS];
        draw(&shape, seed);
        for (int w = 0; w < WIDTHS; w++)
            load(&jobs[w], dir, &shape, seed, 1 + w, text);
        life.jobs = jobs;
        CU_ASSERT_EQUAL_FATAL(sim_life_run(&life, seed), 0);
        compare(&shape, dir, seed, text);
        for (int w = 0; w < WIDTHS; w++)
            sim_job_fini(&jobs[w]);
    }
    printf("loops: %u runs, %u snapshots, %u of them failed, %u restored\n", life.runs, life.taken,
           life.failed, life.restored);
    CU_ASSERT_TRUE(seeds < 100 || life.restored > seeds / 2);
    dir_end(dir);
}

/* ---- rounds ---- */

/* A loop in rounds, `a`, and another inside it, `bb`, where it is nested. */
struct rounds_shape {
    int values, left, outer_max, inner_max;
    bool nested;
};

/* What is put out, as the definition has it. */
struct rounds_oracle {
    char *rows;
    size_t at;
    int tasks; /* of each operator */
};

static void say_seen(struct rounds_oracle *oracle, int times, int64_t op, int64_t id, int64_t n)
{
    for (int t = 0; t < times; t++)
        oracle->at += (size_t)sprintf(oracle->rows + oracle->at, "%lld,%lld,%lld\n", (long long)op,
                                      (long long)id, (long long)n);
}

/* The end of a round: what comes of each sum goes to `next`, and to `also`. True where something does. */
static bool end_round(struct rounds_oracle *oracle, int op, int64_t *sums, bool *due, int64_t *next,
                      bool *next_due, int64_t *also, bool *also_due)
{
    int64_t out[IDS] = {0};
    bool out_due[IDS] = {false}, any = false;
    for (int id = 0; id < IDS; id++) {
        if (!due[id])
            continue;
        say_seen(oracle, 1, op, id, sums[id]);
        if (sums[id] > 0) {
            int64_t to = loop_first_id(id ^ sums[id], IDS);
            out[to] += sums[id] - 1;
            out_due[to] = any = true;
        }
        sums[id] = 0;
        due[id] = false;
    }
    for (int id = 0; id < IDS; id++) {
        next[id] += out[id];
        next_due[id] |= out_due[id];
        if (also != NULL) {
            also[id] += out[id];
            also_due[id] |= out_due[id];
        }
    }
    return any;
}

/* All rounds of the loop inside, of what has come to it; what it puts out goes to the outer one too. */
static void run_inner(struct rounds_oracle *oracle, const struct rounds_shape *shape, int64_t *sums,
                      bool *due, int64_t *outer, bool *outer_due)
{
    bool touched = false;
    for (int id = 0; id < IDS; id++)
        touched |= due[id];
    for (int number = 0; touched; number++) {
        int64_t next[IDS] = {0};
        bool next_due[IDS] = {false};
        bool any = end_round(oracle, 1, sums, due, next, next_due, outer, outer_due);
        say_seen(oracle, oracle->tasks, -2, number, 2);
        touched = any && number < shape->inner_max;
        if (touched) {
            memcpy(sums, next, sizeof next);
            memcpy(due, next_due, sizeof next_due);
        }
    }
}

static char *expect_rounds(const struct rounds_shape *shape, int tasks)
{
    struct rounds_oracle oracle = {.rows = calloc(1, 4 << 20), .tasks = tasks};
    int64_t sums[IDS] = {0}, inner[IDS] = {0};
    bool due[IDS] = {false}, inner_due[IDS] = {false}, more = true;
    for (int v = 0; v < shape->values; v++) {
        sums[loop_first_id(v, IDS)] += loop_first_left(v, shape->left);
        due[loop_first_id(v, IDS)] = true;
    }
    for (int number = 0; more; number++) {
        int64_t next[IDS] = {0};
        bool next_due[IDS] = {false};
        end_round(&oracle, 0, sums, due, shape->nested ? inner : next,
                  shape->nested ? inner_due : next_due, NULL, NULL);
        say_seen(&oracle, tasks, -1, number, 1);
        if (shape->nested) {
            run_inner(&oracle, shape, inner, inner_due, next, next_due);
            say_seen(&oracle, tasks, -2, number, 1);
        }
        more = false;
        for (int id = 0; id < IDS; id++)
            more |= next_due[id] && number < shape->outer_max;
        memcpy(sums, next, sizeof next);
        memcpy(due, next_due, sizeof next_due);
    }
    char *sorted = sim_sorted_lines(oracle.rows);
    free(oracle.rows);
    return sorted;
}

static void print_rounds(const struct rounds_shape *shape, int parallelism, int tasks, char *text)
{
    char inner[400] = "";
    if (shape->nested)
        sprintf(
            inner,
            "  { id = \"bb\"; op = \"loop_ops.rounds\"; op_number = 1; ids = %d; key = \"id\";\n"
            "    input = \"a.again\"; feedback = \"bb.again\"; rounds = { max = %d; };"
            " parallelism = %d; },\n",
            IDS, shape->inner_max, tasks);
    sprintf(
        text,
        "job = \"rounds\"; parallelism = %d; max_parallelism = 16;\n"
        "operators = (\n"
        "  { id = \"values\"; op = \"gen.sequence\"; from = 0; to = %d; parallelism = 1; },\n"
        "  { id = \"start\"; op = \"loop_ops.start\"; input = \"values\"; ids = %d; left = %d; },\n"
        "  { id = \"a\"; op = \"loop_ops.rounds\"; op_number = 0; ids = %d; key = \"id\";\n"
        "    input = \"start\"; feedback = \"%s.again\"; rounds = { max = %d; }; parallelism = %d; "
        "},\n"
        "%s"
        "  { id = \"out\"; op = \"file.write\"; path = \"out.csv\"; input = [%s]; }\n"
        ");\n",
        parallelism, shape->values - 1, IDS, shape->left, IDS, shape->nested ? "bb" : "a",
        shape->outer_max, tasks, inner, shape->nested ? "\"a\", \"bb\"" : "\"a\"");
}

static void draw_rounds(struct rounds_shape *shape, uint64_t seed)
{
    struct gy_rng rng;
    gy_rng_init(&rng, seed);
    shape->nested = gy_rng_below(&rng, 2) == 0;
    shape->values = (int)gy_rng_below(&rng, 12);
    shape->left = 1 + (int)gy_rng_below(&rng, shape->nested ? 3 : 9);
    shape->outer_max = 1 + (int)gy_rng_below(&rng, shape->nested ? 3 : 12);
    shape->inner_max = 1 + (int)gy_rng_below(&rng, 6);
}

static void compare_rounds(const struct rounds_shape *shape, char *dir, int tasks, uint64_t seed,
                           const char *text)
{
    char *path = path_join(dir, "out.csv");
    char *out = file_read(path, NULL);
    char *sorted = sim_sorted_lines(out);
    char *wanted = expect_rounds(shape, tasks);
    if (strcmp(sorted, wanted) != 0) {
        fprintf(stderr, "seed %llu:\n%s--- put out\n%s--- wanted\n%s", (unsigned long long)seed,
                text, sorted, wanted);
        CU_FAIL("rounds are not as they are defined");
    }
    free(path);
    free(out);
    free(sorted);
    free(wanted);
}

static void rounds_end_in_the_order_of_their_loops(void)
{
    static char text[16 * 1024];
    uint64_t first, seeds = sim_seeds(300, &first);
    char *dir = dir_temp();
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        struct rounds_shape shape;
        struct sim_job job;
        int tasks = 1 + (int)(seed % 3);
        draw_rounds(&shape, seed);
        print_rounds(&shape, tasks, tasks, text);
        sim_job_init(&job, dir, text);
        CU_ASSERT_EQUAL_FATAL(sim_job_run(&job, seed), 0);
        compare_rounds(&shape, dir, tasks, seed, text);
        sim_job_fini(&job);
    }
    dir_end(dir);
}

/* In the middle of a round, of its end, and of what waits inside for its end. on_round_end tells of each task:
 * the loops keep their number of tasks. */
static void a_round_that_dies_goes_on_where_it_was(void)
{
    static char text[16 * 1024];
    uint64_t first, seeds = sim_seeds(150, &first);
    struct sim_life life = {.n_jobs = WIDTHS, .deaths = 8, .turns = 64};
    char *dir = dir_temp();
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        struct rounds_shape shape;
        struct sim_job jobs[WIDTHS];
        int tasks = 1 + (int)(seed % 3);
        draw_rounds(&shape, seed);
        for (int w = 0; w < WIDTHS; w++) {
            print_rounds(&shape, 1 + w, tasks, text);
            sim_job_init(&jobs[w], dir, text);
        }
        life.jobs = jobs;
        CU_ASSERT_EQUAL_FATAL(sim_life_run(&life, seed), 0);
        compare_rounds(&shape, dir, tasks, seed, text);
        for (int w = 0; w < WIDTHS; w++)
            sim_job_fini(&jobs[w]);
    }
    printf("rounds: %u runs, %u snapshots, %u of them failed, %u restored\n", life.runs, life.taken,
           life.failed, life.restored);
    CU_ASSERT_TRUE(seeds < 100 || life.restored > seeds / 2);
    dir_end(dir);
}

/* ---- watermarks ---- */

/* Windows behind a loop: each fires once, with all of its rows, however long these went round. */
static void print_windows(uint64_t seed, char *text)
{
    struct gy_rng rng;
    gy_rng_init(&rng, seed);
    int parallelism = 1 + (int)gy_rng_below(&rng, 3);
    int disorder = (int)gy_rng_below(&rng, 30);
    int size = 1 + (int)gy_rng_below(&rng, 40);
    const char *path = gy_rng_below(&rng, 2) == 0 ? "\"op0.b\"" : "\"op1.a\", \"op1.b\"";
    const char *rounds = gy_rng_below(&rng, 3) == 0 ? " rounds = { max = 100; };" : "";
    sprintf(
        text,
        "job = \"windows\"; parallelism = %d; max_parallelism = 16;\n"
        "operators = (\n"
        "  { id = \"events\"; op = \"gen.events\"; keys = 10; count = 200; seed = %d;\n"
        "    out_of_order = \"%dus\"; },\n"
        "  { id = \"start\"; op = \"loop_ops.start\"; input = \"events\"; ids = %d; left = 6; },\n"
        "  { id = \"op0\"; op = \"loop_ops.hop\"; op_number = 0; ids = %d; key = \"id\";\n"
        "    input = \"start\"; feedback = [%s];%s },\n"
        "  { id = \"op1\"; op = \"loop_ops.hop\"; op_number = 1; ids = %d; key = \"id\";\n"
        "    input = \"op0.a\"; },\n"
        "  { id = \"win\"; op = \"std.count\"; input = [\"op0\", \"op1\"]; key = \"op\";\n"
        "    window = { time = \"%dus\"; }; },\n"
        "  { id = \"all\"; op = \"file.write\"; path = \"all.csv\"; input = [\"op0\", \"op1\"]; "
        "},\n"
        "  { id = \"out\"; op = \"file.write\"; path = \"out.csv\"; input = \"win\"; }\n"
        ");\n",
        parallelism, (int)(seed % 1000), disorder, IDS, IDS, path, rounds, IDS, size);
}

/* Sums the last field of all rows op,start,end,count; no window may come twice. */
static uint64_t sum_windows(char *text)
{
    uint64_t sum = 0;
    char *sorted = sim_sorted_lines(text), *rest = NULL, last[64] = "";
    for (char *line = strtok_r(sorted, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char *comma = strrchr(line, ',');
        CU_ASSERT_PTR_NOT_NULL_FATAL(comma);
        sum += strtoull(comma + 1, NULL, 10);
        *comma = 0;
        CU_ASSERT_STRING_NOT_EQUAL(line, last);
        snprintf(last, sizeof last, "%s", line);
    }
    free(sorted);
    return sum;
}

static void rows_that_go_round_are_not_late(void)
{
    static char text[4096];
    uint64_t first, seeds = sim_seeds(300, &first);
    char *dir = dir_temp();
    char *all = path_join(dir, "all.csv"), *out = path_join(dir, "out.csv");
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        struct sim_job job;
        print_windows(seed, text);
        sim_job_init(&job, dir, text);
        CU_ASSERT_EQUAL_FATAL(sim_job_run(&job, seed), 0);
        char *rows = file_read(all, NULL), *windows = file_read(out, NULL);
        uint64_t n = 0;
        for (const char *at = rows; *at != 0; at++)
            n += *at == '\n';
        if (sum_windows(windows) != n) {
            fprintf(stderr, "seed %llu: rows are late in\n%s", (unsigned long long)seed, text);
            CU_FAIL("rows that go round are late");
        }
        free(rows);
        free(windows);
        sim_job_fini(&job);
    }
    free(all);
    free(out);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(every_loop_ends_with_all_of_its_rows, 120),
    SUITE_TEST_WITHIN(a_loop_that_dies_goes_on_with_all_of_its_rows, 120),
    SUITE_TEST_WITHIN(rounds_end_in_the_order_of_their_loops, 120),
    SUITE_TEST_WITHIN(a_round_that_dies_goes_on_where_it_was, 120),
    SUITE_TEST_WITHIN(rows_that_go_round_are_not_late, 120),
};
SUITE_MAIN("sim_loops", tests)
