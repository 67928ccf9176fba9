/* Windows from outside: every policy and every combination of them, worked out by hand, and what is easily
 * got wrong. Times in these jobs are in microseconds, and a row's x is its time in seconds unless a case
 * says otherwise. */
#include "run_job.h"
#include "support/files.h"
#include "support/suite.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* The talk's rows: 1, 2, 2, 3, 4, 5, 10, 11, 11. */
#define TALK                                                                                       \
    "0,1,,1000000,1\n1,0,,2000000,2\n2,0,,2000000,2\n3,1,,3000000,3\n4,0,,4000000,4\n"             \
    "5,1,,5000000,5\n6,0,,10000000,10\n7,1,,11000000,11\n8,1,,11000000,11\n"

static char *job_with(const char *function, const char *window)
{
    return text_format(
        "job = \"t\"; parallelism = 1;\noperators = (\n"
        "  { id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\"; schema = (\n"
        "    {name=\"id\";type=\"i64\";}, {name=\"k\";type=\"i64\";},\n"
        "    {name=\"s\";type=\"str\";nullable=true;}, {name=\"t\";type=\"i64\";},\n"
        "    {name=\"x\";type=\"i64\";} ); },\n"
        "  { id = \"timed\"; op = \"std.timestamps\"; input = \"in\"; field = \"t\"; },\n"
        "  { id = \"w\"; %s input = \"timed\"; %s },\n"
        "%s"
        "  { id = \"out\"; op = \"file.write\"; input = \"w\"; path = \"-\"; }\n);\n",
        function, window,
        strstr(window, "lateness") != NULL
            ? "  { id = \"late\"; op = \"file.write\"; input = \"w.late\"; path = \"late\"; },\n"
            : "");
}

static char *job_of(const char *window)
{
    return job_with("op = \"std.sum\"; field = \"x\";", window);
}

/* Runs a job over rows; asserts what it puts out, in order, and what goes to `.late`. */
static void expect_of(const char *function, const char *window, const char *rows, const char *out,
                      const char *late)
{
    struct process_result r;
    char *dir = dir_temp(), *job = job_with(function, window);
    run_write(dir, "in.csv", rows);
    run_job(dir, job, NULL, &r);
    if (r.status != 0 || strcmp(r.out, out) != 0)
        printf("%s\n--- is\n%s%s--- not\n%s", window, r.out, r.err, out);
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, out);
    if (late != NULL) {
        char *is = run_read(dir, "late");
        CU_ASSERT_STRING_EQUAL(is, late);
        free(is);
    }
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
    free(job);
}

static void expect(const char *window, const char *rows, const char *out, const char *late)
{
    expect_of("op = \"std.sum\"; field = \"x\";", window, rows, out, late);
}

/* ---- the table of policies ---- */

static void windows_of_time_are_right_open_and_have_bounds(void)
{
    expect("window = { time = \"5s\"; };", TALK,
           "0,5000000,12\n5000000,10000000,5\n10000000,15000000,32\n", NULL);
    expect("window = { time = \"3s\"; offset = \"1s\"; }; every = { time = \"2s\"; };", TALK,
           "0,3000000,5\n2000000,5000000,11\n4000000,7000000,9\n8000000,11000000,10\n"
           "10000000,13000000,32\n",
           NULL);
    /* 4 and 5 lie in gaps between windows, and are not late */
    expect("window = { time = \"2s\"; }; every = { time = \"6s\"; }; lateness = \"1s\";", TALK,
           "4000000,6000000,9\n10000000,12000000,32\n", "");
}

static void sessions_end_when_the_gap_has_passed(void)
{
    expect("window = { session = \"2s\"; };", TALK, "1000000,7000000,17\n10000000,13000000,32\n",
           NULL);
    expect("window = { session = \"1s\"; };", TALK,
           "1000000,2000000,1\n2000000,3000000,4\n3000000,4000000,3\n4000000,5000000,4\n"
           "5000000,6000000,5\n10000000,11000000,10\n11000000,12000000,22\n",
           NULL);
    expect("window = { session = \"6s\"; };", TALK, "1000000,17000000,49\n", NULL);
}

