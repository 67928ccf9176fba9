/* The command line from outside: help, usage errors, `gyre list`, `gyre inspect`. */
#include "support/process.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const no_path[] = {"GYRE_PLUGIN_PATH", NULL};

/* Runs gyre with up to six arguments and no plugin path of ours. */
static void gyre(const char *const *arguments, struct process_result *result)
{
    char *program = build_path("gyre");
    const char *argv[8] = {program};
    for (size_t i = 0; i < 6 && arguments[i]; i++)
        argv[i + 1] = arguments[i];
    process_run(&(struct process_spec){.argv = argv, .env = no_path}, result);
    free(program);
}

static void expect_text(const char *is, const char *wanted)
{
    if (strcmp(is, wanted) != 0)
        printf("   is: %s\n  not: %s\n", is, wanted);
    CU_ASSERT_STRING_EQUAL(is, wanted);
}

/* ---- usage ---- */

static const struct {
    const char *const arguments[6];
    const char *says; /* on standard error, without the line's end */
} wrong[] = {
    {{"lst"}, "gyre: unknown command lst (did you mean `list`?); see gyre --help"},
    {{"xyzzy"}, "gyre: unknown command xyzzy; see gyre --help"},
    {{"--format", "list"}, "gyre: unknown flag --format: the command comes first; see gyre --help"},
    {{"--verson"}, "gyre: unknown flag --verson (did you mean `--version`?); see gyre --help"},
    {{"help", "lst"}, "gyre: unknown command lst (did you mean `list`?); see gyre --help"},
    {{"list", "--formt", "json"},
     "gyre list: unknown flag --formt (did you mean `--format`?); see gyre list --help"},
    {{"list", "--format", "dot"},
     "gyre list: --format dot: give one of text|json|markdown; see gyre list --help"},
    {{"list", "--format"},
     "gyre list: --format needs a value: text|json|markdown; see gyre list --help"},
    {{"list", "std"}, "gyre list: takes no operand, and got std; see gyre list --help"},
    {{"list", "--plugin-path", "/nowhere"},
     "gyre list: --plugin-path /nowhere: there is no such folder; see gyre list --help"},
    {{"run"}, "gyre run: needs JOB; see gyre run --help"},
    {{"run", "a.cfg", "b.cfg"}, "gyre run: takes JOB, and got b.cfg as well; see gyre run --help"},
    {{"run", "a.cfg", "-p", "0"},
     "gyre run: -p 0: give a whole number from 1 on; see gyre run --help"},
    {{"run", "a.cfg", "-pmany"},
     "gyre run: -p many: give a whole number from 1 on; see gyre run --help"},
    {{"conform", "a.so", "--fuzz", "9223372036854775807"},
     "gyre conform: --fuzz 9223372036854775807: give a whole number of seconds, from 1 to "
     "31622400; see gyre conform --help"},
    {{"run", "a.cfg", "--set", "count=5"},
     "gyre run: --set count=5: write it as ID.OPTION=VALUE; see gyre run --help"},
    {{"run", "a.cfg", "--no-supervise=1"},
     "gyre run: --no-supervise takes no value; see gyre run --help"},
    {{"run", "a.cfg", "--report="}, "gyre run: --report: the value is empty; see gyre run --help"},
    {{"run", "a.cfg", "--format", "json"}, "gyre run: unknown flag --format; see gyre run --help"},
    {{"inspect"}, "gyre inspect: needs PLUGIN.so|PLUGIN|PLUGIN.OP; see gyre inspect --help"},
    {{"inspect", "/nowhere/a.so"},
     "gyre inspect: /nowhere/a.so: cannot be opened: No such file or directory"},
};

static void usage_errors_say_what_is_wrong_and_exit_2(void)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct process_result r;
        char *line = text_format("%s\n", wrong[i].says);
        gyre(wrong[i].arguments, &r);
        CU_ASSERT_EQUAL(r.status, 2);
        expect_text(r.out, "");
        expect_text(r.err, line);
        process_result_fini(&r);
        free(line);
    }
}

