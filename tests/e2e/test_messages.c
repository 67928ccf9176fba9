/* What comes from outside does not act on the terminal: rows, paths, names and texts of plugins that hold
 * control characters, in all that gyre says and shows. */
#include "run_job.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* True where a text holds nothing that a terminal acts on but line breaks, and shows an ESC. */
static bool is_harmless(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    for (size_t i = 0; p[i] != 0; i++)
        if ((p[i] < 0x20 && p[i] != '\n') || p[i] == 0x7f || p[i] >= 0x80)
            return false;
    return strstr(text, "\\x1b") != NULL;
}

static void check_harmless(const char *what, const char *text)
{
    bool is = is_harmless(text);
    if (!is)
        printf("--- %s says\n%s---\n", what, text);
    CU_ASSERT_TRUE(is);
}

/* A source of hostile rows, and loud_texts.loud with `options`. */
static void run_loud(const char *options, int status)
{
    struct process_result r;
    char *dir = dir_temp();
    char *job = text_format("job = \"loud\"; mode = \"batch\"; parallelism = 1;\n"
                            "operators = (\n"
                            "  { id = \"in\"; op = \"file.read\"; path = \"rows.txt\"; },\n"
                            "  { id = \"it\"; op = \"loud_texts.loud\"; input = \"in\"; %s }\n"
                            ");\n",
                            options);
    run_write(dir, "rows.txt",
              "a\x1b[2J\a\x7f\xc2\x9b"
              "b\n");
    run_job(dir, job, &(struct run_options){.arguments = ARGV("--report", "report.json")}, &r);
    CU_ASSERT_EQUAL(r.status, status);
    check_harmless(options, r.err);
    CU_ASSERT_STRING_EQUAL(r.out, "");
    process_result_fini(&r);
    free(job);
    dir_end(dir);
}

static void what_a_plugin_logs_is_escaped(void)
{
    run_loud("by = \"log\";", 0);
}

static void the_block_of_a_failure_is_escaped(void)
{
    run_loud("by = \"fail\";", 1);
    run_loud("by = \"row\";", 1);
}

static void a_bad_row_that_is_skipped_is_escaped(void)
{
    run_loud("by = \"row\"; on_error = \"skip\";", 0);
}

static void the_block_of_a_crash_is_escaped(void)
{
    struct process_result r;
    char *dir = dir_temp(), *folder = path_join(dir, "pl\x1b[2J");
    char *from = build_path("fixtures/loud_texts.so"), *to = path_join(folder, "loud_texts.so");
    char *program = build_path("gyre");
    CU_ASSERT_EQUAL_FATAL(mkdir(folder, 0700), 0);
    process_run(&(struct process_spec){.argv = ARGV("cp", from, to)}, &r);
    process_result_fini(&r);
    run_write(dir, "rows.txt", "a\x1b[2J\n");
    run_write(dir, "job.cfg",
              "job = \"loud\"; parallelism = 1; plugins = (\"pl\\x1b[2J/loud_texts.so\");\n"
              "operators = (\n"
              "  { id = \"in\"; op = \"file.read\"; path = \"rows.txt\"; },\n"
              "  { id = \"it\"; op = \"loud_texts.loud\"; input = \"in\"; by = \"crash\"; }\n"
              ");\n");
    process_run(&(struct process_spec){.argv = ARGV(program, "run", "job.cfg"), .cwd = dir}, &r);
    CU_ASSERT_NOT_EQUAL(r.status, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "\n  plugin:   "));
    check_harmless("crash", r.err);
    process_result_fini(&r);
    free(folder);
    free(program);
    free(from);
    free(to);
    dir_end(dir);
}