/* What tumbles by something else than time: what was left fires at the end. */
static void windows_that_tumble_by_rows_are_emptied_when_they_fire(void)
{
    static const char few[] = "0,0,,1,1\n1,0,,2,2\n2,0,,3,3\n3,0,,4,6\n";
    expect("window = { count = 4; };", TALK, "8\n30\n11\n", NULL);
    expect("window = { delta = 2.0; field = \"x\"; from = 0.0; };", few, "3\n3\n6\n", NULL);
    expect("window = { delta = 2.0; fn = \"window_ops.apart\";\n"
           "  from = { id = 0; x = 0; s = \"\"; }; };",
           few, "3\n3\n6\n", NULL);
    expect("window = { delta = 2.0; field = \"x\"; };", few, "6\n6\n", NULL);
    expect("window = { fn = \"window_ops.enough\"; sum = 8; };", TALK, "8\n9\n10\n11\n11\n", NULL);
}

/* One row for each eviction, one column for each trigger. */
static void every_eviction_goes_with_every_trigger(void)
{
    static const char *const evictions[] = {"time = \"2s\"",
                                            "count = 2",
                                            "delta = 2.0; field = \"x\"",
                                            "delta = 2.0; fn = \"window_ops.apart\"",
                                            "all = true",
                                            "fn = \"window_ops.recent\"; most = 2"};
    static const char *const triggers[] = {"time = \"5s\"", "count = 3",
                                           "delta = 4.0; field = \"x\"; from = 0.0",
                                           "fn = \"window_ops.enough\"; sum = 12"};
    static const char *const wanted[][4] = {
        {NULL, "5\n9\n32\n", "7\n9\n32\n", "7\n10\n32\n"},
        {"9\n15\n22\n", "4\n9\n22\n", "7\n9\n22\n", "7\n15\n22\n"},
        {"12\n10\n32\n", "5\n12\n32\n", "11\n12\n32\n", "11\n10\n32\n"},
        {"12\n10\n32\n", "5\n12\n32\n", "11\n12\n32\n", "11\n10\n32\n"},
        {"17\n27\n49\n", "5\n17\n49\n", "12\n17\n49\n", "12\n27\n49\n"},
        /* asked before the row is in, where the trigger is a delta: 2 stay beside it */
        {"9\n15\n22\n", "4\n9\n22\n", "9\n12\n32\n", "7\n15\n22\n"},
    };
    for (int e = 0; e < 6; e++)
        for (int t = 0; t < 4; t++) {
            char *window =
                text_format("window = { %s; }; every = { %s; };", evictions[e], triggers[t]);
            if (wanted[e][t] != NULL)
                expect(window, TALK, wanted[e][t], NULL);
            free(window);
        }
}

static void what_was_put_out_does_not_count_again_where_nothing_accumulates(void)
{
    expect("window = { all = true; }; every = { count = 4; }; accumulate = false;", TALK,
           "8\n30\n11\n", NULL);
    expect("window = { count = 6; }; every = { count = 4; }; accumulate = false;", TALK,
           "8\n30\n11\n", NULL);
    expect("window = { time = \"5s\"; }; lateness = \"8s\"; accumulate = false;",
           "0,0,,1000000,1\n1,0,,7000000,2\n2,0,,2000000,4\n3,0,,14000000,8\n4,0,,3000000,16\n",
           "0,5000000,1\n0,5000000,4\n5000000,10000000,2\n10000000,15000000,8\n",
           "4,0,,3000000,16\n");
}

/* All keys of a window are put out, which is work, before a row that is late for it: in one batch, too. */
static void a_late_row_comes_out_behind_all_of_its_window(void)
{
    enum { KEYS = 700 };
    struct process_result r;
    char *dir = dir_temp(), *rows = calloc(KEYS + 2, 40), *at = rows;
    char *job = job_of("key = \"k\"; window = { time = \"5s\"; }; lateness = \"8s\";\n"
                       "  accumulate = false;");
    for (int i = 0; i < KEYS; i++)
        at += sprintf(at, "%d,%d,,1000000,1\n", i, i);
    sprintf(at, "%d,0,,7000000,2\n%d,0,,2000000,4\n", KEYS, KEYS + 1);
    run_write(dir, "in.csv", rows);
    run_job(dir, job, NULL, &r);
    const char *late = strstr(r.out, "0,0,5000000,4\n0,5000000,10000000,2\n");
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_EQUAL(run_count_lines(r.out), KEYS + 2);
    CU_ASSERT_PTR_NOT_NULL_FATAL(late);
    CU_ASSERT_EQUAL(run_count_lines(late), 2);
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
    free(job);
    free(rows);
}

