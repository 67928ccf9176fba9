/* Values of every type, nulls among them, stay what they are: through exchanges, as keys, and in
 * a round trip through CSV. The file that is read is in the form that file.write gives it, so
 * what comes out is what went in, line by line. */
#include "run_job.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 3000, FIELDS = 9, VALUES_MAX = 10 };

struct field {
    const char *name, *type;
    bool nullable;
    const char *values[VALUES_MAX]; /* as CSV; NULL behind the last */
};

/* A null is the empty text. Values of `w` may hold anything. */
static const struct field fields[FIELDS] = {
    {"id", "i64", false, {NULL}},
    {"b", "bool", true, {"true", "", "false"}},
    {"n", "i32", true, {"2147483647", "", "-2147483648", "0", "-7"}},
    {"l", "i64", true, {"9223372036854775807", "-9223372036854775808", "0", "", "42"}},
    {"f", "f64", true, {"0.1", "3", "nan", "-inf", "", "1e+22", "5e-324", "-2.5", "inf"}},
    {"t", "time", true, {"1700000000000000", "", "-1", "0"}},
    {"s",
     "str",
     true,
     {"", "short", "\"\"", "twelve bytes", "thirteen byte", "\xff\xfe not UTF-8",
      "a string that is longer than what fits into a reference"}},
    {"w",
     "str",
     false,
     {"\"a,b\"", "\"say \"\"so\"\"\"", "\"two\nlines\"", "\"\"", "plain", " blank ",
      "\"quite a long text, with commas,,, and a \"\" in it\"", "\"cr\rhere\""}},
    {"y", "bytes", true, {"AAECAwQF", "", "\"\"", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYX", "/w=="}},
};

static uint32_t random_below(uint32_t *state, uint32_t n)
{
    *state = *state * 1664525 + 1013904223;
    return (*state >> 16) % n;
}

static size_t n_values(const struct field *field)
{
    size_t n = 0;
    while (n < VALUES_MAX && field->values[n] != NULL)
        n++;
    return n;
}

/* The values of row `id`, as indexes; the same ones each time. */
static void pick_row(uint32_t id, size_t *picks)
{
    uint32_t state = id * 2654435761u + 12345;
    for (size_t f = 1; f < FIELDS; f++)
        picks[f] = random_below(&state, (uint32_t)n_values(&fields[f]));
}

static char *csv_text(void)
{
    char *text = malloc(ROWS * 400), *at = text;
    for (uint32_t id = 0; id < ROWS; id++) {
        size_t picks[FIELDS];
        pick_row(id, picks);
        at += sprintf(at, "%u", id);
        for (size_t f = 1; f < FIELDS; f++)
            at += sprintf(at, ",%s", fields[f].values[picks[f]]);
        at = stpcpy(at, "\n");
    }
    return text;
}

static char *schema_text(void)
{
    char *text = strdup("schema = (");
    for (size_t f = 0; f < FIELDS; f++) {
        char *longer = text_format("%s%s {name = \"%s\"; type = \"%s\"; nullable = %s;}", text,
                                   f > 0 ? "," : "", fields[f].name, fields[f].type,
                                   fields[f].nullable ? "true" : "false");
        free(text);
        text = longer;
    }
    char *whole = text_format("%s);", text);
    free(text);
    return whole;
}

/* Runs a job that reads all the rows as "in" and writes "last" to out.csv; what that holds. */
static char *run_rows(const char *dir, const char *text, const char *mode, const char *middle)
{
    struct process_result r;
    char *schema = schema_text();
    char *job = text_format(
        "job = \"fields\"; mode = \"%s\"; parallelism = 3;\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\"; %s },\n"
        "%s"
        "  { id = \"out\"; op = \"file.write\"; input = \"last\"; path = \"out.csv\"; }\n"
        ");\n",
        mode, schema, middle);
    run_write(dir, "in.csv", text);
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    process_result_fini(&r);
    free(schema);
    free(job);
    return run_read(dir, "out.csv");
}

static void a_csv_file_is_written_as_it_was_read(void)
{
    char *dir = dir_temp(), *text = csv_text();
    char *out =
        run_rows(dir, text, "stream", "  { id = \"last\"; op = \"std.pass\"; input = \"in\"; },\n");
    char *in_lines = run_sorted(text), *out_lines = run_sorted(out);
    CU_ASSERT_TRUE(strcmp(in_lines, out_lines) == 0);
    free(in_lines);
    free(out_lines);
    free(out);
    out = run_rows(
        dir, text, "stream",
        "  { id = \"last\"; op = \"std.pass\"; input = \"in\"; partition = \"single\"; },\n");
    CU_ASSERT_TRUE(strcmp(out, text) == 0); /* one reader, one task: in order too */
    dir_remove(dir);
    free(out);
    free(text);
    free(dir);
}

/* Asserts that all rows come out, each `times` times. */
static void check_edges(const char *edges, int times)
{
    char *dir = dir_temp(), *text = csv_text();
    char *out = run_rows(dir, text, "stream", edges);
    char *all = calloc(1, (size_t)times * strlen(text) + 1), *at = all;
    for (int i = 0; i < times; i++)
        at = stpcpy(at, text);
    char *in_lines = run_sorted(all), *out_lines = run_sorted(out);
    CU_ASSERT_TRUE(strcmp(in_lines, out_lines) == 0);
    free(in_lines);
    free(out_lines);
    free(out);
    free(all);
    free(text);
    dir_remove(dir);
    free(dir);
}

static void every_value_survives_every_partition(void)
{
    check_edges("  { id = \"a\"; op = \"std.pass\"; input = \"in\"; partition = \"rebalance\"; },\n"
                "  { id = \"last\"; op = \"std.pass\"; input = \"a\"; partition = \"rebalance\";\n"
                "    parallelism = 5; },\n",
                1);
    check_edges(
        "  { id = \"last\"; op = \"std.pass\"; input = \"in\"; partition = \"broadcast\"; },\n", 3);
    check_edges("  { id = \"a\"; op = \"std.pass\"; input = \"in\"; partition = \"single\"; },\n"
                "  { id = \"last\"; op = \"std.pass\"; input = (\"a\", \"in\"); },\n",
                2);
}

static void every_value_survives_an_exchange_keyed_by_any_field(void)
{
    for (size_t f = 0; f < FIELDS; f++) {
        char *edges = text_format(
            "  { id = \"a\"; op = \"std.pass\"; input = \"in\"; key = \"%s\"; },\n"
            "  { id = \"last\"; op = \"std.pass\"; input = \"a\"; key = (\"%s\", \"w\");\n"
            "    parallelism = 4; },\n",
            fields[f].name, f == 7 ? "s" : fields[f].name);
        check_edges(edges, 1);
        free(edges);
    }
}

static void every_value_survives_a_filter_and_an_exchange(void)
{
    char *dir = dir_temp(), *text = csv_text();
    char *out = run_rows(
        dir, text, "stream",
        "  { id = \"v\"; op = \"std.select\"; input = \"in\";\n"
        "    fields = (\"value=id\", \"b\", \"n\", \"l\", \"f\", \"t\", \"s\", \"w\", \"y\"); },\n"
        "  { id = \"e\"; op = \"run_ops.keep\"; of = 2; rest = 0; input = \"v\"; },\n"
        "  { id = \"o\"; op = \"run_ops.keep\"; of = 2; rest = 1; input = \"v\"; },\n"
        "  { id = \"last\"; op = \"std.pass\"; input = (\"e\", \"o\"); key = \"s\"; },\n");
    char *in_lines = run_sorted(text), *out_lines = run_sorted(out);
    CU_ASSERT_TRUE(strcmp(in_lines, out_lines) == 0);
    free(in_lines);
    free(out_lines);
    free(out);
    free(text);
    dir_remove(dir);
    free(dir);
}

/* How often each value of a field comes, as rows of "value,count". */
static char *counts_of(size_t f)
{
    size_t counts[VALUES_MAX] = {0}, picks[FIELDS];
    char *rows = calloc(VALUES_MAX, 128), *at = rows;
    for (uint32_t id = 0; id < ROWS; id++) {
        pick_row(id, picks);
        counts[picks[f]]++;
    }
    for (size_t v = 0; v < n_values(&fields[f]); v++)
        at += sprintf(at, "%s,%zu\n", fields[f].values[v], counts[v]);
    char *sorted = run_sorted(rows);
    free(rows);
    return sorted;
}

static void rows_are_counted_by_keys_of_every_type_null_being_one_too(void)
{
    char *dir = dir_temp(), *text = csv_text();
    for (size_t f = 1; f < FIELDS; f++) {
        char *count =
            text_format("  { id = \"last\"; op = \"std.count\"; input = \"in\"; key = \"%s\"; },\n",
                        fields[f].name);
        char *out = run_rows(dir, text, "batch", count);
        char *sorted = run_sorted(out), *expected = counts_of(f);
        CU_ASSERT_STRING_EQUAL(sorted, expected);
        free(expected);
        free(sorted);
        free(count);
        free(out);
    }
    free(text);
    dir_remove(dir);
    free(dir);
}

static void zeros_of_either_sign_are_one_key(void)
{
    char *dir = dir_temp();
    struct process_result r;
    run_write(dir, "in.csv", "0\n-0\nnan\n0\n-nan\n1\n");
    run_job(dir,
            "job = \"zeros\"; mode = \"batch\"; parallelism = 3;\n"
            "operators = (\n"
            "  { id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\";\n"
            "    schema = ( {name = \"f\"; type = \"f64\";} ); },\n"
            "  { id = \"n\"; op = \"std.count\"; input = \"in\"; key = \"f\"; },\n"
            "  { id = \"out\"; op = \"file.write\"; input = \"n\"; path = \"-\"; }\n"
            ");\n",
            NULL, &r);
    char *sorted = run_sorted(r.out);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(sorted, "0,3\n1,1\nnan,2\n");
    free(sorted);
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
}

static void sums_pass_over_nulls(void)
{
    char *dir = dir_temp();
    struct process_result r;
    run_write(dir, "in.csv", "a,1\na,\nb,\nb,\na,5\nc,0\n");
    run_job(dir,
            "job = \"nulls\"; mode = \"batch\"; parallelism = 2;\n"
            "operators = (\n"
            "  { id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\";\n"
            "    schema = ( {name = \"k\"; type = \"str\";},\n"
            "               {name = \"v\"; type = \"i64\"; nullable = true;} ); },\n"
            "  { id = \"n\"; op = \"std.sum\"; input = \"in\"; key = \"k\"; field = \"v\"; },\n"
            "  { id = \"out\"; op = \"file.write\"; input = \"n\"; path = \"-\"; }\n"
            ");\n",
            NULL, &r);
    char *sorted = run_sorted(r.out);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(sorted, "a,6\nb,\nc,0\n");
    free(sorted);
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_csv_file_is_written_as_it_was_read),
    SUITE_TEST(every_value_survives_every_partition),
    SUITE_TEST(every_value_survives_an_exchange_keyed_by_any_field),
    SUITE_TEST(every_value_survives_a_filter_and_an_exchange),
    SUITE_TEST(rows_are_counted_by_keys_of_every_type_null_being_one_too),
    SUITE_TEST(zeros_of_either_sign_are_one_key),
    SUITE_TEST(sums_pass_over_nulls),
};
SUITE_MAIN("run_fields", tests)
