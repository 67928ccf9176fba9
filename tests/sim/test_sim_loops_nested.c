/* Loops with rounds within each other, three deep and more, with ways around the inner ones and into the middle
 * of them, with loops without rounds among them: each round ends once at each operator, behind all of its rows,
 * and where the process dies it goes on where it was. */
#include "../support/loop_next.h"
#include "base/rng.h"
#include "files.h"
#include "sim/sim.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

enum { OPS_MOST = 6, EDGES_MOST = 32, IDS = 6, WIDTHS = 3, TEXT = 16 * 1024, LINES_MOST = 60000 };
enum { START = OPS_MOST };

struct edge {
    int from, to;
    bool feedback;
};

struct shape {
    int n_ops, n_edges, values, left;
    struct edge edges[EDGES_MOST];
    int rounds_max[OPS_MOST]; /* 0: none */
    int tasks[OPS_MOST];
};

/* Ids of operators differ in length: what on_round_end puts out tells of the loop by it. */
static const char *const names[] = {"a", "bb", "ccc", "dddd", "eeeee", "ffffff"};

static void add_edge(struct shape *shape, int from, int to, bool feedback)
{
    for (int e = 0; e < shape->n_edges; e++)
        if (shape->edges[e].from == from && shape->edges[e].to == to)
            return;
    if (shape->n_edges < EDGES_MOST)
        shape->edges[shape->n_edges++] = (struct edge){from, to, feedback};
}

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

static void draw(struct shape *shape, struct gy_rng *rng)
{
    memset(shape, 0, sizeof *shape);
    shape->n_ops = 2 + (int)gy_rng_below(rng, OPS_MOST - 1);
    shape->values = (int)gy_rng_below(rng, 10);
    shape->left = 1 + (int)gy_rng_below(rng, 4);
    for (int i = 0; i < shape->n_ops; i++) {
        shape->tasks[i] = 1 + (int)gy_rng_below(rng, 3);
        add_edge(shape, i == 0 ? START : (int)gy_rng_below(rng, (uint64_t)i), i, false);
        if (i > 0 && gy_rng_below(rng, 2) == 0)
            add_edge(shape, (int)gy_rng_below(rng, (uint64_t)i), i, false);
        if (gy_rng_below(rng, 6) == 0)
            add_edge(shape, START, i, false);
    }
    for (int i = 0; i < shape->n_ops; i++) {
        bool last = true;
        for (int e = 0; e < shape->n_edges; e++)
            last = last && (shape->edges[e].from != i || shape->edges[e].feedback);
        if (last)
            add_edge(shape, i, 0, true);
    }
    shape->rounds_max[0] = 1 + (int)gy_rng_below(rng, 3);
    for (int to = 1; to < shape->n_ops; to++) {
        int from = to + (int)gy_rng_below(rng, (uint64_t)(shape->n_ops - to));
        if (gy_rng_below(rng, 2) == 0 || !reaches(shape, to, from))
            continue;
        add_edge(shape, from, to, true);
        shape->rounds_max[to] = gy_rng_below(rng, 4) == 0 ? 0 : 1 + (int)gy_rng_below(rng, 3);
    }
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
        at += edge->from == START ? (size_t)sprintf(text + at, "\"start\"")
                                  : (size_t)sprintf(text + at, "\"%s.again\"", names[edge->from]);
    }
    return at + (n > 0 ? (size_t)sprintf(text + at, "];") : 0);
}

