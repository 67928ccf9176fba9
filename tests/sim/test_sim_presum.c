/* Sums before an exchange (op/presum), as runtime/flow drives them: each row is in a window or late, once, whatever is told
 * meanwhile. Some producers are idle now and then, others go on, so that a window may be over before a row of it
 * comes; barriers and deaths fall anywhere. How many rows are late depends on the seed, but not how many there are. */
#include "base/log.h"
#include "files.h"
#include "sim/sim.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTHS = 3, ROWS = 240, SLOW_ROWS = 40, RUNS = 20, LIVES = 40, CLOCKED = 15 };

/* Producers that wait for the clock, so that they are idle meanwhile. */
#define BY_THE_CLOCK                                                                               \
    "  { id = \"in\"; op = \"gen.events\"; keys = 6; count = 240; seed = 3; rate = 100000; },\n"   \
    "  { id = \"slow\"; op = \"gen.events\"; keys = 6; count = 40; seed = 4; rate = 3000; },\n"

/* Without a clock, which stands still while there are snapshots: tasks without a file are idle. */
#define FILES                                                                                      \
    "  { id = \"in\"; op = \"gen.events\"; keys = 6; count = 240; seed = 3; },\n"                  \
    "  { id = \"slow\"; op = \"file.read\"; path = \"*.csv\"; format = \"csv\"; schema = (\n"      \
    "    {name=\"key\";type=\"i64\";}, {name=\"value\";type=\"i64\";}, {name=\"time\";type="       \
    "\"time\";} ); },\n"

static void write_files(const char *dir)
{
    for (int f = 0; f < 2; f++) {
        char *name = text_format("%d.csv", f), *path = path_join(dir, name),
             *text = calloc(1, 4096);
        for (int i = 0, n = 0; i < SLOW_ROWS / 2; i++)
            n += sprintf(text + n, "%d,%d,%d\n", i % 6, i, 12 * i + f);
        file_write_text(path, text);
        free(text), free(path), free(name);
    }
}

static char *job_text(const char *sources, int width)
{
    return text_format(
        "job = \"presum\"; parallelism = %d; max_parallelism = 16;\n"
        "operators = (\n"
        "%s"
        "  { id = \"a\"; op = \"std.timestamps\"; input = \"in\"; field = \"time\"; },\n"
        "  { id = \"b\"; op = \"std.timestamps\"; input = \"slow\"; field = \"time\"; idle = "
        "\"100us\"; },\n"
        "  { id = \"n\"; op = \"std.count\"; input = [ \"a\", \"b\" ]; key = \"key\";\n"
        "    window = { time = \"40us\"; }; },\n"
        "  { id = \"sink\"; op = \"sim_sinks.ledger\"; input = \"n\"; dir = \"out\"; strict = "
        "true; },\n"
        "  { id = \"late\"; op = \"sim_sinks.ledger\"; input = \"n.late\"; dir = \"out-late\"; "
        "strict = "
        "true; }\n"
        ");\n",
        width, sources);
}

/* The sum of a column of what the sink has got, which is removed then. */
static int sum_of(const char *dir, int column)
{
    char *line = text_format(
        "cd %s && cat out/* | awk -F, '{n += $%d} END {print n + 0}'; rm -rf out", dir, column);
    int n = -1;
    FILE *pipe = popen(line, "r");
    CU_ASSERT_EQUAL(fscanf(pipe, "%d", &n), 1);
    pclose(pipe);
    free(line);
    return n;
}

/* The rows that windows have counted, and those that were late; then both are removed. */
static int counted(const char *dir, int *late)
{
    char *line = text_format("cd %s && cat out-late/* 2>/dev/null | wc -l; rm -rf out-late", dir);
    FILE *pipe = popen(line, "r");
    CU_ASSERT_EQUAL(fscanf(pipe, "%d", late), 1);
    pclose(pipe);
    free(line);
    return sum_of(dir, 4);
}

