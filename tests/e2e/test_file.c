/* Files of CSV and of JSON lines from outside: what is written is what is read, in whatever ranges;
 * bad rows; a file that is followed. GYRE_BIG=1: 10 million rows. */
#include "base/rng.h"
#include "run_job.h"
#include "suite.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELD(name, type) "{name=\"" name "\"; type=\"" type "\"; nullable=true;}"
#define SCHEMA                                                                                     \
    "schema = (" FIELD("d", "f64") "," FIELD("b", "bool") "," FIELD("i", "i32") "," FIELD(         \
        "l", "i64") "," FIELD("t", "time") "," FIELD("s", "str") "," FIELD("x", "bytes") ");"

/* ---- random rows ---- */

static double random_double(struct gy_rng *rng)
{
    static const double special[] = {0.0,
                                     -0.0,
                                     5e-324,
                                     2.2250738585072014e-308,
                                     1e22,
                                     0.1,
                                     1e16,
                                     1.7976931348623157e308,
                                     1e-5,
                                     123.5,
                                     9007199254740993.0,
                                     -4503599627370496.5};
    uint64_t bits = gy_rng_next(rng);
    double v;
    switch (gy_rng_below(rng, 4)) {
    case 0: return special[gy_rng_below(rng, sizeof special / sizeof special[0])];
    case 1: return (double)(int64_t)gy_rng_below(rng, 2000000) / 100 - 10000;
    case 2: return gy_rng_double(rng);
    default: memcpy(&v, &bits, sizeof v); return isfinite(v) ? v : -1.5;
    }
}

static void put_integer(FILE *file, struct gy_rng *rng, int64_t min, int64_t max)
{
    uint64_t kind = gy_rng_below(rng, 8);
    int64_t v = (int64_t)gy_rng_next(rng);
    if (max != INT64_MAX)
        v = (int32_t)v;
    v = kind == 0 ? min : kind == 1 ? max : kind == 2 ? 0 : kind == 3 ? v % 1000 : v;
    fprintf(file, "%lld", (long long)v);
}

/* A string of pieces that trouble one format or the other, quoted where CSV asks for it. */
static void put_string(FILE *file, struct gy_rng *rng)
{
    static const char *const pieces[] = {"a",
                                         "plain text",
                                         ",",
                                         "\"",
                                         "\n",
                                         "\r\n",
                                         "\\",
                                         "\\u0041",
                                         "\t",
                                         "\x01",
                                         "\x1f",
                                         "\x7f",
                                         "caf\xc3\xa9",
                                         "\xe2\x82\xac",
                                         "\xf0\x9f\x98\x80",
                                         "{}",
                                         "null",
                                         "true",
                                         "/",
                                         " ",
                                         "\xef\xbb\xbf"};
    char text[512] = "";
    for (uint64_t n = gy_rng_below(rng, 8); n > 0; n--)
        strcat(text, pieces[gy_rng_below(rng, sizeof pieces / sizeof pieces[0])]);
    bool quoted =
        text[0] == 0 || strpbrk(text, ",\"\r\n") != NULL || strncmp(text, "\xef\xbb\xbf", 3) == 0;
    if (!quoted) {
        fputs(text, file);
        return;
    }
    fputc('"', file);
    for (const char *c = text; *c != 0; c++)
        fputs(*c == '"' ? "\"\"" : (char[]){*c, 0}, file);
    fputc('"', file);
}

static void put_base64(FILE *file, struct gy_rng *rng)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const char *const ends[] = {"", "Zg==", "Zm8="};
    uint64_t groups = gy_rng_below(rng, 10), end = gy_rng_below(rng, 3);
    if (groups == 0 && end == 0)
        fputs("\"\"", file);
    for (uint64_t i = 0; i < 4 * groups; i++)
        fputc(digits[gy_rng_below(rng, 64)], file);
    fputs(ends[end], file);
}

/* Writes rows as CSV as file.write should, but for the doubles: those have 17 digits. */
static void write_rows(const char *path, uint64_t rows, uint64_t seed)
{
    struct gy_rng rng;
    FILE *file = fopen(path, "w");
    gy_rng_init(&rng, seed);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    for (uint64_t row = 0; row < rows; row++) {
        uint64_t nulls = gy_rng_next(&rng) & gy_rng_next(&rng) & gy_rng_next(&rng);
        for (int field = 0; field < 7; field++) {
            if (field != 0)
                fputc(',', file);
            if ((nulls >> field & 1) != 0)
                continue;
            switch (field) {
            case 0: fprintf(file, "%.17g", random_double(&rng)); break;
            case 1: fputs(gy_rng_below(&rng, 2) ? "true" : "false", file); break;
            case 2: put_integer(file, &rng, INT32_MIN, INT32_MAX); break;
            case 3:
            case 4: put_integer(file, &rng, INT64_MIN, INT64_MAX); break;
            case 5: put_string(file, &rng); break;
            default: put_base64(file, &rng); break;
            }
        }
        fputc('\n', file);
    }
    CU_ASSERT_EQUAL_FATAL(fclose(file), 0);
}

