/* Rows that are added up before an exchange, call by call: what is sent when, and that an operator which takes
 * records comes to what it comes to by rows. */
#include "base/rng.h"
#include "files.h"
#include "op/presum.h"
#include "state/store.h"
#include "suite.h"
#include "unit/hand.h"

#include <stdlib.h>

enum { ROWS = 200, KEYS = 4 };

static const char job_text[] =
    "job = \"presum\"; mode = \"%s\"; parallelism = 2;\noperators = (\n"
    "  { id = \"in\"; op = \"file.read\"; path = \"in\"; format = \"csv\"; schema = (\n"
    "    {name=\"k\";type=\"i64\";}, {name=\"x\";type=\"i64\";}, {name=\"t\";type=\"i64\";} ); },\n"
    "  { id = \"timed\"; op = \"std.timestamps\"; input = \"in\"; field = \"t\"; },\n"
    "  { id = \"a\"; op = \"std.sum\"; input = \"timed\"; key = \"k\"; field = \"x\"; as = \"x\"; "
    "%s },\n"
    "  { id = \"n\"; op = \"std.null\"; input = \"a\"; }\n);\n";

/* A task that makes rows, and the operator: what is sent is taken at once. */
struct rig {
    struct hand hand;
    struct gy_presum *presum;
    struct gy_instance *operator;
    char *dir;
    int64_t k[ROWS], x[ROWS], t[ROWS];
    struct gy_column columns[3];
    struct gy_batch batch;
    uint64_t rows, records, stands_for; /* sent */
    int code;                           /* of the operator */
    struct gy_presum_table *kept;       /* where a table goes that is not taken at once; NULL */
};

static void take_rows(void *host, const struct gy_batch *batch)
{
    struct rig *rig = host;
    rig->rows += batch->kept;
    if (rig->code == 0)
        rig->code = gy_instance_process(rig->operator, 0, batch);
}

static void take_table(void *host, const struct gy_presum_table *table)
{
    struct rig *rig = host;
    uint64_t records = 0;
    if (rig->kept != NULL) {
        *rig->kept = *table;
        return;
    }
    rig->records += gy_store_count(table->store);
    rig->stands_for += table->rows;
    if (rig->code == 0)
        rig->code = gy_presum_merge(rig->operator, table, &records);
    if (rig->code == 0)
        CU_ASSERT_EQUAL(records, gy_store_count(table->store));
    gy_presum_stood_for(rig->operator, records, table->rows);
    gy_store_free(table->store);
}

