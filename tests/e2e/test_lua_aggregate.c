/* lua.aggregate and lua.fold: rolling, final, windowed, merging, in lists, rows that fail, versions. */
#include "run_again.h"
#include "run_job.h"
#include "support/files.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers 0 ... 29 at their own times, and an operator `a` over them. */
static char *job_of(const char *mode, int parallelism, const char *aggregate)
{
    return text_format(
        "job = \"a\"; mode = \"%s\"; parallelism = %d;\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.sequence\"; from = 0; to = 29; parallelism = 1; },\n"
        "  { id = \"at\"; op = \"lua.flat_map\"; input = \"in\"; parallelism = 1;\n"
        "    schema = ( {name = \"value\"; type = \"i64\";}, {name = \"t\"; type = \"time\";} );\n"
        "    code = \"emit{value = value, t = value * 1000000}\"; },\n"
        "  { id = \"times\"; op = \"std.timestamps\"; input = \"at\"; field = \"t\"; parallelism = "
        "1; },\n"
        "  { id = \"a\"; input = \"times\";\n"
        "    %s },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"a\"; path = \"-\"; parallelism = 1; }\n"
        ");\n",
        mode, parallelism, aggregate);
}

static void check_rows(const char *mode, const char *aggregate, const char *wanted)
{
    for (int parallelism = 1; parallelism <= 3; parallelism++) {
        struct process_result result;
        char *dir = dir_temp(), *job = job_of(mode, parallelism, aggregate);
        run_job(dir, job, NULL, &result);
        char *sorted = run_sorted(result.out);
        CU_ASSERT_EQUAL(result.status, 0);
        CU_ASSERT_STRING_EQUAL(sorted, wanted);
        if (strcmp(sorted, wanted) != 0)
            fprintf(stderr, "%s\n%s--- is\n%s--- not\n%s", job, result.err, sorted, wanted);
        process_result_fini(&result);
        dir_end(dir);
        free(sorted);
        free(job);
    }
}

#define BY_TENS "key = { fn = \"key_fns.cell\"; as = \"k\"; }; "
#define SUM                                                                                        \
    "op = \"lua.aggregate\"; type = \"i64\"; init = \"0\"; add = \"acc + value\";\n"               \
    "    merge = \"acc + other\"; "
/* The mean, of a table; statements instead of values. */
#define MEAN                                                                                       \
    "op = \"lua.aggregate\"; type = \"f64\"; init = \"{n = 0, sum = 0}\";\n"                       \
    "    add = \"acc.n = acc.n + 1 acc.sum = acc.sum + value\";\n"                                 \
    "    merge = \"acc.n = acc.n + other.n acc.sum = acc.sum + other.sum\";\n"                     \
    "    result = \"acc.n > 0 and acc.sum / acc.n or nil\"; "

static void final_ones_are_of_all_rows_of_a_key(void)
{
    check_rows("batch", BY_TENS SUM, "0,45\n1,145\n2,245\n");
    check_rows("batch", BY_TENS MEAN, "0,4.5\n1,14.5\n2,24.5\n");
}

static void rolling_ones_come_with_each_row(void)
{
    check_rows(
        "stream", "key = { fn = \"key_fns.cell\"; size = 15; as = \"k\"; }; " SUM,
        "0,0\n0,1\n0,10\n0,105\n0,15\n0,21\n0,28\n0,3\n0,36\n0,45\n0,55\n0,6\n0,66\n0,78\n0,91\n"
        "1,105\n1,126\n1,148\n1,15\n1,171\n1,195\n1,220\n1,246\n1,273\n1,301\n1,31\n1,330\n1,48\n1,"
        "66\n1,85\n");
}

static void windows_that_tumble_slide_or_follow_sessions_merge(void)
{
    check_rows("stream", SUM "window = { time = \"10s\"; };",
               "0,10000000,45\n"
               "10000000,20000000,145\n"
               "20000000,30000000,245\n");
    check_rows("stream", MEAN "window = { time = \"20s\"; }; every = { time = \"10s\"; };",
               "-10000000,10000000,4.5\n"
               "0,20000000,9.5\n"
               "10000000,30000000,19.5\n"
               "20000000,40000000,24.5\n");
    check_rows("stream", SUM "window = { session = \"5s\"; };", "0,34000000,435\n");
    check_rows("stream", SUM "window = { count = 10; };", "145\n245\n45\n");
}

