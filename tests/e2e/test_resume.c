/* Going on by itself (`snapshot = { resume = true; }`), and what is said where a run does not. */
#include "run_again.h"
#include "run_sinks.h"
#include "run_watch.h"
#include "support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The %s are the settings of `snapshot`, and of the source. */
static const char text[] =
    "job = \"resume\"; parallelism = 1;\n"
    "snapshot = { dir = \"snap\"; keep = 100; %s };\n"
    "operators = (\n"
    "  { id = \"in\"; op = \"gen.sequence\"; %s },\n"
    "  { id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"out.csv\"; }\n"
    ");\n";

#define ENDLESS "to = 1000000000L; rate = 5000;"
#define SHORT   "to = 29999; rate = 0;"
#define RESUME  "every = \"20ms\"; resume = true;"
#define ANEW    "every = \"20ms\";"

static char *job_of(const char *snapshot, const char *source)
{
    return text_format(text, snapshot, source);
}

/* Runs a job until it has taken some snapshots, and kills all of it; the newest snapshot. */
static int run_and_kill(const char *dir, const char *job)
{
    struct process process;
    struct process_result r;
    int before = run_newest_snapshot(dir, "snap", NULL);
    run_start(dir, job, NULL, &process);
    for (int ms = 0; ms < RUN_PATIENCE_MS; ms += 5) {
        if (run_newest_snapshot(dir, "snap", NULL) > before + 2)
            break;
        run_nap_ms(5);
    }
    pid_t pid = process.pid;
    process_signal(&process, SIGKILL);
    process_wait(&process, &r);
    CU_ASSERT_TRUE(process_await_group(pid, RUN_PATIENCE_MS));
    process_result_fini(&r);
    return run_newest_snapshot(dir, "snap", NULL);
}

/* Runs a job to its end, and asserts what is said before that, and that out.csv has all rows. */
static void check_ends(const char *dir, const char *job, const char *const *arguments,
                       const char *says)
{
    char *err = run_go_on(dir, job, arguments, 0);
    CU_ASSERT_STRING_EQUAL(err, says);
    CU_ASSERT_EQUAL(run_check_sequence(dir), 30000);
    free(err);
}

static char *goes_on(int id)
{
    return text_format("gyre: goes on from snapshot snap/%d\n", id);
}

static char *beside(int id)
{
    return text_format("gyre: warning: begins at the start, beside snapshot snap/%d of a run that "
                       "had not finished: --from latest goes on with it, and snapshot = { resume = "
                       "true; } does so by itself\n",
                       id);
}

/* ---- resume ---- */

static void a_job_that_resumes_begins_and_goes_on_by_itself(void)
{
    char *dir = dir_temp(), *endless = job_of(RESUME, ENDLESS), *ending = job_of(RESUME, SHORT);
    process_adopt();
    run_and_stop(dir, endless, NULL);
    char *says = goes_on(run_newest_snapshot(dir, "snap", NULL));
    run_and_stop(dir, endless, ARGV("-p", "1"));
    free(says);
    says = goes_on(run_and_kill(dir, endless));
    check_ends(dir, ending, NULL, says);
    free(says);
    says = text_format("gyre: snapshot snap/%d is that of a run that has finished: nothing is left "
                       "to do\n",
                       run_newest_snapshot(dir, "snap", NULL));
    check_ends(dir, ending, NULL, says);
    free(says);
    free(ending);
    free(endless);
    dir_end(dir);
}

static void the_command_line_decides_against_resuming(void)
{
    char *dir = dir_temp(), *endless = job_of(RESUME, ENDLESS), *ending = job_of(RESUME, SHORT);
    run_and_stop(dir, endless, NULL);
    char *says = goes_on(1);
    check_ends(dir, ending, ARGV("--from", "snap/1"), says);
    free(says);
    check_ends(dir, ending, ARGV("--set", "job.snapshot.resume=false"), "");
    free(ending);
    free(endless);
    dir_end(dir);
}

