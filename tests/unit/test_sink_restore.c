/* Exactly-once sinks through random snapshots and deaths (sink_world.h), and what else becomes of them where
 * files were changed from outside. GYRE_BIG=1: more seeds. */
#include "base/mem.h"
#include "files.h"
#include "suite.h"
#include "unit/hand.h"
#include "unit/sink_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void part_files_show_each_row_once_whenever_processes_die(void)
{
    sink_world_seeds(SINK_FOLDER, 40, 2000);
}

static void a_single_file_shows_each_row_once_whenever_processes_die(void)
{
    sink_world_seeds(SINK_ONE_FILE, 40, 2000);
}

static void the_ledger_shows_each_row_once_whenever_processes_die(void)
{
    sink_world_seeds(SINK_LEDGER, 40, 2000);
}

/* ---- what has been changed from outside ---- */

/* A job with one sink and the state it has after ten rows and a barrier. */
struct small {
    struct hand hand;
    char *dir, *out;
    struct gy_items items;
    struct gyre_writer prepared;
};

static void small_init(struct small *s, const char *name)
{
    memset(s, 0, sizeof *s);
    s->dir = dir_temp();
    s->out = path_join(s->dir, name);
    char *text = text_format("job = \"t\"; snapshot = { every = \"1s\"; dir = \"s\"; };\n"
                             "operators = ( { id = \"in\"; op = \"gen.sequence\"; to = 0; },\n"
                             "{ id = \"out\"; op = \"file.write\"; input = \"in\"; path = \"%s\"; }"
                             " );\n",
                             s->out);
    hand_init(&s->hand, s->dir, text);
    free(text);
    struct gy_instance *i = hand_open(&s->hand, "out", 0, 1);
    CU_ASSERT_EQUAL(hand_numbers(i, 0, 10), 0);
    CU_ASSERT_EQUAL(gy_instance_flush(i, true), 0);
    CU_ASSERT_EQUAL(gy_instance_prepare(i, "t", &s->prepared), 0);
    CU_ASSERT_EQUAL(gy_instance_save_items(i, &s->items), 0);
    gy_instance_free(i);
}

static struct gy_instance *small_restored(struct small *s)
{
    struct gy_instance *i = hand_open(&s->hand, "out", 0, 1);
    for (size_t k = 0; k < s->items.list.n; k++)
        CU_ASSERT_EQUAL(gy_instance_restore_item(i, SINK_ITEMS_VERSION, &s->items.list.items[k]),
                        0);
    return i;
}

static void small_fini(struct small *s)
{
    gy_items_fini(&s->items);
    gy_free(s->prepared.data);
    hand_fini(&s->hand);
    dir_remove(s->dir);
    free(s->out);
    free(s->dir);
}

static void a_single_file_that_is_shorter_or_gone_is_refused_and_left_alone(void)
{
    struct small s;
    small_init(&s, "out");
    CU_ASSERT_EQUAL(truncate(s.out, 19), 0);
    struct gy_instance *i = small_restored(&s);
    CU_ASSERT_NOT_EQUAL(gy_instance_flush(i, true), 0);
    CU_ASSERT(hand_failed(i, "out has 19 bytes, less than the 20 it had in the snapshot"));
    gy_instance_free(i);
    CU_ASSERT_EQUAL(unlink(s.out), 0);
    i = small_restored(&s);
    CU_ASSERT_NOT_EQUAL(hand_numbers(i, 10, 1), 0);
    CU_ASSERT(hand_failed(i, "out is not there; it had 20 bytes in the snapshot"));
    gy_instance_free(i);
    CU_ASSERT_FALSE(file_exists(s.out));
    small_fini(&s);
}

