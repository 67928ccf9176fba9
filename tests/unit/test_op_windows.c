/* Windows of ONE operator that go by the clock, driven by hand: `clock = "processing"` and `early`. The clock
 * begins at 1 s. What comes out is compared whole. */
#include "files.h"
#include "op/frontier.h"
#include "op/inside.h"
#include "op/window.h"
#include "suite.h"
#include "unit/hand.h"

#include <stdio.h>
#include <stdlib.h>

enum { SECOND = 1000000, SLICE = 4096 };

static const char job_text[] = "job = \"t\"; operators = (\n"
                               "{ id = \"in\"; op = \"gen.events\"; },\n"
                               "{ id = \"w\"; op = \"std.sum\"; input = \"in\"; key = \"key\"; "
                               "field = \"value\"; as = \"sum\";\n"
                               "  %s },\n"
                               "{ id = \"out\"; op = \"std.null\"; input = \"w\"; } );";

struct rig {
    struct hand hand;
    char *dir;
    struct gy_instance *w;
    struct gy_frontier frontier;
    char text[4096]; /* what has come out since it was looked at */
};

static void rig_init(struct rig *rig, const char *window)
{
    char *text = text_format(job_text, window);
    rig->dir = dir_temp();
    hand_init(&rig->hand, rig->dir, text);
    rig->w = hand_open(&rig->hand, "w", 0, 1);
    CU_ASSERT_EQUAL_FATAL(gy_frontier_init(&rig->frontier, rig->w, 1), 0);
    free(text);
}

static void rig_fini(struct rig *rig)
{
    gy_frontier_fini(&rig->frontier);
    gy_instance_free(rig->w);
    hand_fini(&rig->hand);
    dir_remove(rig->dir);
    free(rig->dir);
}

/* One row, at a moment of event time. */
static void give(struct rig *rig, int64_t key, int64_t value, int64_t time_us)
{
    const struct gy_key keys = {.n = 1, .types = {GYRE_TYPE_i64}};
    struct gy_column columns[3] = {{.data = &key}, {.data = &value}, {.data = &time_us}};
    uint64_t hash;
    gy_key_hash(&keys, &(const struct gy_column *){&columns[0]}, NULL, 1, &hash);
    struct gy_batch batch = {
        .rows = 1, .kept = 1, .n_columns = 3, .columns = columns, .hash = &hash, .time = &time_us};
    CU_ASSERT_EQUAL_FATAL(gy_instance_process(rig->w, 0, &batch), 0);
}

/* What is put out until nothing is left to do, in JSON. */
static const char *put_out(struct rig *rig)
{
    struct gy_told told = {.kind = GY_TOLD_LATER};
    while (told.kind != GY_TOLD_NOTHING)
        CU_ASSERT_EQUAL_FATAL(gy_frontier_step(&rig->frontier, SLICE, &told), 0);
    CU_ASSERT_EQUAL_FATAL(gy_instance_flush(rig->w, false), 0);
    gy_buf_u8(&rig->hand.rows, 0);
    snprintf(rig->text, sizeof rig->text, "%s", (const char *)rig->hand.rows.data);
    gy_buf_reset(&rig->hand.rows);
    return rig->text;
}

/* The clock comes to a moment. */
static const char *at(struct rig *rig, int64_t now_us)
{
    gy_clock_manual_set(&rig->hand.clock, now_us);
    return put_out(rig);
}

static const char *watermark(struct rig *rig, int64_t time_us)
{
    gy_frontier_watermark(&rig->frontier, 0, time_us);
    return put_out(rig);
}

/* So long as nothing comes, the task sleeps until then. */
static int64_t wakes(const struct rig *rig)
{
    return gy_frontier_wake_us(&rig->frontier);
}

#define PUT(is, wanted)                                                                            \
    do {                                                                                           \
        const char *put = is;                                                                      \
        if (strcmp(put, wanted) != 0)                                                              \
            printf("%d: is\n%snot\n%s", __LINE__, put, wanted);                                    \
        CU_ASSERT_STRING_EQUAL(put, wanted);                                                       \
    } while (0)

