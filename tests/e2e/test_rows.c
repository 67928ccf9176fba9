/* Random rows of all types through files and back: each field of each row is compared with what it
 * was (tests/fixtures/random_rows.c). GYRE_BIG=1: 10 million rows each. And records of CSV that are
 * too long, in pieces of all sizes. */
#include "base/rng.h"
#include "run_job.h"
#include "support/suite.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BIG_ROWS     10000000
#define USUAL_ROWS   20000
#define BIG_SECONDS  1500
#define BIG_WAIT_MS  (BIG_SECONDS * 1000 / 2)
#define FIELD(n, t)  "{name=\"" n "\"; type=\"" t "\";}"
#define FIELD0(n, t) "{name=\"" n "\"; type=\"" t "\"; nullable=true;}"
#define SCHEMA                                                                                                                                                                  \
    "schema = (" FIELD0("sn", "str") "," FIELD("b", "bool") "," FIELD0("bn", "bool") "," FIELD("i", "i32") "," FIELD0("in", "i32") "," FIELD("l", "i64") "," FIELD0(            \
        "ln",                                                                                                                                                                   \
        "i64") "," FIELD("f",                                                                                                                                                   \
                         "f64") "," FIELD0("fn",                                                                                                                                \
                                           "f64") "," FIELD("t",                                                                                                                \
                                                            "time") "," FIELD0("tn",                                                                                            \
                                                                               "time") "," FIELD("s",                                                                           \
                                                                                                 "str") "," FIELD("x",                                                          \
                                                                                                                  "bytes") "," FIELD0("xn",                                     \
                                                                                                                                      "bytes") "," FIELD("id",                  \
                                                                                                                                                         "i64") "," FIELD0("z", \
                                                                                                                                                                           "str") ");"

/* One way through a file. */
struct way {
    const char *format;
    const char *written; /* further options of file.write and file.read */
    const char *read;
    const char *text; /* of random_rows */
    int readers;      /* tasks that read; with several, rows come in any order */
};

static int rows_wanted(void)
{
    const char *big = getenv("GYRE_BIG");
    return big != NULL && big[0] == '1' ? BIG_ROWS : USUAL_ROWS;
}

static void run(const char *dir, const char *job, struct process_result *result)
{
    char *program = build_path("gyre"), *fixtures = build_path("fixtures");
    run_write(dir, "job.cfg", job);
    process_run(&(struct process_spec){.argv = ARGV(program, "run", "job.cfg", "--plugin-path",
                                                    fixtures, "--report", "report.json"),
                                       .cwd = dir,
                                       .timeout_ms = BIG_WAIT_MS},
                result);
    free(program);
    free(fixtures);
}

static void run_ok(const char *dir, const char *job)
{
    struct process_result result;
    run(dir, job, &result);
    if (result.status != 0)
        printf("%s", result.err);
    CU_ASSERT_EQUAL_FATAL(result.status, 0);
    process_result_fini(&result);
}

static void write_rows(const char *dir, const struct way *way, int rows)
{
    char *job = text_format("job = \"write\"; mode = \"batch\"; parallelism = 1; operators = ("
                            "{ id = \"in\"; op = \"random_rows.rows\"; seed = 7; count = %d;"
                            " text = \"%s\"; }, "
                            "{ id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"rows\";"
                            " format = \"%s\"; %s });",
                            rows, way->text, way->format, way->written);
    run_ok(dir, job);
    free(job);
}

/* The job that reads them and expects those of `seed`. */
static char *reading(const struct way *way, int rows, int seed)
{
    return text_format(
        "job = \"read\"; mode = \"batch\"; parallelism = %d; operators = ("
        "{ id = \"in\"; op = \"file.read\"; path = \"rows\"; format = \"%s\"; %s %s },"
        "{ id = \"out\"; op = \"random_rows.same\"; input = \"in\"; seed = %d;"
        " count = %d; text = \"%s\"; any_order = %s; });",
        way->readers, way->format, way->read, SCHEMA, seed, rows, way->text,
        way->readers > 1 ? "true" : "false");
}

