/* Rows that a function refuses in a window: it is as if they had not come, whichever way windows are had,
 * and what becomes of them is said by on_error. Times are in microseconds. */
#include "run_job.h"
#include "support/files.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PICKY "op = \"window_ops.picky\";"
#define SUM   "op = \"std.sum\"; field = \"x\";"
/* Rows are kept, and taken by the functions when the window fires: `last` cannot be merged. */
#define THREE                                                                                      \
    "op = \"std.aggregate\"; aggregates = ( { fn = \"std.count\"; as = \"count\"; },\n"            \
    "    { fn = \"window_ops.last\"; }, { fn = \"window_ops.picky\"; } );"
#define BOTH                                                                                       \
    "op = \"std.aggregate\"; aggregates = ( { fn = \"std.count\"; as = \"count\"; },\n"            \
    "    { fn = \"window_ops.picky\"; }, { fn = \"std.sum\"; field = \"x\"; as = \"sum\"; } );"

static char *job_of(const char *function, const char *window, const char *on_error)
{
    return text_format(
        "job = \"t\"; parallelism = 1;\noperators = (\n"
        "  { id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\"; schema = (\n"
        "    {name=\"id\";type=\"i64\";}, {name=\"k\";type=\"i64\";},\n"
        "    {name=\"s\";type=\"str\";nullable=true;}, {name=\"t\";type=\"i64\";},\n"
        "    {name=\"x\";type=\"i64\";} ); },\n"
        "  { id = \"timed\"; op = \"std.timestamps\"; input = \"in\"; field = \"t\"; },\n"
        "  { id = \"w\"; %s input = \"timed\"; key = \"k\"; %s on_error = \"%s\"; },\n"
        "%s"
        "  { id = \"out\"; op = \"file.write\"; input = \"w\"; path = \"-\"; }\n);\n",
        function, window, on_error,
        strcmp(on_error, "port") == 0
            ? "  { id = \"bad\"; op = \"file.write\"; input = \"w.errors\"; path = \"bad\"; },\n"
            : "");
}

/* Runs a job with on_error = "skip", whose result, sorted, is `out`, and which has skipped so many rows. */
static void expect(const char *function, const char *window, const char *rows, const char *out,
                   int skipped)
{
    struct process_result r;
    char *dir = dir_temp(), *job = job_of(function, window, "skip");
    run_write(dir, "in.csv", rows);
    run_job(dir, job, &(struct run_options){.arguments = ARGV("--report", "r")}, &r);
    char *sorted = run_sorted(r.out), *report = run_read(dir, "r");
    if (r.status != 0 || strcmp(sorted, out) != 0)
        printf("%s %s\n--- is\n%s%s--- not\n%s", function, window, r.out, r.err, out);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(sorted, out);
    CU_ASSERT_EQUAL(run_report(report, "w", "failed_rows"), skipped);
    free(report);
    free(sorted);
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
    free(job);
}

/* Key 1 has nothing but a refused row; key 2 has two that are taken, at 1 and 3; key 3 one behind a refused
 * one; key 4 has nothing. */
static const char few[] = "0,1,,0,-5\n1,2,,1,7\n2,2,,2,-1\n3,2,,3,8\n4,3,,3,-2\n5,3,,4,0\n"
                          "6,4,,4,-2\n7,4,,4,-2\n";

static void a_window_with_nothing_but_refused_rows_is_none(void)
{
    expect(PICKY, "window = { time = \"10us\"; };", few, "2,0,10,2\n3,0,10,1\n", 5);
    expect(PICKY, "window = { time = \"10us\"; }; every = { time = \"5us\"; };", few,
           "2,-5,5,2\n2,0,10,2\n3,-5,5,1\n3,0,10,1\n", 5);
    expect(PICKY, "window = { time = \"10us\"; }; lateness = \"7us\";", few, "2,0,10,2\n3,0,10,1\n",
           5);
    expect(PICKY, "window = { session = \"10us\"; };", few, "2,1,13,2\n3,4,14,1\n", 5);
    expect(PICKY, "window = { count = 2; };", few, "2,2\n3,1\n", 5);
    expect(PICKY, "window = { count = 9; }; every = { count = 2; };", few, "2,2\n3,1\n", 5);
    expect(PICKY, "window = { all = true; }; every = { time = \"2us\"; };", few, "2,1\n2,2\n3,1\n",
           5);
}

