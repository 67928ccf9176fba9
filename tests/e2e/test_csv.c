/* CSV as others write it: headers in place of a schema, types that are inferred, other delimiters and
 * quotes, times in other formats; and what `gyre check` says of all that. */
#include "base/rng.h"
#include "run_job.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOB(read, write)                                                                           \
    "job = \"csv\"; mode = \"batch\"; parallelism = 1; operators = (\n"                            \
    "{ id = \"in\"; op = \"file.read\"; path = \"in.csv\"; " read " },\n"                          \
    "{ id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"-\"; " write " });\n"
#define CSV             "format = \"csv\"; "
#define HEADED          CSV "header = true; "
#define ONE(name, type) "schema = ( {name=\"" name "\"; type=\"" type "\"; nullable=true;} ); "

/* What a job makes of a file; a mistake is found by `check`, with its line. */
struct reading {
    const char *job, *text;
    const char *comes; /* NULL: it fails */
    const char *says;  /* NULL: nothing */
};

static void expect(const struct reading *r)
{
    struct process_result result;
    char *dir = dir_temp();
    run_write(dir, "in.csv", r->text);
    run_job(dir, r->job, NULL, &result);
    if (r->comes != NULL && strcmp(result.out, r->comes) != 0)
        printf("%s\n is: %s%s\nnot: %s", r->job, result.out, result.err, r->comes);
    if (r->comes != NULL)
        CU_ASSERT_STRING_EQUAL(result.out, r->comes);
    if (r->says != NULL && strstr(result.err, r->says) == NULL)
        printf("%s\n is: %s\nnot: %s\n", r->job, result.err, r->says);
    CU_ASSERT(r->says == NULL || strstr(result.err, r->says) != NULL);
    CU_ASSERT_EQUAL(result.status == 0, r->comes != NULL);
    if (r->says != NULL && strstr(r->says, "job.cfg:") != NULL)
        CU_ASSERT_EQUAL(result.status, 2);
    process_result_fini(&result);
    dir_end(dir);
}

static void expect_all(const struct reading *readings, size_t n)
{
    for (size_t i = 0; i < n; i++)
        expect(&readings[i]);
}

#define EXPECT_ALL(readings) expect_all(readings, sizeof(readings) / sizeof *(readings))

static void a_header_stands_for_the_schema(void)
{
    static const struct reading readings[] = {
        {JOB(HEADED, "header = true;"), "\n\na,b\n", "a,b\n", NULL},
        {JOB(HEADED, "header = true;"),
         "\xef\xbb\xbf"
         "a,\"b \"\"c\"\"\",,d\r\n1,\"\",x,007\r\n,,,\r\n",
         "a,\"b \"\"c\"\"\",column3,d\n1,\"\",x,007\n\"\",\"\",\"\",\"\"\n", NULL},
        {JOB(HEADED, ""), "a,b,a\n1,2,3\n", NULL, "job.cfg:2: "},
        {JOB(HEADED, ""), "a,b,a\n1,2,3\n", NULL, "`a`"},
        {JOB(HEADED, ""), "", NULL, "job.cfg:2: file.read: in.csv: is empty, and has no header"},
        {JOB(HEADED, ""), "a,\"b\n", NULL,
         "job.cfg:2: header: in.csv: a quoted field is not closed"},
        {JOB(CSV, ""), "a\n", NULL,
         "format \"csv\" needs a schema = ( {name=\"...\"; type=\"...\";} ), "
         "or header = true"},
    };
    EXPECT_ALL(readings);
}

static void types_are_those_of_the_first_rows(void)
{
    static const struct reading readings[] = {
        {JOB(HEADED "types = \"infer\";", "format = \"json\";"),
         "i,f,b,t,zip,plus,big,mixed,none,q,s\n"
         "1,1.5,true,2025-01-02T03:04:05Z,007,+5,12345678901234567890,1,,\"7\",a\n"
         "-2,2,false,2025-01-02,10,6,1,x,,8,\"\"\n"
         "bad row\n"
         ",,,,,,,,,,\n",
         NULL, "1 fields instead of 11"},
        {JOB(HEADED "types = \"infer\"; on_error = \"skip\";", "format = \"json\";"),
         "i,f,b,t,zip,plus,big,mixed,none,q,s\n"
         "1,1.5,true,2025-01-02T03:04:05Z,007,+5,12345678901234567890,1,,\"7\",a\n"
         "-2,2,false,2025-01-02,10,6,1,x,,8,\"\"\n"
         "bad row\n"
         ",nan,,,,,,,,,\n",
         "{\"i\":1,\"f\":1.5,\"b\":true,\"t\":1735787045000000,\"zip\":\"007\",\"plus\":\"+5\","
         "\"big\":\"12345678901234567890\",\"mixed\":\"1\",\"none\":\"\",\"q\":7,\"s\":\"a\"}\n"
         "{\"i\":-2,\"f\":2,\"b\":false,\"t\":1735776000000000,\"zip\":\"10\",\"plus\":\"6\","
         "\"big\":\"1\",\"mixed\":\"x\",\"none\":\"\",\"q\":8,\"s\":\"\"}\n"
         "{\"i\":null,\"f\":null,\"b\":null,\"t\":null,\"zip\":\"\",\"plus\":\"\","
         "\"big\":\"\",\"mixed\":\"\",\"none\":\"\",\"q\":null,\"s\":\"\"}\n",
         NULL},
        {JOB(HEADED "types = \"infer\"; time_format = \"%d.%m.%Y\";", "time_format = \"iso\";"),
         "t,u\n02.01.2025,2025-01-02\n", "2025-01-02T00:00:00Z,2025-01-02\n", NULL},
        {JOB(HEADED "types = \"infer\"; " ONE("a", "str"), ""), "a\n", NULL,
         "job.cfg:2: types: types = \"infer\" is for format \"csv\" with header = true"},
        {JOB(CSV "types = \"infer\"; ", ""), "a\n", NULL, "job.cfg:2: types: "},
    };
    EXPECT_ALL(readings);
}

