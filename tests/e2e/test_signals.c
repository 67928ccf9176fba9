/* Signals to a supervised run, and the lock of its folder. */
#include "run_job.h"
#include "run_watch.h"
#include "support/suite.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct run_options reported = {.arguments = ARGV("--report", "report.json")};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- signals ---- */

static void check_stop(int number, bool group)
{
    struct process process;
    struct process_result r;
    char *dir = run_endless("1h", "", &reported, &process);
    pid_t child = run_await_child(process.pid);
    CU_ASSERT_EQUAL(kill(group ? -process.pid : process.pid, number), 0);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    CU_ASSERT_TRUE(run_is_gone(child));
    CU_ASSERT_TRUE(run_exists(dir, "snap/1/manifest.cfg"));
    run_check_sequence(dir);
    char *report = run_read(dir, "report.json");
    run_check_has(report, "\"status\": \"stopped\"");
    free(report);
    process_result_fini(&r);
    dir_end(dir);
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
    char *dir = run_endless("1h", "", NULL, &process);
    for (int i = 0; i < 5; i++) {
        process_signal(&process, SIGINT);
        run_nap_ms(1);
    }
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_TRUE(run_exists(dir, "snap/1/manifest.cfg"));
    process_result_fini(&r);
    dir_end(dir);
}

static void the_job_process_itself_takes_no_such_signals(void)
{
    struct process process;
    struct process_result r;
    char *dir = run_endless("1h", "", NULL, &process);
    pid_t child = run_await_child(process.pid), parent;
    kill(child, SIGINT);
    kill(child, SIGTERM);
    kill(child, SIGUSR1);
    run_nap_ms(200);
    CU_ASSERT_NOT_EQUAL(run_process_state(child, &parent), 0);
    CU_ASSERT_FALSE(run_exists(dir, "snap/1"));
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    process_result_fini(&r);
    dir_end(dir);
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
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 130);
    CU_ASSERT_TRUE(run_is_gone(child));
    process_result_fini(&r);
    dir_end(dir);
}

static void sigusr1_asks_for_a_snapshot(void)
{
    struct process process;
    struct process_result r;
    char *dir = run_endless("1h", "", NULL, &process);
    process_signal(&process, SIGUSR1);
    run_await_file(dir, "snap/1/manifest.cfg");
    run_nap_ms(50);
    process_signal(&process, SIGUSR1);
    run_await_file(dir, "snap/2/manifest.cfg");
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    process_result_fini(&r);
    dir_end(dir);
}

/* ---- before the job runs ---- */

/* True where a link below /proc/PID leads to a name that ends in `end`. */
static bool leads_to(pid_t pid, const char *link, const char *end)
{
    char *path = text_format("/proc/%d/%s", (int)pid, link), to[4096];
    ssize_t n = readlink(path, to, sizeof to - 1);
    size_t length = strlen(end);
    free(path);
    to[n > 0 ? n : 0] = '\0';
    return n >= (ssize_t)length && strcmp(to + (size_t)n - length, end) == 0;
}

static bool has_open(pid_t pid, const char *end)
{
    char link[24];
    bool has = false;
    for (int fd = 0; fd < 64 && !has; fd++) {
        snprintf(link, sizeof link, "fd/%d", fd);
        has = leads_to(pid, link, end);
    }
    return has;
}

/* A run that waits for its job file, which is a pipe. The descriptor with which it is opened. */
static int start_waiting(const char *dir, const char *const *more, struct process *process)
{
    char *program = build_path("gyre");
    const char *argv[8] = {program, "run", "job.cfg"};
    for (int i = 0; more[i] != NULL; i++)
        argv[3 + i] = more[i];
    int fd = run_fifo(dir, "job.cfg");
    process_start(&(struct process_spec){.argv = argv, .cwd = dir}, process);
    bool reads = false;
    for (int i = 0; i < RUN_PATIENCE_MS && !reads; i++) {
        run_nap_ms(1);
        reads = leads_to(process->pid, "exe", "/gyre") && has_open(process->pid, "/job.cfg");
    }
    CU_ASSERT_TRUE_FATAL(reads);
    free(program);
    return fd;
}

