/* Timers of ONE operator, driven by hand: tests/fixtures/timer_ops.c sets what its rows say. What comes
 * out is written "k what@at#tag/rows", what = 0 for a row, 8 and 9 for timers of event and of processing
 * time. */
#include "base/mem.h"
#include "files.h"
#include "op/frontier.h"
#include "op/inside.h"
#include "state/keyed.h"
#include "suite.h"
#include "unit/hand.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROWS = 1024, EVENT = 1, CLOCK = 2, NO_EVENT = 3, NO_CLOCK = 4, SLICE = 4096 };

static const char job_text[] =
    "job = \"t\"; operators = (\n"
    "{ id = \"in\"; op = \"file.read\"; path = \"in\"; format = \"csv\"; schema = (\n"
    "  {name=\"k\";type=\"i64\";}, {name=\"what\";type=\"i64\";}, {name=\"at\";type=\"i64\";},\n"
    "  {name=\"tag\";type=\"i64\";} ); },\n"
    "{ id = \"x\"; op = \"timer_ops.%s\"; %s parallelism = %u; },\n"
    "{ id = \"out\"; op = \"std.null\"; input = \"x\"; } );";

#define KEYED "script", "input = \"in\"; key = \"k\";"
#define PLAIN "script", "input = \"in\";"
#define PORTS                                                                                      \
    "either", "input = { in = \"in\"; also = \"in\"; }; key = { in = \"k\"; also = \"k\"; };"

struct row {
    int64_t k, what, at, tag;
};

struct rig {
    struct hand hand;
    char *dir;
    struct gy_instance *x;
    struct gy_frontier frontier;
};

static void rig_init_part(struct rig *rig, const char *op, const char *more, uint32_t task,
                          uint32_t tasks)
{
    rig->dir = dir_temp();
    char *text = text_format(job_text, op, more, tasks), *in = path_join(rig->dir, "in");
    file_write_text(in, "");
    hand_init(&rig->hand, rig->dir, text);
    rig->x = hand_open(&rig->hand, "x", task, tasks);
    CU_ASSERT_EQUAL_FATAL(gy_frontier_init(&rig->frontier, rig->x, 1), 0);
    free(text);
    free(in);
}

static void rig_init(struct rig *rig, const char *op, const char *more)
{
    rig_init_part(rig, op, more, 0, 1);
}

static void rig_fini(struct rig *rig)
{
    gy_frontier_fini(&rig->frontier);
    gy_instance_free(rig->x);
    hand_fini(&rig->hand);
    dir_remove(rig->dir);
    free(rig->dir);
}

static uint64_t hash_of(int64_t k)
{
    const struct gy_key key = {.n = 1, .types = {GYRE_TYPE_i64}};
    struct gy_column column = {.data = &k};
    uint64_t hash;
    gy_key_hash(&key, &(const struct gy_column *){&column}, NULL, 1, &hash);
    return hash;
}

static int give_port(struct rig *rig, uint32_t port, const struct row *rows, uint32_t n)
{
    static int64_t fields[4][ROWS];
    static uint64_t hash[ROWS];
    struct gy_column columns[4];
    for (uint32_t i = 0; i < n; i++) {
        const int64_t values[] = {rows[i].k, rows[i].what, rows[i].at, rows[i].tag};
        for (int f = 0; f < 4; f++)
            fields[f][i] = values[f];
        hash[i] = hash_of(rows[i].k);
    }
    for (int f = 0; f < 4; f++)
        columns[f] = (struct gy_column){.data = fields[f]};
    struct gy_batch batch = {
        .rows = n, .kept = n, .n_columns = 4, .columns = columns, .hash = hash};
    return gy_instance_process(rig->x, port, &batch);
}

static void give(struct rig *rig, const struct row *rows, uint32_t n)
{
    CU_ASSERT_EQUAL_FATAL(give_port(rig, 0, rows, n), 0);
}

#define GIVE(rig, ...)                                                                             \
    give(rig, (const struct row[]){__VA_ARGS__},                                                   \
         sizeof((const struct row[]){__VA_ARGS__}) / sizeof(struct row))

static struct gy_told step(struct rig *rig)
{
    struct gy_told told;
    CU_ASSERT_EQUAL_FATAL(gy_frontier_step(&rig->frontier, SLICE, &told), 0);
    return told;
}

