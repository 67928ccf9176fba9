/* Everyday operators with state (std.dedupe, fill, limit, sort, top) and sketches (std.quantile, std.distinct with
 * approx = true) in a job that dies and is restored, at one parallelism or another: it puts out what a run puts out
 * that never failed. All rows come from one task, so that their order, and what is the first of some, is given. What std.sample passes follows from a run's seed: it is not
 * here. */
#include "base/rng.h"
#include "files.h"
#include "sim/sim.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

enum { WIDTHS = 3, LIVES = 30, ROWS = 1500, MANY = 12000, KEYS = 12 };

static const char job_text[] =
    "job = \"everyday\"; mode = \"stream\";\n"
    "operators = (\n"
    "  { id = \"in\"; op = \"file.read\"; path = \"in\"; format = \"csv\"; schema = (\n"
    "    {name=\"t\";type=\"time\";}, {name=\"k\";type=\"i64\";}, "
    "{name=\"n\";type=\"i64\";nullable=true;},\n"
    "    {name=\"s\";type=\"str\";nullable=true;} ); },\n"
    "  { id = \"timed\"; op = \"std.timestamps\"; input = \"in\"; field = \"t\"; max_out_of_order "
    "= "
    "\"40us\"; parallelism = 1; },\n"
    "  { id = \"dedupe\"; op = \"std.dedupe\"; input = \"timed\"; fields = \"k\"; within = "
    "\"100us\"; },\n"
    "  { id = \"ever\"; op = \"std.dedupe\"; input = \"timed\"; fields = [ \"k\", \"n\" ]; },\n"
    "  { id = \"fill\"; op = \"std.fill\"; input = \"timed\"; key = \"k\"; fields = [ \"n\", \"s\" "
    "]; last = "
    "true; },\n"
    "  { id = \"limit\"; op = \"std.limit\"; input = \"timed\"; key = \"k\"; n = 90; skip = 20; "
    "},\n"
    "  { id = \"first\"; op = \"std.limit\"; input = \"timed\"; n = 700; },\n"
    "  { id = \"top\"; op = \"std.top\"; input = \"timed\"; key = \"k\"; n = 3; by = \"n\"; rank = "
    "\"r\"; window = { "
    "time = \"300us\"; }; },\n"
    "  { id = \"sort\"; op = \"std.sort\"; input = \"timed\"; key = \"k\"; by = \"-n, s\"; window "
    "= { "
    "time = \"300us\"; }; },\n"
    "  { id = \"parts\"; op = \"std.quantile\"; input = \"timed\"; key = \"k\"; field = \"n\"; at "
    "= [ 0.1, 0.5 ]; "
    "window = { time = \"800us\"; }; every = { time = \"200us\"; }; },\n"
    "  { id = \"all\"; op = \"std.quantile\"; input = \"timed\"; field = \"t\"; },\n"
    "  { id = \"different\"; op = \"std.distinct\"; input = \"timed\"; field = \"t\"; approx = "
    "true; },\n"
    "  { id = \"o1\"; op = \"sim_sinks.ledger\"; input = \"dedupe\"; dir = \"out-1\"; strict = "
    "true; },\n"
    "  { id = \"o2\"; op = \"sim_sinks.ledger\"; input = \"ever\"; dir = \"out-2\"; strict = true; "
    "},\n"
    "  { id = \"o3\"; op = \"sim_sinks.ledger\"; input = \"fill\"; dir = \"out-3\"; strict = true; "
    "},\n"
    "  { id = \"o4\"; op = \"sim_sinks.ledger\"; input = \"limit\"; dir = \"out-4\"; strict = "
    "true; },\n"
    "  { id = \"o5\"; op = \"sim_sinks.ledger\"; input = \"first\"; dir = \"out-5\"; strict = "
    "true; },\n"
    "  { id = \"o6\"; op = \"sim_sinks.ledger\"; input = \"sort\"; dir = \"out-6\"; strict = true; "
    "},\n"
    "  { id = \"o7\"; op = \"sim_sinks.ledger\"; input = \"top\"; dir = \"out-7\"; strict = true; "
    "},\n"
    "  { id = \"o8\"; op = \"sim_sinks.ledger\"; input = \"parts\"; dir = \"out-8\"; strict = "
    "true; },\n"
    "  { id = \"o9\"; op = \"sim_sinks.ledger\"; input = \"all\"; dir = \"out-9\"; strict = true; "
    "},\n"
    "  { id = \"o0\"; op = \"sim_sinks.ledger\"; input = \"different\"; dir = \"out-0\"; strict = "
    "true; }\n"
    ");\n";

