/* The state of an operator that is called otherwise now: --rename-state OLD=NEW. */
#include "run_again.h"
#include "run_sinks.h"
#include "run_watch.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A sum and a count of the same rows; the %s are ids. */
static const char text[] =
    "job = \"renamed\"; parallelism = 1;\n"
    "snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
    "operators = (\n"
    "  { id = \"%s\"; op = \"gen.sequence\"; to = 1000000000L; rate = 5000; },\n"
    "  { id = \"one\"; op = \"std.select\"; input = \"%s\"; fields = [\"n=value\"]; },\n"
    "  { id = \"%s\"; op = \"std.sum\"; input = \"one\"; field = \"n\"; as = \"sum\"; },\n"
    "  { id = \"%s\"; op = \"std.count\"; input = \"one\"; },\n"
    "  { id = \"%s\"; op = \"file.write\"; input = \"%s\"; path = \"out.csv\"; },\n"
    "  { id = \"rest\"; op = \"std.null\"; input = \"%s\"; }\n"
    ");\n";

#define QUICKLY(in) "--from", "latest", "--set", in ".rate=0", "--set", in ".to=19999"
#define SUM         "199990000\n" /* of 0 ... 19999 */

static char *job_with(const char *in, const char *a, const char *b, const char *out)
{
    return text_format(text, in, in, a, b, out, a, b);
}

static char *begin(void)
{
    char *dir = dir_temp(), *job = job_with("in", "a", "b", "out");
    run_and_stop(dir, job, NULL);
    free(job);
    return dir;
}

static void check_last(const char *dir, const char *want)
{
    char *all = run_read(dir, "out.csv");
    size_t n = strlen(all), length = strlen(want);
    CU_ASSERT_EQUAL(run_count_lines(all), 20000);
    CU_ASSERT_TRUE(n > length && strcmp(all + n - length, want) == 0);
    free(all);
}

static void state_goes_on_under_a_new_name(void)
{
    char *dir = begin(), *job = job_with("source", "first", "second", "sink");
    char *err =
        run_go_on(dir, job,
                  ARGV(QUICKLY("source"), "--rename-state", "in=source", "--rename-state",
                       "a=first", "--rename-state", "b=second", "--rename-state", "out=sink"),
                  0);
    run_check_has(err, "gyre: goes on from snapshot snap/");
    check_last(dir, SUM);
    free(err);
    free(job);
    dir_end(dir);
}

/* What the sinks show is exactly once with a renamed sink as well: see check_last. Names may change
 * places, as all are renamed at once. */
static void two_states_change_places(void)
{
    char *dir = begin(), *job = job_with("in", "b", "a", "out");
    free(run_go_on(dir, job, ARGV(QUICKLY("in"), "--rename-state", "a=b", "--rename-state", "b=a"),
                   0));
    check_last(dir, SUM);
    free(job);
    dir_end(dir);
}

static void a_renamed_state_is_gone_on_with_without_the_flag(void)
{
    char *dir = begin(), *job = job_with("in", "first", "b", "out");
    run_and_stop(dir, job, ARGV("--from", "latest", "--rename-state", "a=first"));
    free(run_go_on(dir, job, ARGV(QUICKLY("in")), 0));
    check_last(dir, SUM);
    free(job);
    dir_end(dir);
}

/* The name is that of another operator of the snapshot, whose state is given up. */
static void a_state_takes_the_place_of_one_that_is_dropped(void)
{
    char *dir = begin(), *job = job_with("in", "b", "c", "out");
    free(run_go_on(dir, job, ARGV(QUICKLY("in"), "--drop-state", "b", "--rename-state", "a=b"), 0));
    check_last(dir, SUM);
    free(job);
    dir_end(dir);
}

