/* lua.process: state by key and of all rows, timers, rows that fail, versions, mistakes. */
#include "run_again.h"
#include "run_job.h"
#include "support/files.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Numbers, and an operator `p` over them. */
static char *job_of(const char *mode, int parallelism, const char *rows, const char *process)
{
    return text_format(
        "job = \"p\"; mode = \"%s\"; parallelism = %d;\n"
        "operators = (\n"
        "  { id = \"in\"; op = \"gen.sequence\"; %s parallelism = 1; },\n"
        "  { id = \"p\"; op = \"lua.process\"; input = \"in\";\n"
        "%s },\n"
        "  { id = \"out\"; op = \"file.write\"; input = \"p\"; path = \"-\"; parallelism = 1; }\n"
        ");\n",
        mode, parallelism, rows, process);
}

static void check_rows(const char *rows, const char *process, const char *wanted)
{
    for (int parallelism = 1; parallelism <= 3; parallelism++) {
        char *job = job_of("batch", parallelism, rows, process);
        struct process_result result;
        char *dir = dir_temp();
        run_job(dir, job, NULL, &result);
        CU_ASSERT_EQUAL(result.status, 0);
        if (result.status != 0)
            fprintf(stderr, "%s\n", result.err);
        if (strstr(process, "on_error") == NULL)
            CU_ASSERT_STRING_EQUAL(result.err, "");
        char *sorted = run_sorted(result.out);
        CU_ASSERT_STRING_EQUAL(sorted, wanted);
        if (strcmp(sorted, wanted) != 0)
            fprintf(stderr, "%s\n--- is\n%s--- not\n%s", job, sorted, wanted);
        process_result_fini(&result);
        dir_end(dir);
        free(job);
        free(sorted);
    }
}

#define BY_TENS "    key = { fn = \"key_fns.cell\"; as = \"k\"; };\n"
#define ONE(name)                                                                                  \
    "    schema = ( { name = \"" name "\"; type = \"i64\"; }, { name = \"n\"; type = \"i64\"; } "  \
    ");\n"

/* ---- state ---- */

static void state_is_by_key_and_is_what_the_rows_before_have_left(void)
{
    check_rows("from = 0; to = 2999;",
               "    key = { fn = \"key_fns.cell\"; size = 1000; as = \"k\"; };\n" ONE(
                   "k") "    init = \"{n = 0, sum = 0}\";\n"
                        "    on_row = \"state.n = state.n + 1\n state.sum = state.sum + value\n"
                        "      if state.n % 500 == 0 then emit{k = k, n = state.sum} end\";",
               "0,124750\n0,499500\n1,1499500\n1,624750\n2,1124750\n2,2499500\n");
}

static void state_may_be_any_value_and_is_an_empty_table_at_first(void)
{
    check_rows("from = 0; to = 29;",
               BY_TENS ONE("k") "    on_row = \"state.n = (state.n or 0) + 1\n"
                                "      if state.n == 10 then emit{k = k, n = state.n} end\";",
               "0,10\n1,10\n2,10\n");
    check_rows("from = 0; to = 29;",
               BY_TENS ONE("k") "    init = \"'x' .. value\"; on_row = \"state = state .. 'y'\n"
                                "      if #state > 11 then emit{k = k, n = #state} end\";",
               "0,12\n1,12\n1,13\n2,12\n2,13\n");
}

static void integers_beyond_those_of_numbers_are_kept_exactly(void)
{
    check_rows("from = 9007199254740990L; to = 9007199254740996L;",
               ONE("last") "    init = \"{last = value, of = {}}\";\n"
                           "    on_row = \"emit{last = state.last, n = value} state.last = value\n"
                           "      state.of[value] = {value}\";",
               "9007199254740990,9007199254740990\n9007199254740990,9007199254740991\n"
               "9007199254740991,9007199254740992\n9007199254740992,9007199254740993\n"
               "9007199254740993,9007199254740994\n9007199254740994,9007199254740995\n"
               "9007199254740995,9007199254740996\n");
}

