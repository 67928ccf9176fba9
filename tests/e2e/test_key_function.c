/* Key functions of plugins: as keys, for std.split, and what is said of functions that fail. */
#include "run_job.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Runs a job of these operators in batch mode; what it wrote to standard output, sorted. */
static char *rows_of(int parallelism, const char *operators)
{
    char *job =
        text_format("job = \"keyed\"; mode = \"batch\"; parallelism = %d;\noperators = (\n%s\n);\n",
                    parallelism, operators);
    char *out = run_output(job), *sorted = run_sorted(out);
    free(job);
    free(out);
    return sorted;
}

static void check_rows(const char *operators, const char *wanted)
{
    for (int parallelism = 1; parallelism <= 3; parallelism++) {
        char *rows = rows_of(parallelism, operators);
        CU_ASSERT_STRING_EQUAL(rows, wanted);
        if (strcmp(rows, wanted) != 0)
            fprintf(stderr, "%s\n--- is\n%s--- not\n%s", operators, rows, wanted);
        free(rows);
    }
}

#define NUMBERS "{ id = \"in\"; op = \"gen.sequence\"; from = -5; to = 24; },\n"
#define OUT                                                                                        \
    ",\n{ id = \"out\"; op = \"file.write\"; input = \"a\"; path = \"-\"; parallelism = 1; }"

/* ---- keys ---- */

static void rows_of_one_result_are_one_key_whatever_the_parallelism(void)
{
    check_rows(NUMBERS "{ id = \"a\"; op = \"std.sum\"; field = \"value\"; input = \"in\";\n"
                       "  key = { fn = \"key_fns.cell\"; }; }" OUT,
               "-1,-15\n0,45\n1,145\n2,110\n");
    check_rows(NUMBERS "{ id = \"a\"; op = \"std.sum\"; field = \"value\"; input = \"in\";\n"
                       "  key = { fn = \"key_fns.cell\"; size = 100; }; }" OUT,
               "-1,-15\n0,300\n");
}

static void null_is_a_key_of_its_own(void)
{
    check_rows(NUMBERS "{ id = \"a\"; op = \"std.count\"; input = \"in\";\n"
                       "  key = { fn = \"key_fns.cell\"; size = 100; holes = 6; }; }" OUT,
               ",5\n-1,5\n0,20\n");
}

static void several_results_are_several_fields_of_the_key(void)
{
    check_rows("{ id = \"in\"; op = \"gen.sequence\"; from = 0; to = 21; },\n"
               "{ id = \"a\"; op = \"std.count\"; input = \"in\"; key = { fn = \"key_fns.both\"; };"
               " }" OUT,
               "false,0,3\nfalse,2,2\nfalse,4,2\nfalse,6,2\nfalse,8,2\n"
               "true,1,3\ntrue,3,2\ntrue,5,2\ntrue,7,2\ntrue,9,2\n");
}

static void the_result_is_a_field_of_the_stream_from_there_on(void)
{
    check_rows("{ id = \"in\"; op = \"gen.sequence\"; from = 9; to = 11; },\n"
               "{ id = \"p\"; op = \"std.pass\"; input = \"in\"; key = { fn = \"key_fns.cell\"; };"
               " },\n"
               "{ id = \"a\"; op = \"std.pass\"; input = \"p\";\n"
               "  key = { fn = \"key_fns.cell\"; size = 3; as = \"third\"; }; }" OUT,
               "10,1,3\n11,1,3\n9,0,3\n");
}

static void each_stream_of_a_union_has_the_function_run(void)
{
    check_rows(
        NUMBERS
        "{ id = \"more\"; op = \"gen.sequence\"; from = 100; to = 109; parallelism = 4; },\n"
        "{ id = \"s\"; op = \"std.split\"; input = \"in\"; field = \"value\"; ports = [\"7\"];"
        " },\n"
        "{ id = \"a\"; op = \"std.count\"; input = [ \"in\", \"more\", \"s.7\" ];\n"
        "  key = { fn = \"key_fns.cell\"; }; }" OUT,
        "-1,5\n0,11\n1,10\n10,10\n2,5\n");
}

