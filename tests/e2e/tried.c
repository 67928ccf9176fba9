/* See tried.h. */
#include "tried.h"

#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "(12ms)" and "after 1.5s" become "(T)": how long a test took differs. */
static void cut_times(char *text)
{
    char *to = text;
    for (const char *at = text; *at != '\0';) {
        int n = 0;
        if (sscanf(at, "(%*[0-9.]%*[mus])%n", &n) == 0 && n > 0) {
            memcpy(to, "(T)", 3);
            to += 3;
            at += n;
            continue;
        }
        *to++ = *at++;
    }
    *to = '\0';
}

void try_test(struct tried *t, const char *const *arguments)
{
    static const char *const environment[] = {"GYRE_PLUGIN_PATH", "GYRE_LOG", NULL};
    char *program = build_path("gyre"), *fixtures = build_path("fixtures");
    const char *argv[24] = {program, "test", "--plugin-path", fixtures};
    for (size_t i = 0; arguments[i] != NULL; i++)
        argv[4 + i] = arguments[i];
    process_run(
        &(struct process_spec){
            .argv = argv, .env = environment, .cwd = t->dir, .timeout_ms = 10 * RUN_PATIENCE_MS},
        &t->result);
    cut_times(t->result.out);
    free(program);
    free(fixtures);
}

void end_try(struct tried *t)
{
    process_result_fini(&t->result);
    dir_end(t->dir);
}

void expect_text(const char *is, const char *wanted)
{
    CU_ASSERT_STRING_EQUAL(is, wanted);
    if (strcmp(is, wanted) != 0)
        printf("--- is\n%s--- not\n%s", is, wanted);
}

/* Runs the tests of one job. */
void expect_of(const char *job, int status, const char *out, const char *err)
{
    struct tried t = {.dir = dir_temp()};
    run_write(t.dir, "job.cfg", job);
    try_test(&t, ARGV("job.cfg"));
    CU_ASSERT_EQUAL(t.result.status, status);
    expect_text(t.result.out, out);
    expect_text(t.result.err, err);
    end_try(&t);
}