/* True where two files of CSV hold the same: doubles of the same bits, and the rest byte for byte;
 * and no double is longer in the second, but for an exponent. */
static bool same_rows(const char *a, const char *b)
{
    bool at_start = true, in_quotes = false;
    while (*a != 0 && *b != 0) {
        if (at_start && *a != ',') {
            char *end_a, *end_b;
            double x = strtod(a, &end_a), y = strtod(b, &end_b);
            if (memcmp(&x, &y, sizeof x) != 0 || end_b - b > end_a - a + 5)
                return false;
            a = end_a;
            b = end_b;
        }
        if (*a != *b)
            return false;
        in_quotes ^= *a == '"';
        at_start = *a == '\n' && !in_quotes;
        a++;
        b++;
    }
    return *a == *b;
}

/* However long it takes: 10 million rows do. */
static void run_ok(const char *dir, const char *job)
{
    struct process_result result;
    char *program = build_path("gyre");
    run_write(dir, "job.cfg", job);
    process_run(&(struct process_spec){.argv = ARGV(program, "run", "job.cfg"),
                                       .cwd = dir,
                                       .timeout_ms = 600000},
                &result);
    if (result.status != 0)
        printf("%s", result.err);
    CU_ASSERT_EQUAL_FATAL(result.status, 0);
    process_result_fini(&result);
    free(program);
}

#define READ(path, format, more)                                                                   \
    "{ id = \"in\"; op = \"file.read\"; path = \"" path "\"; format = \"" format "\"; " more " }," \
    " "
#define WRITE(id, path, format)                                                                    \
    "{ id = \"" id "\"; op = \"file.write\"; input = \"in\"; path = \"" path                       \
    "\"; format = \"" format "\"; }"
#define JOB(parallelism, operators)                                                                \
    "job = \"files\"; mode = \"batch\"; parallelism = " parallelism "; operators = (" operators ");"

static void compare(const char *dir, const char *one, const char *other, bool in_order)
{
    char *a = run_read(dir, one), *b = run_read(dir, other);
    if (in_order) {
        CU_ASSERT_EQUAL(strcmp(a, b), 0);
    } else {
        char *sorted_a = run_sorted(a), *sorted_b = run_sorted(b);
        CU_ASSERT_EQUAL(strcmp(sorted_a, sorted_b), 0);
        free(sorted_a);
        free(sorted_b);
    }
    free(a);
    free(b);
}

static void random_rows_go_through_csv_and_json_unchanged(void)
{
    const char *big = getenv("GYRE_BIG");
    uint64_t rows = big != NULL && big[0] == '1' ? 10000000 : 200000;
    char *dir = dir_temp(), *path = path_join(dir, "raw.csv");
    write_rows(path, rows, 7);
    run_ok(dir, JOB("1", READ("raw.csv", "csv", SCHEMA)
                             WRITE("a", "a.csv", "csv") "," WRITE("b", "a.json", "json")));
    char *raw = run_read(dir, "raw.csv"), *csv = run_read(dir, "a.csv");
    CU_ASSERT_FATAL(same_rows(raw, csv));
    free(raw);
    free(csv);
    char *json = run_read(dir, "a.json");
    CU_ASSERT_EQUAL(run_count_lines(json), rows);
    CU_ASSERT(strlen(json) > 20u << 20); /* several ranges */
    free(json);
    run_ok(dir, JOB("1", READ("a.json", "json", SCHEMA) WRITE("a", "b.csv", "csv")));
    compare(dir, "a.csv", "b.csv", true);
    run_ok(dir, JOB("3", READ("a.json", "json", SCHEMA) WRITE("a", "b.json", "json")));
    compare(dir, "a.json", "b.json", false);
    dir_remove(dir);
    free(path);
    free(dir);
}

/* Rows of 64 bytes, the first one longer by `more`: so the cut at 8 MiB falls at the begin of a row,
 * or that far behind it. */
static void write_cut_rows(const char *dir, int more, uint64_t rows)
{
    char *in = path_join(dir, "in"), *wanted = path_join(dir, "wanted");
    FILE *file = fopen(in, "w"), *expected = fopen(wanted, "w");
    for (uint64_t row = 0; row < rows; row++) {
        char text[128];
        int n = sprintf(text, "{\"l\":%llu}", (unsigned long long)row);
        int size = 63 + (row == 0 ? more : 0);
        memset(text + n, ' ', (size_t)(size - n));
        text[size] = 0;
        fprintf(file, "%s\n", text);
        fprintf(expected, ",,,%llu,,,\n", (unsigned long long)row);
    }
    fclose(file);
    fclose(expected);
    free(in);
    free(wanted);
}

