/* Loops under pressure: a body that is slower than its source holds it back; one that multiplies rows comes to
 * the end of `loop.disk`, and says so; one that is never empty can be stopped; wide ones go on in large messages. GYRE_BIG=1: a minute, not seconds. */
#include "run_job.h"
#include "run_watch.h"

#include "support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
    KIB_MAX = 48 * 1024,
    PRESSED_MS = 3000,
    PRESSED_BIG_MS = 60000,
    AHEAD_ROWS = 200000, /* what channels, batches and blocks take at most */
    PATIENCE_S = 300
};

static const struct run_options reported = {.arguments = ARGV("--report", "report.json")};

/* A fast source without an end, and a loop. `left`: how far a row goes at most; `again`: what comes back. */
static char *make_job(const char *loop, int64_t left, int64_t work_us, const char *again)
{
    return text_format(
        "job = \"pressed\"; parallelism = 2;\n"
        "loop = { %s };\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"run_sources.numbers\"; count = 1000000000000L; keys = 1; },\n"
        "  { id = \"start\"; op = \"loop_ops.start\"; input = \"in\"; left = %lldL; },\n"
        "  { id = \"hop\"; op = \"loop_ops.hop\"; input = \"start\"; key = \"id\"; work_us = "
        "%lld;\n"
        "    feedback = %s; },\n"
        "  { id = \"out\"; op = \"std.null\"; input = \"hop.seen\"; }\n"
        ");\n",
        loop, (long long)left, (long long)work_us, again);
}

/* Lets the job run for a while, and stops it. */
static void check_pressed(const char *what, const char *loop, int64_t left, const char *again)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp(), *job = make_job(loop, left, 20, again);
    const char *big = getenv("GYRE_BIG");
    run_start(dir, job, &reported, &process);
    run_nap_ms(big != NULL && strcmp(big, "1") == 0 ? PRESSED_BIG_MS : PRESSED_MS);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    if (r.status != 0)
        printf("%s", r.err);
    CU_ASSERT_FATAL(run_exists(dir, "report.json"));
    char *report = run_read(dir, "report.json");
    const char *operators = strstr(report, "\"operators\": ");
    double in = run_report(operators, "in", "rows_out"),
           hops = run_report(operators, "hop", "rows_in");
    const char *at = strstr(report, "\"rows_fed_back\": ");
    double back = at != NULL ? strtod(at + strlen("\"rows_fed_back\": "), NULL) : 0;
    printf("%s: peak memory %ld KiB; %.0f rows from the source, %.0f taken, %.0f came back\n", what,
           r.maxrss_kib, in, hops, back);
    CU_ASSERT(hops > 1000 && back > 1000); /* it went on */
    CU_ASSERT(in < hops + AHEAD_ROWS);
    if (!RUN_SANITIZED)
        CU_ASSERT(r.maxrss_kib < KIB_MAX);
    free(report), free(job);
    process_result_fini(&r);
    dir_end(dir);
}

static void a_slow_body_holds_a_fast_source_back(void)
{
    check_pressed("a slow body", "memory = \"64KiB\"; disk = \"1MiB\";", 5, "\"hop.a\"");
}

/* Each row brings others for a while; what waits goes into files meanwhile. */
static void a_slow_body_that_multiplies_rows_for_a_while_holds_the_source_back(void)
{
    check_pressed("a slow body that multiplies", "memory = \"64KiB\"; disk = \"64MiB\";", 12,
                  "(\"hop.a\", \"hop.b\")");
}