static void help_goes_to_standard_output_and_exits_0(void)
{
    static const char *const commands[] = {"run", "check", "plan",    "list",     "inspect",
                                           "new", "test",  "conform", "snapshots"};
    struct process_result all, one;
    gyre(ARGV("--help"), &all);
    CU_ASSERT_EQUAL(all.status, 0);
    expect_text(all.err, "");
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
        char *line = text_format("\n  %s ", commands[i]);
        char *usage = text_format("usage: gyre %s ", commands[i]);
        CU_ASSERT(strstr(all.out, line) != NULL);
        gyre(ARGV(commands[i], "x", "--help"), &one);
        CU_ASSERT_EQUAL(one.status, 0);
        CU_ASSERT(strstr(one.out, usage) == one.out ||
                  strncmp(one.out, usage, strlen(usage) - 1) == 0);
        CU_ASSERT(strstr(one.out, "--help") != NULL);
        expect_text(one.err, "");
        process_result_fini(&one);
        free(usage);
        free(line);
    }
    process_result_fini(&all);
}

static void help_of_a_command_says_what_its_exit_status_means(void)
{
    struct process_result flag, word;
    gyre(ARGV("run", "--help"), &flag);
    CU_ASSERT(strstr(flag.out, "\n\nRun a job until its sources end or it is stopped.\n\n") !=
              NULL);
    CU_ASSERT(strstr(flag.out, "\n  130  ended at once by a second signal") != NULL);
    gyre(ARGV("help", "run"), &word);
    CU_ASSERT_EQUAL(word.status, 0);
    expect_text(word.out, flag.out);
    process_result_fini(&word);
    process_result_fini(&flag);
}

static void no_command_is_a_usage_error(void)
{
    struct process_result r;
    gyre(ARGV(NULL), &r);
    CU_ASSERT_EQUAL(r.status, 2);
    expect_text(r.out, "");
    CU_ASSERT(strstr(r.err, "usage: gyre COMMAND") == r.err);
    process_result_fini(&r);
}

static void version_names_the_plugin_abi(void)
{
    struct process_result r;
    gyre(ARGV("--version"), &r);
    CU_ASSERT_EQUAL(r.status, 0);
    expect_text(r.out, "gyre 0.1.0 (plugin ABI 0.4)\n");
    process_result_fini(&r);
}

static void output_that_cannot_be_written_is_a_failure(void)
{
    struct process_result r;
    char *program = build_path("gyre");
    process_run(
        &(struct process_spec){.argv = ARGV("/bin/sh", "-c", "\"$0\" --help >/dev/full", program)},
        &r);
    CU_ASSERT_EQUAL(r.status, 1);
    expect_text(r.err, "gyre: standard output cannot be written: No space left on device\n");
    process_result_fini(&r);
    free(program);
}

/* ---- is it JSON ---- */

static const char *skip_blanks(const char *p)
{
    while (*p == ' ' || *p == '\n')
        p++;
    return p;
}

/* Past a string, number or word; NULL where there is none. */
static const char *skip_scalar(const char *p)
{
    static const char *const words[] = {"null", "true", "false"};
    for (size_t i = 0; i < 3; i++)
        if (strncmp(p, words[i], strlen(words[i])) == 0)
            return p + strlen(words[i]);
    if (*p != '"') {
        char *end;
        strtod(p, &end);
        return end > p ? end : NULL;
    }
    for (p++; *p && *p != '"'; p++) {
        if ((unsigned char)*p < 0x20)
            return NULL;
        if (*p == '\\' && !*++p)
            return NULL;
    }
    return *p == '"' ? p + 1 : NULL;
}