#define ROW(key, sum) "{\"key\":" #key ",\"sum\":" #sum "}\n"
#define WINDOW(key, start_us, end_us, sum)                                                         \
    "{\"key\":" #key ",\"window_start\":" #start_us ",\"window_end\":" #end_us ",\"sum\":" #sum    \
    "}\n"

/* ---- clock = "processing" ---- */

static void a_window_by_the_clock_ends_when_the_clock_says_so(void)
{
    struct rig rig;
    rig_init(&rig, "window = { time = \"2s\"; }; clock = \"processing\";");
    give(&rig, 1, 1, 999 * SECOND);
    PUT(watermark(&rig, 1000 * SECOND), ""); /* is of no matter */
    PUT(at(&rig, 2 * SECOND - 1), "");
    CU_ASSERT_EQUAL(wakes(&rig), 2 * SECOND);
    give(&rig, 1, 2, -5); /* nor is how late a row is */
    PUT(at(&rig, 2 * SECOND), WINDOW(1, 0, 2000000, 3));
    CU_ASSERT_EQUAL(wakes(&rig), INT64_MAX);
    give(&rig, 2, 4, 0);
    PUT(put_out(&rig), "");
    CU_ASSERT_EQUAL(wakes(&rig), 4 * SECOND);
    PUT(at(&rig, 9 * SECOND), WINDOW(2, 2000000, 4000000, 4));
    give(&rig, 3, 8, 0);
    PUT(watermark(&rig, INT64_MAX), WINDOW(3, 8000000, 10000000, 8)); /* the end of input */
    CU_ASSERT_EQUAL(rig.w->stats.late_rows, 0);
    rig_fini(&rig);
}

static void a_row_that_comes_behind_the_end_is_of_the_next_window(void)
{
    struct rig rig;
    rig_init(&rig, "window = { time = \"2s\"; }; clock = \"processing\";");
    give(&rig, 1, 1, 0);
    gy_clock_manual_set(&rig.hand.clock, 2 * SECOND); /* nothing was put out yet */
    give(&rig, 1, 2, 0);
    PUT(put_out(&rig), WINDOW(1, 0, 2000000, 1));
    PUT(at(&rig, 4 * SECOND), WINDOW(1, 2000000, 4000000, 2));
    rig_fini(&rig);
}

static void windows_by_the_clock_overlap(void)
{
    struct rig rig;
    rig_init(&rig,
             "window = { time = \"2s\"; }; every = { time = \"1s\"; }; clock = \"processing\";");
    give(&rig, 1, 1, 0);
    PUT(put_out(&rig), "");
    CU_ASSERT_EQUAL(wakes(&rig), 2 * SECOND);
    PUT(at(&rig, 2 * SECOND), WINDOW(1, 0, 2000000, 1));
    CU_ASSERT_EQUAL(wakes(&rig), 3 * SECOND);
    give(&rig, 1, 2, 0);
    give(&rig, 2, 4, 0);
    PUT(at(&rig, 3 * SECOND), WINDOW(1, 1000000, 3000000, 3) WINDOW(2, 1000000, 3000000, 4));
    PUT(at(&rig, 60 * SECOND), WINDOW(1, 2000000, 4000000, 2) WINDOW(2, 2000000, 4000000, 4));
    CU_ASSERT_EQUAL(wakes(&rig), INT64_MAX);
    rig_fini(&rig);
}

static void a_session_by_the_clock_ends_when_nothing_comes(void)
{
    struct rig rig;
    rig_init(&rig, "window = { session = \"1s\"; }; clock = \"processing\";");
    give(&rig, 1, 1, 0);
    PUT(at(&rig, SECOND + SECOND / 2), "");
    give(&rig, 1, 2, 0);
    give(&rig, 2, 4, 0);
    PUT(at(&rig, 2 * SECOND), "");
    give(&rig, 2, 8, 0);
    PUT(at(&rig, 2 * SECOND + SECOND / 2), WINDOW(1, 1000000, 2500000, 3));
    CU_ASSERT_EQUAL(wakes(&rig), 3 * SECOND);
    PUT(at(&rig, 3 * SECOND), WINDOW(2, 1500000, 3000000, 12));
    CU_ASSERT_EQUAL(wakes(&rig), INT64_MAX);
    rig_fini(&rig);
}