/* All that is due, told or not. */
static void settle(struct rig *rig)
{
    while (step(rig).kind != GY_TOLD_NOTHING)
        ;
}

static void reach(struct rig *rig, int64_t watermark_us)
{
    gy_frontier_watermark(&rig->frontier, 0, watermark_us);
    settle(rig);
}

static void end(struct rig *rig)
{
    gy_frontier_watermark(&rig->frontier, 0, INT64_MAX);
    gy_frontier_end(&rig->frontier, 0, false);
    settle(rig);
    CU_ASSERT_TRUE(rig->frontier.ended && !rig->frontier.stopped);
    CU_ASSERT_EQUAL(rig->frontier.told_us, INT64_MAX);
}

/* What has come out since the last call; free() it. */
static char *came(struct rig *rig)
{
    struct gy_buf *rows = &rig->hand.rows;
    gy_instance_flush(rig->x, false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(gy_buf_cstr(rows)); /* sscanf looks for the end of all */
    char *text = calloc(1, rows->len + 1);
    size_t n = 0;
    for (size_t at = 0; at < rows->len;) {
        long long k, what, moment, tag, count;
        const char *line = (const char *)rows->data + at;
        const char *over = memchr(line, '\n', rows->len - at);
        CU_ASSERT_EQUAL_FATAL(
            sscanf(line, "{\"k\":%lld,\"what\":%lld,\"at\":%lld,\"tag\":%lld,\"rows\":%lld", &k,
                   &what, &moment, &tag, &count),
            5);
        n += (size_t)sprintf(text + n, "%s%lld %lld@%lld#%lld/%lld", n > 0 ? ", " : "", k, what,
                             moment, tag, count);
        at += (size_t)(over - line) + 1;
    }
    gy_buf_reset(rows);
    return text;
}

static void expect(struct rig *rig, const char *expected)
{
    char *text = came(rig);
    if (strcmp(text, expected) != 0)
        fprintf(stderr, "\"%s\"\ninstead of \"%s\"\n", text, expected);
    CU_ASSERT_STRING_EQUAL(text, expected);
    free(text);
}

/* ---- one key ----------------------------------------------------------------------------------- */

static void timers_go_off_when_the_watermark_reaches_them_in_order_of_time_and_tag(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    GIVE(&rig, {1, EVENT, 20, 7}, {1, EVENT, 10, 9}, {1, EVENT, 10, 8}, {1, EVENT, 10, 9},
         {1, EVENT, 30, 1});
    reach(&rig, 9);
    expect(&rig, "");
    reach(&rig, 10);
    expect(&rig, "1 8@10#8/5, 1 8@10#9/5"); /* set twice, it is one */
    reach(&rig, 29);
    expect(&rig, "1 8@20#7/5");
    GIVE(&rig, {1, NO_EVENT, 30, 2}, {1, NO_EVENT, 31, 1}, {2, NO_EVENT, 30, 1});
    reach(&rig, 30);
    expect(&rig, "1 8@30#1/7"); /* what is not set cannot be deleted */
    rig_fini(&rig);
}

static void a_timer_that_is_deleted_does_not_go_off(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    GIVE(&rig, {1, EVENT, 10, 1}, {1, EVENT, 10, 2}, {1, EVENT, 20, 3}, {2, EVENT, 15, 4});
    GIVE(&rig, {1, NO_EVENT, 10, 1}, {1, NO_EVENT, 10, 2}, {2, NO_EVENT, 15, 4});
    reach(&rig, 100);
    expect(&rig, "1 8@20#3/5");
    GIVE(&rig, {1, EVENT, 200, 5}, {1, NO_EVENT, 200, 5}, {1, EVENT, 200, 5});
    end(&rig);
    expect(&rig, "1 8@200#5/8");
    rig_fini(&rig);
}

static void a_timer_may_set_others_now_in_the_past_and_in_the_future(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    GIVE(&rig, {1, EVENT, 10, 10}, {2, EVENT, 20, 21}, {3, EVENT, 30, 32});
    reach(&rig, 10);
    expect(&rig, "1 8@10#10/1, 1 8@10#1/1");
    reach(&rig, 20);
    expect(&rig, "2 8@20#21/1, 2 8@15#2/1");
    reach(&rig, 34);
    expect(&rig, "3 8@30#32/1");
    reach(&rig, 35);
    expect(&rig, "3 8@35#3/1");
    GIVE(&rig, {4, EVENT, 12, 3}); /* it is past already */
    CU_ASSERT_TRUE(gy_instance_has_work(rig.x));
    settle(&rig);
    expect(&rig, "4 8@12#3/1");
    CU_ASSERT_FALSE(gy_instance_has_work(rig.x));
    rig_fini(&rig);
}

static void both_ends_of_64_bits_are_times(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    GIVE(&rig, {1, EVENT, INT64_MAX, 1}, {1, EVENT, INT64_MIN, 2}, {1, EVENT, INT64_MAX - 1, 3});
    GIVE(&rig, {1, CLOCK, INT64_MAX, 4});
    reach(&rig, INT64_MIN + 1);
    expect(&rig, "1 8@-9223372036854775808#2/3");
    reach(&rig, INT64_MAX - 1);
    expect(&rig, "1 8@9223372036854775806#3/4");
    end(&rig);
    expect(&rig, "1 8@9223372036854775807#1/4, 1 9@9223372036854775807#4/4");
    rig_fini(&rig);
}

/* ---- rows and timers ----------------------------------------------------------------------------- */

static void what_is_due_for_a_key_is_told_before_rows_of_it_that_come_later(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    GIVE(&rig, {1, EVENT, 10, 10}, {2, EVENT, 10, 1}, {1, EVENT, 5, 6});
    CU_ASSERT_EQUAL(gy_instance_watermark(rig.x, 10), 0); /* seen, and no work done */
    GIVE(&rig, {3, 0, 0, 0}, {1, 0, 0, 0}, {1, 0, 0, 0});
    expect(&rig, "1 8@5#6/2, 1 8@10#10/2, 1 8@10#1/2, 3 0@0#0/1, 1 0@0#0/3, 1 0@0#0/4");
    settle(&rig);
    expect(&rig, "2 8@10#1/1");
    rig_fini(&rig);
}

static void what_is_told_waits_for_timers_that_are_due(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    GIVE(&rig, {1, EVENT, 10, 1}, {2, EVENT, 20, 1});
    CU_ASSERT_EQUAL(gy_instance_watermark(rig.x, 15), 0);
    CU_ASSERT_EQUAL(gy_instance_told(rig.x), 9);
    CU_ASSERT_EQUAL(gy_instance_work(rig.x, SLICE), 0);
    CU_ASSERT_EQUAL(gy_instance_told(rig.x), 15);
    CU_ASSERT_EQUAL(gy_instance_watermark(rig.x, INT64_MAX), 0);
    CU_ASSERT_EQUAL(gy_instance_told(rig.x), 19);
    CU_ASSERT_EQUAL(gy_instance_work(rig.x, SLICE), 0);
    CU_ASSERT_EQUAL(gy_instance_told(rig.x), INT64_MAX);
    rig_fini(&rig);
}

/* Where one failed, the callback that a failure names is the one that was at work. */
static void the_callback_after_a_timer_is_the_one_it_came_before(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    GIVE(&rig, {1, EVENT, 10, 1});
    CU_ASSERT_EQUAL(gy_instance_watermark(rig.x, 10), 0);
    GIVE(&rig, {1, 0, 0, 0});
    CU_ASSERT_STRING_EQUAL(gy_instance_failed_callback(rig.x), "process");
    rig_fini(&rig);
}

/* ---- many keys ----------------------------------------------------------------------------------- */

enum { KEYS = 700 };

static int by_seed(const void *a, const void *b)
{
    uint64_t x = hash_of(((const struct row *)a)->k + ((const struct row *)a)->tag * 1000);
    uint64_t y = hash_of(((const struct row *)b)->k + ((const struct row *)b)->tag * 1000);
    return x < y ? -1 : x > y;
}

static void the_order_of_one_moment_does_not_depend_on_the_order_of_setting(void)
{
    char *texts[2];
    for (int turn = 0; turn < 2; turn++) {
        struct row rows[KEYS];
        struct rig rig;
        rig_init(&rig, KEYED);
        for (int64_t i = 0; i < KEYS; i++)
            rows[i] = (struct row){i % 300, EVENT, 100 + i % 2, i / 300};
        if (turn == 1)
            qsort(rows, KEYS, sizeof *rows, by_seed);
        give(&rig, rows, KEYS);
        reach(&rig, 1000);
        texts[turn] = came(&rig);
        CU_ASSERT_EQUAL(rig.hand.n_rows, KEYS);
        rig_fini(&rig);
    }
    CU_ASSERT_STRING_EQUAL(texts[0], texts[1]);
    free(texts[0]), free(texts[1]);
}

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void a_million_timers_of_one_moment_go_off_in_slices_and_rows_go_on(void)
{
#ifdef GY_SANITIZED
    const int64_t n = 50000;
#else
    const int64_t n = 1000000;
#endif
    struct row rows[ROWS];
    struct rig rig;
    rig_init(&rig, KEYED);
    for (int64_t k = 0; k < n; k += ROWS) {
        uint32_t some = 0;
        for (; some < ROWS && k + some < n; some++)
            rows[some] = (struct row){k + some, EVENT, 100, 1};
        give(&rig, rows, some);
    }
    gy_frontier_watermark(&rig.frontier, 0, 100);
    int64_t began_ns = cpu_ns(), longest_ns = 0;
    uint32_t slices = 0;
    for (struct gy_told told = step(&rig); told.kind != GY_TOLD_NOTHING; slices++) {
        if (slices < 20) {
            rows[0] = (struct row){n + slices, 0, 0, 0};
            give(&rig, rows, 1);
        }
        gy_instance_flush(rig.x, false);
        gy_buf_reset(&rig.hand.rows);
        int64_t ns = cpu_ns() - began_ns;
        longest_ns = ns > longest_ns ? ns : longest_ns;
        began_ns = cpu_ns();
        told = step(&rig);
    }
    printf("%u slices, the longest %lld us\n", slices, (long long)longest_ns / 1000);
    CU_ASSERT_EQUAL(rig.hand.n_rows, (uint64_t)n + (slices < 20 ? slices : 20));
    CU_ASSERT(slices >= n / SLICE && longest_ns < 50 * 1000 * 1000);
    rig_fini(&rig);
}

/* Keys whose timers are over go: what is held is that of those which have some. */
static void keys_without_timers_are_forgotten(void)
{
    struct row rows[ROWS];
    struct rig rig;
    rig_init(&rig, KEYED);
    for (int64_t turn = 0; turn < 50; turn++) {
        for (int64_t i = 0; i < ROWS; i++)
            rows[i] = (struct row){turn * ROWS + i, EVENT, turn * 10, 1};
        give(&rig, rows, ROWS);
        reach(&rig, turn * 10 + 5);
    }
    CU_ASSERT(gy_store_count(rig.x->timers->store) <= 2 * ROWS);
    for (int64_t turn = 0; turn < 50; turn++) { /* and those of deleted ones */
        for (int64_t i = 0; i < ROWS; i++)
            rows[i] = (struct row){turn * ROWS + i, turn % 2 == 0 ? EVENT : NO_EVENT, 1000000, 1};
        if (turn % 2 == 1)
            for (int64_t i = 0; i < ROWS; i++)
                rows[i].k -= ROWS;
        give(&rig, rows, ROWS);
        settle(&rig);
    }
    CU_ASSERT(gy_store_count(rig.x->timers->store) <= 3 * ROWS);
    rig_fini(&rig);
}

/* ---- the end of input ---------------------------------------------------------------------------- */

static void the_end_of_input_fires_all_in_order_and_what_is_set_then_is_dropped_and_counted(void)
{
    struct rig rig;
    struct gy_instance_stats stats;
    rig_init(&rig, KEYED);
    GIVE(&rig, {1, EVENT, 3000, 10}, {1, CLOCK, INT64_MAX / 2, 20}, {1, EVENT, 1000, 1},
         {1, EVENT, 2000, 2});
    end(&rig);
    expect(&rig, "1 8@1000#1/4, 1 8@2000#2/4, 1 8@3000#10/4, 1 9@4611686018427387903#20/4");
    gy_instance_stats(rig.x, &stats);
    CU_ASSERT_EQUAL(stats.dropped_timers, 2);
    rig_fini(&rig);
}

static void a_stop_fires_nothing(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    GIVE(&rig, {1, EVENT, 10, 1}, {1, CLOCK, 5000000, 2});
    gy_frontier_end(&rig.frontier, 0, true);
    settle(&rig);
    CU_ASSERT_TRUE(rig.frontier.ended && rig.frontier.stopped);
    expect(&rig, "");
    rig_fini(&rig);
}

/* ---- the clock ----------------------------------------------------------------------------------- */

static void timers_of_processing_time_go_off_by_the_clock(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    CU_ASSERT_EQUAL(gy_instance_wake_us(rig.x), INT64_MAX);
    GIVE(&rig, {1, CLOCK, 1000500, 1}, {2, CLOCK, 1000400, 20}, {1, EVENT, 5, 2});
    CU_ASSERT_EQUAL(gy_instance_wake_us(rig.x), 1000400);
    settle(&rig);
    expect(&rig, "");
    gy_clock_manual_advance(&rig.hand.clock, 400);
    settle(&rig);
    expect(&rig, "2 9@1000400#20/1, 2 9@1000400#2/1");
    CU_ASSERT_EQUAL(gy_instance_wake_us(rig.x), 1000500);
    GIVE(&rig, {1, NO_CLOCK, 1000500, 1});
    gy_clock_manual_advance(&rig.hand.clock, 1000);
    settle(&rig);
    expect(&rig, "");
    CU_ASSERT_EQUAL(gy_instance_wake_us(rig.x), INT64_MAX);
    GIVE(&rig, {3, CLOCK, 7, 53}); /* long past; and then now */
    settle(&rig);
    expect(&rig, "3 9@7#53/1, 3 9@1001400#5/1");
    rig_fini(&rig);
}

/* ---- what has a key and what has not --------------------------------------------------------------- */

static void an_operator_without_a_key_has_timers(void)
{
    struct rig rig;
    rig_init(&rig, PLAIN);
    GIVE(&rig, {1, EVENT, 10, 2}, {2, EVENT, 10, 1}, {3, EVENT, 20, 12}, {9, CLOCK, 1000100, 4});
    reach(&rig, 20);
    expect(&rig, "-1 8@10#1/4, -1 8@10#2/4, -1 8@20#12/4");
    gy_clock_manual_advance(&rig.hand.clock, 100);
    settle(&rig);
    expect(&rig, "-1 9@1000100#4/4");
    GIVE(&rig, {1, NO_EVENT, 25, 1}, {3, EVENT, 30, 3});
    end(&rig);
    expect(&rig, "-1 8@30#3/6");
    rig_fini(&rig);
}

static void two_ports_share_state_and_timers(void)
{
    struct rig rig;
    rig_init(&rig, PORTS);
    GIVE(&rig, {1, EVENT, 10, 1}, {2, EVENT, 10, 1}, {1, EVENT, 20, 2});
    CU_ASSERT_EQUAL(give_port(&rig, 1, &(struct row){1, NO_EVENT, 10, 1}, 1), 0);
    CU_ASSERT_EQUAL(give_port(&rig, 1, &(struct row){1, EVENT, 20, 1}, 1), 0);
    reach(&rig, 30);
    expect(&rig, "2 8@10#1/1, 1 8@20#1/4, 1 8@20#2/4");
    rig_fini(&rig);
}

/* ---- snapshots ------------------------------------------------------------------------------------ */

struct saved {
    struct gy_part_piece *first, **last;
};

static void keep_piece(void *host, struct gy_part_piece *piece)
{
    struct saved *saved = host;
    piece->next = NULL;
    *saved->last = piece;
    saved->last = &piece->next;
}

/* Gives each record of a file in memory to the task that has its key; how many there were of timers. */
static uint64_t restore_records(const struct saved *saved, struct rig *to, uint32_t tasks)
{
    uint64_t n = 0;
    for (struct gy_part_piece *piece = saved->first; piece != NULL; piece = piece->next) {
        size_t at = piece == saved->first ? piece->n : GY_BLOCK_HEAD;
        while (at < piece->n) {
            uint32_t length;
            uint16_t kind;
            uint64_t hash;
            memcpy(&length, piece->bytes + at, 4);
            memcpy(&kind, piece->bytes + at + 4, 2);
            struct gy_record record = {
                .kind = kind, .bytes = piece->bytes + at + GY_RECORD_HEAD, .n = length};
            memcpy(&hash, record.bytes, 8);
            uint32_t task = gy_key_subtask(hash, 128, tasks);
            CU_ASSERT_EQUAL_FATAL(gy_instance_restore_state(to[task].x, &record), 0);
            n += kind == GY_RECORD_TIMERS;
            at += GY_RECORD_HEAD + length;
        }
    }
    return n;
}

static void free_pieces(struct saved *saved)
{
    for (struct gy_part_piece *piece = saved->first, *next; piece != NULL; piece = next) {
        next = piece->next;
        gy_part_piece_free(piece);
    }
}

/* Saves while timers go off between the slices; what the watermarks were at the barrier. */
static void save_among_timers(struct rig *rig, struct saved *saved, int64_t *seen_us,
                              int64_t *told_us)
{
    struct gy_part part;
    *saved = (struct saved){.last = &saved->first};
    gy_part_init(&part, 1, keep_piece, saved);
    CU_ASSERT_EQUAL_FATAL(gy_instance_save_begin(rig->x, &part), 0);
    *seen_us = gy_instance_seen(rig->x), *told_us = gy_instance_told(rig->x);
    for (bool more = true; more;) {
        CU_ASSERT(gy_instance_work(rig->x, 128) >= 0);
        more = gy_instance_save_slice(rig->x, 8);
    }
    CU_ASSERT_EQUAL(gy_part_end(&part), 0);
    gy_part_fini(&part);
}

static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The rows of a text "a, b, c", sorted; free() it. */
static char *sorted(const char *text)
{
    char **items = calloc(strlen(text) + 2, sizeof *items), *copy = strdup(text), *rest = copy;
    char *all = calloc(1, strlen(text) + 3);
    size_t n = 0;
    for (char *item; (item = strsep(&rest, ",")) != NULL;)
        items[n++] = item + (*item == ' ');
    qsort(items, n, sizeof *items, compare_lines);
    for (size_t i = 0; i < n; i++)
        strcat(strcat(all, items[i]), ",");
    free(copy);
    free(items);
    return all;
}

static void expect_rest(struct rig *from, struct saved *saved, int64_t seen_us, int64_t told_us,
                        uint32_t tasks)
{
    end(from); /* the tasks that follow share a place with it, by which rows come out */
    char *text = came(from), *expected = sorted(text);
    free(text);
    struct rig to[4];
    struct gyre_state state = gy_node_state(gy_instance_node(from->x), 0);
    struct gy_form_segment segment = {0, state.type->version};
    struct gy_form form = {1, &segment};
    for (uint32_t t = 0; t < tasks; t++) {
        rig_init_part(&to[t], KEYED, t, tasks);
        CU_ASSERT_EQUAL(gy_instance_restore_begin(to[t].x, &form, (uint64_t[]){KEYS}), 0);
    }
    CU_ASSERT(restore_records(saved, to, tasks) > 0);
    struct gy_buf all = {0};
    for (uint32_t t = 0; t < tasks; t++) {
        CU_ASSERT_EQUAL(gy_instance_restored(to[t].x, seen_us, told_us), 0);
        CU_ASSERT_EQUAL(gy_instance_told(to[t].x), told_us);
        gy_frontier_restore(&to[t].frontier, seen_us, told_us, false);
        end(&to[t]);
        text = came(&to[t]);
        gy_buf_printf(&all, "%s%s", all.len > 0 ? ", " : "", text);
        free(text);
        rig_fini(&to[t]);
    }
    char *got = sorted(gy_buf_cstr(&all));
    CU_ASSERT_STRING_EQUAL(got, expected);
    free(expected), free(got);
    gy_buf_fini(&all);
}

static void a_snapshot_in_the_middle_of_firing_has_what_is_left_at_any_parallelism(void)
{
    for (uint32_t tasks = 1; tasks <= 4; tasks++) {
        struct row rows[KEYS];
        struct rig rig;
        struct saved saved;
        int64_t seen_us, told_us;
        rig_init(&rig, KEYED);
        for (int64_t i = 0; i < KEYS; i++)
            rows[i] = (struct row){i % 300, i % 7 == 0 ? CLOCK : EVENT, 2000000 + i % 3, i / 300};
        give(&rig, rows, KEYS);
        CU_ASSERT_EQUAL(gy_instance_watermark(rig.x, 2000001), 0);
        CU_ASSERT_EQUAL(gy_instance_work(rig.x, 128), 1);
        free(came(&rig)); /* told before the barrier */
        uint64_t before = rig.hand.n_rows;
        CU_ASSERT(before >= 100 && before < 300);
        save_among_timers(&rig, &saved, &seen_us, &told_us);
        CU_ASSERT_EQUAL(seen_us, 2000001);
        CU_ASSERT(told_us < seen_us);
        expect_rest(&rig, &saved, seen_us, told_us, tasks);
        CU_ASSERT_EQUAL(rig.hand.n_rows, KEYS);
        free_pieces(&saved);
        rig_fini(&rig);
    }
}

/* ---- memory --------------------------------------------------------------------------------------- */

/* One life with the k-th allocation failing; 0, or the code. */
static int live(struct rig *rig)
{
    struct row rows[300];
    for (int64_t i = 0; i < 300; i++)
        rows[i] = (struct row){i % 100, i % 5 == 0 ? CLOCK : EVENT, 10 + i % 3, 10 + i / 100};
    int code = give_port(rig, 0, rows, 300);
    if (code == 0)
        code = gy_instance_watermark(rig->x, 11);
    for (uint32_t i = 0; code >= 0 && i < 5; i++)
        code = gy_instance_work(rig->x, 128);
    if (code >= 0)
        code = give_port(rig, 0, rows, 100);
    return code < 0 ? code : gy_instance_flush(rig->x, true);
}

static void a_failed_allocation_fails_the_call_and_nothing_else(void)
{
    uint32_t failed = 0;
    bool hit = true;
    for (uint64_t k = 1; hit; k++) {
        struct rig rig;
        rig_init(&rig, KEYED);
        gy_mem_fail_after(k);
        int code = live(&rig);
        hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        if (code != 0) {
            CU_ASSERT_EQUAL(code, GYRE_ENOMEM);
            CU_ASSERT_TRUE(hit);
            CU_ASSERT_EQUAL(gy_instance_error(rig.x)->code, GYRE_ENOMEM);
            failed++;
        }
        rig_fini(&rig);
    }
    CU_ASSERT(failed > 3);
}

static const struct suite_test tests[] = {
    SUITE_TEST(timers_go_off_when_the_watermark_reaches_them_in_order_of_time_and_tag),
    SUITE_TEST(a_timer_that_is_deleted_does_not_go_off),
    SUITE_TEST(a_timer_may_set_others_now_in_the_past_and_in_the_future),
    SUITE_TEST(both_ends_of_64_bits_are_times),
    SUITE_TEST(what_is_due_for_a_key_is_told_before_rows_of_it_that_come_later),
    SUITE_TEST(what_is_told_waits_for_timers_that_are_due),
    SUITE_TEST(the_callback_after_a_timer_is_the_one_it_came_before),
    SUITE_TEST(the_order_of_one_moment_does_not_depend_on_the_order_of_setting),
    SUITE_TEST(a_million_timers_of_one_moment_go_off_in_slices_and_rows_go_on),
    SUITE_TEST(keys_without_timers_are_forgotten),
    SUITE_TEST(the_end_of_input_fires_all_in_order_and_what_is_set_then_is_dropped_and_counted),
    SUITE_TEST(a_stop_fires_nothing),
    SUITE_TEST(timers_of_processing_time_go_off_by_the_clock),
    SUITE_TEST(an_operator_without_a_key_has_timers),
    SUITE_TEST(two_ports_share_state_and_timers),
    SUITE_TEST(a_snapshot_in_the_middle_of_firing_has_what_is_left_at_any_parallelism),
    SUITE_TEST(a_failed_allocation_fails_the_call_and_nothing_else),
};

SUITE_MAIN("op_timers", tests)
