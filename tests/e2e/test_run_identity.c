/* State is of something: a function, its options, the fields that it reads. What is of another is
 * refused naming both, and what was only called otherwise goes on. */
#include "run_again.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows 0, 1, 2, ... under three names; the %s is what is computed. */
static const char text[] =
    "job = \"identity\"; parallelism = 1;\n"
    "snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
    "operators = (\n"
    "  { id = \"in\"; op = \"gen.sequence\"; to = 1000000000L; rate = 5000; },\n"
    "  { id = \"fields\"; op = \"std.select\"; input = \"in\";\n"
    "    fields = [\"value\", \"k2=value\"]; },\n"
    "  { id = \"all\"; input = \"fields\"; %s },\n"
    "  { id = \"out\"; op = \"file.write\"; input = \"all\"; path = \"out.csv\"; }\n"
    ");\n";

enum { ROWS = 20000 };
#define QUICKLY "--from", "latest", "--set", "in.rate=0", "--set", "in.to=19999"
#define SUM     "199990000" /* of 0 ... 19999 */

#define SUM_OF(field, as) "op = \"std.sum\"; field = \"" field "\"; as = \"" as "\";"
#define AGGREGATE(list)   "op = \"std.aggregate\"; aggregates = ( " list " );"
#define FN_SUM(field, as) "{ fn = \"std.sum\"; field = \"" field "\"; as = \"" as "\"; }"
#define FN_COUNT(as)      "{ fn = \"std.count\"; as = \"" as "\"; }"
#define FN_MAX(field)     "{ fn = \"std.max\"; field = \"" field "\"; }"
#define STEPS             "op = \"state_of.steps\"; key = \"k2\"; "

static char *begin(const char *computes)
{
    char *dir = dir_temp(), *job = text_format(text, computes);
    run_and_stop(dir, job, NULL);
    free(job);
    return dir;
}

/* Goes on with something else to the end, and asserts how the last row ends. */
static void check_goes_on(const char *before, const char *after, const char *last)
{
    char *dir = begin(before), *job = text_format(text, after);
    free(run_go_on(dir, job, ARGV(QUICKLY), 0));
    char *all = run_read(dir, "out.csv");
    size_t n = strlen(all), length = strlen(last);
    CU_ASSERT_EQUAL(run_count_lines(all), ROWS);
    CU_ASSERT_TRUE(n > length && strcmp(all + n - length, last) == 0);
    if (n <= length || strcmp(all + n - length, last) != 0)
        printf("%s\n -> %s\n: ends with %s", before, after, n > 60 ? all + n - 60 : all);
    free(all);
    free(job);
    dir_end(dir);
}

/* What is refused: the state that the snapshot has is of `was`, the job has `is`. */
static const struct change {
    const char *before, *after, *was, *is;
} changes[] = {
    {SUM_OF("value", "t"), SUM_OF("k2", "t"), "std.sum { field = \"value\"; } of value: i64",
     "std.sum { field = \"k2\"; } of k2: i64"},
    {AGGREGATE(FN_SUM("value", "t") ", " FN_COUNT("n")),
     AGGREGATE(FN_SUM("k2", "t") ", " FN_COUNT("n")),
     "std.sum { field = \"value\"; } of value: i64", "std.sum { field = \"k2\"; } of k2: i64"},
    {AGGREGATE(FN_COUNT("n") ", " FN_SUM("value", "t")),
     AGGREGATE(FN_COUNT("n") ", " FN_MAX("value")), "std.sum { field = \"value\"; } of value: i64",
     "std.max { field = \"value\"; } of value: i64"},
    {"op = \"std.max_by\"; field = \"value\";",
     "op = \"std.max_by\"; field = \"value\"; last = true;",
     "std.max_by { field = \"value\"; } of value: i64, k2: i64",
     "std.max_by { field = \"value\"; last = true; } of value: i64, k2: i64"},
    {STEPS, STEPS "step = 2;", "state_of.steps", "state_of.steps { step = 2; }"},
    {STEPS "step = 2; start = 5;", STEPS "step = 3;", "state_of.steps { step = 2; }",
     "state_of.steps { step = 3; }"},
};

static void state_of_another_function_option_or_field_is_refused_naming_both(void)
{
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        const struct change *c = &changes[i];
        char *dir = begin(c->before), *job = text_format(text, c->after);
        char *says = text_format("gyre: the state of 'all' is of %s, and the job has %s: put it "
                                 "back, or give the state up with --drop-state all\n",
                                 c->was, c->is);
        run_check_refused(dir, job, ARGV(QUICKLY), says);
        free(run_go_on(dir, job, ARGV(QUICKLY, "--drop-state", "all"), 0));
        free(says);
        free(job);
        dir_end(dir);
    }
}

static void a_field_of_another_type_is_refused(void)
{
    static const char floats[] =
        "job = \"identity\"; parallelism = 1; snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\"; rate = %s;\n"
        "    schema = ( { name = \"value\"; type = \"%s\"; } ); },\n"
        "  { id = \"all\"; op = \"std.count\"; field = \"value\"; input = \"in\"; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"all\"; path = \"out.csv\"; }\n"
        ");\n";
    char *dir = dir_temp(), *rows = calloc(20000, 2);
    for (int i = 0; i < 20000; i++)
        memcpy(rows + 2 * i, "1\n", i < 19999 ? 2 : 1);
    run_write(dir, "in.csv", rows);
    char *before = text_format(floats, "2000", "i64"), *after = text_format(floats, "0", "f64");
    run_and_stop(dir, before, NULL);
    run_check_refused(dir, after, ARGV("--from", "latest"),
                      "gyre: the state of 'all' is of std.count { field = \"value\"; } of value: "
                      "i64, and the job has std.count { field = \"value\"; } of value: f64: put it "
                      "back, or give the state up with --drop-state all\n");
    free(after);
    free(before);
    free(rows);
    dir_end(dir);
}