static void a_window_of_rows_fires_by_the_clock(void)
{
    struct rig rig;
    rig_init(&rig, "window = { count = 2; }; every = { time = \"1s\"; }; clock = \"processing\";");
    for (int64_t i = 0; i < 3; i++)
        give(&rig, 1, 1 << i, 0);
    PUT(put_out(&rig), "");
    CU_ASSERT_EQUAL(wakes(&rig), 2 * SECOND);
    PUT(at(&rig, 2 * SECOND), ROW(1, 6));
    PUT(at(&rig, 3 * SECOND), ""); /* nothing new */
    rig_fini(&rig);
}

/* ---- early ---- */

static void what_fires_early_has_all_rows_each_time(void)
{
    struct rig rig;
    rig_init(&rig, "window = { time = \"10s\"; }; early = \"1s\";");
    give(&rig, 1, 1, SECOND);
    PUT(put_out(&rig), "");
    CU_ASSERT_EQUAL(wakes(&rig), 2 * SECOND);
    PUT(at(&rig, 2 * SECOND), WINDOW(1, 0, 10000000, 1));
    CU_ASSERT_EQUAL(wakes(&rig), INT64_MAX); /* until a row comes */
    PUT(at(&rig, 5 * SECOND), "");
    give(&rig, 1, 2, 9 * SECOND);
    give(&rig, 2, 4, 11 * SECOND);
    CU_ASSERT_EQUAL(wakes(&rig), 6 * SECOND);
    PUT(at(&rig, 6 * SECOND), WINDOW(1, 0, 10000000, 3) WINDOW(2, 10000000, 20000000, 4));
    PUT(watermark(&rig, 10 * SECOND), WINDOW(1, 0, 10000000, 3));
    give(&rig, 2, 8, 19 * SECOND);
    PUT(watermark(&rig, 20 * SECOND), WINDOW(2, 10000000, 20000000, 12)); /* ahead of the clock */
    PUT(at(&rig, 8 * SECOND), "");
    rig_fini(&rig);
}

static void what_fires_early_has_new_rows_alone_where_nothing_accumulates(void)
{
    struct rig rig;
    rig_init(&rig, "window = { time = \"10s\"; }; early = \"1s\"; accumulate = false;");
    give(&rig, 1, 1, SECOND);
    PUT(at(&rig, 2 * SECOND), WINDOW(1, 0, 10000000, 1));
    give(&rig, 1, 2, 9 * SECOND);
    give(&rig, 2, 4, 11 * SECOND);
    PUT(at(&rig, 3 * SECOND), WINDOW(1, 0, 10000000, 2) WINDOW(2, 10000000, 20000000, 4));
    PUT(watermark(&rig, 10 * SECOND), ""); /* all was put out */
    give(&rig, 2, 8, 19 * SECOND);
    PUT(watermark(&rig, 20 * SECOND), WINDOW(2, 10000000, 20000000, 8));
    PUT(at(&rig, 8 * SECOND), "");
    rig_fini(&rig);
}

static void windows_that_overlap_fire_early_each(void)
{
    struct rig rig;
    rig_init(&rig, "window = { time = \"10s\"; }; every = { time = \"5s\"; }; early = \"1s\";");
    give(&rig, 1, 1, SECOND);
    give(&rig, 1, 2, 6 * SECOND);
    PUT(at(&rig, 2 * SECOND),
        WINDOW(1, -5000000, 5000000, 1) WINDOW(1, 0, 10000000, 3) WINDOW(1, 5000000, 15000000, 2));
    PUT(watermark(&rig, 10 * SECOND), WINDOW(1, -5000000, 5000000, 1) WINDOW(1, 0, 10000000, 3));
    give(&rig, 1, 4, 11 * SECOND);
    PUT(at(&rig, 3 * SECOND), WINDOW(1, 5000000, 15000000, 6) WINDOW(1, 10000000, 20000000, 4));
    PUT(watermark(&rig, INT64_MAX),
        WINDOW(1, 5000000, 15000000, 6) WINDOW(1, 10000000, 20000000, 4));
    rig_fini(&rig);
    rig_init(&rig, "window = { time = \"10s\"; }; every = { time = \"5s\"; }; early = \"1s\";\n"
                   "accumulate = false;");
    give(&rig, 1, 1, SECOND);
    give(&rig, 1, 2, 6 * SECOND);
    PUT(at(&rig, 2 * SECOND),
        WINDOW(1, -5000000, 5000000, 1) WINDOW(1, 0, 10000000, 3) WINDOW(1, 5000000, 15000000, 2));
    give(&rig, 1, 4, 11 * SECOND);
    PUT(watermark(&rig, INT64_MAX),
        WINDOW(1, 5000000, 15000000, 4) WINDOW(1, 10000000, 20000000, 4));
    rig_fini(&rig);
}

