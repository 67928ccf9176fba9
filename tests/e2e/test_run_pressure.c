/* A consumer that is slower than its producer slows it down: memory is bounded, and nothing is
 * lost. */
#include "run_job.h"
#include "support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ROWS = RUN_SANITIZED ? 300000 : 4000000, KIB_MAX = 40 * 1024 };

static const struct run_options reported = {.arguments = ARGV("--report", "report.json")};

/* Runs `count` numbers through `middle`, which ends with "last" and makes `times` of each, into a
 * sum; asserts the sum. Returns the peak memory in KiB. */
static long check_pressed(int64_t count, int64_t times, const char *middle)
{
    struct process_result r;
    char *dir = dir_temp();
    char *job =
        text_format("job = \"pressed\"; mode = \"batch\"; parallelism = 2;\n"
                    "operators = (\n"
                    "  { id = \"in\"; op = \"run_sources.numbers\"; count = %lldL; keys = 1; },\n"
                    "%s"
                    "  { id = \"sum\"; op = \"std.sum\"; input = \"last\"; field = \"value\"; },\n"
                    "  { id = \"out\"; op = \"file.write\"; input = \"sum\"; path = \"-\"; }\n"
                    ");\n",
                    (long long)count, middle);
    char *expected = text_format("%lld\n", (long long)(count * (count - 1) / 2 * times));
    run_job(dir, job, &reported, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, expected);
    if (r.status == 0) {
        char *report = run_read(dir, "report.json");
        CU_ASSERT_EQUAL(run_report(report, "sum", "rows_in"), (double)(count * times));
        free(report);
    }
    long maxrss_kib = r.maxrss_kib;
    process_result_fini(&r);
    dir_remove(dir);
    free(expected);
    free(job);
    free(dir);
    return maxrss_kib;
}

static void check_bounded(const char *what, const char *middle, int64_t times)
{
    long kib = check_pressed(ROWS, times, middle);
    printf("pressure: peak memory %ld KiB with %s\n", kib, what);
    if (!RUN_SANITIZED)
        CU_ASSERT_TRUE(kib < KIB_MAX);
}

static void a_slow_operator_holds_the_source_back(void)
{
    check_bounded("a slow task",
                  "  { id = \"a\"; op = \"std.pass\"; input = \"in\"; parallelism = 3; },\n"
                  "  { id = \"last\"; op = \"run_ops.slow\"; nap = \"50us\"; input = \"a\";\n"
                  "    parallelism = 1; },\n",
                  1);
}

static void a_slow_thread_holds_the_source_back(void)
{
    check_bounded("a slow thread",
                  "  { id = \"last\"; op = \"run_ops.slowly\"; nap = \"50us\"; input = \"in\";\n"
                  "    parallelism = 1; },\n",
                  1);
}

static void one_slow_reader_of_two_holds_both_back(void)
{
    check_bounded("a slow reader beside a fast one",
                  "  { id = \"fast\"; op = \"std.pass\"; input = \"in\"; key = \"value\"; },\n"
                  "  { id = \"slow\"; op = \"run_ops.slowly\"; nap = \"50us\"; input = \"in\";\n"
                  "    parallelism = 2; },\n"
                  "  { id = \"last\"; op = \"std.pass\"; input = (\"fast\", \"slow\"); },\n",
                  2);
}

static void a_skewed_key_holds_the_source_back(void)
{
    check_bounded("all rows of one key",
                  "  { id = \"last\"; op = \"run_ops.slow\"; nap = \"50us\"; input = \"in\";\n"
                  "    key = \"key\"; parallelism = 4; },\n",
                  1);
}

/* Diamonds are where a wait for room could go in a circle. */
static void a_diamond_with_a_slow_side_neither_stalls_nor_grows(void)
{
    check_bounded(
        "a slow side of a diamond",
        "  { id = \"a\"; op = \"run_ops.keep\"; rest = 0; input = \"in\"; key = \"value\"; },\n"
        "  { id = \"b\"; op = \"run_ops.keep\"; rest = 1; input = \"in\"; },\n"
        "  { id = \"c\"; op = \"run_ops.slow\"; nap = \"20us\"; input = \"a\";\n"
        "    partition = \"rebalance\"; parallelism = 5; },\n"
        "  { id = \"last\"; op = \"std.pass\"; input = (\"b\", \"c\"); parallelism = 1; },\n",
        1);
}

