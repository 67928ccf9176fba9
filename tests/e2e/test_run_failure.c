/* What a job says and leaves behind when it fails while it runs. */
#include "run_job.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static const struct run_options reported = {.arguments = ARGV("--report", "report.json")};

static void check_has(const char *text, const char *part)
{
    bool has = strstr(text, part) != NULL;
    if (!has)
        fprintf(stderr, "--- this\n%s--- does not say\n%s\n", text, part);
    CU_ASSERT_TRUE(has);
}

/* Runs a job that must fail: exit 1, nothing on standard output, a block that names the job,
 * operator "it" of plugin run_faults, and `callback`. What it said: free() it. */
static char *check_failure(const char *dir, const char *job, const char *op, const char *callback)
{
    struct process_result r;
    run_job(dir, job, &reported, &r);
    char *path = build_path("fixtures/run_faults.so");
    char *who = text_format("\n  operator: it (run_faults.%s), task ", op);
    char *plugin = text_format("\n  plugin:   %s\n  callback: %s", path, callback);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_STRING_EQUAL(r.out, "");
    check_has(r.err, "gyre: job failed");
    check_has(r.err, "\n  job:      falls\n");
    check_has(r.err, who);
    check_has(r.err, plugin);
    char *err = strdup(r.err);
    process_result_fini(&r);
    free(who);
    free(plugin);
    free(path);
    return err;
}

/* A job whose operator "it" is `op` with `options`; it also has the sinks out/ and -. */
static char *job_text(const char *source, const char *op, const char *options)
{
    return text_format(
        "job = \"falls\"; mode = \"batch\"; parallelism = 3;\n"
        "operators = (\n"
        "  { id = \"in\"; op = %s },\n"
        "  { id = \"it\"; op = \"run_faults.%s\"; input = \"in\"; %s },\n"
        "  { id = \"n\"; op = \"std.count\"; input = \"it\"; },\n"
        "  { id = \"total\"; op = \"file.write\"; input = \"n\"; path = \"-\"; },\n"
        "  { id = \"rows\"; op = \"file.write\"; input = \"it\"; path = \"out/\"; }\n"
        ");\n",
        source, op, options);
}

#define NUMBERS "\"run_sources.numbers\"; count = 30000;"

/* No part, seen or not. A folder that the sink has made goes again where nothing had come to it. */
static void check_nothing_shown(const char *dir)
{
    char *folder = path_join(dir, "out");
    CU_ASSERT_TRUE(dir_count(folder) <= 0);
    free(folder);
}

static void every_code_that_a_callback_returns_fails_the_job_with_its_text(void)
{
    static const char *const codes[] = {"EINVAL",  "ENOMEM", "EIO",   "EROW",     "ECORRUPT",
                                        "ENOTSUP", "ERETRY", "EFAIL", "ECONTRACT"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        char *dir = dir_temp();
        char *options = text_format("code = \"%s\"; at = 5000;", codes[i]);
        char *job = job_text(NUMBERS, "fail", options);
        char *err = check_failure(dir, job, "fail", "process\n");
        check_has(err, "\n  what:     told to fail\n");
        check_has(err, " of 3\n");
        char *report = run_read(dir, "report.json");
        check_has(report, "\"status\": \"failed\"");
        check_nothing_shown(dir);
        dir_remove(dir);
        free(report);
        free(options);
        free(job);
        free(err);
        free(dir);
    }
}

static void a_failure_without_a_text_is_told_all_the_same(void)
{
    static const char *const codes[] = {"EFAIL", "ENOMEM"};
    static const char *const says[] = {"failed without saying why", "out of memory"};
    for (int i = 0; i < 2; i++) {
        char *dir = dir_temp();
        char *options = text_format("code = \"%s\"; text = \"\";", codes[i]);
        char *job = job_text(NUMBERS, "fail", options);
        char *err = check_failure(dir, job, "fail", "process\n");
        check_has(err, says[i]);
        dir_remove(dir);
        free(options);
        free(job);
        free(err);
        free(dir);
    }
}