/* What is there and cannot be used is no reason to begin again and empty the outputs. */
static void a_job_that_resumes_is_refused_where_no_snapshot_is_intact(void)
{
    char *dir = dir_temp(), *endless = job_of(RESUME, ENDLESS);
    run_and_stop(dir, endless, NULL);
    int newest = run_newest_snapshot(dir, "snap", NULL);
    for (int id = 1; id <= newest; id++) {
        char *name = text_format("snap/%d/manifest.cfg", id);
        run_write(dir, name, "no manifest\n");
        free(name);
    }
    char *before = run_read(dir, "out.csv");
    char *err = run_go_on(dir, endless, NULL, 2), *after = run_read(dir, "out.csv");
    run_check_has(err,
                  "\njob.cfg:2: snapshot: resume: there is no intact snapshot in snap; run the "
                  "job with --set job.snapshot.resume=false to begin at the start\n");
    CU_ASSERT_STRING_EQUAL(before, after);
    free(after);
    free(err);
    free(before);
    free(endless);
    dir_end(dir);
}

/* The newest run began at the start, and was killed before its first snapshot: so does the next. */
static void a_job_that_resumes_begins_as_the_newest_run_began(void)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp(), *endless = job_of(RESUME, ENDLESS), *ending = job_of(RESUME, SHORT);
    run_and_stop(dir, endless, NULL);
    int newest = run_newest_snapshot(dir, "snap", NULL);
    run_start(dir, endless,
              &(struct run_options){.arguments =
                                        ARGV("--no-supervise", "--set", "job.snapshot.resume=false",
                                             "--set", "job.snapshot.every=1h")},
              &process);
    run_await_file(dir, "snap/branch");
    process_signal(&process, SIGKILL);
    process_wait(&process, &r);
    process_result_fini(&r);
    char *says = text_format("gyre: warning: begins at the start, beside snapshot snap/%d of an "
                             "older run that had not finished: --from snap/%d goes on with it\n",
                             newest, newest);
    check_ends(dir, ending, NULL, says);
    free(says);
    free(ending);
    free(endless);
    dir_end(dir);
}

static void a_restart_of_a_job_that_resumes_goes_on_with_its_own(void)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp(), *endless = job_of(RESUME, ENDLESS);
    run_start(dir, endless, NULL, &process);
    run_await_file(dir, "snap/2");
    kill(run_await_child(process.pid), SIGKILL);
    CU_ASSERT_TRUE(process_await_err(&process, "from snapshot snap/", RUN_PATIENCE_MS));
    run_await_file(dir, "snap/9");
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(run_count(r.err, "goes on from"), 0);
    CU_ASSERT_TRUE(run_check_sequence(dir) > 0);
    process_result_fini(&r);
    free(endless);
    dir_end(dir);
}

/* ---- beginning anew ---- */

static void a_run_that_begins_beside_an_unfinished_snapshot_says_how_to_go_on(void)
{
    char *dir = dir_temp(), *endless = job_of(ANEW, ENDLESS), *ending = job_of(ANEW, SHORT);
    run_and_stop(dir, endless, NULL);
    char *says = beside(run_newest_snapshot(dir, "snap", NULL));
    check_ends(dir, ending, NULL, says);
    check_ends(dir, ending, NULL, ""); /* that run has finished: it is not missed */
    free(says);
    free(ending);
    free(endless);
    dir_end(dir);
}

static void a_restart_does_not_say_it_again(void)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp(), *endless = job_of(ANEW, ENDLESS);
    char *late = job_of("every = \"1h\";", ENDLESS);
    run_and_stop(dir, endless, NULL);
    char *says = beside(run_newest_snapshot(dir, "snap", NULL));
    run_start(dir, late, NULL, &process);
    CU_ASSERT_TRUE(process_await_err(&process, says, RUN_PATIENCE_MS));
    run_await_file(dir, "snap/branch");
    kill(run_await_child(process.pid), SIGKILL);
    CU_ASSERT_TRUE(process_await_err(&process, "from the start\n", RUN_PATIENCE_MS));
    run_nap_ms(300);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    CU_ASSERT_EQUAL(run_count(r.err, "begins at the start"), 1);
    process_result_fini(&r);
    free(says);
    free(late);
    free(endless);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_job_that_resumes_begins_and_goes_on_by_itself),
    SUITE_TEST(the_command_line_decides_against_resuming),
    SUITE_TEST(a_job_that_resumes_is_refused_where_no_snapshot_is_intact),
    SUITE_TEST(a_job_that_resumes_begins_as_the_newest_run_began),
    SUITE_TEST(a_restart_of_a_job_that_resumes_goes_on_with_its_own),
    SUITE_TEST(a_run_that_begins_beside_an_unfinished_snapshot_says_how_to_go_on),
    SUITE_TEST(a_restart_does_not_say_it_again),
};
SUITE_MAIN("resume", tests)