/* Each of these is wrong, and is told with the bytes that were given. */
static void mistakes_are_escaped(void)
{
    static const char *const commands[][5] = {
        {"li\x1bst"},
        {"list", "--\x1b"},
        {"list", "--format", "\x1b"},
        {"list", "--plugin-path", "/\x1b"},
        {"list", "\x1b"},
        {"run", "\x1b.cfg"},
        {"check", "good.cfg", "--set", "in.path\x1b=x"},
        {"check", "good.cfg", "--set", "in.nothing\x1b=1"},
        {"check", "bad.cfg"},
        {"plan", "bad.cfg"},
        {"check", "broken\x1b.cfg"},
        {"run", "good.cfg", "--report", "/no\x1bwhere/report"},
        {"run", "good.cfg", "--from", "/no\x1bwhere"},
        {"run", "missing.cfg"},
        {"inspect", "\x1b"},
        {"inspect", "./\x1b.so"},
        {"snapshots", "\x1b"},
        {"snapshots", ".", "\x1b"},
        {"snapshots", ".", "show", "\x1b"},
    };
    static const char good[] =
        "job = \"a\"; operators = ( { id = \"in\"; op = \"file.read\"; path = \"rows.txt\"; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"-\"; } );\n";
    char *dir = dir_temp(), *program = build_path("gyre");
    run_write(dir, "rows.txt", "a\n");
    run_write(dir, "good.cfg", good);
    run_write(dir, "bad.cfg",
              "job = \"a\\x1b\"; operators = ( { id = \"i\\x1b\"; op = \"st\\x1bd.x\"; },\n"
              "  { id = \"b\"; op = \"std.null\"; input = \"\\x1b\"; } );\n");
    run_write(dir, "broken\x1b.cfg", "job = ");
    run_write(dir, "missing.cfg",
              "job = \"a\"; operators = ( { id = \"in\"; op = \"file.read\"; path = \"\\x1b\"; },\n"
              "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"-\"; } );\n");
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        struct process_result r;
        const char *argv[7] = {program};
        for (size_t k = 0; k < 5 && commands[i][k] != NULL; k++)
            argv[k + 1] = commands[i][k];
        process_run(&(struct process_spec){.argv = argv, .cwd = dir}, &r);
        CU_ASSERT_NOT_EQUAL(r.status, 0);
        check_harmless(argv[argv[2] != NULL ? 2 : 1], r.err);
        process_result_fini(&r);
    }
    free(program);
    dir_end(dir);
}

static void what_a_command_shows_of_a_plugin_is_escaped(void)
{
    static const char *const commands[][4] = {
        {"list"},
        {"list", "--format", "markdown"},
        {"inspect", "loud_texts"},
        {"inspect", "loud_texts", "--format", "markdown"},
    };
    char *program = build_path("gyre"), *fixtures = build_path("fixtures");
    char *path = text_format("GYRE_PLUGIN_PATH=%s", fixtures);
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        struct process_result r;
        const char *argv[6] = {program};
        for (size_t k = 0; k < 4 && commands[i][k] != NULL; k++)
            argv[k + 1] = commands[i][k];
        process_run(&(struct process_spec){.argv = argv, .env = ARGV(path)}, &r);
        CU_ASSERT_EQUAL(r.status, 0);
        check_harmless(argv[1], r.out);
        CU_ASSERT_PTR_NULL(strstr(r.out, "\nline"));
        process_result_fini(&r);
    }
    free(path);
    free(program);
    free(fixtures);
}

/* Programs read these: the rows of the job, and JSON. */
static void output_and_json_stay_as_they_are(void)
{
    struct process_result r;
    char *dir = dir_temp();
    run_write(dir, "rows.txt", "a\x1b[2J\a\x7f\n");
    run_job(
        dir,
        "job = \"a\"; operators = ( { id = \"in\"; op = \"file.read\"; path = \"rows.txt\"; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"-\"; } );\n",
        &(struct run_options){.arguments = ARGV("--report", "report.json")}, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, "a\x1b[2J\a\x7f\n");
    char *report = run_read(dir, "report.json");
    CU_ASSERT_TRUE(run_is_json(report));
    process_result_fini(&r);
    free(report);
    char *program = build_path("gyre"), *plugin = build_path("fixtures/loud_texts.so");
    process_run(
        &(struct process_spec){.argv = ARGV(program, "inspect", plugin, "--format", "json")}, &r);
    CU_ASSERT_TRUE(run_is_json(r.out));
    CU_ASSERT_PTR_NOT_NULL(strstr(r.out, "Doc \\u001b[31mloud\\u0007\xc2\x9b"));
    process_result_fini(&r);
    free(program);
    free(plugin);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(what_a_plugin_logs_is_escaped),
    SUITE_TEST(the_block_of_a_failure_is_escaped),
    SUITE_TEST(a_bad_row_that_is_skipped_is_escaped),
    SUITE_TEST(the_block_of_a_crash_is_escaped),
    SUITE_TEST(mistakes_are_escaped),
    SUITE_TEST(what_a_command_shows_of_a_plugin_is_escaped),
    SUITE_TEST(output_and_json_stay_as_they_are),
};
SUITE_MAIN("messages", tests)