static void come_back(const struct way *way)
{
    int rows = rows_wanted();
    char *dir = dir_temp(), *job = reading(way, rows, 7);
    write_rows(dir, way, rows);
    run_ok(dir, job);
    char *report = run_read(dir, "report.json");
    CU_ASSERT_EQUAL(run_report(report, "out", "rows_in"), rows);
    dir_remove(dir);
    free(report);
    free(job);
    free(dir);
}

static void random_rows_come_back_from_csv(void)
{
    come_back(&(struct way){"csv", "", "", "any", 1});
}

static void random_rows_come_back_from_csv_with_a_header(void)
{
    come_back(&(struct way){"csv", "header = true;", "header = true;", "any", 1});
}

static void random_rows_come_back_from_json_in_order(void)
{
    come_back(&(struct way){"json", "", "", "json", 1});
}

static void random_rows_come_back_from_json_that_several_tasks_read(void)
{
    come_back(&(struct way){"json", "", "", "json", 3});
}

/* Reads what was written with another seed, or fewer rows: that must be seen. */
static void other_rows_are_told_from_those_that_were_written(void)
{
    static const struct way way = {"csv", "", "", "any", 1};
    static const struct {
        int rows, seed;
        const char *said;
    } cases[] = {{100, 8, "row 0: field `"},
                 {101, 7, "100 rows came instead of 101"},
                 {99, 7, "row 99 should not come"}};
    char *dir = dir_temp();
    write_rows(dir, &way, 100);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct process_result result;
        char *job = reading(&way, cases[i].rows, cases[i].seed);
        run(dir, job, &result);
        CU_ASSERT_EQUAL(result.status, 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(result.err, cases[i].said));
        if (strstr(result.err, cases[i].said) == NULL)
            printf("%s", result.err);
        process_result_fini(&result);
        free(job);
    }
    dir_remove(dir);
    free(dir);
}

/* ---- records beyond row_max ---- */

enum { LONG_SEEDS = 12, LONG_RECORDS = 60, ROW_MAX = 64 };
#define LONG_JOB                                                                                   \
    "job = \"long\"; mode = \"batch\"; parallelism = 1; operators = ("                             \
    "{ id = \"in\"; op = \"file.read\"; path = \"rows\"; format = \"csv\"; row_max = \"64B\";"     \
    " on_error = \"port\"; schema = (" FIELD("k", "i64") "," FIELD(                                \
        "s", "str") "); },"                                                                        \
                    "{ id = \"good\"; op = \"file.write\"; input = \"in\"; path = \"good\"; },"    \
                    "{ id = \"bad\"; op = \"file.write\"; input = \"in.errors\"; path = \"bad\"; " \
                    "format = \"json\"; });"

/* Puts a quoted text of `n` bytes whose inside looks like the ends and the begins of rows. */
static void put_quoted(FILE *text, struct gy_rng *rng, size_t n)
{
    static const char *const pieces[] = {"\n",           "\n7,no row\n", "\"\"", ",",
                                         "\"\"\n8,\"\"", "\r\n",         "x"};
    size_t used = 0;
    fputc('"', text);
    while (used < n) {
        const char *piece = pieces[gy_rng_below(rng, sizeof pieces / sizeof pieces[0])];
        fputs(piece, text);
        used += strlen(piece);
    }
    fputc('"', text);
}

/* Puts `k` and a plain field, `n` bytes in all. */
static void put_plain(FILE *text, int k, int n)
{
    int digits = fprintf(text, "%03d,", k);
    for (int i = digits; i < n; i++)
        fputc('a' + i % 26, text);
}

/* Writes records that are good, too long, or both too long and wrong; the good ones to `good` as
 * well, as file.write does. The number of bad ones. */
