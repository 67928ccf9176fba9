/* Random rows of all types through files and back: each field of each row is compared with what it
 * was (tests/fixtures/random_rows.c). GYRE_BIG=1: 10 million rows each. */
#include "run_job.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
                                                                                                                  "bytes") "," FIELD("xm",                                      \
                                                                                                                                     "bytes") "," FIELD("id",                   \
                                                                                                                                                        "i64") "," FIELD0("xn", \
                                                                                                                                                                          "bytes") ");"

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

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(random_rows_come_back_from_csv, BIG_SECONDS),
    SUITE_TEST_WITHIN(random_rows_come_back_from_csv_with_a_header, BIG_SECONDS),
    SUITE_TEST_WITHIN(random_rows_come_back_from_json_in_order, BIG_SECONDS),
    SUITE_TEST_WITHIN(random_rows_come_back_from_json_that_several_tasks_read, BIG_SECONDS),
    SUITE_TEST(other_rows_are_told_from_those_that_were_written),
};
SUITE_MAIN("rows", tests)