static void one_window_over_the_stream_puts_out_each_key_in_it(void)
{
    struct process_result r;
    char *dir = dir_temp();
    char *job = job_of("window = { count = 3; }; key = \"k\"; per = \"stream\";");
    run_write(dir, "in.csv", TALK);
    run_job(dir, job, NULL, &r);
    char *sorted = run_sorted(r.out);
    CU_ASSERT_STRING_EQUAL(sorted, "0,10\n0,4\n0,4\n1,1\n1,22\n1,8\n");
    free(sorted);
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
    free(job);
}

/* The lines that begin with a letter; free() them. */
static char *lines_of(const char *text, char first)
{
    char *lines = calloc(strlen(text) + 1, 1), *to = lines;
    for (size_t n; *text != 0; text += n) {
        n = strcspn(text, "\n") + 1;
        if (*text == first)
            to = (char *)memcpy(to, text, n) + n;
    }
    return lines;
}

/* Windows of more rows than a batch has, which come to the function in several and leave it in several.
 * Two keys take turns. The lines of each come in their order; which key is the first does not matter. */
static void a_window_function_gets_all_rows_however_many(void)
{
    enum { ROWS = 6000, FIRST = 4000 };
    static const char *const windows[] = {
        "window = { count = 2000; };", "window = { time = \"4000us\"; };",
        "window = { time = \"4000us\"; }; every = { time = \"4000us\"; }; lateness = \"9us\";",
        "window = { all = true; }; every = { count = 2000; }; accumulate = false;"};
    static const char *const bounds[][2] = {
        {"", ""}, {"0,4000,", "4000,8000,"}, {"0,4000,", "4000,8000,"}, {"", ""}};
    char *rows = calloc(ROWS, 80), *at = rows;
    for (int i = 0; i < ROWS; i++)
        at += sprintf(at, "%d,%d,text-of-more-than-twelve-bytes-%d,%d,1\n", i, i % 2, i, i);
    for (size_t w = 0; w < sizeof windows / sizeof *windows; w++) {
        char *out[2] = {calloc(ROWS, 80), calloc(ROWS, 80)}, *to[2] = {out[0], out[1]};
        struct process_result r;
        char *dir = dir_temp(), *window = text_format("key = \"k\"; %s", windows[w]);
        char *job = job_with("op = \"window_ops.each\";", window);
        for (int i = 0; i < ROWS; i++)
            to[i % 2] +=
                sprintf(to[i % 2], "%d,%s%d,%d,text-of-more-than-twelve-bytes-%d\n", i % 2,
                        bounds[w][i >= FIRST], (i < FIRST ? FIRST : ROWS - FIRST) / 2, i, i);
        run_write(dir, "in.csv", rows);
        run_job(dir, job, NULL, &r);
        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_EQUAL(run_count_lines(r.out), ROWS);
        for (int k = 0; k < 2; k++) {
            char *some = lines_of(r.out, (char)('0' + k));
            CU_ASSERT_STRING_EQUAL(some, out[k]);
            free(some);
            free(out[k]);
        }
        process_result_fini(&r);
        dir_remove(dir);
        free(dir);
        free(window);
        free(job);
    }
    expect_of("op = \"window_ops.last\";", "window = { count = 5000; };", rows,
              "5000,text-of-more-than-twelve-bytes-4999\n"
              "1000,text-of-more-than-twelve-bytes-5999\n",
              NULL);
    free(rows);
}

/* ---- what is easily got wrong ---- */

