/* The report of a run, and that standard output is the job's alone. */
#include "run_job.h"
#include "run_watch.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 50000, KEYS = 100 };

static const struct run_options reported = {.arguments = ARGV("--report", "report.json")};

static const char job[] =
    "job = \"figures\"; parallelism = 2;\n"
    "operators = (\n"
    "  { id = \"in\"; op = \"gen.events\"; keys = 100; count = 50000; out_of_order = \"10us\"; },\n"
    "  { id = \"half\"; op = \"run_ops.keep\"; of = 2; rest = 0; input = \"in\"; },\n"
    "  { id = \"sums\"; op = \"std.sum\"; input = \"half\"; key = \"key\"; field = \"value\"; },\n"
    "  { id = \"out\"; op = \"file.write\"; input = \"sums\"; path = \"-\"; },\n"
    "  { id = \"none\"; op = \"std.null\"; input = \"in\"; }\n"
    ");\n";

/* Runs the job and returns its report; `rows` gets how many it wrote. */
static char *figures(struct process_result *r)
{
    char *dir = dir_temp();
    run_job(dir, job, &reported, r);
    CU_ASSERT_EQUAL(r->status, 0);
    CU_ASSERT_STRING_EQUAL(r->err, "");
    char *report = run_read(dir, "report.json");
    dir_remove(dir);
    free(dir);
    return report;
}

static void a_report_is_json_and_tells_of_the_whole_job(void)
{
    struct process_result r;
    char *report = figures(&r);
    CU_ASSERT_TRUE(run_is_json(report));
    CU_ASSERT_PTR_NOT_NULL(strstr(report, "{\"job\": \"figures\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(report, "\"status\": \"finished\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(report, "\"mode\": \"stream\""));
    CU_ASSERT_PTR_NOT_NULL(strstr(report, "\"snapshots\": []"));
    double wall_s = run_report(report, NULL, "wall_seconds");
    double memory = run_report(report, NULL, "peak_memory_bytes");
    double workers = run_report(report, NULL, "workers");
    CU_ASSERT_TRUE(wall_s > 0 && wall_s <= (double)r.wall_us / 1e6);
    CU_ASSERT_TRUE(memory > 1e6 && memory <= (double)r.maxrss_kib * 1024);
    CU_ASSERT_TRUE(workers >= 1 && workers <= 2);
    process_result_fini(&r);
    free(report);
}

static void rows_and_bytes_of_every_operator_add_up(void)
{
    static const char *const ids[] = {"in", "half", "sums", "out", "none"};
    struct process_result r;
    char *report = figures(&r);
    double rows = (double)run_count_lines(r.out);
    CU_ASSERT_TRUE(rows > 0.45 * ROWS && rows < 0.55 * ROWS);
    CU_ASSERT_EQUAL(run_report(report, "in", "rows_in"), 0);
    CU_ASSERT_EQUAL(run_report(report, "in", "rows_out"), ROWS);
    CU_ASSERT_EQUAL(run_report(report, "in", "bytes_out"), ROWS * 24.0);
    CU_ASSERT_EQUAL(run_report(report, "half", "rows_in"), ROWS);
    CU_ASSERT_EQUAL(run_report(report, "half", "bytes_in"), ROWS * 24.0);
    CU_ASSERT_EQUAL(run_report(report, "half", "rows_out"), rows);
    CU_ASSERT_EQUAL(run_report(report, "sums", "rows_in"), rows);
    CU_ASSERT_EQUAL(run_report(report, "sums", "rows_out"), rows);
    CU_ASSERT_EQUAL(run_report(report, "sums", "bytes_out"), rows * 16);
    CU_ASSERT_EQUAL(run_report(report, "out", "rows_in"), rows);
    CU_ASSERT_EQUAL(run_report(report, "out", "rows_out"), 0);
    CU_ASSERT_EQUAL(run_report(report, "none", "rows_in"), ROWS);
    const char *before = report;
    for (int i = 0; i < 5; i++) { /* in the order of the job file */
        char *mark = text_format("\"id\": \"%s\"", ids[i]);
        CU_ASSERT_PTR_NOT_NULL_FATAL(before = strstr(before, mark));
        CU_ASSERT_EQUAL(run_report(report, ids[i], "late_rows"), 0);
        CU_ASSERT_EQUAL(run_report(report, ids[i], "failed_rows"), 0);
        CU_ASSERT_TRUE(i == 0 || run_report(report, ids[i], "batches_in") >= ROWS / 2 / 1024);
        free(mark);
    }
    process_result_fini(&r);
    free(report);
}

static void state_time_and_watermarks_are_plausible(void)
{
    struct process_result r;
    char *report = figures(&r);
    double wall_s = run_report(report, NULL, "wall_seconds");
    double busy_s = run_report(report, "sums", "chain_busy_seconds");
    CU_ASSERT_TRUE(busy_s > 0 && busy_s <= 2 * wall_s);
    CU_ASSERT_EQUAL(run_report(report, "sums", "state_entries"), KEYS);
    CU_ASSERT_TRUE(run_report(report, "sums", "state_bytes") >= KEYS * 16);
    CU_ASSERT_EQUAL(run_report(report, "half", "state_entries"), 0);
    CU_ASSERT_EQUAL(run_report(report, "out", "parallelism"), 1);
    CU_ASSERT_EQUAL(run_report(report, "sums", "watermark_us"), 2 * 9223372036854775807.0);
    process_result_fini(&r);
    free(report);
}

