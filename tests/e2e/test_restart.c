/* Restarts that cannot go as they should: no process to be had, snapshots that are damaged, a death
 * after the end. */
#include "run_job.h"
#include "run_sinks.h"
#include "run_watch.h"
#include "support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct run_options reported = {.arguments = ARGV("--report", "report.json")};

static char *start_asked(const char *restart, struct process *process)
{
    return run_endless("1h", restart, &reported, process);
}

/* Asks for a snapshot, and waits for it. */
static void take_snapshot(const char *dir, const struct process *process, int id)
{
    char *name = text_format("snap/%d", id);
    process_signal(process, SIGUSR1);
    run_await_file(dir, name);
    free(name);
}

static void stop(struct process *process)
{
    struct process_result r;
    process_signal(process, SIGINT);
    process_wait(process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    process_result_fini(&r);
}

static void spoil(const char *dir, int id)
{
    char *name = text_format("snap/%d/manifest.cfg", id);
    char *text = run_read(dir, name);
    text[strlen(text) / 2] ^= 1;
    run_write(dir, name, text);
    free(text);
    free(name);
}

/* Asserts what the report says of the failure. */
static void check_report(const char *dir, const char *status, const char *failure)
{
    char *report = run_read(dir, "report.json");
    CU_ASSERT_TRUE(run_is_json(report));
    run_check_has(report, status);
    run_check_has(report, failure);
    free(report);
}

/* ---- no process ---- */

static void let_fork_fail(const char *nth)
{
    if (RUN_SANITIZED)
        suite_skip("a sanitizer has to come before any other library");
    char *shim = build_path("fixtures/failing_calls.so");
    CU_ASSERT_TRUE_FATAL(file_exists(shim));
    CU_ASSERT_EQUAL_FATAL(setenv("LD_PRELOAD", shim, 1), 0);
    CU_ASSERT_EQUAL_FATAL(setenv("FAIL_FORK", nth, 1), 0);
    free(shim);
}

static void a_restart_that_gets_no_process_is_an_attempt(void)
{
    struct process process;
    struct process_result r;
    let_fork_fail("2");
    char *dir = start_asked("attempts = 3; delay = \"10ms\";", &process);
    take_snapshot(dir, &process, 1);
    take_snapshot(dir, &process, 2); /* so the supervisor knows of the first at least */
    kill(run_await_child(process.pid), SIGKILL);
    CU_ASSERT_TRUE(process_await_err(
        &process,
        "warning: the job process cannot be started: Resource temporarily unavailable: restart 2 "
        "of 3 in 20ms from snapshot snap/",
        RUN_PATIENCE_MS));
    char *err = process_err(&process);
    CU_ASSERT_TRUE(strstr(err, "in 20ms from snapshot snap/1\n") != NULL ||
                   strstr(err, "in 20ms from snapshot snap/2\n") != NULL);
    free(err);
    run_await_child(process.pid);
    take_snapshot(dir, &process, 3);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    run_check_sequence(dir);
    process_result_fini(&r);
    dir_end(dir);
}

static void restarts_that_get_no_process_run_out(void)
{
    struct process process;
    struct process_result r;
    let_fork_fail("2");
    char *dir = start_asked("attempts = 1; delay = \"10ms\";", &process);
    kill(run_await_child(process.pid), SIGKILL);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    run_check_has(r.err, "gyre: the job process cannot be started: Resource temporarily "
                         "unavailable; restarted 1 times since the last snapshot, not any more\n");
    check_report(dir, "\"status\": \"failed\"",
                 "\"failure\": {\"what\": \"the job process cannot be started: ");
    process_result_fini(&r);
    dir_end(dir);
}

static void a_run_that_gets_no_process_at_all_fails(void)
{
    struct process_result r;
    let_fork_fail("1");
    char *dir = dir_temp(), *job = run_endless_job("1h", "");
    run_job(dir, job, &reported, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_STRING_EQUAL(
        r.err, "gyre: the job process cannot be started: Resource temporarily unavailable\n");
    check_report(dir, "\"status\": \"failed\"", "\"what\": \"the job process cannot be started");
    process_result_fini(&r);
    free(job);
    dir_end(dir);
}

/* ---- damaged snapshots ---- */

static void a_restart_goes_back_to_an_older_snapshot_and_says_so(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_asked("delay = \"10ms\";", &process);
    take_snapshot(dir, &process, 1);
    take_snapshot(dir, &process, 2);
    spoil(dir, 2);
    kill(run_await_child(process.pid), SIGKILL);
    CU_ASSERT_TRUE(process_await_err(
        &process, "goes back to snapshot snap/1, as the newest one (2) cannot be used\n",
        RUN_PATIENCE_MS));
    run_await_child(process.pid);
    take_snapshot(dir, &process, 3);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    run_check_has(r.err, "snap/2/manifest.cfg is damaged");
    CU_ASSERT_TRUE(run_check_sequence(dir) > 0);
    process_result_fini(&r);
    dir_end(dir);
}

/* ---- snapshots that a run has left ---- */

static const struct run_options from_latest = {.arguments = ARGV("--from", "latest")};

/* Begins a run, and kills it once it has written down where it begins. */
static void begin_and_die(const char *dir, const char *const *arguments)
{
    const struct run_options options = {.arguments = arguments};
    struct process process;
    struct process_result r;
    char *job = run_endless_job("1h", ""), *branch = path_join(dir, "snap/branch");
    unlink(branch);
    run_start(dir, job, &options, &process);
    run_await_file(dir, "snap/branch");
    process_signal(&process, SIGKILL);
    process_wait(&process, &r);
    process_result_fini(&r);
    free(branch);
    free(job);
}

/* Goes on from the newest snapshot, which has to be `from`, takes another, and stops. */
static void go_on_from_latest(const char *dir, const char *from, int next)
{
    struct process process;
    char *job = run_endless_job("1h", ""), *said = text_format("goes on from snapshot %s\n", from);
    run_start(dir, job, &from_latest, &process);
    CU_ASSERT_TRUE(process_await_err(&process, said, RUN_PATIENCE_MS));
    take_snapshot(dir, &process, next);
    stop(&process);
    CU_ASSERT_TRUE(run_check_sequence(dir) > 0);
    free(said);
    free(job);
}

static void latest_is_none_that_a_run_has_left(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_asked("", &process), *job = run_endless_job("1h", "");
    take_snapshot(dir, &process, 1);
    stop(&process);
    CU_ASSERT_FALSE(run_exists(dir, "snap/branch"));
    begin_and_die(dir, ARGV("--from", "snap/1", "--no-supervise"));
    go_on_from_latest(dir, "snap/1", 3); /* and not from 2 */
    go_on_from_latest(dir, "snap/4", 5);
    begin_and_die(dir, ARGV("--no-supervise"));
    run_job(dir, job, &from_latest, &r);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT_STRING_EQUAL(r.err,
                           "gyre run: --from latest: the newest run in snap had taken no snapshot "
                           "yet; run the job without --from to begin at the start, or name one of "
                           "an older run: --from snap/6\n");
    process_result_fini(&r);
    free(job);
    dir_end(dir);
}

static void a_snapshot_of_a_run_that_has_finished_is_not_named(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_asked("", &process), *job = run_endless_job("1h", "");
    take_snapshot(dir, &process, 1);
    stop(&process);
    run_job(dir, job, &(struct run_options){.arguments = ARGV("--set", "in.to=9")}, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(run_check_sequence(dir), 10);
    process_result_fini(&r);
    begin_and_die(dir, ARGV("--no-supervise"));
    run_job(dir, job, &from_latest, &r);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT_TRUE(run_exists(dir, "snap/3/manifest.cfg"));
    run_check_has(r.err, "or name one of an older run: --from snap/2\n");
    process_result_fini(&r);
    free(job);
    dir_end(dir);
}

static void a_run_does_not_go_on_from_snapshots_that_are_all_damaged(void)
{
    static const char *const froms[] = {"latest", "snap", "snap/2"};
    struct process process;
    struct process_result r;
    char *dir = start_asked("", &process), *job = run_endless_job("1h", "");
    take_snapshot(dir, &process, 1);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    process_result_fini(&r);
    spoil(dir, 1);
    spoil(dir, 2);
    char *before = run_read(dir, "out.csv");
    for (int i = 0; i < 3; i++) {
        run_job(dir, job, &(struct run_options){.arguments = ARGV("--from", froms[i])}, &r);
        CU_ASSERT_EQUAL(r.status, 2);
        run_check_has(r.err, "snap/2/manifest.cfg is damaged: its last line is not the checksum");
        CU_ASSERT_EQUAL(run_count(r.err, "snap/1/manifest.cfg is damaged: "), i < 2);
        CU_ASSERT_EQUAL(run_count(r.err, ": there is no intact snapshot in snap; "), i < 2);
        process_result_fini(&r);
    }
    char *after = run_read(dir, "out.csv");
    CU_ASSERT_STRING_EQUAL(before, after);
    CU_ASSERT_EQUAL(run_newest_snapshot(dir, "snap", NULL), 2);
    free(after);
    free(before);
    free(job);
    dir_end(dir);
}

static void a_restart_does_not_begin_again_what_has_been_committed(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_asked("delay = \"10ms\";", &process);
    take_snapshot(dir, &process, 1);
    take_snapshot(dir, &process, 2);
    spoil(dir, 1);
    spoil(dir, 2);
    kill(run_await_child(process.pid), SIGKILL);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    run_check_has(r.err, "gyre: the job cannot be restarted: no snapshot of this run in snap is "
                         "intact (damaged: 2, 1)");
    run_check_has(r.err, "with --from");
    CU_ASSERT_TRUE(run_check_sequence(dir) > 0); /* it has not been emptied */
    check_report(dir, "\"status\": \"failed\"", "\"what\": \"the job could not be restarted\"");
    process_result_fini(&r);
    dir_end(dir);
}

/* ---- deaths at odd times ---- */

static void a_death_after_a_stop_says_how_to_go_on(void)
{
    struct process process;
    struct process_result r;
    char *dir = start_asked("", &process);
    take_snapshot(dir, &process, 1);
    take_snapshot(dir, &process, 2); /* so the supervisor knows of the first at least */
    pid_t child = run_await_child(process.pid);
    kill(child, SIGSTOP);
    process_signal(&process, SIGINT);
    run_nap_ms(100);
    kill(child, SIGKILL);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    /* the second may have been stopped before it was told */
    const char *last = strstr(r.err, "snap/1\n") != NULL ? "1" : "2";
    char *says = text_format("gyre: job process killed by SIGKILL while it was stopping; "
                             "--from latest goes on from snapshot snap/%s\n",
                             last);
    CU_ASSERT_STRING_EQUAL(r.err, says);
    free(says);
    check_report(dir, "\"status\": \"failed\"", "\"what\": \"job process killed by SIGKILL\"");
    process_result_fini(&r);
    dir_end(dir);
}

static void a_plugin_that_dies_when_all_is_done_changes_nothing(void)
{
    struct process_result r;
    char *dir = dir_temp();
    CU_ASSERT_EQUAL_FATAL(setenv("GYRE_TEST_KILL", "1", 1), 0);
    run_job(dir,
            "job = \"done\"; parallelism = 1;\n"
            "snapshot = { every = \"1h\"; dir = \"snap\"; };\n"
            "operators = (\n"
            "  { id = \"in\"; op = \"gen.sequence\"; to = 99; },\n"
            "  { id = \"a\"; op = \"file.write\"; input = \"in\"; path = \"out.csv\"; },\n"
            "  { id = \"b\"; op = \"destructor_kill.drop\"; input = \"in\"; }\n"
            ");\n",
            &reported, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(
        r.err, "gyre: warning: job process killed by SIGKILL after the job had ended\n");
    CU_ASSERT_EQUAL(run_check_sequence(dir), 100);
    check_report(dir, "\"status\": \"finished\"", "\"restarts\": 0");
    process_result_fini(&r);
    dir_end(dir);
}

/* The job process dies with an order unread, and its supervisor has not read what it sent: neither may
 * make another run of the folder possible. */
static void the_lock_is_kept_whatever_the_job_process_left_unread(void)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp(), *snap = path_join(dir, "snap"), *path = path_join(snap, "lock");
    run_no_core_dumps();
    mkdir(snap, 0777);
    int lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    CU_ASSERT_FATAL(lock >= 0);
    CU_ASSERT_EQUAL_FATAL(flock(lock, LOCK_EX), 0);
    run_start(dir,
              "job = \"unread\"; parallelism = 1;\n"
              "snapshot = { every = \"1h\"; dir = \"snap\"; };\n"
              "restart = { delay = \"1h\"; max_delay = \"1h\"; };\n"
              "operators = (\n"
              "  { id = \"in\"; op = \"gen.sequence\"; to = 9; },\n"
              "  { id = \"c\"; op = \"run_faults.crash\"; in = \"open\"; by = \"abort\";\n"
              "    input = \"in\"; },\n"
              "  { id = \"out\"; op = \"std.null\"; input = \"c\"; }\n"
              ");\n",
              NULL, &process);
    pid_t parent, child = run_await_child(process.pid); /* it waits for the lock a while */
    run_nap_ms(300);
    process_signal(&process, SIGUSR1);
    run_nap_ms(100);
    process_signal(&process, SIGSTOP);
    flock(lock, LOCK_UN);
    CU_ASSERT_TRUE(process_await_err(&process, "SIGABRT (abort)", RUN_PATIENCE_MS));
    for (int ms = 0; ms < RUN_PATIENCE_MS && run_process_state(child, &parent) != 'Z'; ms += 5)
        run_nap_ms(5);
    process_signal(&process, SIGCONT);
    CU_ASSERT_TRUE(process_await_err(&process, "restart 1 of 10 in 1h", RUN_PATIENCE_MS));
    CU_ASSERT_TRUE(flock(lock, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(flock(lock, LOCK_EX | LOCK_NB), 0);
    close(lock);
    process_result_fini(&r);
    free(path);
    free(snap);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_restart_that_gets_no_process_is_an_attempt),
    SUITE_TEST(restarts_that_get_no_process_run_out),
    SUITE_TEST(a_run_that_gets_no_process_at_all_fails),
    SUITE_TEST(a_restart_goes_back_to_an_older_snapshot_and_says_so),
    SUITE_TEST(a_run_does_not_go_on_from_snapshots_that_are_all_damaged),
    SUITE_TEST(a_restart_does_not_begin_again_what_has_been_committed),
    SUITE_TEST(latest_is_none_that_a_run_has_left),
    SUITE_TEST(a_snapshot_of_a_run_that_has_finished_is_not_named),
    SUITE_TEST(a_death_after_a_stop_says_how_to_go_on),
    SUITE_TEST(a_plugin_that_dies_when_all_is_done_changes_nothing),
    SUITE_TEST(the_lock_is_kept_whatever_the_job_process_left_unread),
};
SUITE_MAIN("restart", tests)