static void long_strings_are_keys_made_in_the_function_or_taken_from_the_input(void)
{
    char *dir = dir_temp();
    run_write(dir, "in.csv", "a,1\na word of many letters,2\n,3\na,4\na word of many letters,5\n");
    static const char *const befores[] = {"", "this is before "};
    for (int i = 0; i < 2; i++) {
        struct process_result r;
        char *job = text_format(
            "job = \"tags\"; mode = \"batch\"; parallelism = 2;\noperators = (\n"
            "{ id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\"; schema = (\n"
            "  {name=\"w\";type=\"str\";nullable=true;}, {name=\"x\";type=\"i64\";} ); },\n"
            "{ id = \"a\"; op = \"std.sum\"; field = \"x\"; input = \"in\";\n"
            "  key = { fn = \"key_fns.tag\"; field = \"w\"; before = \"%s\"; }; }" OUT "\n);\n",
            befores[i]);
        char *wanted =
            text_format(",3\n%sa word of many letters,7\n%sa,5\n", befores[i], befores[i]);
        run_job(dir, job, NULL, &r);
        char *rows = run_sorted(r.out);
        CU_ASSERT_STRING_EQUAL(r.err, "");
        CU_ASSERT_STRING_EQUAL(rows, wanted);
        process_result_fini(&r);
        free(rows);
        free(wanted);
        free(job);
    }
    dir_remove(dir);
    free(dir);
}

static void an_option_of_the_function_can_be_set_from_the_command_line(void)
{
    const struct run_options good = {.arguments = ARGV("--set", "a.key.size=100")};
    const struct run_options wrong = {.arguments =
                                          ARGV("--set", "a.key.size=0", "--set",
                                               "by.fn.fn=key_fns.strict", "--set", "by.fn.x=1")};
    static const char job[] =
        "job = \"set\"; mode = \"batch\"; operators = (\n" NUMBERS
        "{ id = \"by\"; op = \"std.split\"; input = \"in\"; field = \"value\"; ports = [\"0\"];"
        " },\n{ id = \"a\"; op = \"std.count\"; input = \"in\"; key = { fn = \"key_fns.cell\"; };"
        " parallelism = 1; }" OUT ");\n";
    char *dir = dir_temp();
    struct process_result r;
    run_job(dir, job, &good, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "-1,5\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "0,25\n"));
    process_result_fini(&r);
    run_job(dir, job, &wrong, &r);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT_STRING_EQUAL(
        r.err, "--set by.fn.x: unknown option of key_fns.strict (`gyre inspect key_fns.strict` "
               "lists them)\n"
               "--set a.key.size: 0 is less than 1\n");
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
}

/* ---- bad rows ---- */

static char *strict_job(const char *on_error, const char *more)
{
    return text_format("job = \"strict\"; mode = \"batch\"; parallelism = 2; operators = (\n"
                       "{ id = \"in\"; op = \"gen.sequence\"; from = -2; to = 3; },\n"
                       "{ id = \"a\"; op = \"std.count\"; input = \"in\"; %s\n"
                       "  key = { fn = \"key_fns.strict\"; }; },\n"
                       "{ id = \"n\"; op = \"std.count\"; input = \"a\"; }%s,\n"
                       "{ id = \"out\"; op = \"file.write\"; input = \"n\"; path = \"-\"; } );\n",
                       on_error, more);
}

static void bad_rows_of_the_function_go_by_the_on_error_of_its_operator(void)
{
    const struct run_options reported = {.arguments = ARGV("--report", "report.json")};
    char *dir = dir_temp();
    struct process_result r;
    char *job = strict_job("on_error = \"skip\";", "");
    run_job(dir, job, &reported, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, "4\n");
    char *report = run_read(dir, "report.json");
    CU_ASSERT_EQUAL(run_report(report, "a:key", "failed_rows"), 2);
    CU_ASSERT_PTR_NOT_NULL(
        strstr(report, "{\"id\": \"a:key\", \"of\": \"a\", \"op\": \"key_fns.strict\""));
    process_result_fini(&r);
    free(report);
    free(job);
    job = strict_job("on_error = \"port\";", ",\n{ id = \"bad\"; op = \"file.write\"; input = "
                                             "\"a.errors\"; path = \"bad\"; }");
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, "4\n");
    char *bad = run_read(dir, "bad"), *sorted = run_sorted(bad);
    CU_ASSERT_STRING_EQUAL(sorted, "-1 is negative,\"{\"\"value\"\":-1}\"\n"
                                   "-2 is negative,\"{\"\"value\"\":-2}\"\n");
    process_result_fini(&r);
    free(bad);
    free(sorted);
    free(job);
    dir_remove(dir);
    free(dir);
}

