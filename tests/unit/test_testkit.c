/* The test kit, through its public header alone, as the tests of a plugin use it. */
#include <gyre/testkit.h>

#include "support/files.h"
#include "support/suite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S INT64_C(1000000)

static const char *plugins(void)
{
    static char both[8192];
    char *a = build_path("plugins"), *b = build_path("fixtures");
    snprintf(both, sizeof both, "%s:%s", a, b);
    free(a);
    free(b);
    return both;
}

/* A kit that must have become one. */
static struct gyre_kit *made(struct gyre_kit_setup setup)
{
    setup.plugin_path = plugins();
    struct gyre_kit *kit = gyre_kit_new(&setup);
    if (gyre_kit_error(kit)[0] != 0)
        printf("%s\n", gyre_kit_error(kit));
    CU_ASSERT_EQUAL_FATAL(gyre_kit_error(kit)[0], 0);
    return kit;
}

static bool says(const struct gyre_kit *kit, const char *part)
{
    bool ok = strstr(gyre_kit_error(kit), part) != NULL;
    if (!ok)
        printf("said: %s\n not: %s\n", gyre_kit_error(kit), part);
    return ok;
}

static struct gyre_kit_setup sum(const char *options, uint32_t tasks)
{
    return (struct gyre_kit_setup){.op = "std.sum",
                                   .options = options,
                                   .tasks = tasks,
                                   .inputs = {{.schema = "word: str, n: i64 or null"}}};
}

#define BY_WORD "key = \"word\"; field = \"n\";"

static void rows_of_a_key_meet_in_one_task(void)
{
    struct gyre_kit *kit = made(sum(BY_WORD, 3));
    gyre_kit_push(kit, NULL, "a,1\nb,10\na,2\na word beyond twelve bytes,5");
    CU_ASSERT(gyre_kit_expect(kit, NULL, "a,1\na,3\nb,10\na word beyond twelve bytes,5",
                              GYRE_KIT_ANY_ORDER));
    gyre_kit_push(kit, "in", "{\"word\": \"a\", \"n\": 4}\n{\"word\": \"c\"}\nb,");
    CU_ASSERT_EQUAL(gyre_kit_count(kit, NULL), 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(gyre_kit_rows(kit, NULL, 0), "{\"word\":\"a\",\"n\":7}"));
    gyre_kit_free(kit);
}

static void mistakes_of_options_are_those_of_a_job_file(void)
{
    struct gyre_kit_setup setup = sum(BY_WORD "\nfeild = \"n\";\nlimt = 3;", 1);
    setup.plugin_path = plugins();
    struct gyre_kit *kit = gyre_kit_new(&setup);
    CU_ASSERT(says(kit, "options:2: "));
    CU_ASSERT(says(kit, "feild"));
    CU_ASSERT(says(kit, "options:3: "));
    CU_ASSERT_EQUAL(gyre_kit_push(kit, NULL, "a,1"), GYRE_EINVAL);
    CU_ASSERT_FALSE(gyre_kit_expect(kit, NULL, "", 0));
    gyre_kit_free(kit);
    setup = sum(BY_WORD, 1);
    setup.op = "std.smu";
    setup.plugin_path = plugins();
    kit = gyre_kit_new(&setup);
    CU_ASSERT(says(kit, "did you mean `std.sum`"));
    gyre_kit_free(kit);
    setup = sum(BY_WORD, 1);
    setup.inputs[0].schema = "word str";
    setup.plugin_path = plugins();
    kit = gyre_kit_new(&setup);
    CU_ASSERT(says(kit, "`word str` is no field: write NAME: TYPE"));
    gyre_kit_free(kit);
}

