/* The suite runner is itself under test: this program, run again with SUITE_SAMPLE set, is a suite
 * whose tests fail in every way there is, and the outer run reads what it says of them. */
#include "support/process.h"
#include "support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the sample ---- */

static void sample_passes(void)
{
    CU_ASSERT(1 + 1 == 2);
}

static void sample_fails(void)
{
    CU_ASSERT(1 + 1 == 3);
}

static void sample_crashes(void)
{
    CU_ASSERT(1);
    raise(SIGSEGV);
}

static void sample_hangs(void)
{
    CU_ASSERT(1);
    for (;;) {
        pause();
    }
}

static void sample_exits(void)
{
    CU_ASSERT(1);
    exit(0);
}

static void sample_asserts_nothing(void) {}

static void sample_skips(void)
{
    suite_skip("it is a sample");
}

static const struct suite_test samples[] = {
    SUITE_TEST(sample_passes),  SUITE_TEST(sample_fails),
    SUITE_TEST(sample_crashes), SUITE_TEST_WITHIN(sample_hangs, 1),
    SUITE_TEST(sample_exits),   SUITE_TEST(sample_asserts_nothing),
    SUITE_TEST(sample_skips),
};

/* ---- the tests ---- */

static void run_sample(const char *filter, struct process_result *r)
{
    process_run(
        &(struct process_spec){
            .argv = ARGV("/proc/self/exe", "--timeout", "1", "--verbose", filter),
            .env = ARGV("SUITE_SAMPLE=1"),
        },
        r);
}

static void expect_failure(const char *filter, const char *line)
{
    struct process_result r;
    run_sample(filter, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, line));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "sample: 0 passed, 1 failed\n"));
    process_result_fini(&r);
}

static void passing_test_is_counted_as_passed(void)
{
    struct process_result r;
    run_sample("passes", &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "sample: passed sample_passes"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "sample: 1 passed, 0 failed\n"));
    process_result_fini(&r);
}

static void failed_assertion_is_named_with_its_line(void)
{
    expect_failure("fails", "sample: FAILED sample_fails: tests/unit/test_suite.c:");
}

static void crash_is_a_failure_of_that_test(void)
{
    expect_failure("crashes", "sample: FAILED sample_crashes: ");
}

static void hang_is_a_failure_at_the_time_out(void)
{
    expect_failure("hangs", "sample: FAILED sample_hangs: still running after 1 s\n");
}

static void early_exit_with_0_is_a_failure(void)
{
    expect_failure("exits", "sample: FAILED sample_exits: ");
}

static void test_without_assertion_is_a_failure(void)
{
    expect_failure("nothing", "sample: FAILED sample_asserts_nothing: it asserted nothing\n");
}

static void other_tests_run_whatever_happens_to_one(void)
{
    struct process_result r;
    run_sample("sample", &r);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "sample: skipped sample_skips\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "sample: 1 passed, 5 failed\n"));
    process_result_fini(&r);
}

static void unknown_filter_is_a_usage_error(void)
{
    struct process_result r;
    run_sample("no such test", &r);
    CU_ASSERT_EQUAL(r.status, 2);
    process_result_fini(&r);
}

static void process_gives_input_environment_folder_and_status(void)
{
    struct process_result r;
    char *folder = dir_temp();
    process_run(
        &(struct process_spec){
            .argv = ARGV("sh", "-c", "cat; echo $COLOUR >&2; echo x >made; exit 3"),
            .stdin_text = "typed\n",
            .env = ARGV("COLOUR=blue"),
            .cwd = folder,
        },
        &r);
    CU_ASSERT_EQUAL(r.status, 3);
    CU_ASSERT_STRING_EQUAL(r.out, "typed\n");
    CU_ASSERT_STRING_EQUAL(r.err, "blue\n");
    CU_ASSERT(r.maxrss_kib > 0);
    CU_ASSERT_EQUAL(dir_count(folder), 1);
    process_result_fini(&r);
    dir_remove(folder);
    CU_ASSERT_EQUAL(dir_count(folder), -1);
    free(folder);
}

static void process_is_killed_with_its_children_at_the_time_out(void)
{
    struct process_result r;
    process_run(
        &(struct process_spec){.argv = ARGV("sh", "-c", "sleep 60 & sleep 60"), .timeout_ms = 100},
        &r);
    CU_ASSERT_TRUE(r.timed_out);
    CU_ASSERT_EQUAL(r.signal, SIGKILL);
    CU_ASSERT(r.wall_us < 10 * 1000 * 1000);
    process_result_fini(&r);
}

static void process_can_be_fed_and_signalled_while_it_runs(void)
{
    struct process p;
    struct process_result r;
    process_start(&(struct process_spec){.argv = ARGV("cat"), .stdin_pipe = true}, &p);
    CU_ASSERT_EQUAL(write(p.stdin_fd, "one\n", 4), 4);
    CU_ASSERT_TRUE(process_await_out(&p, "one\n", 10000));
    CU_ASSERT_FALSE(process_await_out(&p, "two\n", 20));
    process_signal(&p, SIGTERM);
    process_wait(&p, &r);
    CU_ASSERT_EQUAL(r.status, 128 + SIGTERM);
    process_result_fini(&r);
}

static void program_that_is_not_there_is_status_127(void)
{
    struct process_result r;
    process_run(&(struct process_spec){.argv = ARGV("/nonexistent/program")}, &r);
    CU_ASSERT_EQUAL(r.status, 127);
    process_result_fini(&r);
}

static const struct suite_test tests[] = {
    SUITE_TEST(passing_test_is_counted_as_passed),
    SUITE_TEST(failed_assertion_is_named_with_its_line),
    SUITE_TEST(crash_is_a_failure_of_that_test),
    SUITE_TEST(hang_is_a_failure_at_the_time_out),
    SUITE_TEST(early_exit_with_0_is_a_failure),
    SUITE_TEST(test_without_assertion_is_a_failure),
    SUITE_TEST(other_tests_run_whatever_happens_to_one),
    SUITE_TEST(unknown_filter_is_a_usage_error),
    SUITE_TEST(process_gives_input_environment_folder_and_status),
    SUITE_TEST(process_is_killed_with_its_children_at_the_time_out),
    SUITE_TEST(process_can_be_fed_and_signalled_while_it_runs),
    SUITE_TEST(program_that_is_not_there_is_status_127),
};

/* A runner that ignored failed assertions would pass all of the tests above, so this one thing is
 * asked without it. */
static bool runner_can_fail(void)
{
    struct process_result r;
    run_sample("fails", &r);
    bool failed = r.status == 1 && strstr(r.out, "sample: 0 passed, 1 failed\n");
    process_result_fini(&r);
    return failed;
}

int main(int argc, char **argv)
{
    if (getenv("SUITE_SAMPLE")) {
        return suite_main("sample", samples, sizeof(samples) / sizeof(*samples), argc, argv);
    }
    if (!runner_can_fail()) {
        fputs("suite: FAILED a failed assertion does not fail its test\n", stderr);
        return 3;
    }
    return suite_main("suite", tests, sizeof(tests) / sizeof(*tests), argc, argv);
}