static void rig_init(struct rig *rig, const char *mode, const char *more,
                     const struct gy_presum_limits *limits)
{
    struct gyre_error error = {.size = sizeof error};
    memset(rig, 0, sizeof *rig);
    rig->dir = dir_temp();
    char *in = path_join(rig->dir, "in"), *text = text_format(job_text, mode, more);
    file_write_text(in, "");
    hand_init(&rig->hand, rig->dir, text);
    rig->operator= hand_open(&rig->hand, "a", 0, 1);
    const struct gy_env env = {
        .job = "presum", .pool = rig->hand.pool, .clock = &rig->hand.clock.clock, .seed = 1};
    const struct gy_presum_to to = {take_rows, take_table, rig};
    rig->presum = gy_presum_new(hand_node(&rig->hand, "a"), 0, 2, &env, &to, limits, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(rig->presum);
    rig->columns[0] = (struct gy_column){.data = rig->k};
    rig->columns[1] = (struct gy_column){.data = rig->x};
    rig->columns[2] = (struct gy_column){.data = rig->t};
    rig->batch = (struct gy_batch){.n_columns = 3, .columns = rig->columns, .time = rig->t};
    free(text);
    free(in);
}

static void rig_fini(struct rig *rig)
{
    gy_presum_free(rig->presum);
    gy_instance_free(rig->operator);
    hand_fini(&rig->hand);
    dir_end(rig->dir);
}

/* Gives it n rows of the keys 0 ... keys - 1, all of one moment, each with the value 1. */
static void give(struct rig *rig, uint32_t n, uint32_t keys, int64_t t)
{
    for (uint32_t i = 0; i < n; i++) {
        rig->k[i] = i % keys;
        rig->x[i] = 1;
        rig->t[i] = t;
    }
    rig->batch.rows = rig->batch.kept = n;
    CU_ASSERT_EQUAL(gy_presum_take(rig->presum, &rig->batch), 0);
}

/* What the operator puts out when it has got all; free() it with the rig. */
static const char *finish(struct rig *rig)
{
    CU_ASSERT_EQUAL(gy_presum_flush(rig->presum), 0);
    if (rig->code == 0)
        rig->code = gy_instance_watermark(rig->operator, INT64_MAX);
    while (rig->code == 0 && gy_instance_has_work(rig->operator) &&
           gy_instance_work(rig->operator, 100) > 0)
        ;
    CU_ASSERT_EQUAL(gy_instance_flush(rig->operator, false), 0);
    gy_buf_u8(&rig->hand.rows, 0);
    return (const char *)rig->hand.rows.data;
}

static void keys_that_repeat_are_sent_once(void)
{
    struct gy_instance_stats stats;
    struct rig rig;
    rig_init(&rig, "batch", "", NULL);
    for (int i = 0; i < 10; i++)
        give(&rig, ROWS, KEYS, 0);
    CU_ASSERT_EQUAL(rig.rows + rig.records, 0);
    const char *rows = finish(&rig);
    CU_ASSERT_EQUAL(rig.records, KEYS);
    CU_ASSERT_EQUAL(rig.stands_for, 10 * ROWS);
    CU_ASSERT_EQUAL(rig.hand.n_rows, KEYS);
    CU_ASSERT_PTR_NOT_NULL(strstr(rows, "{\"k\":3,\"x\":500}"));
    gy_instance_stats(rig.operator, & stats);
    CU_ASSERT_EQUAL(stats.rows_in, 10 * ROWS);
    rig_fini(&rig);
}

static void a_full_table_is_sent(void)
{
    const struct gy_presum_limits limits = {1, UINT64_MAX, 0};
    struct rig rig;
    rig_init(&rig, "batch", "", &limits);
    give(&rig, ROWS, KEYS, 0);
    CU_ASSERT_EQUAL(rig.records, KEYS);
    give(&rig, ROWS, KEYS, 0);
    CU_ASSERT_EQUAL(rig.records, 2 * KEYS);
    CU_ASSERT_PTR_NOT_NULL(strstr(finish(&rig), "{\"k\":0,\"x\":100}"));
    rig_fini(&rig);
}

static void where_keys_do_not_repeat_rows_go_as_they_are_for_a_time(void)
{
    const struct gy_presum_limits limits = {1, ROWS, 0};
    struct rig rig;
    uint32_t n = 0;
    rig_init(&rig, "batch", "", &limits);
    give(&rig, ROWS, ROWS, 0);
    CU_ASSERT_EQUAL(rig.records, ROWS);
    for (; rig.records == ROWS && n < 1000; n++)
        give(&rig, ROWS, ROWS, 0);
    CU_ASSERT_EQUAL(rig.rows, (n - 1) * ROWS);
    CU_ASSERT(n > 10 && n < 1000);
    uint64_t before = rig.rows; /* no better: twice as long */
    for (n = 0; rig.records == 2 * ROWS && n < 1000; n++)
        give(&rig, ROWS, ROWS, 0);
    CU_ASSERT_EQUAL(rig.rows, 3 * before);
    rig_fini(&rig);
}

/* Rows of `keys` keys, in no order, but for those of a key that comes more often. */
static void give_any(struct rig *rig, struct gy_rng *rng, uint32_t keys, bool often)
{
    for (uint32_t i = 0; i < ROWS; i++) {
        rig->k[i] = often && i % 8 != 0 ? 0 : (int64_t)gy_rng_below(rng, keys);
        rig->x[i] = 1;
    }
    rig->batch.rows = rig->batch.kept = ROWS;
    CU_ASSERT_EQUAL(gy_presum_take(rig->presum, &rig->batch), 0);
}

/* Few of the keys come again in a table that is full; whether a larger one is worth it, is seen by how few. */
static void where_more_keys_would_fit_the_table_grows(void)
{
    const struct gy_presum_limits limits = {30000, ROWS, 1 << 18};
    for (uint32_t keys = 1000; keys <= 20000; keys *= 20) {
        struct rig rig;
        struct gy_rng rng;
        gy_rng_init(&rng, 5);
        rig_init(&rig, "batch", "", &limits);
        for (int i = 0; i < 40; i++)
            give_any(&rig, &rng, keys, false);
        if (keys == 1000) {
            CU_ASSERT_EQUAL(rig.rows + rig.records, 0);
            finish(&rig);
            CU_ASSERT(rig.records > 990 && rig.records <= 1000);
            CU_ASSERT_EQUAL(rig.stands_for, 40 * ROWS);
        } else {
            CU_ASSERT(rig.stands_for > 0 && rig.stands_for < 4 * ROWS); /* one try */
            CU_ASSERT_EQUAL(rig.rows + rig.stands_for, 40 * ROWS);
        }
        rig_fini(&rig);
    }
}

static void a_table_that_is_worth_it_does_not_grow(void)
{
    const struct gy_presum_limits limits = {3000, ROWS, 1 << 18};
    struct rig rig;
    struct gy_rng rng;
    gy_rng_init(&rng, 5);
    rig_init(&rig, "batch", "", &limits);
    for (int i = 0; i < 40; i++)
        give_any(&rig, &rng, 1000, true);
    CU_ASSERT(rig.stands_for > 30 * ROWS);
    CU_ASSERT_EQUAL(rig.rows, 0);
    rig_fini(&rig);
}

/* Each task of the operator takes what is of its own keys. */
static void all_tasks_together_take_a_table(void)
{
    static const uint32_t tasks[] = {1, 2, 3, 8};
    for (uint32_t i = 0; i < 4; i++) {
        struct gy_presum_table table;
        struct rig rig;
        struct gy_rng rng;
        uint64_t all = 0;
        gy_rng_init(&rng, i);
        rig_init(&rig, "batch", "", NULL);
        rig.kept = &table;
        give_any(&rig, &rng, 500, false);
        CU_ASSERT_EQUAL(gy_presum_flush(rig.presum), 0);
        for (uint32_t t = 0; t < tasks[i]; t++) {
            struct gy_instance *operator= hand_open(&rig.hand, "a", t, tasks[i]);
            uint64_t records = 0;
            CU_ASSERT_EQUAL(gy_presum_merge(operator, & table, &records), 0);
            all += records;
            gy_instance_free(operator);
        }
        CU_ASSERT_EQUAL(all, gy_store_count(table.store));
        CU_ASSERT(all > 100);
        gy_store_free(table.store);
        rig_fini(&rig);
    }
}

static const char window[] = "window = { time = \"10us\"; };";

static void a_pane_is_sent_before_the_watermark_that_ends_it(void)
{
    struct rig rig;
    rig_init(&rig, "stream", window, NULL);
    give(&rig, ROWS, KEYS, 5);
    give(&rig, ROWS, KEYS, 15);
    CU_ASSERT_EQUAL(gy_presum_see(rig.presum, 9), 0);
    CU_ASSERT_EQUAL(rig.records, 0);
    CU_ASSERT_EQUAL(gy_presum_see(rig.presum, 10), 0);
    CU_ASSERT_EQUAL(rig.records, KEYS);
    CU_ASSERT_EQUAL(rig.stands_for, ROWS);
    CU_ASSERT_EQUAL(gy_presum_flush(rig.presum), 0);
    CU_ASSERT_EQUAL(rig.records, 2 * KEYS);
    rig_fini(&rig);
}

static void rows_of_a_window_that_has_ended_go_as_they_are(void)
{
    struct rig rig;
    rig_init(&rig, "stream", window, NULL);
    CU_ASSERT_EQUAL(gy_presum_see(rig.presum, 10), 0);
    give(&rig, 8, KEYS, 9);
    CU_ASSERT_EQUAL(rig.rows, 8);
    give(&rig, 8, KEYS, 10);
    CU_ASSERT_EQUAL(rig.rows, 8);
    gy_presum_flush(rig.presum);
    CU_ASSERT_EQUAL(rig.records, KEYS);
    gy_presum_distrust(rig.presum, 20);
    give(&rig, 8, KEYS, 19);
    CU_ASSERT_EQUAL(rig.rows, 16);
    give(&rig, 8, KEYS, 20);
    gy_presum_flush(rig.presum);
    CU_ASSERT_EQUAL(rig.records, 2 * KEYS);
    gy_presum_distrust(rig.presum, INT64_MAX); /* it has been idle */
    give(&rig, 8, KEYS, 1000);
    CU_ASSERT_EQUAL(rig.rows, 24);
    rig_fini(&rig);
}

static void what_is_given_up_is_given_up_in_all_windows(void)
{
    const struct gy_presum_limits limits = {1 << 20, 100, 0};
    struct rig rig;
    rig_init(&rig, "stream", window, &limits);
    give(&rig, ROWS, ROWS, 5);
    give(&rig, ROWS, KEYS, 15);
    CU_ASSERT_EQUAL(gy_presum_see(rig.presum, 10), 0);
    CU_ASSERT_EQUAL(rig.records, ROWS + KEYS);
    CU_ASSERT_EQUAL(rig.stands_for, 2 * ROWS);
    give(&rig, ROWS, KEYS, 15);
    CU_ASSERT_EQUAL(rig.rows, ROWS);
    rig_fini(&rig);
}

/* ---- sums near the limit of their type ---- */

static void give_values(struct rig *rig, uint32_t n, int64_t first, int64_t second)
{
    rig->k[0] = rig->k[1] = 0;
    rig->x[0] = first;
    rig->x[1] = second;
    rig->batch.rows = rig->batch.kept = n;
    CU_ASSERT_EQUAL(gy_presum_take(rig->presum, &rig->batch), 0);
}

/* The table refuses the third value, and the operator the fourth, if it came before the second. */
static void a_batch_that_is_refused_goes_as_it_is_behind_the_table(void)
{
    const int64_t e18 = 1000000000000000000;
    struct rig rig;
    rig_init(&rig, "batch", "", NULL);
    give_values(&rig, 1, -6 * e18, 0);
    CU_ASSERT_EQUAL(gy_presum_flush(rig.presum), 0);
    give_values(&rig, 1, 6 * e18, 0);
    give_values(&rig, 2, 5 * e18, -9 * e18);
    CU_ASSERT_EQUAL(rig.rows, 2);
    CU_ASSERT_EQUAL(rig.records, 2);
    CU_ASSERT_EQUAL_FATAL(rig.code, 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(finish(&rig), "{\"k\":0,\"x\":-4000000000000000000}"));
    rig_fini(&rig);
}

/* Values whose sums stay within 64 bits, nearly always, when they are added one by one; those of some of
 * them do not. */
static void draw_values(struct rig *rig, struct gy_rng *rng, __int128 *sums, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t k = (uint32_t)gy_rng_below(rng, KEYS);
        int64_t x = (int64_t)gy_rng_next(rng) / (1 << gy_rng_below(rng, 3));
        __int128 sum = sums[k] + x;
        bool beyond = sum > INT64_MAX || sum < INT64_MIN;
        if (beyond && gy_rng_below(rng, 1000) != 0)
            x = x == INT64_MIN ? 0 : -x;
        rig->k[i] = k;
        rig->x[i] = x;
        sums[k] += x;
    }
    rig->batch.rows = rig->batch.kept = n;
}