static void state_that_is_nil_goes_away_and_begins_anew(void)
{
    check_rows("from = 0; to = 6;",
               BY_TENS ONE("k") "    init = \"{first = value, n = 0}\";\n"
                                "    on_row = \"state.n = state.n + 1\n"
                                "      emit{k = state.first, n = state.n}\n"
                                "      if state.n == 3 then state = nil end\";",
               "0,1\n0,2\n0,3\n3,1\n3,2\n3,3\n6,1\n");
}

/* An empty table is no state where that is what there is without `init`; with one it is kept. */
static void an_empty_table_is_kept_where_there_is_an_init(void)
{
    check_rows("from = 0; to = 4;",
               ONE("k") "    init = \"{n = state == nil and 1 or 2}\";\n"
                        "    on_row = \"emit{k = value, n = state.n or 0} state = {}\";",
               "0,1\n1,0\n2,0\n3,0\n4,0\n");
}

static void a_timer_sees_the_watermark(void)
{
    check_rows(
        "from = 0; to = 9;",
        BY_TENS ONE("k") "    on_row = \"if value == 0 then timer(10) timer(25) end\";\n"
                         "    on_timer = \"emit{k = due, n = watermark() > due and 1 or 0}\";",
        "10,1\n25,1\n"); /* the rows' times are those of today */
}

static void without_a_key_there_is_one_state_for_all_rows(void)
{
    check_rows("from = 1; to = 2000;",
               ONE("sum") "    init = \"{n = 0, sum = 0}\";\n"
                          "    on_row = \"state.n = state.n + 1 state.sum = state.sum + value\n"
                          "      if state.n == 2000 then emit{sum = state.sum, n = state.n} end\";",
               "2001000,2000\n");
}

/* ---- rows that fail ---- */

static void a_row_that_fails_leaves_no_state_no_rows_and_no_timers(void)
{
    check_rows("from = 0; to = 19;",
               BY_TENS ONE("k") "    on_error = \"skip\"; init = \"{n = 0}\";\n"
                                "    on_row = \"state.n = state.n + 1\n"
                                "      if value % 10 == 4 then state.n = 100 emit{k = -1, n = -1}\n"
                                "        timer(7) error('no') end\n"
                                "      if value % 10 == 0 then timer(5) end\";\n"
                                "    on_timer = \"emit{k = k, n = state.n * 100 + due}\";",
               "0,905\n1,905\n");
}

/* The first row of a key, its last, and all of them. */
/* Memory is short at any place; a row that is tried once more counts once, and so do its rows. */
static void a_row_counts_once_where_memory_is_short(void)
{
    check_rows("from = 0; to = 299;",
               BY_TENS ONE("k") "    memory = \"16MiB\"; init = \"{n = 0}\";\n"
                                "    on_row = \"state.n = state.n + 1\n"
                                "      local s = ('x'):rep(2000000 + value) .. k\n"
                                "      if value % 100 == 99 then emit{k = #s, n = state.n} end\";",
               "2000100,10\n2000201,10\n2000301,10\n");
}

static void a_key_whose_rows_have_all_failed_has_no_state(void)
{
    check_rows(
        "from = 0; to = 29;",
        BY_TENS ONE("k") "    on_error = \"skip\"; init = \"{value}\";\n"
                         "    on_row = \"if k == 1 or value % 10 == 0 or value % 10 == 9 then\n"
                         "        error('no') end\n"
                         "      state[#state + 1] = value\n"
                         "      if #state == 9 then emit{k = k, n = state[1]} end\";",
        "0,1\n2,21\n");
}

static char *told_of(const char *process)
{
    struct process_result result;
    char *dir = dir_temp(), *job = job_of("batch", 1, "from = 0; to = 9;", process);
    run_job(dir, job, NULL, &result);
    char *told = strdup(result.err);
    process_result_fini(&result);
    dir_end(dir);
    free(job);
    return told;
}

static void check_told(const char *process, const char *says)
{
    char *told = told_of(process);
    CU_ASSERT_PTR_NOT_NULL(strstr(told, says));
    if (strstr(told, says) == NULL)
        fprintf(stderr, "--- is\n%s--- not\n%s\n", told, says);
    free(told);
}

