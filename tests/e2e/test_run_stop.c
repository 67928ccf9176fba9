/* Stopping: the first signal stops the sources and drains what is in flight, the second ends it. */
#include "run_job.h"
#include "run_watch.h"
#include "support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A stop that is prompt takes no longer than this. */
enum { PROMPT_US = RUN_SANITIZED ? 20000000 : 2000000 };

static const struct run_options reported = {.arguments = ARGV("--report", "report.json")};

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* Signals the job once and asserts that it stops promptly, cleanly, and says so in its report;
 * which is returned: free() it. */
static char *stop(const char *dir, struct process *process, int signal)
{
    struct process_result r;
    int64_t start_us = now_us();
    process_signal(process, signal);
    process_wait(process, &r);
    run_cut_end(&r);
    CU_ASSERT_TRUE(now_us() - start_us < PROMPT_US);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    process_result_fini(&r);
    CU_ASSERT_TRUE_FATAL(run_exists(dir, "report.json"));
    char *report = run_read(dir, "report.json");
    CU_ASSERT_PTR_NOT_NULL(strstr(report, "\"status\": \"stopped\""));
    return report;
}

/* Asserts that a text is whole lines of `fields` fields; how many. */
static uint64_t check_lines(const char *text, int fields)
{
    uint64_t lines = 0, wrong = 0;
    int commas = 0;
    for (const char *at = text; *at != 0; at++) {
        commas += *at == ',';
        if (*at == '\n') {
            wrong += commas != fields - 1;
            lines++;
            commas = 0;
        }
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_TRUE(text[0] == 0 || text[strlen(text) - 1] == '\n');
    return lines;
}

static void check_endless(int signal)
{
    struct process process;
    char *dir = dir_temp();
    run_start(
        dir,
        "job = \"endless\"; parallelism = 2;\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.events\"; keys = 50; },\n"
        "  { id = \"sum\"; op = \"std.sum\"; input = \"in\"; key = \"key\"; field = \"value\"; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"sum\"; path = \"out.csv\"; }\n"
        ");\n",
        &reported, &process);
    run_await_size(dir, "out.csv", 100000);
    char *report = stop(dir, &process, signal);
    char *out = run_read(dir, "out.csv");
    uint64_t lines = check_lines(out, 2);
    CU_ASSERT_EQUAL((double)lines, run_report(report, "out", "rows_in"));
    CU_ASSERT_EQUAL((double)lines, run_report(report, "in", "rows_out"));
    free(report);
    free(out);
    dir_remove(dir);
    free(dir);
}

static void sigint_stops_an_endless_job_with_all_rows_in_flight_written(void)
{
    check_endless(SIGINT);
}

static void sigterm_does_the_same(void)
{
    check_endless(SIGTERM);
}

static void a_stop_shows_the_part_files_of_a_folder(void)
{
    struct process process;
    char *dir = dir_temp(), *folder = path_join(dir, "out");
    run_start(dir,
              "job = \"parts\"; parallelism = 2;\n"
              "operators = (\n"
              "  { id = \"in\"; op = \"gen.events\"; rate = 100000; },\n"
              "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"out/\"; }\n"
              ");\n",
              &reported, &process);
    run_await_size(dir, "out/.part-0-0", 1000);
    run_await_size(dir, "out/.part-1-0", 1000);
    char *report = stop(dir, &process, SIGINT);
    char *first = run_read(dir, "out/part-0-0"), *second = run_read(dir, "out/part-1-0");
    uint64_t lines = check_lines(first, 3) + check_lines(second, 3);
    CU_ASSERT_EQUAL((double)lines, run_report(report, "in", "rows_out"));
    CU_ASSERT_EQUAL(dir_count(folder), 2);
    free(first);
    free(second);
    free(report);
    dir_remove(dir);
    free(folder);
    free(dir);
}

static void a_stop_is_no_end_of_input_for_final_aggregates(void)
{
    struct process process;
    char *dir = dir_temp();
    run_start(
        dir,
        "job = \"final\"; mode = \"batch\"; parallelism = 2;\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.events\"; keys = 50; },\n"
        "  { id = \"sum\"; op = \"std.sum\"; input = \"in\"; key = \"key\"; field = \"value\"; },\n"
        "  { id = \"all\"; op = \"std.count\"; input = \"in\"; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"sum\"; path = \"out.csv\"; },\n"
        "  { id = \"raw\"; op = \"file.write\"; input = \"in\"; path = \"raw.csv\"; },\n"
        "  { id = \"n\"; op = \"file.write\"; input = \"all\"; path = \"n.csv\"; }\n"
        ");\n",
        &reported, &process);
    run_await_size(dir, "raw.csv", 100000);
    char *report = stop(dir, &process, SIGINT);
    char *out = run_read(dir, "out.csv"), *n = run_read(dir, "n.csv");
    CU_ASSERT_STRING_EQUAL(out, "");
    CU_ASSERT_STRING_EQUAL(n, "");
    CU_ASSERT_EQUAL(run_report(report, "sum", "rows_out"), 0);
    CU_ASSERT_TRUE(run_report(report, "sum", "rows_in") > 0);
    CU_ASSERT_EQUAL(run_report(report, "sum", "rows_in"), run_report(report, "in", "rows_out"));
    free(out);
    free(n);
    free(report);
    dir_remove(dir);
    free(dir);
}

static void a_stop_under_back_pressure_drains_what_is_in_flight(void)
{
    struct process process;
    char *dir = dir_temp();
    run_start(dir,
              "job = \"pressed\"; parallelism = 2;\n"
              "operators = (\n"
              "  { id = \"in\"; op = \"gen.sequence\"; to = 1000000000L; },\n"
              "  { id = \"slow\"; op = \"run_ops.slow\"; input = \"in\"; nap = \"1ms\";\n"
              "    partition = \"rebalance\"; },\n"
              "  { id = \"out\"; op = \"file.write\"; input = \"slow\"; path = \"out.csv\"; }\n"
              ");\n",
              &reported, &process);
    run_await_size(dir, "out.csv", 100000);
    char *report = stop(dir, &process, SIGINT);
    char *out = run_read(dir, "out.csv");
    CU_ASSERT_EQUAL((double)check_lines(out, 1), run_report(report, "in", "rows_out"));
    free(out);
    free(report);
    dir_remove(dir);
    free(dir);
}

/* ---- sources that wait ---- */

/* Stops a job whose source waits, after it has begun. */
static void check_waiting(const char *source, const struct run_options *options)
{
    struct process process;
    char *dir = dir_temp();
    char *job =
        text_format("job = \"waits\"; parallelism = 2;\n"
                    "operators = (\n"
                    "  { id = \"in\"; op = %s },\n"
                    "  { id = \"same\"; op = \"std.pass\"; input = \"in\"; },\n"
                    "  { id = \"out\"; op = \"file.write\"; input = \"same\"; path = \"out\"; }\n"
                    ");\n",
                    source);
    int fifo = run_fifo(dir, "fifo");
    run_start(dir, job, options, &process);
    for (int ms = 0; ms < RUN_PATIENCE_MS && !run_exists(dir, "out"); ms += 5)
        run_nap_ms(5);
    run_nap_ms(100);
    free(stop(dir, &process, SIGINT));
    close(fifo);
    dir_remove(dir);
    free(job);
    free(dir);
}

static void a_source_that_waits_for_nothing_stops_promptly(void)
{
    check_waiting("\"run_sources.never\";", &reported);
}

static void a_source_that_waits_for_a_descriptor_stops_promptly(void)
{
    check_waiting("\"run_sources.ticks\"; path = \"fifo\";", &reported);
}

static void a_source_that_waits_for_a_time_stops_promptly(void)
{
    check_waiting("\"gen.sequence\"; to = 10; rate = 0.001;", &reported);
}

static void a_source_that_waits_for_standard_input_stops_promptly(void)
{
    check_waiting("\"file.read\"; path = \"-\";",
                  &(struct run_options){.arguments = reported.arguments, .stdin_pipe = true});
}

static void a_source_that_is_blocked_in_a_read_stops_promptly(void)
{
    check_waiting("\"run_sources.pipe\"; path = \"fifo\";", &reported);
}

static void rows_of_a_blocking_source_arrive_before_and_are_kept_by_a_stop(void)
{
    struct process process;
    char *dir = dir_temp();
    int fifo = run_fifo(dir, "fifo");
    run_start(dir,
              "job = \"pipe\"; parallelism = 2;\n"
              "operators = (\n"
              "  { id = \"in\"; op = \"run_sources.pipe\"; path = \"fifo\"; },\n"
              "  { id = \"same\"; op = \"std.pass\"; input = \"in\"; },\n"
              "  { id = \"out\"; op = \"file.write\"; input = \"same\"; path = \"-\"; }\n"
              ");\n",
              &reported, &process);
    CU_ASSERT_EQUAL(write(fifo, "A", 1), 1);
    CU_ASSERT_TRUE(process_await_out(&process, "65\n", RUN_PATIENCE_MS));
    CU_ASSERT_EQUAL(write(fifo, "BC", 2), 2);
    CU_ASSERT_TRUE(process_await_out(&process, "65\n66\n67\n", RUN_PATIENCE_MS));
    free(stop(dir, &process, SIGINT));
    close(fifo);
    dir_remove(dir);
    free(dir);
}

/* ---- the second signal ---- */

static void a_second_signal_ends_a_job_that_hangs(void)
{
    static const int seconds[] = {SIGINT, SIGTERM};
    for (int i = 0; i < 2; i++) {
        struct process process;
        struct process_result r;
        char *dir = dir_temp();
        run_start(dir,
                  "job = \"hangs\"; parallelism = 2;\n"
                  "operators = (\n"
                  "  { id = \"in\"; op = \"gen.events\"; },\n"
                  "  { id = \"hang\"; op = \"run_faults.hang\"; input = \"in\"; },\n"
                  "  { id = \"out\"; op = \"file.write\"; input = \"hang\"; path = \"out/\"; }\n"
                  ");\n",
                  &reported, &process);
        CU_ASSERT_TRUE(process_await_err(&process, "hangs", RUN_PATIENCE_MS));
        process_signal(&process, SIGINT);
        run_nap_ms(200);
        CU_ASSERT_EQUAL(kill(process.pid, 0), 0); /* the first one waits for it */
        process_signal(&process, seconds[i]);
        process_wait(&process, &r);
        run_cut_end(&r);
        CU_ASSERT_EQUAL(r.status, 130);
        CU_ASSERT_FALSE(r.timed_out);
        CU_ASSERT_FALSE(run_exists(dir, "out/part-0-0"));
        process_result_fini(&r);
        dir_remove(dir);
        free(dir);
    }
}

static const struct suite_test tests[] = {
    SUITE_TEST(sigint_stops_an_endless_job_with_all_rows_in_flight_written),
    SUITE_TEST(sigterm_does_the_same),
    SUITE_TEST(a_stop_shows_the_part_files_of_a_folder),
    SUITE_TEST(a_stop_is_no_end_of_input_for_final_aggregates),
    SUITE_TEST(a_stop_under_back_pressure_drains_what_is_in_flight),
    SUITE_TEST(a_source_that_waits_for_nothing_stops_promptly),
    SUITE_TEST(a_source_that_waits_for_a_descriptor_stops_promptly),
    SUITE_TEST(a_source_that_waits_for_a_time_stops_promptly),
    SUITE_TEST(a_source_that_waits_for_standard_input_stops_promptly),
    SUITE_TEST(a_source_that_is_blocked_in_a_read_stops_promptly),
    SUITE_TEST(rows_of_a_blocking_source_arrive_before_and_are_kept_by_a_stop),
    SUITE_TEST(a_second_signal_ends_a_job_that_hangs),
};
SUITE_MAIN("run_stop", tests)