static void a_row_at_the_cut_of_two_ranges_is_read_once(void)
{
    static const int cuts[] = {0, 1, 2, 32, 62, 63};
    for (size_t i = 0; i < sizeof cuts / sizeof cuts[0]; i++) {
        char *dir = dir_temp();
        write_cut_rows(dir, cuts[i], (8 << 20) / 64 + 100);
        run_ok(dir, JOB("1", READ("in", "json", SCHEMA) WRITE("a", "out", "csv")));
        compare(dir, "wanted", "out", true);
        dir_remove(dir);
        free(dir);
    }
}

/* At the start of a file it would be taken for the file's own. */
static void a_text_that_begins_with_a_byte_order_mark_is_quoted(void)
{
    char *dir = dir_temp();
    run_write(dir, "in", "\xef\xbb\xbf\xef\xbb\xbfone\n\xef\xbb\nt\xef\xbb\xbfwo\n");
    run_ok(dir, JOB("1", READ("in", "lines", "") WRITE("a", "out", "csv")));
    char *out = run_read(dir, "out");
    CU_ASSERT_STRING_EQUAL(out, "\"\xef\xbb\xbfone\"\n\xef\xbb\nt\xef\xbb\xbfwo\n");
    free(out);
    dir_remove(dir);
    free(dir);
}

/* ---- what JSON cannot say ---- */

static void json_has_null_for_nan_and_a_replacement_for_what_is_no_utf8(void)
{
    char *dir = dir_temp();
    run_write(dir, "in.csv",
              "nan,true,1,2,3,a\xff"
              "b,Zg==\ninf,,,,,\xe2\x82,\n-inf,,,,,\xed\xa0\x80\xf0\x9f\x98,\n"
              "0.1,,,,,\"\"\"\\\x01\t\n\r\",\n");
    run_ok(dir, JOB("1", READ("in.csv", "csv", SCHEMA) WRITE("a", "out", "json")));
    char *out = run_read(dir, "out");
    CU_ASSERT_STRING_EQUAL(
        out, "{\"d\":null,\"b\":true,\"i\":1,\"l\":2,\"t\":3,\"s\":\"a\xef\xbf\xbd"
             "b\",\"x\":\"Zg==\"}\n"
             "{\"d\":null,\"b\":null,\"i\":null,\"l\":null,\"t\":null,\"s\":\"\xef\xbf\xbd\",\"x\":"
             "null}\n"
             "{\"d\":null,\"b\":null,\"i\":null,\"l\":null,\"t\":null,"
             "\"s\":\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\",\"x\":null}\n"
             "{\"d\":0.1,\"b\":null,\"i\":null,\"l\":null,\"t\":null,"
             "\"s\":\"\\\"\\\\\\u0001\\t\\n\\r\",\"x\":null}\n");
    free(out);
    dir_remove(dir);
    free(dir);
}

/* ---- bad rows ---- */

static void bad_rows_go_where_on_error_says_and_are_counted(void)
{
    const char *const report[] = {"--report", "report.json", NULL};
    const struct run_options options = {.arguments = report};
    struct process_result result;
    char *dir = dir_temp();
    run_write(dir, "in.json", "{\"i\":1}\n{\"i\":\"x, \\\"y\\\"\"}\nnonsense\n{\"i\":2}\n");
    run_job(dir,
            JOB("1", READ("in.json", "json", "on_error = \"port\"; " SCHEMA)
                         WRITE("a", "out", "json") ",{ id = \"e\"; op = \"file.write\"; input = "
                                                   "\"in.errors\"; path = \"bad\"; }"),
            &options, &result);
    CU_ASSERT_EQUAL(result.status, 0);
    process_result_fini(&result);
    char *bad = run_read(dir, "bad"), *json = run_read(dir, "report.json");
    CU_ASSERT_PTR_NOT_NULL(strstr(bad, ",\"{\"\"i\"\":\"\"x, \\\"\"y\\\"\"\"\"}\"\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(bad, ",nonsense\n"));
    CU_ASSERT_EQUAL(run_count_lines(bad), 2);
    CU_ASSERT_EQUAL(run_report(json, "in", "failed_rows"), 2);
    free(bad);
    free(json);
    run_job(dir, JOB("1", READ("in.json", "json", SCHEMA) WRITE("a", "out", "json")), NULL,
            &result);
    CU_ASSERT_EQUAL(result.status, 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, "field `i`"));
    process_result_fini(&result);
    dir_remove(dir);
    free(dir);
}

static void a_header_may_come_late_and_names_what_is_needed_once(void)
{
    static const struct {
        const char *text, *comes, *says;
    } files[] = {
        {"\n\r\n\xef\xbb\xbf\nd,l\n", NULL, "has no field"},
        {"\n\r\nl,s,other,other\n7,x,,\n", "7,x\n", NULL},
        {"\xef\xbb\xbf\r\nl,s\r\n7,x\r\n", "7,x\n", NULL},
        {"l,s,l\n1,x,2\n", NULL, "in: its header names the field `l` twice"},
    };
    char *dir = dir_temp();
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        struct process_result result;
        run_write(dir, "in", files[i].text);
        run_job(dir,
                JOB("1", READ("in", "csv",
                              "header = true; schema = (" FIELD("l", "i64") "," FIELD(
                                  "s", "str") ");") WRITE("a", "-", "csv")),
                NULL, &result);
        CU_ASSERT_EQUAL(result.status == 0, files[i].comes != NULL);
        if (files[i].comes != NULL)
            CU_ASSERT_STRING_EQUAL(result.out, files[i].comes);
        if (files[i].says != NULL)
            CU_ASSERT_PTR_NOT_NULL(strstr(result.err, files[i].says));
        process_result_fini(&result);
    }
    dir_remove(dir);
    free(dir);
}