static void moments_before_the_epoch_lie_in_the_windows_that_have_them(void)
{
    expect("window = { time = \"5s\"; };", "0,0,,-1,7\n", "-5000000,0,7\n", NULL);
    expect("window = { time = \"5s\"; };", "0,0,,-5000000,7\n", "-5000000,0,7\n", NULL);
    expect("window = { time = \"10s\"; offset = \"5s\"; };", "0,0,,-2000000,7\n",
           "-5000000,5000000,7\n", NULL);
}

/* A size that is no multiple of the slide: a row is in every window that covers it. */
static void a_row_is_in_every_window_that_covers_it(void)
{
    enum { ROWS = 40, STEP = 90000, SIZE = 1600000, SLIDE = 700000 };
    char rows[ROWS * 40], out[ROWS * 80], *r = rows, *o = out;
    for (int i = 0; i < ROWS; i++)
        r += sprintf(r, "%d,0,,%d,%d\n", i, i * STEP, 1 << i % 20);
    for (int end = SLIDE; end - SIZE < ROWS * STEP; end += SLIDE) {
        long sum = 0;
        for (int i = 0; i < ROWS; i++)
            sum += i * STEP < end && i * STEP >= end - SIZE ? 1 << i % 20 : 0;
        if (sum > 0)
            o += sprintf(o, "%d,%d,%ld\n", end - SIZE, end, sum);
    }
    expect("window = { time = \"1600ms\"; }; every = { time = \"700ms\"; };", rows, out, NULL);
}

static void a_late_row_of_a_session_is_late_and_not_in_the_next(void)
{
    expect("window = { session = \"5s\"; }; lateness = \"0s\";",
           "0,0,,0,1\n1,0,,20000000,2\n2,0,,1000000,4\n3,0,,21000000,8\n",
           "0,5000000,1\n20000000,26000000,10\n", "2,0,,1000000,4\n");
}

static void a_row_whose_own_span_is_not_over_is_a_session_again(void)
{
    expect("window = { session = \"5s\"; }; lateness = \"0s\"; key = \"k\";",
           "0,1,,0,1\n1,2,,6000000,2\n2,1,,3000000,4\n",
           "1,0,5000000,1\n1,3000000,8000000,4\n2,6000000,11000000,2\n", "");
}

static void one_row_a_day_ahead_makes_later_ones_late_which_is_told(void)
{
    struct process_result r;
    char *dir = dir_temp(), *job = job_of("window = { time = \"5s\"; }; lateness = \"1s\";");
    run_write(dir, "in.csv",
              "0,0,,1000000,1\n1,0,,86400000000,2\n2,0,,2000000,4\n3,0,,3000000,8\n");
    run_job(dir, job, &(struct run_options){.arguments = ARGV("--report", "r")}, &r);
    char *report = run_read(dir, "r"), *late = run_read(dir, "late");
    CU_ASSERT_EQUAL(r.status, 0);
    CU_ASSERT_STRING_EQUAL(r.out, "0,5000000,1\n86400000000,86405000000,2\n");
    CU_ASSERT_STRING_EQUAL(late, "2,0,,2000000,4\n3,0,,3000000,8\n");
    CU_ASSERT_PTR_NOT_NULL(strstr(r.err, "a row came too late"));
    CU_ASSERT_EQUAL(run_report(report, "w", "late_rows"), 2);
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
    free(job);
    free(late);
    free(report);
}

static void moments_at_both_ends_of_time_have_windows(void)
{
    static const char rows[] =
        "0,0,,-9223372036854775807,1\n1,0,,-9223372036854775000,2\n"
        "2,0,,0,4\n3,0,,9223372036854775800,8\n4,0,,9223372036854775807,16\n";
    expect("window = { time = \"5s\"; };", rows,
           "-9223372036854775808,-9223372036850000000,3\n0,5000000,4\n"
           "9223372036850000000,9223372036854775807,24\n",
           NULL);
    expect("window = { time = \"10s\"; }; every = { time = \"5s\"; };", rows,
           "-9223372036854775808,-9223372036850000000,3\n"
           "-9223372036854775808,-9223372036845000000,3\n-5000000,5000000,4\n0,10000000,4\n"
           "9223372036845000000,9223372036854775807,24\n"
           "9223372036850000000,9223372036854775807,24\n",
           NULL);
    expect("window = { session = \"5s\"; };", rows,
           "-9223372036854775807,-9223372036849775000,3\n0,5000000,4\n"
           "9223372036854775800,9223372036854775807,24\n",
           NULL);
}

