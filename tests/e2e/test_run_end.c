/* How a run ends: the line on standard error, and warnings of what must not be overlooked. */
#include "run_job.h"
#include "run_watch.h"
#include "support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs a job to its end; its last line stays. */
static void run(const char *dir, const char *job, const struct run_options *options,
                struct process_result *r)
{
    struct process process;
    run_start(dir, job, options, &process);
    process_wait(&process, r);
}

/* Asserts that `err` ends with one line that begins and ends so, and has no other such line. */
static void check_end(const char *err, const char *begins, const char *ends)
{
    size_t n = strlen(err);
    CU_ASSERT_FATAL(n > 0 && err[n - 1] == '\n');
    size_t at = n - 1;
    while (at > 0 && err[at - 1] != '\n')
        at--;
    char *line = strndup(err + at, n - 1 - at);
    size_t length = strlen(line);
    bool is = strncmp(line, begins, strlen(begins)) == 0 && length > strlen(ends) &&
              strcmp(line + length - strlen(ends), ends) == 0;
    if (!is)
        printf("it says: %s\n", err);
    CU_ASSERT_TRUE(is);
    CU_ASSERT_EQUAL(run_count(err, " rows in, "), 1);
    free(line);
}

/* ---- the line ---- */

static void a_run_ends_with_one_line_that_counts_its_rows(void)
{
    static const char *const settings[] = {"", "snapshot = { every = \"1h\"; dir = \"snap\"; };"};
    for (int i = 0; i < 2; i++) {
        struct process_result r;
        char *dir = dir_temp();
        char *job =
            text_format("job = \"counted\"; parallelism = 3; %s\n"
                        "operators = (\n"
                        "  { id = \"a\"; op = \"gen.sequence\"; to = 999; },\n"
                        "  { id = \"b\"; op = \"gen.sequence\"; to = 233; },\n"
                        "  { id = \"even\"; op = \"run_ops.keep\"; input = [\"a\", \"b\"];\n"
                        "    of = 2; },\n"
                        "  { id = \"o\"; op = \"file.write\"; input = \"even\"; path = \"-\"; },\n"
                        "  { id = \"n\"; op = \"std.null\"; input = \"a\"; }\n"
                        ");\n",
                        settings[i]);
        run(dir, job, NULL, &r);
        CU_ASSERT_EQUAL(r.status, 0);
        char *ends = text_format(": 1234 rows in, %llu out, 0 bad, 0 late",
                                 (unsigned long long)(1000 + run_count_lines(r.out)));
        check_end(r.err, "gyre: counted finished in ", ends);
        CU_ASSERT_EQUAL(run_count(r.err, "\n"), 1);
        process_result_fini(&r);
        free(ends);
        free(job);
        dir_end(dir);
    }
}

static void a_run_that_is_stopped_says_so(void)
{
    const struct run_options alone = {.arguments = ARGV("--no-supervise")};
    for (int i = 0; i < 2; i++) {
        struct process process;
        struct process_result r;
        char *dir = run_endless("1h", "", i == 0 ? NULL : &alone, &process);
        process_signal(&process, SIGINT);
        process_wait(&process, &r);
        CU_ASSERT_EQUAL(r.status, 0);
        check_end(r.err, "gyre: ", " 0 bad, 0 late");
        CU_ASSERT_EQUAL(run_count(r.err, " stopped in "), 1);
        process_result_fini(&r);
        dir_end(dir);
    }
}

static void a_run_that_fails_says_so_below_the_failure(void)
{
    static const char *const settings[] = {"", "snapshot = { every = \"1h\"; dir = \"snap\"; };"};
    for (int i = 0; i < 2; i++) {
        struct process_result r;
        char *dir = dir_temp();
        char *job = text_format("job = \"falls\"; parallelism = 1; %s operators = (\n"
                                "  { id = \"in\"; op = \"gen.sequence\"; to = 1000; },\n"
                                "  { id = \"it\"; op = \"run_faults.fail\"; input = \"in\"; },\n"
                                "  { id = \"o\"; op = \"std.null\"; input = \"it\"; }\n"
                                ");\n",
                                settings[i]);
        run(dir, job, NULL, &r);
        CU_ASSERT_EQUAL(r.status, 1);
        check_end(r.err, "gyre: falls failed in ", " bad, 0 late");
        CU_ASSERT_TRUE(strstr(r.err, "gyre: job failed") < strstr(r.err, " rows in, "));
        process_result_fini(&r);
        free(job);
        dir_end(dir);
    }
}

static void rows_are_counted_since_the_last_restart_and_the_line_says_so(void)
{
    struct process process;
    struct process_result r;
    char *dir = run_endless("50ms", "delay = \"10ms\";", NULL, &process);
    run_await_file(dir, "snap/2");
    kill(run_await_child(process.pid), SIGKILL);
    CU_ASSERT_TRUE(process_await_err(&process, "restart 1 of 10", RUN_PATIENCE_MS));
    run_await_child(process.pid);
    run_nap_ms(200);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    check_end(r.err, "gyre: ", " 0 bad, 0 late, since the last restart");
    process_result_fini(&r);
    dir_end(dir);
}