static void a_single_file_that_is_another_is_refused_and_left_alone(void)
{
    struct small s;
    small_init(&s, "out");
    file_write_text(s.out, "a line of others, and one more\n");
    struct gy_instance *i = small_restored(&s);
    CU_ASSERT_NOT_EQUAL(hand_numbers(i, 10, 1), 0);
    CU_ASSERT(hand_failed(i, "out is not the file of the snapshot: what precedes byte 20"));
    gy_instance_free(i);
    char *text = file_read(s.out, NULL);
    CU_ASSERT_STRING_EQUAL(text, "a line of others, and one more\n");
    free(text);
    small_fini(&s);
}

/* ... each time: the folder that `open` makes is not left. */
static void parts_of_a_folder_that_is_gone_are_refused(void)
{
    struct small s;
    small_init(&s, "out/");
    dir_remove(s.out);
    for (int again = 0; again < 2; again++) {
        struct gy_instance *i = hand_open(&s.hand, "out", 0, 1);
        struct gy_item *item = &s.items.list.items[0];
        CU_ASSERT_NOT_EQUAL(gy_instance_restore_item(i, SINK_ITEMS_VERSION, item), 0);
        CU_ASSERT(hand_failed(i, "was not there"));
        gy_instance_free(i);
        CU_ASSERT_FALSE(file_exists(s.out));
        gy_instance_free(hand_open(&s.hand, "out", 0, 1)); /* another has failed before it */
        CU_ASSERT_FALSE(file_exists(s.out));
    }
    small_fini(&s);
}

/* Asserts that the state of the sink `name` is refused by one that writes `other`, and leaves nothing. */
static void check_refused_by(const char *name, const char *other, const char *says)
{
    struct small s, to;
    small_init(&s, name);
    small_init(&to, other);
    dir_remove(to.out);
    struct gy_instance *i = hand_open(&to.hand, "out", 0, 1);
    CU_ASSERT_NOT_EQUAL(gy_instance_restore_item(i, SINK_ITEMS_VERSION, &s.items.list.items[0]), 0);
    CU_ASSERT(hand_failed(i, says));
    gy_instance_free(i);
    CU_ASSERT_FALSE(file_exists(to.out));
    small_fini(&to);
    small_fini(&s);
}

static void a_path_of_another_kind_is_refused(void)
{
    check_refused_by("out", "other/", "in the snapshot, one file, and is ");
    check_refused_by("out/", "other", "in the snapshot, a folder of parts, and is ");
}

static void a_part_that_was_taken_from_a_folder_that_has_moved_is_not_missed(void)
{
    struct small s, to;
    small_init(&s, "out/");
    small_init(&to, "other/");
    dir_remove(to.out);
    CU_ASSERT_EQUAL_FATAL(rename(s.out, to.out), 0);
    for (int again = 0; again < 2; again++) {
        struct gy_instance *i = hand_open(&to.hand, "out", 0, 1);
        CU_ASSERT_EQUAL(gy_instance_restore_item(i, SINK_ITEMS_VERSION, &s.items.list.items[0]), 0);
        CU_ASSERT_EQUAL(gy_instance_commit(i, "t", &s.prepared), 0);
        gy_instance_free(i);
        char *part = path_join(to.out, "part-0-0");
        CU_ASSERT_EQUAL(unlink(part), again == 0 ? 0 : -1);
        free(part);
    }
    small_fini(&to);
    small_fini(&s);
}

static void a_pending_part_is_missed_in_another_folder(void)
{
    struct small s, to;
    small_init(&s, "out/");
    small_init(&to, "other/");
    struct gy_instance *i = hand_open(&to.hand, "out", 0, 1);
    CU_ASSERT_EQUAL(gy_instance_restore_item(i, SINK_ITEMS_VERSION, &s.items.list.items[0]), 0);
    char *part = path_join(to.out, ".part-0-0");
    CU_ASSERT_EQUAL(unlink(part), 0);
    CU_ASSERT_NOT_EQUAL(gy_instance_commit(i, "t", &s.prepared), 0);
    CU_ASSERT(hand_failed(i, "part-0-0 is there: put it back"));
    gy_instance_free(i);
    free(part);
    small_fini(&to);
    small_fini(&s);
}