static void a_failure_names_the_callback_it_came_from(void)
{
    static const char *const callbacks[] = {"open", "process", "flush", "on_watermark"};
    for (int i = 0; i < 4; i++) {
        char *dir = dir_temp();
        char *options = text_format("in = \"%s\"; parallelism = %d;", callbacks[i], 1 + i);
        char *callback = text_format("%s\n", callbacks[i]);
        char *job = job_text(NUMBERS, "fail", options);
        char *err = check_failure(dir, job, "fail", callback);
        check_has(err, "\n  what:     told to fail\n");
        check_nothing_shown(dir);
        dir_remove(dir);
        free(callback);
        free(options);
        free(job);
        free(err);
        free(dir);
    }
}

/* A source that is blocked in a read must not keep the job from ending; it is by the time of the
 * third row. */
static void a_failure_ends_a_job_whose_source_is_blocked(void)
{
    char *dir = dir_temp();
    int fifo = run_fifo(dir, "fifo");
    char *job = text_format("job = \"falls\"; parallelism = 2;\n"
                            "operators = (\n"
                            "  { id = \"pipe\"; op = \"run_sources.pipe\"; path = \"fifo\"; },\n"
                            "  { id = \"in\"; op = \"gen.sequence\"; to = 10; rate = 10.0; },\n"
                            "  { id = \"it\"; op = \"run_faults.fail\"; input = \"in\"; at = 3;\n"
                            "    parallelism = 1; },\n"
                            "  { id = \"a\"; op = \"std.null\"; input = \"it\"; },\n"
                            "  { id = \"b\"; op = \"std.null\"; input = \"pipe\"; }\n"
                            ");\n");
    free(check_failure(dir, job, "fail", "process\n"));
    (void)fifo;
    dir_remove(dir);
    free(job);
    free(dir);
}