static void state_that_cannot_be_kept_fails_its_row_with_the_place(void)
{
    check_told(BY_TENS ONE("k") "on_row = \"state.a = {b = {pairs}}\";",
               "state.a.b[1] is a function; kept are nil, booleans, numbers, strings");
    check_told(BY_TENS ONE("k") "on_row = \"state.me = state\";",
               "state.me is a table that holds itself");
    check_told(BY_TENS ONE("k") "max_state = \"100B\"; on_row = \"state.s = ('x'):rep(100)\";",
               "state is too large: all of it may take 100 bytes");
}

/* ---- timers ---- */

static void timers_of_event_time_come_in_order_with_their_tags(void)
{
    check_rows(
        "from = 0; to = 9;",
        BY_TENS ONE("at") "    on_row = \"if value == 0 then timer(30, 2) timer(10) timer(20)\n"
                          "        timer(10) cancel(20) state.order = '' end\";\n"
                          "    on_timer = \"state.order = state.order .. due .. clock\n"
                          "      emit{at = due * 100 + tag, n = #state.order}\";",
        "1000,7\n3002,14\n");
}

static void a_timer_sees_no_state_where_there_is_none_and_may_make_some(void)
{
    check_rows("from = 0; to = 9;",
               BY_TENS ONE("k") "    on_row = \"timer(10) timer(20) state = nil\";\n"
                                "    on_timer = \"emit{k = k, n = state and state.n or -1}\n"
                                "      state = {n = due}\";",
               "0,-1\n0,10\n");
}

static void alarms_are_of_the_clock(void)
{
    check_rows(
        "from = 0; to = 9;",
        BY_TENS ONE("k") "    on_row = \"if value == 3 then alarm(now() + 1, 4) end\";\n"
                         "    on_timer = \"emit{k = tag, n = clock == 'processing' and 1 or 0}\";",
        "4,1\n");
}

static void timers_need_code_and_whole_numbers(void)
{
    check_told(BY_TENS ONE("k") "on_row = \"timer(1)\";",
               "timer: there is no `on_timer` that would be run for it");
    check_told(BY_TENS ONE("k") "on_row = \"timer(1.5)\"; on_timer = \"\";",
               "timer takes a time, a whole number of µs since 1970, not 1.5");
    check_told(BY_TENS ONE("k") "on_row = \"timer(1, -1)\"; on_timer = \"\";",
               "timer takes a tag that is a whole number from 0 on, not -1");
}

/* ---- mistakes ---- */

static void a_row_that_is_told_of_has_the_place_of_its_code(void)
{
    check_told(BY_TENS ONE("k") "on_row = \"\n emit(1)\";",
               "job.cfg:8: emit takes a table: emit{name = value}");
}

static void mistakes_are_told_before_the_start(void)
{
    check_told(BY_TENS ONE("k") "on_row = \"state.n = valeu\";", "did you mean `value`?");
    check_told(BY_TENS ONE("k") "on_row = \"\"; on_timer = \"emit{k = value}\";",
               "no name `value` is known here");
    check_told(BY_TENS ONE("k") "on_row = \"\"; init = \"{\";", "init: ");
    check_told("key = { fn = \"key_fns.cell\"; as = \"state\"; };" ONE("k") "on_row = \"\";",
               "the input has a field `state`");
    check_told(ONE("k") "ttl = \"1h\"; on_row = \"\";", "ttl is how long a key's state lives");
}

/* ---- versions ---- */

static const char versions[] =
    "job = \"versions\"; parallelism = 2;\n"
    "snapshot = { every = \"20ms\"; dir = \"snap\"; };\n"
    "operators = (\n"
    "  { id = \"events\"; op = \"gen.events\"; keys = 50; count = 1000000000L; rate = 5000; },\n"
    "  { id = \"p\"; op = \"lua.process\"; input = \"events\"; %s\n"
    "    schema = ( { name = \"key\"; type = \"i64\"; }, { name = \"n\"; type = \"i64\"; },\n"
    "      { name = \"sum\"; type = \"i64\"; } ); %s },\n"
    "  { id = \"out\"; op = \"file.write\"; input = \"p\"; path = \"out.csv\"; }\n"
    ");\n";
#define QUICKLY                                                                                    \
    "--from", "latest", "-p", "3", "--set", "events.rate=0", "--set", "events.count=20000"
