/* Event time in whole jobs: where it comes from, what is late, and streams that are idle. */
#include "run_job.h"
#include "run_watch.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void check_text(char *is, const char *wanted)
{
    if (strcmp(is, wanted) != 0)
        fprintf(stderr, "--- is\n%s--- not\n%s", is, wanted);
    CU_ASSERT_STRING_EQUAL(is, wanted);
    free(is);
}

/* ---- what is on time ---- */

/* Rows of in.csv, in their order, in windows of 10 us. */
static void run_times(const char *dir, const char *rows, const char *times,
                      struct process_result *r)
{
    char *job = text_format(
        "job = \"times\"; parallelism = 1;\noperators = (\n"
        "  { id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\";\n"
        "    schema = ( {name=\"at\"; type=\"i64\";} ); },\n"
        "  { id = \"times\"; op = \"std.timestamps\"; input = \"in\"; %s },\n"
        "  { id = \"n\"; op = \"std.count\"; input = \"times\"; window = { time = \"10us\"; }; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"n\"; path = \"-\"; }\n);\n",
        times);
    run_write(dir, "in.csv", rows);
    run_job(dir, job,
            &(struct run_options){.arguments = ARGV("--report", "report.json"), .stdin_path = NULL},
            r);
    CU_ASSERT_EQUAL(r->status, 0);
    free(job);
}

static double late_rows(const char *dir)
{
    char *report = run_read(dir, "report.json");
    double late = run_report(report, "n", "late_rows");
    free(report);
    return late;
}

static void a_row_at_the_watermark_is_on_time_and_one_before_its_window_ended_too(void)
{
    struct process_result r;
    char *dir = dir_temp();
    run_times(dir, "3\n10\n10\n9\n12\n11\n", "field = \"at\";", &r);
    CU_ASSERT_STRING_EQUAL(r.out, "0,10,1\n10,20,4\n");
    CU_ASSERT_EQUAL(late_rows(dir), 1); /* 9, behind 10 */
    process_result_fini(&r);
    run_times(dir, "3\n10\n10\n9\n12\n8\n1\n13\n2\n", "field = \"at\"; max_out_of_order = \"2us\";",
              &r);
    CU_ASSERT_STRING_EQUAL(r.out, "0,10,2\n10,20,4\n");
    CU_ASSERT_EQUAL(late_rows(dir), 3); /* 8, 1 and 2, behind 12 */
    process_result_fini(&r);
    dir_end(dir);
}

static void one_row_far_ahead_makes_later_ones_late_which_is_counted_and_warned_of(void)
{
    struct process_result r;
    char *dir = dir_temp();
    run_times(dir, "3\n86400000004\n4\n5\n86400000005\n", "field = \"at\";", &r);
    CU_ASSERT_STRING_EQUAL(r.out, "0,10,1\n86400000000,86400000010,2\n");
    CU_ASSERT_EQUAL(late_rows(dir), 2);
    CU_ASSERT_EQUAL(run_count(r.err, "too late"), 1);
    process_result_fini(&r);
    dir_end(dir);
}

static void a_function_of_a_plugin_gives_the_time(void)
{
    struct process_result r;
    char *dir = dir_temp();
    char *job = text_format(
        "job = \"times\"; parallelism = 1;\noperators = (\n"
        "  { id = \"in\"; op = \"gen.sequence\"; to = 39; },\n"
        "  { id = \"times\"; op = \"std.timestamps\"; input = \"in\";\n"
        "    fn = \"key_fns.cell\"; },\n"
        "  { id = \"n\"; op = \"std.count\"; input = \"times\"; window = { time = \"2us\"; }; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"n\"; path = \"-\"; }\n);\n");
    run_job(dir, job, &(struct run_options){0}, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, "0,2,20\n2,4,20\n"); /* the time is a tenth of the number */
    CU_ASSERT_STRING_EQUAL(r.err, "");
    free(job);
    process_result_fini(&r);
    dir_end(dir);
}

/* ---- idle ---- */

/* Two streams become one: numbers 0, 1, ... of a time of as many us, and what comes by standard input. */
static char *two_streams(const char *idle)
{
    return text_format(
        "job = \"two\"; parallelism = 1;\noperators = (\n"
        "  { id = \"a\"; op = \"file.read\"; path = \"-\"; format = \"csv\"; schema = (\n"
        "    {name=\"key\"; type=\"i64\";}, {name=\"value\"; type=\"i64\";},\n"
        "    {name=\"time\"; type=\"time\";} ); },\n"
        "  { id = \"b\"; op = \"gen.events\"; keys = 1; count = 300; rate = 100.0; },\n"
        "  { id = \"ta\"; op = \"std.timestamps\"; input = \"a\"; field = \"time\"; %s },\n"
        "  { id = \"tb\"; op = \"std.timestamps\"; input = \"b\"; field = \"time\"; },\n"
        "  { id = \"n\"; op = \"std.count\"; input = [\"ta\", \"tb\"];\n"
        "    window = { time = \"10us\"; }; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"n\"; path = \"out.csv\"; }\n);\n",
        idle);
}

static void end_streams(struct process *process, struct process_result *r)
{
    close(process->stdin_fd);
    process->stdin_fd = -1;
    process_wait(process, r);
    CU_ASSERT_EQUAL(r->status, 0);
    process_result_fini(r);
}

static void check_counts(const char *dir)
{
    char *rows = run_read(dir, "out.csv");
    CU_ASSERT_EQUAL(run_count_lines(rows), 30);
    CU_ASSERT_EQUAL(run_count(rows, ",10\n"), 30);
    free(rows);
}

static void others_go_on_without_a_stream_that_is_idle_and_its_end_is_an_end(void)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp(), *job = two_streams("idle = \"100ms\";");
    run_start(dir, job, &(struct run_options){.stdin_pipe = true}, &process);
    run_await_size(dir, "out.csv", 20); /* while standard input is open and silent */
    end_streams(&process, &r);
    check_counts(dir);
    dir_end(dir);
    free(job);
}

static void others_wait_for_a_stream_that_is_not_told_to_be_idle(void)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp(), *job = two_streams("");
    run_start(dir, job, &(struct run_options){.stdin_pipe = true}, &process);
    run_await_file(dir, "out.csv");
    run_nap_ms(1000);
    check_text(run_read(dir, "out.csv"), "");
    end_streams(&process, &r);
    check_counts(dir);
    dir_end(dir);
    free(job);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_row_at_the_watermark_is_on_time_and_one_before_its_window_ended_too),
    SUITE_TEST(one_row_far_ahead_makes_later_ones_late_which_is_counted_and_warned_of),
    SUITE_TEST(a_function_of_a_plugin_gives_the_time),
    SUITE_TEST(others_go_on_without_a_stream_that_is_idle_and_its_end_is_an_end),
    SUITE_TEST(others_wait_for_a_stream_that_is_not_told_to_be_idle),
};

SUITE_MAIN("time", tests)
