/* Expressions as keys, partitions, distances, triggers and evictions. */
#include "run_job.h"
#include "support/files.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JOB                                                                                        \
    "job = \"functions\"; mode = \"batch\"; parallelism = 2;\noperators = (\n"                     \
    "{ id = \"in\"; op = \"gen.sequence\"; from = 1; to = 9; parallelism = 1; },\n"
#define OUT                                                                                        \
    ",\n{ id = \"out\"; op = \"file.write\"; input = \"a\"; path = \"-\"; parallelism = 1; "       \
    "}\n);\n"

static void check_rows(const char *job, const char *wanted)
{
    suite_need_plugin("lua", "LuaJIT");
    char *out = run_output(job), *rows = run_sorted(out);
    CU_ASSERT_STRING_EQUAL(rows, wanted);
    if (strcmp(rows, wanted) != 0)
        fprintf(stderr, "%s\n--- is\n%s--- not\n%s", job, rows, wanted);
    free(out);
    free(rows);
}

static void check_told(const char *job, const char *says)
{
    suite_need_plugin("lua", "LuaJIT");
    struct process_result result;
    char *dir = dir_temp();
    run_job(dir, job, NULL, &result);
    CU_ASSERT_NOT_EQUAL(result.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, says));
    if (strstr(result.err, says) == NULL)
        fprintf(stderr, "%s\n--- says\n%s--- not\n%s\n", job, result.err, says);
    process_result_fini(&result);
    dir_end(dir);
}

#define SUM "{ id = \"a\"; op = \"std.sum\"; field = \"value\"; input = \"in\"; "

static void a_key_is_what_an_expression_gives(void)
{
    check_rows(JOB SUM "key = { fn = \"lua.key\"; value = \"value % 3\"; }; }" OUT,
               "0,18\n1,12\n2,15\n");
    check_rows(JOB SUM
               "key = { fn = \"lua.key\"; value = \"if(value > 5, 'many of them', 'few')\"; "
               "as = \"size\"; }; }" OUT,
               "few,15\nmany of them,30\n");
    check_rows(JOB SUM
               "key = { fn = \"lua.key\"; value = \"if(value > 5, nil, value // 5)\"; }; }" OUT,
               ",30\n0,10\n1,5\n");
}

static void a_mistake_in_a_key_is_told_at_its_line(void)
{
    check_told(JOB SUM "\nkey = { fn = \"lua.key\";\n value = \"valeu % 3\"; }; }" OUT,
               "job.cfg:6: value: unknown field `valeu`: did you mean `value`?");
    check_told(JOB SUM "\nkey = { fn = \"lua.key\"; }; }" OUT, "value");
}

/* Each task has windows of its own: the sums of what came to it. */
static void a_partition_is_what_an_expression_gives_by_the_tasks(void)
{
#define SHARED                                                                                     \
    SUM "parallelism = 3; window = { count = 9; }; per = \"task\";\npartition = { fn = "           \
        "\"lua.partition\"; value "                                                                \
        "= "
    check_rows(JOB SHARED "\"value\"; }; }" OUT, "12\n15\n18\n");
    check_rows(JOB SHARED "\"-(value // 4)\"; }; }" OUT, "17\n22\n6\n");
    check_rows(JOB SHARED "\"if(value > 0, nil, 1)\"; }; }" OUT, "45\n");
#undef SHARED
}

static void a_mistake_in_a_partition_is_told_and_a_row_without_a_task_fails(void)
{
    static const char head[] =
        JOB "{ id = \"a\"; op = \"std.pass\"; input = \"in\"; parallelism = 3;\n";
    char *job =
        text_format("%spartition = { fn = \"lua.partition\"; value = \"valeu\"; }; }" OUT, head);
    check_told(job, "job.cfg:5: value: unknown field `valeu`: did you mean `value`?");
    free(job);
    job = text_format("%spartition = { fn = \"lua.partition\"; valeu = \"1\"; }; }" OUT, head);
    check_told(job, "job.cfg:5: unknown option `valeu` of lua.partition: did you mean `value`?");
    free(job);
    job = text_format("%spartition = { value = \"1\"; }; }" OUT, head);
    check_told(job, "job.cfg:5: partition: a group names a function");
    free(job);
    job = text_format(
        "%spartition = { fn = \"lua.partition\"; value = \"1 // (value - 5)\"; }; }" OUT, head);
    check_told(job, "job.cfg:5: ");
    free(job);
    job = text_format("%spartition = \"lua.partition\"; }" OUT, head);
    check_told(job, "job.cfg:5: ");
    free(job);
}

static void a_distance_is_of_two_rows(void)
{
    check_rows(JOB SUM "parallelism = 1; window = { delta = 3.0; fn = \"lua.distance\"; "
                       "value = \"new.value - old.value\"; }; }" OUT,
               "10\n26\n9\n");
    check_rows(JOB SUM "parallelism = 1; window = { delta = 3.0; fn = \"lua.distance\"; from = 0; "
                       "value = \"abs(old.value - new.value) * 1.0\"; }; }" OUT,
               "17\n22\n6\n");
    check_told(JOB SUM "parallelism = 1; window = { delta = 3.0; fn = \"lua.distance\";\n"
                       "value = \"value - old.value\"; }; }" OUT,
               "job.cfg:5: value: unknown field `value`");
}

static void a_trigger_fires_with_a_row(void)
{
    check_rows(
        JOB SUM
        "parallelism = 1; window = { fn = \"lua.trigger\"; where = \"value % 4 == 0\"; }; }" OUT,
        "10\n26\n9\n");
    check_told(JOB SUM
               "parallelism = 1; window = { fn = \"lua.trigger\"; where = \"value\"; }; }" OUT,
               "where: ");
}

static void an_eviction_drops_old_rows(void)
{
    check_rows(JOB SUM
               "parallelism = 1; window = { fn = \"lua.evict\"; where = \"new.value - old.value "
               ">= 3\"; }; every = { count = 1; }; }" OUT,
               "1\n12\n15\n18\n21\n24\n3\n6\n9\n");
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_key_is_what_an_expression_gives),
    SUITE_TEST(a_mistake_in_a_key_is_told_at_its_line),
    SUITE_TEST(a_partition_is_what_an_expression_gives_by_the_tasks),
    SUITE_TEST(a_mistake_in_a_partition_is_told_and_a_row_without_a_task_fails),
    SUITE_TEST(a_distance_is_of_two_rows),
    SUITE_TEST(a_trigger_fires_with_a_row),
    SUITE_TEST(an_eviction_drops_old_rows),
};
SUITE_MAIN("lua_functions", tests)
