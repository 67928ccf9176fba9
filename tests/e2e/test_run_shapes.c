/* What arrives where: order along keyed exchanges, every partition, unions, diamonds, operators
 * with several ports, and all types of fields. */
#include "run_job.h"
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = RUN_SANITIZED ? 20000 : 100000, KEYS = 100, TASKS_MAX = 16 };

/* Reads the next row of `n` integers; the start of the line behind it, NULL at the end. */
static const char *read_row(const char *at, int64_t *fields, int n)
{
    if (*at == 0)
        return NULL;
    for (int f = 0; f < n; f++) {
        char *end;
        fields[f] = strtoll(at, &end, 10);
        CU_ASSERT_FATAL(end != at && *end == (f + 1 < n ? ',' : '\n'));
        at = end + 1;
    }
    return at;
}

/* ---- order ---- */

/* Runs numbers through `middle`, which ends with the operator "last", and checks that the values of
 * each key arrive in order, all of them, apart for each of `sources` source tasks. */
static void check_order(int sources, const char *middle)
{
    int64_t row[2], *last = calloc(KEYS * TASKS_MAX, sizeof *last);
    uint64_t rows = 0, wrong = 0;
    char *job =
        text_format("job = \"order\"; parallelism = 3;\n"
                    "operators = (\n"
                    "  { id = \"n\"; op = \"run_sources.numbers\"; count = %d; keys = %d;\n"
                    "    parallelism = %d; },\n"
                    "%s"
                    "  { id = \"out\"; op = \"file.write\"; input = \"last\"; path = \"-\"; }\n"
                    ");\n",
                    ROWS, KEYS, sources, middle);
    char *out = run_output(job);
    for (const char *at = read_row(out, row, 2); at != NULL; at = read_row(at, row, 2)) {
        CU_ASSERT_FATAL(row[0] == row[1] % KEYS);
        int64_t *before = &last[row[1] % sources * KEYS + row[0]];
        wrong += row[1] + 1 <= *before;
        *before = row[1] + 1;
        rows++;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(rows, ROWS);
    free(last);
    free(job);
    free(out);
}

static void order_per_key_is_kept_through_one_keyed_exchange(void)
{
    check_order(1, "  { id = \"last\"; op = \"std.pass\"; input = \"n\"; key = \"key\";\n"
                   "    parallelism = 4; },\n");
}

static void order_per_key_is_kept_through_three_keyed_exchanges(void)
{
    check_order(1, "  { id = \"a\"; op = \"std.pass\"; input = \"n\"; key = \"key\";\n"
                   "    parallelism = 4; },\n"
                   "  { id = \"b\"; op = \"run_ops.slow\"; input = \"a\"; key = \"key\";\n"
                   "    nap = \"100us\"; parallelism = 3; },\n"
                   "  { id = \"last\"; op = \"std.pass\"; input = \"b\"; key = \"key\";\n"
                   "    parallelism = 7; },\n");
}

static void order_per_key_is_kept_for_each_of_several_source_tasks(void)
{
    check_order(5, "  { id = \"a\"; op = \"run_ops.slowly\"; input = \"n\"; key = \"key\";\n"
                   "    nap = \"100us\"; parallelism = 2; },\n"
                   "  { id = \"last\"; op = \"std.pass\"; input = \"a\"; key = \"key\";\n"
                   "    parallelism = 4; },\n");
}

static void order_is_kept_from_task_to_task_by_forward_and_single(void)
{
    check_order(
        3, "  { id = \"a\"; op = \"std.pass\"; input = \"n\"; partition = \"forward\";\n"
           "    parallelism = 3; },\n"
           "  { id = \"last\"; op = \"std.pass\"; input = \"a\"; partition = \"single\"; },\n");
}

/* One batch of the source becomes more than a channel holds, so that most of it waits. */
static void order_is_kept_when_one_batch_overflows_a_channel(void)
{
    enum { COUNT = 2000, TIMES = 200 };
    int64_t row[2], *next = calloc(COUNT, sizeof *next);
    uint64_t rows = 0, wrong = 0;
    char *job =
        text_format("job = \"flood\"; parallelism = 3;\n"
                    "operators = (\n"
                    "  { id = \"n\"; op = \"gen.sequence\"; to = %d; parallelism = 1; },\n"
                    "  { id = \"f\"; op = \"run_ops.fan\"; input = \"n\"; times = %d;\n"
                    "    parallelism = 1; },\n"
                    "  { id = \"s\"; op = \"run_ops.slowly\"; input = \"f\"; key = \"value\";\n"
                    "    nap = \"100us\"; },\n"
                    "  { id = \"out\"; op = \"file.write\"; input = \"s\"; path = \"-\"; }\n"
                    ");\n",
                    COUNT - 1, TIMES);
    char *out = run_output(job);
    for (const char *at = read_row(out, row, 2); at != NULL; at = read_row(at, row, 2)) {
        CU_ASSERT_FATAL(row[0] >= 0 && row[0] < COUNT);
        wrong += next[row[0]]++ != row[1];
        rows++;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(rows, (uint64_t)COUNT * TIMES);
    free(next);
    free(job);
    free(out);
}

/* ---- partitions ---- */

/* What arrived at the tasks of one operator. */
struct arrivals {
    uint64_t rows, wrong;
    uint64_t by_task[TASKS_MAX];
    uint8_t *seen;    /* per value: how often */
    int64_t *task_of; /* per key: the task that had it last, plus 1 */
    uint64_t strayed; /* rows of a key that were at another task before */
};

/* Runs numbers into run_ops.task with `edge` and takes in what comes out. */
static void arrive(struct arrivals *a, int sources, const char *edge)
{
    int64_t row[3];
    char *job =
        text_format("job = \"partition\"; parallelism = 1;\n"
                    "operators = (\n"
                    "  { id = \"n\"; op = \"run_sources.numbers\"; count = %d; keys = %d; "
                    "parallelism = %d; },\n"
                    "  { id = \"t\"; op = \"run_ops.task\"; input = \"n\"; %s },\n"
                    "  { id = \"out\"; op = \"file.write\"; input = \"t\"; path = \"-\"; }\n"
                    ");\n",
                    ROWS, KEYS, sources, edge);
    char *out = run_output(job);
    *a = (struct arrivals){.seen = calloc(ROWS, 1), .task_of = calloc(KEYS, sizeof(int64_t))};
    for (const char *at = read_row(out, row, 3); at != NULL; at = read_row(at, row, 3)) {
        CU_ASSERT_FATAL(row[1] >= 0 && row[1] < ROWS && row[2] >= 0 && row[2] < TASKS_MAX);
        CU_ASSERT_FATAL(row[0] == row[1] % KEYS);
        a->rows++;
        a->by_task[row[2]]++;
        a->seen[row[1]]++;
        a->strayed += a->task_of[row[0]] != 0 && a->task_of[row[0]] != row[2] + 1;
        a->task_of[row[0]] = row[2] + 1;
    }
    free(job);
    free(out);
}

/* Asserts that every row arrived `times` times. */
static void check_arrivals(struct arrivals *a, int times)
{
    for (int i = 0; i < ROWS; i++)
        a->wrong += a->seen[i] != times;
    CU_ASSERT_EQUAL(a->wrong, 0);
    CU_ASSERT_EQUAL(a->rows, (uint64_t)times * ROWS);
    free(a->seen);
    free(a->task_of);
}

static void rebalance_spreads_rows_over_all_tasks(void)
{
    struct arrivals a;
    arrive(&a, 2, "partition = \"rebalance\"; parallelism = 4;");
    check_arrivals(&a, 1);
    for (int t = 0; t < 4; t++)
        CU_ASSERT_TRUE(a.by_task[t] > ROWS / 8 && a.by_task[t] < ROWS / 2);
    arrive(&a, 3, "parallelism = 2;");
    check_arrivals(&a, 1);
    CU_ASSERT_TRUE(a.by_task[0] > ROWS / 4 && a.by_task[1] > ROWS / 4);
}

static void broadcast_brings_every_row_to_every_task(void)
{
    struct arrivals a;
    arrive(&a, 2, "partition = \"broadcast\"; parallelism = 5;");
    check_arrivals(&a, 5);
    for (int t = 0; t < 5; t++)
        CU_ASSERT_EQUAL(a.by_task[t], ROWS);
}

static void single_brings_all_rows_to_the_first_task(void)
{
    struct arrivals a;
    arrive(&a, 2, "partition = \"single\"; parallelism = 4;");
    check_arrivals(&a, 1);
    CU_ASSERT_EQUAL(a.by_task[0], ROWS);
    arrive(&a, 3, "partition = \"single\"; parallelism = 3;");
    check_arrivals(&a, 1);
    CU_ASSERT_EQUAL(a.by_task[0], ROWS);
    arrive(&a, 3, "partition = \"single\"; parallelism = 1;");
    check_arrivals(&a, 1);
}

static void forward_leaves_rows_in_their_task(void)
{
    struct arrivals a;
    arrive(&a, 3, "partition = \"forward\"; parallelism = 3;");
    for (int t = 0; t < 3; t++)
        CU_ASSERT_EQUAL(a.by_task[t], (uint64_t)(ROWS - t + 2) / 3);
    check_arrivals(&a, 1);
    arrive(&a, 4, "parallelism = 4;"); /* the default between equals */
    CU_ASSERT_EQUAL(a.by_task[3], ROWS / 4);
    check_arrivals(&a, 1);
}

static void a_key_brings_each_key_to_one_task_and_uses_them_all(void)
{
    struct arrivals a;
    for (int parallelism = 1; parallelism <= 8; parallelism += 1 + parallelism / 3) {
        char *edge = text_format("key = \"key\"; parallelism = %d;", parallelism);
        arrive(&a, 3, edge);
        CU_ASSERT_EQUAL(a.strayed, 0);
        for (int t = 0; t < parallelism; t++)
            CU_ASSERT_TRUE(a.by_task[t] > 0);
        check_arrivals(&a, 1);
        free(edge);
    }
}

/* ---- graphs ---- */

/* Asserts what the job's rows (one number each) add up to, and how many they are. */
static void check_sum(const char *job, uint64_t rows, int64_t sum)
{
    int64_t value, got = 0;
    uint64_t n = 0;
    char *out = run_output(job);
    for (const char *at = read_row(out, &value, 1); at != NULL; at = read_row(at, &value, 1)) {
        got += value;
        n++;
    }
    CU_ASSERT_EQUAL(n, rows);
    CU_ASSERT_EQUAL(got, sum);
    free(out);
}

#define OUT                                                                                        \
    "  { id = \"v\"; op = \"std.select\"; fields = (\"value\"); input = \"last\"; },\n"            \
    "  { id = \"out\"; op = \"file.write\"; input = \"v\"; path = \"-\"; }\n"                      \
    ");\n"

static const int64_t sum_1000 = 999 * 1000 / 2; /* of 0 ... 999 */

static void a_union_has_the_rows_of_all_its_inputs(void)
{
    check_sum(
        "job = \"union\"; parallelism = 2;\n"
        "operators = (\n"
        "  { id = \"a\"; op = \"gen.sequence\"; from = 0; to = 999; },\n"
        "  { id = \"b\"; op = \"gen.sequence\"; from = 1000; to = 1999; parallelism = 3; },\n"
        "  { id = \"c\"; op = \"gen.sequence\"; from = 2000; to = 2999; parallelism = 1; },\n"
        "  { id = \"d\"; op = \"gen.sequence\"; from = 1; to = 0; },\n"
        "  { id = \"last\"; op = \"std.pass\"; input = (\"a\", \"b\", \"c\", \"d\"); },\n" OUT,
        3000, (int64_t)2999 * 3000 / 2);
}

static void a_union_of_a_stream_with_itself_doubles_it(void)
{
    check_sum("job = \"twice\"; parallelism = 2;\n"
              "operators = (\n"
              "  { id = \"a\"; op = \"gen.sequence\"; to = 999; },\n"
              "  { id = \"same\"; op = \"std.pass\"; input = \"a\"; },\n"
              "  { id = \"last\"; op = \"std.pass\"; input = (\"a\", \"same\"); },\n" OUT,
              2000, 2 * sum_1000);
}

/* Divides by two filters and unites again; `how` applies to the left side alone. */
static void check_diamond(const char *how)
{
    char *job = text_format(
        "job = \"diamond\"; parallelism = 3;\n"
        "operators = (\n"
        "  { id = \"a\"; op = \"gen.sequence\"; to = 999; },\n"
        "  { id = \"left\"; op = \"run_ops.keep\"; of = 3; rest = 0; input = \"a\"; %s },\n"
        "  { id = \"right\"; op = \"run_ops.keep\"; of = 3; rest = 1; input = \"a\"; },\n"
        "  { id = \"last\"; op = \"std.pass\"; input = (\"left\", \"right\"); },\n" OUT,
        how);
    check_sum(job, 334 + 333, (int64_t)999 * 334 / 2 + (int64_t)(1 + 997) * 333 / 2);
    free(job);
}

static void a_diamond_of_two_filters_has_each_row_once(void)
{
    check_diamond("");
    check_diamond("partition = \"rebalance\";");
    check_diamond("parallelism = 1;");
    check_diamond("key = \"value\"; parallelism = 5;");
    check_diamond("partition = \"single\";");
}

static void filters_in_a_row_keep_what_all_of_them_keep(void)
{
    check_sum("job = \"filters\"; parallelism = 2;\n"
              "operators = (\n"
              "  { id = \"a\"; op = \"gen.sequence\"; to = 999; },\n"
              "  { id = \"b\"; op = \"run_ops.keep\"; of = 2; rest = 0; input = \"a\"; },\n"
              "  { id = \"c\"; op = \"run_ops.keep\"; of = 3; rest = 0; input = \"b\"; key = "
              "\"value\"; },\n"
              "  { id = \"last\"; op = \"run_ops.keep\"; of = 5; rest = 0; input = \"c\"; },\n" OUT,
              34, (int64_t)990 * 34 / 2);
}

static void ports_of_an_operator_carry_their_own_rows(void)
{
    static const char *const ports[] = {"split", "split.out", "split.even", "split.odd"};
    static const int rows[] = {1000, 1000, 500, 500};
    static const int64_t sums[] = {499500, 499500, 499500 / 2 - 250, 499500 / 2 + 250};
    for (int i = 0; i < 4; i++) {
        char *job = text_format("job = \"ports\"; parallelism = 2;\n"
                                "operators = (\n"
                                "  { id = \"a\"; op = \"gen.sequence\"; to = 999; },\n"
                                "  { id = \"split\"; op = \"run_ops.parity\"; input = \"a\"; },\n"
                                "  { id = \"last\"; op = \"std.pass\"; input = \"%s\"; },\n" OUT,
                                ports[i]);
        check_sum(job, (uint64_t)rows[i], sums[i]);
        free(job);
    }
}

static void both_ports_of_an_operator_may_lead_to_one_consumer(void)
{
    static const char *const keys[] = {"", "key = \"value\";", "partition = \"broadcast\";"};
    for (int i = 0; i < 3; i++) {
        char *job = text_format("job = \"ports\"; parallelism = 3;\n"
                                "operators = (\n"
                                "  { id = \"a\"; op = \"gen.sequence\"; to = 999; },\n"
                                "  { id = \"split\"; op = \"run_ops.parity\"; input = \"a\"; },\n"
                                "  { id = \"last\"; op = \"std.pass\"; %s\n"
                                "    input = (\"split.even\", \"split.odd\"); },\n" OUT,
                                keys[i]);
        int times = i == 2 ? 3 : 1;
        check_sum(job, (uint64_t)times * 1000, times * sum_1000);
        free(job);
    }
}

static void rows_reach_the_input_port_that_the_job_says(void)
{
    int64_t row[2], sides[3] = {0};
    char *out =
        run_output("job = \"pair\"; parallelism = 3;\n"
                   "operators = (\n"
                   "  { id = \"a\"; op = \"gen.sequence\"; to = 999; },\n"
                   "  { id = \"split\"; op = \"run_ops.parity\"; input = \"a\"; },\n"
                   "  { id = \"last\"; op = \"run_ops.pair\"; parallelism = 2;\n"
                   "    input = { left = \"split.odd\"; right = (\"split.even\", \"a\"); }; },\n"
                   "  { id = \"out\"; op = \"file.write\"; input = \"last\"; path = \"-\"; }\n"
                   ");\n");
    for (const char *at = read_row(out, row, 2); at != NULL; at = read_row(at, row, 2)) {
        CU_ASSERT_FATAL(row[0] == 1 || row[0] == 2);
        sides[row[0]] += row[1];
        sides[0]++;
    }
    CU_ASSERT_EQUAL(sides[0], 2000);
    CU_ASSERT_EQUAL(sides[1], sum_1000 / 2 + 250);
    CU_ASSERT_EQUAL(sides[2], sum_1000 / 2 - 250 + sum_1000);
    free(out);
}

static const struct suite_test tests[] = {
    SUITE_TEST(order_per_key_is_kept_through_one_keyed_exchange),
    SUITE_TEST(order_per_key_is_kept_through_three_keyed_exchanges),
    SUITE_TEST(order_per_key_is_kept_for_each_of_several_source_tasks),
    SUITE_TEST(order_is_kept_from_task_to_task_by_forward_and_single),
    SUITE_TEST(order_is_kept_when_one_batch_overflows_a_channel),
    SUITE_TEST(rebalance_spreads_rows_over_all_tasks),
    SUITE_TEST(broadcast_brings_every_row_to_every_task),
    SUITE_TEST(single_brings_all_rows_to_the_first_task),
    SUITE_TEST(forward_leaves_rows_in_their_task),
    SUITE_TEST(a_key_brings_each_key_to_one_task_and_uses_them_all),
    SUITE_TEST(a_union_has_the_rows_of_all_its_inputs),
    SUITE_TEST(a_union_of_a_stream_with_itself_doubles_it),
    SUITE_TEST(a_diamond_of_two_filters_has_each_row_once),
    SUITE_TEST(filters_in_a_row_keep_what_all_of_them_keep),
    SUITE_TEST(ports_of_an_operator_carry_their_own_rows),
    SUITE_TEST(both_ports_of_an_operator_may_lead_to_one_consumer),
    SUITE_TEST(rows_reach_the_input_port_that_the_job_says),
};
SUITE_MAIN("run_shapes", tests)
