/* A run knows its own snapshots by what they say, whatever else stands in their folder: what earlier
 * runs have left unfinished, snapshots of theirs, folders and files of somebody's with a number for a
 * name.
 *
 * GYRE_BIG=1: 60 lives instead of a few. GYRE_OWN_SEED=n: this one alone. */
#include "base/rng.h"
#include "run_job.h"
#include "run_sinks.h"
#include "run_watch.h"
#include "support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LIVES = 5, LIVES_BIG = 60, ROWS = 6000 };

static void make_folder(const char *dir, const char *name)
{
    char *path = path_join(dir, name);
    CU_ASSERT_FATAL(mkdir(path, 0777) == 0 || file_exists(path));
    free(path);
}

/* Kills the job process, and waits for the next one, which has to go on from `from`. */
static void kill_and_await(struct process *process, pid_t *child, const char *from)
{
    char *says =
        text_format("job process killed by SIGKILL: restart 1 of 10 in 10ms from %s", from);
    kill(*child, SIGKILL);
    CU_ASSERT_TRUE_FATAL(process_await_err(process, says, RUN_PATIENCE_MS));
    pid_t before = *child;
    for (int ms = 0; ms < RUN_PATIENCE_MS && (*child == before || *child == 0); ms += 5) {
        *child = run_find_child(process->pid);
        run_nap_ms(5);
    }
    CU_ASSERT_TRUE_FATAL(*child != before && *child != 0);
    free(says);
}

/* Asks for a snapshot, and waits for the one of that id. */
static void take_snapshot(const char *dir, const struct process *process, int id)
{
    char *name = text_format("snap/%d", id);
    process_signal(process, SIGUSR1);
    run_await_file(dir, name);
    free(name);
}

static void stop(const char *dir, struct process *process)
{
    struct process_result r;
    process_signal(process, SIGINT);
    process_wait(process, &r);
    if (r.status != 0)
        printf("%s", r.err);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_TRUE(run_check_sequence(dir) > 0);
    process_result_fini(&r);
}

/* Kills a run before its first snapshot and again after it. */
static void kill_twice(const char *dir, struct process *process, const char *from, int id)
{
    static const char own[] = "snapshot snap/1"; /* 10 or 11: what the supervisor knows of */
    pid_t child = run_await_child(process->pid);
    kill_and_await(process, &child, from);
    take_snapshot(dir, process, id);
    take_snapshot(dir, process, id + 1); /* so the supervisor knows of the first at least */
    kill_and_await(process, &child, own);
    take_snapshot(dir, process, id + 2);
    stop(dir, process);
}

/* ---- what a killed run leaves ---- */

static void what_a_killed_run_left_unfinished_hides_no_snapshot_of_this_one(void)
{
    struct process process;
    char *dir = dir_temp(), *job = run_endless_job("1h", "delay = \"10ms\";");
    make_folder(dir, "snap");
    make_folder(dir, "snap/.9");
    run_start(dir, job, NULL, &process);
    run_await_size(dir, "out.csv", 1000);
    kill_twice(dir, &process, "the start", 10);
    free(job);
    dir_end(dir);
}

static void ids_go_on_behind_an_unfinished_one_of_a_run_that_was_gone_on_with(void)
{
    struct process process;
    char *dir = run_endless("1h", "delay = \"10ms\";", NULL, &process);
    char *job = run_endless_job("1h", "delay = \"10ms\";");
    take_snapshot(dir, &process, 1);
    stop(dir, &process); /* which takes another */
    make_folder(dir, "snap/.9");
    run_start(dir, job, &(struct run_options){.arguments = ARGV("--from", "latest")}, &process);
    CU_ASSERT_TRUE(process_await_err(&process, "goes on from snapshot snap/2\n", RUN_PATIENCE_MS));
    run_await_file(dir, "snap/lock");
    kill_twice(dir, &process, "snapshot snap/2", 10);
    free(job);
    dir_end(dir);
}

/* ---- what somebody puts there ---- */