static void a_report_on_standard_error_is_all_there_is(void)
{
    struct process_result r;
    char *dir = dir_temp();
    run(dir,
        "job = \"a\"; operators = ( { id = \"in\"; op = \"gen.sequence\"; to = 10; },\n"
        "  { id = \"o\"; op = \"std.null\"; input = \"in\"; } );\n",
        &(struct run_options){.arguments = ARGV("--report", "-")}, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_TRUE(run_is_json(r.err));
    process_result_fini(&r);
    dir_end(dir);
}

/* ---- bad rows ---- */

/* Reads numbers from `rows`, and says what standard error says; free() it. */
static char *skipped(const char *rows, const char *on_error, const char *more)
{
    struct process_result r;
    char *dir = dir_temp();
    char *job =
        text_format("job = \"skips\"; parallelism = 1; operators = (\n"
                    "  { id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\";\n"
                    "    schema = ( { name = \"n\"; type = \"i64\"; } ); on_error = \"%s\"; },\n"
                    "  %s { id = \"o\"; op = \"std.null\"; input = \"in\"; }\n"
                    ");\n",
                    on_error, more);
    run_write(dir, "in.csv", rows);
    run(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    char *err = strdup(r.err);
    process_result_fini(&r);
    free(job);
    dir_end(dir);
    return err;
}

static void that_all_rows_were_bad_and_skipped_is_not_to_be_overlooked(void)
{
    static const char errors[] = "{ id = \"e\"; op = \"std.null\"; input = \"in.errors\"; },";
    char *err = skipped("a\nb\nc\n", "skip", "");
    run_check_has(err, "gyre: warning: in (file.read): ALL 3 ROWS WERE BAD, and none came through");
    check_end(err, "gyre: skips finished in ", ": 3 rows in, 0 out, 3 bad, 0 late");
    free(err);
    err = skipped("a\n2\nc\n", "skip", "");
    CU_ASSERT_PTR_NULL(strstr(err, "ALL"));
    check_end(err, "gyre: skips finished in ", ": 3 rows in, 1 out, 2 bad, 0 late");
    free(err);
    err = skipped("", "skip", "");
    CU_ASSERT_PTR_NULL(strstr(err, "ALL"));
    free(err);
    err = skipped("a\nb\n", "port", errors);
    CU_ASSERT_PTR_NULL(strstr(err, "ALL"));
    check_end(err, "gyre: skips finished in ", ": 2 rows in, 2 out, 2 bad, 0 late");
    free(err);
}

/* In the middle of a job, in several tasks, and in a function that the host runs. */
static void operators_that_skip_all_are_named_wherever_they_are(void)
{
    struct process_result r;
    char *dir = dir_temp();
    run(dir,
        "job = \"skips\"; parallelism = 3; operators = (\n"
        "  { id = \"in\"; op = \"run_sources.numbers\"; count = 3000; },\n"
        "  { id = \"all\"; op = \"run_faults.picky\"; input = \"in\"; on_error = \"skip\"; },\n"
        "  { id = \"some\"; op = \"run_faults.bad\"; input = \"in\"; on_error = \"skip\"; },\n"
        "  { id = \"o\"; op = \"std.null\"; input = \"some\"; },\n"
        "  { id = \"p\"; op = \"std.null\"; input = \"all\"; }\n"
        ");\n",
        NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    run_check_has(r.err, "all (run_faults.picky): ALL 3000 ROWS WERE BAD");
    CU_ASSERT_EQUAL(run_count(r.err, "ROWS WERE BAD"), 1);
    process_result_fini(&r);
    dir_end(dir);
}

/* ---- no end ---- */

static void a_batch_over_a_source_without_an_end_is_warned_of(void)
{
    static const struct {
        const char *source;
        bool endless;
    } cases[] = {
        {"\"gen.events\";", true},
        {"\"gen.events\"; count = 10;", false},
        {"\"gen.sequence\"; to = 10;", false},
        {"\"net.read\"; port = 9;", true},
        {"\"file.read\"; path = \"job.cfg\";", false},
        {"\"file.read\"; path = \"job.cfg\"; follow = true;", true},
        {"\"file.read\"; path = \"job.c*\"; follow = true;", true},
    };
    char *program = build_path("gyre");
    for (size_t i = 0; i < 2 * (sizeof cases / sizeof cases[0]); i++) {
        struct process_result r;
        bool batch = i % 2 == 0;
        char *dir = dir_temp();
        char *job = text_format("job = \"a\"; mode = \"%s\";\noperators = (\n"
                                "  { id = \"in\"; op = %s },\n"
                                "  { id = \"o\"; op = \"std.null\"; input = \"in\"; }\n);\n",
                                batch ? "batch" : "stream", cases[i / 2].source);
        run_write(dir, "job.cfg", job);
        process_run(&(struct process_spec){.argv = ARGV(program, "check", "job.cfg"), .cwd = dir},
                    &r);
        CU_ASSERT_EQUAL(r.status, 0);
        bool warned = strstr(r.err, "job.cfg:3: in: ") != NULL && strstr(r.err, "has no end here");
        if (warned != (batch && cases[i / 2].endless))
            printf("%s: %s\n", job, r.err);
        CU_ASSERT_EQUAL(warned, batch && cases[i / 2].endless);
        process_result_fini(&r);
        free(job);
        dir_end(dir);
    }
    free(program);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_run_ends_with_one_line_that_counts_its_rows),
    SUITE_TEST(a_run_that_is_stopped_says_so),
    SUITE_TEST(a_run_that_fails_says_so_below_the_failure),
    SUITE_TEST(rows_are_counted_since_the_last_restart_and_the_line_says_so),
    SUITE_TEST(a_report_on_standard_error_is_all_there_is),
    SUITE_TEST(that_all_rows_were_bad_and_skipped_is_not_to_be_overlooked),
    SUITE_TEST(operators_that_skip_all_are_named_wherever_they_are),
    SUITE_TEST(a_batch_over_a_source_without_an_end_is_warned_of),
};
SUITE_MAIN("run_end", tests)
