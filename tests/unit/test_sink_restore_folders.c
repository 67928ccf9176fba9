/* file.write through random snapshots and deaths (sink_world.h), compressed, rotated, and with a folder for
 * each value. GYRE_BIG=1: more seeds. */
#include "base/mem.h"
#include "files.h"
#include "suite.h"
#include "unit/hand.h"
#include "unit/sink_world.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void a_compressed_file_shows_each_row_once_whenever_processes_die(void)
{
    sink_world_seeds(SINK_PACKED_FILE, 15, 1000);
}

static void parts_that_are_rotated_show_each_row_once_whenever_processes_die(void)
{
    sink_world_seeds(SINK_ROTATED, 25, 2000);
}

static void folders_of_values_show_each_row_once_whenever_processes_die(void)
{
    sink_world_seeds(SINK_VALUES, 25, 2000);
}

/* ---- by hand ---- */

/* A job with one sink of these options, which writes below `dir`. */
struct sink_job {
    struct hand hand;
    char *dir;
};

static void job_init(struct sink_job *j, const char *options)
{
    memset(j, 0, sizeof *j);
    j->dir = dir_temp();
    char *text = text_format("job = \"t\"; snapshot = { every = \"1s\"; dir = \"s\"; };\n"
                             "operators = ( { id = \"in\"; op = \"gen.sequence\"; to = 0; },\n"
                             "{ id = \"out\"; op = \"file.write\"; input = \"in\"; %s } );\n",
                             options);
    hand_init(&j->hand, j->dir, text);
    free(text);
}

static void job_fini(struct sink_job *j)
{
    hand_fini(&j->hand);
    dir_end(j->dir);
}

static struct gy_instance *restored(struct sink_job *j, const struct gy_items *items, uint32_t task,
                                    uint32_t tasks)
{
    struct gy_instance *i = hand_open(&j->hand, "out", task, tasks);
    for (size_t k = 0; k < items->list.n; k++)
        CU_ASSERT_EQUAL(gy_instance_restore_item(i, SINK_ITEMS_VERSION, &items->list.items[k]), 0);
    return i;
}

static void expect_file(const struct sink_job *j, const char *name, const char *wanted)
{
    char *path = path_join(j->dir, name);
    char *text = file_exists(path) ? file_read(path, NULL) : strdup("(none)");
    CU_ASSERT_STRING_EQUAL(text, wanted);
    free(text);
    free(path);
}

/* A transaction of a part that a snapshot goes on with is undone when a later snapshot has failed: the part
 * is needed then. */
static void a_part_that_a_snapshot_goes_on_with_survives_the_undoing_of_its_transaction(void)
{
    struct sink_job j;
    struct gy_items items = {0};
    struct gyre_writer first = {0}, second = {0}, last = {0};
    job_init(&j, "path = \"out/\"; rotate_size = \"30B\";");
    struct gy_instance *i = hand_open(&j.hand, "out", 0, 1);
    CU_ASSERT_EQUAL(hand_numbers(i, 0, 5), 0);
    CU_ASSERT_EQUAL(gy_instance_prepare(i, "1", &first), 0);
    CU_ASSERT_EQUAL(gy_instance_save_items(i, &items), 0);
    CU_ASSERT_EQUAL(items.list.n, 2);
    CU_ASSERT_EQUAL(hand_numbers(i, 5, 20), 0);
    CU_ASSERT_EQUAL(gy_instance_prepare(i, "2", &second), 0);
    CU_ASSERT_EQUAL(gy_instance_abort(i, "2", &second), 0);
    gy_instance_free(i);
    i = restored(&j, &items, 0, 1);
    CU_ASSERT_EQUAL(hand_numbers(i, 5, 1), 0);
    CU_ASSERT_EQUAL(gy_instance_watermark(i, INT64_MAX), 0);
    CU_ASSERT_EQUAL(gy_instance_prepare(i, "3", &last), 0);
    CU_ASSERT_EQUAL(gy_instance_commit(i, "3", &last), 0);
    expect_file(&j, "out/part-0-0", "0\n1\n2\n3\n4\n5\n");
    gy_instance_free(i);
    gy_free(first.data), gy_free(second.data), gy_free(last.data);
    gy_items_fini(&items);
    job_fini(&j);
}

/* A snapshot, which is committed. */
static void take(struct gy_instance *i, const char *txn, struct gy_items *items)
{
    struct gyre_writer prepared = {0};
    CU_ASSERT_EQUAL(gy_instance_flush(i, true), 0);
    CU_ASSERT_EQUAL(gy_instance_prepare(i, txn, &prepared), 0);
    CU_ASSERT_EQUAL(gy_instance_save_items(i, items), 0);
    CU_ASSERT_EQUAL(gy_instance_commit(i, txn, &prepared), 0);
    gy_free(prepared.data);
}

static void a_part_is_shown_when_it_is_old_enough_though_no_row_comes(void)
{
    struct sink_job j;
    struct gy_items items[3] = {0};
    job_init(&j, "path = \"out/\"; rotate_time = \"10s\"; rotate_size = \"1MiB\";");
    struct gy_instance *i = hand_open(&j.hand, "out", 0, 1);
    CU_ASSERT_EQUAL(hand_numbers(i, 0, 2), 0);
    take(i, "1", &items[0]);
    expect_file(&j, "out/part-0-0", "(none)");
    gy_clock_manual_advance(&j.hand.clock, 9999999);
    take(i, "2", &items[1]);
    expect_file(&j, "out/part-0-0", "(none)");
    gy_clock_manual_advance(&j.hand.clock, 1);
    take(i, "3", &items[2]);
    expect_file(&j, "out/part-0-0", "0\n1\n");
    gy_instance_free(i);
    /* an older snapshot: it is hidden again, and has what it had */
    i = restored(&j, &items[0], 0, 1);
    CU_ASSERT_EQUAL(gy_instance_flush(i, true), 0);
    expect_file(&j, "out/part-0-0", "(none)");
    expect_file(&j, "out/.part-0-0", "0\n1\n");
    gy_instance_free(i);
    for (int k = 0; k < 3; k++)
        gy_items_fini(&items[k]);
    job_fini(&j);
}