/* ---- state ---- */

static void state_of_a_key_goes_with_its_last_window(void)
{
    static const char *const windows[] = {
        "window = { time = \"5s\"; };", "window = { time = \"5s\"; }; lateness = \"3s\";",
        "window = { time = \"5s\"; }; every = { time = \"1s\"; };",
        "window = { session = \"3s\"; };", "window = { count = 3; };"};
    enum { ROWS = 3000 };
    char *rows = calloc(ROWS, 40), *at = rows;
    for (int i = 0; i < ROWS; i++)
        at += sprintf(at, "%d,%d,,%d,1\n", i, i / 3, i * 10000);
    for (size_t w = 0; w < sizeof windows / sizeof *windows; w++) {
        struct process_result r;
        char *dir = dir_temp(), *window = text_format("key = \"k\"; %s", windows[w]);
        char *job = job_of(window);
        run_write(dir, "in.csv", rows);
        run_job(dir, job, &(struct run_options){.arguments = ARGV("--report", "r")}, &r);
        char *report = run_read(dir, "r");
        CU_ASSERT_EQUAL(r.status, 0);
        CU_ASSERT_TRUE(run_count_lines(r.out) >= 1000);
        if (run_report(report, "w", "state_entries") != 0)
            printf("%s: %.0f entries\n", window, run_report(report, "w", "state_entries"));
        CU_ASSERT_EQUAL(run_report(report, "w", "state_entries"), 0);
        process_result_fini(&r);
        dir_remove(dir);
        free(dir);
        free(job);
        free(window);
        free(report);
    }
    free(rows);
}

/* ---- stops and restores ---- */

static char *stopped_job(const char *window)
{
    return text_format(
        "job = \"t\"; parallelism = 2; snapshot = { every = \"1h\"; dir = \"snap\"; };\noperators "
        "= (\n"
        "  { id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\"; parallelism = "
        "1;\n"
        "    schema = ( {name=\"id\";type=\"i64\";}, {name=\"k\";type=\"i64\";},\n"
        "    {name=\"s\";type=\"str\";nullable=true;}, {name=\"t\";type=\"i64\";},\n"
        "    {name=\"x\";type=\"i64\";} ); },\n"
        "  { id = \"timed\"; op = \"std.timestamps\"; input = \"in\"; field = \"t\";\n"
        "    parallelism = 1; },\n"
        "  { id = \"w\"; op = \"std.sum\"; field = \"x\"; input = \"timed\"; key = \"k\"; %s },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"w\"; path = \"out.csv\";\n"
        "    parallelism = 1; }\n);\n",
        window);
}

static char *result_of(const char *dir)
{
    char *text = run_read(dir, "out.csv"), *sorted = run_sorted(text);
    free(text);
    return sorted;
}

/* Stops a job some times, and goes on each time. */
static char *stopped_often(const char *dir, const char *job)
{
    for (int i = 0; i < 3; i++) {
        struct process process;
        struct process_result r;
        run_start(dir, job,
                  &(struct run_options){
                      .arguments = i == 0 ? ARGV("--set", "in.rate=1500.0")
                                          : ARGV("--set", "in.rate=1500.0", "--from", "latest")},
                  &process);
        nanosleep(&(struct timespec){.tv_nsec = 230000000}, NULL);
        process_signal(&process, SIGINT);
        process_wait(&process, &r);
        process_result_fini(&r);
    }
    struct process_result r;
    run_job(dir, job, &(struct run_options){.arguments = ARGV("--from", "latest")}, &r);
    CU_ASSERT_EQUAL(r.status, 0);
    process_result_fini(&r);
    return result_of(dir);
}