/* ---- std.split ---- */

static void the_value_of_a_function_names_the_port_and_is_not_put_out(void)
{
    static const char operators[] =
        NUMBERS "{ id = \"p\"; op = \"std.pass\"; input = \"in\"; key = { fn = \"key_fns.cell\"; };"
                " },\n"
                "{ id = \"by\"; op = \"std.split\"; input = \"p\"; fn = \"key_fns.cell\";\n"
                "  ports = [\"1\", \"less=-1\"]; },\n"
                "{ id = \"a\"; op = \"std.pass\"; input = \"by%s\"; }" OUT;
    static const struct {
        const char *port, *rows;
    } cases[] = {
        {".1", "10,1\n11,1\n12,1\n13,1\n14,1\n15,1\n16,1\n17,1\n18,1\n19,1\n"},
        {".less", "-1,-1\n-2,-1\n-3,-1\n-4,-1\n-5,-1\n"},
        {"", "0,0\n1,0\n2,0\n20,2\n21,2\n22,2\n23,2\n24,2\n3,0\n4,0\n5,0\n6,0\n7,0\n8,0\n9,0\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *text = text_format(operators, cases[i].port);
        check_rows(text, cases[i].rows);
        free(text);
    }
}

static void a_split_has_a_function_and_a_key_function_at_once(void)
{
    check_rows("{ id = \"in\"; op = \"gen.sequence\"; from = 0; to = 40; },\n"
               "{ id = \"by\"; op = \"std.split\"; input = \"in\"; key = { fn = \"key_fns.cell\"; "
               "size = 7; };\n"
               "  fn = { fn = \"key_fns.cell\"; size = 20; }; ports = [\"2\"]; },\n"
               "{ id = \"a\"; op = \"std.pass\"; input = \"by.2\"; }" OUT,
               "40,5\n");
}

/* The settings of the operator `by` stand at line 3. */
static const struct {
    const char *settings, *says;
} mistakes[] = {
    {"op = \"std.split\"; field = \"value\"; ports = \"1\";\n fn = \"key_fns.cell\";",
     "job.cfg:4: fn: `field` picks the port already: leave one of them out\n"},
    {"op = \"std.split\"; ports = \"1\";\n fn = \"key_fns.both\";",
     "job.cfg:4: fn: a function with one result is wanted; key_fns.both has 2\n"},
    {"op = \"std.split\"; ports = \"1\";\n fn = \"key_fns.root\";",
     "job.cfg:4: fn: field `key_fns.root()` is f64: rows are split by strings, integers, times and "
     "bool\n"},
    {"op = \"std.split\"; fn = \"key_fns.cell\";\n ports = [ \"1\", \"one\" ];",
     "job.cfg:4: ports: \"one\" is no value of the field `key_fns.cell()`, which is i64\n"},
    {"op = \"std.split\"; ports = \"1\"; fn = { fn = \"key_fns.cell\";\n as = \"x\";\n sise = 2; "
     "};",
     "job.cfg:4: as: the result of key_fns.cell is not put out here, and has no name\n"
     "job.cfg:5: unknown option `sise` of key_fns.cell: did you mean `size`? (`gyre inspect "
     "key_fns.cell` lists them)\n"},
    {"op = \"std.split\"; ports = \"1\"; fn = {\n fn = \"key_fns.tag\";\n field = \"value\"; };",
     "job.cfg:5: field: field `value` is i64: only str has words\n"},
    {"op = \"std.split\"; ports = \"1\";\n fn = \"key_fns.sell\";",
     "job.cfg:4: fn: key_fns has no function `sell`: did you mean `key_fns.cell`? (`gyre list` "
     "lists all)\n"},
};

static void mistakes_about_the_function_of_a_split_are_told_at_their_lines(void)
{
    char *dir = dir_temp();
    for (size_t i = 0; i < sizeof mistakes / sizeof mistakes[0]; i++) {
        struct process_result r;
        char *job = text_format("job = \"m\"; operators = (\n" NUMBERS
                                "{ id = \"by\"; input = \"in\"; %s }\n);\n",
                                mistakes[i].settings);
        run_job(dir, job, NULL, &r);
        CU_ASSERT_EQUAL(r.status, 2);
        CU_ASSERT_STRING_EQUAL(r.err, mistakes[i].says);
        if (strcmp(r.err, mistakes[i].says) != 0)
            fprintf(stderr, "--- is\n%s--- not\n%s", r.err, mistakes[i].says);
        process_result_fini(&r);
        free(job);
    }
    dir_remove(dir);
    free(dir);
}

/* ---- what is shown ---- */

/* What `gyre COMMAND job.cfg --format FORMAT` prints (FORMAT NULL: without); free() it. */
static char *shown(const char *command, const char *format)
{
    static const char job[] =
        "job = \"shown\"; parallelism = 2; operators = (\n"
        "{ id = \"in\"; op = \"gen.sequence\"; to = 9; },\n"
        "{ id = \"a\"; op = \"std.count\"; input = \"in\"; key = { fn = \"key_fns.cell\"; }; },\n"
        "{ id = \"out\"; op = \"std.null\"; input = \"a\"; parallelism = 2; } );\n";
    char *program = build_path("gyre"), *fixtures = build_path("fixtures"), *dir = dir_temp();
    struct process_result r;
    run_write(dir, "job.cfg", job);
    process_run(
        &(struct process_spec){.argv = ARGV(program, command, "job.cfg", "--plugin-path", fixtures,
                                            format != NULL ? "--format" : NULL, format),
                               .cwd = dir},
        &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.err, "");
    char *out = strdup(r.out);
    process_result_fini(&r);
    dir_remove(dir);
    free(program);
    free(fixtures);
    free(dir);
    return out;
}

static void a_plan_shows_the_function_as_an_operator_and_a_check_does_not_count_it(void)
{
    static const struct {
        const char *command, *format, *says;
    } cases[] = {
        {"check", NULL, "job.cfg: nothing wrong: job shown, 3 operators, stream\n"},
        {"plan", NULL,
         "  a:key: key_fns.cell, key function, 2 tasks\n    in <- in: forward\n"
         "    out -> {value: i64, cell: i64}\n"
         "  a: std.count, rolling aggregate, 2 tasks, key cell\n    in <- a:key: key cell\n"},
        {"plan", NULL, "  1: 2 tasks: in, a:key\n  2: 2 tasks: a, out\n"},
        {"plan", NULL, "  a:key -> a: key cell, 2 to 2, carries cell\n"},
        {"plan", "dot", "\"a:key\" [label=\"a:key\\nkey_fns.cell\"];"},
        {"plan", "dot", "  \"a:key\" -> \"a\" [label=\"key cell\", penwidth=2];\n"},
        {"plan", "json", "{\"id\":\"a:key\",\"of\":\"a\",\"op\":\"key_fns.cell\","},
        {"plan", "json", "{\"id\":\"a\",\"op\":\"std.count\","},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *out = shown(cases[i].command, cases[i].format);
        CU_ASSERT_PTR_NOT_NULL(strstr(out, cases[i].says));
        if (strstr(out, cases[i].says) == NULL)
            fprintf(stderr, "--- this\n%s--- does not say\n%s", out, cases[i].says);
        free(out);
    }
}

/* ---- failures ---- */

/* Runs a job with this operator `it`, which must fail with `status` and `block`. In it, @ is the
 * file of key_fns. */
static void check_block(const char *it, int status, const char *block)
{
    char *dir = dir_temp(), *plugin = build_path("fixtures/key_fns.so");
    char *job =
        text_format("job = \"falls\"; mode = \"batch\"; parallelism = 1; operators = (\n"
                    "{ id = \"in\"; op = \"gen.sequence\"; from = -7; to = 24; },\n"
                    "{ id = \"it\"; input = \"in\"; %s },\n"
                    "{ id = \"out\"; op = \"std.null\"; input = \"it\"; parallelism = 2; }\n"
                    ");\n",
                    it);
    struct process_result r;
    run_job(dir, job, NULL, &r);
    CU_ASSERT_EQUAL(r.status, status);
    const char *at = strchr(block, '@');
    char *wanted = text_format("%.*s%s%s", (int)(at - block), block, plugin, at + 1);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, wanted));
    if (strstr(r.err, wanted) == NULL)
        fprintf(stderr, "--- this\n%s--- does not say\n%s", r.err, wanted);
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
    free(plugin);
    free(job);
    free(wanted);
}

