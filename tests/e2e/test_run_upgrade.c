/* A job goes on from a snapshot after its plugin, its operators or its settings have changed: what fits
 * goes on, what does not is refused in a sentence, with nothing written. */
#include "run_again.h"
#include "run_sinks.h"
#include "run_watch.h"
#include "support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEYS = 50 };

/* The %s are the job's name and settings, options of `sum` and operators behind it. */
static const char text[] =
    "job = \"%s\"; parallelism = 2; %s\n"
    "snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
    "operators = (\n"
    "  { id = \"events\"; op = \"gen.events\"; keys = 50; count = 1000000000L; rate = 5000; },\n"
    "  { id = \"sum\"; input = \"events\"; %s },\n"
    "  { id = \"out\"; op = \"file.write\"; input = \"sum\"; path = \"out.csv\"; }%s\n"
    ");\n";

static const char usual[] = "op = \"state_versions.total\"; key = \"key\";";

/* Ends a run that goes on soon. */
#define QUICKLY "--set", "events.rate=0", "--set", "events.count=20000"

static char *job_with(const char *sum, const char *more)
{
    return text_format(text, "upgraded", "", sum, more);
}

/* A folder in which the usual job has run and was stopped, its plugin being the first. */
static char *begin(void)
{
    char *dir = dir_temp(), *job = job_with(usual, "");
    unsetenv("GYRE_TEST_STATES");
    run_and_stop(dir, job, NULL);
    free(job);
    return dir;
}

/* Asserts that of each key the sums go on from row to row, or begin anew behind row `anew`; that
 * `rows` counts from the migration on, and what `note` says. -1: never. How many rows there are. */
static long check_sums(const char *dir, long anew, long migrated)
{
    long long sums[KEYS] = {0}, rows[KEYS] = {0};
    bool olds[KEYS] = {false};
    long n = 0, wrong = 0;
    char *all = run_read(dir, "out.csv");
    for (const char *at = all; *at != 0; at = strchr(at, '\n') + 1, n++) {
        long long key, value, time, its_rows, its_sum;
        int used = 0;
        int read = sscanf(at, "%lld,%lld,%lld,%lld,%lld,%n", &key, &value, &time, &its_rows,
                          &its_sum, &used);
        CU_ASSERT_TRUE_FATAL(read == 5 && key >= 0 && key < KEYS);
        if (n == anew)
            memset(sums, 0, sizeof sums);
        bool later = migrated >= 0 && n >= migrated;
        sums[key] += value;
        rows[key] += later;
        olds[key] |= !later;
        const char *note = later && olds[key] ? "old\n" : "\"\"\n";
        wrong += its_sum != sums[key] || its_rows != rows[key] ||
                 strncmp(at + used, note, strlen(note)) != 0;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(all);
    return n;
}

/* ---- what goes on ---- */

static void a_newer_version_of_a_plugin_migrates_the_state_of_the_older(void)
{
    char *dir = begin(), *job = job_with(usual, "");
    long n = check_sums(dir, -1, -1);
    CU_ASSERT_TRUE(n > 0);
    setenv("GYRE_TEST_STATES", "two", 1);
    free(run_go_on(dir, job, ARGV("--from", "latest", "-p", "3", QUICKLY), 0));
    CU_ASSERT_EQUAL(check_sums(dir, -1, n), 20000);
    free(job);
    dir_end(dir);
}

static void a_migrated_job_goes_on_once_more_without_migrating(void)
{
    char *dir = begin(), *job = job_with(usual, "");
    long n = check_sums(dir, -1, -1);
    setenv("GYRE_TEST_STATES", "two", 1);
    free(run_go_on(
        dir, job, ARGV("--from", "latest", "--set", "events.rate=0", "--set", "events.count=10000"),
        0));
    CU_ASSERT_EQUAL(check_sums(dir, -1, n), 10000);
    /* That run has finished: the state as it was before its end is gone on with. */
    char *newest = text_format("snap/%d", run_newest_snapshot(dir, "snap", NULL));
    setenv("GYRE_TEST_STATES", "bare", 1);
    char *err = run_go_on(dir, job, ARGV("--from", newest, QUICKLY), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "nothing is left to do"));
    free(err);
    free(newest);
    free(job);
    dir_end(dir);
}