/* They neither end nor fire a window, and leave it as wide as it was. */
static void a_refused_row_moves_no_window(void)
{
    static const char rows[] = "0,1,,0,1\n1,1,,4,-1\n2,1,,8,1\n";
    expect(PICKY, "window = { session = \"5us\"; };", rows, "1,0,5,1\n1,8,13,1\n", 1);
    /* Between two sessions, which it does not join. */
    expect(PICKY, "window = { session = \"5us\"; };", "0,1,,0,1\n1,2,,1,1\n2,1,,8,1\n3,1,,4,-1\n",
           "1,0,5,1\n1,8,13,1\n2,1,6,1\n", 1);
    expect(PICKY, "window = { time = \"5us\"; }; every = { count = 1; };",
           "0,1,,0,1\n1,1,,9,-1\n2,1,,3,1\n", "1,1\n1,2\n", 1);
    expect(PICKY, "window = { count = 4; }; every = { time = \"5us\"; };",
           "0,1,,0,1\n1,2,,6,1\n2,1,,7,-1\n3,2,,12,1\n", "1,1\n2,1\n2,2\n", 1);
    expect(PICKY, "window = { all = true; }; every = { fn = \"window_ops.enough\"; sum = 9; };",
           "0,1,,0,1\n1,1,,1,-9\n2,1,,2,3\n3,1,,3,9\n", "1,3\n", 1);
    expect(PICKY, "window = { delta = 3.0; field = \"x\"; from = 0.0; };",
           "0,1,,0,1\n1,1,,1,-9\n2,1,,2,3\n3,1,,3,4\n", "1,1\n1,2\n", 1);
    expect(PICKY,
           "window = { delta = 3.0; field = \"x\"; }; every = { delta = 3.0; field = \"x\"; };",
           "0,1,,0,1\n1,1,,1,-9\n2,1,,2,3\n3,1,,3,5\n", "1,2\n1,2\n", 1);
}

static void a_refused_late_row_puts_nothing_out(void)
{
    /* The row at 12 brings the watermark behind [0, 10), and 3 of its 5 late rows are taken. */
    static const char rows[] = "0,1,,1,1\n1,2,,12,1\n2,1,,2,-1\n3,1,,3,1\n4,3,,4,-1\n5,4,,5,1\n"
                               "6,4,,6,1\n";
    expect(PICKY, "window = { time = \"10us\"; }; lateness = \"9us\";", rows,
           "1,0,10,1\n1,0,10,2\n2,10,20,1\n4,0,10,1\n4,0,10,2\n", 2);
    expect(PICKY, "window = { time = \"10us\"; }; lateness = \"9us\"; accumulate = false;", rows,
           "1,0,10,1\n1,0,10,1\n2,10,20,1\n4,0,10,1\n4,0,10,1\n", 2);
    expect(PICKY, "window = { session = \"5us\"; }; lateness = \"9us\";", rows,
           "1,1,6,1\n1,1,8,2\n2,12,17,1\n4,5,10,1\n4,5,11,2\n", 2);
}

/* Of several functions none counts a row that one of them refuses. */
static void a_row_that_one_function_refuses_is_counted_by_none(void)
{
    static const char *const windows[] = {"window = { time = \"10us\"; };",
                                          "window = { time = \"10us\"; }; lateness = \"4us\";",
                                          "window = { session = \"10us\"; };"};
    static const char *const both[] = {"2,0,10,2,2,15\n3,0,10,1,1,0\n",
                                       "2,0,10,2,2,15\n3,0,10,1,1,0\n",
                                       "2,1,13,2,2,15\n3,4,14,1,1,0\n"};
    for (size_t w = 0; w < sizeof windows / sizeof *windows; w++)
        expect(BOTH, windows[w], few, both[w], 5);
    expect(BOTH, "window = { count = 2; };", few, "2,2,2,15\n3,1,1,0\n", 5);
    expect(BOTH, "window = { count = 8; }; per = \"stream\";", few, "2,2,2,15\n3,1,1,0\n", 5);
    expect(THREE, "window = { count = 2; }; every = { count = 2; };", few,
           "2,2,2,\"\",2\n3,1,1,\"\",1\n", 5);
}

/* 2^62 twice is beyond an i64. */
#define HALF "4611686018427387904"
static const char large[] = "0,1,,0," HALF "\n1,1,,1," HALF "\n2,1,,2,5\n";

static void a_sum_that_overflows_in_a_window_does_so_by_on_error(void)
{
    static const char *const windows[] = {
        "window = { time = \"10us\"; };", "window = { time = \"10us\"; }; lateness = \"4us\";",
        "window = { session = \"10us\"; };", "window = { count = 2; };"};
    static const char *const sums[] = {"1,0,10,4611686018427387909\n",
                                       "1,0,10,4611686018427387909\n",
                                       "1,0,12,4611686018427387909\n", "1,4611686018427387909\n"};
    for (size_t w = 0; w < sizeof windows / sizeof *windows; w++) {
        struct process_result r;
        expect(SUM, windows[w], large, sums[w], 1);
        char *dir = dir_temp(), *job = job_of(SUM, windows[w], "port");
        run_write(dir, "in.csv", large);
        run_job(dir, job, NULL, &r);
        char *bad = run_read(dir, "bad");
        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_STRING_EQUAL(r.out, sums[w]);
        CU_ASSERT_PTR_NOT_NULL(strstr(bad, "the sum of `x` goes beyond 64 bits,"));
        CU_ASSERT_PTR_NOT_NULL(strstr(bad, "\"\"id\"\":1,"));
        free(bad);
        free(job);
        process_result_fini(&r);
        job = job_of(SUM, windows[w], "fail");
        run_job(dir, job, NULL, &r);
        CU_ASSERT_EQUAL(r.status, 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "the sum of `x` goes beyond 64 bits"));
        CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "{\"id\":1,"));
        CU_ASSERT_STRING_EQUAL(r.out, "");
        free(job);
        process_result_fini(&r);
        dir_remove(dir);
        free(dir);
    }
}