static void a_sink_that_cannot_be_written_fails_the_job(void)
{
    char *dir = dir_temp();
    struct process_result r;
    run_write(dir, "file", "not a folder");
    run_job(dir,
            "job = \"falls\"; operators = (\n"
            "  { id = \"in\"; op = \"gen.sequence\"; to = 9; },\n"
            "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"file/out\"; }\n"
            ");\n",
            NULL, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    check_has(r.err, "\n  operator: out (file.write), task 0 of 1\n");
    check_has(r.err, "Not a directory");
    process_result_fini(&r);
    run_job(dir,
            "job = \"falls\"; operators = (\n"
            "  { id = \"in\"; op = \"gen.sequence\"; to = 900000; },\n"
            "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"/dev/full\"; }\n"
            ");\n",
            NULL, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    check_has(r.err, "No space left");
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
}

/* The signal that comes with the limit would end the process without a word. */
static void a_file_that_becomes_too_large_fails_the_job(void)
{
    static const char *const settings[] = {"", "snapshot = { every = \"1h\"; dir = \"snap\"; };"};
    struct rlimit limit;
    CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = 256 * 1024;
    for (int i = 0; i < 2; i++) {
        struct process_result r;
        char *dir = dir_temp();
        char *job =
            text_format("job = \"falls\"; %s operators = (\n"
                        "  { id = \"in\"; op = \"gen.sequence\"; to = 900000; },\n"
                        "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"o\"; }\n"
                        ");\n",
                        settings[i]);
        CU_ASSERT_EQUAL_FATAL(setrlimit(RLIMIT_FSIZE, &limit), 0);
        run_job(dir, job, NULL, &r);
        CU_ASSERT_EQUAL(r.status, 1);
        check_has(r.err, "\n  operator: out (file.write), task ");
        check_has(r.err, "File too large");
        process_result_fini(&r);
        dir_remove(dir);
        free(job);
        free(dir);
    }
}

/* ---- bad rows ---- */

static void a_bad_row_fails_the_job_and_is_shown(void)
{
    char *dir = dir_temp();
    char *job = job_text(NUMBERS, "bad", "of = 20000; rest = 12345;");
    char *err = check_failure(dir, job, "bad", "process\n");
    check_has(err, "\n  what:     12345 is a bad number\n");
    check_has(err, "\n  row:      {\"key\":5,\"value\":12345}\n");
    check_nothing_shown(dir);
    dir_remove(dir);
    free(job);
    free(err);
    free(dir);
}

static void a_long_bad_row_is_cut_at_1_kib(void)
{
    char *dir = dir_temp(), *row = malloc(3001);
    memset(row, 'x', 3000);
    row[3000] = 0;
    char *text = text_format("%.990s\n", row), *longer = text_format("%s\n", row);
    char *job = job_text("\"file.read\"; path = \"rows\"; parallelism = 1;", "picky", "");
    run_write(dir, "rows", text);
    char *err = check_failure(dir, job, "picky", "process\n");
    char *whole = text_format("\n  row:      {\"line\":\"%.990s\"}\n", row);
    check_has(err, whole);
    free(err);
    run_write(dir, "rows", longer);
    err = check_failure(dir, job, "picky", "process\n");
    char *cut = text_format("\n  row:      {\"line\":\"%.*s...\n", 1024 - 9, row);
    check_has(err, cut);
    dir_remove(dir);
    free(whole);
    free(cut);
    free(err);
    free(job);
    free(text);
    free(longer);
    free(row);
    free(dir);
}

static void bad_rows_are_skipped_and_counted(void)
{
    char *dir = dir_temp();
    struct process_result r;
    char *job = job_text(NUMBERS, "bad", "of = 10; rest = 3; on_error = \"skip\";");
    run_job(dir, job, &reported, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, "27000\n");
    check_has(r.err, "it[");
    check_has(r.err, "is a bad number");
    CU_ASSERT_TRUE(run_count_lines(r.err) <= 3); /* not one per row */
    char *report = run_read(dir, "report.json");
    CU_ASSERT_EQUAL(run_report(report, "it", "failed_rows"), 3000);
    CU_ASSERT_EQUAL(run_report(report, "it", "rows_in"), 30000);
    CU_ASSERT_EQUAL(run_report(report, "n", "rows_in"), 27000);
    CU_ASSERT_EQUAL(run_report(report, "rows", "rows_in"), 27000);
    free(report);
    process_result_fini(&r);
    dir_remove(dir);
    free(job);
    free(dir);
}

static void bad_rows_go_out_by_the_errors_port(void)
{
    char *dir = dir_temp();
    struct process_result r;
    run_job(dir,
            "job = \"port\"; mode = \"batch\"; parallelism = 2;\n"
            "operators = (\n"
            "  { id = \"in\"; op = \"run_sources.numbers\"; count = 20000; },\n"
            "  { id = \"it\"; op = \"run_faults.bad\"; of = 10; rest = 3; on_error = \"port\";\n"
            "    input = \"in\"; },\n"
            "  { id = \"n\"; op = \"std.count\"; input = \"it\"; },\n"
            "  { id = \"bad\"; op = \"file.write\"; input = \"it.errors\"; path = \"bad.csv\";\n"
            "    header = true; },\n"
            "  { id = \"out\"; op = \"file.write\"; input = \"n\"; path = \"-\"; }\n"
            ");\n",
            &reported, &r);
    char *bad = run_read(dir, "bad.csv"), *report = run_read(dir, "report.json");
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, "18000\n");
    CU_ASSERT_EQUAL(strncmp(bad, "error,row\n", 10), 0);
    CU_ASSERT_EQUAL(run_count_lines(bad), 2001);
    for (int i = 3; i < 20000; i += 1000 - 10) {
        char *line =
            text_format("\n%d is a bad number,\"{\"\"key\"\":3,\"\"value\"\":%d}\"\n", i, i);
        check_has(bad, line);
        free(line);
    }
    CU_ASSERT_EQUAL(run_report(report, "it", "failed_rows"), 2000);
    free(report);
    free(bad);
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
}

static void a_csv_row_that_does_not_fit_its_schema_is_a_bad_row(void)
{
    static const char *const says[] = {"fail", "skip", "port"};
    for (int i = 0; i < 3; i++) {
        char *dir = dir_temp();
        struct process_result r;
        char *job = text_format(
            "job = \"csv\"; operators = (\n"
            "  { id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\"; on_error = "
            "\"%s\";\n"
            "    schema = ( {name = \"a\"; type = \"str\";}, {name = \"b\"; type = \"i64\";} ); "
            "},\n"
            "%s  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"-\"; }\n);\n",
            says[i],
            i < 2 ? ""
                  : "  { id = \"bad\"; op = \"file.write\"; input = \"in.errors\"; path = "
                    "\"bad.csv\"; },\n");
        run_write(dir, "in.csv", "x,1\ny,two\nz,3\n");
        run_job(dir, job, NULL, &r);
        CU_ASSERT_EQUAL(r.status, i == 0);
        if (i == 0)
            check_has(r.err, "\n  row:      y,two\n");
        else
            CU_ASSERT_STRING_EQUAL(r.out, "x,1\nz,3\n");
        if (i == 2) {
            char *bad = run_read(dir, "bad.csv");
            check_has(bad, ",\"y,two\"\n");
            free(bad);
        }
        process_result_fini(&r);
        dir_remove(dir);
        free(job);
        free(dir);
    }
}

/* ---- crashes ---- */

static void no_core_dumps(void)
{
    setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
}

static void check_crash(const char *by, const char *in, const char *says)
{
    char *dir = dir_temp();
    char *options = text_format("by = \"%s\"; in = \"%s\"; at = 5000;", by, in);
    char *job = job_text(NUMBERS, "crash", options);
    no_core_dumps();
    char *err = check_failure(dir, job, "crash", in);
    check_has(err, says);
    CU_ASSERT_FALSE(run_exists(dir, "out/part-0-0"));
    CU_ASSERT_FALSE(run_exists(dir, "out/part-1-0"));
    CU_ASSERT_FALSE(run_exists(dir, "out/part-2-0"));
    dir_remove(dir);
    free(options);
    free(job);
    free(err);
    free(dir);
}

static void a_crash_names_the_plugin_and_the_callback(void)
{
    static const char *const callbacks[] = {"open", "process", "flush", "on_watermark"};
    for (int i = 0; i < 4; i++) {
        check_crash("segv", callbacks[i], "SIGSEGV");
        check_crash("abort", callbacks[i], "SIGABRT");
        check_crash("division", callbacks[i], "SIGFPE");
    }
}

static void an_overflow_of_the_stack_is_told_like_any_crash(void)
{
    if (RUN_SANITIZED)
        suite_skip("sanitizers have a way of their own with stacks");
    check_crash("stack", "open", "SIGSEGV");
    check_crash("stack", "process", "SIGSEGV");
}

static const struct suite_test tests[] = {
    SUITE_TEST(every_code_that_a_callback_returns_fails_the_job_with_its_text),
    SUITE_TEST(a_failure_without_a_text_is_told_all_the_same),
    SUITE_TEST(a_failure_names_the_callback_it_came_from),
    SUITE_TEST(a_failure_ends_a_job_whose_source_is_blocked),
    SUITE_TEST(a_sink_that_cannot_be_written_fails_the_job),
    SUITE_TEST(a_file_that_becomes_too_large_fails_the_job),
    SUITE_TEST(a_bad_row_fails_the_job_and_is_shown),
    SUITE_TEST(a_long_bad_row_is_cut_at_1_kib),
    SUITE_TEST(bad_rows_are_skipped_and_counted),
    SUITE_TEST(bad_rows_go_out_by_the_errors_port),
    SUITE_TEST(a_csv_row_that_does_not_fit_its_schema_is_a_bad_row),
    SUITE_TEST(a_crash_names_the_plugin_and_the_callback),
    SUITE_TEST(an_overflow_of_the_stack_is_told_like_any_crash),
};
SUITE_MAIN("run_failure", tests)