static void dropped_state_begins_anew(void)
{
    char *dir = begin(), *job = job_with(usual, "");
    long n = check_sums(dir, -1, -1);
    setenv("GYRE_TEST_STATES", "renamed", 1);
    free(run_go_on(dir, job, ARGV("--from", "latest", "--drop-state", "sum", QUICKLY), 0));
    CU_ASSERT_EQUAL(check_sums(dir, n, -1), 20000);
    free(job);
    dir_end(dir);
}

static void operators_that_are_new_begin_with_nothing(void)
{
    char *dir = begin();
    char *job = job_with(usual, ",\n  { id = \"more\"; op = \"std.count\"; input = \"events\"; },\n"
                                "  { id = \"rest\"; op = \"file.write\"; input = \"more\";\n"
                                "    path = \"rest.csv\"; }");
    long n = check_sums(dir, -1, -1);
    free(run_go_on(dir, job, ARGV("--from", "latest", QUICKLY), 0));
    CU_ASSERT_EQUAL(check_sums(dir, -1, -1), 20000);
    char *rest = run_read(dir, "rest.csv"), *last = text_format("\n%ld\n", 20000 - n);
    CU_ASSERT_EQUAL(run_count_lines(rest), (uint64_t)(20000 - n));
    CU_ASSERT_EQUAL(strncmp(rest, "1\n2\n", 4), 0);
    CU_ASSERT_STRING_EQUAL(rest + strlen(rest) - strlen(last), last);
    free(last);
    free(rest);
    free(job);
    dir_end(dir);
}

static void an_operator_that_keeps_nothing_may_be_put_in_and_taken_out(void)
{
    static const char chain[] =
        "job = \"upgraded\"; parallelism = 2;\n"
        "snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
        "operators = (\n"
        "  { id = \"events\"; op = \"gen.events\"; keys = 50; count = 1000000000L; rate = 5000; "
        "},\n"
        "  { id = \"pass\"; op = \"std.pass\"; input = \"events\"; },\n"
        "  { id = \"sum\"; op = \"state_versions.total\"; input = \"pass\"; key = \"key\"; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"sum\"; path = \"out.csv\"; }\n"
        ");\n";
    char *dir = begin(), *job = job_with(usual, "");
    run_and_stop(dir, chain, ARGV("--from", "latest"));
    free(run_go_on(dir, job, ARGV("--from", "latest", QUICKLY), 0));
    CU_ASSERT_EQUAL(check_sums(dir, -1, -1), 20000);
    free(job);
    dir_end(dir);
}

/* ---- what is refused ---- */

struct refusal {
    const char *states;   /* of the plugin; NULL: the first */
    const char *settings; /* of the job */
    const char *sum;      /* NULL: as usual */
    const char *says;     /* %d is the newest snapshot */
};

static const struct refusal refusals[] = {
    {"bare", "", NULL,
     "gyre: state 'total' of 'sum' is of version 1 in the snapshot and of version 2 in "
     "state_versions.total, which has no migrate for it: take the older plugin, or give the state "
     "up "
     "with --drop-state sum\n"},
    {"renamed", "", NULL,
     "gyre: state 'total' of 'sum' was of type total, and is of type count now: give it up with "
     "--drop-state sum\n"},
    {"changed", "", NULL,
     "gyre: the members of type total of state 'total' of 'sum' have changed: put the options of "
     "'sum' back, or give the state up with --drop-state sum; where the plugin has changed them it "
     "has to raise its version, which is 1 as before, and to migrate\n"},
    {"stateless", "", NULL,
     "gyre: the snapshot has a state 'total' of 'sum', which state_versions.total does not have: "
     "give "
     "it up with --drop-state sum\n"},
    {NULL, "", "op = \"state_versions.total\"; key = \"value\";",
     "gyre: the state of 'sum' is by the key (key: i64), and the job has (value: i64): put the key "
     "back, or give the state up with --drop-state sum\n"},
    {NULL, "", "op = \"state_versions.total\"; key = [\"key\", \"value\"];",
     "gyre: the state of 'sum' is by the key (key: i64), and the job has (key: i64, value: i64): "
     "put "
     "the key back, or give the state up with --drop-state sum\n"},
    {NULL, "", "op = \"state_versions.two\"; key = \"key\";",
     "gyre: 'sum' was state_versions.total in snapshot %d, and is state_versions.two in the job: "
     "give "
     "its state up with --drop-state sum\n"},
    {NULL, "max_parallelism = 64;", NULL,
     "job.cfg:1: max_parallelism: 64, but the first snapshot fixed it at 128 (snap/%d); set "
     "max_parallelism = 128\n"},
};

