/* Numbers are the same whatever the locale, and whoever sets it; and what a plugin changes of the
 * process is told and put back. The plugin is fixtures/hostile.c, the locales are made here by
 * tests/locales.sh; GYRE_BIG=1: all that there are. */
#include "base/rng.h"
#include "run_job.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- locales ---- */

static const char *const numbers[] = {"1.5e-7",
                                      "0.30000000000000004",
                                      "2.2250738585072011e-308",
                                      "5e-324",
                                      "1.7976931348623157e308",
                                      "0.1",
                                      "-1234567.875",
                                      "123456789012345678901234567890.5",
                                      "1e22",
                                      "INF",
                                      "1,5",
                                      "1.5"};

/* A row for each of the texts, and random ones of more digits than a double has. */
static void write_numbers(const char *dir)
{
    struct gy_rng rng;
    gy_rng_init(&rng, 5);
    char *path = path_join(dir, "in.csv");
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        fprintf(file, strchr(numbers[i], ',') != NULL ? "\"%s\"\n" : "%s\n", numbers[i]);
    for (int i = 0; i < 500; i++) {
        uint64_t whole = gy_rng_below(&rng, 1000), part = gy_rng_next(&rng);
        int exponent = (int)gy_rng_below(&rng, 600) - 300;
        fprintf(file, "%llu.%llue%d\n", (unsigned long long)whole, (unsigned long long)part,
                exponent);
    }
    fclose(file);
    free(path);
}

#define JOB                                                                                        \
    "job = \"locale\"; mode = \"batch\"; parallelism = 2; plugins = (\"%s\"); operators = ("       \
    "{ id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\"; on_error = \"port\";" \
    "  schema = ( {name=\"x\"; type=\"f64\";} ); rate = 1000000.5; },"                             \
    "{ id = \"p\"; op = \"hostile.pass\"; input = \"in\"; factor = 0.1; parallelism = 1; },"       \
    "{ id = \"csv\"; op = \"file.write\"; input = \"p\"; path = \"out.csv\"; },"                   \
    "{ id = \"json\"; op = \"file.write\"; input = \"p\"; format = \"json\"; path = "              \
    "\"out.json\"; },"                                                                             \
    "{ id = \"again\"; op = \"file.read\"; path = \"json\"; format = \"json\";"                    \
    "  schema = ( {name=\"x\"; type=\"f64\";} ); },"                                               \
    "{ id = \"q\"; op = \"hostile.pass\"; input = \"again\"; parallelism = 1; },"                  \
    "{ id = \"sum\"; op = \"std.sum\"; input = \"q\"; field = \"x\"; },"                           \
    "{ id = \"total\"; op = \"file.write\"; input = \"sum\"; path = \"total\"; },"                 \
    "{ id = \"bad\"; op = \"file.write\"; input = \"in.errors\"; path = \"bad\"; });"

/* Runs gyre in the folder under a locale; what it wrote is in the files. (glibc's newlocale loses some
 * bytes of LOCPATH.) */
static void run_in(const char *dir, const char *locale, const char *set,
                   struct process_result *result)
{
    char *program = build_path("gyre"), *locales = path_join(dir, "locales");
    char *all = text_format("LC_ALL=%s", locale), *folder = text_format("LOCPATH=%s", locales);
    process_run(
        &(struct process_spec){.argv = ARGV("env", all, folder, "GYRE_HOSTILE=locale",
                                            "ASAN_OPTIONS=detect_leaks=0", program, "run",
                                            "job.cfg", "--report", "report.json", "--set", set),
                               .cwd = dir,
                               .timeout_ms = 20000},
        result);
    free(program);
    free(locales);
    free(folder);
    free(all);
}

/* What a run put out, as one text. */
static char *output_of(const char *dir)
{
    static const char *const names[] = {"out.csv", "out.json", "total", "bad"};
    char *all = text_format("%s", "");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *text = run_read(dir, names[i]), *sorted = run_sorted(text);
        char *more = text_format("%s%s\n", all, i < 2 ? sorted : text);
        free(all);
        free(text);
        free(sorted);
        all = more;
    }
    return all;
}

static void run_in_locale(const char *dir, const char *locale, const char *wanted, int *commas)
{
    struct process_result result;
    run_in(dir, locale, "p.factor=0.1", &result);
    if (result.status != 0)
        printf("%s: %s\n", locale, result.err);
    CU_ASSERT_EQUAL_FATAL(result.status, 0);
    *commas += strstr(result.err, "decimal point ','") != NULL;
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, "hostile.so changed the locale while it was loaded"));
    process_result_fini(&result);
    char *is = output_of(dir), *json = run_read(dir, "report.json");
    if (strcmp(is, wanted) != 0)
        printf("%s: the output is another\n", locale);
    CU_ASSERT_EQUAL(strcmp(is, wanted), 0);
    CU_ASSERT(run_is_json(json));
    free(json);
    free(is);
    run_in(dir, locale, "p.factor=1.5", &result);
    CU_ASSERT_EQUAL(result.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, "factor: 1.5 is not within -1 and 1"));
    process_result_fini(&result);
}

