/* Snapshots that cannot be written, for want of room or of the folder: the job goes on and says so, the
 * last good snapshot stays, and later ones are taken again. The disk is a small one in memory, mounted
 * for the test's process and what it starts alone. */
#include "run_job.h"
#include "run_mounts.h"
#include "run_sinks.h"
#include "run_watch.h"
#include "support/suite.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

/* The %s are a rate. */
static const char text[] =
    "job = \"filling\"; parallelism = 2;\n"
    "snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
    "restart = { delay = \"1ms\"; };\n"
    "operators = (\n"
    "  { id = \"events\"; op = \"gen.events\"; count = 40000; keys = 300; rate = %s;\n"
    "    parallelism = 1; },\n"
    "  { id = \"mix\"; op = \"state_ops.mix\"; input = \"events\"; key = \"key\"; },\n"
    "  { id = \"parts\"; op = \"file.write\"; input = \"mix\"; path = \"parts/\"; },\n"
    "  { id = \"one\"; op = \"file.write\"; input = \"mix\"; path = \"one.csv\"; }\n"
    ");\n";

static const struct run_sink sinks[] = {
    {"parts/", NULL, false}, {"one.csv", NULL, false}, {NULL, NULL, false}};

static const char goes_on[] = " failed, and the job goes on without it: ";

/* ---- the disk ---- */

/* A folder in which snap/ is a disk of 4 MiB. */
static char *begin(void)
{
    char *dir = dir_temp(), *snap = path_join(dir, "snap");
    run_own_mounts();
    CU_ASSERT_EQUAL_FATAL(mkdir(snap, 0777), 0);
    CU_ASSERT_EQUAL_FATAL(mount("none", snap, "tmpfs", 0, "size=4m,mode=0777"), 0);
    free(snap);
    return dir;
}

static void end(char *dir)
{
    char *snap = path_join(dir, "snap");
    CU_ASSERT_EQUAL(umount(snap), 0);
    dir_remove(dir);
    free(snap);
    free(dir);
}

/* Leaves no byte free. */
static void fill(const char *dir)
{
    static const char zeros[4096];
    char *path = path_join(dir, "snap/ballast");
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    CU_ASSERT_TRUE_FATAL(fd >= 0);
    while (write(fd, zeros, sizeof zeros) > 0)
        ;
    CU_ASSERT_EQUAL(errno, ENOSPC);
    close(fd);
    free(path);
}

static void make_room(const char *dir)
{
    char *path = path_join(dir, "snap/ballast");
    CU_ASSERT_EQUAL(unlink(path), 0);
    free(path);
}

/* ---- the job ---- */

static void start(const char *dir, const char *const *arguments, struct process *process)
{
    char *job = text_format(text, "4000");
    run_start(dir, job, &(struct run_options){.arguments = arguments}, process);
    free(job);
}

static void await_snapshot(const char *dir, int least)
{
    for (int ms = 0; ms < RUN_PATIENCE_MS; ms += 5) {
        if (run_newest_snapshot(dir, "snap", NULL) >= least)
            break;
        run_nap_ms(5);
    }
    CU_ASSERT_TRUE_FATAL(run_newest_snapshot(dir, "snap", NULL) >= least);
}

static off_t size_of(const char *dir, const char *name)
{
    struct stat st = {0};
    char *path = path_join(dir, name);
    CU_ASSERT_EQUAL(stat(path, &st), 0);
    free(path);
    return st.st_size;
}

/* Asserts that rows go on coming. */
static void check_goes_on(const char *dir)
{
    off_t before = size_of(dir, "one.csv"), now = before;
    for (int ms = 0; ms < RUN_PATIENCE_MS && now <= before; ms += 5) {
        run_nap_ms(5);
        now = size_of(dir, "one.csv");
    }
    CU_ASSERT_TRUE(now > before);
}

static void await_err(const struct process *process, const char *says)
{
    bool found = process_await_err(process, says, RUN_PATIENCE_MS);
    if (!found) {
        char *err = process_err(process);
        printf("lacks: %s\n--- is\n%s", says, err);
        free(err);
    }
    CU_ASSERT_TRUE_FATAL(found);
}

static void stop(struct process *process, int status, const char *says)
{
    struct process_result r;
    process_signal(process, SIGINT);
    process_wait(process, &r);
    if (r.status != status || strstr(r.err, says) == NULL)
        printf("status %d, lacks: %s\n--- is\n%s", r.status, says, r.err);
    CU_ASSERT_EQUAL(r.status, status);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, says));
    process_result_fini(&r);
}