/* A snapshot of an earlier run that stands above this run's own by its number. */
static void a_newer_snapshot_of_another_run_is_not_gone_on_from(void)
{
    struct process process;
    char *dir = run_endless("1h", "delay = \"10ms\";", NULL, &process);
    char *job = run_endless_job("1h", "delay = \"10ms\";");
    char *four = path_join(dir, "snap/4"), *aside = path_join(dir, "aside");
    for (int id = 1; id <= 3; id++)
        take_snapshot(dir, &process, id);
    stop(dir, &process);
    CU_ASSERT_EQUAL_FATAL(rename(four, aside), 0);
    /* The ids of the next run begin with 4. */
    run_start(dir, job, &(struct run_options){.arguments = ARGV("--from", "snap/1")}, &process);
    pid_t child = run_await_child(process.pid);
    CU_ASSERT_TRUE(process_await_err(&process, "goes on from snapshot snap/1\n", RUN_PATIENCE_MS));
    run_await_file(dir, "snap/branch");
    CU_ASSERT_EQUAL_FATAL(rename(aside, four), 0);
    kill_and_await(&process, &child, "snapshot snap/1");
    take_snapshot(dir, &process, 5);
    stop(dir, &process);
    CU_ASSERT_EQUAL(run_newest_snapshot(dir, "snap", NULL), 6);
    free(aside);
    free(four);
    free(job);
    dir_end(dir);
}

/* ---- at random ---- */

/* Something that gyre has not put there: hidden folders, empty ones, files, near the newest number. */
static void put_something(const char *dir, struct gy_rng *rng)
{
    int id = run_newest_snapshot(dir, "snap", NULL) + 1 + (int)gy_rng_below(rng, 5);
    bool hidden = gy_rng_below(rng, 2) == 0;
    char *name = text_format("snap/%s%d", hidden ? "." : "", id);
    char *path = path_join(dir, name);
    if (gy_rng_below(rng, 3) != 0)
        mkdir(path, 0777); /* a snapshot may have come before */
    else if (!file_exists(path))
        file_write_text(path, "somebody's\n");
    free(path);
    free(name);
}

/* One run to its end, with kills of its job process and things put beside its snapshots. */
static void live(uint64_t seed)
{
    struct gy_rng rng;
    struct process process;
    struct process_result r;
    char *dir = dir_temp();
    char *job =
        text_format("job = \"own\"; parallelism = 1;\n"
                    "snapshot = { every = \"50ms\"; dir = \"snap\"; };\n"
                    "restart = { attempts = 1000; delay = \"1ms\"; max_delay = \"5ms\"; };\n"
                    "operators = (\n"
                    "  { id = \"in\"; op = \"gen.sequence\"; to = %d; rate = 10000; },\n"
                    "  { id = \"out\"; op = \"file.write\"; input = \"in\";\n"
                    "    path = \"out.csv\"; }\n"
                    ");\n",
                    ROWS - 1);
    gy_rng_init(&rng, seed);
    make_folder(dir, "snap");
    for (uint64_t n = gy_rng_below(&rng, 4); n > 0; n--)
        put_something(dir, &rng);
    run_start(dir, job, NULL, &process);
    for (uint64_t kills = 2 + gy_rng_below(&rng, 5); kills > 0; kills--) {
        pid_t child = run_find_child(process.pid);
        /* Often before the first snapshot of a job process. */
        run_nap_ms((long)gy_rng_below(&rng, gy_rng_below(&rng, 2) == 0 ? 60 : 150));
        if (gy_rng_below(&rng, 2) == 0)
            put_something(dir, &rng);
        if (child != 0 && run_find_child(process.pid) == child)
            kill(child, SIGKILL);
    }
    process_wait(&process, &r);
    long rows = run_check_sequence(dir);
    if (r.status != 0 || rows != ROWS)
        printf("GYRE_OWN_SEED=%llu: status %d, %ld rows\n%s", (unsigned long long)seed, r.status,
               rows, r.err);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(rows, ROWS);
    process_result_fini(&r);
    free(job);
    dir_end(dir);
}

static void a_run_that_is_killed_at_random_ends_whatever_stands_beside_its_snapshots(void)
{
    const char *one = getenv("GYRE_OWN_SEED"), *big = getenv("GYRE_BIG");
    uint64_t n = big != NULL && big[0] == '1' ? LIVES_BIG : LIVES;
    if (one != NULL && one[0] != 0) {
        live(strtoull(one, NULL, 10));
        return;
    }
    for (uint64_t seed = 1; seed <= n; seed++)
        live(seed);
}

static const struct suite_test tests[] = {
    SUITE_TEST(what_a_killed_run_left_unfinished_hides_no_snapshot_of_this_one),
    SUITE_TEST(ids_go_on_behind_an_unfinished_one_of_a_run_that_was_gone_on_with),
    SUITE_TEST(a_newer_snapshot_of_another_run_is_not_gone_on_from),
    SUITE_TEST_WITHIN(a_run_that_is_killed_at_random_ends_whatever_stands_beside_its_snapshots,
                      300),
};
SUITE_MAIN("own_snapshots", tests)