/* %s is the key. */
static const char keyed[] =
    "job = \"identity\"; parallelism = 1; snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
    "operators = (\n"
    "  { id = \"in\"; op = \"gen.sequence\"; to = 1000000000L; rate = 5000; },\n"
    "  { id = \"fields\"; op = \"std.select\"; input = \"in\";\n"
    "    fields = [\"value\"%s]; },\n"
    "  { id = \"all\"; op = \"std.count\"; input = \"fields\"; key = %s; },\n"
    "  { id = \"out\"; op = \"file.write\"; input = \"all\"; path = \"out.csv\"; }\n"
    ");\n";

/* A key that is computed is of the function that computes it. */
static void a_key_that_another_function_computes_is_another_key(void)
{
    static const char *const others[][3] = {
        {"", "{ fn = \"key_fns.cell\"; size = 20; }",
         "cell: i64 by key_fns.cell { size = 20; } of value: i64"},
        {", \"cell=value\"", "\"cell\"", "cell: i64"}};
    char *dir = dir_temp(), *before = text_format(keyed, "", "{ fn = \"key_fns.cell\"; }");
    char *same = text_format(keyed, "", "{ fn = \"key_fns.cell\"; size = 10; }");
    run_and_stop(dir, before, NULL);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        char *after = text_format(keyed, others[i][0], others[i][1]);
        char *says = text_format("gyre: the state of 'all' is by the key (cell: i64 by "
                                 "key_fns.cell of value: i64), and the job has (%s): put the key "
                                 "back, or give the state up with --drop-state all\n",
                                 others[i][2]);
        run_check_refused(dir, after, ARGV(QUICKLY), says);
        free(says);
        free(after);
    }
    free(run_go_on(dir, same, ARGV(QUICKLY), 0));
    char *all = run_read(dir, "out.csv");
    CU_ASSERT_PTR_NOT_NULL(strstr(all, "\n1999,10\n"));
    CU_ASSERT_PTR_NULL(strstr(all, ",11\n"));
    free(all);
    free(same);
    free(before);
    dir_end(dir);
}

static void a_function_that_is_gone_is_named(void)
{
    char *dir = begin(AGGREGATE(FN_SUM("value", "t") ", " FN_COUNT("n")));
    char *job = text_format(text, AGGREGATE(FN_COUNT("n")));
    run_check_refused(dir, job, ARGV(QUICKLY),
                      "gyre: the state of 'all' is also of std.sum { field = \"value\"; } of "
                      "value: i64, which the job does not have: put it back, or give the state of "
                      "all up with --drop-state all\n");
    free(job);
    dir_end(dir);
}

static void what_results_are_called_and_the_order_of_functions_do_not_matter(void)
{
    check_goes_on(SUM_OF("value", "t"), SUM_OF("value", "total"), "\n" SUM "\n");
    check_goes_on(AGGREGATE(FN_SUM("value", "t") ", " FN_COUNT("n") ", " FN_MAX("k2")),
                  AGGREGATE(FN_COUNT("t") ", " FN_MAX("k2") ", " FN_SUM("value", "n")),
                  "\n20000,19999," SUM "\n");
}

/* Both are of the same, so both keep what they had. */
static void functions_that_are_the_same_keep_their_state_each(void)
{
    check_goes_on(AGGREGATE(FN_COUNT("a") ", " FN_SUM("value", "s") ", " FN_COUNT("b")),
                  AGGREGATE(FN_COUNT("b") ", " FN_COUNT("c") ", " FN_SUM("value", "a")),
                  "\n20000,20000," SUM "\n");
}

static void an_option_that_is_written_out_as_its_default_is_no_other(void)
{
    check_goes_on("op = \"std.max_by\"; field = \"value\";",
                  "op = \"std.max_by\"; field = \"value\"; last = false;", "\n19999,19999\n");
    check_goes_on(STEPS "start = 5;", STEPS "start = 7; step = 1;", "\n19999,19999,8\n");
}

static void inspect_says_which_options_state_is_of(void)
{
    static const char *const formats[][2] = {
        {"text", "an integer; default 1; state is of it"},
        {"json", "\"name\":\"step\",\"type\":\"int\",\"required\":false,\"default\":\"1\","
                 "\"of_state\":true"},
        {"markdown", "what each row adds; state is of it |"}};
    char *program = build_path("gyre"), *fixtures = build_path("fixtures");
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        struct process_result r;
        process_run(&(struct process_spec){.argv = ARGV(program, "inspect", "state_of.steps",
                                                        "--plugin-path", fixtures, "--format",
                                                        formats[i][0])},
                    &r);
        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.out, formats[i][1]));
        if (strstr(r.out, formats[i][1]) == NULL)
            printf("%s", r.out);
        process_result_fini(&r);
    }
    free(fixtures);
    free(program);
}

static const struct suite_test tests[] = {
    SUITE_TEST(inspect_says_which_options_state_is_of),
    SUITE_TEST(state_of_another_function_option_or_field_is_refused_naming_both),
    SUITE_TEST(a_field_of_another_type_is_refused),
    SUITE_TEST(a_key_that_another_function_computes_is_another_key),
    SUITE_TEST(a_function_that_is_gone_is_named),
    SUITE_TEST(what_results_are_called_and_the_order_of_functions_do_not_matter),
    SUITE_TEST(functions_that_are_the_same_keep_their_state_each),
    SUITE_TEST(an_option_that_is_written_out_as_its_default_is_no_other),
};
SUITE_MAIN("run_identity", tests)