static void what_does_not_fit_is_refused_in_a_sentence_with_nothing_written(void)
{
    char *dir = begin();
    int id = run_newest_snapshot(dir, "snap", NULL);
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *no = &refusals[i];
        char *job = text_format(text, "upgraded", no->settings, no->sum ? no->sum : usual, "");
        char *says = strdup(no->says), *mark = strstr(says, "%d");
        if (mark != NULL) {
            char *whole = text_format("%.*s%d%s", (int)(mark - says), says, id, mark + 2);
            free(says);
            says = whole;
        }
        if (no->states != NULL)
            setenv("GYRE_TEST_STATES", no->states, 1);
        else
            unsetenv("GYRE_TEST_STATES");
        run_check_refused(dir, job, ARGV("--from", "latest", QUICKLY), says);
        free(says);
        free(job);
    }
    dir_end(dir);
}

/* No mistake hides another. */
static void all_that_does_not_fit_is_told_at_once(void)
{
    static const char both[] =
        "job = \"upgraded\"; parallelism = 2;\n"
        "snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
        "operators = (\n"
        "  { id = \"events\"; op = \"gen.events\"; keys = 50; count = 1000000000L; rate = 5000; "
        "},\n"
        "  { id = \"sum\"; op = \"state_versions.total\"; input = \"events\"; key = \"value\"; },\n"
        "  { id = \"result\"; op = \"file.write\"; input = \"sum\"; path = \"out.csv\"; }\n"
        ");\n";
    char *dir = begin();
    char *says = text_format(
        "gyre: snapshot %d has state of the operator 'out' (file.write), which the job does not "
        "have: put it back, or give its state to 'result' with --rename-state out=result, or up "
        "with --drop-state out\n"
        "gyre: the state of 'sum' is by the key (key: i64), and the job has (value: i64): put the "
        "key back, or give the state up with --drop-state sum\n"
        "gyre: state 'total' of 'sum' is of version 1 in the snapshot and of version 2 in "
        "state_versions.total, which has no migrate for it: take the older plugin, or give the "
        "state up with --drop-state sum\n",
        run_newest_snapshot(dir, "snap", NULL));
    setenv("GYRE_TEST_STATES", "bare", 1);
    run_check_refused(dir, both, ARGV("--from", "latest", QUICKLY), says);
    free(says);
    dir_end(dir);
}

/* Operator state goes on from an older version of its items, and is refused by an older plugin. */
static void items_go_on_in_a_newer_version_and_not_in_an_older(void)
{
    static const char job[] =
        "job = \"upgraded\"; parallelism = 1; snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
        "operators = (\n"
        "  { id = \"events\"; op = \"gen.sequence\"; to = 1000000000L; rate = 5000; },\n"
        "  { id = \"rows\"; op = \"state_versions.numbered\"; input = \"events\"; },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"rows\"; path = \"out.csv\"; }\n"
        ");\n";
    char *dir = dir_temp();
    unsetenv("GYRE_TEST_STATES");
    run_and_stop(dir, job, NULL);
    setenv("GYRE_TEST_STATES", "wide", 1);
    run_and_stop(dir, job, ARGV("--from", "latest"));
    unsetenv("GYRE_TEST_STATES");
    run_check_refused(
        dir, job, ARGV("--from", "latest"),
        "gyre: the items of 'rows' are of version 2 in the snapshot, and "
        "state_versions.numbered takes them up to version 1: take the newer plugin, or "
        "give them up with --drop-state rows\n");
    char *all = run_read(dir, "out.csv");
    long n = 0;
    for (const char *at = all; *at != 0; at = strchr(at, '\n') + 1)
        n += atol(strchr(at, ',') + 1) == n + 1;
    CU_ASSERT_EQUAL(n, (long)run_count_lines(all));
    CU_ASSERT_TRUE(n > 0);
    free(all);
    dir_end(dir);
}

