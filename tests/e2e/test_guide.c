/* The guide for those who write plugins, sdk/README.md, as far as others rely on it: messages point to its sections. */
#include "support/process.h"
#include "support/suite.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define GUIDE   "sdk/README.md"
#define POINTER GUIDE "#"

/* The sections of a page, as links name them: "#a-sink\n#the-abi\n". Owns: free(). */
static char *sections_of(const char *page)
{
    char *sections = NULL;
    size_t size;
    bool in_block = false;
    FILE *out = open_memstream(&sections, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    for (const char *line = page; line != NULL && *line; line = strchr(line, '\n')) {
        line += *line == '\n';
        in_block ^= strncmp(line, "```", 3) == 0;
        if (in_block || *line != '#')
            continue;
        fputc('#', out);
        for (line += strspn(line, "# "); *line != '\n'; line++)
            if (isalnum((unsigned char)*line) || strchr("-_ ", *line) != NULL)
                fputc(*line == ' ' ? '-' : tolower((unsigned char)*line), out);
        fputc('\n', out);
    }
    fclose(out);
    return sections;
}

static char *command_out(const char *command)
{
    struct process_result r;
    process_run(&(struct process_spec){.argv = ARGV("/bin/sh", "-c", command)}, &r);
    char *out = text_format("%s", r.out);
    process_result_fini(&r);
    return out;
}

static void each_section_that_messages_point_to_is_there(void)
{
    char *page = file_read(GUIDE, NULL);
    char *sections = sections_of(page);
    char *table = file_read("runtime/plugin/guide.h", NULL);
    size_t n = 0;
    for (char *at = table; (at = strstr(at, POINTER)) != NULL; n++) {
        at += strlen(POINTER) - 1;
        char *line = text_format("%.*s\n", (int)strcspn(at, "\""), at);
        if (strstr(sections, line) == NULL)
            printf("no section %s", line);
        CU_ASSERT(strstr(sections, line) != NULL);
        free(line);
    }
    CU_ASSERT(n > 10);
    free(table);
    free(sections);
    free(page);
}

static void messages_point_to_the_guide_by_that_table_alone(void)
{
    char *others = command_out("grep -rln '" POINTER "' runtime plugins --include='*.[ch]'");
    CU_ASSERT_STRING_EQUAL(others, "runtime/plugin/guide.h\n");
    char *unused = command_out("sed -n 's/^#define \\(GY_GUIDE_[A-Z_]*\\) .*/\\1/p' "
                               "runtime/plugin/guide.h | while read n; do\n"
                               "grep -rqw --include='*.c' \"$n\" runtime || echo \"$n\"; done");
    CU_ASSERT_STRING_EQUAL(unused, "");
    free(unused);
    free(others);
}

static void links_within_the_guide_lead_to_sections(void)
{
    static const char *const pages[] = {GUIDE, "sdk/ABI.md"};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        char *page = file_read(pages[i], NULL);
        char *sections = sections_of(page);
        for (char *at = page; (at = strstr(at, "](#")) != NULL;) {
            at += 2;
            char *line = text_format("%.*s\n", (int)strcspn(at, ")"), at);
            if (strstr(sections, line) == NULL)
                printf("%s: no section %s", pages[i], line);
            CU_ASSERT(strstr(sections, line) != NULL);
            free(line);
        }
        free(sections);
        free(page);
    }
    CU_PASS("all of them");
}

/* ---- mistakes ---- */

/* A C file with literals that follow each other made one, and without the backslashes in them. Owns: free(). */
static char *literals_of(const char *name)
{
    char *text = file_read(name, NULL), *to = text;
    for (const char *at = text; *at != 0;) {
        const char *next = at + 1 + strspn(at + 1, " \n");
        if (*at == '"' && next > at + 1 && *next == '"')
            at = next + 1;
        else if (*at == '\\' && at[1] == '"')
            at++, *to++ = *at++;
        else
            *to++ = *at++;
    }
    *to = 0;
    return text;
}

