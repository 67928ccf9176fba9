/* What `gyre conform` keeps of a run beside the plugin, and what `gyre inspect` tells of it. */
#include "support/process.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* A copy of a plugin in a folder of its own. */
struct place {
    char *folder, *gyre, *plugin;
};

static void place_init(struct place *place, const char *plugin)
{
    size_t size;
    umask(022); /* the loader refuses what others can write */
    place->folder = dir_temp();
    place->gyre = build_path("gyre");
    char *from = build_path(plugin);
    place->plugin = path_join(place->folder, "plugin_good.so");
    char *bytes = file_read(from, &size);
    file_write(place->plugin, bytes, size);
    free(bytes);
    free(from);
}

static void place_fini(struct place *place)
{
    dir_end(place->folder);
    free(place->plugin);
    free(place->gyre);
}

/* Runs a command on plugin_good.so; what it prints, standard error behind that. Owns: free(). */
static char *run(const struct place *place, const char *command, const char *flag,
                 const char *value, int status)
{
    struct process_result r;
    process_run(
        &(struct process_spec){.argv = ARGV(place->gyre, command, place->plugin, flag, value),
                               .timeout_ms = 200000},
        &r);
    char *text = text_format("%s%s", r.out, r.err);
    if (r.status != status)
        printf("status %d: %s\n", r.status, text);
    CU_ASSERT_EQUAL(r.status, status);
    process_result_fini(&r);
    return text;
}

static void expect_inspect(const struct place *place, const char *part)
{
    char *text = run(place, "inspect", NULL, NULL, 0);
    if (strstr(text, part) == NULL)
        printf("no \"%s\" in:\n%s", part, text);
    CU_ASSERT(strstr(text, part) != NULL);
    free(text);
}

static bool is_kept(const struct place *place)
{
    char *path = path_join(place->folder, "plugin_good.conform");
    bool kept = file_exists(path);
    free(path);
    return kept;
}

static void a_run_of_all_checks_is_told_by_inspect(void)
{
    struct place place;
    place_init(&place, "fixtures/plugin_good.so");
    expect_inspect(&place, "\n  tested          no: gyre conform does it\n");
    free(run(&place, "conform", NULL, NULL, 0));
    char *path = path_join(place.folder, "plugin_good.conform"), *kept = file_read(path, NULL);
    CU_ASSERT(strncmp(kept, "plugin plugin_good 0.3.1\nbuild ", 31) == 0);
    CU_ASSERT(strstr(kept, "\nseed 1\npass ") != NULL);
    CU_ASSERT(strstr(kept, " fail 0 crash 0 timeout 0 skip ") != NULL);
    expect_inspect(&place, "Z by gyre 0.1.0: ");
    expect_inspect(&place, " pass, 0 fail, ");
    CU_ASSERT_EQUAL(dir_count(place.folder), 2);
    free(kept);
    free(path);
    place_fini(&place);
}

static void another_build_was_not_tested(void)
{
    struct place place, other;
    place_init(&place, "fixtures/plugin_good.so");
    char *path = path_join(place.folder, "plugin_good.conform");
    file_write_text(path,
                    "plugin plugin_good 0.3.1\nbuild 0123456789abcdef\ndate 2026-11-20T10:00:00Z\n"
                    "gyre 0.0.9\nseed 1\n"
                    "pass 3 fail 0 crash 0 timeout 0 skip 0 warn 0\n");
    expect_inspect(&place, "\n  tested          not this build: another one was on "
                           "2026-11-20T10:00:00Z, by gyre 0.0.9\n");
    file_write_text(path, "plugin plugin_good 0.3.1\nbuild 0123456789abcdef\ndate now\n");
    expect_inspect(&place, "\n  tested          no: gyre conform does it\n");
    free(path);
    place_fini(&place);
    place_init(&other, "fixtures/plugin_good.so");
    char *json = run(&other, "inspect", "--format", "json", 0);
    CU_ASSERT(strstr(json, "\"tested\":null") != NULL);
    free(json);
    place_fini(&other);
}

static void some_checks_alone_are_not_kept(void)
{
    struct place place;
    place_init(&place, "fixtures/plugin_good.so");
    free(run(&place, "conform", "--only", "abi.note", 0));
    CU_ASSERT(!is_kept(&place));
    place_fini(&place);
}

static void where_it_cannot_be_kept_that_is_told_and_nothing_more(void)
{
    struct place place;
    place_init(&place, "fixtures/plugin_good.so");
    char *path = path_join(place.folder, "plugin_good.conform");
    CU_ASSERT_EQUAL_FATAL(mkdir(path, 0755), 0);
    char *text = run(&place, "conform", NULL, NULL, 0);
    CU_ASSERT(strstr(text, "/plugin_good.conform cannot be written: ") != NULL);
    CU_ASSERT(strstr(text, "; gyre inspect will not tell of this run\n") != NULL);
    CU_ASSERT(strstr(text, "life.cycle ") != NULL);
    CU_ASSERT_EQUAL(dir_count(place.folder), 2); /* nothing is left of the attempt */
    free(text);
    free(path);
    place_fini(&place);
}

/* ---- which checks are for it ---- */

/* How many results of a subject there are, each of which must be in the list. */
static size_t expect_each_is_listed(const char *results, const char *subject, const char *list)
{
    char *of = text_format(",\"subject\":\"%s\"", subject);
    size_t n = 0;
    for (const char *at = results; (at = strstr(at, "{\"check\":\"")) != NULL;) {
        at += 10;
        int id = (int)strcspn(at, "\"");
        if (strncmp(at + id + 1, of, strlen(of)) != 0)
            continue;
        char *quoted = text_format("\"%.*s\"", id, at);
        CU_ASSERT(strstr(list, quoted) != NULL);
        free(quoted);
        n++;
    }
    free(of);
    return n;
}

static size_t count_of(const char *text, char c)
{
    size_t n = 0;
    for (; *text != 0; text++)
        n += *text == c;
    return n;
}

static void expect_list(const char *inspected, const char *results, const char *subject)
{
    char *name = text_format("{\"name\":\"%s\"", subject);
    const char *at = strstr(inspected, name);
    at = at != NULL ? strstr(at, "\"checks\":[") : NULL;
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    at += strlen("\"checks\":[");
    char *list = text_format("%.*s", (int)strcspn(at, "]"), at);
    size_t n = expect_each_is_listed(results, subject, list);
    CU_ASSERT_EQUAL(count_of(list, '"'), 2 * n);
    CU_ASSERT(n > 10);
    free(list);
    free(name);
}

static void inspect_lists_the_checks_that_are_run(void)
{
    struct place place;
    place_init(&place, "fixtures/plugin_good.so");
    char *results = run(&place, "conform", "--format", "json", 0);
    char *item = run(&place, "inspect", "--format", "json", 0);
    expect_list(item, results, "plugin_good.big");
    expect_list(item, results, "plugin_good.running");
    expect_list(item, results, "plugin_good.price");
    free(item);
    free(results);
    expect_inspect(&place, "\ngyre conform tests\n  the plugin      abi.note abi.exports ");
    expect_inspect(&place, "\n  transforms      config.schema life.cycle ");
    place_fini(&place);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(a_run_of_all_checks_is_told_by_inspect, 120),
    SUITE_TEST(another_build_was_not_tested),
    SUITE_TEST(some_checks_alone_are_not_kept),
    SUITE_TEST_WITHIN(where_it_cannot_be_kept_that_is_told_and_nothing_more, 120),
    SUITE_TEST_WITHIN(inspect_lists_the_checks_that_are_run, 120),
};
SUITE_MAIN("conform_kept", tests)