static void give_job(int fd, const char *text)
{
    CU_ASSERT_EQUAL_FATAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static char *waiting_job(bool snapshots, const char *to)
{
    return text_format("job = \"early\"; parallelism = 1; %s\n"
                       "operators = (\n"
                       "  { id = \"in\"; op = \"gen.sequence\"; %s },\n"
                       "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"rows\"; }\n"
                       ");\n",
                       snapshots ? "snapshot = { every = \"1h\"; dir = \"snap\"; };" : "", to);
}

static void a_stop_that_comes_before_the_job_is_read_stops_it_cleanly(void)
{
    static const int signals[] = {SIGINT, SIGTERM};
    for (int i = 0; i < 4; i++) {
        struct process process;
        struct process_result r;
        char *dir = dir_temp(), *job = waiting_job(i >= 2, "rate = 100.0; to = 1000000;");
        int fd = start_waiting(dir, ARGV("--report", "report.json"), &process);
        process_signal(&process, signals[i % 2]);
        run_nap_ms(20);
        give_job(fd, job);
        process_wait(&process, &r);
        run_cut_end(&r);
        CU_ASSERT_EQUAL(r.signal, 0);
        CU_ASSERT_EQUAL(r.status, 0);
        char *report = run_read(dir, "report.json");
        run_check_has(report, "\"status\": \"stopped\"");
        process_result_fini(&r);
        free(report);
        free(job);
        dir_end(dir);
    }
}

static void a_second_stop_before_the_job_is_read_ends_the_run_at_once(void)
{
#ifdef __SANITIZE_THREAD__
    suite_skip("the thread sanitizer holds signals back while a call waits");
#endif
    struct process process;
    struct process_result r;
    char *dir = dir_temp();
    int fd = start_waiting(dir, ARGV("--no-supervise"), &process);
    process_signal(&process, SIGINT);
    run_nap_ms(20);
    process_signal(&process, SIGTERM);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.signal, 0);
    CU_ASSERT_EQUAL(r.status, 130);
    process_result_fini(&r);
    close(fd);
    dir_end(dir);
}

static void sigusr1_before_the_job_is_read_ends_nothing(void)
{
    for (int i = 0; i < 2; i++) {
        struct process process;
        struct process_result r;
        char *dir = dir_temp(), *job = waiting_job(i == 1, "to = 100; rate = 1000.0;");
        int fd = start_waiting(dir, ARGV(NULL), &process);
        process_signal(&process, SIGUSR1);
        run_nap_ms(20);
        give_job(fd, job);
        process_wait(&process, &r);
        run_cut_end(&r);
        CU_ASSERT_EQUAL(r.signal, 0);
        CU_ASSERT_EQUAL(r.status, 0);
        if (i == 0)
            run_check_has(r.err, "SIGUSR1 asks for a snapshot, and the job has no `snapshot`");
        else /* the one that was asked for, and the last one */
            CU_ASSERT_TRUE(run_exists(dir, "snap/2/manifest.cfg"));
        process_result_fini(&r);
        free(job);
        dir_end(dir);
    }
}

/* As nohup starts programs, and as some parents leave SIGCHLD. */
static void what_a_parent_has_ignored_ends_nothing(void)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp(), *program = build_path("gyre");
    char *job = waiting_job(true, "to = 100000000; rate = 1000.0;");
    char *command = text_format("trap '' HUP CHLD; exec %s run job.cfg", program);
    run_write(dir, "job.cfg", job);
    process_start(&(struct process_spec){.argv = ARGV("sh", "-c", command), .cwd = dir}, &process);
    run_await_size(dir, "rows", 1);
    process_signal(&process, SIGHUP);
    kill(run_await_child(process.pid), SIGHUP);
    run_nap_ms(50);
    process_signal(&process, SIGTERM);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.signal, 0);
    CU_ASSERT_EQUAL(r.status, 0);
    process_result_fini(&r);
    free(command);
    command = text_format("trap '' CHLD; exec %s list", program);
    process_run(&(struct process_spec){.argv = ARGV("sh", "-c", command)}, &r);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "std.pass"));
    process_result_fini(&r);
    free(command);
    free(program);
    free(job);
    dir_end(dir);
}

/* The job process takes no order while its sink waits for a reader; the supervisor's do not get lost. */
static void a_stop_behind_many_snapshots_is_not_lost(void)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp(), *pipe = path_join(dir, "pipe");
    CU_ASSERT_EQUAL_FATAL(mkfifo(pipe, 0600), 0); /* run_fifo would open it */
    run_start(dir,
              "job = \"piped\"; parallelism = 1; snapshot = { every = \"1h\"; dir = \"snap\"; };\n"
              "operators = (\n"
              "  { id = \"in\"; op = \"gen.sequence\"; to = 1000000000L; rate = 20000; },\n"
              "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"pipe\"; }\n"
              ");\n",
              NULL, &process);
    run_await_child(process.pid);
    run_await_file(dir, "snap/lock");
    for (int i = 0; i < 2000; i++) {
        process_signal(&process, SIGUSR1);
        usleep(100); /* signals of one kind that wait are one */
    }
    process_signal(&process, SIGTERM);
    run_nap_ms(50);
    int fd = open(pipe, O_RDONLY | O_CLOEXEC);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    char rows[4096];
    while (read(fd, rows, sizeof rows) > 0)
        ;
    close(fd);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    process_result_fini(&r);
    free(pipe);
    dir_end(dir);
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
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    run_check_sequence(dir);
    process_result_fini(&r);
    dir_end(dir);
}

