/* What plugins put out though it does not last: strings of state, of accumulators, of the stack. The
 * obvious code is right. */
#include "run_job.h"
#include "support/files.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char lines[] = "same line, longer than 12\n"
                            "short\n"
                            "same line, longer than 12\n"
                            "another line, longer than 12\n"
                            "same line, longer than 12\n";

/* Runs one operator of tests/fixtures/string_ops.c over the lines and asserts what it puts out. */
static void check(const char *mode, const char *op, const char *expected)
{
    struct process_result r;
    char *dir = dir_temp();
    char *job =
        text_format("job = \"strings\"; mode = \"%s\"; parallelism = 1;\n"
                    "operators = ( { id = \"in\"; op = \"file.read\"; path = \"in.txt\"; },\n"
                    "{ id = \"x\"; op = \"string_ops.%s; input = \"in\"; },\n"
                    "{ id = \"out\"; op = \"file.write\"; input = \"x\"; path = \"-\"; } );",
                    mode, op);
    run_write(dir, "in.txt", lines);
    run_job(dir, job, &(struct run_options){0}, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    if (strcmp(r.out, expected) != 0)
        fprintf(stderr, "%s:\n%s%s", op, r.out, r.err);
    CU_ASSERT_STRING_EQUAL(r.out, expected);
    process_result_fini(&r);
    free(job);
    dir_remove(dir);
    free(dir);
}

static void a_string_of_state_that_is_put_out_outlives_its_state(void)
{
    check("stream", "previous\"; key = \"line\"",
          "\"\"\n\"\"\n\"same line, longer than 12\"\n\"\"\n\"same line, longer than 12\"\n");
    check("stream", "recent\"; skip = 1; key = \"line\"",
          "\"same line, longer than 12\"\n\"same line, longer than 12\"\n");
}

static void a_string_of_an_accumulator_that_is_put_out_outlives_it(void)
{
    check("stream", "joined\"; separator = \"|\"",
          "\"same line, longer than 12\"\n"
          "\"same line, longer than 12|short\"\n"
          "\"same line, longer than 12|short|same line, longer than 12\"\n"
          "\"same line, longer than 12|short|same line, longer than 12|"
          "another line, longer than 12\"\n"
          "\"same line, longer than 12|short|same line, longer than 12|"
          "another line, longer than 12|same line, longer than 12\"\n");
    check("batch", "joined\"",
          "\"same line, longer than 12, short, same line, longer than 12, "
          "another line, longer than 12, same line, longer than 12\"\n");
    check("stream", "last\"",
          "\"same line, longer than 12\"\nshort\n\"same line, longer than 12\"\n"
          "\"another line, longer than 12\"\n\"same line, longer than 12\"\n");
}

static void a_string_made_on_the_stack_outlives_the_function(void)
{
    check("stream", "frame\"",
          "\"[same line, longer than 12]\"\n\"same line, longer than 12\"\n[short]\nshort\n"
          "\"[same line, longer than 12]\"\n\"same line, longer than 12\"\n"
          "\"[another line, longer than 12]\"\n\"another line, longer than 12\"\n"
          "\"[same line, longer than 12]\"\n\"same line, longer than 12\"\n");
    check("stream", "mark\"; right = \".\"",
          "\"<<<<<<<<<<same line, longer than 12.\"\na text of the output's arena\n"
          "<<<<<<<<<<short.\na text of the output's arena\n"
          "\"<<<<<<<<<<same line, longer than 12.\"\na text of the output's arena\n"
          "\"<<<<<<<<<<another line, longer than 12.\"\na text of the output's arena\n"
          "\"<<<<<<<<<<same line, longer than 12.\"\na text of the output's arena\n");
}

static void a_string_in_a_buffer_that_is_used_again_is_copied(void)
{
    check("stream", "label\"; on_error = \"fail\"",
          "\"same line, longer than 12\",\"the label of same line, longer than 12\"\n"
          "short,the label of short\n"
          "\"same line, longer than 12\",\"the label of same line, longer than 12\"\n"
          "\"another line, longer than 12\",\"the label of another line, longer than 12\"\n"
          "\"same line, longer than 12\",\"the label of same line, longer than 12\"\n");
    check("stream", "prefix\"; with = \"a text before \"",
          "\"same line, longer than 12\",\"a text before same line, longer than 12\"\n"
          "short,a text before short\n"
          "\"same line, longer than 12\",\"a text before same line, longer than 12\"\n"
          "\"another line, longer than 12\",\"a text before another line, longer than 12\"\n"
          "\"same line, longer than 12\",\"a text before same line, longer than 12\"\n");
    check("stream", "longer\"; than = 25", "\"another line, longer than 12\"\n");
}

/* ---- mistakes ---- */

/* A plugin with one mistake, of which a compiler speaks once. */
struct mistake {
    const char *what;
    const char *code;
};

#define RECORDS                                                                                    \
    "#include <gyre/gyre.h>\n"                                                                     \
    "#define ROW(F, N) F(f64, price) N(i64, volume)\nGYRE_RECORD(row, ROW)\n"                      \
    "#define SUM(F, N) F(f64, sum)\nGYRE_RECORD(out, SUM)\nGYRE_STATE_RECORD(sum, 1, SUM)\n"       \
    "#define NOTE(F, N) F(str, text)\nGYRE_STATE_RECORD(note, 1, NOTE)\n"                          \
    "struct config { int64_t n; };\n"                                                              \
    "static const struct gyre_option options[] = {"                                                \
    "GYRE_OPT(struct config, n, INT, \"0\", 0, \"n\")};\n"

#define CTX "struct gyre_ctx *c, const struct config *p, "
#define IN  "const struct row *r"

static const struct mistake mistakes[] = {
    {"filter", RECORDS "int f(" IN ", int more);\nGYRE_FILTER(x, \"x\", row, f)"},
    {"filter_with", RECORDS "int f(" CTX IN ", int more);\n"
                            "GYRE_FILTER_WITH(x, \"x\", row, f, struct config, options)"},
    {"filter_total", RECORDS "int f(void);\nGYRE_FILTER_TOTAL(x, \"x\", row, f)"},
    {"map", RECORDS "void f(" IN ");\nGYRE_MAP(x, \"x\", row, out, f)"},
    {"map_total", RECORDS "void f(" IN ");\nGYRE_MAP_TOTAL(x, \"x\", row, out, f)"},
    {"map_with", RECORDS "void f(" CTX IN ");\n"
                         "GYRE_MAP_WITH(x, \"x\", row, out, f, struct config, options)"},
    {"flat_map", RECORDS "void f(" IN ");\nGYRE_FLAT_MAP(x, \"x\", row, out, f)"},
    {"flat_map_with", RECORDS "void f(" CTX IN ");\n"
                              "GYRE_FLAT_MAP_WITH(x, \"x\", row, out, f, struct config, options)"},
    {"keyed", RECORDS "void f(struct gyre_ctx *c, " IN ", struct sum *s);\n"
                      "GYRE_KEYED(x, \"x\", row, sum, out, f)"},
    {"keyed_with", RECORDS "void f(" CTX IN ", struct sum *s);\n"
                           "GYRE_KEYED_WITH(x, \"x\", row, sum, out, f, struct config, options)"},
    {"add", RECORDS "void a(struct sum *s);\nvoid m(struct sum *s, const struct sum *t);\n"
                    "void r(const struct sum *s, struct out *o);\n"
                    "GYRE_AGGREGATE(x, \"x\", row, sum, out, a, m, r)"},
    {"result", RECORDS "void a(struct sum *s, " IN ");\n"
                       "void m(struct sum *s, const struct sum *t);\nvoid r(const struct sum *s);\n"
                       "GYRE_AGGREGATE(x, \"x\", row, sum, out, a, m, r)"},
    {"merge_with",
     RECORDS "void a(" CTX "struct sum *s, " IN ");\nvoid m(" CTX "struct sum *s);\n"
             "void r(" CTX "const struct sum *s, struct out *o);\n"
             "GYRE_AGGREGATE_WITH(x, \"x\", row, sum, out, a, m, r, struct config, options)"},
    {"an unknown function", RECORDS "GYRE_FILTER(x, \"x\", row, nobody)"},
    {"a string in a plain aggregate",
     RECORDS "void a(struct note *s, " IN ");\nvoid m(struct note *s, const struct note *t);\n"
             "void r(const struct note *s, struct out *o);\n"
             "GYRE_AGGREGATE(x, \"x\", row, note, out, a, m, r)"},
};

/* The errors and warnings that a compiler has for a plugin. */
static int findings(const char *compiler, const char *code, char **text)
{
    struct process_result r;
    char *dir = dir_temp(), *path = path_join(dir, "x.c");
    file_write_text(path, code);
    process_run(&(struct process_spec){.argv = ARGV(compiler, "-std=c17", "-O2", "-fsyntax-only",
                                                    "-Isdk/include", path)},
                &r);
    int n = 0;
    for (const char *at = r.err; (at = strstr(at, "error: ")) != NULL; at++)
        n++;
    for (const char *at = r.err; (at = strstr(at, "warning: ")) != NULL; at++)
        n++;
    *text = strdup(r.err);
    process_result_fini(&r);
    free(path);
    dir_remove(dir);
    free(dir);
    return n;
}

static void a_mistake_inside_a_macro_is_told_once(void)
{
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        char *text;
        int n = findings("cc", mistakes[i].code, &text);
        if (n != 1)
            fprintf(stderr, "%s: told %d times\n%s", mistakes[i].what, n, text);
        CU_ASSERT_EQUAL(n, 1);
        free(text);
    }
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_string_of_state_that_is_put_out_outlives_its_state),
    SUITE_TEST(a_string_of_an_accumulator_that_is_put_out_outlives_it),
    SUITE_TEST(a_string_made_on_the_stack_outlives_the_function),
    SUITE_TEST(a_string_in_a_buffer_that_is_used_again_is_copied),
    SUITE_TEST(a_mistake_inside_a_macro_is_told_once),
};
SUITE_MAIN("sdk_strings", tests)