static void a_crash_in_a_function_names_it_and_its_plugin(void)
{
    check_block("op = \"std.count\"; key = { fn = \"key_fns.broken\"; how = \"crash\"; };", 1,
                "  operator: it:key (key_fns.broken), task 0\n  plugin:   @\n"
                "  callback: keys, batch 1\n");
    check_block("op = \"std.aggregate\"; aggregates = ( {fn = \"std.count\";},\n"
                "{fn = \"key_fns.total\"; how = \"crash\";}, {fn = \"std.avg\"; field = "
                "\"value\";} );",
                1,
                "  operator: it (std.aggregate), task 0\n  function: key_fns.total\n"
                "  plugin:   @\n  callback: process, batch 1\n");
    check_block("op = \"key_fns.total\"; how = \"crash\";", 1,
                "  operator: it (key_fns.total), task 0\n  plugin:   @\n");
    check_block("op = \"std.pass\"; key = { fn = \"key_fns.broken\"; how = \"bind\"; };", 2,
                "  operator: it:key (key_fns.broken), task 0\n  plugin:   @\n  callback: bind, ");
}

static void a_crash_in_a_partition_function_names_it_and_its_plugin(void)
{
    check_block("op = \"std.pass\"; parallelism = 2; partition = \"key_fns.apart\";", 1,
                "  operator: in (gen.sequence), task 0\n  function: key_fns.apart\n"
                "  plugin:   @\n  callback: partition, ");
}