static bool is_said(const char *sentence)
{
    static const char *const files[] = {
        "tests/unit/test_op_misuse.c", "tests/unit/test_plugin_loader.c",
        "tests/unit/test_plugin_path.c", "tests/unit/test_op_instance.c"};
    bool said =
        strstr(sentence, "0x1f; use a newer gyre") != NULL; /* made there with the features */
    for (size_t i = 0; !said && i < sizeof files / sizeof *files; i++) {
        char *text = literals_of(files[i]);
        said = strstr(text, sentence) != NULL;
        free(text);
    }
    return said;
}

/* The sentence of a row "| mistake | `sentence` |", between one or two backquotes. Owns: free(). */
static char *sentence_of(const char *row)
{
    const char *at = strstr(row, " | `"), *end = strchr(row, '\n');
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    at += 3 + strspn(at + 3, "`");
    at += *at == ' ';
    end -= 2;
    while (end > at && (end[-1] == '`' || (end[-1] == ' ' && end[0] == '`')))
        end--;
    return text_format("%.*s", (int)(end - at), at);
}

static void each_mistake_is_told_as_the_table_says(void)
{
    char *page = file_read(GUIDE, NULL);
    const char *row = strstr(page, "\n| mistake | what is said |\n| --- | --- |\n");
    size_t n = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(row);
    row = strstr(row, "--- |\n") + 6;
    for (; *row == '|'; row = strchr(row, '\n') + 1, n++) {
        char *sentence = sentence_of(row);
        bool said = strlen(sentence) > 20 && is_said(sentence);
        if (!said)
            printf("no test has: %s\n", sentence);
        CU_ASSERT(said);
        free(sentence);
    }
    CU_ASSERT(n >= 40);
    free(page);
}

/* ---- plugins ---- */

/* All that are in C but the one that is to fail, with the checks that have found something in them before; GYRE_BIG=1: all
 * checks. What the operators of a loop with rounds do, they do in no other job. */
static void the_plugins_of_the_guide_conform(void)
{
    char *folder = dir_temp(), *gyre = build_path("gyre");
    char here[4096];
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    char *command = text_format(
        "cd '%s'; awk '/^```c [a-z]+\\.c/ { f = $2; next } /^```/ { f = \"\" } f { print > f }' "
        "'%s/" GUIDE "'\n"
        "rm forgets.c; ls *.c | wc -l\n"
        "for f in *.c; do n=${f%%.c}\n"
        "cc -std=c17 -O1 -I'%s/sdk/include' -shared -fPIC -fvisibility=hidden \"$f\" -o $n.so -lm "
        "&& chmod go-w $n.so && '%s' conform ./$n.so %s >said 2>&1 || cat said; done",
        folder, here, here, gyre,
        getenv("GYRE_BIG") != NULL
            ? ""
            : "--only source.position,sink.two-phase,fault.every-allocation");
    char *said = command_out(command);
    CU_ASSERT_STRING_EQUAL(said, "20\n");
    free(said);
    free(command);
    free(gyre);
    dir_end(folder);
}

/* ---- other languages ---- */

static void need(const char *compiler)
{
    struct process_result r;
    process_run(&(struct process_spec){.argv = ARGV(compiler, "--version")}, &r);
    int status = r.status;
    process_result_fini(&r);
    if (status != 0)
        suite_skip(strcmp(compiler, "g++") == 0 ? "there is no compiler called g++"
                                                : "there is no compiler called rustc");
}

/* Saves the block that begins with `words`, as NAME in a folder. */
static void save_block(const char *folder, const char *words, const char *name)
{
    char *page = file_read(GUIDE, NULL), *begins = text_format("\n```%s %s\n", words, name);
    const char *at = strstr(page, begins);
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    at += strlen(begins);
    char *text = text_format("%.*s", (int)(strstr(at, "\n```") + 1 - at), at);
    char *path = path_join(folder, name);
    file_write_text(path, text);
    free(path);
    free(text);
    free(begins);
    free(page);
}