static void a_fold_needs_no_merge(void)
{
    check_rows("batch",
               BY_TENS "op = \"lua.fold\"; type = \"str\"; add = \"(acc or '') .. value % 10\"; ",
               "0,0123456789\n1,0123456789\n2,0123456789\n");
    check_rows("stream",
               "op = \"lua.fold\"; type = \"i64\"; add = \"(acc or 0) + value\"; "
               "window = { count = 20; }; every = { count = 10; };",
               "190\n390\n45\n");
}

/* What a merge is given stands in the order of the rows, whatever pane they were in. */
static void merges_are_in_order_and_may_give_false(void)
{
    check_rows(
        "stream",
        "op = \"lua.aggregate\"; type = \"str\"; init = \"''\"; add = \"acc .. value % 10\";\n"
        "merge = \"acc .. other\"; window = { time = \"6s\"; }; every = { time = \"3s\"; }; "
        "lateness = \"0s\"; ",
        "-3000000,3000000,012\n0,6000000,012345\n12000000,18000000,234567\n"
        "15000000,21000000,567890\n18000000,24000000,890123\n21000000,27000000,123456\n"
        "24000000,30000000,456789\n27000000,33000000,789\n3000000,9000000,345678\n"
        "6000000,12000000,678901\n9000000,15000000,901234\n");
    check_rows(
        "stream",
        "op = \"lua.aggregate\"; type = \"bool\"; init = \"true\"; add = \"acc and value ~= 15\";\n"
        "merge = \"acc and other\"; window = { time = \"20s\"; }; every = { time = \"10s\"; }; ",
        "-10000000,10000000,true\n0,20000000,false\n10000000,30000000,false\n"
        "20000000,40000000,true\n");
}

/* Steps are those of a row, or of one merge and one result: there are many, which take more together. */
static void each_call_has_all_steps(void)
{
    check_rows("stream",
               "max_steps = 1000; op = \"lua.aggregate\"; type = \"i64\"; init = \"0\";\n"
               "add = \"for i = 1, 600 do end acc = acc + value\";\n"
               "merge = \"for i = 1, 600 do end acc = acc + other\";\n"
               "result = \"for i = 1, 600 do end return acc\";\n"
               "window = { time = \"20s\"; }; every = { time = \"10s\"; }; ",
               "-10000000,10000000,45\n0,20000000,190\n10000000,30000000,390\n"
               "20000000,40000000,245\n");
}

static void several_results_are_a_table(void)
{
    check_rows(
        "batch",
        BY_TENS
        "op = \"lua.fold\"; init = \"{}\"; add = \"acc.low = acc.low or value acc.high = value\";\n"
        "schema = ( {name = \"low\"; type = \"i64\";}, {name = \"high\"; type = \"i64\";},\n"
        "  {name = \"none\"; type = \"str\"; nullable = true;} ); ",
        "0,0,9,\n1,10,19,\n2,20,29,\n");
}

static void in_a_list_each_has_a_name_of_its_own(void)
{
    check_rows("batch",
               BY_TENS
               "op = \"std.aggregate\"; aggregates = (\n"
               "  { fn = \"std.count\"; as = \"n\"; },\n"
               "  { fn = \"lua.aggregate\"; name = \"sum\"; type = \"i64\"; init = \"0\";\n"
               "    add = \"acc + value\"; merge = \"acc + other\"; as = \"sum\"; },\n"
               "  { fn = \"lua.fold\"; type = \"i64\"; add = \"value\"; as = \"last\"; } ); ",
               "0,10,45,9\n1,10,145,19\n2,10,245,29\n");
}

static void a_row_that_fails_is_added_to_none(void)
{
    check_rows("batch",
               BY_TENS
               "on_error = \"skip\"; op = \"lua.fold\"; type = \"i64\"; init = \"{n = 0}\";\n"
               "add = \"acc.n = acc.n + value if value % 10 == 3 then error('no') end\";\n"
               "result = \"acc.n\"; ",
               "0,42\n1,132\n2,222\n");
    check_rows("stream",
               BY_TENS
               "on_error = \"skip\"; op = \"lua.fold\"; type = \"i64\"; init = \"{n = 0}\";\n"
               "add = \"acc.n = acc.n + 1\";\n"
               "result = \"if acc.n == 3 then error('no') end return acc.n\"; ",
               "0,1\n0,2\n1,1\n1,2\n2,1\n2,2\n");
}

static void check_told(const char *aggregate, const char *says)
{
    struct process_result result;
    char *dir = dir_temp(), *job = job_of("batch", 1, aggregate);
    run_job(dir, job, NULL, &result);
    CU_ASSERT_NOT_EQUAL(result.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, says));
    if (strstr(result.err, says) == NULL)
        fprintf(stderr, "--- is\n%s--- not\n%s\n", result.err, says);
    process_result_fini(&result);
    dir_end(dir);
    free(job);
}