static void mistakes_in_rows_are_told(void)
{
    static const struct {
        const char *rows, *says;
    } cases[] = {
        {"a,1\nb,x", "row 2: `x` is no i64 for `n`"},
        {"a", "row 1: there are too few values: `n` is missing"},
        {"a,1,2", "row 1: there are too many values"},
        {"\"a,1", "row 1: a quote is not closed"},
        {"{\"wrd\": \"a\"}", "row 1: there is no field `wrd`"},
        {"{\"n\": 1}", "row 1: the field `word` is missing"},
        {"{\"word\": \"a\"", "row 1: a `}` is missing"},
        {"@soon a,1", "row 1: `@soon` is no time"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gyre_kit *kit = made(sum(BY_WORD, 1));
        CU_ASSERT_EQUAL(gyre_kit_push(kit, NULL, cases[i].rows), GYRE_EINVAL);
        CU_ASSERT(says(kit, cases[i].says));
        gyre_kit_free(kit);
    }
    struct gyre_kit *kit = made(sum(BY_WORD, 1));
    gyre_kit_push(kit, NULL, "a,1");
    CU_ASSERT_FALSE(gyre_kit_expect(kit, NULL, "a,2", 0));
    gyre_kit_push(kit, NULL, "a,1");
    CU_ASSERT_FALSE(gyre_kit_expect(kit, NULL, "a,2\na,3", GYRE_KIT_ANY_ORDER));
    CU_ASSERT_EQUAL(gyre_kit_push(kit, "left", "a,1"), GYRE_EINVAL);
    CU_ASSERT(says(kit, "no connected input port `left`"));
    gyre_kit_free(kit);
}

static void a_window_is_put_out_when_the_watermark_passes_its_end(void)
{
    struct gyre_kit *kit = made(sum(BY_WORD "window = {time = \"10s\";};", 2));
    gyre_kit_push(kit, NULL, "@1s a,1\n@9s a,2\n@11s a,4\n@5s b,8");
    CU_ASSERT(gyre_kit_expect(kit, NULL, "", 0));
    gyre_kit_watermark(kit, NULL, 10 * S);
    CU_ASSERT(gyre_kit_expect(kit, NULL, "a,0,10s,3\nb,0,10s,8", GYRE_KIT_ANY_ORDER));
    CU_ASSERT_EQUAL(gyre_kit_told(kit), 10 * S);
    gyre_kit_push(kit, NULL, "@3s a,100");
    CU_ASSERT_EQUAL(gyre_kit_late_rows(kit), 1);
    CU_ASSERT_EQUAL(gyre_kit_count(kit, "late"), 1);
    gyre_kit_take(kit);
    gyre_kit_end(kit, NULL);
    CU_ASSERT(gyre_kit_expect(kit, NULL, "a,10s,20s,4", 0));
    CU_ASSERT_EQUAL(gyre_kit_told(kit), INT64_MAX);
    gyre_kit_free(kit);
}

/* The rows of a run that is saved after the first half and restored at other numbers of tasks. */
static void a_snapshot_goes_on_at_any_number_of_tasks(void)
{
    for (uint32_t before = 1; before <= 3; before++)
        for (uint32_t after = 1; after <= 4; after++) {
            struct gyre_kit_setup setup = sum(BY_WORD, before);
            struct gyre_kit *kit = made(setup);
            gyre_kit_push(kit, NULL, "a,1\nb,2\nc,3\nd,4\na word beyond twelve bytes,5");
            struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(kit);
            CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot);
            CU_ASSERT(gyre_kit_snapshot_bytes(snapshot) > 0);
            gyre_kit_push(kit, NULL, "a,1000");
            gyre_kit_free(kit);
            setup.tasks = after;
            setup.plugin_path = plugins();
            kit = gyre_kit_restore(&setup, snapshot);
            gyre_kit_push(kit, NULL, "a,10\nb,10\nd,10\na word beyond twelve bytes,10\ne,10");
            CU_ASSERT(gyre_kit_expect(kit, NULL,
                                      "a,11\nb,12\nd,14\na word beyond twelve bytes,15\ne,10",
                                      GYRE_KIT_ANY_ORDER));
            gyre_kit_free(kit);
            gyre_kit_snapshot_free(snapshot);
        }
}

static void windows_and_watermarks_are_restored(void)
{
    struct gyre_kit_setup setup = sum(BY_WORD "window = {time = \"10s\";};", 2);
    struct gyre_kit *kit = made(setup);
    gyre_kit_push(kit, NULL, "@1s a,1\n@11s b,2");
    gyre_kit_watermark(kit, NULL, 5 * S);
    struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(kit);
    CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot);
    gyre_kit_free(kit);
    setup.tasks = 3;
    setup.plugin_path = plugins();
    kit = gyre_kit_restore(&setup, snapshot);
    CU_ASSERT_STRING_EQUAL(gyre_kit_error(kit), "");
    gyre_kit_push(kit, NULL, "@9s a,1");
    gyre_kit_end(kit, NULL);
    CU_ASSERT(gyre_kit_expect(kit, NULL, "a,0,10s,2\nb,10s,20s,2", GYRE_KIT_ANY_ORDER));
    gyre_kit_free(kit);
    gyre_kit_snapshot_free(snapshot);
}