/* The rows of a whole batch, sorted in less memory than they take; std.collect sees their order. */
static const char whole_text[] =
    "job = \"whole\"; mode = \"batch\";\n"
    "operators = (\n"
    "  { id = \"in\"; op = \"file.read\"; path = \"in\"; format = \"csv\"; parallelism = 1; schema "
    "= (\n"
    "    {name=\"t\";type=\"time\";}, {name=\"k\";type=\"i64\";}, "
    "{name=\"n\";type=\"i64\";nullable=true;},\n"
    "    {name=\"s\";type=\"str\";nullable=true;} ); },\n"
    "  { id = \"sort\"; op = \"std.sort\"; input = \"in\"; by = \"-n, k\"; memory = \"16KiB\"; "
    "},\n"
    "  { id = \"order\"; op = \"std.collect\"; input = \"sort\"; field = \"t\"; },\n"
    "  { id = \"o1\"; op = \"sim_sinks.ledger\"; input = \"sort\"; dir = \"out-1\"; strict = true; "
    "},\n"
    "  { id = \"o2\"; op = \"sim_sinks.ledger\"; input = \"order\"; dir = \"out-2\"; strict = "
    "true; },\n"
    "  { id = \"keys\"; op = \"std.sort\"; input = \"in\"; key = \"k\"; by = \"s, -n\"; memory = "
    "\"16KiB\"; },\n"
    "  { id = \"each\"; op = \"std.collect\"; input = \"keys\"; key = \"k\"; field = \"t\"; "
    "},\n"
    "  { id = \"o3\"; op = \"sim_sinks.ledger\"; input = \"keys\"; dir = \"out-3\"; strict = true; "
    "},\n"
    "  { id = \"o4\"; op = \"sim_sinks.ledger\"; input = \"each\"; dir = \"out-4\"; strict = true; "
    "}\n"
    ");\n";

static void write_rows(const char *dir, int rows)
{
    struct gy_rng rng;
    char *path = path_join(dir, "in");
    FILE *to = fopen(path, "w");
    gy_rng_init(&rng, 11);
    for (int row = 0; row < rows; row++) {
        fprintf(to, "%d,%d,", 1000 + row - (int)gy_rng_below(&rng, 30),
                (int)gy_rng_below(&rng, KEYS));
        if (gy_rng_below(&rng, 3) != 0)
            fprintf(to, "%d", (int)gy_rng_below(&rng, 60));
        if (gy_rng_below(&rng, 3) != 0)
            fprintf(to, ",a-string-of-more-than-twelve-bytes-%d\n", row);
        else
            fprintf(to, ",\n");
    }
    fclose(to);
    free(path);
}

static void check_lives(const char *text, uint32_t turns, int rows)
{
    struct sim_job jobs[WIDTHS];
    struct sim_life life = {.jobs = jobs, .n_jobs = WIDTHS, .deaths = 12, .turns = turns};
    uint64_t first, n = sim_seeds(LIVES, &first);
    char *dir = dir_temp();
    write_rows(dir, rows);
    for (uint32_t w = 0; w < WIDTHS; w++) {
        char *job = text_format("parallelism = %u;\n%s", w + 1, text);
        sim_job_init(&jobs[w], dir, job);
        free(job);
    }
    CU_ASSERT_EQUAL_FATAL(sim_job_run(&jobs[0], 1), 0);
    char *expected = sim_outputs(dir);
    for (uint64_t seed = first; seed < first + n && CU_get_number_of_failures() == 0; seed++) {
        CU_ASSERT_EQUAL(sim_life_run(&life, seed), 0);
        char *got = sim_outputs(dir);
        CU_ASSERT(sim_agree("rows", seed, got, expected));
        free(got);
    }
    printf("%llu lives: %u runs, %u from a snapshot\n", (unsigned long long)n, life.runs,
           life.restored);
    CU_ASSERT(n < 20 || life.restored > n / 4);
    for (uint32_t w = 0; w < WIDTHS; w++)
        sim_job_fini(&jobs[w]);
    free(expected);
    dir_end(dir);
}

static void everyday_operators_of_a_job_that_dies_are_right(void)
{
    check_lives(job_text, 900, ROWS);
}

/* So many rows that it also dies while they are being put out. */
static void a_sort_beyond_memory_of_a_job_that_dies_is_right(void)
{
    check_lives(whole_text, 60, MANY);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(everyday_operators_of_a_job_that_dies_are_right, 300),
    SUITE_TEST_WITHIN(a_sort_beyond_memory_of_a_job_that_dies_is_right, 300),
};
SUITE_MAIN("sim_everyday", tests)