/* What comes of one stream of rows, with sums or without; free() it. NULL where it fails. */
static char *run_one(uint64_t seed, bool summed, uint64_t *as_they_were)
{
    const struct gy_presum_limits limits = {seed % 2 == 0 ? 1 : 1 << 20, UINT64_MAX,
                                            seed % 3 == 0 ? 1 << 20 : 0};
    struct rig rig;
    struct gy_rng rng;
    __int128 sums[KEYS] = {0};
    gy_rng_init(&rng, seed);
    rig_init(&rig, "batch", "", &limits);
    for (int i = 0; i < 30 && rig.code == 0; i++) {
        draw_values(&rig, &rng, sums, 1 + (uint32_t)gy_rng_below(&rng, 12));
        int code = summed ? gy_presum_take(rig.presum, &rig.batch) : 0;
        if (!summed)
            take_rows(&rig, &rig.batch);
        CU_ASSERT_EQUAL(code, 0);
    }
    const char *rows = rig.code == 0 ? finish(&rig) : NULL;
    char *copy = rig.code == 0 ? strdup(rows) : NULL;
    *as_they_were += rig.rows;
    rig_fini(&rig);
    return copy;
}

/* The same lines, in any order. */
static void check_lines(const char *lines, const char *expected)
{
    CU_ASSERT_EQUAL(strlen(lines), strlen(expected));
    for (const char *at = expected; *at != 0; at += strcspn(at, "\n") + 1) {
        char *line = strndup(at, strcspn(at, "\n") + 1);
        CU_ASSERT_PTR_NOT_NULL(strstr(lines, line));
        free(line);
    }
}