static void a_failure_of_a_function_names_it_and_its_plugin(void)
{
    check_block("op = \"std.aggregate\"; aggregates = ( {fn = \"key_fns.total\"; how = \"error\";},"
                "\n{fn = \"std.count\";} );",
                1,
                "  operator: it (std.aggregate), task 0 of 1\n  function: key_fns.total\n"
                "  plugin:   @\n  callback: process\n  what:     it was told to fail\n");
    check_block("op = \"std.aggregate\"; aggregates = ( {fn = \"key_fns.total\"; how = \"row\";},"
                "\n{fn = \"std.count\";} );",
                1,
                "  function: key_fns.total\n  plugin:   @\n  callback: process\n"
                "  what:     it was told to refuse a row\n  row:      {\"value\":-7}\n");
    check_block("op = \"std.split\"; ports = \"1\"; fn = \"key_fns.strict\";", 1,
                "  operator: it:fn (key_fns.strict), task 0 of 1\n  plugin:   @\n"
                "  callback: keys\n  what:     -7 is negative\n  row:      {\"value\":-7}\n");
}

static const struct suite_test tests[] = {
    SUITE_TEST(rows_of_one_result_are_one_key_whatever_the_parallelism),
    SUITE_TEST(null_is_a_key_of_its_own),
    SUITE_TEST(several_results_are_several_fields_of_the_key),
    SUITE_TEST(the_result_is_a_field_of_the_stream_from_there_on),
    SUITE_TEST(each_stream_of_a_union_has_the_function_run),
    SUITE_TEST(long_strings_are_keys_made_in_the_function_or_taken_from_the_input),
    SUITE_TEST(an_option_of_the_function_can_be_set_from_the_command_line),
    SUITE_TEST(bad_rows_of_the_function_go_by_the_on_error_of_its_operator),
    SUITE_TEST(the_value_of_a_function_names_the_port_and_is_not_put_out),
    SUITE_TEST(a_split_has_a_function_and_a_key_function_at_once),
    SUITE_TEST(mistakes_about_the_function_of_a_split_are_told_at_their_lines),
    SUITE_TEST(a_plan_shows_the_function_as_an_operator_and_a_check_does_not_count_it),
    SUITE_TEST(a_crash_in_a_function_names_it_and_its_plugin),
    SUITE_TEST(a_crash_in_a_partition_function_names_it_and_its_plugin),
    SUITE_TEST(a_failure_of_a_function_names_it_and_its_plugin),
};
SUITE_MAIN("key_function", tests)
