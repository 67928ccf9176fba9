/* A million keys of ONE window that fire at once, driven by hand: firing is work that is done in slices,
 * between which rows come in. Time is told by counting slices. */
#include "base/mem.h"
#include "base/mem.h"
#include "files.h"
#include "op/frontier.h"
#include "op/inside.h"
#include "op/window.h"
#include "suite.h"
#include "unit/hand.h"

#include <stdlib.h>

enum { KEYS = 1000000, SLICE = 1024, OTHERS = 1000, SECOND = 1000000, OVER = 256 };

static const char job_text[] =
    "job = \"t\"; operators = (\n"
    "{ id = \"in\"; op = \"gen.events\"; },\n"
    "{ id = \"x\"; op = \"std.sum\"; input = \"in\"; key = \"key\"; field = \"value\";\n"
    "  window = { time = \"%s\"; }; every = { time = \"1s\"; }; },\n"
    "{ id = \"out\"; op = \"std.null\"; input = \"x\"; } );";

struct rig {
    struct hand hand;
    char *dir;
    struct gy_instance *x;
    struct gy_frontier frontier;
};

static void rig_init(struct rig *rig, const char *window)
{
    char *text = text_format(job_text, window);
    rig->dir = dir_temp();
    hand_init(&rig->hand, rig->dir, text);
    rig->x = hand_open(&rig->hand, "x", 0, 1);
    CU_ASSERT_EQUAL_FATAL(gy_frontier_init(&rig->frontier, rig->x, 1), 0);
    free(text);
}

static void rig_fini(struct rig *rig)
{
    gy_frontier_fini(&rig->frontier);
    gy_instance_free(rig->x);
    hand_fini(&rig->hand);
    dir_remove(rig->dir);
    free(rig->dir);
}

/* Keys from ... from + n - 1, each with a row of value 1. */
static void give(struct rig *rig, int64_t from, uint32_t n, int64_t time_us)
{
    static int64_t keys[GYRE_BATCH_ROWS], values[GYRE_BATCH_ROWS], times[GYRE_BATCH_ROWS];
    static uint64_t hash[GYRE_BATCH_ROWS];
    const struct gy_key key = {.n = 1, .types = {GYRE_TYPE_i64}};
    struct gy_column columns[3] = {{.data = keys}, {.data = values}, {.data = times}};
    for (uint32_t i = 0; i < n; i++) {
        keys[i] = from + i;
        values[i] = 1;
        times[i] = time_us;
    }
    gy_key_hash(&key, &(const struct gy_column *){&columns[0]}, NULL, n, hash);
    struct gy_batch batch = {
        .rows = n, .kept = n, .n_columns = 3, .columns = columns, .hash = hash, .time = times};
    CU_ASSERT_EQUAL_FATAL(gy_instance_process(rig->x, 0, &batch), 0);
}

/* One slice; the rows that it put out. */
static uint64_t slice(struct rig *rig, struct gy_told *told)
{
    uint64_t before = rig->hand.n_rows;
    CU_ASSERT_EQUAL_FATAL(gy_frontier_step(&rig->frontier, SLICE, told), 0);
    CU_ASSERT_EQUAL_FATAL(gy_instance_flush(rig->x, false), 0);
    gy_buf_reset(&rig->hand.rows);
    return rig->hand.n_rows - before;
}

static uint64_t bytes_of(const struct rig *rig)
{
    uint64_t bytes = 0, entries = 0;
    gy_window_stats(rig->x->window, &bytes, &entries);
    return bytes;
}

static void fill(struct rig *rig)
{
    for (int64_t from = 0; from < KEYS; from += SLICE)
        give(rig, from, KEYS - from < SLICE ? (uint32_t)(KEYS - from) : SLICE, SECOND / 2);
    gy_frontier_watermark(&rig->frontier, 0, SECOND);
}

