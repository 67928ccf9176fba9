/* The supervising parent and the job process: deaths, restarts, crashes at one row. */
#include "run_job.h"
#include "run_watch.h"
#include "support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct run_options reported = {.arguments = ARGV("--report", "report.json")};

/* A finite job through `poison`; the %s are settings of restart and options of `c`. */
static const char poisoned[] =
    "job = \"poisoned\"; parallelism = 1;\n"
    "snapshot = { every = \"1h\"; dir = \"snap\"; };\n"
    "restart = { delay = \"1ms\"; %s };\n"
    "operators = (\n"
    "  { id = \"in\"; op = \"gen.sequence\"; to = 9999; },\n"
    "  { id = \"c\"; op = \"run_poison.poison\"; input = \"in\"; at = 5000; %s },\n"
    "  { id = \"out\"; op = \"file.write\"; input = \"c\"; path = \"out.csv\"; }\n"
    ");\n";

/* ---- deaths ---- */

static void a_job_process_that_is_killed_is_restarted_from_its_newest_snapshot(void)
{
    struct process process;
    struct process_result r;
    char *dir = run_endless("50ms", "delay = \"10ms\";", &reported, &process);
    run_await_file(dir, "snap/2");
    kill(run_await_child(process.pid), SIGKILL);
    CU_ASSERT_TRUE(
        process_await_err(&process, "restart 1 of 10 in 10ms from snapshot ", RUN_PATIENCE_MS));
    run_await_child(process.pid);
    run_nap_ms(200);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    run_check_has(r.err, "gyre: warning: job process killed by SIGKILL: restart 1 of 10");
    run_check_has(r.err, "snapshot snap/");
    CU_ASSERT_EQUAL(run_count(r.err, "\n"), 1);
    CU_ASSERT_TRUE(run_check_sequence(dir) > 1000);
    char *report = run_read(dir, "report.json");
    CU_ASSERT_TRUE(run_is_json(report));
    CU_ASSERT_EQUAL(run_report(report, NULL, "restarts"), 1);
    CU_ASSERT_TRUE(run_count(report, "\"bytes\": ") > 2);
    run_check_has(report, "\"status\": \"stopped\"");
    run_check_has(report, "\"id\": 1, ");
    free(report);
    process_result_fini(&r);
    dir_end(dir);
}

static void a_death_before_the_first_snapshot_restarts_from_the_start(void)
{
    struct process process;
    struct process_result r;
    char *dir = run_endless("1h", "delay = \"10ms\";", NULL, &process);
    kill(run_await_child(process.pid), SIGSEGV);
    CU_ASSERT_TRUE(
        process_await_err(&process, "restart 1 of 10 in 10ms from the start", RUN_PATIENCE_MS));
    run_await_child(process.pid);
    run_nap_ms(100);
    process_signal(&process, SIGTERM);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    run_check_sequence(dir);
    process_result_fini(&r);
    dir_end(dir);
}

static void a_job_process_dies_with_its_supervisor(void)
{
    struct process process;
    struct process_result r;
    char *dir = run_endless("50ms", "", NULL, &process);
    pid_t child = run_await_child(process.pid);
    kill(child, SIGSTOP); /* it cannot see for itself that it is alone */
    process_signal(&process, SIGKILL);
    CU_ASSERT_TRUE(run_is_gone(child));
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.signal, SIGKILL);
    process_result_fini(&r);
    dir_end(dir);
}

