/* file.read by hand: what happens to a followed file, case by case; test_plugin_file_follow_seeds.c
 * plays them in random order. The clock is the test's: a look comes when it says so. */
#include "file_rig.h"
#include "files.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECOND_US = 1000000 };

struct follow {
    struct rig rig;
    char *dir, *pattern;
    uint8_t position[8192];
    size_t position_length;
    int64_t written_ns; /* files change one after the other, whatever the clock's tick */
};

static void each_row(struct rig *rig, uint32_t row)
{
    const struct gyre_str *line = (struct gyre_str *)rig->data[0] + row;
    rig_say(rig, gyre_str_data(line), line->len);
    rig_say(rig, ";", 1);
}

static void follow_init(struct follow *f, const char *pattern)
{
    memset(f, 0, sizeof *f);
    f->dir = dir_temp();
    f->pattern = path_join(f->dir, pattern);
    f->written_ns = 1;
    rig_init(&f->rig, f->pattern, LINES);
    *(int32_t *)rig_option(&f->rig, "follow") = 1;
    *(int64_t *)rig_option(&f->rig, "rotate_wait") = 5 * SECOND_US;
    f->rig.on_row = each_row;
    rig_open(&f->rig);
    rig_add_file(&f->rig, NULL);
}

static void follow_fini(struct follow *f)
{
    rig_close(&f->rig);
    rig_fini(&f->rig);
    free(f->pattern);
    dir_end(f->dir);
}

/* Looks for so long; at least once. */
static void look_for(struct follow *f, int64_t time_us)
{
    int64_t until_us = f->rig.now_us + time_us;
    do {
        struct gyre_poll poll = rig_poll(&f->rig, 100);
        CU_ASSERT_NOT_EQUAL_FATAL(poll.status, GYRE_POLL_SPLIT);
        if (poll.status == GYRE_POLL_IDLE)
            f->rig.now_us = poll.wake_us;
    } while (f->rig.now_us <= until_us);
}

/* Asserts what has come since the last time. */
static void came(struct follow *f, const char *rows)
{
    if (strcmp(f->rig.log, rows) != 0)
        printf("\"%s\" instead of \"%s\"\n%s", f->rig.log, rows, f->rig.said);
    CU_ASSERT_STRING_EQUAL(f->rig.log, rows);
    f->rig.log[f->rig.log_length = 0] = 0;
}

static void look(struct follow *f, const char *rows)
{
    look_for(f, 0);
    came(f, rows);
}

static bool said(const struct follow *f, const char *text)
{
    return strstr(f->rig.said, text) != NULL;
}

static void touch(struct follow *f, int fd)
{
    f->written_ns += 1000000;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_nsec = f->written_ns}};
    CU_ASSERT_EQUAL_FATAL(futimens(fd, times), 0);
}

static int file_open(struct follow *f, const char *name, int flags)
{
    char *path = path_join(f->dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);
    free(path);
    CU_ASSERT_FATAL(fd >= 0);
    return fd;
}