/* The row that does not fit comes long after those that are looked at. */
static void a_row_of_another_type_than_the_first_ones_is_bad(void)
{
    char *text = malloc(400000), *at = text + sprintf(text, "n\n");
    for (int i = 0; i < 50000; i++)
        at += sprintf(at, "%d\n", i % 10000);
    strcpy(at, "x\n");
    expect(&(struct reading){JOB(HEADED "types = \"infer\";", ""), text, NULL,
                             "field `n` \"x\" is no i64 (the type is that of the first rows: a "
                             "`schema` can say another)"});
    free(text);
}

static void check_tells_columns_that_are_missing_and_types_by_other_names(void)
{
    static const struct reading readings[] = {
        {JOB(HEADED ONE("pirce", "f64"), ""), "symbol,price\nA,1\n", NULL,
         "job.cfg:2: schema: in.csv: its header has no field `pirce`; it has `symbol`, `price`"},
        {JOB(HEADED ONE("a", "int"), ""), "a\n", NULL,
         "job.cfg:2: type: expected \"bool\", \"i32\", \"i64\", \"f64\", \"time\", \"str\" or "
         "\"bytes\", not \"int\": did "
         "you mean \"i64\"?"},
        {JOB(HEADED ONE("a", "String"), ""), "a\n", NULL, "did you mean \"str\"?"},
        {JOB(HEADED ONE("a", "float"), ""), "a\n", NULL, "did you mean \"f64\"?"},
        {JOB(HEADED ONE("a", "timestamp"), ""), "a\n", NULL, "did you mean \"time\"?"},
        {JOB(HEADED ONE("a", "boolean"), ""), "a\n", NULL, "did you mean \"bool\"?"},
        {JOB(HEADED ONE("a", "blob"), ""), "a\n", NULL, "did you mean \"bytes\"?"},
        {JOB(HEADED ONE("a", "integer"), ""), "a\n", NULL, "did you mean \"i64\"?"},
        {JOB(HEADED ONE("a", "int32"), ""), "a\n", NULL, "did you mean \"i32\"?"},
    };
    EXPECT_ALL(readings);
}

static void every_file_of_a_glob_is_checked(void)
{
    struct process_result result;
    char *dir = dir_temp();
    run_write(dir, "in1.csv", "a,b\n1,2\n");
    run_write(dir, "in2.csv", "b,a\n4,3\n");
    run_write(dir, "in3.csv", "b,c\n4,3\n");
    const char *job = "job = \"glob\"; mode = \"batch\"; parallelism = 1; operators = (\n"
                      "{ id = \"in\"; op = \"file.read\"; path = \"in[12].csv\"; " HEADED " },\n"
                      "{ id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"-\"; });\n";
    run_job(dir, job, NULL, &result);
    CU_ASSERT_STRING_EQUAL(result.out, "1,2\n3,4\n");
    process_result_fini(&result);
    const char *const three[] = {"--set", "in.path=in*.csv", NULL};
    run_job(dir, job, &(struct run_options){.arguments = three}, &result);
    CU_ASSERT_EQUAL(result.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, "in3.csv: its header has no field `a`"));
    process_result_fini(&result);
    dir_end(dir);
}

static void what_cannot_be_looked_at_needs_a_schema(void)
{
    struct process_result result;
    char *dir = dir_temp();
    int fd = run_fifo(dir, "in.csv");
    run_job(dir, JOB(HEADED, ""), NULL, &result);
    CU_ASSERT_EQUAL(result.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, "no regular file, and cannot be looked at before"));
    process_result_fini(&result);
    const char *const standard[] = {"--set", "in.path=-", NULL};
    run_job(dir, JOB(HEADED, ""), &(struct run_options){.arguments = standard}, &result);
    CU_ASSERT_EQUAL(result.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, "standard input cannot be looked at"));
    process_result_fini(&result);
    close(fd);
    dir_end(dir);
}

