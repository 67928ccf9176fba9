/* The supervising parent and the job process: deaths, restarts, signals, the lock of the folder. */
#include "run_job.h"
#include "run_watch.h"
#include "support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct run_options reported = {.arguments = ARGV("--report", "report.json")};

/* An endless job; the first %s are job settings. */
static const char endless[] =
    "job = \"endless\"; parallelism = 1;\n"
    "snapshot = { every = \"%s\"; dir = \"snap\"; keep = 100000; };\n"
    "restart = { %s };\n"
    "operators = (\n"
    "  { id = \"in\"; op = \"gen.sequence\"; to = 1000000000L; rate = 20000; },\n"
    "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"out.csv\"; }\n"
    ");\n";

/* A finite one, through `poison`; the %s are restart, where the rows come from, options of `c`. */
static const char poisoned[] =
    "job = \"poisoned\"; parallelism = 1;\n"
    "snapshot = { every = \"1h\"; dir = \"snap\"; };\n"
    "restart = { delay = \"1ms\"; %s };\n"
    "operators = (\n"
    "  { id = \"in\"; op = \"gen.sequence\"; to = 9999; },\n"
    "  { id = \"c\"; op = \"run_poison.poison\"; input = \"in\"; at = 5000; %s },\n"
    "  { id = \"out\"; op = \"file.write\"; input = \"c\"; path = \"out.csv\"; }\n"
    ");\n";

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Asserts that out.csv holds 0, 1, 2, ..., each once; how many. */
static long check_sequence(const char *dir)
{
    char *text = run_read(dir, "out.csv");
    long next = 0, wrong = 0;
    for (char *at = text; *at != 0; next++) {
        char *end;
        wrong += strtol(at, &end, 10) != next || *end != '\n';
        at = *end != 0 ? end + 1 : end;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(text);
    return next;
}

/* Starts `endless` and waits until rows have come out. */
static char *start_endless(const char *every, const char *restart,
                           const struct run_options *options, struct process *process)
{
    char *dir = dir_temp(), *job = text_format(endless, every, restart);
    run_start(dir, job, options, process);
    run_await_size(dir, "out.csv", 1000);
    free(job);
    return dir;
}

static void end_dir(char *dir)
{
    dir_remove(dir);
    free(dir);
}

/* ---- deaths ---- */

static void a_job_process_that_is_killed_is_restarted_from_its_newest_snapshot(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_endless("50ms", "delay = \"10ms\";", &reported, &process);
    run_await_file(dir, "snap/2");
    kill(run_await_child(process.pid), SIGKILL);
    CU_ASSERT_TRUE(
        process_await_err(&process, "restart 1 of 10 in 10ms from snapshot ", RUN_PATIENCE_MS));
    run_await_child(process.pid);
    run_nap_ms(200);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    run_check_has(r.err, "gyre: warning: job process killed by SIGKILL: restart 1 of 10");
    run_check_has(r.err, "snapshot snap/");
    CU_ASSERT_EQUAL(run_count(r.err, "\n"), 1);
    CU_ASSERT_TRUE(check_sequence(dir) > 1000);
    char *report = run_read(dir, "report.json");
    CU_ASSERT_TRUE(run_is_json(report));
    CU_ASSERT_EQUAL(run_report(report, NULL, "restarts"), 1);
    CU_ASSERT_TRUE(run_count(report, "\"bytes\": ") > 2);
    run_check_has(report, "\"status\": \"stopped\"");
    run_check_has(report, "\"id\": 1, ");
    free(report);
    process_result_fini(&r);
    end_dir(dir);
}

static void a_death_before_the_first_snapshot_restarts_from_the_start(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_endless("1h", "delay = \"10ms\";", NULL, &process);
    kill(run_await_child(process.pid), SIGSEGV);
    CU_ASSERT_TRUE(
        process_await_err(&process, "restart 1 of 10 in 10ms from the start", RUN_PATIENCE_MS));
    run_await_child(process.pid);
    run_nap_ms(100);
    process_signal(&process, SIGTERM);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    check_sequence(dir);
    process_result_fini(&r);
    end_dir(dir);
}

static void a_job_process_dies_with_its_supervisor(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_endless("50ms", "", NULL, &process);
    pid_t child = run_await_child(process.pid);
    kill(child, SIGSTOP); /* it cannot see for itself that it is alone */
    process_signal(&process, SIGKILL);
    CU_ASSERT_TRUE(run_is_gone(child));
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.signal, SIGKILL);
    process_result_fini(&r);
    end_dir(dir);
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
    end_dir(dir);
}

