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

/* Rows of one file, some of them late: which ones must not depend on when the tasks without a file have their
 * first turn. */
static void print_late(int parallelism, bool by_order, char *text)
{
    sprintf(text,
            "job = \"late\"; parallelism = %d; max_parallelism = 16;\n"
            "operators = (\n"
            "  { id = \"rows\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\"; "
            "time_format = \"s\";\n"
            "    schema = ( { name = \"at\"; type = \"time\"; }, { name = \"value\"; type = "
            "\"i64\"; } ); },\n"
            "  { id = \"timed\"; op = \"std.timestamps\"; input = \"rows\"; field = \"at\"; },\n"
            "  { id = \"sums\"; op = \"std.sum\"; input = \"timed\"; field = \"value\";\n"
            "    window = { %s; }; every = { time = \"5s\"; }; },\n"
            "  { id = \"out\"; op = \"file.write\"; input = \"sums\"; path = \"out.csv\"; }\n"
            ");\n",
            parallelism, by_order ? "count = 3" : "time = \"5s\"");
}

static char *run_late(char *dir, int parallelism, bool by_order, uint64_t seed)
{
    static char text[4096];
    struct sim_job job;
    print_late(parallelism, by_order, text);
    sim_job_init(&job, dir, text);
    CU_ASSERT_EQUAL_FATAL(sim_job_run(&job, seed), 0);
    sim_job_fini(&job);
    char *path = path_join(dir, "out.csv");
    char *out = file_read(path, NULL);
    free(path);
    return out;
}

static void what_is_late_or_due_is_so_before_tasks_without_splits_have_had_a_turn(void)
{
    uint64_t first, seeds = sim_seeds(100, &first);
    char *dir = dir_temp(), *path = path_join(dir, "in.csv");
    file_write_text(path, "1,1\n6,2\n3,4\n12,8\n4,16\n13,32\n18,64\n11,128\n30,256\n");
    char *one_windows = run_late(dir, 1, false, first), *one_counts = run_late(dir, 1, true, first);
    CU_ASSERT_STRING_EQUAL(one_windows, "0,5000000,1\n5000000,10000000,2\n10000000,15000000,40\n"
                                        "15000000,20000000,64\n30000000,35000000,256\n");
    for (uint64_t seed = first; seed < first + seeds; seed++) {
        char *windows = run_late(dir, 4, false, seed), *counts = run_late(dir, 4, true, seed);
        CU_ASSERT_STRING_EQUAL(windows, one_windows);
        CU_ASSERT_STRING_EQUAL(counts, one_counts);
        free(windows);
        free(counts);
    }
    free(one_windows);
    free(one_counts);
    free(path);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(what_is_late_or_due_is_so_before_tasks_without_splits_have_had_a_turn, 60),
    SUITE_TEST_WITHIN(a_source_task_without_splits_makes_no_row_late, 60),
};
SUITE_MAIN("sim_idle", tests)