static void a_thousandfold_flat_map_takes_memory_for_one_batch_only(void)
{
    static const char middle[] = "  { id = \"fan\"; op = \"run_ops.fan\"; times = 1000; input = "
                                 "\"in\"; parallelism = 2; },\n"
                                 "  { id = \"last\"; op = \"run_ops.slow\"; nap = \"1us\"; input = "
                                 "\"fan\"; key = \"copy\"; },\n";
    int64_t few = RUN_SANITIZED ? 500 : 4 * 1024, many = RUN_SANITIZED ? 1500 : 12 * 1024;
    long few_kib = check_pressed(few, 1000, middle), many_kib = check_pressed(many, 1000, middle);
    printf("pressure: peak memory %ld KiB for %lld000 rows, %ld KiB for %lld000\n", few_kib,
           (long long)few, many_kib, (long long)many);
    if (!RUN_SANITIZED)
        CU_ASSERT_TRUE(many_kib < few_kib + few_kib / 4 + 4096);
}

/* Writes to the job's standard input until it takes nothing for a while; how much it took. */
static size_t fill(struct process *process)
{
    static char lines[64 * 1024];
    size_t taken = 0;
    int idle_ms = 0;
    memset(lines, 'x', sizeof lines);
    for (size_t i = 63; i < sizeof lines; i += 64)
        lines[i] = '\n';
    CU_ASSERT_EQUAL_FATAL(fcntl(process->stdin_fd, F_SETFL, O_NONBLOCK), 0);
    while (idle_ms < 400 && taken < 200u << 20) {
        ssize_t n = write(process->stdin_fd, lines, sizeof lines);
        CU_ASSERT_FATAL(n > 0 || errno == EAGAIN);
        idle_ms = n > 0 ? 0 : idle_ms + 10;
        taken += n > 0 ? (size_t)n : 0;
        if (n < 0)
            nanosleep(&(struct timespec){0, 10000000}, NULL);
    }
    return taken;
}

static void a_job_that_is_stuck_stops_reading_its_input(void)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp();
    run_start(dir,
              "job = \"stuck\"; parallelism = 2;\n"
              "operators = (\n"
              "  { id = \"in\"; op = \"file.read\"; path = \"-\"; },\n"
              "  { id = \"words\"; op = \"text.words\"; input = \"in\"; },\n"
              "  { id = \"v\"; op = \"std.select\"; fields = (\"value=count\", \"word\"); input = "
              "\"words\"; },\n"
              "  { id = \"slow\"; op = \"run_ops.slow\"; nap = \"1h\"; input = \"v\"; key = "
              "\"word\"; },\n"
              "  { id = \"out\"; op = \"std.null\"; input = \"slow\"; }\n"
              ");\n",
              &(struct run_options){.stdin_pipe = true}, &process);
    size_t taken = fill(&process);
    printf("pressure: a stuck job took %zu KiB of input\n", taken / 1024);
    CU_ASSERT_TRUE(taken > 64 * 1024);
    CU_ASSERT_TRUE(taken < 8u << 20);
    process_signal(&process, SIGINT);
    nanosleep(&(struct timespec){0, 200000000}, NULL);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 130);
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_slow_operator_holds_the_source_back),
    SUITE_TEST(a_slow_thread_holds_the_source_back),
    SUITE_TEST(one_slow_reader_of_two_holds_both_back),
    SUITE_TEST(a_skewed_key_holds_the_source_back),
    SUITE_TEST(a_diamond_with_a_slow_side_neither_stalls_nor_grows),
    SUITE_TEST(a_thousandfold_flat_map_takes_memory_for_one_batch_only),
    SUITE_TEST(a_job_that_is_stuck_stops_reading_its_input),
};
SUITE_MAIN("run_pressure", tests)