/* `shift`: how many tasks more the operators have, modulo 3. */
static void print_job(const struct shape *shape, int shift, char *text)
{
    size_t at = (size_t)sprintf(
        text,
        "job = \"nested\"; parallelism = %d; max_parallelism = 16;\n"
        "operators = (\n"
        "  { id = \"values\"; op = \"gen.sequence\"; from = 0; to = %d; parallelism = 1; },\n"
        "  { id = \"start\"; op = \"loop_ops.start\"; input = \"values\"; ids = %d; left = %d; "
        "},\n",
        1 + shift, shape->values - 1, IDS, shape->left);
    for (int i = 0; i < shape->n_ops; i++) {
        at += (size_t)sprintf(text + at,
                              "  { id = \"%s\"; op = \"loop_ops.rounds\"; op_number = %d; ids = %d;"
                              " key = \"id\"; parallelism = %d;",
                              names[i], i, IDS, 1 + (shape->tasks[i] - 1 + shift) % 3);
        at += print_edges(shape, i, false, text + at);
        at += print_edges(shape, i, true, text + at);
        if (shape->rounds_max[i] > 0)
            at += (size_t)sprintf(text + at, " rounds = { max = %d; };", shape->rounds_max[i]);
        at += (size_t)sprintf(text + at, " },\n");
    }
    at += (size_t)sprintf(text + at,
                          "  { id = \"out\"; op = \"file.write\"; path = \"out.csv\"; input = [");
    for (int i = 0; i < shape->n_ops; i++)
        at += (size_t)sprintf(text + at, "%s\"%s\"", i > 0 ? ", " : "", names[i]);
    sprintf(text + at, "]; }\n);\n");
}

/* ---- what is put out, as the definition has it ---- */

struct waiting {
    int64_t sums[IDS];
    bool due[IDS];
    bool any;
};

struct oracle {
    const struct shape *shape;
    const struct gy_graph *graph;
    uint32_t n_loops;
    const struct gy_loop *loops[OPS_MOST]; /* with rounds, in their order */
    uint32_t nodes[OPS_MOST];
    struct waiting ops[OPS_MOST], next[OPS_MOST]; /* per operator, per loop */
    bool touched[OPS_MOST], ending[OPS_MOST], running[OPS_MOST];
    int64_t number[OPS_MOST];
    bool held[OPS_MOST][OPS_MOST]; /* loop, operator */
    int marks[OPS_MOST][OPS_MOST];
    char *rows;
    size_t at, n;
};

static bool is_in(const struct oracle *o, uint32_t l, int op)
{
    return op != START && o->loops[l]->body[o->nodes[op]];
}

static void collect(struct waiting *into, int64_t id, int64_t left)
{
    into->sums[id] = (int64_t)((uint64_t)into->sums[id] + (uint64_t)left); /* may go round */
    into->due[id] = into->any = true;
}

/* A row comes by an edge: to the operator, or to where it waits for the next round. */
static void send(struct oracle *o, const struct edge *edge, int64_t id, int64_t left)
{
    for (uint32_t l = 0; l < o->n_loops; l++) {
        if (edge->feedback && o->loops[l]->head == o->nodes[edge->to]) {
            collect(&o->next[l], id, left);
            return;
        }
    }
    for (uint32_t l = 0; l < o->n_loops; l++)
        o->touched[l] |= is_in(o, l, edge->to) && !is_in(o, l, edge->from);
    collect(&o->ops[edge->to], id, left);
}

static void say(struct oracle *o, int times, int64_t op, int64_t id, int64_t n)
{
    for (int t = 0; t < times && o->n < LINES_MOST; t++, o->n++)
        o->at += (size_t)sprintf(o->rows + o->at, "%lld,%lld,%lld\n", (long long)op, (long long)id,
                                 (long long)n);
}

static uint32_t innermost(const struct oracle *o, int op)
{
    uint32_t l = 0;
    while (!is_in(o, l, op))
        l++;
    return l;
}

static void put_sums(struct oracle *o, int op)
{
    struct waiting was = o->ops[op];
    memset(&o->ops[op], 0, sizeof was);
    for (int64_t id = 0; id < IDS; id++) {
        if (!was.due[id])
            continue;
        say(o, 1, op, id, was.sums[id]);
        for (int e = 0; e < o->shape->n_edges && was.sums[id] > 0; e++)
            if (o->shape->edges[e].from == op)
                send(o, &o->shape->edges[e], loop_first_id(id ^ was.sums[id], IDS),
                     was.sums[id] - 1);
    }
}

static int inputs_within(const struct oracle *o, uint32_t l, int op)
{
    int n = 0;
    for (int e = 0; e < o->shape->n_edges; e++) {
        const struct edge *edge = &o->shape->edges[e];
        n += edge->to == op && !edge->feedback && is_in(o, l, edge->from);
    }
    return n;
}

