/* Keyed sums whose rows are added up by the tasks that make them come to what they come to with one task, and every
 * row is counted once: few keys; so many that a table is made for all of them; keys that do not repeat. */
#include "run_job.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = RUN_SANITIZED ? 300000 : 1000000 };

static const struct run_options *reported(void)
{
    static const char *const arguments[] = {"--report", "report.json", NULL};
    static const struct run_options options = {.arguments = arguments};
    return &options;
}

/* The sums by key of what `source` makes, at that parallelism, as sorted lines; free() them. */
static char *sums_of(const char *source, int parallelism)
{
    struct process_result r;
    char *dir = dir_temp();
    char *job =
        text_format("job = \"sums\"; mode = \"batch\"; parallelism = %d;\n"
                    "operators = (\n"
                    "  { id = \"in\"; %s; },\n"
                    "  { id = \"sum\"; op = \"std.sum\"; input = \"in\"; key = \"key\";\n"
                    "    field = \"value\"; },\n"
                    "  { id = \"out\"; op = \"file.write\"; input = \"sum\"; path = \"-\"; }\n"
                    ");\n",
                    parallelism, source);
    run_job(dir, job, reported(), &r);
    CU_ASSERT_EQUAL_FATAL(r.status, 0);
    char *report = run_read(dir, "report.json"), *sorted = run_sorted(r.out);
    CU_ASSERT_EQUAL(run_report(report, "sum", "rows_in"), ROWS);
    free(report);
    process_result_fini(&r);
    dir_end(dir);
    free(job);
    return sorted;
}

/* With one task rows go straight to the sums. */
static void check_parallel(const char *source, int most)
{
    char *expected = sums_of(source, 1);
    CU_ASSERT(strlen(expected) > 10);
    for (int parallelism = 2; parallelism <= most; parallelism++) {
        char *sums = sums_of(source, parallelism);
        CU_ASSERT_STRING_EQUAL(sums, expected);
        free(sums);
    }
    free(expected);
}

static void check_keys(int keys, int most)
{
    char *source = text_format("op = \"gen.events\"; keys = %d; count = %d; seed = 3", keys, ROWS);
    check_parallel(source, most);
    free(source);
}

static void few_keys_are_summed_once(void)
{
    check_keys(3, 5);
}

static void many_keys_are_summed_once(void)
{
    check_keys(ROWS / 10, 3);
}

static void keys_that_do_not_repeat_are_summed_once(void)
{
    char *source = text_format("op = \"run_sources.numbers\"; keys = %d; count = %d", ROWS, ROWS);
    check_parallel(source, 2);
    free(source);
}

static const struct suite_test tests[] = {
    SUITE_TEST(few_keys_are_summed_once),
    SUITE_TEST(many_keys_are_summed_once),
    SUITE_TEST(keys_that_do_not_repeat_are_summed_once),
};
SUITE_MAIN("run_sums", tests)
