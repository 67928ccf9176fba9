/* A job that goes on with another build of a plugin than its snapshot was taken with says so, in one
 * line, and goes on; after a restart as well. */
#include "run_again.h"
#include "run_watch.h"
#include "support/suite.h"

#include <elf.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define MINE "--plugin-path", "mine" /* before the build's own folder */

static const char line[] = "goes on with other builds of plugins than ";

/* Puts the plugin `gen` into the folder `mine`, as another file than the one before it; `build` is the
 * first byte of its build ID. */
static void put_plugin(const char *dir, unsigned char build)
{
    static const uint32_t head[] = {4, 20, NT_GNU_BUILD_ID};
    size_t n, note = 0;
    char *from = build_path("plugins/gen.so"), *bytes = file_read(from, &n);
    char *mine = path_join(dir, "mine"), *next = path_join(mine, "next");
    char *path = path_join(mine, "gen.so");
    for (size_t at = 0; at + 36 <= n && note == 0; at += 4)
        if (memcmp(bytes + at, head, sizeof head) == 0 && memcmp(bytes + at + 12, "GNU", 4) == 0)
            note = at;
    if (note == 0)
        suite_skip("the linker gives no build IDs");
    bytes[note + 16] = (char)build;
    mkdir(mine, 0755);
    file_write(next, bytes, n);
    CU_ASSERT_EQUAL_FATAL(rename(next, path), 0);
    free(path);
    free(next);
    free(mine);
    free(bytes);
    free(from);
}

/* Asserts that the line stands in a text once, and names the two builds. */
static void check_line(const char *err, const char *was, const char *is)
{
    char *first = text_format(" was taken with: gen: version 0.1.0, build %s", was);
    char *then = text_format(", and now build %s", is);
    const char *at = strstr(err, line);
    CU_ASSERT_EQUAL(run_count(err, line), 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    char *said = text_format("%.*s", (int)strcspn(at, "\n"), at);
    run_check_has(said, first);
    run_check_has(said, then);
    free(said);
    free(then);
    free(first);
}

static void a_run_that_goes_on_with_another_build_says_so(void)
{
    char *dir = dir_temp(), *job = run_endless_job("20ms", "");
    put_plugin(dir, 0xaa);
    run_and_stop(dir, job, ARGV(MINE));
    run_and_stop(dir, job, ARGV(MINE, "--from", "latest"));
    put_plugin(dir, 0xbb);
    char *err = run_go_on(
        dir, job, ARGV(MINE, "--from", "latest", "--set", "in.rate=0", "--set", "in.to=99999"), 0);
    check_line(err, "aa", "bb");
    CU_ASSERT_EQUAL(run_check_sequence(dir), 100000);
    free(err);
    free(job);
    dir_end(dir);
}

static void a_run_with_the_same_builds_says_nothing_of_them(void)
{
    char *dir = dir_temp(), *job = run_endless_job("20ms", "");
    put_plugin(dir, 0xaa);
    run_and_stop(dir, job, ARGV(MINE));
    put_plugin(dir, 0xaa);
    char *err = run_go_on(
        dir, job, ARGV(MINE, "--from", "latest", "--set", "in.rate=0", "--set", "in.to=99999"), 0);
    CU_ASSERT_EQUAL(run_count(err, line), 0);
    free(err);
    free(job);
    dir_end(dir);
}

static void a_restart_with_another_build_says_so(void)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp(), *job = run_endless_job("20ms", "delay = \"10ms\";");
    put_plugin(dir, 0xaa);
    run_start(dir, job, &(struct run_options){.arguments = ARGV(MINE)}, &process);
    run_await_file(dir, "snap/2");
    kill(run_await_child(process.pid), SIGKILL);
    CU_ASSERT_TRUE(process_await_err(&process, "restart 1 of 10", RUN_PATIENCE_MS));
    run_await_file(dir, "snap/9");
    char *before = process_err(&process);
    CU_ASSERT_EQUAL(run_count(before, line), 0);
    put_plugin(dir, 0xbb);
    kill(run_await_child(process.pid), SIGKILL);
    CU_ASSERT_TRUE(process_await_err(&process, line, RUN_PATIENCE_MS));
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    check_line(r.err, "aa", "bb");
    CU_ASSERT_TRUE(run_check_sequence(dir) > 0);
    process_result_fini(&r);
    free(before);
    free(job);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_run_that_goes_on_with_another_build_says_so),
    SUITE_TEST(a_run_with_the_same_builds_says_nothing_of_them),
    SUITE_TEST(a_restart_with_another_build_says_so),
};
SUITE_MAIN("run_builds", tests)