static void windows_that_are_open_at_a_stop_are_whole_after_it(void)
{
    static const char *const windows[] = {
        "window = { time = \"5s\"; };", "window = { time = \"7s\"; }; every = { time = \"1s\"; };",
        "window = { session = \"600ms\"; };", "window = { count = 7; }; every = { count = 3; };"};
    enum { ROWS = 2000 };
    char *rows = calloc(ROWS, 40), *at = rows;
    for (int i = 0; i < ROWS; i++)
        at += sprintf(at, "%d,%d,,%d,%d\n", i, i * i % 17, i * 60000, i % 31);
    for (size_t w = 0; w < sizeof windows / sizeof *windows; w++) {
        struct process_result r;
        char *dir = dir_temp(), *job = stopped_job(windows[w]);
        run_write(dir, "in.csv", rows);
        run_job(dir, job, NULL, &r);
        CU_ASSERT_EQUAL(r.status, 0);
        process_result_fini(&r);
        char *wanted = result_of(dir);
        dir_remove(dir);
        free(dir);
        dir = dir_temp();
        run_write(dir, "in.csv", rows);
        char *got = stopped_often(dir, job);
        CU_ASSERT_TRUE(run_count_lines(wanted) > 200);
        CU_ASSERT_STRING_EQUAL(got, wanted);
        dir_remove(dir);
        free(dir);
        free(job);
        free(got);
        free(wanted);
    }
    free(rows);
}

static void a_restore_with_another_window_is_refused_and_both_are_named(void)
{
    struct process process;
    struct process_result r;
    char *dir = dir_temp(), *job = stopped_job("window = { time = \"5s\"; };");
    char *rows = calloc(1000, 40), *at = rows;
    for (int i = 0; i < 1000; i++)
        at += sprintf(at, "%d,%d,,%d,1\n", i, i % 5, i * 10000);
    run_write(dir, "in.csv", rows);
    run_start(dir, job, &(struct run_options){.arguments = ARGV("--set", "in.rate=500.0")},
              &process);
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    process_signal(&process, SIGINT);
    process_wait(&process, &r);
    process_result_fini(&r);
    free(job);
    job = stopped_job("window = { time = \"6s\"; };");
    run_job(dir, job, &(struct run_options){.arguments = ARGV("--from", "latest")}, &r);
    CU_ASSERT_EQUAL(r.status, 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(
        r.err, "the state of 'w' is of std.sum in windows { time = \"5000000us\"; } every { time = "
               "\"5000000us\"; } per key, and the job has std.sum in windows { time = "
               "\"6000000us\"; } every { time = \"6000000us\"; } per key: put it back, or give the "
               "state up with --drop-state w"));
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
    free(job);
    free(rows);
}

/* The rows of a task's window are of any key, or of none: nothing says whose they are elsewhere. */
static void windows_of_tasks_are_not_restored_at_another_parallelism(void)
{
    static const char *const keys[] = {"", "key = \"k\";"};
    static const char *const sentences[] = {
        "the state of 'w' has no key to divide it by: it can only be restored at parallelism 2",
        "the windows of 'w' are of its tasks (per = \"task\"): they can only be restored at "
        "parallelism 2"};
    enum { ROWS = 1000 };
    char *rows = calloc(ROWS, 40), *at = rows;
    for (int i = 0; i < ROWS; i++)
        at += sprintf(at, "%d,%d,,%d,1\n", i, i % 5, i * 10000);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        struct process process;
        struct process_result r;
        char *dir = dir_temp();
        char *job = text_format(
            "job = \"t\"; parallelism = 2; snapshot = { every = \"1h\"; dir = \"snap\"; };\n"
            "operators = (\n"
            "  { id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\"; parallelism "
            "= "
            "1;\n"
            "    schema = ( {name=\"id\";type=\"i64\";}, {name=\"k\";type=\"i64\";},\n"
            "    {name=\"s\";type=\"str\";nullable=true;}, {name=\"t\";type=\"i64\";},\n"
            "    {name=\"x\";type=\"i64\";} ); },\n"
            "  { id = \"w\"; op = \"std.sum\"; field = \"x\"; input = \"in\"; per = \"task\"; %s\n"
            "    window = { count = 2000; }; },\n"
            "  { id = \"out\"; op = \"file.write\"; input = \"w\"; path = \"out.csv\";\n"
            "    parallelism = 1; }\n);\n",
            keys[i]);
        run_write(dir, "in.csv", rows);
        run_start(dir, job, &(struct run_options){.arguments = ARGV("--set", "in.rate=500.0")},
                  &process);
        nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
        process_signal(&process, SIGINT);
        process_wait(&process, &r);
        process_result_fini(&r);
        run_job(dir, job,
                &(struct run_options){.arguments =
                                          ARGV("--from", "latest", "--set", "w.parallelism=3")},
                &r);
        CU_ASSERT_EQUAL(r.status, 2);
        CU_ASSERT_PTR_NOT_NULL(strstr(r.err, sentences[i]));
        process_result_fini(&r);
        run_job(dir, job, &(struct run_options){.arguments = ARGV("--from", "latest")}, &r);
        CU_ASSERT_EQUAL(r.status, 0);
        char *out = run_read(dir, "out.csv");
        int64_t sum = 0;
        for (const char *p = out; *p != 0; p += strcspn(p, "\n") + 1) {
            const char *comma = memchr(p, ',', strcspn(p, "\n"));
            sum += atoll(comma != NULL ? comma + 1 : p);
        }
        CU_ASSERT_EQUAL(sum, ROWS);
        free(out);
        process_result_fini(&r);
        dir_remove(dir);
        free(dir);
        free(job);
    }
    free(rows);
}

