/* The items of tests/fixtures/state_ops.c, by hand at one parallelism after another: that what the
 * tests of snapshots rely on is right itself. */
#include "base/mem.h"
#include "suite.h"
#include "files.h"
#include "unit/dealt.h"
#include "unit/hand.h"

#include <stdio.h>
#include <stdlib.h>

enum { TASKS_MOST = 4, ROUNDS = 4 };

/* Adds up the columns `rows` and `sum` of the rows of one kind. */
static void add_up(const char *text, const char *what, int64_t *rows, int64_t *sum)
{
    char wanted[32];
    snprintf(wanted, sizeof wanted, "\"what\":\"%s\"", what);
    *rows = *sum = 0;
    for (const char *at = text; (at = strstr(at, wanted)) != NULL; at++) {
        *rows += atoll(strstr(at, "\"rows\":") + 7);
        *sum += atoll(strstr(at, "\"sum\":") + 6);
    }
}

/* Counts 100 numbers at each of several parallelisms; the text that comes out at the end. */
static char *lives_of(const char *op, uint32_t mode)
{
    static const uint32_t tasks[ROUNDS] = {1, 4, 2, 3};
    struct gy_items items[TASKS_MOST] = {0};
    struct gy_instance *in[TASKS_MOST];
    struct hand h;
    char *dir = dir_temp();
    char *text =
        text_format("job = \"t\"; operators = ( { id = \"in\"; op = \"gen.sequence\"; to = 0; },\n"
                    "{ id = \"x\"; op = \"state_ops.%s\"; input = \"in\"; } );",
                    op);
    hand_init(&h, dir, text);
    for (uint32_t round = 0; round < ROUNDS; round++) {
        struct gy_items dealt[TASKS_MOST] = {0};
        uint32_t before = round > 0 ? tasks[round - 1] : 0, n = tasks[round];
        CU_ASSERT_EQUAL_FATAL(dealt_items(mode, items, before, dealt, n), 0);
        for (uint32_t t = 0; t < n; t++) {
            in[t] = hand_open(&h, "x", t, n);
            for (size_t i = 0; i < dealt[t].list.n; i++)
                CU_ASSERT_EQUAL(gy_instance_restore_item(in[t], 1, &dealt[t].list.items[i]), 0);
            gy_items_fini(&dealt[t]);
            gy_items_fini(&items[t]);
        }
        for (uint32_t i = 0; i < 100; i++)
            CU_ASSERT_EQUAL(hand_numbers(in[i % n], 100 * round + i, 1), 0);
        for (uint32_t t = 0; t < n; t++) {
            CU_ASSERT_EQUAL(gy_instance_save_items(in[t], &items[t]), 0);
            if (round == ROUNDS - 1) {
                CU_ASSERT_EQUAL(gy_instance_watermark(in[t], INT64_MAX), 0);
                CU_ASSERT_EQUAL(gy_instance_flush(in[t], true), 0);
            }
            gy_instance_free(in[t]);
        }
    }
    for (uint32_t t = 0; t < TASKS_MOST; t++)
        gy_items_fini(&items[t]);
    gy_buf_u8(&h.rows, 0);
    char *rows = strdup((const char *)h.rows.data);
    hand_fini(&h);
    dir_remove(dir);
    free(text), free(dir);
    return rows;
}

static void items_add_up_over_lives_at_any_parallelism(void)
{
    int64_t rows, sum;
    char *text = lives_of("items_split", GYRE_ITEMS_SPLIT);
    add_up(text, "split", &rows, &sum);
    CU_ASSERT_EQUAL(rows, 400);
    CU_ASSERT_EQUAL(sum, 399 * 400 / 2);
    free(text);
    text = lives_of("items_union", GYRE_ITEMS_UNION);
    add_up(text, "union", &rows, &sum);
    CU_ASSERT_EQUAL(rows, 400);
    CU_ASSERT_EQUAL(sum, 399 * 400 / 2);
    add_up(text, "seen", &rows, &sum); /* by three tasks, before the last hundred */
    CU_ASSERT_EQUAL(rows, 3 * 300);
    CU_ASSERT_EQUAL(sum, 3 * (299 * 300 / 2));
    free(text);
    text = lives_of("items_broadcast", GYRE_ITEMS_BROADCAST);
    add_up(text, "broadcast", &rows, &sum);
    CU_ASSERT_EQUAL(rows, 3 * ROUNDS);
    CU_ASSERT_EQUAL(sum, 3);
    free(text);
}