static void sums_never_fail_where_rows_would_not(void)
{
    uint64_t failed = 0, all = 0, as_they_were = 0;
    enum { SEEDS = 200 };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        char *by_rows = run_one(seed, false, &all);
        char *by_sums = run_one(seed, true, &as_they_were);
        failed += by_rows == NULL;
        CU_ASSERT(by_rows == NULL || by_sums != NULL);
        if (by_rows != NULL && by_sums != NULL)
            check_lines(by_sums, by_rows);
        free(by_rows);
        free(by_sums);
    }
    CU_ASSERT(failed > 0 && failed < SEEDS / 2);
    CU_ASSERT(as_they_were > 0 && as_they_were < all);
}

static const struct suite_test tests[] = {
    SUITE_TEST(keys_that_repeat_are_sent_once),
    SUITE_TEST(a_full_table_is_sent),
    SUITE_TEST(where_keys_do_not_repeat_rows_go_as_they_are_for_a_time),
    SUITE_TEST(where_more_keys_would_fit_the_table_grows),
    SUITE_TEST(a_table_that_is_worth_it_does_not_grow),
    SUITE_TEST(all_tasks_together_take_a_table),
    SUITE_TEST(a_pane_is_sent_before_the_watermark_that_ends_it),
    SUITE_TEST(rows_of_a_window_that_has_ended_go_as_they_are),
    SUITE_TEST(what_is_given_up_is_given_up_in_all_windows),
    SUITE_TEST(a_batch_that_is_refused_goes_as_it_is_behind_the_table),
    SUITE_TEST(sums_never_fail_where_rows_would_not),
};
SUITE_MAIN("op_presum", tests)