static void a_part_that_is_gone_on_with_and_is_gone_or_another_is_refused(void)
{
    struct sink_job j;
    struct gy_items items = {0};
    job_init(&j, "path = \"out/\"; rotate_size = \"1MiB\";");
    struct gy_instance *i = hand_open(&j.hand, "out", 0, 1);
    char *part = path_join(j.dir, "out/.part-0-0");
    CU_ASSERT_EQUAL(hand_numbers(i, 0, 10), 0);
    take(i, "1", &items);
    gy_instance_free(i);
    file_write_text(part, "a line of others, and one more\n");
    i = restored(&j, &items, 0, 1);
    CU_ASSERT_NOT_EQUAL(gy_instance_flush(i, true), 0);
    CU_ASSERT(hand_failed(i, "is not the file of the snapshot: what precedes byte 20"));
    gy_instance_free(i);
    CU_ASSERT_EQUAL(unlink(part), 0);
    i = restored(&j, &items, 0, 1);
    CU_ASSERT_NOT_EQUAL(hand_numbers(i, 10, 1), 0);
    CU_ASSERT(hand_failed(i, "part-0-0 is there, which the snapshot goes on with: put it back"));
    gy_instance_free(i);
    gy_items_fini(&items);
    free(part);
    job_fini(&j);
}

/* Fewer tasks: two parts of one folder are one task's then, and it goes on with one of them. */
static void another_task_goes_on_with_the_parts_of_one_that_is_no_more(void)
{
    struct sink_job j;
    struct gy_items items[2] = {0}, after = {0};
    struct gyre_writer last = {0};
    job_init(&j, "path = \"out/\"; rotate_size = \"1MiB\";");
    for (uint32_t t = 0; t < 2; t++) {
        struct gy_instance *i = hand_open(&j.hand, "out", t, 2);
        CU_ASSERT_EQUAL(hand_numbers(i, 10 * t, 2), 0);
        take(i, "1", &items[t]);
        gy_instance_free(i);
    }
    struct gy_instance *i = restored(&j, &items[0], 0, 1);
    for (size_t k = 0; k < items[1].list.n; k++)
        CU_ASSERT_EQUAL(gy_instance_restore_item(i, SINK_ITEMS_VERSION, &items[1].list.items[k]),
                        0);
    CU_ASSERT_EQUAL(hand_numbers(i, 20, 1), 0);
    CU_ASSERT_EQUAL(gy_instance_watermark(i, INT64_MAX), 0);
    CU_ASSERT_EQUAL(gy_instance_prepare(i, "2", &last), 0);
    CU_ASSERT_EQUAL(gy_instance_save_items(i, &after), 0);
    CU_ASSERT_EQUAL(after.list.n, 2); /* the two tasks, and no part */
    CU_ASSERT_EQUAL(gy_instance_commit(i, "2", &last), 0);
    expect_file(&j, "out/part-0-0", "0\n1\n20\n");
    expect_file(&j, "out/part-1-0", "10\n11\n");
    gy_instance_free(i);
    gy_free(last.data);
    gy_items_fini(&items[0]), gy_items_fini(&items[1]), gy_items_fini(&after);
    job_fini(&j);
}

static void a_file_that_was_compressed_otherwise_is_refused(void)
{
    struct sink_job j, other;
    struct gy_items items = {0};
    job_init(&j, "path = \"out\"; compression = \"gzip\";");
    job_init(&other, "path = \"out\"; compression = \"zstd\";");
    struct gy_instance *i = hand_open(&j.hand, "out", 0, 1);
    CU_ASSERT_EQUAL(hand_numbers(i, 0, 2), 0);
    take(i, "1", &items);
    gy_instance_free(i);
    i = hand_open(&other.hand, "out", 0, 1);
    CU_ASSERT_NOT_EQUAL(gy_instance_restore_item(i, SINK_ITEMS_VERSION, &items.list.items[0]), 0);
    CU_ASSERT(hand_failed(i, "was written with compression = \"gzip\" in the snapshot, and is with "
                             "\"zstd\": put it back"));
    gy_instance_free(i);
    gy_items_fini(&items);
    job_fini(&j);
    job_fini(&other);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(a_compressed_file_shows_each_row_once_whenever_processes_die, 900),
    SUITE_TEST_WITHIN(parts_that_are_rotated_show_each_row_once_whenever_processes_die, 900),
    SUITE_TEST_WITHIN(folders_of_values_show_each_row_once_whenever_processes_die, 900),
    SUITE_TEST(a_part_that_a_snapshot_goes_on_with_survives_the_undoing_of_its_transaction),
    SUITE_TEST(a_part_is_shown_when_it_is_old_enough_though_no_row_comes),
    SUITE_TEST(a_part_that_is_gone_on_with_and_is_gone_or_another_is_refused),
    SUITE_TEST(another_task_goes_on_with_the_parts_of_one_that_is_no_more),
    SUITE_TEST(a_file_that_was_compressed_otherwise_is_refused),
};
SUITE_MAIN("sink_restore_folders", tests)