static void put(struct follow *f, int fd, const char *text)
{
    CU_ASSERT_EQUAL_FATAL(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    touch(f, fd);
}

static void put_file(struct follow *f, const char *name, const char *text)
{
    int fd = file_open(f, name, O_APPEND);
    put(f, fd, text);
    close(fd);
}

static void move(struct follow *f, const char *from, const char *to)
{
    char *old = path_join(f->dir, from), *new = path_join(f->dir, to);
    CU_ASSERT_EQUAL_FATAL(rename(old, new), 0);
    free(old);
    free(new);
}

static void delete (struct follow *f, const char *name)
{
    char *path = path_join(f->dir, name);
    CU_ASSERT_EQUAL_FATAL(unlink(path), 0);
    free(path);
}

static void copy(struct follow *f, const char *from, const char *to)
{
    char *path = path_join(f->dir, from), *text = file_read(path, NULL);
    put_file(f, to, text);
    free(text);
    free(path);
}

static int32_t no_room(struct gyre_writer *writer, size_t more)
{
    (void)more;
    return writer->error = GYRE_ENOMEM;
}

static void save(struct follow *f)
{
    struct gyre_writer writer = {.size = sizeof writer,
                                 .data = f->position,
                                 .capacity = sizeof f->position,
                                 .grow = no_room};
    CU_ASSERT_EQUAL_FATAL(f->rig.op->save_split(f->rig.self, &f->rig.ctx, 0, &writer), 0);
    f->position_length = writer.length;
}

static void restart(struct follow *f)
{
    rig_close(&f->rig);
    rig_open(&f->rig);
    struct gyre_reader reader = {
        .size = sizeof reader, .data = f->position, .length = f->position_length};
    rig_add_file(&f->rig, &reader);
}

/* ---- rotation by renaming ---------------------------------------------------------------------- */

static void a_renamed_file_is_read_on_beside_its_successor(void)
{
    struct follow f;
    follow_init(&f, "app.log");
    int slow = file_open(&f, "app.log", O_APPEND);
    put(&f, slow, "one\nhalf");
    look(&f, "one;");
    move(&f, "app.log", "app.log.1");
    put_file(&f, "app.log", "new\n");
    look(&f, "new;");
    look_for(&f, 4 * SECOND_US);
    came(&f, "");
    put(&f, slow, " line\n");
    look(&f, "half line;");
    for (int i = 0; i < 3; i++) { /* as long as something comes */
        look_for(&f, 4 * SECOND_US);
        put(&f, slow, "late\n");
        put_file(&f, "app.log", "more\n");
        look(&f, "late;more;");
    }
    put(&f, slow, "the last");
    look_for(&f, 4 * SECOND_US);
    came(&f, "");
    look_for(&f, 2 * SECOND_US);
    came(&f, "the last;");
    put(&f, slow, "nobody's\n");
    put_file(&f, "app.log", "end\n");
    look_for(&f, 6 * SECOND_US);
    came(&f, "end;");
    CU_ASSERT(said(&f, "app.log was renamed: what still comes to the old file is read"));
    close(slow);
    follow_fini(&f);
}

static void a_renamed_file_is_waited_on_without_limit_while_its_successor_is_empty(void)
{
    struct follow f;
    follow_init(&f, "app.log");
    int fd = file_open(&f, "app.log", O_APPEND);
    put(&f, fd, "one\n");
    look(&f, "one;");
    move(&f, "app.log", "app.log.1");
    look_for(&f, 20 * SECOND_US);
    close(file_open(&f, "app.log", 0));
    look_for(&f, 20 * SECOND_US);
    put(&f, fd, "two\n");
    put_file(&f, "app.log", "three\n");
    look(&f, "two;three;");
    close(fd);
    follow_fini(&f);
}

static void a_file_that_gets_another_name_of_the_glob_is_not_read_again(void)
{
    struct follow f;
    follow_init(&f, "app.log*");
    put_file(&f, "app.log.1", "one\n");
    put_file(&f, "app.log", "two\n");
    look(&f, "one;two;");
    move(&f, "app.log.1", "app.log.2");
    move(&f, "app.log", "app.log.1");
    look(&f, "");
    save(&f);
    put_file(&f, "app.log", "three\n");
    put_file(&f, "app.log.1", "late\n");
    look(&f, "late;three;");
    move(&f, "app.log.2", "app.log.3");
    move(&f, "app.log.1", "app.log.2");
    move(&f, "app.log", "app.log.1");
    put_file(&f, "app.log", "four\n");
    look(&f, "four;");
    restart(&f);
    look(&f, "late;three;four;");
    follow_fini(&f);
}

static void a_file_that_comes_back_is_known(void)
{
    struct follow f;
    follow_init(&f, "*.log");
    put_file(&f, "a.log", "one\n");
    look(&f, "one;");
    move(&f, "a.log", "away");
    look_for(&f, 10 * SECOND_US);
    put_file(&f, "away", "two\n");
    look(&f, "");
    save(&f);
    move(&f, "away", "b.log");
    look(&f, "two;");
    restart(&f);
    look(&f, "two;");
    follow_fini(&f);
}

static void new_files_of_a_glob_are_read(void)
{
    struct follow f;
    follow_init(&f, "*.log");
    look(&f, "");
    CU_ASSERT(said(&f, "waiting for "));
    put_file(&f, "b.log", "one\n");
    char *folder = path_join(f.dir, "folder.log");
    CU_ASSERT_EQUAL(mkdir(folder, 0700), 0);
    free(folder);
    look(&f, "one;");
    put_file(&f, "z.log", "older\n");
    put_file(&f, "a.log", "newer\n");
    put_file(&f, "a.txt", "not meant\n");
    look(&f, "older;newer;");
    save(&f);
    restart(&f);
    put_file(&f, "c.log", "three\n");
    look(&f, "three;");
    follow_fini(&f);
}

static void what_rotation_compresses_is_passed_over(void)
{
    struct follow f;
    follow_init(&f, "app.log*");
    put_file(&f, "app.log", "one\n");
    put_file(&f, "app.log.1.gz", "\x1f\x8b\x08text\n");
    look(&f, "one;");
    CU_ASSERT(said(&f, "app.log.1.gz is compressed, and passed over"));
    follow_fini(&f);
}

static void a_file_in_the_middle_of_two_rotations_is_read_or_warned_of(void)
{
    static const char warning[] = "app.log was rotated more than once between two looks: what ";
    for (int is_glob = 0; is_glob < 2; is_glob++) {
        for (int restarts = 0; restarts < 2; restarts++) {
            struct follow f;
            follow_init(&f, is_glob ? "app.log*" : "app.log");
            put_file(&f, "app.log.7", "of old times\n");
            put_file(&f, "app.log", "one\n");
            look(&f, is_glob ? "of old times;one;" : "one;");
            save(&f);
            move(&f, "app.log", "app.log.1");
            put_file(&f, "app.log", "two\n");
            move(&f, "app.log.1", "app.log.2");
            move(&f, "app.log", "app.log.1");
            put_file(&f, "app.log", "three\n");
            if (restarts)
                restart(&f);
            look(&f, is_glob ? "two;three;" : "three;");
            CU_ASSERT_EQUAL(said(&f, warning), !is_glob);
            CU_ASSERT_EQUAL(said(&f, "app.log.1 holds may be missing"), !is_glob);
            follow_fini(&f);
        }
    }
}

static void one_rotation_is_not_warned_of(void)
{
    struct follow f;
    follow_init(&f, "app.log");
    put_file(&f, "app.log.1", "of old times\n");
    put_file(&f, "app.log", "one\n");
    look(&f, "one;");
    move(&f, "app.log.1", "app.log.2");
    put_file(&f, "app.log", "two\n");
    move(&f, "app.log", "app.log.1");
    put_file(&f, "app.log", "three\n");
    look(&f, "two;three;");
    CU_ASSERT_FALSE(said(&f, "missing"));
    follow_fini(&f);
}

/* ---- truncation -------------------------------------------------------------------------------- */

static void the_hole_of_a_truncated_file_is_passed_over(void)
{
    static const char *const forms[][2] = {{"row one\nha", "lf\nrow two\n"},
                                           {"row one\n", "half\nrow two\n"}};
    for (int i = 0; i < 2; i++) {
        for (int looks = 0; looks < 2; looks++) { /* while it is empty */
            struct follow f;
            follow_init(&f, "app.log");
            int fd = file_open(&f, "app.log", 0);
            put(&f, fd, forms[i][0]);
            look(&f, "row one;");
            CU_ASSERT_EQUAL(ftruncate(fd, 0), 0);
            if (looks)
                look(&f, "");
            put(&f, fd, forms[i][1]);
            look(&f, "half;row two;");
            CU_ASSERT(said(&f, " zeros at byte 0 are passed over"));
            save(&f);
            restart(&f);
            put(&f, fd, "row three\n");
            look(&f, "row three;");
            close(fd);
            follow_fini(&f);
        }
    }
}

/* The line's first half is in no file any more. */
static void a_line_that_goes_on_behind_a_hole_outlives_a_restart(void)
{
    struct follow f;
    follow_init(&f, "app.log");
    int fd = file_open(&f, "app.log", 0);
    put(&f, fd, "row one of some length, more than that\nha");
    look(&f, "row one of some length, more than that;");
    CU_ASSERT_EQUAL(ftruncate(fd, 0), 0);
    put(&f, fd, "l");
    look(&f, "");
    for (int i = 0; i < 3; i++) {
        save(&f);
        restart(&f);
        if (i != 1)
            look(&f, "");
    }
    put(&f, fd, "f\n");
    look(&f, "half;");
    close(fd);
    follow_fini(&f);
}

static void a_hole_between_lines_is_passed_over_when_text_has_come_behind_it(void)
{
    struct follow f;
    follow_init(&f, "app.log");
    int fd = file_open(&f, "app.log", 0);
    put(&f, fd, "one\n");
    CU_ASSERT_EQUAL(ftruncate(fd, 300000), 0);
    look(&f, "one;");
    put(&f, fd, "two\n"); /* into what was made ready for it */
    look(&f, "two;");
    CU_ASSERT_FALSE(said(&f, "zeros"));
    CU_ASSERT_EQUAL(lseek(fd, 0, SEEK_END), 300000);
    put(&f, fd, "three\n");
    look(&f, "three;");
    CU_ASSERT(said(&f, "299992 zeros at byte 8"));
    CU_ASSERT_EQUAL(write(fd, "a\0b\n", 4), 4); /* within a line it is what it is */
    look_for(&f, 0);
    CU_ASSERT(f.rig.log_length == 4 && memcmp(f.rig.log, "a\0b;", 4) == 0);
    close(fd);
    follow_fini(&f);
}

/* The copy is met before the truncation, after it, or after a restart; it holds more than was read. */
static void a_copy_that_the_glob_means_is_read_on_where_the_truncated_file_was(void)
{
    for (int looks = 0; looks < 2; looks++) {
        for (int restarts = 0; restarts < 2; restarts++) {
            struct follow f;
            follow_init(&f, "app.log*");
            int fd = file_open(&f, "app.log", O_APPEND);
            put(&f, fd, "one\ntw");
            look(&f, "one;");
            save(&f);
            put(&f, fd, "o\nthree\nfo");
            copy(&f, "app.log", "app.log.1");
            if (looks)
                look(&f, "two;three;");
            CU_ASSERT_EQUAL(ftruncate(fd, 0), 0);
            put(&f, fd, "ur\nfive\n");
            if (restarts)
                restart(&f);
            look(&f, looks && !restarts ? "four;five;" : "two;three;four;five;");
            look_for(&f, 10 * SECOND_US);
            came(&f, "");
            CU_ASSERT(said(&f, "is a copy of "));
            close(fd);
            follow_fini(&f);
        }
    }
}

static void a_file_that_only_begins_as_another_is_one_of_its_own(void)
{
    struct follow f;
    follow_init(&f, "*.log");
    put_file(&f, "a.log", "start\nready\n");
    look(&f, "start;ready;");
    put_file(&f, "b.log", "start\n");
    look_for(&f, 4 * SECOND_US);
    came(&f, "");
    put_file(&f, "b.log", "error\n");
    look(&f, "start;error;");
    put_file(&f, "c.log", "start\nready\n");
    look_for(&f, 6 * SECOND_US);
    came(&f, "start;ready;");
    follow_fini(&f);
}

/* ---- files that are not there ------------------------------------------------------------------ */

static void a_missing_file_or_folder_is_waited_for_with_one_line(void)
{
    struct follow f;
    follow_init(&f, "folder/app.log");
    look_for(&f, SECOND_US);
    char *line = text_format("waiting for %s\n", f.pattern);
    CU_ASSERT_STRING_EQUAL(f.rig.said, line);
    char *folder = path_join(f.dir, "folder");
    CU_ASSERT_EQUAL(mkdir(folder, 0700), 0);
    save(&f);
    restart(&f);
    put_file(&f, "folder/app.log", "one\n");
    look(&f, "one;");
    CU_ASSERT_STRING_EQUAL(f.rig.said, line);
    free(folder);
    free(line);
    follow_fini(&f);
}

static void a_removed_file_is_read_on_and_given_up(void)
{
    struct follow f;
    follow_init(&f, "app.log");
    int fd = file_open(&f, "app.log", O_APPEND);
    put(&f, fd, "one\n");
    look(&f, "one;");
    delete (&f, "app.log");
    put(&f, fd, "two\nlast");
    look(&f, "two;");
    look_for(&f, 6 * SECOND_US);
    came(&f, "last;");
    CU_ASSERT(said(&f, "app.log was removed"));
    look(&f, "");
    CU_ASSERT(said(&f, "waiting for "));
    put_file(&f, "app.log", "three\n");
    look(&f, "three;");
    close(fd);
    follow_fini(&f);
}

static const struct suite_test tests[] = {
    SUITE_TEST(a_renamed_file_is_read_on_beside_its_successor),
    SUITE_TEST(a_renamed_file_is_waited_on_without_limit_while_its_successor_is_empty),
    SUITE_TEST(a_file_that_gets_another_name_of_the_glob_is_not_read_again),
    SUITE_TEST(a_file_that_comes_back_is_known),
    SUITE_TEST(new_files_of_a_glob_are_read),
    SUITE_TEST(what_rotation_compresses_is_passed_over),
    SUITE_TEST(a_file_in_the_middle_of_two_rotations_is_read_or_warned_of),
    SUITE_TEST(one_rotation_is_not_warned_of),
    SUITE_TEST(the_hole_of_a_truncated_file_is_passed_over),
    SUITE_TEST(a_line_that_goes_on_behind_a_hole_outlives_a_restart),
    SUITE_TEST(a_hole_between_lines_is_passed_over_when_text_has_come_behind_it),
    SUITE_TEST(a_copy_that_the_glob_means_is_read_on_where_the_truncated_file_was),
    SUITE_TEST(a_file_that_only_begins_as_another_is_one_of_its_own),
    SUITE_TEST(a_missing_file_or_folder_is_waited_for_with_one_line),
    SUITE_TEST(a_removed_file_is_read_on_and_given_up),
};
SUITE_MAIN("plugin_file_follow", tests)