/* A run that goes on from an older snapshot leaves the newer ones behind; one that is refused does not. */
static void a_run_that_is_refused_leaves_no_snapshot_behind(void)
{
    char *dir = begin(), *job = job_with(usual, "");
    int newest = run_newest_snapshot(dir, "snap", NULL);
    char *older = text_format("snap/%d", newest - 1);
    setenv("GYRE_TEST_STATES", "bare", 1);
    run_check_refused(dir, job, ARGV("--from", older, QUICKLY), refusals[0].says);
    CU_ASSERT_FALSE(run_exists(dir, "snap/branch"));
    unsetenv("GYRE_TEST_STATES");
    char *says = text_format("goes on from snapshot snap/%d\n", newest);
    char *err = run_go_on(dir, job, ARGV("--from", "latest", QUICKLY), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, says));
    free(err);
    free(says);
    free(older);
    free(job);
    dir_end(dir);
}

/* A final result is of all rows: a function that has not seen them all cannot tell it. */
static void a_function_that_comes_to_a_final_aggregate_is_refused(void)
{
    static const char aggregate[] =
        "job = \"upgraded\"; parallelism = 2; mode = \"batch\";\n"
        "snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
        "operators = (\n"
        "  { id = \"events\"; op = \"gen.events\"; keys = 50; count = 1000000000L; rate = 5000; "
        "},\n"
        "  { id = \"sum\"; op = \"std.aggregate\"; input = \"events\"; key = \"key\";\n"
        "    aggregates = ( %s { fn = \"std.sum\"; field = \"value\"; as = \"total\"; } %s ); },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"sum\"; path = \"out.csv\"; }\n"
        ");\n";
    char *dir = dir_temp(), *one = text_format(aggregate, "", "");
    char *first = text_format(aggregate, "{ fn = \"std.count\"; as = \"rows\"; },", "");
    char *last = text_format(aggregate, "", ", { fn = \"std.count\"; as = \"rows\"; }");
    run_and_stop(dir, one, NULL);
    char *says = text_format("gyre: 'sum' has the function std.count, which has not seen the "
                             "rows before snapshot %d: take it out, or give the state of all up "
                             "with --drop-state sum\n",
                             run_newest_snapshot(dir, "snap", NULL));
    run_check_refused(dir, first, ARGV("--from", "latest", QUICKLY), says);
    run_check_refused(dir, last, ARGV("--from", "latest", QUICKLY), says);
    free(run_go_on(dir, last, ARGV("--from", "latest", "--drop-state", "sum", QUICKLY), 0));
    free(says);
    free(last);
    free(first);
    free(one);
    dir_end(dir);
}

/* The last row of each key from line `from` on: its number of rows, and its sum. The columns that
 * these stand in are `rows_at` and `sum_at`. */
static void last_of_each(const char *dir, const char *out, uint64_t from, int rows_at, int sum_at,
                         long long (*last)[2])
{
    char *all = run_read(dir, out);
    uint64_t n = 0;
    for (const char *at = all; *at != 0; at = strchr(at, '\n') + 1, n++) {
        long long columns[4] = {0};
        int read =
            sscanf(at, "%lld,%lld,%lld,%lld", &columns[0], &columns[1], &columns[2], &columns[3]);
        CU_ASSERT_FATAL(read >= 3 && columns[0] >= 0 && columns[0] < KEYS);
        long long *of_key = last[columns[0]];
        if (n >= from && columns[rows_at] > of_key[0]) {
            of_key[0] = columns[rows_at];
            of_key[1] = columns[sum_at];
        }
    }
    free(all);
}

/* Each goes by what it is: its state stays its own, wherever it stands. */
static void functions_of_a_rolling_aggregate_change_places_and_one_may_come(void)
{
    static const char sum[] = "{ fn = \"std.sum\"; field = \"value\"; as = \"total\"; }";
    static const char count[] = "{ fn = \"std.count\"; as = \"rows\"; }";
    static const char most[] = "{ fn = \"std.max\"; field = \"value\"; as = \"most\"; }";
    static const char of[] = "op = \"std.aggregate\"; key = \"key\"; aggregates = ( %s, %s%s%s );";
    long long expected[KEYS][2] = {{0}}, last[KEYS][2] = {{0}};
    char *dir = dir_temp();
    char *first = text_format(of, sum, count, "", ""),
         *second = text_format(of, count, most, ", ", sum);
    char *third = text_format(of, count, most, "", "");
    char *before = job_with(first, ""), *after = job_with(second, ""), *less = job_with(third, "");
    free(run_go_on(dir, before, ARGV("--set", "out.path=all.csv", QUICKLY), 0));
    last_of_each(dir, "all.csv", 0, 2, 1, expected);
    run_and_stop(dir, before, NULL);
    run_check_refused(
        dir, less, ARGV("--from", "latest", QUICKLY),
        "gyre: the state of 'sum' is of std.sum { field = \"value\"; } of value: i64, "
        "and the job has std.max { field = \"value\"; } of value: i64: put it back, or "
        "give the state up with --drop-state sum\n");
    char *rows = run_read(dir, "out.csv");
    free(run_go_on(dir, after, ARGV("--from", "latest", "-p", "3", QUICKLY), 0));
    last_of_each(dir, "out.csv", run_count_lines(rows), 1, 3, last);
    CU_ASSERT_EQUAL(memcmp(last, expected, sizeof last), 0);
    free(rows);
    free(first), free(second), free(third);
    free(before), free(after), free(less);
    dir_end(dir);
}

