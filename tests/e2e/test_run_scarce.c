/* A machine that gives no more threads or processes, and a snapshot folder that goes away: a job
 * that cannot do its work fails, and says why. */
#include "run_job.h"
#include "run_watch.h"
#include "support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct run_options reported = {.arguments = ARGV("--report", "report.json")};

static const char counting[] = "job = \"scarce\"; parallelism = 2;\n"
                               "%s\n"
                               "operators = (\n"
                               "  { id = \"in\"; op = \"gen.sequence\"; to = 9999; },\n"
                               "  { id = \"out\"; op = \"std.null\"; input = \"in\"; }\n"
                               ");\n";

/* Programs started from now on have one call fail. */
static void let_fail(const char *variable, const char *nth)
{
    if (RUN_SANITIZED)
        suite_skip("a sanitizer has to come before any other library");
    char *shim = build_path("fixtures/failing_calls.so");
    CU_ASSERT_TRUE_FATAL(file_exists(shim));
    CU_ASSERT_EQUAL_FATAL(setenv("LD_PRELOAD", shim, 1), 0);
    CU_ASSERT_EQUAL_FATAL(setenv(variable, nth, 1), 0);
    free(shim);
}

/* Runs a job that must fail with exit 1 and `says`, told once, in its report too. */
static void check_fails(const char *dir, const char *job, const char *says)
{
    struct process_result r;
    char *block = text_format("gyre: job failed: %s", says);
    run_job(dir, job, &reported, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_FALSE(r.timed_out);
    run_check_has(r.err, block);
    run_check_has(r.err, "\n  job:      scarce\n");
    CU_ASSERT_EQUAL(run_count(r.err, says), 1);
    char *report = run_read(dir, "report.json");
    CU_ASSERT_TRUE(run_is_json(report));
    run_check_has(report, "\"status\": \"failed\"");
    run_check_has(report, says);
    free(report);
    free(block);
    process_result_fini(&r);
}

/* ---- threads ---- */

static void a_job_whose_snapshots_nobody_can_write_fails(void)
{
    let_fail("FAIL_PTHREAD_CREATE", "1");
    char *dir = dir_temp();
    char *job = text_format(counting, "snapshot = { every = \"1s\"; dir = \"snap\"; };");
    check_fails(dir, job, "cannot start the thread that writes snapshots: ");
    free(job);
    dir_end(dir);
}

static void a_job_without_all_of_its_workers_fails(void)
{
    static const char *const nth[] = {"1", "2"};
    for (int i = 0; i < 2; i++) {
        let_fail("FAIL_PTHREAD_CREATE", nth[i]);
        char *dir = dir_temp(), *job = text_format(counting, "");
        char *says = text_format("cannot start worker thread %s of 2: ", nth[i]);
        check_fails(dir, job, says);
        free(says);
        free(job);
        dir_end(dir);
    }
}

/* The workers that have been started sit in a read that nothing ends. */
static void a_job_without_all_of_its_workers_ends_those_that_block(void)
{
    let_fail("FAIL_PTHREAD_CREATE", "3");
    char *dir = dir_temp();
    int fifo = run_fifo(dir, "fifo");
    check_fails(dir,
                "job = \"scarce\"; parallelism = 1;\n"
                "operators = (\n"
                "  { id = \"a\"; op = \"run_sources.pipe\"; path = \"fifo\"; },\n"
                "  { id = \"b\"; op = \"run_sources.pipe\"; path = \"fifo\"; },\n"
                "  { id = \"c\"; op = \"run_sources.pipe\"; path = \"fifo\"; },\n"
                "  { id = \"out\"; op = \"std.null\"; input = [\"a\", \"b\", \"c\"]; }\n"
                ");\n",
                "cannot start worker thread 3 of 4: ");
    close(fifo);
    dir_end(dir);
}

/* ---- the snapshot folder ---- */

static void a_stop_whose_last_snapshot_cannot_be_taken_fails_and_says_why(void)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp(), *snap = path_join(dir, "snap"), *away = path_join(dir, "away");
    run_start(dir,
              "job = \"scarce\"; parallelism = 1;\n"
              "snapshot = { every = \"100ms\"; dir = \"snap\"; };\n"
              "operators = (\n"
              "  { id = \"in\"; op = \"gen.sequence\"; to = 1000000000L; rate = 1000; },\n"
              "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"out.csv\"; }\n"
              ");\n",
              &reported, &process);
    run_await_file(dir, "snap/1");
    CU_ASSERT_EQUAL_FATAL(rename(snap, away), 0);
    run_write(dir, "snap", "not a folder");
    CU_ASSERT_TRUE(process_await_err(&process, "failed, and the job goes on", RUN_PATIENCE_MS));
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    run_check_has(r.err, "gyre: job failed: the last snapshot could not be taken: cannot make the "
                         "folder snap/.");
    run_check_has(r.err, "Not a directory; what came after snapshot ");
    run_check_has(r.err, " is not committed\n  job:      scarce\n  snapshot: snap/");
    char *report = run_read(dir, "report.json");
    CU_ASSERT_TRUE(run_is_json(report));
    run_check_has(report, "\"status\": \"failed\"");
    run_check_has(report, "\"failure\": {\"what\": \"the last snapshot could not be taken: ");
    free(report);
    process_result_fini(&r);
    free(snap);
    free(away);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_job_whose_snapshots_nobody_can_write_fails),
    SUITE_TEST(a_job_without_all_of_its_workers_fails),
    SUITE_TEST(a_job_without_all_of_its_workers_ends_those_that_block),
    SUITE_TEST(a_stop_whose_last_snapshot_cannot_be_taken_fails_and_says_why),
};
SUITE_MAIN("run_scarce", tests)
