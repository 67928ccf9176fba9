/* The rounds of ONE operator, driven by hand: their ends, timers of them, votes. The operator is script of
 * tests/fixtures/timer_ops.c; what comes out is written as in test_op_timers, 10 for timers of rounds, and
 * "end N of L" for the end of round N of the loop whose id begins with L. */
#include "base/mem.h"
#include "files.h"
#include "op/inside.h"
#include "state/keyed.h"
#include "suite.h"
#include "unit/hand.h"

#include <stdio.h>
#include <stdlib.h>

enum { ROWS = 1024, EVENT = 1, ROUND = 5, NO_ROUND = 6, VOTE = 7, SLICE = 4096, TASKS = 4 };

/* x is in the loop of i, which is in that of o; plain is in none with rounds. */
static const char job_text[] =
    "job = \"t\"; operators = (\n"
    "{ id = \"in\"; op = \"file.read\"; path = \"in\"; format = \"csv\"; schema = (\n"
    "  {name=\"k\";type=\"i64\";}, {name=\"what\";type=\"i64\";}, {name=\"at\";type=\"i64\";},\n"
    "  {name=\"tag\";type=\"i64\";} ); },\n"
    "{ id = \"o\"; op = \"std.pass\"; input = \"in\"; feedback = \"back\"; rounds = { max = 9; }; "
    "},\n"
    "{ id = \"i\"; op = \"std.pass\"; input = \"o\"; feedback = \"back\"; rounds = { max = 9; }; "
    "},\n"
    "{ id = \"x\"; op = \"timer_ops.script\"; input = \"i\"; %s parallelism = %u; },\n"
    "{ id = \"back\"; op = \"std.select\"; input = \"x\"; fields = "
    "(\"k\",\"what\",\"at\",\"tag\"); },\n"
    "{ id = \"out\"; op = \"std.null\"; input = \"x\"; } );";

#define KEYED "key = \"k\";"
#define PLAIN ""

struct row {
    int64_t k, what, at, tag;
};

struct rig {
    struct hand hand;
    char *dir;
    struct gy_instance *x;
    uint64_t ends[2]; /* of i, of o */
    uint64_t number[2];
};

static void rig_init_part(struct rig *rig, const char *more, uint32_t task, uint32_t tasks)
{
    rig->dir = dir_temp();
    char *text = text_format(job_text, more, tasks), *in = path_join(rig->dir, "in");
    file_write_text(in, "");
    hand_init(&rig->hand, rig->dir, text);
    rig->x = hand_open(&rig->hand, "x", task, tasks);
    memset(rig->ends, 0, sizeof rig->ends);
    memset(rig->number, 0, sizeof rig->number);
    free(text);
    free(in);
}

static void rig_init(struct rig *rig, const char *more)
{
    rig_init_part(rig, more, 0, 1);
}

static void rig_fini(struct rig *rig)
{
    gy_instance_free(rig->x);
    hand_fini(&rig->hand);
    dir_remove(rig->dir);
    free(rig->dir);
}

static int give_rows(struct rig *rig, const struct row *rows, uint32_t n)
{
    static int64_t fields[4][ROWS];
    static uint64_t hash[ROWS];
    const struct gy_key key = {.n = 1, .types = {GYRE_TYPE_i64}};
    struct gy_column columns[4];
    for (int f = 0; f < 4; f++)
        columns[f] = (struct gy_column){.data = fields[f]};
    for (uint32_t i = 0; i < n; i++) {
        const int64_t values[] = {rows[i].k, rows[i].what, rows[i].at, rows[i].tag};
        for (int f = 0; f < 4; f++)
            fields[f][i] = values[f];
    }
    gy_key_hash(&key, &(const struct gy_column *){&columns[0]}, NULL, n, hash);
    struct gy_batch batch = {
        .rows = n, .kept = n, .n_columns = 4, .columns = columns, .hash = hash};
    return gy_instance_process(rig->x, 0, &batch);
}

#define GIVE(rig, ...)                                                                             \
    CU_ASSERT_EQUAL_FATAL(                                                                         \
        give_rows(rig, (const struct row[]){__VA_ARGS__},                                          \
                  sizeof((const struct row[]){__VA_ARGS__}) / sizeof(struct row)),                 \
        0)

