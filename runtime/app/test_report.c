/* See test_report.h. */
#include "app/test_report.h"

#include "app/cli.h"
#include "base/say.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

/* ---- text ---- */

static const char *const words[] = {
    [GY_TEST_PASSED] = "pass", [GY_TEST_FAILED] = "FAIL", [GY_TEST_BROKEN] = "FAIL"};

static void say_indented(struct gy_buf *lines)
{
    const char *text = gy_buf_cstr(lines);
    for (const char *at = text; at != NULL && *at != '\0';) {
        size_t n = strcspn(at, "\n");
        gy_say(stdout, "  ");
        gy_say_lines(stdout, at, n);
        gy_say(stdout, "\n");
        at += n + (at[n] == '\n');
    }
}

static void say_test(const struct gy_job *job, const struct gy_test *test,
                     struct gy_test_result *result)
{
    char wall[GY_NUMBER_MAX];
    int64_t us = result->wall_us;
    gy_text_format_duration(wall, us >= 1000 ? us / 1000 * 1000 : us);
    gy_say(stdout, "%s  %s: %s (%s)\n", words[result->verdict], job->name, test->set->name, wall);
    if (result->verdict != GY_TEST_PASSED) {
        say_indented(&result->why);
        if (result->log.len > 0)
            gy_say(stdout, "  it printed:\n");
        say_indented(&result->log);
    }
    fflush(stdout);
}

/* ---- JUnit ---- */

/* XML 1.0 has no control characters, not even escaped; what is no UTF-8 becomes U+FFFD. */
static void put_xml(struct gy_buf *b, const char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        int len = gy_text_utf8(p + i, n - i);
        uint8_t c = (uint8_t)p[i];
        if (c == '<' || c == '>' || c == '&' || c == '"')
            gy_buf_printf(b, "&#%u;", c);
        else if (len < 0 || (c < 0x20 && c != '\n' && c != '\t'))
            gy_buf_text(b, "\xef\xbf\xbd");
        else
            gy_buf_bytes(b, p + i, (size_t)len);
        i += (size_t)(len < 0 ? -len : len);
    }
}

static void put_attribute(struct gy_buf *b, const char *name, const char *text, size_t n)
{
    gy_buf_printf(b, " %s=\"", name);
    put_xml(b, text, n);
    gy_buf_text(b, "\"");
}

static void put_time(struct gy_buf *b, int64_t us)
{
    gy_buf_printf(b, " time=\"%lld.%06lld\"", (long long)(us / 1000000), (long long)(us % 1000000));
}

static void put_case(struct gy_buf *b, const struct gy_job *job, const struct gy_test *test,
                     struct gy_test_result *result)
{
    const char *tag = result->verdict == GY_TEST_BROKEN ? "error" : "failure";
    const char *why = result->why.len > 0 ? (const char *)result->why.data : "";
    gy_buf_text(b, "    <testcase");
    put_attribute(b, "name", test->set->name, strlen(test->set->name));
    put_attribute(b, "classname", job->name, strlen(job->name));
    put_attribute(b, "file", test->set->at->file, strlen(test->set->at->file));
    gy_buf_printf(b, " line=\"%d\"", test->set->at->line);
    put_time(b, result->wall_us);
    if (result->verdict == GY_TEST_PASSED) {
        gy_buf_text(b, "/>\n");
        return;
    }
    const char *line = memchr(why, '\n', result->why.len);
    gy_buf_printf(b, ">\n      <%s", tag);
    put_attribute(b, "message", why, line != NULL ? (size_t)(line - why) : result->why.len);
    gy_buf_text(b, ">");
    put_xml(b, why, result->why.len);
    gy_buf_printf(b, "</%s>\n", tag);
    if (result->log.len > 0) {
        gy_buf_text(b, "      <system-err>");
        put_xml(b, (const char *)result->log.data, result->log.len);
        gy_buf_text(b, "</system-err>\n");
    }
    gy_buf_text(b, "    </testcase>\n");
}

static void put_suite(struct gy_test_report *report, const struct gy_job *job)
{
    struct gy_buf *b = &report->suites;
    gy_buf_text(b, "  <testsuite");
    put_attribute(b, "name", job->file, strlen(job->file));
    gy_buf_printf(b, " tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"", report->in_job,
                  report->failed_in_job - report->broken_in_job, report->broken_in_job);
    put_time(b, report->job_us);
    gy_buf_text(b, ">\n");
    gy_buf_bytes(b, report->cases.data, report->cases.len);
    gy_buf_text(b, "  </testsuite>\n");
    b->failed |= report->cases.failed;
    gy_buf_reset(&report->cases);
}

static void say_junit(struct gy_test_report *report)
{
    struct gy_buf head = {0};
    gy_buf_printf(&head,
                  "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                  "<testsuites tests=\"%zu\" failures=\"%zu\" errors=\"%zu\"",
                  report->passed + report->failed, report->failed - report->broken, report->broken);
    put_time(&head, report->wall_us);
    gy_buf_text(&head, ">\n");
    gy_say_data(stdout, head.data, head.len);
    gy_say_data(stdout, report->suites.data, report->suites.len);
    gy_say(stdout, "</testsuites>\n");
    gy_buf_fini(&head);
}

/* ---- both ---- */

void gy_test_report_add(struct gy_test_report *report, const struct gy_job *job,
                        const struct gy_test *test, struct gy_test_result *result)
{
    bool passed = result->verdict == GY_TEST_PASSED;
    report->passed += passed;
    report->failed += !passed;
    report->in_job++;
    report->failed_in_job += !passed;
    report->broken += result->verdict == GY_TEST_BROKEN;
    report->broken_in_job += result->verdict == GY_TEST_BROKEN;
    report->wall_us += result->wall_us;
    report->job_us += result->wall_us;
    if (report->junit)
        put_case(&report->cases, job, test, result);
    else
        say_test(job, test, result);
}

void gy_test_report_job(struct gy_test_report *report, const struct gy_job *job)
{
    if (report->junit)
        put_suite(report, job);
    report->in_job = report->failed_in_job = report->broken_in_job = 0;
    report->job_us = 0;
}

int gy_test_report_end(struct gy_test_report *report)
{
    int status = report->failed > 0 ? GY_EXIT_FAILED : GY_EXIT_OK;
    if (report->junit && report->suites.failed) {
        gy_say(stderr, "gyre test: no memory for the report\n");
        status = GY_EXIT_FAILED;
    } else if (report->junit) {
        say_junit(report);
    } else {
        gy_say(stdout, "%zu passed, %zu failed\n", report->passed, report->failed);
    }
    gy_buf_fini(&report->cases);
    gy_buf_fini(&report->suites);
    return gy_cli_end(status);
}