static void a_part_that_goes_before_it_is_committed_is_missed(void)
{
    struct small s;
    struct gyre_writer prepared = {0};
    small_init(&s, "out/");
    struct gy_instance *i = hand_open(&s.hand, "out", 0, 1);
    CU_ASSERT_EQUAL(hand_numbers(i, 0, 10), 0);
    CU_ASSERT_EQUAL(gy_instance_prepare(i, "t", &prepared), 0);
    char *part = path_join(s.out, ".part-0-0");
    CU_ASSERT_EQUAL(unlink(part), 0);
    CU_ASSERT_NOT_EQUAL(gy_instance_commit(i, "t", &prepared), 0);
    CU_ASSERT(hand_failed(i, "part-0-0 is there: put it back"));
    gy_instance_free(i);
    gy_free(prepared.data);
    free(part);
    small_fini(&s);
}

static void a_part_that_a_reader_took_away_is_taken_for_committed(void)
{
    struct small s;
    small_init(&s, "out/");
    struct gy_instance *i = small_restored(&s);
    CU_ASSERT_EQUAL(gy_instance_commit(i, "t", &s.prepared), 0);
    gy_instance_free(i);
    char *part = path_join(s.out, "part-0-0");
    CU_ASSERT_EQUAL(unlink(part), 0);
    i = small_restored(&s);
    CU_ASSERT_EQUAL(gy_instance_commit(i, "t", &s.prepared), 0);
    CU_ASSERT_EQUAL(hand_numbers(i, 10, 1), 0);
    gy_instance_free(i);
    CU_ASSERT_EQUAL(dir_count(s.out), 0);
    free(part);
    small_fini(&s);
}

static void files_that_only_begin_like_parts_survive_a_restore_and_no_first_run(void)
{
    static const char *const names[] = {"part-mine", "part-01-2", ".part-0-x", "part-0-7 ",
                                        "other"};
    struct small s;
    small_init(&s, "out/");
    for (size_t k = 0; k < 5; k++) {
        char *path = path_join(s.out, names[k]);
        file_write_text(path, "x");
        free(path);
    }
    char *beyond = path_join(s.out, "part-3-0"), *other = path_join(s.out, "other");
    file_write_text(beyond, "x");
    struct gy_instance *i = small_restored(&s);
    CU_ASSERT_EQUAL(gy_instance_flush(i, true), 0);
    gy_instance_free(i);
    CU_ASSERT_FALSE(file_exists(beyond));
    CU_ASSERT_EQUAL(dir_count(s.out), 6); /* and the pending part */
    i = hand_open(&s.hand, "out", 0, 1);
    CU_ASSERT_EQUAL(gy_instance_flush(i, true), 0);
    gy_instance_free(i);
    CU_ASSERT_EQUAL(dir_count(s.out), 1);
    CU_ASSERT(file_exists(other));
    free(beyond);
    free(other);
    small_fini(&s);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(part_files_show_each_row_once_whenever_processes_die, 300),
    SUITE_TEST_WITHIN(a_single_file_shows_each_row_once_whenever_processes_die, 300),
    SUITE_TEST_WITHIN(the_ledger_shows_each_row_once_whenever_processes_die, 300),
    SUITE_TEST(a_single_file_that_is_shorter_or_gone_is_refused_and_left_alone),
    SUITE_TEST(a_single_file_that_is_another_is_refused_and_left_alone),
    SUITE_TEST(parts_of_a_folder_that_is_gone_are_refused),
    SUITE_TEST(a_path_of_another_kind_is_refused),
    SUITE_TEST(a_part_that_was_taken_from_a_folder_that_has_moved_is_not_missed),
    SUITE_TEST(a_pending_part_is_missed_in_another_folder),
    SUITE_TEST(a_part_that_goes_before_it_is_committed_is_missed),
    SUITE_TEST(a_part_that_a_reader_took_away_is_taken_for_committed),
    SUITE_TEST(files_that_only_begin_like_parts_survive_a_restore_and_no_first_run),
};

SUITE_MAIN("sink_restore", tests)