/* A window that a row has fired and one that the end has put the same key out. */
static void a_key_is_put_out_alike_whatever_fires_its_window(void)
{
    struct process_result r;
    char *dir = dir_temp();
    run_write(dir, "in.csv", "a,-0\na,-0\na,-0\n");
    run_job(dir,
            "job = \"t\"; parallelism = 1;\noperators = (\n"
            "  { id = \"in\"; op = \"file.read\"; path = \"in.csv\"; format = \"csv\"; schema = (\n"
            "    { name = \"k\"; type = \"str\"; }, { name = \"x\"; type = \"f64\"; nullable = "
            "true; } ); },\n"
            "  { id = \"w\"; op = \"std.count\"; input = \"in\"; key = [\"k\", \"x\"]; window = { "
            "count = 2; }; },\n"
            "  { id = \"out\"; op = \"file.write\"; input = \"w\"; path = \"-\"; }\n);\n",
            NULL, &r);
    CU_ASSERT_STRING_EQUAL(r.out, "a,0,2\na,0,1\n");
    process_result_fini(&r);
    dir_remove(dir);
    free(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_key_is_put_out_alike_whatever_fires_its_window),
    SUITE_TEST(windows_of_time_are_right_open_and_have_bounds),
    SUITE_TEST(sessions_end_when_the_gap_has_passed),
    SUITE_TEST(windows_that_tumble_by_rows_are_emptied_when_they_fire),
    SUITE_TEST(every_eviction_goes_with_every_trigger),
    SUITE_TEST(what_was_put_out_does_not_count_again_where_nothing_accumulates),
    SUITE_TEST(a_late_row_comes_out_behind_all_of_its_window),
    SUITE_TEST(one_window_over_the_stream_puts_out_each_key_in_it),
    SUITE_TEST(a_window_function_gets_all_rows_however_many),
    SUITE_TEST(moments_before_the_epoch_lie_in_the_windows_that_have_them),
    SUITE_TEST(a_row_is_in_every_window_that_covers_it),
    SUITE_TEST(a_late_row_of_a_session_is_late_and_not_in_the_next),
    SUITE_TEST(a_row_whose_own_span_is_not_over_is_a_session_again),
    SUITE_TEST(one_row_a_day_ahead_makes_later_ones_late_which_is_told),
    SUITE_TEST(moments_at_both_ends_of_time_have_windows),
    SUITE_TEST(state_of_a_key_goes_with_its_last_window),
    SUITE_TEST_WITHIN(windows_that_are_open_at_a_stop_are_whole_after_it, 120),
    SUITE_TEST(a_restore_with_another_window_is_refused_and_both_are_named),
    SUITE_TEST(windows_of_tasks_are_not_restored_at_another_parallelism),
};
SUITE_MAIN("windows", tests)
