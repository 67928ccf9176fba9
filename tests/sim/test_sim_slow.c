/* An operator that has crashed is given its rows one by one: the result is the one it has otherwise.
 * Each operator of a job is made slow in its turn: with masks, keys, strings, several ports. */
#include "base/log.h"
#include "base/rng.h"
#include "files.h"
#include "flow/flow.h"
#include "sim/sim.h"
#include "suite.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char job_text[] =
    "job = \"slow\"; parallelism = 2;\noperators = (\n"
    "  { id = \"seq\"; op = \"gen.sequence\"; to = 3999; },\n"
    "  { id = \"keep\"; op = \"run_ops.keep\"; input = \"seq\"; of = 3; rest = 1; },\n"
    "  { id = \"parity\"; op = \"run_ops.parity\"; input = \"keep\"; },\n"
    "  { id = \"fan\"; op = \"run_ops.fan\"; input = \"parity.even\"; times = 3; },\n"
    "  { id = \"total\"; op = \"std.count\"; input = \"parity.odd\"; key = \"value\"; },\n"
    "  { id = \"bad\"; op = \"run_faults.bad\"; input = \"keep\"; of = 5; on_error = \"port\"; },\n"
    "  { id = \"lines\"; op = \"file.read\"; path = \"text\"; },\n"
    "  { id = \"words\"; op = \"text.words\"; input = \"lines\"; },\n"
    "  { id = \"sums\"; op = \"std.sum\"; input = \"words\"; key = \"word\"; field = \"count\"; "
    "},\n"
    "  { id = \"most\"; op = \"std.aggregate\"; input = \"words\"; key = \"word\"; aggregates = (\n"
    "    {fn=\"std.max\";field=\"word\";as=\"w\";}, {fn=\"std.count\";as=\"n\";} ); },\n"
    "  { id = \"o1\"; op = \"file.write\"; input = \"fan\"; path = \"o1.csv\"; },\n"
    "  { id = \"o2\"; op = \"file.write\"; input = \"total\"; path = \"o2.csv\"; },\n"
    "  { id = \"o3\"; op = \"file.write\"; input = \"bad\"; path = \"o3.csv\"; },\n"
    "  { id = \"o4\"; op = \"file.write\"; input = \"bad.errors\"; path = \"o4.csv\"; },\n"
    "  { id = \"o5\"; op = \"file.write\"; input = \"sums\"; path = \"o5.csv\"; },\n"
    "  { id = \"o6\"; op = \"file.write\"; input = \"most\"; path = \"o6.csv\"; }\n);\n";

enum { OUTPUTS = 6 };

/* Text with words of more and less than 12 bytes, some of them often. */
static void write_text(const char *dir)
{
    char *path = path_join(dir, "text"), *text = malloc(100000);
    size_t n = 0;
    struct gy_rng rng;
    gy_rng_init(&rng, 7);
    for (int i = 0; i < 2000; i++) {
        uint32_t word = (uint32_t)gy_rng_below(&rng, 50);
        char letter = (char)('a' + word % 26);
        n += (size_t)sprintf(text + n, word % 2 != 0 ? "a-word-or-three%c%s" : "%c%s", letter,
                             i % 11 == 0 ? "\n" : " ");
    }
    file_write(path, text, n);
    free(text);
    free(path);
}

/* Runs the job with `slow_id` slow (NULL: none) and gives its outputs, sorted and in a row. How many
 * batches the operator was given goes to `*batches`. */
static char *run(struct sim_job *sim, const char *slow_id, uint64_t *batches)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_clock_manual clock;
    struct gy_scheduler scheduler;
    _Atomic bool slow = true;
    char *all = strdup("");
    gy_clock_manual_init(&clock, 1000000);
    gy_scheduler_seeded(&scheduler, 1);
    struct gy_flow_options options = {
        .clock = &clock.clock, .alone = true, .slow_id = slow_id, .slow = &slow};
    struct gy_flow *flow = gy_flow_new(sim->physical, &options, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(flow);
    CU_ASSERT_EQUAL_FATAL(gy_flow_open(flow), 0);
    CU_ASSERT_EQUAL_FATAL(gy_flow_run_alone(flow, &scheduler, &clock), 0);
    CU_ASSERT_EQUAL_FATAL(gy_flow_commit(flow), 0);
    *batches = 0;
    for (uint32_t t = 0; slow_id != NULL && t < flow->n_tasks; t++)
        for (uint32_t m = 0; m < flow->tasks[t].n_members; m++) {
            struct gy_instance_stats stats;
            gy_instance_counts(flow->tasks[t].members[m].instance, &stats);
            if (strcmp(flow->tasks[t].members[m].node->id, slow_id) == 0)
                *batches += stats.batches_in == stats.rows_in ? stats.batches_in : 0;
        }
    gy_flow_free(flow);
    for (int o = 1; o <= OUTPUTS; o++) {
        char *name = text_format("o%d.csv", o), *path = path_join(sim->dir, name);
        char *text = file_read(path, NULL), *sorted = sim_sorted_lines(text);
        char *more = text_format("%s--- %s\n%s", all, name, sorted);
        free(all);
        free(sorted);
        free(text);
        free(path);
        free(name);
        all = more;
    }
    return all;
}

static void an_operator_that_gets_its_rows_one_by_one_puts_out_the_same(void)
{
    struct sim_job sim;
    uint64_t batches;
    char *dir = dir_temp();
    gy_log_set_level(GY_LOG_ERROR); /* bad rows are meant */
    write_text(dir);
    sim_job_init(&sim, dir, job_text);
    char *usual = run(&sim, NULL, &batches);
    CU_ASSERT_TRUE(strlen(usual) > 10000);
    for (uint32_t n = 0; n < sim.graph->n_nodes; n++) {
        const struct gy_node *node = sim.graph->nodes[n];
        char *slow = run(&sim, node->id, &batches);
        if (strcmp(slow, usual) != 0)
            printf("%s, row by row, puts out something else\n", node->id);
        CU_ASSERT_STRING_EQUAL(slow, usual);
        if (node->kind != GYRE_SOURCE)
            CU_ASSERT_TRUE(batches > 100);
        free(slow);
    }
    free(usual);
    sim_job_fini(&sim);
    dir_remove(dir);
    free(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(an_operator_that_gets_its_rows_one_by_one_puts_out_the_same),
};
SUITE_MAIN("sim_slow", tests)
