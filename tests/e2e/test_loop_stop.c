/* Stopping jobs with loops: one that would never end, of which the sources have ended, stops at once without
 * snapshots; with them it goes on where it was, in the middle of a round too. */
#include "run_job.h"
#include "run_watch.h"
#include "support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct run_options reported = {.arguments = ARGV("--report", "report.json")};
static const struct run_options latest = {.arguments = ARGV("--from", "latest")};

static void stop(struct process *process)
{
    struct process_result r;
    process_signal(process, SIGINT);
    process_wait(process, &r);
    run_cut_end(&r);
    CU_ASSERT_EQUAL(r.status, 0);
    process_result_fini(&r);
}

/* Rows that come back as they went, for ever; `more` is of the head. */
static void check_endless(const char *more)
{
    struct process process;
    char *dir = dir_temp();
    char *job = text_format(
        "job = \"endless\"; parallelism = 4;\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.sequence\"; from = 0; to = 50; parallelism = 1; },\n"
        "  { id = \"start\"; op = \"loop_ops.start\"; input = \"in\"; },\n"
        "  { id = \"again\"; op = \"loop_ops.ballot\"; input = \"start\"; feedback = "
        "\"again.again\"; key = \"id\"; %s },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"again.again\"; path = \"out.csv\"; }\n"
        ");\n",
        more);
    run_start(dir, job, &reported, &process);
    run_await_size(dir, "out.csv", 10000);
    stop(&process);
    char *report = run_read(dir, "report.json");
    CU_ASSERT_PTR_NOT_NULL(strstr(report, "\"status\": \"stopped\""));
    free(report), free(job);
    dir_end(dir);
}

static void a_stop_ends_a_loop_of_which_the_sources_have_ended(void)
{
    check_endless("");
}

static void a_stop_ends_rounds_of_which_the_sources_have_ended(void)
{
    check_endless("rounds = { max = 1000000000; };");
}

static void a_stop_ends_a_loop_without_end_within_a_round_that_ends(void)
{
    struct process process;
    char *dir = dir_temp();
    run_start(dir,
              "job = \"inner\"; parallelism = 4;\n"
              "operators = (\n"
              "  { id = \"in\"; op = \"gen.sequence\"; from = 0; to = 50; parallelism = 1; },\n"
              "  { id = \"start\"; op = \"loop_ops.start\"; input = \"in\"; },\n"
              "  { id = \"outer\"; op = \"loop_ops.rounds\"; input = \"start\"; feedback = "
              "\"inner.again\"; key = \"id\"; rounds = { max = 9; }; },\n"
              "  { id = \"inner\"; op = \"loop_ops.ballot\"; input = \"outer.again\"; feedback = "
              "\"inner.again\"; key = \"id\"; },\n"
              "  { id = \"out\"; op = \"file.write\"; input = \"inner.again\"; path = \"out.csv\"; "
              "}\n"
              ");\n",
              &reported, &process);
    run_await_size(dir, "out.csv", 10000);
    stop(&process);
    dir_end(dir);
}

/* So many rounds that a stop falls into the middle of them. */
static const char long_rounds[] =
    "job = \"long\"; parallelism = 4;\n"
    "snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
    "operators = (\n"
    "  { id = \"in\"; op = \"gen.sequence\"; from = 0; to = 20; parallelism = 1; },\n"
    "  { id = \"start\"; op = \"loop_ops.start\"; input = \"in\"; left = 2000; },\n"
    "  { id = \"a\"; op = \"loop_ops.rounds\"; input = \"start\"; feedback = \"bb.again\"; "
    "key = \"id\"; rounds = { max = 100000; }; },\n"
    "  { id = \"bb\"; op = \"loop_ops.rounds\"; input = \"a.again\"; key = \"id\"; },\n"
    "  { id = \"out\"; op = \"file.write\"; input = [\"a\", \"bb\"]; path = \"out.csv\"; }\n"
    ");\n";

static char *run_whole(void)
{
    struct process_result r;
    char *dir = dir_temp();
    run_job(dir, long_rounds, NULL, &r);
    CU_ASSERT_EQUAL_FATAL(r.status, 0);
    char *out = run_read(dir, "out.csv"), *sorted = run_sorted(out);
    process_result_fini(&r);
    free(out);
    dir_end(dir);
    return sorted;
}

static void rounds_that_are_stopped_go_on_where_they_were(void)
{
    struct process process;
    struct process_result r;
    char *wanted = run_whole(), *dir = dir_temp();
    run_start(dir, long_rounds, NULL, &process);
    run_await_size(dir, "out.csv", 100);
    stop(&process);
    for (int n = 0; n < 2; n++) {
        run_start(dir, long_rounds, &latest, &process);
        run_await_child(process.pid); /* before, it would not know of the signal */
        run_nap_ms(40);
        stop(&process);
    }
    run_job(dir, long_rounds, &latest, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    char *out = run_read(dir, "out.csv"), *sorted = run_sorted(out);
    CU_ASSERT_TRUE(strcmp(sorted, wanted) == 0);
    process_result_fini(&r);
    free(out), free(sorted), free(wanted);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_stop_ends_a_loop_of_which_the_sources_have_ended),
    SUITE_TEST(a_stop_ends_rounds_of_which_the_sources_have_ended),
    SUITE_TEST(a_stop_ends_a_loop_without_end_within_a_round_that_ends),
    SUITE_TEST_WITHIN(rounds_that_are_stopped_go_on_where_they_were, 60),
};
SUITE_MAIN("loop_stop", tests)