static bool is_head(const struct oracle *o, int op)
{
    bool head = false;
    for (int e = 0; e < o->shape->n_edges; e++)
        head |= o->shape->edges[e].to == op && o->shape->edges[e].feedback;
    return head;
}

/* The round of a loop ends at an operator, and then at those behind it; operators are in topological order. */
static void end_from(struct oracle *o, uint32_t l, bool ends[OPS_MOST])
{
    for (int op = 0; op < o->shape->n_ops; op++) {
        if (!ends[op])
            continue;
        if (innermost(o, op) == l)
            put_sums(o, op);
        say(o, o->shape->tasks[op], -1 - op, o->number[l], (int64_t)strlen(o->loops[l]->id));
        for (int e = 0; e < o->shape->n_edges; e++) {
            const struct edge *edge = &o->shape->edges[e];
            if (edge->from != op || edge->feedback || !is_in(o, l, edge->to) ||
                ++o->marks[l][edge->to] < inputs_within(o, l, edge->to))
                continue;
            o->marks[l][edge->to] = 0;
            ends[edge->to] = !is_head(o, edge->to);
            o->held[l][edge->to] = is_head(o, edge->to);
        }
    }
}

static bool decide(struct oracle *o, uint32_t l)
{
    bool ends[OPS_MOST] = {false}, any = false;
    if (o->ending[l]) {
        for (int op = 0; op < o->shape->n_ops; op++) {
            ends[op] = o->held[l][op];
            any |= ends[op];
            o->held[l][op] = false;
        }
        if (any) {
            end_from(o, l, ends);
            return true;
        }
        bool stop = !o->next[l].any || o->number[l] >= (int64_t)o->loops[l]->rounds_max;
        struct waiting was = o->next[l];
        memset(&o->next[l], 0, sizeof was);
        o->ending[l] = false;
        o->running[l] = !stop;
        o->number[l] = stop ? 0 : o->number[l] + 1;
        for (int op = 0; op < o->shape->n_ops && !stop; op++)
            for (int64_t id = 0; o->nodes[op] == o->loops[l]->head && id < IDS; id++)
                if (was.due[id])
                    collect(&o->ops[op], id, was.sums[id]);
        return true;
    }
    if (!o->running[l] && !o->touched[l] && !o->next[l].any)
        return false;
    o->touched[l] = false;
    o->ending[l] = true;
    for (int op = 0; op < o->shape->n_ops; op++)
        ends[op] = o->nodes[op] == o->loops[l]->head;
    end_from(o, l, ends);
    return true;
}

/* NULL where it is not for this test: too much, or an operator is in no loop with rounds. */
static char *expect(const struct shape *shape, const struct gy_graph *graph)
{
    struct oracle o = {.shape = shape, .graph = graph, .rows = malloc(LINES_MOST * 40)};
    bool fits = true;
    for (uint32_t l = 0; l < graph->n_loops; l++)
        if (graph->loops[l].rounds_max > 0) {
            o.running[o.n_loops] = graph->loops[l].outer < 0;
            o.loops[o.n_loops++] = &graph->loops[l];
        }
    for (int op = 0; op < shape->n_ops; op++)
        for (uint32_t n = 0; n < graph->n_nodes; n++)
            if (strcmp(graph->nodes[n]->id, names[op]) == 0) {
                o.nodes[op] = n;
                fits &= graph->nodes[n]->n_rounds > 0;
            }
    o.rows[0] = 0;
    for (int v = 0; v < shape->values && fits; v++)
        for (int e = 0; e < shape->n_edges; e++)
            if (shape->edges[e].from == START)
                send(&o, &shape->edges[e], loop_first_id(v, IDS), loop_first_left(v, shape->left));
    bool more = fits;
    while (more) {
        more = false;
        for (uint32_t l = 0; l < o.n_loops && !more; l++)
            more = decide(&o, l);
        fits &= o.n < LINES_MOST;
        more &= fits;
    }
    char *sorted = fits ? sim_sorted_lines(o.rows) : NULL;
    free(o.rows);
    return sorted;
}