static void a_snapshot_sets_the_attempts_back(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_endless("20ms", "attempts = 1; delay = \"1ms\";", NULL, &process);
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
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(run_count(r.err, "restart 1 of 1 in 1ms from snapshot snap/"), 4);
    free(snap);
    check_sequence(dir);
    process_result_fini(&r);
    end_dir(dir);
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
    end_dir(dir);
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
        CU_ASSERT_EQUAL(check_sequence(dir), rows);
    free(job);
    process_result_fini(&r);
    end_dir(dir);
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
    CU_ASSERT_EQUAL(check_sequence(dir), 10000);
    free(job);
    process_result_fini(&r);
    end_dir(dir);
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
    CU_ASSERT_EQUAL(check_sequence(dir), 10000);
    process_result_fini(&r);
    end_dir(dir);
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
    end_dir(dir);
}

/* ---- signals ---- */

static void check_stop(int number, bool group)
{
    struct process process;
    struct process_result r;
    char *dir = start_endless("1h", "", &reported, &process);
    pid_t child = run_await_child(process.pid);
    CU_ASSERT_EQUAL(kill(group ? -process.pid : process.pid, number), 0);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    CU_ASSERT_TRUE(run_is_gone(child));
    CU_ASSERT_TRUE(run_exists(dir, "snap/1/manifest.cfg"));
    check_sequence(dir);
    char *report = run_read(dir, "report.json");
    run_check_has(report, "\"status\": \"stopped\"");
    free(report);
    process_result_fini(&r);
    end_dir(dir);
}

static void a_signal_stops_the_job_with_a_last_snapshot(void)
{
    check_stop(SIGINT, false);
    check_stop(SIGTERM, false);
}

static void a_signal_of_the_terminal_reaches_both_and_stops_the_job_once(void)
{
    check_stop(SIGINT, true);
}

/* As timeout(1) sends it: to the process, then to its group. */
static void a_signal_that_comes_twice_at_once_is_one(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_endless("1h", "", NULL, &process);
    for (int i = 0; i < 5; i++) {
        process_signal(&process, SIGINT);
        run_nap_ms(1);
    }
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_TRUE(run_exists(dir, "snap/1/manifest.cfg"));
    process_result_fini(&r);
    end_dir(dir);
}

static void the_job_process_itself_takes_no_such_signals(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_endless("1h", "", NULL, &process);
    pid_t child = run_await_child(process.pid), parent;
    kill(child, SIGINT);
    kill(child, SIGTERM);
    kill(child, SIGUSR1);
    run_nap_ms(200);
    CU_ASSERT_NOT_EQUAL(run_process_state(child, &parent), 0);
    CU_ASSERT_FALSE(run_exists(dir, "snap/1"));
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    process_result_fini(&r);
    end_dir(dir);
}

static void a_second_signal_ends_both_at_once(void)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp();
    run_start(dir,
              "job = \"hung\"; parallelism = 1;\n"
              "snapshot = { every = \"1h\"; dir = \"snap\"; };\n"
              "operators = (\n"
              "  { id = \"in\"; op = \"gen.sequence\"; to = 9999; },\n"
              "  { id = \"h\"; op = \"run_faults.hang\"; input = \"in\"; },\n"
              "  { id = \"out\"; op = \"std.null\"; input = \"h\"; }\n"
              ");\n",
              NULL, &process);
    CU_ASSERT_TRUE_FATAL(process_await_err(&process, "hangs", RUN_PATIENCE_MS));
    pid_t child = run_await_child(process.pid), parent;
    process_signal(&process, SIGINT);
    run_nap_ms(200);
    CU_ASSERT_NOT_EQUAL(run_process_state(process.pid, &parent), 'Z');
    process_signal(&process, SIGTERM);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 130);
    CU_ASSERT_TRUE(run_is_gone(child));
    process_result_fini(&r);
    end_dir(dir);
}