/* One whole value and nothing behind it: brackets match, commas and colons are where they must. */
static bool is_json(const char *p)
{
    char open[64];
    size_t depth = 0;
    bool is_after_value = false;
    for (p = skip_blanks(p); *p; p = skip_blanks(p)) {
        if (is_after_value && depth > 0 && *p == open[depth - 1] + 2) {
            depth--;
            p++;
            continue;
        }
        if (is_after_value && (depth == 0 || *p++ != ','))
            return false;
        p = skip_blanks(p);
        if (depth > 0 && open[depth - 1] == '{') {
            if (*p != '"' || !(p = skip_scalar(p)) || *(p = skip_blanks(p)) != ':')
                return false;
            p = skip_blanks(p + 1);
        }
        is_after_value = true;
        if (*p == '{' || *p == '[') {
            if (depth == sizeof open)
                return false;
            open[depth++] = *p;
            p = skip_blanks(p + 1);
            is_after_value = *p == open[depth - 1] + 2;
        } else if (!(p = skip_scalar(p))) {
            return false;
        }
    }
    return is_after_value && depth == 0;
}

static void the_json_checker_knows_json(void)
{
    CU_ASSERT(is_json("[]"));
    CU_ASSERT(is_json("{\"a\":[1,-2.5e3,{}],\"b\":{\"c\":null}}\n"));
    CU_ASSERT(is_json("[{\"a\":\"\\\"]\"},true]"));
    CU_ASSERT(!is_json(""));
    CU_ASSERT(!is_json("[1,]"));
    CU_ASSERT(!is_json("[1 2]"));
    CU_ASSERT(!is_json("{\"a\"}"));
    CU_ASSERT(!is_json("{1:2}"));
    CU_ASSERT(!is_json("[{]}"));
    CU_ASSERT(!is_json("[] []"));
    CU_ASSERT(!is_json("[\"a]"));
    CU_ASSERT(!is_json("["));
}

/* ---- list and inspect ---- */