/* The key function that runs ahead of an operator is called after it. */
static void what_runs_ahead_of_an_operator_is_renamed_with_it(void)
{
    static const char keyed[] =
        "job = \"renamed\"; parallelism = 1;\n"
        "snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.sequence\"; to = 1000000000L; rate = 5000; },\n"
        "  { id = \"%s\"; op = \"std.count\"; input = \"in\"; key = { fn = \"key_fns.cell\"; size "
        "= 1000; }; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"%s\"; path = \"out.csv\"; }\n"
        ");\n";
    char *dir = dir_temp(), *before = text_format(keyed, "n", "n");
    char *after = text_format(keyed, "m", "m");
    run_and_stop(dir, before, NULL);
    free(run_go_on(dir, after, ARGV(QUICKLY("in"), "--rename-state", "n=m"), 0));
    check_last(dir, "\n19,1000\n");
    char *all = run_read(dir, "out.csv");
    CU_ASSERT_PTR_NOT_NULL(strstr(all, "\n0,1000\n"));
    free(all);
    free(after);
    free(before);
    dir_end(dir);
}

static const struct refusal {
    const char *arguments[8];
    const char *says; /* the first %s: the newest snapshot */
} refusals[] = {
    {{"--from", "latest", "--rename-state", "a"},
     "gyre run: --rename-state a: give it as OLD=NEW\n"},
    {{"--from", "latest", "--rename-state", "=a"},
     "gyre run: --rename-state =a: give it as OLD=NEW\n"},
    {{"--from", "latest", "--rename-state", "a="},
     "gyre run: --rename-state a=: give it as OLD=NEW\n"},
    {{"--rename-state", "a=first"},
     "gyre run: --rename-state a=first: a run without --from has no state to rename; give --from "
     "latest|DIR as well\n"},
    {{"--from", "latest", "--rename-state", "rset=first"},
     "gyre run: --rename-state rset=first: snapshot snap/%s has no state of such an operator: did "
     "you mean `rest`?\n"},
    {{"--from", "latest", "--rename-state", "a=frist"},
     "gyre run: --rename-state a=frist: the job has no operator of this new name: did you mean "
     "`first`?\n"},
    {{"--from", "latest", "--rename-state", "a=b"},
     "gyre run: --rename-state a=b: snapshot snap/%s has an operator `b` of its own: rename it as "
     "well, or give its state up with --drop-state b\n"},
    {{"--from", "latest", "--rename-state", "a=first", "--rename-state", "a=b"},
     "gyre run: --rename-state a=b: this state is renamed already\n"},
    {{"--from", "latest", "--rename-state", "a=first", "--rename-state", "out=first"},
     "gyre run: --rename-state out=first: this operator gets another's state already\n"},
    {{"--from", "latest"},
     "gyre: snapshot %s has state of the operator 'a' (std.sum), which the job does not have: put "
     "it back, or give its state to 'first' with --rename-state a=first, or up with --drop-state "
     "a\n"},
    {{"--from", "latest", "--rename-state", "a=out", "--rename-state", "out=first"},
     "gyre: 'first' was file.write in snapshot %s, and is std.sum in the job: give its state up "
     "with --drop-state first\n"
     "gyre: 'out' was std.sum in snapshot %s, and is file.write in the job: give its state up with "
     "--drop-state out\n"},
};

/* A sentence with the id of the newest snapshot in the place of each %s. */
static char *with_id(const char *says, int id)
{
    char *whole = text_format("%s", says), *mark;
    while ((mark = strstr(whole, "%s")) != NULL) {
        char *next = text_format("%.*s%d%s", (int)(mark - whole), whole, id, mark + 2);
        free(whole);
        whole = next;
    }
    return whole;
}

static void what_cannot_be_renamed_is_refused_with_nothing_written(void)
{
    char *dir = begin(), *job = job_with("in", "first", "b", "out");
    int id = run_newest_snapshot(dir, "snap", NULL);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        char *says = with_id(refusals[i].says, id);
        run_check_refused(dir, job, refusals[i].arguments, says);
        free(says);
    }
    free(job);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(state_goes_on_under_a_new_name),
    SUITE_TEST(two_states_change_places),
    SUITE_TEST(a_renamed_state_is_gone_on_with_without_the_flag),
    SUITE_TEST(a_state_takes_the_place_of_one_that_is_dropped),
    SUITE_TEST(what_runs_ahead_of_an_operator_is_renamed_with_it),
    SUITE_TEST(what_cannot_be_renamed_is_refused_with_nothing_written),
};
SUITE_MAIN("rename_state", tests)