static void sigusr1_asks_for_a_snapshot(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_endless("1h", "", NULL, &process);
    process_signal(&process, SIGUSR1);
    run_await_file(dir, "snap/1/manifest.cfg");
    run_nap_ms(50);
    process_signal(&process, SIGUSR1);
    run_await_file(dir, "snap/2/manifest.cfg");
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    process_result_fini(&r);
    end_dir(dir);
}

static void sigusr1_to_a_job_without_snapshots_is_told_and_ignored(void)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp();
    run_start(dir,
              "job = \"plain\"; parallelism = 1;\n"
              "operators = (\n"
              "  { id = \"in\"; op = \"gen.sequence\"; to = 1000000000L; rate = 20000; },\n"
              "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"out.csv\"; }\n"
              ");\n",
              NULL, &process);
    run_await_size(dir, "out.csv", 1000);
    process_signal(&process, SIGUSR1);
    CU_ASSERT_TRUE(
        process_await_err(&process, "the job has no `snapshot`: ignored\n", RUN_PATIENCE_MS));
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    check_sequence(dir);
    process_result_fini(&r);
    end_dir(dir);
}

static void a_signal_while_a_restart_is_waited_for_ends_the_run(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_endless("1h", "delay = \"1m\"; max_delay = \"1m\";", &reported, &process);
    kill(run_await_child(process.pid), SIGKILL);
    CU_ASSERT_TRUE(process_await_err(&process, "restart 1 of 10 in 1m ", RUN_PATIENCE_MS));
    int64_t begin_ms = now_ms();
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_TRUE(now_ms() - begin_ms < RUN_PATIENCE_MS);
    CU_ASSERT_EQUAL(r.status, 0);
    run_check_has(r.err, "gyre: stopped before the restart\n");
    char *report = run_read(dir, "report.json");
    CU_ASSERT_TRUE(run_is_json(report));
    run_check_has(report, "\"status\": \"stopped\"");
    free(report);
    process_result_fini(&r);
    end_dir(dir);
}

/* ---- the folder's lock ---- */

/* Starts a second run of the same job and asserts that it is refused. */
static void check_refused(const char *dir, pid_t holder)
{
    struct process_result r;
    char *job = run_read(dir, "job.cfg");
    char *before = run_read(dir, "out.csv");
    run_job(dir, job, NULL, &r);
    char *after = run_read(dir, "out.csv");
    CU_ASSERT_EQUAL(r.status, 2);
    run_check_has(r.err, "job.cfg:2: snapshot: ");
    char *says = text_format("snap is in use by a running job (process %d)\n", (int)holder);
    run_check_has(r.err, says);
    free(says);
    CU_ASSERT_EQUAL(strncmp(before, after, strlen(before)), 0);
    free(before);
    free(after);
    free(job);
    process_result_fini(&r);
}