static void list_has_one_line_per_operator_and_function(void)
{
    struct process_result r;
    char *folder = build_path("fixtures");
    gyre(ARGV("list", "--plugin-path", folder), &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(strstr(r.out, "plugin_good.big ") != NULL);
    CU_ASSERT(strstr(r.out, "  transform  Keeps trades of a volume.\n") != NULL);
    CU_ASSERT(strstr(r.out, "  aggregate  The sum of prices.\n") != NULL);
    process_result_fini(&r);
    free(folder);
}

static void list_as_json_is_one_array(void)
{
    struct process_result r;
    char *folder = build_path("fixtures");
    gyre(ARGV("list", "--format=json", "--plugin-path", folder), &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(r.out[0], '[');
    CU_ASSERT(is_json(r.out));
    CU_ASSERT(strstr(r.out, "{\"name\":\"plugin_good.price\",\"kind\":\"aggregate\","
                            "\"doc\":\"The sum of prices.\",\"plugin\":\"plugin_good\"") != NULL);
    process_result_fini(&r);
    free(folder);
}

static void list_leaves_out_refused_plugins_and_says_so(void)
{
    struct process_result r;
    char *folder = build_path("bad");
    gyre(ARGV("list", "--plugin-path", folder), &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(strstr(r.out, "magic.") == NULL);
    CU_ASSERT(strstr(r.err, "/magic.so: has a note that begins with 0xdeadbeef") != NULL);
    process_result_fini(&r);
    free(folder);
}

/* What stands between the lines that depend on where and for which CPU it was built. */
static const char big_text[] =
    "\nplugin_good.big, transform\n"
    "  Keeps trades of a volume.\n"
    "  inputs\n"
    "    in            symbol: str, price: f64, volume: i64 or null\n"
    "                  rows\n"
    "  outputs\n"
    "    out           one row for each input row; may drop rows; passes the other fields "
    "on\n"
    "                  the rows kept\n"
    "  options\n"
    "    least         an integer; default 1; 1 or more; rows\n"
    "                  the least volume\n"
    "    pause         a duration with its unit; default 10ms; 0 to 1m\n"
    "                  between batches\n"
    "    share         a number; default 0.5\n"
    "                  of all rows\n"
    "    path          a path, relative to the job file; required\n"
    "                  a file of \"rules\"\n"
    "    format        one of csv, json; default csv\n"
    "                  of that file\n"
    "    strict        true or false; default true\n"
    "                  refuse unknown rules\n"
    "    parts         a list of groups\n"
    "                  of the rules\n"
    "      name          a string; required\n"
    "                    its name\n";

static const char running_text[] = "  state\n"
                                   "    sum           value of sum version 3 { total: f64 }\n"
                                   "                  per key\n"
                                   "  runs            needs a key\n";

static const char price_text[] = "  The sum of prices.\n"
                                 "  reads           symbol: str, price: f64, volume: i64 or null\n"
                                 "  results         total: f64\n"
                                 "  options\n"
                                 "    as            a string\n"
                                 "                  another name for the result, where it is one "
                                 "field\n"
                                 "  windows         can be merged\n"
                                 "  accumulator     sum version 3 { total: f64 }\n";

static void inspect_describes_a_file(void)
{
    struct process_result r;
    char *path = build_path("fixtures/plugin_good.so");
    gyre(ARGV("inspect", path), &r);
    CU_ASSERT_EQUAL(r.status, 0);
    expect_text(r.err, "");
    CU_ASSERT(strstr(r.out, "plugin plugin_good 0.3.1\n  file            /") == r.out);
    CU_ASSERT(strstr(r.out, "\n  ABI             0.4\n") != NULL);
    CU_ASSERT(strstr(r.out, big_text) != NULL);
    CU_ASSERT(strstr(r.out, running_text) != NULL);
    CU_ASSERT(strstr(r.out, price_text) != NULL);
    process_result_fini(&r);
    free(path);
}

static void inspect_finds_plugins_and_operators_by_name(void)
{
    struct process_result r;
    char *folder = build_path("fixtures");
    static const char *const plugins[] = {"plugin_good", "plugin_good.so"};
    for (size_t i = 0; i < 2; i++) {
        gyre(ARGV("inspect", "--plugin-path", folder, plugins[i]), &r);
        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT(strstr(r.out, big_text) != NULL);
        CU_ASSERT(strstr(r.out, price_text) != NULL);
        process_result_fini(&r);
    }
    gyre(ARGV("inspect", "plugin_good.price", "--plugin-path", folder), &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(strstr(r.out, big_text) == NULL);
    CU_ASSERT(strstr(r.out, price_text) != NULL);
    process_result_fini(&r);
    gyre(ARGV("inspect", "plugin_good.pric", "--plugin-path", folder), &r);
    CU_ASSERT_EQUAL(r.status, 2);
    expect_text(r.out, "");
    expect_text(r.err, "gyre inspect: plugin `plugin_good` has no operator or function `pric` (did "
                       "you mean `price`?); `gyre inspect plugin_good` shows those that it has\n");
    process_result_fini(&r);
    free(folder);
}

static void inspect_as_json_is_one_object(void)
{
    struct process_result r;
    char *path = build_path("fixtures/plugin_good.so");
    gyre(ARGV("inspect", path, "--format", "json"), &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(r.out[0], '{');
    CU_ASSERT(is_json(r.out));
    CU_ASSERT(strstr(r.out, "{\"name\":\"least\",\"type\":\"int\",\"required\":false,"
                            "\"default\":\"1\",\"unit\":\"rows\",\"min\":1,"
                            "\"max\":9223372036854775807,\"doc\":\"the least volume\"}") != NULL);
    CU_ASSERT(strstr(r.out, "\"choices\":[\"csv\",\"json\"]") != NULL);
    CU_ASSERT(strstr(r.out, "\"flags\":[\"aligned\",\"filters\",\"pass_rest\"]") != NULL);
    CU_ASSERT(strstr(r.out, "\"delivery\"") == NULL); /* it has neither source nor sink */
    process_result_fini(&r);
    free(path);
}

static const char big_markdown[] =
    "### plugin_good.big\n\n"
    "Transform. Keeps trades of a volume.\n\n"
    "| port | fields | rows |\n"
    "| --- | --- | --- |\n"
    "| in `in` | `symbol: str`, `price: f64`, `volume: i64 or null` | rows |\n"
    "| out `out` | one row for each input row; may drop rows; passes the other fields on | the "
    "rows "
    "kept |\n\n"
    "| option | takes | default | what it does |\n"
    "| --- | --- | --- | --- |\n"
    "| `least` | an integer (1 or more), rows | `1` | the least volume |\n"
    "| `pause` | a duration with its unit (0 to 1m) | `10ms` | between batches |\n"
    "| `share` | a number | `0.5` | of all rows |\n"
    "| `path` | a path, relative to the job file | required | a file of \"rules\" |\n"
    "| `format` | `csv`, `json` | `csv` | of that file |\n"
    "| `strict` | true or false | `true` | refuse unknown rules |\n"
    "| `parts` | a list of groups |  | of the rules |\n"
    "| `parts`: `name` | a string | required | its name |\n";

static const char running_markdown[] = "| state | holds | what it is |\n"
                                       "| --- | --- | --- |\n"
                                       "| `sum` | value of sum version 3 { total: f64 } | per key "
                                       "|\n\n"
                                       "- Needs a key.\n";

static const char price_markdown[] =
    "| `as` | a string |  | another name for the result, where it is one field |\n\n"
    "- Reads: `symbol: str`, `price: f64`, `volume: i64 or null`.\n"
    "- Results: `total: f64`.\n"
    "- In windows: can be merged.\n"
    "- Accumulator: sum version 3 { total: f64 }.\n";

static void inspect_as_markdown_is_a_section_for_each(void)
{
    struct process_result r;
    char *path = build_path("fixtures/plugin_good.so");
    gyre(ARGV("inspect", path, "--format", "markdown"), &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(strncmp(r.out, "## plugin_good\n\n### ", 20) == 0);
    CU_ASSERT(strstr(r.out, big_markdown) != NULL);
    CU_ASSERT(strstr(r.out, running_markdown) != NULL);
    CU_ASSERT(strstr(r.out, price_markdown) != NULL);
    process_result_fini(&r);
    free(path);
}

/* std.aggregate runs other functions: its own callbacks say nothing about windows. */
static void inspect_says_of_a_set_what_holds_for_its_functions(void)
{
    struct process_result r;
    gyre(ARGV("inspect", "std.aggregate"), &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(strstr(r.out, "can be merged where each of its functions can\n") != NULL);
    CU_ASSERT(strstr(r.out, "cannot") == NULL);
    process_result_fini(&r);
    gyre(ARGV("inspect", "std.aggregate", "--format", "json"), &r);
    CU_ASSERT(is_json(r.out));
    CU_ASSERT(strstr(r.out, "\"set\":true") != NULL);
    CU_ASSERT(strstr(r.out, "\"merges\"") == NULL);
    process_result_fini(&r);
}

static void inspect_of_a_refused_plugin_exits_2_and_puts_nothing_out(void)
{
    static const char *const names[] = {"abi_minor", "magic",           "no_note",
                                        "no_symbol", "option_reserved", "operator_twice"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct process_result r;
        char *name = text_format("bad/%s.so", names[i]);
        char *path = build_path(name);
        gyre(ARGV("inspect", path), &r);
        CU_ASSERT_EQUAL(r.status, 2);
        expect_text(r.out, "");
        CU_ASSERT(strncmp(r.err, "gyre inspect: ", 14) == 0);
        CU_ASSERT(strstr(r.err, name) != NULL);
        CU_ASSERT_PTR_EQUAL(strchr(r.err, '\n'), r.err + r.err_size - 1);
        process_result_fini(&r);
        free(path);
        free(name);
    }
}

static void a_constructor_that_crashes_is_told_with_its_plugin(void)
{
    struct process_result r;
    char *path = build_path("fixtures/constructor_crash.so");
    setenv("GYRE_TEST_CRASH", "1", 1);
    gyre(ARGV("inspect", path), &r);
    CU_ASSERT_EQUAL(r.status, 2);
    expect_text(r.out, "");
    char *expected = text_format("gyre: a plugin crashed\n"
                                 "  plugin:   %s\n"
                                 "  callback: constructor, batch 0\n"
                                 "  what:     SIGABRT (abort)\n",
                                 path);
    expect_text(r.err, expected);
    process_result_fini(&r);
    free(expected);
    free(path);
}

/* Nobody asked for it, so the others are listed all the same. */
static void list_goes_on_without_a_plugin_that_ends_or_crashes_it(void)
{
    static const struct {
        const char *how;
        const char *says;
    } cases[] = {
        {"1", "crashes while it is loaded (Aborted)"},
        {"exit", "ends the program while it is loaded (exit status 0)"},
    };
    char *folder = build_path("fixtures");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct process_result r;
        setenv("GYRE_TEST_CRASH", cases[i].how, 1);
        gyre(ARGV("list", "--plugin-path", folder), &r);
        char *expected = text_format("gyre list: %s/constructor_crash.so: %s; mend its "
                                     "constructors, or take it off the path "
                                     "(sdk/README.md#threads)\n",
                                     folder, cases[i].says);
        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT(strstr(r.err, expected) != NULL);
        CU_ASSERT(strstr(r.out, "constructor_crash.") == NULL);
        CU_ASSERT(strstr(r.out, "plugin_good.big ") != NULL);
        CU_ASSERT(strstr(r.out, "std.sum ") != NULL);
        process_result_fini(&r);
        free(expected);
    }
    unsetenv("GYRE_TEST_CRASH");
    free(folder);
}

static void folders_are_searched_in_order(void)
{
    struct process_result r;
    char *one = dir_temp(), *two = dir_temp();
    char *env = text_format("GYRE_PLUGIN_PATH=:%s:", two);
    char *program = build_path("gyre");
    size_t size;
    char *fixture = build_path("fixtures/plugin_good.so");
    char *bytes = file_read(fixture, &size);
    char *first = path_join(one, "plugin_good.so"), *second = path_join(two, "plugin_good.so");
    file_write(second, bytes, size);
    process_run(&(struct process_spec){.argv = ARGV(program, "inspect", "plugin_good"),
                                       .env = (const char *const[]){env, NULL}},
                &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(strstr(r.out, second) != NULL);
    process_result_fini(&r);
    file_write(first, bytes, size);
    process_run(&(struct process_spec){.argv = ARGV(program, "inspect", "plugin_good",
                                                    "--plugin-path", one),
                                       .env = (const char *const[]){env, NULL}},
                &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT(strstr(r.out, first) != NULL);
    process_result_fini(&r);
    free(first);
    free(second);
    free(bytes);
    free(fixture);
    free(program);
    free(env);
    dir_remove(one);
    dir_remove(two);
    free(one);
    free(two);
}

static const struct suite_test tests[] = {
    SUITE_TEST(usage_errors_say_what_is_wrong_and_exit_2),
    SUITE_TEST(help_goes_to_standard_output_and_exits_0),
    SUITE_TEST(help_of_a_command_says_what_its_exit_status_means),
    SUITE_TEST(no_command_is_a_usage_error),
    SUITE_TEST(version_names_the_plugin_abi),
    SUITE_TEST(output_that_cannot_be_written_is_a_failure),
    SUITE_TEST(the_json_checker_knows_json),
    SUITE_TEST(list_has_one_line_per_operator_and_function),
    SUITE_TEST(list_as_json_is_one_array),
    SUITE_TEST(list_leaves_out_refused_plugins_and_says_so),
    SUITE_TEST(inspect_describes_a_file),
    SUITE_TEST(inspect_finds_plugins_and_operators_by_name),
    SUITE_TEST(inspect_as_json_is_one_object),
    SUITE_TEST(inspect_as_markdown_is_a_section_for_each),
    SUITE_TEST(inspect_says_of_a_set_what_holds_for_its_functions),
    SUITE_TEST(inspect_of_a_refused_plugin_exits_2_and_puts_nothing_out),
    SUITE_TEST(a_constructor_that_crashes_is_told_with_its_plugin),
    SUITE_TEST(list_goes_on_without_a_plugin_that_ends_or_crashes_it),
    SUITE_TEST(folders_are_searched_in_order),
};
SUITE_MAIN("cli", tests)
