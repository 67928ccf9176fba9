/* Snapshots of a sort that has spilled: they are written by and by, while rows go on to come and to leave, and have
 * what was there when they began. */
#include "base/mem.h"
#include "base/rng.h"
#include "files.h"
#include "op/deal.h"
#include "suite.h"
#include "unit/hand.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { N = 150000, BATCH = 1000, SLICE_MOST = 2 << 20 };

static const char job_text[] =
    "job = \"t\"; mode = \"batch\"; operators = (\n"
    "  { id = \"in\"; op = \"gen.sequence\"; to = 0; },\n"
    "  { id = \"x\"; op = \"std.sort\"; input = \"in\"; by = \"-value\"; memory = \"%s\"; %s } );";

struct rig {
    struct hand h;
    char *dir;
};

static void rig_init(struct rig *rig, const char *memory, const char *options)
{
    rig->dir = dir_temp();
    char *text = text_format(job_text, memory, options);
    hand_init(&rig->h, rig->dir, text);
    free(text);
}

static void rig_fini(struct rig *rig)
{
    hand_fini(&rig->h);
    dir_end(rig->dir);
}

/* Gives the numbers from `from` on, a batch at a time in any order. */
static void give(struct gy_instance *x, int64_t from, int64_t n)
{
    for (int64_t i = n / BATCH; i-- > 0;)
        CU_ASSERT_EQUAL_FATAL(hand_numbers(x, from + i * BATCH, BATCH), 0);
}

/* Ends the input and takes all rows: they have to be the `n` numbers from `from` on, the greatest first. */
static void expect_rest(struct rig *rig, struct gy_instance *x, int64_t from, int64_t n)
{
    if (gy_instance_seen(x) != INT64_MAX)
        CU_ASSERT_EQUAL(gy_instance_watermark(x, INT64_MAX), 0);
    while (gy_instance_work(x, 10000) == 1)
        ;
    CU_ASSERT_EQUAL(gy_instance_flush(x, true), 0);
    int64_t next = from + n, wrong = 0;
    for (const char *at = gy_buf_cstr(&rig->h.rows); (at = strchr(at, ':')); at++)
        wrong += atoll(at + 1) != --next;
    CU_ASSERT_EQUAL(next, from);
    CU_ASSERT_EQUAL(wrong, 0);
    gy_buf_reset(&rig->h.rows);
}

/* Gives the tasks of an operator the items that were saved by one of `n_from`. */
static void restore(struct gy_instance *const *to, struct hand_saved *saved, uint32_t n_from,
                    uint32_t from)
{
    const struct gy_node *node = gy_instance_node(to[0]);
    for (struct gy_part_piece *piece = saved->first, *next; piece != NULL; piece = next) {
        for (size_t at = GY_BLOCK_HEAD; piece != saved->first && at < piece->n;) {
            uint32_t length;
            struct gy_dealt dealt;
            memcpy(&length, piece->bytes + at, 4);
            const struct gy_item item = {piece->bytes + at + GY_RECORD_HEAD, length};
            const struct gy_record record = {piece->bytes[at + 4], 0, item.bytes, length};
            CU_ASSERT_EQUAL_FATAL(record.kind, GY_RECORD_ITEM);
            CU_ASSERT_FATAL(gy_deal_item(node, &record, n_from, from, 0, &dealt) && dealt.n == 1);
            CU_ASSERT_EQUAL(gy_instance_restore_item(to[dealt.first], 1, &item), 0);
            at += GY_RECORD_HEAD + length;
        }
        next = piece->next;
        gy_part_piece_free(piece);
    }
}

static struct gy_instance *restored(struct rig *rig, struct hand_saved *saved, int64_t seen_us)
{
    struct gy_instance *x = hand_open(&rig->h, "x", 0, 1);
    restore(&x, saved, 1, 0);
    CU_ASSERT_EQUAL(gy_instance_restored(x, seen_us, INT64_MIN), 0);
    return x;
}

static void begin(struct gy_instance *x, struct gy_part *part, struct hand_saved *saved)
{
    saved->first = NULL;
    saved->last = &saved->first;
    gy_part_init(part, 1, hand_keep_piece, saved);
    CU_ASSERT_EQUAL_FATAL(gy_instance_save_begin(x, part), 0);
    CU_ASSERT(gy_part_bytes(part) < SLICE_MOST);
}

/* Saves the next slice; no slice is large. */
static bool save_slice(struct gy_instance *x, const struct gy_part *part)
{
    uint64_t before = gy_part_bytes(part);
    bool more = gy_instance_save_slice(x, 8);
    CU_ASSERT_EQUAL(part->error, 0);
    CU_ASSERT(gy_part_bytes(part) - before < SLICE_MOST);
    return more;
}

static void end(struct gy_instance *x, struct gy_part *part)
{
    gy_instance_save_stop(x);
    CU_ASSERT_EQUAL(gy_part_end(part), 0);
    gy_part_fini(part);
}

static void rows_that_come_while_it_is_saved_are_not_in_the_snapshot(void)
{
    struct rig rig;
    struct gy_part part;
    struct hand_saved saved;
    int64_t came = N;
    rig_init(&rig, "64KiB", "");
    struct gy_instance *x = hand_open(&rig.h, "x", 0, 1);
    give(x, 0, N);
    begin(x, &part, &saved);
    while (save_slice(x, &part)) {
        give(x, came, 4 * BATCH); /* runs are merged meanwhile */
        came += 4 * BATCH;
    }
    CU_ASSERT(came > N + 20 * BATCH);
    end(x, &part);
    expect_rest(&rig, x, 0, came);
    gy_instance_free(x);
    x = restored(&rig, &saved, INT64_MIN);
    expect_rest(&rig, x, 0, N);
    gy_instance_free(x);
    rig_fini(&rig);
}