static void mistakes_are_told(void)
{
    check_told("op = \"lua.fold\"; add = \"value\";", "say what comes out: `type`");
    check_told("op = \"lua.fold\"; type = \"i64\"; add = \"valeu\";", "did you mean `value`?");
    check_told("op = \"lua.fold\"; type = \"i64\"; add = \"'x'\";",
               "`result` is i64: a string is none");
    check_told("op = \"lua.fold\"; type = \"i64\"; add = \"{f = pairs}\";", "acc.f is a function");
    check_told("op = \"std.aggregate\"; aggregates = (\n"
               "  { fn = \"lua.fold\"; type = \"i64\"; add = \"value\"; as = \"a\"; },\n"
               "  { fn = \"lua.fold\"; type = \"i64\"; add = \"value + 1\"; as = \"b\"; } );",
               "give each a `name`");
}

/* ---- versions ---- */

static const char versions[] =
    "job = \"versions\"; parallelism = 2;\n"
    "snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
    "operators = (\n"
    "  { id = \"events\"; op = \"gen.events\"; keys = 50; count = 1000000000L; rate = 5000; },\n"
    "  { id = \"a\"; op = \"lua.fold\"; input = \"events\"; key = \"key\"; type = \"i64\"; %s },\n"
    "  { id = \"out\"; op = \"file.write\"; input = \"a\"; path = \"out.csv\"; }\n"
    ");\n";
#define QUICKLY                                                                                    \
    "--from", "latest", "-p", "3", "--set", "events.rate=0", "--set", "events.count=20000"

static long check_counts(const char *dir)
{
    long long counts[50] = {0};
    long n = 0, wrong = 0;
    char *all = run_read(dir, "out.csv");
    for (const char *at = all; *at != 0; at = strchr(at, '\n') + 1, n++) {
        long long key = 0, count = 0;
        CU_ASSERT_EQUAL_FATAL(sscanf(at, "%lld,%lld", &key, &count), 2);
        CU_ASSERT_FATAL(key >= 0 && key < 50);
        wrong += count != ++counts[key];
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(all);
    return n;
}

static void accumulators_of_an_older_version_are_migrated_or_refused(void)
{
    char *dir = dir_temp();
    char *first = text_format(versions, "add = \"(acc or 0) + 1\";");
    char *same = text_format(versions, "add = \"acc = (acc or 0) + 1\"; result = \"acc\";");
    char *bare =
        text_format(versions, "version = 2; init = \"{n = 0}\"; add = \"acc.n = acc.n + 1\";\n"
                              "result = \"acc.n\";");
    char *second = text_format(
        versions, "version = 2; init = \"{n = 0}\"; add = \"acc.n = acc.n + 1\";\n"
                  "result = \"acc.n\"; migrate = \"function(acc, from) return {n = acc} end\";");
    run_and_stop(dir, first, NULL);
    run_and_stop(dir, same, ARGV("--from", "latest")); /* other code alone is no other state */
    char *err = run_go_on(dir, bare, ARGV("--from", "latest"), 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "version 1"));
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "version 2"));
    fprintf(stderr, "%s", strstr(err, "version 2") == NULL ? err : "");
    free(err);
    run_and_stop(dir, second, ARGV("--from", "latest"));
    free(run_go_on(dir, second, ARGV(QUICKLY), 0));
    CU_ASSERT_EQUAL(check_counts(dir), 20000);
    dir_end(dir);
    free(first);
    free(same);
    free(bare);
    free(second);
}

static const struct suite_test tests[] = {
    SUITE_TEST(final_ones_are_of_all_rows_of_a_key),
    SUITE_TEST(rolling_ones_come_with_each_row),
    SUITE_TEST(windows_that_tumble_slide_or_follow_sessions_merge),
    SUITE_TEST(a_fold_needs_no_merge),
    SUITE_TEST(merges_are_in_order_and_may_give_false),
    SUITE_TEST(each_call_has_all_steps),
    SUITE_TEST(several_results_are_a_table),
    SUITE_TEST(in_a_list_each_has_a_name_of_its_own),
    SUITE_TEST(a_row_that_fails_is_added_to_none),
    SUITE_TEST(mistakes_are_told),
    SUITE_TEST(accumulators_of_an_older_version_are_migrated_or_refused),
};
SUITE_MAIN("lua_aggregate", tests)