static void two_inputs_are_joined(void)
{
    struct gyre_kit *kit = made((struct gyre_kit_setup){
        .op = "std.join",
        .options = "key = \"id\"; window = {time = \"10s\";};",
        .tasks = 2,
        .inputs = {{"left", "id: i64, a: str"}, {"right", "id: i64, b: f64"}}});
    gyre_kit_push(kit, "left", "@1s 1,one\n@2s 2,two");
    gyre_kit_push(kit, "right", "@3s 1,1.5\n@3s 3,3.5");
    gyre_kit_watermark(kit, "left", 20 * S);
    CU_ASSERT_EQUAL(gyre_kit_count(kit, NULL), 0);
    gyre_kit_watermark(kit, "right", 20 * S);
    CU_ASSERT_EQUAL(gyre_kit_count(kit, NULL), 1);
    const struct gyre_str *a = gyre_kit_value(kit, NULL, 0, "a");
    const double *b = gyre_kit_value(kit, NULL, 0, "b");
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    CU_ASSERT_EQUAL(memcmp(gyre_str_data(a), "one", 3), 0);
    CU_ASSERT(b != NULL && *b == 1.5);
    CU_ASSERT_PTR_NULL(gyre_kit_value(kit, NULL, 1, "a"));
    CU_ASSERT_PTR_NULL(gyre_kit_value(kit, NULL, 0, "c"));
    gyre_kit_free(kit);
}

static void typed_columns_are_rows_as_well(void)
{
    struct gyre_kit *kit = made(sum(BY_WORD, 1));
    struct gyre_str words[2] = {gyre_str_view("a", 1), gyre_str_view("beyond twelve bytes", 19)};
    int64_t numbers[2] = {5, 0};
    uint8_t valid[2] = {1, 0};
    const struct gyre_column columns[2] = {{words, NULL}, {numbers, valid}};
    CU_ASSERT_EQUAL(gyre_kit_push_columns(kit, NULL, 2, columns, NULL), 0);
    const int64_t *total = gyre_kit_value(kit, NULL, 0, "n");
    CU_ASSERT(total != NULL && *total == 5);
    CU_ASSERT_EQUAL(gyre_kit_count(kit, NULL), 2);
    gyre_kit_free(kit);
}

static void a_source_goes_on_where_the_snapshot_says(void)
{
    struct gyre_kit_setup setup = {.op = "gen.sequence", .options = "to = 9;"};
    struct gyre_kit *kit = made(setup);
    while (gyre_kit_count(kit, NULL) < 4 && gyre_kit_poll(kit, 2) == 1)
        ;
    CU_ASSERT_EQUAL(gyre_kit_count(kit, NULL), 4);
    struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(kit);
    CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot);
    gyre_kit_free(kit);
    setup.plugin_path = plugins();
    kit = gyre_kit_restore(&setup, snapshot);
    CU_ASSERT_EQUAL(gyre_kit_run(kit, 1000), 0);
    CU_ASSERT(gyre_kit_expect(kit, NULL, "4\n5\n6\n7\n8\n9", 0));
    CU_ASSERT_EQUAL(gyre_kit_told(kit), INT64_MAX);
    gyre_kit_free(kit);
    gyre_kit_snapshot_free(snapshot);
    kit = made((struct gyre_kit_setup){.op = "gen.sequence", .options = "to = 99;", .tasks = 3});
    CU_ASSERT_EQUAL(gyre_kit_run(kit, 1000), 0);
    CU_ASSERT_EQUAL(gyre_kit_count(kit, NULL), 100);
    gyre_kit_free(kit);
}

static void a_sink_shows_what_is_committed(void)
{
    char *dir = dir_temp(), *path = path_join(dir, "out.csv");
    struct gyre_kit_setup setup = {.op = "file.write",
                                   .options = "path = \"out.csv\";",
                                   .folder = dir,
                                   .snapshots = 1,
                                   .inputs = {{.schema = "n: i64"}}};
    struct gyre_kit *kit = made(setup);
    gyre_kit_push(kit, NULL, "1\n2");
    struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(kit);
    CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot);
    gyre_kit_push(kit, NULL, "3");
    gyre_kit_free(kit); /* it dies before it has committed */
    setup.plugin_path = plugins();
    kit = gyre_kit_restore(&setup, snapshot);
    CU_ASSERT_STRING_EQUAL(gyre_kit_error(kit), "");
    gyre_kit_push(kit, NULL, "4");
    gyre_kit_end(kit, NULL);
    struct gyre_kit_snapshot *last = gyre_kit_snapshot(kit);
    gyre_kit_commit(kit);
    CU_ASSERT_STRING_EQUAL(gyre_kit_error(kit), "");
    gyre_kit_free(kit);
    char *text = file_read(path, NULL);
    CU_ASSERT(text != NULL && strcmp(text, "1\n2\n4\n") == 0);
    free(text);
    gyre_kit_snapshot_free(snapshot);
    gyre_kit_snapshot_free(last);
    free(path);
    dir_end(dir);
}

