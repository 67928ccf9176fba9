/* The example jobs put out what they must. (netcount.cfg is run by test_net_read.) */
#include "support/process.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char text[] = "To be, or not to be:\nthat is the question.\n";

/* Runs a job of jobs/ in a new folder that has the text, with `sets` ("ID.OPTION=VALUE", NULL last). */
static void run_job(const char *folder, const char *job, const char *const *sets,
                    struct process_result *result)
{
    const char *argv[16] = {NULL};
    size_t n = 0;
    char *program = build_path("gyre"), *path = text_format("jobs/%s", job);
    char *real = realpath(path, NULL);
    argv[n++] = program;
    argv[n++] = "run";
    argv[n++] = real;
    for (size_t i = 0; sets[i] != NULL; i++) {
        argv[n++] = "--set";
        argv[n++] = sets[i];
    }
    process_run(&(struct process_spec){.argv = argv, .cwd = folder}, result);
    CU_ASSERT_EQUAL(result->status, 0);
    free(real);
    free(path);
    free(program);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Compares lines as a multiset: rows of several tasks come in no order. */
static void expect_rows(const char *is, const char *wanted)
{
    const char *texts[2] = {is, wanted};
    char *sorted[2];
    for (int t = 0; t < 2; t++) {
        size_t n = 0, size = strlen(texts[t]) + 2;
        char *copy = strdup(texts[t]), *rest = NULL;
        char **lines = calloc(size, sizeof *lines);
        sorted[t] = calloc(1, size);
        for (char *l = strtok_r(copy, "\n", &rest); l != NULL; l = strtok_r(NULL, "\n", &rest))
            lines[n++] = l;
        qsort(lines, n, sizeof *lines, by_text);
        for (size_t i = 0; i < n; i++) {
            strcat(sorted[t], lines[i]);
            strcat(sorted[t], "\n");
        }
        free(lines);
        free(copy);
    }
    CU_ASSERT_STRING_EQUAL(sorted[0], sorted[1]);
    if (strcmp(sorted[0], sorted[1]) != 0)
        printf("--- is\n%s--- not\n%s", sorted[0], sorted[1]);
    free(sorted[0]);
    free(sorted[1]);
}

static void expect_word_count(const char *job, const char *wanted)
{
    struct process_result result;
    char *folder = dir_temp(), *path = path_join(folder, "text");
    file_write_text(path, text);
    run_job(folder, job, (const char *const[]){"lines.path=text", NULL}, &result);
    expect_rows(result.out, wanted);
    process_result_fini(&result);
    dir_remove(folder);
    free(path);
    free(folder);
}

static void wordcount_batch_has_one_row_per_word(void)
{
    expect_word_count("wordcount-batch.cfg",
                      "to,2\nbe,2\nor,1\nnot,1\nthat,1\nis,1\nthe,1\nquestion,1\n");
}

static void wordcount_has_a_row_for_every_word(void)
{
    expect_word_count("wordcount.cfg",
                      "to,1\nbe,1\nor,1\nnot,1\nto,2\nbe,2\nthat,1\nis,1\nthe,1\nquestion,1\n");
}

static void access_log_counts_requests_bytes_and_errors(void)
{
    struct process_result result;
    char *folder = dir_temp();
    char *hosts = path_join(folder, "h.csv"), *statuses = path_join(folder, "s.csv");
    run_job(folder, "access-log.cfg",
            (const char *const[]){"hosts.path=h.csv", "statuses.path=s.csv", NULL}, &result);
    CU_ASSERT_STRING_EQUAL(result.out, "");
    CU_ASSERT_PTR_NOT_NULL(strstr(result.err, "log[")); /* the line that is cut is told */
    char *got = file_read(hosts, NULL);
    CU_ASSERT_EQUAL(strncmp(got, "host,requests,bytes,error_rate\n", 31), 0);
    expect_rows(got, "host,requests,bytes,error_rate\n"
                     "docs.example,3,18944,0\napi.example,4,1980,0.5\nshop.example,4,7990,0.25\n");
    free(got);
    got = file_read(statuses, NULL);
    expect_rows(got, "host,status,requests,bytes\n"
                     "api.example,200,2,1980\napi.example,503,2,0\ndocs.example,200,2,18944\n"
                     "docs.example,304,1,\nshop.example,200,2,7168\nshop.example,404,1,512\n"
                     "shop.example,502,1,310\n");
    free(got);
    process_result_fini(&result);
    dir_remove(folder);
    free(hosts);
    free(statuses);
    free(folder);
}

static const struct suite_test tests[] = {
    SUITE_TEST(wordcount_batch_has_one_row_per_word),
    SUITE_TEST(wordcount_has_a_row_for_every_word),
    SUITE_TEST(access_log_counts_requests_bytes_and_errors),
};
SUITE_MAIN("jobs", tests)