static void a_million_keys_fire_in_slices_the_first_of_which_puts_rows_out(void)
{
    struct rig rig;
    struct gy_told told;
    uint64_t slices = 0, most = 0;
    rig_init(&rig, "1s");
    fill(&rig);
    uint64_t full = bytes_of(&rig), bytes = 0;
    while (rig.hand.n_rows < KEYS) {
        uint64_t rows = slice(&rig, &told);
        CU_ASSERT_TRUE_FATAL(rows > 0);
        CU_ASSERT_TRUE(told.kind != GY_TOLD_WATERMARK || rig.hand.n_rows == KEYS ||
                       told.time_us < SECOND);
        most = rows > most ? rows : most;
        slices++;
        give(&rig, KEYS, OTHERS, SECOND + SECOND / 2); /* other keys' rows go on */
        bytes = bytes_of(&rig) > bytes ? bytes_of(&rig) : bytes;
    }
    CU_ASSERT_TRUE(most <= SLICE + OVER);
    CU_ASSERT_TRUE(slices >= KEYS / (SLICE + OVER));
    /* The table of the others, which expects as many keys as this one has; and no list of results. */
    CU_ASSERT_TRUE(bytes < 2 * full + 2 * GY_HUGE_PAGE); /* tables are made of whole ones */
    while (told.kind != GY_TOLD_WATERMARK || told.time_us < SECOND)
        CU_ASSERT_EQUAL_FATAL(slice(&rig, &told), 0);
    CU_ASSERT_TRUE(bytes_of(&rig) < full + 2 * GY_HUGE_PAGE); /* the million are gone */
    gy_frontier_watermark(&rig.frontier, 0, 2 * SECOND);
    while (told.kind != GY_TOLD_WATERMARK || told.time_us < 2 * SECOND)
        CU_ASSERT_FATAL(slice(&rig, &told) <= OTHERS);
    CU_ASSERT_EQUAL(rig.hand.n_rows, KEYS + OTHERS);
    give(&rig, KEYS, OTHERS, 2 * SECOND);
    CU_ASSERT_TRUE(bytes_of(&rig) < SECOND);
    rig_fini(&rig);
}

/* Where windows overlap, a table is emptied into the keys before the first is put out: no more than a
 * slice at a time either. */
static void a_million_keys_of_overlapping_windows_are_moved_and_put_out_in_slices(void)
{
    struct rig rig;
    struct gy_told told;
    uint64_t slices = 0, first = 0;
    rig_init(&rig, "10s");
    fill(&rig);
    while (rig.hand.n_rows < KEYS) {
        uint64_t rows = slice(&rig, &told);
        CU_ASSERT_TRUE_FATAL(rows <= SLICE + OVER);
        slices++;
        first = first == 0 && rows > 0 ? slices : first;
        give(&rig, KEYS, OTHERS, SECOND + SECOND / 2);
        CU_ASSERT_TRUE_FATAL(slices < 4 * KEYS / SLICE);
    }
    CU_ASSERT_TRUE(first <= KEYS / SLICE + 2);
    CU_ASSERT_TRUE(bytes_of(&rig) < (uint64_t)KEYS * 1000);
    rig_fini(&rig);
}

/* The keys of two tasks, one of which was a window ahead of the other, in one: the key that is ahead is
 * asked for its next window also where the other one puts out what it had been put out with. */
static void a_key_that_was_ahead_before_a_restore_keeps_its_next_window(void)
{
    struct rig ahead, behind, both;
    struct hand_saved saved[2];
    struct gy_told told;
    rig_init(&ahead, "1500ms");
    give(&ahead, 1, 1, 2 * SECOND - SECOND / 4); /* in the windows that end at 2 s and at 3 s */
    gy_frontier_watermark(&ahead.frontier, 0, 2 * SECOND);
    CU_ASSERT_EQUAL(slice(&ahead, &told), 1);
    hand_save(ahead.x, &saved[0]);
    rig_init(&behind, "1500ms");
    give(&behind, 2, 1, SECOND + SECOND / 4); /* in that of 2 s alone */
    hand_save(behind.x, &saved[1]);

    rig_init(&both, "1500ms");
    CU_ASSERT_EQUAL(hand_restore(both.x, saved, 2, SECOND, SECOND), 2);
    gy_frontier_restore(&both.frontier, SECOND, SECOND, false);
    gy_frontier_watermark(&both.frontier, 0, 2 * SECOND);
    CU_ASSERT_EQUAL(slice(&both, &told), 1);
    gy_frontier_watermark(&both.frontier, 0, 3 * SECOND);
    CU_ASSERT_EQUAL(slice(&both, &told), 1);
    rig_fini(&both);
    rig_fini(&behind);
    rig_fini(&ahead);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_million_keys_fire_in_slices_the_first_of_which_puts_rows_out),
    SUITE_TEST(a_million_keys_of_overlapping_windows_are_moved_and_put_out_in_slices),
    SUITE_TEST(a_key_that_was_ahead_before_a_restore_keeps_its_next_window),
};

SUITE_MAIN("op_firing", tests)