static void a_signal_while_a_restart_is_waited_for_ends_the_run(void)
{
    struct process process;
    struct process_result r;
    char *dir = run_endless("1h", "delay = \"1m\"; max_delay = \"1m\";", &reported, &process);
    kill(run_await_child(process.pid), SIGKILL);
    CU_ASSERT_TRUE(process_await_err(&process, "restart 1 of 10 in 1m ", RUN_PATIENCE_MS));
    int64_t begin_ms = now_ms();
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_TRUE(now_ms() - begin_ms < RUN_PATIENCE_MS);
    CU_ASSERT_EQUAL(r.status, 0);
    run_check_has(r.err, "gyre: stopped before the restart\n");
    char *report = run_read(dir, "report.json");
    CU_ASSERT_TRUE(run_is_json(report));
    run_check_has(report, "\"status\": \"stopped\"");
    free(report);
    process_result_fini(&r);
    dir_end(dir);
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
    char *dir = run_endless("1h", "delay = \"1m\"; max_delay = \"1m\";", NULL, &process);
    check_refused(dir, process.pid);
    kill(run_await_child(process.pid), SIGKILL);
    CU_ASSERT_TRUE(process_await_err(&process, "restart 1 of 10 in 1m ", RUN_PATIENCE_MS));
    check_refused(dir, process.pid); /* nobody but the supervisor lives now */
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    run_cut_end(&r);
    process_result_fini(&r);
    char *job = run_read(dir, "job.cfg");
    run_job(dir, job, &(struct run_options){.arguments = ARGV("--set", "in.to=99")}, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(run_check_sequence(dir), 100);
    free(job);
    process_result_fini(&r);
    dir_end(dir);
}

/* ... nor does one with another folder, or none, begin from it: it would write the same outputs. */
static void a_snapshot_of_a_folder_in_use_is_refused_to_a_second_run(void)
{
    struct process process;
    struct process_result r;
    char *dir = run_endless("20ms", "", NULL, &process);
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
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_TRUE(run_check_sequence(dir) > 0);
    process_result_fini(&r);
    free(says);
    free(job);
    dir_end(dir);
}

static void a_run_that_was_killed_can_be_gone_on_with_at_once(void)
{
    struct process process;
    struct process_result r;
    char *dir = run_endless("20ms", "", NULL, &process);
    run_await_file(dir, "snap/3/manifest.cfg");
    char *job = run_read(dir, "job.cfg");
    process_signal(&process, SIGKILL);
    run_job(dir, job,
            &(struct run_options){.arguments = ARGV("--from", "latest", "--set", "in.to=30000")},
            &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(run_check_sequence(dir), 30001);
    process_result_fini(&r);
    process_wait(&process, &r);
    run_cut_end(&r);
    process_result_fini(&r);
    free(job);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_signal_stops_the_job_with_a_last_snapshot),
    SUITE_TEST(a_signal_of_the_terminal_reaches_both_and_stops_the_job_once),
    SUITE_TEST(a_signal_that_comes_twice_at_once_is_one),
    SUITE_TEST(the_job_process_itself_takes_no_such_signals),
    SUITE_TEST(a_second_signal_ends_both_at_once),
    SUITE_TEST(sigusr1_asks_for_a_snapshot),
    SUITE_TEST(a_stop_behind_many_snapshots_is_not_lost),
    SUITE_TEST(a_stop_that_comes_before_the_job_is_read_stops_it_cleanly),
    SUITE_TEST(a_second_stop_before_the_job_is_read_ends_the_run_at_once),
    SUITE_TEST(sigusr1_before_the_job_is_read_ends_nothing),
    SUITE_TEST(what_a_parent_has_ignored_ends_nothing),
    SUITE_TEST(sigusr1_to_a_job_without_snapshots_is_told_and_ignored),
    SUITE_TEST(a_signal_while_a_restart_is_waited_for_ends_the_run),
    SUITE_TEST(a_folder_in_use_is_refused_to_a_second_run_and_free_after_the_first),
    SUITE_TEST(a_snapshot_of_a_folder_in_use_is_refused_to_a_second_run),
    SUITE_TEST(a_run_that_was_killed_can_be_gone_on_with_at_once),
};
SUITE_MAIN("signals", tests)