static void another_job_name_is_refused(void)
{
    char *dir = begin(), *job = text_format(text, "other", "", usual, "");
    run_check_refused(
        dir, job, ARGV("--from", "latest", QUICKLY),
        "job.cfg:2: snapshot: snap holds snapshots of job `upgraded`; give each job a "
        "folder of its own\n");
    free(job);
    dir_end(dir);
}

static void an_operator_that_is_gone_is_named_and_its_state_can_be_dropped(void)
{
    static const char without[] =
        "job = \"upgraded\"; parallelism = 2;\n"
        "snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
        "operators = (\n"
        "  { id = \"events\"; op = \"gen.events\"; keys = 50; count = 1000000000L; rate = 5000; "
        "},\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"events\"; path = \"out.csv\"; }\n"
        ");\n";
    char *dir = begin();
    char *says = text_format("gyre: snapshot %d has state of the operator 'sum' "
                             "(state_versions.total), which the job does not have: put it back, or "
                             "give its state up with --drop-state sum\n",
                             run_newest_snapshot(dir, "snap", NULL));
    run_check_refused(dir, without, ARGV("--from", "latest", QUICKLY), says);
    free(run_go_on(dir, without, ARGV("--from", "latest", "--drop-state", "sum", QUICKLY), 0));
    char *rows = run_read(dir, "out.csv");
    CU_ASSERT_EQUAL(run_count_lines(rows), 20000);
    free(rows);
    free(says);
    dir_end(dir);
}

/* The state has been looked at by then, so the job fails; the output stays as it is. */
static void a_migrate_that_refuses_fails_the_job_naming_both_versions(void)
{
    char *dir = begin(), *job = job_with(usual, "");
    char *before = run_read(dir, "out.csv");
    setenv("GYRE_TEST_STATES", "picky", 1);
    char *err = run_go_on(dir, job, ARGV("--from", "latest", QUICKLY), 1);
    char *after = run_read(dir, "out.csv");
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "a record of the state 'total' cannot be migrated from "
                                       "version 1 to 3 of its type: its migrate refuses it\n"));
    CU_ASSERT_STRING_EQUAL(before, after);
    free(after);
    free(err);
    free(before);
    free(job);
    dir_end(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_newer_version_of_a_plugin_migrates_the_state_of_the_older),
    SUITE_TEST(a_migrated_job_goes_on_once_more_without_migrating),
    SUITE_TEST(dropped_state_begins_anew),
    SUITE_TEST(operators_that_are_new_begin_with_nothing),
    SUITE_TEST(an_operator_that_keeps_nothing_may_be_put_in_and_taken_out),
    SUITE_TEST(what_does_not_fit_is_refused_in_a_sentence_with_nothing_written),
    SUITE_TEST(all_that_does_not_fit_is_told_at_once),
    SUITE_TEST(items_go_on_in_a_newer_version_and_not_in_an_older),
    SUITE_TEST(a_run_that_is_refused_leaves_no_snapshot_behind),
    SUITE_TEST(a_function_that_comes_to_a_final_aggregate_is_refused),
    SUITE_TEST(functions_of_a_rolling_aggregate_change_places_and_one_may_come),
    SUITE_TEST(another_job_name_is_refused),
    SUITE_TEST(an_operator_that_is_gone_is_named_and_its_state_can_be_dropped),
    SUITE_TEST(a_migrate_that_refuses_fails_the_job_naming_both_versions),
};
SUITE_MAIN("run_upgrade", tests)