static void options_that_do_not_go_together_are_refused(void)
{
    static const struct {
        const char *job, *says;
    } cases[] = {
        {JOB("1", READ("in", "json", "header = true; " SCHEMA) WRITE("a", "out", "json")),
         "header"},
        {JOB("1", READ("in", "json", "") WRITE("a", "out", "json")), "\"json\" needs a schema"},
        {JOB("1",
             READ("in", "csv", "follow = true; header = true; " SCHEMA) WRITE("a", "out", "csv")),
         "cannot be followed"},
        {JOB("1", READ("-", "lines", "follow = true;") WRITE("a", "out", "csv")), "follow"},
    };
    char *dir = dir_temp();
    run_write(dir, "in", "");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct process_result result;
        run_job(dir, cases[i].job, NULL, &result);
        CU_ASSERT_EQUAL(result.status, 2);
        if (strstr(result.err, cases[i].says) == NULL)
            printf("%s\n", result.err);
        CU_ASSERT_PTR_NOT_NULL(strstr(result.err, cases[i].says));
        process_result_fini(&result);
    }
    dir_remove(dir);
    free(dir);
}

/* ---- following ---- */

static void append(const char *path, const char *text)
{
    FILE *file = fopen(path, "a");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
}

static void a_followed_file_is_read_over_rotation_and_truncation_until_the_job_is_stopped(void)
{
    struct process process;
    struct process_result result;
    char *dir = dir_temp(), *path = path_join(dir, "log"), *old = path_join(dir, "log.1");
    append(path, "one\ntw");
    run_start(dir,
              "job = \"follow\"; parallelism = 2; operators = ("
              "{ id = \"in\"; op = \"file.read\"; path = \"log\"; follow = true; },"
              "{ id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"-\"; });",
              NULL, &process);
    CU_ASSERT(process_await_out(&process, "one\n", RUN_PATIENCE_MS));
    append(path, "o\nthree\n");
    CU_ASSERT(process_await_out(&process, "three\n", RUN_PATIENCE_MS));
    CU_ASSERT_EQUAL(rename(path, old), 0);
    append(old, "four\n");
    append(path, "five\n");
    CU_ASSERT(process_await_out(&process, "five\n", RUN_PATIENCE_MS));
    CU_ASSERT_EQUAL(truncate(path, 0), 0);
    append(path, "six\n");
    CU_ASSERT(process_await_out(&process, "six\n", RUN_PATIENCE_MS));
    CU_ASSERT_EQUAL(unlink(path), 0);
    append(path, "seven\n");
    CU_ASSERT(process_await_out(&process, "seven\n", RUN_PATIENCE_MS));
    process_signal(&process, SIGINT);
    process_wait(&process, &result);
    CU_ASSERT_EQUAL(result.status, 0);
    CU_ASSERT_STRING_EQUAL(result.out, "one\ntwo\nthree\nfour\nfive\nsix\nseven\n");
    process_result_fini(&result);
    dir_remove(dir);
    free(path);
    free(old);
    free(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(random_rows_go_through_csv_and_json_unchanged, 1200),
    SUITE_TEST(a_row_at_the_cut_of_two_ranges_is_read_once),
    SUITE_TEST(a_text_that_begins_with_a_byte_order_mark_is_quoted),
    SUITE_TEST(json_has_null_for_nan_and_a_replacement_for_what_is_no_utf8),
    SUITE_TEST(bad_rows_go_where_on_error_says_and_are_counted),
    SUITE_TEST(a_header_may_come_late_and_names_what_is_needed_once),
    SUITE_TEST(options_that_do_not_go_together_are_refused),
    SUITE_TEST(a_followed_file_is_read_over_rotation_and_truncation_until_the_job_is_stopped),
};

SUITE_MAIN("file", tests)
