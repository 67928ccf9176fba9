/* Functions that have an instance of their own: each use of one, on each task, has its own, whatever its kind. */
#include "run_job.h"
#include "support/files.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOB                                                                                        \
    "job = \"tools\"; mode = \"batch\"; parallelism = 3;\noperators = (\n"                         \
    "{ id = \"in\"; op = \"gen.sequence\"; from = 1; to = 8; },\n"
#define OUT                                                                                        \
    ",\n{ id = \"out\"; op = \"file.write\"; input = \"a\"; path = \"-\"; parallelism = 1; "       \
    "}\n);\n"

static void check_rows(const char *job, const char *wanted)
{
    char *out = run_output(job), *rows = run_sorted(out);
    CU_ASSERT_STRING_EQUAL(rows, wanted);
    if (strcmp(rows, wanted) != 0)
        fprintf(stderr, "%s\n--- is\n%s--- not\n%s", job, rows, wanted);
    free(out);
    free(rows);
}

static void each_aggregate_of_a_list_has_its_own(void)
{
    check_rows(JOB "{ id = \"a\"; op = \"std.aggregate\"; input = \"in\"; aggregates = (\n"
                   "  { fn = \"fn_tools.times\"; by = 2; as = \"two\"; },\n"
                   "  { fn = \"fn_tools.times\"; by = 100; as = \"hundred\"; }); }" OUT,
               "72,3600\n");
}

static void a_key_function_has_one_on_each_task(void)
{
    check_rows(JOB "{ id = \"a\"; op = \"fn_tools.times\"; input = \"in\";\n"
                   "  key = { fn = \"fn_tools.scaled\"; by = 4; }; }" OUT,
               "0,6\n1,22\n2,8\n");
}

static void a_partition_function_has_one_on_each_task(void)
{
    check_rows(JOB "{ id = \"a\"; op = \"std.pass\"; input = \"in\"; partition = "
                   "\"fn_tools.deal\"; }" OUT,
               "1\n2\n3\n4\n5\n6\n7\n8\n");
    check_rows(JOB "{ id = \"a\"; op = \"std.pass\"; input = \"in\"; partition = "
                   "{ fn = \"fn_tools.deal\"; }; }" OUT,
               "1\n2\n3\n4\n5\n6\n7\n8\n");
}

static void a_trigger_has_one_beside_that_of_its_aggregate(void)
{
    check_rows(JOB "{ id = \"a\"; op = \"fn_tools.times\"; by = 10; input = \"in\";\n"
                   "  window = { fn = \"fn_tools.after\"; by = 4; }; }" OUT,
               "100\n260\n");
}

static void one_that_does_not_open_fails_the_job_by_name(void)
{
    struct process_result result;
    char *dir = dir_temp();
    run_job(dir, JOB "{ id = \"a\"; op = \"fn_tools.times\"; by = 0; input = \"in\"; }" OUT, NULL,
            &result);
    CU_ASSERT_NOT_EQUAL(result.status, 0);
    CU_ASSERT(strstr(result.err, "by 0 it does not open") != NULL);
    CU_ASSERT(strstr(result.err, "fn_tools.times") != NULL);
    process_result_fini(&result);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(each_aggregate_of_a_list_has_its_own),
    SUITE_TEST(a_key_function_has_one_on_each_task),
    SUITE_TEST(a_partition_function_has_one_on_each_task),
    SUITE_TEST(a_trigger_has_one_beside_that_of_its_aggregate),
    SUITE_TEST(one_that_does_not_open_fails_the_job_by_name),
};
SUITE_MAIN("fn_tools", tests)