static struct gy_round round_of(const struct rig *rig, uint32_t loop)
{
    const struct gy_loop *of = gy_instance_node(rig->x)->rounds[loop];
    return (struct gy_round){of, rig->number[loop], rig->ends[loop]};
}

static void begin(struct rig *rig, uint32_t loop)
{
    struct gy_round round = round_of(rig, loop);
    gy_instance_round_begin(rig->x, &round);
}

static void begin_end(struct rig *rig, uint32_t loop)
{
    struct gy_round round = round_of(rig, loop);
    CU_ASSERT_EQUAL_FATAL(gy_instance_round_end(rig->x, &round), 0);
}

static void work(struct rig *rig)
{
    int code = 1;
    while (code > 0)
        code = gy_instance_work(rig->x, SLICE);
    CU_ASSERT_EQUAL_FATAL(code, 0);
    CU_ASSERT_FALSE(gy_instance_ends_round(rig->x));
}

/* The end of a round, and the next one. */
static void turn(struct rig *rig, uint32_t loop)
{
    begin_end(rig, loop);
    work(rig);
    rig->ends[loop]++;
    rig->number[loop]++;
    begin(rig, loop);
}

/* What has come out since the last call; free() it. */
static char *came(struct rig *rig)
{
    struct gy_buf *rows = &rig->hand.rows;
    gy_instance_flush(rig->x, false);
    CU_ASSERT_PTR_NOT_NULL_FATAL(gy_buf_cstr(rows));
    char *text = calloc(1, rows->len + 1);
    size_t n = 0;
    for (char *line = (char *)rows->data; line < (char *)rows->data + rows->len;
         line = strchr(line, '\n') + 1) {
        long long k, what, at, tag, count;
        CU_ASSERT_EQUAL(sscanf(line,
                               "{\"k\":%lld,\"what\":%lld,\"at\":%lld,\"tag\":%lld,\"rows\":%lld",
                               &k, &what, &at, &tag, &count),
                        5);
        const char *before = n > 0 ? ", " : "";
        if (what == 11)
            n += (size_t)sprintf(text + n, "%send %lld of %c", before, at, (char)tag);
        else
            n += (size_t)sprintf(text + n, "%s%lld %lld#%lld/%lld", before, k, what, tag, count);
    }
    rows->len = 0;
    return text;
}

static void expect(struct rig *rig, const char *expected)
{
    char *text = came(rig);
    if (strcmp(text, expected) != 0)
        fprintf(stderr, "is:     %s\nwanted: %s\n", text, expected);
    CU_ASSERT_STRING_EQUAL(text, expected);
    free(text);
}

static uint64_t dropped(const struct rig *rig)
{
    struct gy_instance_stats stats;
    gy_instance_counts(rig->x, &stats);
    return stats.dropped_timers;
}

static void the_end_of_a_round_is_work_and_names_its_loop(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    CU_ASSERT_STRING_EQUAL(gy_instance_node(rig.x)->rounds[0]->id, "i");
    CU_ASSERT_FALSE(gy_instance_has_work(rig.x));
    GIVE(&rig, {1, 0, 0, 0});
    begin_end(&rig, 0);
    expect(&rig, "1 0#0/1");
    CU_ASSERT(gy_instance_ends_round(rig.x));
    CU_ASSERT(gy_instance_has_work(rig.x));
    work(&rig);
    CU_ASSERT_FALSE(gy_instance_has_work(rig.x));
    expect(&rig, "end 0 of i");
    rig.ends[0]++;
    rig.number[1] = 7;
    turn(&rig, 1);
    expect(&rig, "end 7 of o");
    rig_fini(&rig);
}

static void a_timer_of_a_round_goes_off_at_its_end_before_on_round_end(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    GIVE(&rig, {2, ROUND, 77, 1}, {1, ROUND, -5, 2}, {2, ROUND, 3, 1}, {2, ROUND, 0, 0});
    CU_ASSERT_FALSE(gy_instance_has_work(rig.x));
    GIVE(&rig, {3, ROUND, 0, 5}, {3, NO_ROUND, 9, 5});
    expect(&rig, "");
    turn(&rig, 0);
    /* of one moment they are in the order of their keys' hashes */
    expect(&rig, "2 10#0/3, 2 10#1/3, 1 10#2/1, end 0 of i");
    turn(&rig, 0);
    expect(&rig, "end 1 of i");
    GIVE(&rig, {1, ROUND, 0, 4});
    turn(&rig, 0);
    expect(&rig, "1 10#4/2, end 2 of i");
    rig_fini(&rig);
}