static void attempts_run_out(void)
{
    struct process_result r;
    char *dir = dir_temp(), *job = text_format(poisoned, "attempts = 2;", "by = \"kill\";");
    run_job(dir, job, &reported, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    run_check_has(r.err, "killed by SIGKILL: restart 1 of 2 in 1ms from the start\n");
    run_check_has(r.err, "killed by SIGKILL: restart 2 of 2 in 2ms from the start\n");
    run_check_has(r.err, "gyre: job process killed by SIGKILL; restarted 2 times since the last "
                         "snapshot, not any more\n");
    char *report = run_read(dir, "report.json");
    CU_ASSERT_TRUE(run_is_json(report));
    run_check_has(report, "\"status\": \"failed\"");
    CU_ASSERT_EQUAL(run_report(report, NULL, "restarts"), 2);
    free(report);
    free(job);
    process_result_fini(&r);
    dir_end(dir);
}

static void a_snapshot_sets_the_attempts_back(void)
{
    struct process process;
    struct process_result r;
    char *dir = run_endless("20ms", "attempts = 1; delay = \"1ms\";", NULL, &process);
    char *snap = path_join(dir, "snap");
    for (int i = 0; i < 4; i++) {
        static const char says[] = "restart 1 of 1 in 1ms from snapshot snap/";
        pid_t child = run_await_child(process.pid);
        int before = dir_count(snap);
        for (int ms = 0; ms < RUN_PATIENCE_MS && dir_count(snap) < before + 3; ms += 5)
            run_nap_ms(5);
        kill(child, SIGKILL);
        CU_ASSERT_TRUE_FATAL(run_is_gone(child));
        for (int ms = 0; ms < RUN_PATIENCE_MS; ms += 5) {
            char *err = process_err(&process);
            bool told = run_count(err, says) == i + 1;
            free(err);
            if (told)
                break;
            run_nap_ms(5);
        }
    }
    run_await_child(process.pid);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(run_count(r.err, "restart 1 of 1 in 1ms from snapshot snap/"), 4);
    free(snap);
    run_check_sequence(dir);
    process_result_fini(&r);
    dir_end(dir);
}

/* The report of a job that its failures have ended. */
static void check_blame(const char *restart, const char *options, const char *failure)
{
    struct process_result r;
    char *dir = dir_temp(), *job = text_format(poisoned, restart, options);
    run_no_core_dumps();
    run_job(dir, job, &reported, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    char *report = run_read(dir, "report.json");
    CU_ASSERT_TRUE(run_is_json(report));
    run_check_has(report, failure);
    free(report);
    free(job);
    process_result_fini(&r);
    dir_end(dir);
}

static void the_report_names_the_operator_that_has_failed(void)
{
    check_blame("", "",
                "\"failure\": {\"what\": \"job process crashed in c (run_poison.poison, process): "
                "SIGSEGV\", \"operator\": \"c\"}");
    check_blame("attempts = 1;", "by = \"retry\";",
                "\"failure\": {\"what\": \"try again\", \"operator\": \"c\"}");
    check_blame("attempts = 1;", "by = \"kill\";",
                "\"failure\": {\"what\": \"job process killed by SIGKILL\", \"operator\": null}");
}

static void check_poisoned(const char *options, int status, long rows, int restarts,
                           const char *says)
{
    struct process_result r;
    char *dir = dir_temp(), *job = text_format(poisoned, "", options);
    run_no_core_dumps();
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, status);
    run_check_has(r.err, says);
    CU_ASSERT_EQUAL(run_count(r.err, ": restart "), restarts);
    if (status == 0)
        CU_ASSERT_EQUAL(run_check_sequence(dir), rows);
    free(job);
    process_result_fini(&r);
    dir_end(dir);
}

static void an_error_that_may_pass_restarts_the_job_and_another_does_not(void)
{
    check_poisoned("by = \"retry\"; times = 2;", 0, 10000, 2,
                   "job failed by an error that may pass");
    check_poisoned("by = \"fail\"; times = 1;", 1, 0, 0, "  what:     do not try again\n");
}

static void a_crash_that_passes_is_survived(void)
{
    check_poisoned("times = 1;", 0, 10000, 1,
                   "job process crashed in c (run_poison.poison, process): SIGSEGV: restart 1");
}

static void a_plugin_that_calls_exit_fails_the_job(void)
{
    check_poisoned("by = \"exit\";", 1, 0, 0, "job process was ended by a plugin, with exit(0)\n");
}

/* ---- crashes at one row ---- */

static void three_crashes_at_one_row_end_the_job_and_show_the_row(void)
{
    check_poisoned(
        "", 1, 0, 2,
        "gyre: c (run_poison.poison) has crashed 3 times in `process` at one row from the "
        "start, and is not restarted any more; the row: {\"value\":5000}\n");
}

static void the_block_of_a_crash_shows_the_row_after_a_restart(void)
{
    struct process_result r;
    char *dir = dir_temp(), *job = text_format(poisoned, "", "times = 2;");
    run_no_core_dumps();
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(run_count(r.err, "gyre: job failed: a plugin crashed\n"), 2);
    CU_ASSERT_EQUAL(run_count(r.err, "  row:      {\"value\":5000}\n"), 1);
    CU_ASSERT_EQUAL(run_count(r.err, "  snapshot: none yet, a restart begins at the start\n"), 2);
    CU_ASSERT_EQUAL(run_check_sequence(dir), 10000);
    free(job);
    process_result_fini(&r);
    dir_end(dir);
}

static void crashes_at_other_rows_are_counted_apart(void)
{
    /* Twice at 5000, twice at 6000. */
    check_poisoned("times = 4; step = 1000;", 0, 10000, 4, "  row:      {\"value\":6000}\n");
}

static void crashes_of_other_operators_are_counted_apart(void)
{
    struct process_result r;
    char *dir = dir_temp();
    run_no_core_dumps();
    /* Each row in its turn: b's is reached when a has had its two. */
    run_job(dir,
            "job = \"two\"; parallelism = 1;\n"
            "snapshot = { every = \"1h\"; dir = \"snap\"; };\n"
            "restart = { delay = \"1ms\"; };\n"
            "operators = (\n"
            "  { id = \"in\"; op = \"gen.sequence\"; to = 9999; },\n"
            "  { id = \"a\"; op = \"run_poison.poison\"; input = \"in\"; at = 100; times = 2; },\n"
            "  { id = \"b\"; op = \"run_poison.poison\"; input = \"a\"; at = 5000; times = 2;\n"
            "    marks = \"others\"; },\n"
            "  { id = \"out\"; op = \"file.write\"; input = \"b\"; path = \"out.csv\"; }\n"
            ");\n",
            NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(run_count(r.err, ": restart "), 4);
    CU_ASSERT_EQUAL(run_check_sequence(dir), 10000);
    process_result_fini(&r);
    dir_end(dir);
}

static void three_crashes_of_a_source_end_the_job(void)
{
    struct process_result r;
    char *dir = dir_temp();
    run_no_core_dumps();
    run_job(dir,
            "job = \"source\"; parallelism = 1;\n"
            "snapshot = { every = \"1h\"; dir = \"snap\"; };\n"
            "restart = { delay = \"1ms\"; };\n"
            "operators = (\n"
            "  { id = \"in\"; op = \"run_poison.spring\"; at = 100; parallelism = 1; },\n"
            "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"out.csv\"; }\n"
            ");\n",
            NULL, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    run_check_has(r.err,
                  "gyre: in (run_poison.spring) has crashed 3 times in `poll` from the start, and "
                  "is not restarted any more\n");
    process_result_fini(&r);
    dir_end(dir);
}

/* ---- one process ---- */

static void no_supervise_runs_in_one_process_without_restarts(void)
{
    struct process process;
    struct process_result r;
    const struct run_options alone = {.arguments = ARGV("--no-supervise")};
    char *dir = run_endless("20ms", "", &alone, &process);
    CU_ASSERT_EQUAL(run_find_child(process.pid), 0);
    run_await_file(dir, "snap/1");
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    run_check_sequence(dir);
    process_result_fini(&r);
    dir_end(dir);

    char *job = text_format(poisoned, "", "");
    dir = dir_temp();
    run_no_core_dumps();
    run_job(dir, job, &alone, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    run_check_has(r.err, "  what:     SIGSEGV (bad memory access)\n");
    CU_ASSERT_EQUAL(run_count(r.err, "restart 1"), 0);
    free(job);
    process_result_fini(&r);
    dir_end(dir);
}

static void restart_without_snapshot_restarts_nothing(void)
{
    struct process_result r;
    char *dir = dir_temp();
    run_job(dir,
            "job = \"plain\"; parallelism = 1;\n"
            "restart = { attempts = 3; delay = \"1ms\"; };\n"
            "operators = (\n"
            "  { id = \"in\"; op = \"gen.sequence\"; to = 9999; },\n"
            "  { id = \"c\"; op = \"run_poison.poison\"; input = \"in\"; by = \"retry\"; },\n"
            "  { id = \"out\"; op = \"file.write\"; input = \"c\"; path = \"out.csv\"; }\n"
            ");\n",
            NULL, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_EQUAL(run_count(r.err, ": restart "), 0);
    run_check_has(r.err, "  what:     try again\n");
    run_check_has(r.err, "  snapshot: none to restart from\n");
    process_result_fini(&r);
    dir_end(dir);
}

static void an_edit_of_the_job_file_changes_nothing_for_a_restart(void)
{
    struct process process;
    struct process_result r;
    char *dir = run_endless("1h", "delay = \"1ms\";", NULL, &process);
    run_write(dir, "job.cfg", "no job any more");
    kill(run_await_child(process.pid), SIGKILL);
    CU_ASSERT_TRUE(process_await_err(&process, "restart 1 of 10", RUN_PATIENCE_MS));
    run_await_child(process.pid);
    run_nap_ms(100);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(run_count(r.err, "\n"), 1);
    process_result_fini(&r);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_job_process_that_is_killed_is_restarted_from_its_newest_snapshot),
    SUITE_TEST(a_death_before_the_first_snapshot_restarts_from_the_start),
    SUITE_TEST(a_job_process_dies_with_its_supervisor),
    SUITE_TEST(attempts_run_out),
    SUITE_TEST(the_report_names_the_operator_that_has_failed),
    SUITE_TEST(a_snapshot_sets_the_attempts_back),
    SUITE_TEST(an_error_that_may_pass_restarts_the_job_and_another_does_not),
    SUITE_TEST(a_crash_that_passes_is_survived),
    SUITE_TEST(a_plugin_that_calls_exit_fails_the_job),
    SUITE_TEST(three_crashes_at_one_row_end_the_job_and_show_the_row),
    SUITE_TEST(the_block_of_a_crash_shows_the_row_after_a_restart),
    SUITE_TEST(crashes_at_other_rows_are_counted_apart),
    SUITE_TEST(crashes_of_other_operators_are_counted_apart),
    SUITE_TEST(three_crashes_of_a_source_end_the_job),
    SUITE_TEST(no_supervise_runs_in_one_process_without_restarts),
    SUITE_TEST(restart_without_snapshot_restarts_nothing),
    SUITE_TEST(an_edit_of_the_job_file_changes_nothing_for_a_restart),
};
SUITE_MAIN("supervisor", tests)