/* Rows leave while it is saved; the snapshot has all that had not left when it began. */
static void check_saved_while_put_out(const char *memory)
{
    struct rig rig;
    struct gy_part part;
    struct hand_saved saved;
    rig_init(&rig, memory, "");
    struct gy_instance *x = hand_open(&rig.h, "x", 0, 1);
    give(x, 0, N);
    CU_ASSERT_EQUAL(gy_instance_watermark(x, INT64_MAX), 0);
    for (int i = 0; i < 5; i++)
        CU_ASSERT_EQUAL(gy_instance_work(x, 100), 1);
    CU_ASSERT_EQUAL(gy_instance_flush(x, true), 0);
    int64_t left = N - (int64_t)rig.h.n_rows;
    CU_ASSERT(left < N && left > N / 2);
    begin(x, &part, &saved);
    while (save_slice(x, &part))
        gy_instance_work(x, 100);
    end(x, &part);
    expect_rest(&rig, x, 0, N);
    gy_instance_free(x);
    x = restored(&rig, &saved, INT64_MAX);
    expect_rest(&rig, x, 0, left);
    gy_instance_free(x);
    rig_fini(&rig);
}

static void rows_that_leave_while_it_is_saved_are_in_the_snapshot(void)
{
    check_saved_while_put_out("64KiB");
    check_saved_while_put_out("1GiB");
}

static void a_saving_that_is_given_up_leaves_the_rows_as_they_are(void)
{
    struct rig rig;
    struct gy_part part;
    struct hand_saved saved;
    rig_init(&rig, "64KiB", "");
    struct gy_instance *x = hand_open(&rig.h, "x", 0, 1);
    give(x, 0, N);
    begin(x, &part, &saved);
    for (int i = 0; i < 3; i++)
        CU_ASSERT(save_slice(x, &part));
    end(x, &part);
    for (struct gy_part_piece *piece = saved.first, *next; piece != NULL; piece = next) {
        next = piece->next;
        gy_part_piece_free(piece);
    }
    give(x, N, BATCH);
    begin(x, &part, &saved);
    while (save_slice(x, &part))
        ;
    end(x, &part);
    expect_rest(&rig, x, 0, N + BATCH);
    gy_instance_free(x);
    x = restored(&rig, &saved, INT64_MIN);
    expect_rest(&rig, x, 0, N + BATCH);
    gy_instance_free(x);
    rig_fini(&rig);
}

/* Each number is a key: three tasks have them, and then two. */
static void keys_go_to_the_tasks_that_have_them_now(void)
{
    enum { FROM = 3, TO = 2 };
    struct rig rig;
    struct gy_instance *x[FROM], *y[TO];
    struct hand_saved saved[FROM];
    rig_init(&rig, "64KiB", "key = \"value\"; parallelism = 2;");
    for (uint32_t t = 0; t < TO; t++)
        y[t] = hand_open(&rig.h, "x", t, TO);
    for (uint32_t t = 0; t < FROM; t++) {
        x[t] = hand_open(&rig.h, "x", t, FROM);
        give(x[t], t * 40 * BATCH, 40 * BATCH);
        give(x[t], t * 40 * BATCH, 40 * BATCH);
        hand_save(x[t], &saved[t]);
        restore(y, &saved[t], FROM, t);
        gy_instance_free(x[t]);
    }
    bool seen[FROM * 40 * BATCH] = {0};
    for (uint32_t t = 0; t < TO; t++) {
        CU_ASSERT_EQUAL(gy_instance_restored(y[t], INT64_MIN, INT64_MIN), 0);
        CU_ASSERT_EQUAL(gy_instance_watermark(y[t], INT64_MAX), 0);
        while (gy_instance_work(y[t], 10000) == 1)
            ;
        CU_ASSERT_EQUAL(gy_instance_flush(y[t], true), 0);
        int64_t before = -1, n = 0, pairs = 0;
        for (const char *at = gy_buf_cstr(&rig.h.rows); (at = strchr(at, ':')); n++) {
            int64_t value = atoll(++at);
            if (n % 2 == 1)
                pairs += value == before;
            else
                CU_ASSERT_FATAL(value > before && !seen[value]);
            seen[value] = true;
            before = value;
        }
        CU_ASSERT(n > 40 * BATCH && n < 2 * 80 * BATCH);
        CU_ASSERT_EQUAL(pairs, n / 2);
        gy_buf_reset(&rig.h.rows);
        gy_instance_free(y[t]);
    }
    for (size_t i = 0; i < sizeof seen; i++)
        CU_ASSERT(seen[i]);
    rig_fini(&rig);
}

static const struct suite_test tests[] = {
    SUITE_TEST(rows_that_come_while_it_is_saved_are_not_in_the_snapshot),
    SUITE_TEST(rows_that_leave_while_it_is_saved_are_in_the_snapshot),
    SUITE_TEST(a_saving_that_is_given_up_leaves_the_rows_as_they_are),
    SUITE_TEST(keys_go_to_the_tasks_that_have_them_now),
};
SUITE_MAIN("sort_saved", tests)