static void key_functions_run_ahead(void)
{
    struct gyre_kit *kit =
        made((struct gyre_kit_setup){.op = "std.count",
                                     .options = "key = {fn = \"key_fns.cell\"; size = 5;};",
                                     .tasks = 2,
                                     .inputs = {{.schema = "value: i64"}}});
    gyre_kit_push(kit, NULL, "1\n2\n7");
    CU_ASSERT(gyre_kit_expect(kit, NULL, "0,1\n0,2\n1,1", GYRE_KIT_ANY_ORDER));
    gyre_kit_free(kit);
}

static void bad_rows_are_counted_and_failures_stay(void)
{
    struct gyre_kit *kit = made(sum(BY_WORD "on_error = \"port\";", 1));
    gyre_kit_push(kit, NULL, "a,9223372036854775807\na,1\na,-1");
    CU_ASSERT_EQUAL(gyre_kit_bad_rows(kit), 1);
    CU_ASSERT_EQUAL(gyre_kit_count(kit, "errors"), 1);
    gyre_kit_free(kit);
    kit = made(sum(BY_WORD, 1));
    CU_ASSERT_EQUAL(gyre_kit_push(kit, NULL, "a,9223372036854775807\na,1"), GYRE_EROW);
    CU_ASSERT(says(kit, "std.sum failed in "));
    CU_ASSERT(says(kit, "row {\"word\":\"a\",\"n\":1}"));
    CU_ASSERT(gyre_kit_push(kit, NULL, "a,1") < 0);
    CU_ASSERT_PTR_NULL(gyre_kit_snapshot(kit));
    gyre_kit_free(kit);
}

static void the_clock_stands_still_until_it_is_told(void)
{
    struct gyre_kit *kit = made((struct gyre_kit_setup){
        .op = "std.count",
        .options = "key = \"k\"; window = {time = \"10s\";}; clock = \"processing\";",
        .now_us = 100 * S,
        .inputs = {{.schema = "k: i64"}}});
    gyre_kit_push(kit, NULL, "1\n1");
    gyre_kit_clock(kit, 109 * S);
    CU_ASSERT_EQUAL(gyre_kit_count(kit, NULL), 0);
    gyre_kit_clock(kit, 110 * S);
    CU_ASSERT_EQUAL(gyre_kit_count(kit, NULL), 1);
    CU_ASSERT(isnan(gyre_kit_metric(kit, "none")));
    CU_ASSERT_STRING_EQUAL(gyre_kit_log(kit), "");
    gyre_kit_free(kit);
}

/* As a failed call leaves it, which the next one gets. */
static void what_is_missing_is_told(void)
{
    static const char *const wanted[] = {"the rows are NULL", "",
                                         "the column of `word` has no data",
                                         "there is no snapshot to restore"};
    const struct gyre_column columns[2] = {{0}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        struct gyre_kit_setup setup = sum(BY_WORD, 1);
        struct gyre_kit *kit = i < 3 ? made(setup) : NULL;
        if (i == 0)
            CU_ASSERT_EQUAL(gyre_kit_push(kit, NULL, NULL), GYRE_EINVAL);
        if (i == 1)
            CU_ASSERT_EQUAL(gyre_kit_expect(kit, NULL, NULL, 0), 0);
        if (i == 2)
            CU_ASSERT_EQUAL(gyre_kit_push_columns(kit, NULL, 1, columns, NULL), GYRE_EINVAL);
        setup.plugin_path = plugins();
        if (i == 3)
            kit = gyre_kit_restore(&setup, NULL);
        CU_ASSERT(says(kit, wanted[i]));
        gyre_kit_free(kit);
    }
}

/* timer_ops.script: `what` 5 sets a timer of round `at`, 7 votes to stop in round `at`; 10 is a timer of a round, 11 the
 * end of one. Its rows have a field more than what it takes, so another operator leads back. */