/* Draws shapes until one is a job; what it puts out. */
static char *draw_job(struct shape *shape, char *dir, struct gy_rng *rng, char *text)
{
    for (;;) {
        struct sim_job job;
        draw(shape, rng);
        print_job(shape, 0, text);
        if (!sim_job_try(&job, dir, text))
            continue;
        char *wanted = expect(shape, job.graph);
        sim_job_fini(&job);
        if (wanted != NULL)
            return wanted;
    }
}

/* Without what each task tells, of which there are more or fewer: on_round_end. */
static char *without_ends(const char *sorted)
{
    while (*sorted == '-')
        sorted = strchr(sorted, '\n') + 1;
    return strdup(sorted);
}

static void compare(char *dir, const char *wanted, bool ends, uint64_t seed, const char *text)
{
    char *path = path_join(dir, "out.csv");
    char *out = file_read(path, NULL);
    char *sorted = sim_sorted_lines(out);
    char *is = ends ? strdup(sorted) : without_ends(sorted);
    char *was = ends ? strdup(wanted) : without_ends(wanted);
    if (strcmp(is, was) != 0) {
        fprintf(stderr, "seed %llu:\n%s", (unsigned long long)seed, text);
        CU_FAIL("rounds are not as they are defined");
    }
    free(path);
    free(out);
    free(sorted);
    free(is);
    free(was);
}

static void rounds_within_rounds_end_once_everywhere(void)
{
    static char text[TEXT];
    uint64_t first, seeds = sim_seeds(400, &first);
    char *dir = dir_temp();
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        struct shape shape;
        struct sim_job job;
        struct gy_rng rng;
        gy_rng_init(&rng, seed);
        char *wanted = draw_job(&shape, dir, &rng, text);
        sim_job_init(&job, dir, text);
        CU_ASSERT_EQUAL_FATAL(sim_job_run(&job, seed), 0);
        compare(dir, wanted, true, seed, text);
        sim_job_fini(&job);
        free(wanted);
    }
    dir_end(dir);
}

static void live(struct sim_life *life, bool rescaled, uint64_t seed, char *dir)
{
    static char text[TEXT], printed[TEXT];
    struct shape shape;
    struct sim_job jobs[WIDTHS];
    struct gy_rng rng;
    gy_rng_init(&rng, seed);
    char *wanted = draw_job(&shape, dir, &rng, text);
    for (int w = 0; w < WIDTHS; w++) {
        print_job(&shape, rescaled ? w : 0, printed);
        sim_job_init(&jobs[w], dir, printed);
    }
    life->jobs = jobs;
    CU_ASSERT_EQUAL_FATAL(sim_life_run(life, seed), 0);
    compare(dir, wanted, !rescaled, seed, text);
    for (int w = 0; w < WIDTHS; w++)
        sim_job_fini(&jobs[w]);
    free(wanted);
}

static void live_all(bool rescaled)
{
    uint64_t first, seeds = sim_seeds(200, &first);
    struct sim_life life = {.n_jobs = WIDTHS, .deaths = 8, .turns = 64};
    char *dir = dir_temp();
    for (uint64_t seed = first; seed < first + seeds; seed++)
        live(&life, rescaled, seed, dir);
    printf("nested: %u runs, %u snapshots, %u of them failed, %u restored\n", life.runs, life.taken,
           life.failed, life.restored);
    CU_ASSERT_TRUE(seeds < 100 || life.restored > seeds / 2);
    dir_end(dir);
}

static void rounds_within_rounds_that_die_go_on_where_they_were(void)
{
    live_all(false);
}

static void rounds_within_rounds_go_on_with_other_numbers_of_tasks(void)
{
    live_all(true);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(rounds_within_rounds_end_once_everywhere, 120),
    SUITE_TEST_WITHIN(rounds_within_rounds_that_die_go_on_where_they_were, 120),
    SUITE_TEST_WITHIN(rounds_within_rounds_go_on_with_other_numbers_of_tasks, 120),
};
SUITE_MAIN("sim_loops_nested", tests)