static void delimiters_and_quotes_can_be_others(void)
{
    static const struct reading readings[] = {
        {JOB(HEADED "delimiter = \";\";", "delimiter = \"\\t\"; header = true;"),
         "a;b\n1,5;\"x;y\"\n\"t\tu\";\n", "a\tb\n1,5\tx;y\n\"t\tu\"\t\"\"\n", NULL},
        {JOB(HEADED "delimiter = \"\\\\t\"; quote = \"'\";", "quote = \"'\";"),
         "a\tb\n'it''s'\t\"\n'x\ny'\t''\n", "'it''s',\"\n'x\ny',''\n", NULL},
        {JOB(HEADED "delimiter = \"|\"; quote = \"\";", ""), "a|b\n\"x|y\"\n",
         "\"\"\"x\",\"y\"\"\"\n", NULL},
        {JOB(HEADED "delimiter = \"aa\";", ""), "a\n", NULL,
         "job.cfg:2: delimiter: a delimiter is one byte"},
        {JOB(HEADED "delimiter = \"5\";", ""), "a\n", NULL,
         "job.cfg:2: delimiter: letters, digits"},
        {JOB(HEADED "quote = \",\";", ""), "a\n", NULL, "job.cfg:2: quote: a quote is one byte"},
        {JOB(HEADED, "quote = \"\";"), "a\n", NULL,
         "job.cfg:3: quote: what holds a delimiter cannot be written without quotes"},
        {JOB("delimiter = \";\";", ""), "a\n", NULL,
         "job.cfg:2: delimiter: it is for format \"csv\""},
        {JOB(HEADED, "format = \"json\"; quote = \"'\";"), "a\n", NULL,
         "job.cfg:3: quote: it is for format \"csv\""},
    };
    EXPECT_ALL(readings);
}

static void times_are_read_and_written_in_the_format_that_is_asked_for(void)
{
    static const struct reading readings[] = {
        {JOB(CSV ONE("t", "time"), ""), "1735787045123456\n2025-01-02T04:04:05.123456789+01:00\n",
         "1735787045123456\n1735787045123456\n", NULL},
        {JOB(CSV ONE("t", "time") "time_format = \"s\";", "time_format = \"ms\";"),
         "1735787045.5\n-1\n", "1735787045500\n-1000\n", NULL},
        {JOB(CSV ONE("t", "time") "time_format = \"%d.%m.%Y %H:%M\";",
             "time_format = \"%H:%M, %a\";"),
         "02.01.2025 03:04\n", "\"03:04, Thu\"\n", NULL},
        {JOB(CSV ONE("t", "time"), "time_format = \"iso\"; format = \"json\";"), "0\n1500000\n",
         "{\"t\":\"1970-01-01T00:00:00Z\"}\n{\"t\":\"1970-01-01T00:00:01.500Z\"}\n", NULL},
        {JOB("format = \"json\"; " ONE("t", "time"), ""),
         "{\"t\":5}\n{\"t\":\"1970-01-01T00:00:01Z\"}\n", "5\n1000000\n", NULL},
        {JOB("format = \"json\"; time_format = \"s\"; " ONE("t", "time"),
             "format = \"json\"; time_format = \"s\";"),
         "{\"t\":5.25}\n{\"t\":-1}\n", "{\"t\":5.25}\n{\"t\":-1}\n", NULL},
        {JOB(CSV ONE("t", "time"), ""), "yesterday\n", NULL,
         "field `t` \"yesterday\" is no time, expected \xc2\xb5s since the epoch, or ISO 8601 as "
         "in "
         "2025-01-02T03:04:05.678Z"},
        {JOB(CSV ONE("t", "time") "time_format = \"%d.%m.%Y\";", ""), "2025-01-02\n", NULL,
         "is no time, expected %d.%m.%Y"},
        {JOB("format = \"json\"; " ONE("t", "time"), ""), "{\"t\":\"5\"}\n", NULL,
         "field `t`: \"5\" is no time, expected"},
        {JOB(CSV ONE("t", "time") "time_format = \"unix\";", ""), "", NULL,
         "job.cfg:2: time_format: \"unix\" is none of \"us\", \"ms\""},
        {JOB(CSV ONE("t", "time") "time_format = \"%H:%M\";", ""), "", NULL,
         "job.cfg:2: time_format: \"%H:%M\" does not say which year it is"},
        {JOB(CSV ONE("t", "time"), "time_format = \"%Q\";"), "", NULL,
         "job.cfg:3: time_format: \"%Q\" has a directive that is none of"},
    };
    EXPECT_ALL(readings);
}