#define ROUNDS                                                                                     \
    "key = \"k\"; feedback = \"back\"; rounds = {max = 9;}; },\n"                                  \
    "{ id = \"back\"; op = \"std.select\"; input = \"op\"; fields = (\"k\", \"what\", \"at\", "    \
    "\"tag\");"

static void rounds_end_when_they_are_told_to(void)
{
    struct gyre_kit_setup setup = {.op = "timer_ops.script",
                                   .options = ROUNDS,
                                   .inputs = {{.schema = "k: i64, what: i64, at: i64, tag: i64"}}};
    struct gyre_kit *kit = made(setup);
    gyre_kit_push(kit, NULL, "@1s 1,5,0,7\n@1s 2,5,1,8\n@1s 1,7,1,0");
    CU_ASSERT(gyre_kit_expect(kit, NULL, "", 0));
    CU_ASSERT_EQUAL(gyre_kit_round_end(kit), 0);
    CU_ASSERT_EQUAL(gyre_kit_count(kit, NULL), 3);
    CU_ASSERT_EQUAL(*(const int64_t *)gyre_kit_value(kit, NULL, 0, "what"), 10);
    CU_ASSERT_EQUAL(*(const int64_t *)gyre_kit_value(kit, NULL, 2, "what"), 11);
    gyre_kit_push(kit, NULL, "@1s 3,5,0,9"); /* of the next round */
    struct gyre_kit_snapshot *snapshot = gyre_kit_snapshot(kit);
    CU_ASSERT_PTR_NOT_NULL_FATAL(snapshot);
    gyre_kit_take(kit);
    CU_ASSERT_EQUAL(gyre_kit_round_end(kit), 1);
    CU_ASSERT_EQUAL(gyre_kit_count(kit, NULL), 2);
    gyre_kit_free(kit);
    setup.plugin_path = plugins();
    setup.tasks = 2;
    kit = gyre_kit_restore(&setup, snapshot);
    CU_ASSERT_EQUAL(gyre_kit_round_end(kit), 0);   /* who was to vote has not been saved */
    CU_ASSERT_EQUAL(gyre_kit_count(kit, NULL), 3); /* the timer, and the end of each task */
    gyre_kit_free(kit);
    gyre_kit_snapshot_free(snapshot);
    kit = made(sum(BY_WORD, 1));
    CU_ASSERT_EQUAL(gyre_kit_round_end(kit), GYRE_EINVAL);
    CU_ASSERT(says(kit, "std.sum is in no loop with rounds"));
    gyre_kit_free(kit);
}

static void rounds_are_there_where_the_others_of_the_loop_are_not(void)
{
    struct gyre_kit *kit = made(
        (struct gyre_kit_setup){.op = "timer_ops.script",
                                .options = "key = \"k\";",
                                .rounds = 1,
                                .inputs = {{.schema = "k: i64, what: i64, at: i64, tag: i64"}}});
    gyre_kit_push(kit, NULL, "@1s 1,5,0,7");
    CU_ASSERT_EQUAL(gyre_kit_round_end(kit), 1);   /* it votes in round 0 unless told another one */
    CU_ASSERT_EQUAL(gyre_kit_count(kit, NULL), 2); /* the timer, and the end */
    CU_ASSERT_STRING_EQUAL(gyre_kit_error(kit), "");
    gyre_kit_free(kit);
}

static const struct suite_test tests[] = {
    SUITE_TEST(rows_of_a_key_meet_in_one_task),
    SUITE_TEST(mistakes_of_options_are_those_of_a_job_file),
    SUITE_TEST(mistakes_in_rows_are_told),
    SUITE_TEST(a_window_is_put_out_when_the_watermark_passes_its_end),
    SUITE_TEST(a_snapshot_goes_on_at_any_number_of_tasks),
    SUITE_TEST(windows_and_watermarks_are_restored),
    SUITE_TEST(two_inputs_are_joined),
    SUITE_TEST(typed_columns_are_rows_as_well),
    SUITE_TEST(a_source_goes_on_where_the_snapshot_says),
    SUITE_TEST(a_sink_shows_what_is_committed),
    SUITE_TEST(key_functions_run_ahead),
    SUITE_TEST(bad_rows_are_counted_and_failures_stay),
    SUITE_TEST(what_is_missing_is_told),
    SUITE_TEST(rounds_end_when_they_are_told_to),
    SUITE_TEST(rounds_are_there_where_the_others_of_the_loop_are_not),
    SUITE_TEST(the_clock_stands_still_until_it_is_told),
};
SUITE_MAIN("testkit", tests)