static void the_same_rows_are_reported_at_every_parallelism(void)
{
    for (int p = 1; p <= 9; p += 4) {
        char *dir = dir_temp(), *n = text_format("%d", p);
        struct process_result r;
        run_job(dir, job, &(struct run_options){.arguments = ARGV("-p", n, "--report", "r")}, &r);
        char *report = run_read(dir, "r");
        CU_ASSERT_EQUAL(run_report(report, "half", "parallelism"), p);
        CU_ASSERT_EQUAL(run_report(report, "none", "rows_in"), ROWS);
        CU_ASSERT_EQUAL(run_report(report, "sums", "state_entries"), KEYS);
        process_result_fini(&r);
        dir_remove(dir);
        free(report);
        free(dir);
        free(n);
    }
}

static void a_report_that_could_not_be_written_is_refused_at_the_start(void)
{
    static const struct {
        const char *path, *says;
    } cases[] = {
        {"none/report.json", "gyre run: --report none/report.json: No such file or directory\n"},
        {".", "gyre run: --report .: Is a directory\n"},
        {"job.cfg/report.json", "gyre run: --report job.cfg/report.json: Not a directory\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *dir = dir_temp();
        struct process_result r;
        run_job(dir, job, &(struct run_options){.arguments = ARGV("--report", cases[i].path)}, &r);
        CU_ASSERT_EQUAL(r.status, 2);
        CU_ASSERT_STRING_EQUAL(r.err, cases[i].says);
        CU_ASSERT_STRING_EQUAL(r.out, "");
        process_result_fini(&r);
        dir_remove(dir);
        free(dir);
    }
}

/* What an earlier run reported is not taken for this one's. */
static void a_run_that_ends_without_a_word_is_reported_as_running(void)
{
    char *dir = dir_temp();
    struct process_result r;
    run_no_core_dumps();
    run_write(dir, "report.json", "{\"job\": \"earlier\"}\n");
    run_job(dir,
            "job = \"crash\"; parallelism = 1;\n"
            "operators = (\n"
            "  { id = \"in\"; op = \"gen.sequence\"; to = 9999; },\n"
            "  { id = \"c\"; op = \"run_poison.poison\"; input = \"in\"; at = 5000; },\n"
            "  { id = \"out\"; op = \"std.null\"; input = \"c\"; }\n"
            ");\n",
            &reported, &r);
    CU_ASSERT_EQUAL(r.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "gyre: job failed: a plugin crashed\n"));
    char *report = run_read(dir, "report.json");
    CU_ASSERT_TRUE(run_is_json(report));
    CU_ASSERT_PTR_NOT_NULL(strstr(report, "{\"job\": \"crash\",\n  \"status\": \"running\""));
    free(report);
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
}

static void a_mistake_in_the_job_leaves_the_report_alone(void)
{
    char *dir = dir_temp();
    struct process_result r;
    run_write(dir, "report.json", "earlier\n");
    run_job(dir,
            "job = \"wrong\"; operators = (\n"
            "  { id = \"in\"; op = \"gen.sequence\"; to = 10; },\n"
            "  { id = \"out\"; op = \"std.nul\"; input = \"in\"; }\n"
            ");\n",
            &reported, &r);
    CU_ASSERT_EQUAL(r.status, 2);
    char *report = run_read(dir, "report.json");
    CU_ASSERT_STRING_EQUAL(report, "earlier\n");
    free(report);
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
}

static void standard_output_is_the_jobs_alone(void)
{
    char *dir = dir_temp();
    struct process_result r;
    run_job(dir,
            "job = \"alone\"; parallelism = 2;\n"
            "operators = (\n"
            "  { id = \"in\"; op = \"run_sources.numbers\"; count = 100; },\n"
            "  { id = \"it\"; op = \"run_faults.bad\"; on_error = \"skip\"; input = \"in\"; },\n"
            "  { id = \"out\"; op = \"file.write\"; input = \"it\"; path = \"-\"; }\n"
            ");\n",
            &(struct run_options){.arguments = ARGV("--report", "-")}, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(run_count_lines(r.out), 50);
    for (const char *at = r.out; *at != 0; at++)
        CU_ASSERT_PTR_NOT_NULL_FATAL(strchr("0123456789,\n", *at));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "\"failed_rows\"")); /* the report went there */
    process_result_fini(&r);
    run_job(dir,
            "job = \"silent\"; operators = (\n"
            "  { id = \"in\"; op = \"gen.sequence\"; to = 1000; },\n"
            "  { id = \"out\"; op = \"std.null\"; input = \"in\"; }\n"
            ");\n",
            NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, "");
    CU_ASSERT_STRING_EQUAL(r.err, "");
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_report_is_json_and_tells_of_the_whole_job),
    SUITE_TEST(rows_and_bytes_of_every_operator_add_up),
    SUITE_TEST(state_time_and_watermarks_are_plausible),
    SUITE_TEST(the_same_rows_are_reported_at_every_parallelism),
    SUITE_TEST(a_report_that_could_not_be_written_is_refused_at_the_start),
    SUITE_TEST(a_run_that_ends_without_a_word_is_reported_as_running),
    SUITE_TEST(a_mistake_in_the_job_leaves_the_report_alone),
    SUITE_TEST(standard_output_is_the_jobs_alone),
};
SUITE_MAIN("run_report", tests)
