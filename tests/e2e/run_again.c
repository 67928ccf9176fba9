/* See run_again.h. */
#include "run_again.h"

#include "run_sinks.h"
#include "run_watch.h"
#include "support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void run_and_stop(const char *dir, const char *job, const char *const *arguments)
{
    struct process process;
    struct process_result r;
    int before = run_newest_snapshot(dir, "snap", NULL);
    run_start(dir, job, &(struct run_options){.arguments = arguments}, &process);
    for (int ms = 0; ms < RUN_PATIENCE_MS; ms += 5) {
        if (run_newest_snapshot(dir, "snap", NULL) > before + 2)
            break;
        run_nap_ms(5);
    }
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL_FATAL(r.status, 0);
    if (arguments == NULL) /* else it says what it goes on from */
        CU_ASSERT_STRING_EQUAL(r.err, "");
    CU_ASSERT_TRUE(run_newest_snapshot(dir, "snap", NULL) > before + 2);
    process_result_fini(&r);
}

char *run_go_on(const char *dir, const char *job, const char *const *arguments, int status)
{
    struct process_result r;
    run_job(dir, job, &(struct run_options){.arguments = arguments}, &r);
    if (r.status != status)
        printf("exit status %d instead of %d: %s\n", r.status, status, r.err);
    CU_ASSERT_EQUAL(r.status, status);
    CU_ASSERT_STRING_EQUAL(r.out, "");
    char *err = strdup(r.err);
    process_result_fini(&r);
    return err;
}

void run_check_refused(const char *dir, const char *job, const char *const *arguments,
                       const char *says)
{
    char *before = run_read(dir, "out.csv"), *was = path_join(dir, "snap");
    int id = run_newest_snapshot(dir, "snap", NULL), files = dir_count(was), all = dir_count(dir);
    char *err = run_go_on(dir, job, arguments, 2), *after = run_read(dir, "out.csv");
    CU_ASSERT_STRING_EQUAL(err, says);
    if (strcmp(err, says) != 0)
        printf("said:      %sinstead of: %s", err, says);
    CU_ASSERT_STRING_EQUAL(before, after);
    CU_ASSERT_EQUAL(run_newest_snapshot(dir, "snap", NULL), id);
    CU_ASSERT_EQUAL(dir_count(was), files);
    CU_ASSERT_EQUAL(dir_count(dir), all);
    free(after);
    free(err);
    free(was);
    free(before);
}