static void one_set_while_a_round_ends_is_of_the_next(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    GIVE(&rig, {1, ROUND, 0, 321}); /* sets one with a tenth of its tag, and so on */
    turn(&rig, 0);
    expect(&rig, "1 10#321/1, end 0 of i");
    turn(&rig, 0);
    expect(&rig, "1 10#32/1, end 1 of i");
    turn(&rig, 0);
    expect(&rig, "1 10#3/1, end 2 of i");
    turn(&rig, 0);
    expect(&rig, "end 3 of i");
    rig_fini(&rig);
}

static void timers_go_by_the_innermost_loop(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    GIVE(&rig, {1, ROUND, 0, 1});
    turn(&rig, 1);
    expect(&rig, "end 0 of o");
    rig.number[0] = 0; /* the inner loop begins anew, and its rounds are counted on */
    turn(&rig, 0);
    expect(&rig, "1 10#1/1, end 0 of i");
    GIVE(&rig, {1, ROUND, 0, 2});
    rig.number[0] = 0;
    begin(&rig, 0);
    turn(&rig, 0);
    expect(&rig, "1 10#2/2, end 0 of i");
    rig_fini(&rig);
}

static void an_operator_without_a_key_has_timers_of_rounds(void)
{
    struct rig rig;
    rig_init(&rig, PLAIN);
    GIVE(&rig, {1, ROUND, 0, 3}, {2, ROUND, 0, 2});
    turn(&rig, 0);
    expect(&rig, "-1 10#2/2, -1 10#3/2, end 0 of i");
    rig_fini(&rig);
}

static void timers_of_all_clocks_are_apart(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    GIVE(&rig, {1, EVENT, 10, 1}, {1, ROUND, 10, 1}, {1, EVENT, 0, 2});
    CU_ASSERT_EQUAL(gy_instance_watermark(rig.x, 5), 0);
    CU_ASSERT_EQUAL(gy_instance_told(rig.x), -1);
    begin_end(&rig, 0);
    work(&rig);
    expect(&rig, "1 8#2/3, 1 10#1/3, end 0 of i");
    CU_ASSERT_EQUAL(gy_instance_told(rig.x), 5);
    CU_ASSERT_EQUAL(gy_instance_watermark(rig.x, 10), 0);
    work(&rig);
    expect(&rig, "1 8#1/3");
    rig_fini(&rig);
}

static void many_timers_of_a_round_are_told_in_slices(void)
{
    enum { KEYS = 1000 };
    struct rig rig;
    struct row rows[KEYS];
    rig_init(&rig, KEYED);
    for (int64_t i = 0; i < KEYS; i++)
        rows[i] = (struct row){i, ROUND, 0, 30};
    CU_ASSERT_EQUAL(give_rows(&rig, rows, KEYS), 0);
    begin_end(&rig, 0);
    uint32_t slices = 0;
    uint64_t most = 0, before = rig.hand.n_rows;
    for (; gy_instance_work(rig.x, 128) == 1; slices++) {
        free(came(&rig));
        most = rig.hand.n_rows - before > most ? rig.hand.n_rows - before : most;
        before = rig.hand.n_rows;
        CU_ASSERT(gy_instance_ends_round(rig.x));
    }
    free(came(&rig));
    CU_ASSERT(slices >= KEYS / 128);
    CU_ASSERT(most <= 128);
    CU_ASSERT_EQUAL(rig.hand.n_rows, KEYS + 1);
    rig_fini(&rig);
}

static void a_vote_is_for_the_round_that_ends(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    const struct gy_loop *i = gy_instance_node(rig.x)->rounds[0];
    const struct gy_loop *o = gy_instance_node(rig.x)->rounds[1];
    GIVE(&rig, {1, VOTE, 1, 0});
    turn(&rig, 0);
    CU_ASSERT_FALSE(gy_instance_votes(rig.x, i));
    begin_end(&rig, 0); /* round 1 */
    CU_ASSERT_FALSE(gy_instance_votes(rig.x, i));
    work(&rig);
    CU_ASSERT(gy_instance_votes(rig.x, i));
    CU_ASSERT_FALSE(gy_instance_votes(rig.x, o));
    rig.ends[0]++;
    begin(&rig, 1);
    CU_ASSERT(gy_instance_votes(rig.x, i));
    begin(&rig, 0);
    CU_ASSERT_FALSE(gy_instance_votes(rig.x, i));
    rig.number[1] = 1;
    begin_end(&rig, 1);
    work(&rig);
    CU_ASSERT(gy_instance_votes(rig.x, o));
    CU_ASSERT_FALSE(gy_instance_votes(rig.x, i));
    rig_fini(&rig);
}

