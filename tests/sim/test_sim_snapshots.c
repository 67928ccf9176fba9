/* Jobs that die and are restored put out what a run puts out that never failed; see sim_life in
 * sim.h. */
#include "files.h"
#include "sim/sim.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

enum { WIDTHS = 4 };

/* One job at the parallelisms 1 ... WIDTHS. */
struct wide {
    char *dir;
    struct sim_job jobs[WIDTHS];
};

static void wide_init(struct wide *wide, const char *text)
{
    wide->dir = dir_temp();
    for (uint32_t w = 0; w < WIDTHS; w++) {
        char *job = text_format("parallelism = %u;\n%s", w + 1, text);
        sim_job_init(&wide->jobs[w], wide->dir, job);
        free(job);
    }
}

static void wide_fini(struct wide *wide)
{
    for (uint32_t w = 0; w < WIDTHS; w++)
        sim_job_fini(&wide->jobs[w]);
    dir_remove(wide->dir);
    free(wide->dir);
}

/* The rows that a shell command prints in the job's folder, sorted; then the outputs are removed. */
static char *outputs(const struct wide *wide, const char *command)
{
    enum { MOST = 1 << 22 };
    char *line = text_format("cd %s && { %s; }; rm -rf out*", wide->dir, command);
    char *text = calloc(1, MOST);
    FILE *pipe = popen(line, "r");
    size_t n = fread(text, 1, MOST - 1, pipe);
    CU_ASSERT(n > 0);
    pclose(pipe);
    char *sorted = sim_sorted_lines(text);
    free(text);
    free(line);
    return sorted;
}

/* Lives of one job against the run that never failed. */
static void compare_lives(const char *text, const char *command, uint64_t usual)
{
    struct wide wide;
    uint64_t first;
    uint64_t n = sim_seeds(usual, &first);
    wide_init(&wide, text);
    struct sim_life life = {.jobs = wide.jobs, .n_jobs = WIDTHS, .deaths = 8, .lengths = 5};
    CU_ASSERT_EQUAL_FATAL(sim_job_run(&wide.jobs[0], 1), 0);
    char *expected = outputs(&wide, command);
    for (uint64_t seed = first; seed < first + n && CU_get_number_of_failures() == 0; seed++) {
        CU_ASSERT_EQUAL(sim_life_run(&life, seed), 0);
        char *got = outputs(&wide, command);
        if (strcmp(got, expected) != 0)
            fprintf(stderr, "seed %llu: another result\n", (unsigned long long)seed);
        CU_ASSERT_STRING_EQUAL(got, expected);
        free(got);
    }
    printf("%llu lives: %u runs, %u from a snapshot; %u snapshots taken, %u failed\n",
           (unsigned long long)n, life.runs, life.restored, life.taken, life.failed);
    CU_ASSERT(n < 20 || (life.restored > n / 2 && life.failed > n / 20));
    free(expected);
    wide_fini(&wide);
}

static void counts_of_a_job_that_dies_are_right(void)
{
    compare_lives("job = \"counting\"; mode = \"batch\";\n"
                  "operators = (\n"
                  "  { id = \"in\"; op = \"gen.events\"; keys = 50; count = 3000; seed = 7; },\n"
                  "  { id = \"sums\"; op = \"std.sum\"; input = \"in\"; key = \"key\";\n"
                  "    field = \"value\"; },\n"
                  "  { id = \"counts\"; op = \"std.count\"; input = \"in\"; key = \"key\"; },\n"
                  "  { id = \"a\"; op = \"sim_sinks.ledger\"; input = \"sums\"; dir = \"out-a\"; },\n"
                  "  { id = \"b\"; op = \"sim_sinks.ledger\"; input = \"counts\"; dir = \"out-b\";\n"
                  "    parallelism = 1; },\n"
                  "  { id = \"c\"; op = \"sim_sinks.ledger\"; input = \"in\"; dir = \"out-c\"; }\n"
                  ");\n",
                  "cat out-a/* out-b/* out-c/*", 300);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(counts_of_a_job_that_dies_are_right, 600),
};

SUITE_MAIN("sim_snapshots", tests)