static void a_folder_in_use_is_refused_to_a_second_run_and_free_after_the_first(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_endless("1h", "delay = \"1m\"; max_delay = \"1m\";", NULL, &process);
    check_refused(dir, process.pid);
    kill(run_await_child(process.pid), SIGKILL);
    CU_ASSERT_TRUE(process_await_err(&process, "restart 1 of 10 in 1m ", RUN_PATIENCE_MS));
    check_refused(dir, process.pid); /* nobody but the supervisor lives now */
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    process_result_fini(&r);
    char *job = run_read(dir, "job.cfg");
    run_job(dir, job, &(struct run_options){.arguments = ARGV("--set", "in.to=99")}, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(check_sequence(dir), 100);
    free(job);
    process_result_fini(&r);
    end_dir(dir);
}

/* ... nor does one with another folder, or none, begin from it: it would write the same outputs. */
static void a_snapshot_of_a_folder_in_use_is_refused_to_a_second_run(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_endless("20ms", "", NULL, &process);
    run_await_file(dir, "snap/1/manifest.cfg");
    char *job = run_read(dir, "job.cfg");
    run_job(dir, job,
            &(struct run_options){.arguments =
                                      ARGV("--from", "snap", "--set", "job.snapshot.dir=other")},
            &r);
    CU_ASSERT_EQUAL(r.status, 2);
    char *says = text_format(
        "gyre run: --from snap: snap is in use by a running job (process %d)\n", (int)process.pid);
    CU_ASSERT_STRING_EQUAL(r.err, says);
    CU_ASSERT_FALSE(run_exists(dir, "other"));
    process_result_fini(&r);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_TRUE(check_sequence(dir) > 0);
    process_result_fini(&r);
    free(says);
    free(job);
    end_dir(dir);
}

static void a_run_that_was_killed_can_be_gone_on_with_at_once(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_endless("20ms", "", NULL, &process);
    run_await_file(dir, "snap/3/manifest.cfg");
    char *job = run_read(dir, "job.cfg");
    process_signal(&process, SIGKILL);
    run_job(dir, job,
            &(struct run_options){.arguments = ARGV("--from", "latest", "--set", "in.to=30000")},
            &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(check_sequence(dir), 30001);
    process_result_fini(&r);
    process_wait(&process, &r);
    process_result_fini(&r);
    free(job);
    end_dir(dir);
}

/* ---- one process ---- */

static void no_supervise_runs_in_one_process_without_restarts(void)
{
    struct process process;
    struct process_result r;
    const struct run_options alone = {.arguments = ARGV("--no-supervise")};
    char *dir = start_endless("20ms", "", &alone, &process);
    CU_ASSERT_EQUAL(run_find_child(process.pid), 0);
    run_await_file(dir, "snap/1");
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    check_sequence(dir);
    process_result_fini(&r);
    end_dir(dir);

    char *job = text_format(poisoned, "", "");
    dir = dir_temp();
    run_no_core_dumps();
    run_job(dir, job, &alone, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    run_check_has(r.err, "  what:     SIGSEGV (bad memory access)\n");
    CU_ASSERT_EQUAL(run_count(r.err, "restart 1"), 0);
    free(job);
    process_result_fini(&r);
    end_dir(dir);
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
    end_dir(dir);
}

static void an_edit_of_the_job_file_changes_nothing_for_a_restart(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_endless("1h", "delay = \"1ms\";", NULL, &process);
    run_write(dir, "job.cfg", "no job any more");
    kill(run_await_child(process.pid), SIGKILL);
    CU_ASSERT_TRUE(process_await_err(&process, "restart 1 of 10", RUN_PATIENCE_MS));
    run_await_child(process.pid);
    run_nap_ms(100);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(run_count(r.err, "\n"), 1);
    process_result_fini(&r);
    end_dir(dir);
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
    SUITE_TEST(a_signal_stops_the_job_with_a_last_snapshot),
    SUITE_TEST(a_signal_of_the_terminal_reaches_both_and_stops_the_job_once),
    SUITE_TEST(a_signal_that_comes_twice_at_once_is_one),
    SUITE_TEST(the_job_process_itself_takes_no_such_signals),
    SUITE_TEST(a_second_signal_ends_both_at_once),
    SUITE_TEST(sigusr1_asks_for_a_snapshot),
    SUITE_TEST(sigusr1_to_a_job_without_snapshots_is_told_and_ignored),
    SUITE_TEST(a_signal_while_a_restart_is_waited_for_ends_the_run),
    SUITE_TEST(a_folder_in_use_is_refused_to_a_second_run_and_free_after_the_first),
    SUITE_TEST(a_snapshot_of_a_folder_in_use_is_refused_to_a_second_run),
    SUITE_TEST(a_run_that_was_killed_can_be_gone_on_with_at_once),
    SUITE_TEST(no_supervise_runs_in_one_process_without_restarts),
    SUITE_TEST(restart_without_snapshot_restarts_nothing),
    SUITE_TEST(an_edit_of_the_job_file_changes_nothing_for_a_restart),
};
SUITE_MAIN("supervisor", tests)