static void those_of_a_round_that_never_comes_are_dropped_and_counted(void)
{
    struct rig rig;
    rig_init(&rig, KEYED);
    GIVE(&rig, {1, ROUND, 0, 10}, {2, ROUND, 0, 1}, {3, ROUND, 0, 2}, {3, NO_ROUND, 0, 2});
    turn(&rig, 0);
    expect(&rig, "2 10#1/1, 1 10#10/1, end 0 of i");
    CU_ASSERT_EQUAL(dropped(&rig), 0); /* another round may come */
    CU_ASSERT_EQUAL(gy_instance_watermark(rig.x, INT64_MAX), 0);
    work(&rig);
    expect(&rig, "");
    CU_ASSERT_EQUAL(dropped(&rig), 1);
    turn(&rig, 0); /* what the end of input put out goes round once more */
    expect(&rig, "1 10#1/1, end 1 of i");
    CU_ASSERT_EQUAL(dropped(&rig), 0);
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

/* Gives each record of a file in memory to the task that has its key. */
static void restore_records(const struct saved *saved, struct rig *to, uint32_t tasks)
{
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
            at += GY_RECORD_HEAD + length;
        }
    }
}

static void free_pieces(struct saved *saved)
{
    for (struct gy_part_piece *piece = saved->first, *next; piece != NULL; piece = next) {
        next = piece->next;
        gy_part_piece_free(piece);
    }
}

/* Saves while the work of a round's end goes on between the slices. */
static void save(struct rig *rig, struct saved *saved)
{
    struct gy_part part;
    *saved = (struct saved){.last = &saved->first};
    gy_part_init(&part, 1, keep_piece, saved);
    CU_ASSERT_EQUAL_FATAL(gy_instance_save_begin(rig->x, &part), 0);
    for (bool more = true; more;) {
        CU_ASSERT(gy_instance_work(rig->x, 128) >= 0);
        more = gy_instance_save_slice(rig->x, 8);
    }
    CU_ASSERT_EQUAL(gy_part_end(&part), 0);
    gy_part_fini(&part);
}

static void restore(const struct saved *saved, struct rig *to, uint32_t tasks, uint64_t ends)
{
    struct gyre_state state = gy_node_state(gy_instance_node(to[0].x), 0);
    struct gy_form_segment segment = {0, state.type->version};
    struct gy_form form = {1, &segment};
    for (uint32_t t = 0; t < tasks; t++)
        CU_ASSERT_EQUAL(gy_instance_restore_begin(to[t].x, &form, (uint64_t[]){ROWS}), 0);
    restore_records(saved, to, tasks);
    for (uint32_t t = 0; t < tasks; t++) {
        CU_ASSERT_EQUAL(gy_instance_restored(to[t].x, INT64_MIN, INT64_MIN), 0);
        to[t].ends[0] = ends;
        begin(&to[t], 0);
        CU_ASSERT_FALSE(gy_instance_has_work(to[t].x));
    }
}

/* Counts the rows that have come out by their tags, modulo 16. */
static void count_tags(struct rig *rig, uint32_t *counts)
{
    char *text = came(rig);
    for (const char *at = text; (at = strchr(at, '#')) != NULL; at++)
        counts[atoi(at + 1) % 16]++;
    free(text);
}

/* The end of a round at all tasks. Their rows come out in one place, that of the last one. */
static void turn_all(struct rig *to, uint32_t tasks, uint32_t *counts)
{
    for (uint32_t t = 0; t < tasks; t++) {
        turn(&to[t], 0);
        CU_ASSERT_EQUAL(gy_instance_flush(to[t].x, false), 0);
    }
    count_tags(&to[tasks - 1], counts);
}

/* Three timers for each key, of which one sets another for the next round. `slices` of the work are done at
 * the barrier; the snapshot has what is left, whoever goes on. */
