/* Tasks of a source that have nothing to read hold nothing back, and make no row late. */
#include "files.h"
#include "sim/sim.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

/* Windows of a source that ends early stand open until its tasks without splits have ended too; what they
 * are joined with goes on meanwhile. */
static void print_job(int parallelism, uint64_t seed, char *text)
{
    sprintf(
        text,
        "job = \"idle\"; parallelism = %d; max_parallelism = 16;\n"
        "operators = (\n"
        "  { id = \"short\"; op = \"stocks.mentions\"; symbol = \"A\"; seed = %d; count = 9; },\n"
        "  { id = \"long\"; op = \"stocks.mentions\"; symbol = \"A\"; seed = %d; count = 120; },\n"
        "  { id = \"s\"; op = \"std.count\"; input = \"short\"; key = \"symbol\";\n"
        "    window = { time = \"3s\"; }; },\n"
        "  { id = \"l\"; op = \"std.count\"; input = \"long\"; key = \"symbol\";\n"
        "    window = { time = \"3s\"; }; },\n"
        "  { id = \"a\"; op = \"std.select\"; input = \"s\"; fields = (\"symbol\", \"count\"); },\n"
        "  { id = \"b\"; op = \"std.select\"; input = \"l\"; fields = (\"symbol\", \"count\"); },\n"
        "  { id = \"both\"; op = \"std.join\"; input = { left = \"a\"; right = \"b\"; };\n"
        "    type = \"full\"; window = { time = \"3s\"; };\n"
        "    key = { left = \"symbol\"; right = \"symbol\"; }; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"both\"; path = \"out.csv\"; }\n"
        ");\n",
        parallelism, (int)(seed % 97), (int)(seed % 89));
}

static char *run(char *dir, int parallelism, uint64_t seed)
{
    static char text[4096];
    struct sim_job job;
    print_job(parallelism, seed, text);
    sim_job_init(&job, dir, text);
    CU_ASSERT_EQUAL_FATAL(sim_job_run(&job, seed), 0);
    sim_job_fini(&job);
    char *path = path_join(dir, "out.csv");
    char *out = file_read(path, NULL);
    char *sorted = sim_sorted_lines(out);
    free(path);
    free(out);
    return sorted;
}

static void a_source_task_without_splits_makes_no_row_late(void)
{
    uint64_t first, seeds = sim_seeds(200, &first);
    char *dir = dir_temp();
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        char *one = run(dir, 1, seed), *three = run(dir, 3, seed);
        if (strcmp(one, three) != 0) {
            fprintf(stderr, "seed %llu: one task\n%sthree\n%s", (unsigned long long)seed, one,
                    three);
            CU_FAIL("rows are late");
        }
        free(one);
        free(three);
    }
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(a_source_task_without_splits_makes_no_row_late, 60),
};
SUITE_MAIN("sim_idle", tests)
