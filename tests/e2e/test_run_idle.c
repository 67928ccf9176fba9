/* A job with nothing to do uses no CPU, and a row that comes then is not held back. */
#include "run_job.h"
#include "run_watch.h"
#include "support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OPERATORS = 20, WATCH_MS = 3000, PINGS = 50 };

/* CPU time of all threads of a process so far. */
static double cpu_seconds(pid_t pid)
{
    unsigned long user, system;
    char *path = text_format("/proc/%d/stat", (int)pid);
    char *stat = file_read(path, NULL);
    const char *at = strrchr(stat, ')'); /* the name before it may hold anything */
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    CU_ASSERT_EQUAL_FATAL(
        sscanf(at + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system), 2);
    free(stat);
    free(path);
    return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* A chain of operators behind `source`, with an exchange before every second one. */
static char *idle_job(const char *source)
{
    char *job = text_format("job = \"idle\"; parallelism = 4;\noperators = (\n"
                            "  { id = \"o0\"; op = %s },\n",
                            source);
    for (int i = 1; i < OPERATORS; i++) {
        char *longer =
            text_format("%s  { id = \"o%d\"; op = \"std.pass\"; input = \"o%d\"; %s },\n", job, i,
                        i - 1, i % 2 == 0 ? "key = \"value\";" : "");
        free(job);
        job = longer;
    }
    char *whole = text_format("%s  { id = \"out\"; op = \"std.null\"; input = \"o%d\"; }\n);\n",
                              job, OPERATORS - 1);
    free(job);
    return whole;
}

/* What kinds of waiting there are. */
static const char *const waits[] = {
    "\"run_sources.never\";",
    "\"run_sources.ticks\"; path = \"fifo\";",
    "\"run_sources.pipe\"; path = \"fifo\";",
    "\"gen.sequence\"; to = 1000; rate = 5.0;",
    ("\"run_sources.never\"; },\n  { id = \"lines\"; op = \"file.read\"; path = \"-\"; },\n"
     "  { id = \"drop\"; op = \"std.null\"; input = \"lines\";"),
};
enum { WAITS = sizeof waits / sizeof waits[0] };

/* One job that waits. */
struct idler {
    char *dir;
    int fifo;
    struct process process;
    double before_s;
};

static void idler_start(struct idler *idler, const char *source)
{
    char *job = idle_job(source);
    idler->dir = dir_temp();
    idler->fifo = run_fifo(idler->dir, "fifo");
    run_start(idler->dir, job, &(struct run_options){.stdin_pipe = true}, &idler->process);
    free(job);
}

static void idler_stop(struct idler *idler)
{
    struct process_result r;
    process_signal(&idler->process, SIGINT);
    process_wait(&idler->process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    process_result_fini(&r);
    close(idler->fifo);
    dir_remove(idler->dir);
    free(idler->dir);
}

static void a_job_that_waits_for_whatever_costs_no_cpu(void)
{
    struct idler idlers[WAITS];
    if (RUN_SANITIZED)
        suite_skip("sanitizers have threads of their own");
    for (int i = 0; i < WAITS; i++)
        idler_start(&idlers[i], waits[i]);
    run_nap_ms(500);
    for (int i = 0; i < WAITS; i++)
        idlers[i].before_s = cpu_seconds(idlers[i].process.pid);
    run_nap_ms(WATCH_MS);
    for (int i = 0; i < WAITS; i++) {
        double used_s = cpu_seconds(idlers[i].process.pid) - idlers[i].before_s;
        printf("idle: %.0f ms of CPU in %d s with %.22s\n", used_s * 1000, WATCH_MS / 1000,
               waits[i]);
        CU_ASSERT_TRUE(used_s < 0.01 * WATCH_MS / 1000);
        idler_stop(&idlers[i]);
    }
}

/* ---- latency ---- */

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Reads the number on line `line`. */
static int64_t number_at(const char *text, int line)
{
    for (; line > 0; line--)
        text = strchr(text, '\n') + 1;
    return strtoll(text, NULL, 10);
}

/* Sends rows one at a time through a job that sleeps before each; the times they took, in order. */
static void measure_latencies(const char *middle, int64_t latencies[PINGS])
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp();
    char *job = text_format("job = \"latency\"; parallelism = 2;\n"
                            "operators = (\n"
                            "  { id = \"in\"; op = \"run_sources.ticks\"; path = \"fifo\"; },\n"
                            "%s"
                            "  { id = \"out\"; op = \"run_ops.arrival\"; input = \"last\"; }\n"
                            ");\n",
                            middle);
    int fifo = run_fifo(dir, "fifo");
    run_start(dir, job, NULL, &process);
    for (int i = 0; i < PINGS; i++) {
        struct timespec t;
        run_nap_ms(i == 0 ? 300 : 5);
        clock_gettime(CLOCK_MONOTONIC, &t);
        int64_t now_ns = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
        CU_ASSERT_EQUAL_FATAL(write(fifo, &now_ns, sizeof now_ns), sizeof now_ns);
    }
    for (int ms = 0; ms < RUN_PATIENCE_MS; ms += 10) {
        char *out = process_out(&process);
        uint64_t lines = run_count_lines(out);
        free(out);
        if (lines >= PINGS)
            break;
        run_nap_ms(10);
    }
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL_FATAL(run_count_lines(r.out), PINGS);
    for (int i = 0; i < PINGS; i++)
        latencies[i] = number_at(r.out, i);
    qsort(latencies, PINGS, sizeof *latencies, by_value);
    CU_ASSERT_TRUE(latencies[0] > 0);
    process_result_fini(&r);
    close(fifo);
    dir_remove(dir);
    free(job);
    free(dir);
}

/* Where others have the CPUs, most rows wait for one: the quicker quarter tells what the job adds. */
static void check_latency(const char *what, const char *middle)
{
    int64_t latencies[PINGS];
    measure_latencies(middle, latencies);
    printf("latency: a row alone, %s: %lld us (median of %d)\n", what,
           (long long)latencies[PINGS / 2] / 1000, PINGS);
    if (!RUN_SANITIZED)
        CU_ASSERT_TRUE(latencies[PINGS / 4] < 1000000);
}

static void a_row_alone_passes_a_chain_within_a_millisecond(void)
{
    check_latency("no exchange",
                  "  { id = \"last\"; op = \"std.pass\"; input = \"in\"; parallelism = 1; },\n");
}

static void a_row_alone_passes_exchanges_within_a_millisecond(void)
{
    check_latency("two exchanges",
                  "  { id = \"last\"; op = \"std.pass\"; input = \"in\"; key = \"value\"; },\n");
}

static void a_row_alone_passes_a_blocking_operator_within_a_millisecond(void)
{
    check_latency("two exchanges and a thread of its own",
                  "  { id = \"last\"; op = \"run_ops.slowly\"; nap = \"0us\"; input = \"in\";\n"
                  "    parallelism = 1; },\n");
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_job_that_waits_for_whatever_costs_no_cpu),
    SUITE_TEST(a_row_alone_passes_a_chain_within_a_millisecond),
    SUITE_TEST(a_row_alone_passes_exchanges_within_a_millisecond),
    SUITE_TEST(a_row_alone_passes_a_blocking_operator_within_a_millisecond),
};
SUITE_MAIN("run_idle", tests)