/* Refused when the window fires, by the rows that came before it: the others do not count it either. */
static void a_kept_row_that_is_refused_at_a_firing_is_counted_by_none(void)
{
    expect("op = \"std.aggregate\"; aggregates = ( { fn = \"std.count\"; as = \"count\"; },\n"
           "    { fn = \"window_ops.last\"; }, { fn = \"std.sum\"; field = \"x\"; } );",
           "window = { count = 3; }; every = { count = 3; };", large,
           "1,2,2,\"\",4611686018427387909\n", 1);
}

/* No row is to blame where sums that were made apart are merged. */
static void a_sum_that_overflows_where_windows_overlap_ends_the_job(void)
{
    struct process_result r;
    char *dir = dir_temp();
    char *job = job_of(SUM, "window = { time = \"10us\"; }; every = { time = \"1us\"; };", "skip");
    run_write(dir, "in.csv", large);
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "the sum of `x` goes beyond 64 bits"));
    free(job);
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
}

/* Nor is there a result of a key without a window, whatever the key is made of. */
static void a_key_with_nothing_but_refused_rows_has_no_result(void)
{
    static const char *const keys[] = {"\"k\"", "\"s\"", "[\"k\", \"s\"]"};
    static const char *const wanted[] = {"2,2\n3,1\n", "a-key-of-more-than-twelve,2\nthree,1\n",
                                         "2,a-key-of-more-than-twelve,2\n3,three,1\n"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *job = text_format(
            "job = \"t\"; parallelism = 1; mode = \"batch\";\noperators = (\n"
            "  { id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\"; schema = (\n"
            "    {name=\"id\";type=\"i64\";}, {name=\"k\";type=\"i64\";},\n"
            "    {name=\"s\";type=\"str\";nullable=true;}, {name=\"t\";type=\"i64\";},\n"
            "    {name=\"x\";type=\"i64\";} ); },\n"
            "  { id = \"w\"; op = \"window_ops.picky\"; input = \"in\"; key = %s;\n"
            "    on_error = \"skip\"; },\n"
            "  { id = \"out\"; op = \"file.write\"; input = \"w\"; path = \"-\"; }\n);\n",
            keys[i]);
        struct process_result r;
        char *dir = dir_temp();
        run_write(dir, "in.csv",
                  "0,1,one,0,-5\n1,2,a-key-of-more-than-twelve,1,7\n2,3,three,3,-2\n3,1,one,0,-5\n"
                  "4,2,a-key-of-more-than-twelve,2,-1\n5,3,three,4,0\n6,4,,4,-2\n"
                  "7,2,a-key-of-more-than-twelve,3,8\n");
        run_job(dir, job, NULL, &r);
        char *sorted = run_sorted(r.out);
        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_STRING_EQUAL(sorted, wanted[i]);
        free(sorted);
        free(job);
        process_result_fini(&r);
        dir_remove(dir);
        free(dir);
    }
}

/* The rows of a window have come long before: none of the batch at hand is meant. */
static void what_a_window_function_refuses_is_no_row_of_the_batch_at_hand(void)
{
    struct process_result r;
    char *dir = dir_temp(),
         *job = job_of("op = \"window_ops.fussy\";",
                       "window = { all = true; }; every = { count = 2; };", "port");
    run_write(dir, "in.csv", "0,1,,0,1\n1,2,,1,1\n2,1,,2,-7\n3,2,,3,1\n4,1,,4,1\n5,1,,5,1\n");
    run_job(dir, job, NULL, &r);
    char *bad = run_read(dir, "bad");
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, "1,2\n2,2\n1,4\n");
    CU_ASSERT_STRING_EQUAL(bad, "-7 is too little,\"\"\n-7 is too little,\"\"\n");
    free(bad);
    free(job);
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_window_with_nothing_but_refused_rows_is_none),
    SUITE_TEST(a_refused_row_moves_no_window),
    SUITE_TEST(a_refused_late_row_puts_nothing_out),
    SUITE_TEST(a_row_that_one_function_refuses_is_counted_by_none),
    SUITE_TEST(a_sum_that_overflows_in_a_window_does_so_by_on_error),
    SUITE_TEST(a_kept_row_that_is_refused_at_a_firing_is_counted_by_none),
    SUITE_TEST(a_key_with_nothing_but_refused_rows_has_no_result),
    SUITE_TEST(what_a_window_function_refuses_is_no_row_of_the_batch_at_hand),
    SUITE_TEST(a_sum_that_overflows_where_windows_overlap_ends_the_job),
};
SUITE_MAIN("windows_refused", tests)