/* ---- what is looked up, and what is drawn ---- */

/* Values that a keyed or unkeyed peek gets one by one, and the counts it puts out. */
static void check_peek(const char *key, const int64_t *values, const char *counts)
{
    struct hand h;
    char *dir = dir_temp(), got[256] = "";
    char *text =
        text_format("job = \"t\"; operators = ( { id = \"in\"; op = \"gen.sequence\"; to = 0; },\n"
                    "{ id = \"x\"; op = \"state_ops.peek\"; input = \"in\"; %s } );",
                    key);
    hand_init(&h, dir, text);
    struct gy_instance *in = hand_open(&h, "x", 0, 1);
    for (; *values != 99; values++)
        CU_ASSERT_EQUAL(hand_numbers(in, *values, 1), 0);
    struct gy_instance_stats stats;
    gy_instance_stats(in, &stats);
    gy_buf_u8(&h.rows, 0);
    for (const char *at = (const char *)h.rows.data; (at = strstr(at, "\"rows\":")) != NULL; at++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%lld ", atoll(at + 7));
    snprintf(got + strlen(got), sizeof got - strlen(got), "of %d", (int)stats.state_entries);
    CU_ASSERT_STRING_EQUAL(got, counts);
    gy_instance_free(in);
    hand_fini(&h);
    dir_remove(dir);
    free(text), free(dir);
}

static void a_key_is_looked_up_without_making_it(void)
{
    check_peek("key = \"value\";", (int64_t[]){-1, 1, 1, -1, -2, 2, -5, 2, 99},
               "0 1 2 0 0 1 0 2 of 2");
}

/* Without a key there is one entry, which is made, looked up and removed like any other. */
static void state_without_a_key_is_one_entry_that_can_be_removed(void)
{
    check_peek("", (int64_t[]){-1, 3, 4, -1, 0, -1, 5, 99}, "0 1 2 2 0 0 1 of 1");
    check_peek("", (int64_t[]){0, 1, 0, 99}, "0 1 0 of 0");
}

static int64_t last_count(struct hand *h)
{
    const char *at = NULL;
    gy_buf_u8(&h->rows, 0);
    for (const char *next = (const char *)h->rows.data; (next = strstr(next, "\"rows\":")) != NULL;)
        at = next++;
    h->rows.len = 0;
    return at != NULL ? atoll(at + 7) : -1;
}

/* The count of operator "x", at the parallelism of its job, after value `value` came `wait_us` later. */
static int64_t count_later(struct hand *h, struct gy_instance *in, int64_t value, int64_t wait_us)
{
    gy_clock_manual_advance(&h->clock, wait_us);
    CU_ASSERT_EQUAL(hand_numbers(in, value, 1), 0);
    return last_count(h);
}

static void state_with_a_time_to_live_ends_when_it_was_not_touched_for_so_long(void)
{
    struct hand h;
    char *dir = dir_temp();
    hand_init(&h, dir,
              "job = \"t\"; operators = ( { id = \"in\"; op = \"gen.sequence\"; to = 0; },\n"
              "{ id = \"x\"; op = \"state_ops.brief\"; input = \"in\"; } );");
    struct gy_instance *in = hand_open(&h, "x", 0, 1);
    CU_ASSERT_EQUAL(count_later(&h, in, 7, 0), 1);
    CU_ASSERT_EQUAL(count_later(&h, in, 7, 999999), 2); /* it lives on from here */
    CU_ASSERT_EQUAL(count_later(&h, in, 7, 999999), 3);
    CU_ASSERT_EQUAL(count_later(&h, in, -1, 999999), 3); /* looking at it does not prolong it */
    CU_ASSERT_EQUAL(count_later(&h, in, -1, 1), 0);
    CU_ASSERT_EQUAL(count_later(&h, in, 7, 0), 1);
    CU_ASSERT_EQUAL(count_later(&h, in, 7, 1000000), 1);
    gy_instance_free(in);
    hand_fini(&h);
    dir_remove(dir);
    free(dir);
}

/* Draws n numbers, as text. */
static void draw(struct hand *h, struct gy_instance *in, uint32_t n, char *text, size_t size)
{
    h->rows.len = 0;
    CU_ASSERT_EQUAL_FATAL(hand_numbers(in, 0, n), 0);
    gy_buf_u8(&h->rows, 0);
    snprintf(text, size, "%s", (const char *)h->rows.data);
}

struct drawing {
    struct hand h;
    char *dir;
};

static struct gy_instance *drawing_open(struct drawing *d, const char *before, const char *id,
                                        uint64_t seed, uint32_t task)
{
    d->dir = dir_temp();
    char *text = text_format(
        "job = \"t\"; operators = ( { id = \"in\"; op = \"gen.sequence\"; to = 0; }, %s\n"
        "{ id = \"%s\"; op = \"state_ops.draw\"; input = \"in\"; } );",
        before, id);
    hand_init(&d->h, d->dir, text);
    d->h.seed = seed;
    free(text);
    return hand_open(&d->h, id, task, 4);
}

static void drawing_end(struct drawing *d, struct gy_instance *in)
{
    gy_instance_free(in);
    hand_fini(&d->h);
    dir_remove(d->dir);
    free(d->dir);
}

static void draw_once(const char *before, const char *id, uint64_t seed, uint32_t task, char *text)
{
    struct drawing d;
    struct gy_instance *in = drawing_open(&d, before, id, seed, task);
    draw(&d.h, in, 5, text, 512);
    drawing_end(&d, in);
}

static void random_numbers_follow_from_seed_operator_and_task_alone(void)
{
    char first[512], other[512];
    draw_once("", "x", 1, 0, first);
    draw_once("{ id = \"null\"; op = \"std.null\"; input = \"in\"; },", "x", 1, 0, other);
    CU_ASSERT_STRING_EQUAL(first, other); /* wherever it stands in the job */
    draw_once("", "y", 1, 0, other);
    CU_ASSERT_STRING_NOT_EQUAL(first, other);
    draw_once("", "x", 2, 0, other);
    CU_ASSERT_STRING_NOT_EQUAL(first, other);
    draw_once("", "x", 1, 1, other);
    CU_ASSERT_STRING_NOT_EQUAL(first, other);
}

/* The bytes of the states of an operator that is to get so many records of each. */
static uint64_t bytes_of_room(struct hand *h, const uint64_t *records)
{
    const struct gy_form_segment segments[] = {{0, 1}, {1, 1}, {2, 1}};
    const struct gy_form form = {gy_node_states(hand_node(h, "x")), segments};
    struct gy_instance_stats stats;
    CU_ASSERT_FATAL(form.n == 3);
    struct gy_instance *instance = hand_open(h, "x", 0, 1);
    CU_ASSERT_EQUAL(gy_instance_restore_begin(instance, &form, records), 0);
    gy_instance_stats(instance, &stats);
    gy_instance_free(instance);
    return stats.state_bytes;
}

static void a_restore_makes_room_for_each_state_by_itself(void)
{
    struct hand h;
    char *dir = dir_temp();
    hand_init(&h, dir,
              "job = \"t\"; operators = ( { id = \"in\"; op = \"gen.events\"; },\n"
              "{ id = \"x\"; op = \"state_ops.mix\"; input = \"in\"; key = \"key\"; } );");
    uint64_t none = bytes_of_room(&h, (uint64_t[]){0, 0, 0}), sum = 0;
    for (uint32_t s = 0; s < 3; s++) {
        uint64_t records[3] = {0};
        records[s] = 100000;
        uint64_t bytes = bytes_of_room(&h, records) - none;
        CU_ASSERT(bytes > 100000 * sizeof(uint64_t)); /* the hashes alone */
        sum += bytes;
    }
    CU_ASSERT_EQUAL(bytes_of_room(&h, (uint64_t[]){100000, 100000, 100000}) - none, sum);
    hand_fini(&h);
    dir_remove(dir);
    free(dir);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_restore_makes_room_for_each_state_by_itself),
    SUITE_TEST(a_key_is_looked_up_without_making_it),
    SUITE_TEST(state_without_a_key_is_one_entry_that_can_be_removed),
    SUITE_TEST(state_with_a_time_to_live_ends_when_it_was_not_touched_for_so_long),
    SUITE_TEST(random_numbers_follow_from_seed_operator_and_task_alone),
    SUITE_TEST(items_add_up_over_lives_at_any_parallelism),
};

SUITE_MAIN("state_fixture", tests)