/* Compiles with a command, which finds $SDK, and runs a job on two rows of `x` and `y`. */
static void expect_rows(const char *folder, const char *compile, const char *plugin,
                        const char *operators, const char *rows)
{
    char here[4096];
    struct process_result r;
    CU_ASSERT_PTR_NOT_NULL_FATAL(getcwd(here, sizeof here));
    char *gyre = build_path("gyre"), *sdk = text_format("SDK=%s/sdk/include", here);
    char *job =
        text_format("job = \"j\"; plugins = (\"%s.so\"); parallelism = 1; operators = (\n"
                    "{ id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\";\n"
                    "  schema = ( {name = \"x\"; type = \"f64\";}, {name = \"y\"; type = "
                    "\"f64\";} ); },\n%s );",
                    plugin, operators);
    char *job_path = path_join(folder, "j.cfg"), *csv = path_join(folder, "in.csv");
    char *script = text_format("umask 022; %s && exec '%s' run j.cfg", compile, gyre);
    file_write_text(job_path, job);
    file_write_text(csv, "3,4\n0,4\n");
    process_run(&(struct process_spec){.argv = ARGV("/bin/sh", "-ec", script),
                                       .cwd = folder,
                                       .timeout_ms = 60000,
                                       .env = (const char *const[]){sdk, NULL}},
                &r);
    if (r.status != 0 || strcmp(r.out, rows) != 0)
        printf("%s%s", r.out, r.err);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, rows);
    process_result_fini(&r);
    free(script), free(csv), free(job_path), free(job), free(sdk), free(gyre);
}

static void the_plugin_in_cplusplus_runs(void)
{
    need("g++");
    char *folder = dir_temp();
    save_block(folder, "cpp", "hypot.cpp");
    expect_rows(folder,
                "g++ -std=c++17 -O2 -Wall -Wextra -Werror -I\"$SDK\" -shared -fPIC "
                "-fvisibility=hidden -Wl,-z,defs hypot.cpp -o hypot.so",
                "hypot",
                "{ id = \"m\"; op = \"hypot.measure\"; input = \"in\"; },\n"
                "{ id = \"f\"; op = \"hypot.farther\"; input = \"m\"; key = \"y\"; },\n"
                "{ id = \"out\"; op = \"file.write\"; input = \"f\"; path = \"-\"; }",
                "5\n");
    dir_end(folder);
}

static void the_plugin_in_rust_runs(void)
{
    need("rustc");
    char *folder = dir_temp();
    save_block(folder, "rust", "warm.rs");
    save_block(folder, "file", "warm.c");
    expect_rows(folder,
                "rustc -O -C panic=abort --crate-type staticlib warm.rs -o libwarm.a && cc "
                "-std=c17 -O2 -I\"$SDK\" -shared -fPIC -fvisibility=hidden -Wl,-z,defs warm.c "
                "libwarm.a -Wl,--exclude-libs,ALL -o warm.so",
                "warm",
                "{ id = \"c\"; op = \"std.select\"; input = \"in\"; fields = (\"celsius=x\"); },\n"
                "{ id = \"m\"; op = \"warm.fahrenheit\"; input = \"c\"; },\n"
                "{ id = \"out\"; op = \"file.write\"; input = \"m\"; path = \"-\"; }",
                "3,37.4\n0,32\n");
    dir_end(folder);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(the_plugins_of_the_guide_conform, 180),
    SUITE_TEST(each_mistake_is_told_as_the_table_says),
    SUITE_TEST_WITHIN(the_plugin_in_cplusplus_runs, 90),
    SUITE_TEST_WITHIN(the_plugin_in_rust_runs, 90),
    SUITE_TEST(each_section_that_messages_point_to_is_there),
    SUITE_TEST(messages_point_to_the_guide_by_that_table_alone),
    SUITE_TEST(links_within_the_guide_lead_to_sections),
};
SUITE_MAIN("guide", tests)