static void sessions_fire_early(void)
{
    struct rig rig;
    rig_init(&rig, "window = { session = \"5s\"; }; early = \"1s\";");
    give(&rig, 1, 1, SECOND);
    PUT(at(&rig, 2 * SECOND), WINDOW(1, 1000000, 6000000, 1));
    give(&rig, 1, 2, 3 * SECOND);
    PUT(at(&rig, 3 * SECOND), WINDOW(1, 1000000, 8000000, 3));
    PUT(watermark(&rig, 8 * SECOND), WINDOW(1, 1000000, 8000000, 3));
    rig_fini(&rig);
    rig_init(&rig, "window = { session = \"5s\"; }; early = \"1s\"; accumulate = false;");
    give(&rig, 1, 1, SECOND);
    PUT(at(&rig, 2 * SECOND), WINDOW(1, 1000000, 6000000, 1));
    give(&rig, 1, 2, 3 * SECOND);
    PUT(watermark(&rig, 8 * SECOND),
        WINDOW(1, 1000000, 8000000, 2)); /* what is new, with the bounds of it all */
    give(&rig, 1, 4, 20 * SECOND);
    PUT(at(&rig, 9 * SECOND), WINDOW(1, 20000000, 25000000, 4));
    PUT(watermark(&rig, INT64_MAX), "");
    rig_fini(&rig);
}

/* ---- snapshots ---- */

/* What is read of a snapshot that says `count` rows and has `n` bytes of one of two i64. */
static int read_rows(const struct gy_kept *kept, uint64_t count, uint64_t n)
{
    uint64_t bytes[2 + 6] = {count, n};
    struct gyre_reader reader = {
        .size = sizeof reader, .data = (const void *)bytes, .length = 16 + n};
    struct gy_rows rows;
    kept->records.init(&kept->records, &rows);
    int code = kept->records.read(&kept->records, &rows, &reader, NULL);
    CU_ASSERT(code == 0 || rows.rows == 0);
    kept->records.fini(&kept->records, &rows);
    return code;
}

static void rows_that_are_not_whole_are_refused(void)
{
    struct rig rig;
    rig_init(&rig, "window = { count = 3; }; per = \"stream\";");
    const struct gy_kept *kept = &rig.w->window->kept;
    const uint64_t row = 8 + 8 + 8; /* time, value, key */
    CU_ASSERT_FATAL(kept->rows && kept->n_columns == 2);
    for (uint64_t n = 1; n <= 2 * row; n++)
        for (uint64_t count = 1; count <= 2; count++)
            CU_ASSERT_EQUAL(read_rows(kept, count, n), n == count * row ? 0 : GYRE_ECORRUPT);
    rig_fini(&rig);
}

static const struct suite_test tests[] = {
    SUITE_TEST(rows_that_are_not_whole_are_refused),
    SUITE_TEST(a_window_by_the_clock_ends_when_the_clock_says_so),
    SUITE_TEST(a_row_that_comes_behind_the_end_is_of_the_next_window),
    SUITE_TEST(windows_by_the_clock_overlap),
    SUITE_TEST(a_session_by_the_clock_ends_when_nothing_comes),
    SUITE_TEST(a_window_of_rows_fires_by_the_clock),
    SUITE_TEST(what_fires_early_has_all_rows_each_time),
    SUITE_TEST(what_fires_early_has_new_rows_alone_where_nothing_accumulates),
    SUITE_TEST(windows_that_overlap_fire_early_each),
    SUITE_TEST(sessions_fire_early),
};
SUITE_MAIN("op_windows", tests)