static void saved_after(uint32_t slices, uint32_t tasks)
{
    enum { KEYS = 300 };
    struct rig rig, to[TASKS];
    struct saved saved;
    struct row rows[3 * KEYS];
    uint32_t before[16] = {0}, after[16] = {0}, next[16] = {0};
    rig_init(&rig, KEYED);
    rig.ends[0] = 40;
    begin(&rig, 0);
    for (int64_t i = 0; i < KEYS; i++)
        for (int64_t t = 0; t < 3; t++)
            rows[3 * i + t] = (struct row){i, ROUND, 0, t == 2 ? 30 : t};
    CU_ASSERT_EQUAL(give_rows(&rig, rows, 3 * KEYS), 0);
    begin_end(&rig, 0);
    for (uint32_t i = 0; i < slices; i++)
        CU_ASSERT_EQUAL(gy_instance_work(rig.x, 128), 1);
    count_tags(&rig, before);
    save(&rig, &saved);
    for (uint32_t t = 0; t < tasks; t++)
        rig_init_part(&to[t], KEYED, t, tasks);
    restore(&saved, to, tasks, 40);
    turn_all(to, tasks, after);
    turn_all(to, tasks, next);
    CU_ASSERT_EQUAL(before[0] + before[1] + before[14], slices * 128);
    CU_ASSERT_EQUAL(before[0] + after[0], KEYS);
    CU_ASSERT_EQUAL(before[1] + after[1], KEYS);
    CU_ASSERT_EQUAL(before[14] + after[14], KEYS); /* 30 */
    CU_ASSERT_EQUAL(before[3] + after[3], 0);
    CU_ASSERT_EQUAL(next[3], KEYS);
    CU_ASSERT_EQUAL(next[0] + next[1] + next[14], 0);
    for (uint32_t t = 0; t < tasks; t++)
        rig_fini(&to[t]);
    free_pieces(&saved);
    rig_fini(&rig);
}

static void a_snapshot_in_the_middle_of_the_end_of_a_round_has_what_is_left_at_any_parallelism(void)
{
    for (uint32_t tasks = 1; tasks <= TASKS; tasks++)
        for (uint32_t slices = 0; slices <= 6; slices += 2)
            saved_after(slices, tasks);
}

static void a_failed_allocation_fails_the_call_and_nothing_else(void)
{
    bool hit = true;
    uint32_t failed = 0;
    for (uint64_t k = 1; hit; k++) {
        struct rig rig;
        struct row rows[200];
        rig_init(&rig, KEYED);
        struct gy_round round = round_of(&rig, 0);
        for (int64_t i = 0; i < 200; i++)
            rows[i] = (struct row){i, ROUND, 0, 30};
        gy_mem_fail_after(k);
        int code = give_rows(&rig, rows, 200);
        if (code == 0)
            code = gy_instance_round_end(rig.x, &round);
        for (int i = 0; code >= 0 && i < 3; i++)
            code = gy_instance_work(rig.x, 128);
        hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        if (code < 0) {
            CU_ASSERT_EQUAL(code, GYRE_ENOMEM);
            CU_ASSERT(hit);
            failed++;
        }
        rig_fini(&rig);
    }
    CU_ASSERT(failed > 5);
}

static const struct suite_test tests[] = {
    SUITE_TEST(the_end_of_a_round_is_work_and_names_its_loop),
    SUITE_TEST(a_timer_of_a_round_goes_off_at_its_end_before_on_round_end),
    SUITE_TEST(one_set_while_a_round_ends_is_of_the_next),
    SUITE_TEST(timers_go_by_the_innermost_loop),
    SUITE_TEST(an_operator_without_a_key_has_timers_of_rounds),
    SUITE_TEST(timers_of_all_clocks_are_apart),
    SUITE_TEST(many_timers_of_a_round_are_told_in_slices),
    SUITE_TEST(a_vote_is_for_the_round_that_ends),
    SUITE_TEST(those_of_a_round_that_never_comes_are_dropped_and_counted),
    SUITE_TEST(a_snapshot_in_the_middle_of_the_end_of_a_round_has_what_is_left_at_any_parallelism),
    SUITE_TEST(a_failed_allocation_fails_the_call_and_nothing_else),
};

SUITE_MAIN("op_rounds", tests)