static void check_counts(const char *dir, uint64_t seed, int *all_late)
{
    int late = -1, in_windows = counted(dir, &late);
    if (in_windows + late != ROWS + SLOW_ROWS)
        fprintf(stderr, "seed %llu: %d rows in windows and %d late, of %d\n",
                (unsigned long long)seed, in_windows, late, ROWS + SLOW_ROWS);
    CU_ASSERT_EQUAL(in_windows + late, ROWS + SLOW_ROWS);
    *all_late += late;
}

static void each_row_is_in_a_window_or_late(void)
{
    uint64_t first, n = sim_seeds(RUNS, &first);
    int late = 0;
    gy_log_set_level(GY_LOG_ERROR); /* of late rows */
    for (int width = 2; width <= WIDTHS; width++) {
        char *dir = dir_temp(), *text = job_text(BY_THE_CLOCK, width);
        struct sim_job job;
        sim_job_init(&job, dir, text);
        for (uint64_t seed = first; seed < first + n && CU_get_number_of_failures() == 0; seed++) {
            CU_ASSERT_EQUAL(sim_job_run(&job, seed), 0);
            check_counts(dir, seed, &late);
        }
        sim_job_fini(&job);
        free(text);
        dir_end(dir);
    }
    printf("%d rows late\n", late);
    CU_ASSERT(n < 10 || late > 0);
}

static void check_lives(const char *sources, bool clocked, uint64_t lives)
{
    struct sim_job jobs[WIDTHS];
    struct sim_life life = {.jobs = jobs,
                            .n_jobs = WIDTHS,
                            .clocked = clocked,
                            .deaths = 8,
                            .turns = clocked ? 1000 : 40};
    uint64_t first, n = sim_seeds(lives, &first);
    char *dir = dir_temp();
    int late = 0;
    gy_log_set_level(GY_LOG_ERROR); /* of late rows */
    write_files(dir);
    for (int w = 0; w < WIDTHS; w++) {
        char *text = job_text(sources, w + 1);
        sim_job_init(&jobs[w], dir, text);
        free(text);
    }
    for (uint64_t seed = first; seed < first + n && CU_get_number_of_failures() == 0; seed++) {
        CU_ASSERT_EQUAL(sim_life_run(&life, seed), 0);
        check_counts(dir, seed, &late);
    }
    printf("%u runs, %u from a snapshot; %d rows late\n", life.runs, life.restored, late);
    CU_ASSERT(n < 10 || (life.restored > n / 4 && late > 0));
    for (int w = 0; w < WIDTHS; w++)
        sim_job_fini(&jobs[w]);
    dir_end(dir);
}

/* Without windows what is added up leaves at the end of input alone. */
static void finals_have_each_row(void)
{
    static const char text[] =
        "job = \"finals\"; mode = \"batch\"; parallelism = 3;\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.events\"; keys = 6; count = 280; },\n"
        "  { id = \"n\"; op = \"std.count\"; input = \"in\"; key = \"key\"; },\n"
        "  { id = \"sink\"; op = \"sim_sinks.ledger\"; input = \"n\"; dir = \"out\"; strict = "
        "true; }\n"
        ");\n";
    uint64_t first, n = sim_seeds(RUNS, &first);
    struct sim_job job;
    char *dir = dir_temp();
    sim_job_init(&job, dir, text);
    for (uint64_t seed = first; seed < first + n && CU_get_number_of_failures() == 0; seed++) {
        CU_ASSERT_EQUAL(sim_job_run(&job, seed), 0);
        CU_ASSERT_EQUAL(sum_of(dir, 2), ROWS + SLOW_ROWS);
    }
    sim_job_fini(&job);
    dir_end(dir);
}

static void each_row_is_in_a_window_or_late_whenever_the_job_dies(void)
{
    check_lives(FILES, false, LIVES);
}

static void producers_that_were_idle_go_on_after_a_restore(void)
{
    check_lives(BY_THE_CLOCK, true, CLOCKED);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(finals_have_each_row, 60),
    SUITE_TEST_WITHIN(producers_that_were_idle_go_on_after_a_restore, 120),
    SUITE_TEST_WITHIN(each_row_is_in_a_window_or_late, 120),
    SUITE_TEST_WITHIN(each_row_is_in_a_window_or_late_whenever_the_job_dies, 120),
};
SUITE_MAIN("sim_presum", tests)