#define FIRST                                                                                      \
    "init = \"{n = 0}\"; on_row = \"state.n = state.n + 1 emit{key = key, n = state.n, sum = "     \
    "0}\";"
#define SECOND                                                                                     \
    "version = 2; init = \"{count = 0}\";\n"                                                       \
    "on_row = \"state.count = state.count + 1 emit{key = key, n = state.count, sum = 0}\";"
#define MIGRATE "migrate = \"function(state, from) return {count = state.n, from = from} end\";"

/* Whether the counts of each key go on from row to row; how many rows there are. */
static long check_counts(const char *dir)
{
    long long counts[50] = {0};
    long n = 0, wrong = 0;
    char *all = run_read(dir, "out.csv");
    for (const char *at = all; *at != 0; at = strchr(at, '\n') + 1, n++) {
        long long key = 0, count = 0;
        CU_ASSERT_EQUAL_FATAL(sscanf(at, "%lld,%lld,", &key, &count), 2);
        CU_ASSERT_FATAL(key >= 0 && key < 50);
        wrong += count != ++counts[key];
    }
    CU_ASSERT_EQUAL(wrong, 0);
    free(all);
    return n;
}

static void check_version(const char *key, int status, const char *refusal)
{
    char *dir = dir_temp();
    char *first = text_format(versions, key, FIRST), *bare = text_format(versions, key, SECOND);
    char *second = text_format(versions, key, SECOND MIGRATE);
    run_and_stop(dir, first, NULL);
    char *err = run_go_on(dir, bare, ARGV("--from", "latest"), status);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, refusal));
    if (strstr(err, refusal) == NULL)
        fprintf(stderr, "%s", err);
    free(err);
    run_and_stop(dir, second, ARGV("--from", "latest"));
    err = run_go_on(dir, first, ARGV("--from", "latest"), status);
    CU_ASSERT_PTR_NOT_NULL(strstr(err, "version 2"));
    free(err);
    free(run_go_on(dir, second, ARGV(QUICKLY), 0));
    if (key[0] != 0)
        CU_ASSERT_EQUAL(check_counts(dir), 20000);
    dir_end(dir);
    free(first);
    free(bare);
    free(second);
}

static void state_of_an_older_version_is_migrated_or_refused(void)
{
    check_version("key = \"key\";", 2,
                  "is of version 1 in the snapshot and of version 2 in lua.process");
}

static void so_is_the_state_of_all_rows(void)
{
    check_version("", 1,
                  "its state is of version 1 in the snapshot, and its code is of version 2, "
                  "without `migrate`");
}

static const struct suite_test tests[] = {
    SUITE_TEST(state_is_by_key_and_is_what_the_rows_before_have_left),
    SUITE_TEST(state_may_be_any_value_and_is_an_empty_table_at_first),
    SUITE_TEST(integers_beyond_those_of_numbers_are_kept_exactly),
    SUITE_TEST(state_that_is_nil_goes_away_and_begins_anew),
    SUITE_TEST(without_a_key_there_is_one_state_for_all_rows),
    SUITE_TEST(an_empty_table_is_kept_where_there_is_an_init),
    SUITE_TEST(a_timer_sees_the_watermark),
    SUITE_TEST(a_row_that_fails_leaves_no_state_no_rows_and_no_timers),
    SUITE_TEST(a_row_that_is_told_of_has_the_place_of_its_code),
    SUITE_TEST(a_row_counts_once_where_memory_is_short),
    SUITE_TEST(a_key_whose_rows_have_all_failed_has_no_state),
    SUITE_TEST(state_that_cannot_be_kept_fails_its_row_with_the_place),
    SUITE_TEST(timers_of_event_time_come_in_order_with_their_tags),
    SUITE_TEST(a_timer_sees_no_state_where_there_is_none_and_may_make_some),
    SUITE_TEST(alarms_are_of_the_clock),
    SUITE_TEST(timers_need_code_and_whole_numbers),
    SUITE_TEST(mistakes_are_told_before_the_start),
    SUITE_TEST(state_of_an_older_version_is_migrated_or_refused),
    SUITE_TEST(so_is_the_state_of_all_rows),
};
SUITE_MAIN("lua_process", tests)