/* ---- what is written is what is read, whatever the style ---- */

static void random_rows_go_through_every_style_unchanged(void)
{
    static const char *const delimiters[] = {",", ";", "\\t", "|", " ", "/", "=", ":", "'", "\\\""};
    static const char *const quotes[] = {"\\\"", "'", "|", "`", "$", "\xff"};
    static const char *const formats[] = {"us", "ms", "s", "iso", "%F %T.%f", "%s'\\\"|;,/.%f"};
    static const char *const pieces[] = {"a", "",  ",", ";",  "\t", "|", " ",
                                         "/", "=", "'", "\"", "\n", "\r"};
    static const char schema[] =
        "schema = ( {name=\"s\"; type=\"str\";}, {name=\"x\"; type=\"bytes\";},"
        " {name=\"t\"; type=\"time\";}, {name=\"d\"; type=\"f64\";} ); format = \"csv\";";
    struct gy_rng rng;
    gy_rng_init(&rng, 11);
    for (int round = 0; round < 60; round++) {
        char *dir = dir_temp(), *path = path_join(dir, "in.csv"), *style = NULL;
        do {
            free(style);
            style = text_format("delimiter = \"%s\"; quote = \"%s\"; time_format = \"%s\";",
                                delimiters[gy_rng_below(&rng, 10)], quotes[gy_rng_below(&rng, 6)],
                                formats[gy_rng_below(&rng, 6)]);
            /* one and the same is refused */
        } while (strstr(style, "delimiter = \"/\"; quote = \"/\"") != NULL ||
                 strstr(style, "delimiter = \"|\"; quote = \"|\"") != NULL ||
                 strstr(style, "delimiter = \"'\"; quote = \"'\"") != NULL ||
                 strstr(style, "delimiter = \"\\\"\"; quote = \"\\\"\"") != NULL);
        FILE *file = fopen(path, "w");
        for (int row = 0; row < 100; row++) {
            fputs("\"", file);
            for (uint64_t n = gy_rng_below(&rng, 5); n > 0; n--) {
                const char *piece = pieces[gy_rng_below(&rng, sizeof pieces / sizeof *pieces)];
                fputs(strcmp(piece, "\"") == 0 ? "\"\"" : piece, file);
            }
            fprintf(file, "\",%s,%lld,%s\n", gy_rng_below(&rng, 2) ? "\"+/A=\"" : "Zm9v",
                    (long long)gy_rng_next(&rng) >> gy_rng_below(&rng, 50),
                    gy_rng_below(&rng, 2) ? "-1.5e-07" : "7");
        }
        fclose(file);
        char *job = text_format(
            "job = \"csv\"; mode = \"batch\"; parallelism = 1; operators = ("
            "{ id = \"in\"; op = \"file.read\"; path = \"in.csv\"; %s },"
            "{ id = \"plain\"; op = \"file.write\"; input = \"in\"; path = \"wanted\"; },"
            "{ id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"styled\"; %s });",
            schema, style);
        char *back =
            text_format("job = \"csv\"; mode = \"batch\"; parallelism = 1; operators = ("
                        "{ id = \"in\"; op = \"file.read\"; path = \"styled\"; %s %s },"
                        "{ id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"is\"; });",
                        schema, style);
        struct process_result result;
        run_job(dir, job, NULL, &result);
        CU_ASSERT_EQUAL(result.status, 0);
        process_result_fini(&result);
        run_job(dir, back, NULL, &result);
        if (result.status != 0)
            printf("%s\n%s\n", style, result.err);
        CU_ASSERT_EQUAL_FATAL(result.status, 0);
        process_result_fini(&result);
        char *wanted = run_read(dir, "wanted"), *is = run_read(dir, "is");
        if (strcmp(wanted, is) != 0)
            printf("%s\n", style);
        CU_ASSERT_EQUAL_FATAL(strcmp(wanted, is), 0);
        free(wanted);
        free(is);
        free(job);
        free(back);
        free(style);
        free(path);
        dir_end(dir);
    }
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_header_stands_for_the_schema),
    SUITE_TEST(types_are_those_of_the_first_rows),
    SUITE_TEST(a_row_of_another_type_than_the_first_ones_is_bad),
    SUITE_TEST(check_tells_columns_that_are_missing_and_types_by_other_names),
    SUITE_TEST(every_file_of_a_glob_is_checked),
    SUITE_TEST(what_cannot_be_looked_at_needs_a_schema),
    SUITE_TEST(delimiters_and_quotes_can_be_others),
    SUITE_TEST(times_are_read_and_written_in_the_format_that_is_asked_for),
    SUITE_TEST_WITHIN(random_rows_go_through_every_style_unchanged, 120),
};
SUITE_MAIN("csv", tests)