static char *make_locales(const char *dir)
{
    struct process_result result;
    char *folder = path_join(dir, "locales");
    process_run(&(struct process_spec){.argv = ARGV("tests/locales.sh", folder,
                                                    getenv("GYRE_BIG") ? "all" : "some"),
                                       .timeout_ms = 7200000},
                &result);
    if (result.status != 0)
        printf("%s", result.err);
    CU_ASSERT_EQUAL_FATAL(result.status, 0);
    char *names = text_format("%s", result.out);
    process_result_fini(&result);
    free(folder);
    return names;
}

static void output_is_the_same_in_all_locales_of_the_machine(void)
{
    struct process_result result;
    int commas = 0, n = 0;
    char *dir = dir_temp(), *plugin = build_path("fixtures/hostile.so");
    char *job = text_format(JOB, plugin), *names = make_locales(dir);
    write_numbers(dir);
    run_write(dir, "job.cfg", job);
    run_write(dir, "json", "{\"x\":0.1}\n{\"x\":0.2}\n{\"x\":1.5e-7}\n{\"x\":2.5}\n");
    run_in(dir, "C", "p.factor=0.1", &result);
    if (result.status != 0)
        printf("%s", result.err);
    CU_ASSERT_EQUAL_FATAL(result.status, 0);
    process_result_fini(&result);
    char *wanted = output_of(dir);
    CU_ASSERT_PTR_NOT_NULL(strstr(wanted, "\n0.30000000000000004\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(wanted, "{\"x\":1.5e-07}\n"));
    for (char *name = strtok(names, "\n"); name != NULL; name = strtok(NULL, "\n"), n++)
        run_in_locale(dir, name, wanted, &commas);
    printf("locale: %d locales, %d of them with a decimal comma\n", n, commas);
    CU_ASSERT(n >= 20);
    CU_ASSERT(commas >= 8);
    dir_end(dir);
    free(wanted);
    free(plugin);
    free(names);
    free(job);
}

/* ---- what a process has one of ---- */

#define STAYS                                                                                      \
    "job = \"stays\"; plugins = (\"%s\"); operators = ("                                           \
    "{ id = \"in\"; op = \"file.read\"; path = \"-\"; },"                                          \
    "{ id = \"p\"; op = \"hostile.pass\"; input = \"in\"; },"                                      \
    "{ id = \"out\"; op = \"file.write\"; input = \"p\"; path = \"-\"; },"                         \
    "{ id = \"file\"; op = \"file.write\"; input = \"p\"; path = \"made\"; });"

static void expect_put_back(const char *what, const char *says)
{
    struct process_result result;
    char *dir = dir_temp(), *plugin = build_path("fixtures/hostile.so");
    char *program = build_path("gyre"), *job = text_format(STAYS, plugin);
    char *hostile = text_format("GYRE_HOSTILE=%s", what);
    run_write(dir, "job.cfg", job);
    run_write(dir, "in", "one\ntwo\n");
    char *in = path_join(dir, "in");
    process_run(&(struct process_spec){.argv = ARGV("env", "LC_ALL=C.UTF-8", hostile, program,
                                                    "run", "job.cfg"),
                                       .cwd = dir,
                                       .stdin_path = in,
                                       .timeout_ms = RUN_PATIENCE_MS},
                &result);
    CU_ASSERT_EQUAL(result.status, 0);
    CU_ASSERT_STRING_EQUAL(result.out, "one\ntwo\n");
    if (strstr(result.err, says) == NULL)
        printf("%s: %s\n", what, result.err);
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, says));
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, plugin));
    process_result_fini(&result);
    char *made = run_read(dir, "made");
    CU_ASSERT_STRING_EQUAL(made, "one\ntwo\n");
    free(made);
    free(in);
    free(job);
    free(hostile);
    free(program);
    free(plugin);
    dir_end(dir);
}

static void what_a_plugin_changes_of_the_process_is_told_and_put_back(void)
{
    static const char *const cases[][2] = {
        {"locale", "changed the locale while it was loaded: this was put back"},
        {"signals", "changed signal handlers while"},
        {"umask", "changed the umask while"},
        {"folder", "changed the working directory while"},
        {"input", "changed standard input while"},
        {"output", "changed standard output while"},
        {"error", "changed standard error while"},
        {"rounding", "changed how numbers are rounded while"},
        {"locale signals umask folder input output error rounding",
         "changed the locale, signal handlers, the umask, the working directory, standard input, "
         "standard output, standard error, how numbers are rounded while it was loaded"},
        {"bind umask", "changed the umask in bind"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_put_back(cases[i][0], cases[i][1]);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(output_is_the_same_in_all_locales_of_the_machine, 7200),
    SUITE_TEST(what_a_plugin_changes_of_the_process_is_told_and_put_back),
};
SUITE_MAIN("locale", tests)