/* Goes on to the end, and asserts that all is as if nothing had happened. */
static void finish(const char *dir)
{
    struct process_result r;
    char *job = text_format(text, "0"), *other = dir_temp();
    run_job(dir, job, &(struct run_options){.arguments = ARGV("--from", "latest")}, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    if (r.status != 0)
        printf("%s", r.err);
    process_result_fini(&r);
    run_job(other, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    process_result_fini(&r);
    char *got = run_sinks_read(dir, sinks, true), *want = run_sinks_read(other, sinks, true);
    CU_ASSERT_EQUAL(run_count_lines(want), 80000);
    CU_ASSERT_TRUE(run_sinks_agree(got, want, false));
    free(got);
    free(want);
    free(job);
    dir_remove(other);
    free(other);
}

/* Asserts that snapshot `id` is the newest, and sound. */
static void check_stays(const char *dir, int id)
{
    struct process_result r;
    char *program = build_path("gyre"), *snap = path_join(dir, "snap");
    CU_ASSERT_EQUAL(run_newest_snapshot(dir, "snap", NULL), id);
    process_run(&(struct process_spec){.argv = ARGV(program, "snapshots", snap, "verify")}, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    process_result_fini(&r);
    free(snap);
    free(program);
}

static int count(const char *all, const char *what)
{
    int n = 0;
    for (const char *at = strstr(all, what); at != NULL; at = strstr(at + 1, what))
        n++;
    return n;
}

/* ---- tests ---- */

static void a_job_whose_disk_is_full_goes_on_and_takes_snapshots_again_later(void)
{
    struct process process;
    char *dir = begin();
    start(dir, NULL, &process);
    await_snapshot(dir, 3);
    fill(dir);
    await_err(&process, goes_on);
    await_err(&process, "No space left on device");
    int id = run_newest_snapshot(dir, "snap", NULL);
    check_goes_on(dir);
    run_nap_ms(100); /* some more that fail: they are told once */
    check_stays(dir, id);
    char *err = process_err(&process);
    CU_ASSERT_EQUAL(count(err, goes_on), 1);
    free(err);
    make_room(dir);
    await_snapshot(dir, id + 1);
    await_err(&process, " was taken, after ");
    stop(&process, 0, " that failed\n");
    finish(dir);
    end(dir);
}

static void a_job_that_is_killed_while_its_disk_is_full_goes_on_from_the_last_good_snapshot(void)
{
    struct process process;
    char *dir = begin();
    start(dir, NULL, &process);
    await_snapshot(dir, 3);
    fill(dir);
    await_err(&process, goes_on);
    int id = run_newest_snapshot(dir, "snap", NULL);
    pid_t child = process_child(&process);
    CU_ASSERT_TRUE_FATAL(child > 0);
    kill(child, SIGKILL);
    char *says = text_format(": restart 1 of 10 in 1ms from snapshot snap/%d\n", id);
    await_err(&process, says);
    run_nap_ms(200);
    check_goes_on(dir);
    CU_ASSERT_EQUAL(run_newest_snapshot(dir, "snap", NULL), id);
    make_room(dir);
    await_snapshot(dir, id + 1);
    stop(&process, 0, says);
    finish(dir);
    free(says);
    end(dir);
}

static void a_stop_on_a_full_disk_fails_and_what_is_not_committed_is_done_again(void)
{
    struct process process;
    char *dir = begin();
    start(dir, NULL, &process);
    await_snapshot(dir, 3);
    fill(dir);
    await_err(&process, goes_on);
    int id = run_newest_snapshot(dir, "snap", NULL);
    char *says = text_format("; what came after snapshot %d is not committed\n  job:      filling\n"
                             "  snapshot: snap/%d\n",
                             id, id);
    stop(&process, 1, says);
    check_stays(dir, id);
    make_room(dir);
    finish(dir);
    free(says);
    end(dir);
}

/* Root may write into any folder, so that it has to be gone. */
static void a_folder_that_cannot_be_written_costs_snapshots_and_nothing_else(void)
{
    struct process process;
    char *dir = dir_temp(), *snap = path_join(dir, "snap"), *away = path_join(dir, "away");
    start(dir, NULL, &process);
    await_snapshot(dir, 2);
    bool chmods = geteuid() != 0;
    CU_ASSERT_EQUAL(chmods ? chmod(snap, 0555) : rename(snap, away), 0);
    await_err(&process, goes_on);
    await_err(&process, chmods ? "Permission denied" : "No such file or directory");
    check_goes_on(dir);
    int id = run_newest_snapshot(dir, chmods ? "snap" : "away", NULL);
    CU_ASSERT_TRUE(id >= 2);
    CU_ASSERT_EQUAL(chmods ? chmod(snap, 0777) : rename(away, snap), 0);
    await_snapshot(dir, id + 1);
    await_err(&process, " was taken, after ");
    stop(&process, 0, goes_on);
    finish(dir);
    free(snap);
    free(away);
    dir_remove(dir);
    free(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_job_whose_disk_is_full_goes_on_and_takes_snapshots_again_later),
    SUITE_TEST(a_job_that_is_killed_while_its_disk_is_full_goes_on_from_the_last_good_snapshot),
    SUITE_TEST(a_stop_on_a_full_disk_fails_and_what_is_not_committed_is_done_again),
    SUITE_TEST(a_folder_that_cannot_be_written_costs_snapshots_and_nothing_else),
};
SUITE_MAIN("run_full_disk", tests)