static int write_records(FILE *text, FILE *good, struct gy_rng *rng)
{
    int bad = 0;
    for (int k = 100; k < 100 + LONG_RECORDS; k++) {
        const char *end = gy_rng_below(rng, 2) ? "\r\n" : "\n";
        uint64_t kind = gy_rng_below(rng, 6);
        if (kind <= 1) { /* up to the last byte that may be, and the first that may not */
            int n = kind == 0 ? ROW_MAX - (int)gy_rng_below(rng, 2) * 40 : ROW_MAX + 1;
            put_plain(text, k, n);
            if (kind == 0) {
                put_plain(good, k, n);
                fputc('\n', good);
            }
            bad += kind == 1;
        } else if (kind == 2) {
            fprintf(text, "%d,\"a\n\"\"b\"", k);
            fprintf(good, "%d,\"a\n\"\"b\"\n", k);
        } else {
            bad++;
            fprintf(text, "%d,", k);
            put_quoted(text, rng, ROW_MAX + gy_rng_below(rng, 600));
            if (kind == 3)
                fputs("no end,\"of a field", text);
            if (kind == 4)
                fputs("\r,", text);
        }
        fputs(end, text);
    }
    return bad;
}

/* Writes into the pipe in pieces, each when what came before has been read. */
static void feed(int fd, const char *bytes, size_t n, size_t piece_max, struct gy_rng *rng)
{
    while (n > 0) {
        size_t piece = 1 + gy_rng_below(rng, piece_max);
        int left = 1;
        piece = piece < n ? piece : n;
        CU_ASSERT_EQUAL_FATAL(write(fd, bytes, piece), (ssize_t)piece);
        while (ioctl(fd, FIONREAD, &left) == 0 && left != 0)
            sched_yield();
        bytes += piece;
        n -= piece;
    }
}

static void compare(const char *dir, const char *name, const char *expected)
{
    char *text = run_read(dir, name);
    CU_ASSERT_STRING_EQUAL(text, expected);
    free(text);
}

static void read_in_pieces(uint64_t seed, const char *text, const char *good, const char *bad)
{
    struct process process;
    struct process_result result;
    struct gy_rng rng;
    char *dir = dir_temp();
    int fd = run_fifo(dir, "rows");
    gy_rng_init(&rng, seed);
    run_start(dir, LONG_JOB, NULL, &process);
    feed(fd, text, strlen(text), (size_t)1 << seed % 10, &rng);
    close(fd);
    process_wait(&process, &result);
    CU_ASSERT_EQUAL(result.status, 0);
    compare(dir, "good", good);
    compare(dir, "bad", bad);
    process_result_fini(&result);
    dir_remove(dir);
    free(dir);
}

static void a_record_beyond_row_max_is_one_bad_row_to_its_end_in_whatever_pieces_it_comes(void)
{
    for (uint64_t seed = 0; seed < LONG_SEEDS; seed++) {
        struct process_result result;
        struct gy_rng rng;
        char *dir = dir_temp(), *text = NULL, *good = NULL;
        size_t text_size, good_size;
        FILE *text_file = open_memstream(&text, &text_size);
        FILE *good_file = open_memstream(&good, &good_size);
        gy_rng_init(&rng, seed);
        int n_bad = write_records(text_file, good_file, &rng);
        fclose(text_file);
        fclose(good_file);
        run_write(dir, "rows", text);
        run_job(dir, LONG_JOB, NULL, &result);
        CU_ASSERT_EQUAL_FATAL(result.status, 0);
        compare(dir, "good", good);
        char *bad = run_read(dir, "bad");
        CU_ASSERT_EQUAL(run_count_lines(bad), (uint64_t)n_bad);
        read_in_pieces(seed, text, good, bad);
        process_result_fini(&result);
        dir_remove(dir);
        free(dir);
        free(text);
        free(good);
        free(bad);
    }
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(random_rows_come_back_from_csv, BIG_SECONDS),
    SUITE_TEST_WITHIN(random_rows_come_back_from_csv_with_a_header, BIG_SECONDS),
    SUITE_TEST_WITHIN(random_rows_come_back_from_json_in_order, BIG_SECONDS),
    SUITE_TEST_WITHIN(random_rows_come_back_from_json_that_several_tasks_read, BIG_SECONDS),
    SUITE_TEST(a_record_beyond_row_max_is_one_bad_row_to_its_end_in_whatever_pieces_it_comes),
    SUITE_TEST(other_rows_are_told_from_those_that_were_written),
};
SUITE_MAIN("rows", tests)
