/* The list of a job file's mistakes, the nearest name, and the log's lines. */
#include "support/suite.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/mem.h"

static void prints(struct gy_diags *d, const char *want)
{
    char *text = NULL;
    size_t len = 0;
    FILE *to = open_memstream(&text, &len);
    CU_ASSERT_PTR_NOT_NULL_FATAL(to);
    gy_diags_print(d, to);
    fclose(to);
    CU_ASSERT_STRING_EQUAL(text, want);
    free(text);
}

static void mistakes_come_sorted_by_file_and_line_and_once_each(void)
{
    struct gy_diags d = {0};
    gy_diags_add(&d, "z.gyre", 9, "late");
    gy_diags_add(&d, "a.gyre", 2, "included");
    gy_diags_add(&d, "z.gyre", 3, "second of %d", 3);
    gy_diags_add(&d, "z.gyre", 3, "another of 3");
    gy_diags_add(&d, "z.gyre", 9, "late");
    gy_diags_add(&d, "z.gyre", 12, "late");
    gy_diags_add(&d, "--set a.b", 0, "no such option");
    gy_diags_add(&d, NULL, 7, "no place");
    CU_ASSERT_EQUAL(gy_diags_count(&d), 7);
    const char *want =
        "z.gyre:3: second of 3\nz.gyre:3: another of 3\nz.gyre:9: late\nz.gyre:12: late\n"
        "a.gyre:2: included\n--set a.b: no such option\nno place\n";
    prints(&d, want);
    prints(&d, want);
    gy_diags_fini(&d);
    CU_ASSERT_EQUAL(gy_diags_count(&d), 0);
}

static void an_option_that_the_label_names_is_not_named_again(void)
{
    struct gy_diags d = {0};
    gy_diags_add(&d, "--set out.format", 0, "format: expected \"csv\"");
    gy_diags_add(&d, "--set out.format", 0, "formats: no");
    gy_diags_add(&d, "--set out.window.time", 0, "window: no");
    gy_diags_add(&d, "a.format", 0, "format: a file of that name");
    prints(&d, "--set out.format: expected \"csv\"\n--set out.format: formats: no\n"
               "--set out.window.time: window: no\na.format: format: a file of that name\n");
    gy_diags_fini(&d);
}

static void a_mistake_is_counted_even_without_memory_for_it(void)
{
    gy_mem_track(true);
    size_t failures = 0;
    for (uint64_t k = 1;; k++) {
        struct gy_diags d = {0};
        gy_mem_fail_after(k);
        gy_diags_add(&d, "f", 1, "text");
        bool hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        CU_ASSERT_EQUAL(gy_diags_count(&d), 1);
        CU_ASSERT_EQUAL(d.oom, hit);
        gy_diags_fini(&d);
        CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
        if (!hit)
            break;
        failures++;
    }
    CU_ASSERT_EQUAL(failures, 4); /* the text, the file's name, and two arrays */
    gy_mem_track(false);
}

static void the_nearest_name_is_found_only_when_it_is_near(void)
{
    static const char *const names[] = {"word", "count", "std.sum", "std.min", "std.max_by", "k"};
    static const struct {
        const char *name, *want;
    } cases[] = {
        {"wrod", "word"},   {"wordd", "word"},  {"ord", "word"},        {"WORD", "word"},
        {"cuont", "count"}, {"coumt", "count"}, {"std.sun", "std.sum"}, {"std.maxby", "std.max_by"},
        {"xyz", NULL},      {"", NULL},         {"price", NULL},        {"x", NULL},
        {"wo", NULL},       {"K", "k"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *got = gy_nearest(cases[i].name, names, sizeof names / sizeof *names);
        if (cases[i].want)
            CU_ASSERT_STRING_EQUAL(got ? got : "none", cases[i].want)
        else
            CU_ASSERT_PTR_NULL(got);
    }
    char longer[200];
    memset(longer, 'w', sizeof longer - 1);
    longer[sizeof longer - 1] = '\0';
    CU_ASSERT_PTR_NULL(gy_nearest(longer, names, 1));
    CU_ASSERT_PTR_NULL(gy_nearest("word", NULL, 0));
}

/* Runs `say` with standard error in a pipe and gives what came through. */
static size_t capture(void (*say)(void), char *text, size_t size)
{
    int ends[2];
    CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
    int saved = dup(STDERR_FILENO);
    dup2(ends[1], STDERR_FILENO);
    say();
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(ends[1]);
    size_t n = 0;
    ssize_t got;
    while ((got = read(ends[0], text + n, size - 1 - n)) > 0)
        n += (size_t)got;
    close(ends[0]);
    text[n] = '\0';
    return n;
}

static void say_at_every_level(void)
{
    errno = EPIPE;
    gy_log(GY_LOG_ERROR, "e%d", 1);
    gy_log(GY_LOG_WARN, "w");
    gy_log(GY_LOG_INFO, "i");
    gy_log(GY_LOG_DEBUG, "d");
    CU_ASSERT_EQUAL(errno, EPIPE);
}

static void log_lines_have_a_prefix_and_obey_the_level(void)
{
    char text[1000];
    capture(say_at_every_level, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "gyre: e1\ngyre: warning: w\ngyre: i\n");
    gy_log_set_level(GY_LOG_ERROR);
    CU_ASSERT_FALSE(gy_log_enabled(GY_LOG_WARN));
    capture(say_at_every_level, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "gyre: e1\n");
    gy_log_set_level(GY_LOG_DEBUG);
    capture(say_at_every_level, text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, "gyre: e1\ngyre: warning: w\ngyre: i\ngyre: debug: d\n");
}

static void say_far_too_much(void)
{
    gy_log(GY_LOG_ERROR, "%08000d", 1);
}

static void a_long_log_line_is_cut_and_still_ends(void)
{
    char text[10000];
    size_t n = capture(say_far_too_much, text, sizeof text);
    CU_ASSERT_EQUAL_FATAL(n, 4096);
    CU_ASSERT_STRING_EQUAL(text + n - 5, "0...\n");
}

static const struct suite_test tests[] = {
    SUITE_TEST(mistakes_come_sorted_by_file_and_line_and_once_each),
    SUITE_TEST(an_option_that_the_label_names_is_not_named_again),
    SUITE_TEST(a_mistake_is_counted_even_without_memory_for_it),
    SUITE_TEST(the_nearest_name_is_found_only_when_it_is_near),
    SUITE_TEST(log_lines_have_a_prefix_and_obey_the_level),
    SUITE_TEST(a_long_log_line_is_cut_and_still_ends),
};
SUITE_MAIN("base_err", tests)