static void a_loop_that_multiplies_rows_fails_and_says_how_it_grows(void)
{
    struct process_result r;
    double growth = 0;
    char *dir = dir_temp(), *tmp = path_join(dir, "tmp");
    char *job = make_job("memory = \"64KiB\"; disk = \"16MiB\";", 1000000000000, 0,
                         "(\"hop.a\", \"hop.b\")");
    CU_ASSERT_EQUAL_FATAL(mkdir(tmp, 0700), 0);
    setenv("TMPDIR", tmp, 1);
    run_job(dir, job, NULL, &r);
    unsetenv("TMPDIR");
    CU_ASSERT_EQUAL(r.status, 1);
    run_check_has(r.err, "the loop of 'hop' grows: ");
    run_check_has(r.err, "which is its part of `loop.disk`");
    run_check_has(r.err, "or allow more `loop.disk`");
    const char *rate = strstr(r.err, "were taken: ");
    CU_ASSERT_TRUE(rate != NULL && sscanf(rate, "were taken: %lf for each", &growth) == 1);
    printf("a loop that grows: %.2f rows for each\n", growth);
    CU_ASSERT(growth > 1.3 && growth < 4); /* three of four rows go out of either port */
    CU_ASSERT_EQUAL(dir_count(tmp), 0);
    process_result_fini(&r);
    free(job), free(tmp);
    dir_end(dir);
}

/* Where rows go round for ever, nothing else would ever be taken. */
static void check_stop(const char *more)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp();
    char *job = text_format(
        "job = \"endless\"; parallelism = 2;%s\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"run_sources.numbers\"; count = 1000000000000L; keys = 1; },\n"
        "  { id = \"start\"; op = \"loop_ops.start\"; input = \"in\"; left = 1000000000000L; },\n"
        "  { id = \"hop\"; op = \"loop_ops.hop\"; input = \"start\"; key = \"id\"; steady = true;\n"
        "    feedback = \"hop.a\"; },\n"
        "  { id = \"out\"; op = \"std.null\"; input = \"hop.seen\"; }\n"
        ");\n",
        more);
    run_start(dir, job, NULL, &process);
    run_nap_ms(1000);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_FALSE(r.timed_out);
    run_check_has(r.err, "endless stopped in");
    process_result_fini(&r);
    free(job);
    dir_end(dir);
}

static void a_stop_ends_a_loop_in_which_rows_go_round_for_ever(void)
{
    check_stop("");
    check_stop(" snapshot = { dir = \"snap\"; every = \"200ms\"; };");
}

/* Runs a wave of rows round; the CPU time that it took. */
static int64_t run_wave(uint32_t parallelism)
{
    struct process_result r;
    char *dir = dir_temp();
    char *job = text_format(
        "job = \"wave\"; mode = \"batch\"; parallelism = %u;\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"run_sources.numbers\"; count = 100000; keys = 1; },\n"
        "  { id = \"start\"; op = \"loop_ops.start\"; input = \"in\"; ids = 100000; left = 100; "
        "},\n"
        "  { id = \"hop\"; op = \"loop_ops.hop\"; input = \"start\"; key = \"id\"; ids = 100000;\n"
        "    steady = true; feedback = \"hop.a\"; },\n"
        "  { id = \"out\"; op = \"std.null\"; input = \"hop.seen\"; }\n"
        ");\n",
        parallelism);
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    int64_t cpu_us = r.cpu_us;
    process_result_fini(&r);
    free(job);
    dir_end(dir);
    return cpu_us;
}

static void a_wave_is_not_cut_to_pieces_by_many_tasks(void)
{
    int64_t few_us = run_wave(2), many_us = run_wave(24);
    printf("a wave: %lld ms of CPU at parallelism 2, %lld at 24\n", (long long)few_us / 1000,
           (long long)many_us / 1000);
    if (!RUN_SANITIZED)
        CU_ASSERT(many_us < 6 * few_us);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(a_slow_body_holds_a_fast_source_back, PATIENCE_S),
    SUITE_TEST_WITHIN(a_slow_body_that_multiplies_rows_for_a_while_holds_the_source_back,
                      PATIENCE_S),
    SUITE_TEST(a_loop_that_multiplies_rows_fails_and_says_how_it_grows),
    SUITE_TEST(a_stop_ends_a_loop_in_which_rows_go_round_for_ever),
    SUITE_TEST(a_wave_is_not_cut_to_pieces_by_many_tasks),
};
SUITE_MAIN("loop_flow", tests)
