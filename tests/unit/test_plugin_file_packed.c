/* file.read by hand on compressed files: what they hold, where it ends, and how it is gone on with;
 * see file_rig.h and packed.h. */
#include "file_rig.h"
#include "files.h"
#include "packed.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { POSITION = 48, FRAME_AT = 32 };

static const int codecs[] = {PACKED_GZIP, PACKED_ZSTD};
static const char *const names[] = {"auto", "none", "gzip", "zstd"};

static const char text[] = "to be or not to be\n\nthat is the question\r\nwhether it is nobler\n"
                           "in the mind\nto suffer\nthe slings\nand arrows\nof outrageous";

/* ---- a place for one file ---- */

struct place {
    char *dir, *path;
    struct rig rig;
};

static void log_line(struct rig *rig, uint32_t row)
{
    const struct gyre_str *line = (struct gyre_str *)rig->data[0] + row;
    rig_say(rig, "<", 1);
    rig_say(rig, gyre_str_data(line), line->len);
    rig_say(rig, ">", 1);
}

static void begin(struct place *p)
{
    p->dir = dir_temp();
    p->path = path_join(p->dir, "file");
}

static void end(struct place *p)
{
    free(p->path);
    dir_end(p->dir);
}

/* What comes of a file of these bytes; free() it. */
static char *read_all(struct place *p, const void *bytes, size_t n, int codec)
{
    file_write(p->path, bytes, n);
    rig_init(&p->rig, p->path, LINES);
    p->rig.on_row = log_line;
    *(int32_t *)rig_option(&p->rig, "compression") = codec;
    rig_open(&p->rig);
    rig_add_file(&p->rig, NULL);
    while (rig_poll(&p->rig, 3).status != GYRE_POLL_SPLIT) {}
    rig_close(&p->rig);
    char *log = strdup(p->rig.log);
    rig_fini(&p->rig);
    return log;
}

/* ---- tests ---- */

static void what_is_compressed_is_read_as_if_it_were_not(void)
{
    struct place p;
    begin(&p);
    char *want = read_all(&p, text, strlen(text), PACKED_NONE);
    CU_ASSERT_PTR_NOT_NULL(strstr(want, "<><that is the question><whether"));
    for (size_t c = 0; c < 2; c++) {
        for (size_t piece = 1; piece < sizeof text; piece++) {
            struct packed packed = {0};
            packed_text(&packed, codecs[c], text, piece);
            char *log = read_all(&p, packed.bytes, packed.n, piece % 2 ? PACKED_AUTO : codecs[c]);
            CU_ASSERT_STRING_EQUAL(log, want);
            free(log);
            log = read_all(&p, packed.bytes, packed.n, PACKED_NONE);
            CU_ASSERT_STRING_NOT_EQUAL(log, want);
            free(log);
            free(packed.bytes);
        }
    }
    free(want);
    end(&p);
}

static void what_begins_like_a_compressed_file_and_is_none_is_read_as_it_is(void)
{
    static const char *const plain[] = {"",       "\x1f",      "\x1f\n\x8b", "(",
                                        "(\xb5/", "(\xb5/x\n", "P*M"};
    struct place p;
    begin(&p);
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        char *want = read_all(&p, plain[i], strlen(plain[i]), PACKED_NONE);
        char *log = read_all(&p, plain[i], strlen(plain[i]), PACKED_AUTO);
        CU_ASSERT_STRING_EQUAL(log, want);
        free(log);
        free(want);
    }
    for (size_t c = 0; c < 2; c++) {
        char *log = read_all(&p, "", 0, codecs[c]);
        CU_ASSERT_STRING_EQUAL(log, "");
        free(log);
        log = read_all(&p, "plain\n", 6, codecs[c]);
        CU_ASSERT_PTR_NOT_NULL(strstr(log, " data is damaged ("));
        free(log);
    }
    end(&p);
}

/* Wherever it ends, lines that are whole come, and what is cut off is told with the place. */
static void a_file_that_ends_early_is_told_and_gives_no_part_of_a_line_for_a_line(void)
{
    struct place p;
    begin(&p);
    for (size_t c = 0; c < 2; c++) {
        struct packed packed = {0};
        packed_text(&packed, codecs[c], text, 40);
        char *want = read_all(&p, packed.bytes, packed.n, PACKED_AUTO);
        for (size_t n = 4u; n < packed.n; n++) {
            char *log = read_all(&p, packed.bytes, n, PACKED_AUTO), *bad = strchr(log, '!');
            size_t length = bad != NULL ? (size_t)(bad - log) : strlen(log);
            char *told = text_format("its %s data ends early, at byte %zu,", names[codecs[c]], n);
            if (bad == NULL) { /* between two frames: nobody can tell */
                const char *last = strrchr(log, '<');
                CU_ASSERT(last != NULL && strncmp(log, want, (size_t)(last - log)) == 0);
            } else {
                CU_ASSERT(strncmp(bad + 1, p.path, strlen(p.path)) == 0);
                CU_ASSERT_PTR_NOT_NULL(strstr(bad, told));
                CU_ASSERT(strncmp(log, want, length) == 0);
            }
            free(told);
            free(log);
        }
        free(want);
        free(packed.bytes);
    }
    end(&p);
}

/* Rows before the damage come as they are; and it comes to an end. */
static void a_damaged_byte_is_told_wherever_it_is(void)
{
    struct place p;
    begin(&p);
    struct packed packed = {0};
    packed_text(&packed, PACKED_GZIP, text, 40);
    for (size_t i = 0; i < packed.n; i++) {
        size_t in_frame = i % (40 + 23);
        packed.bytes[i] ^= 0x40;
        char *log = read_all(&p, packed.bytes, packed.n, PACKED_GZIP);
        packed.bytes[i] ^= 0x40;
        if (in_frame < 4 || in_frame > 10) /* else it is when and where it was made, or a gap */
            CU_ASSERT_PTR_NOT_NULL(strstr(log, "its gzip data "));
        free(log);
    }
    free(packed.bytes);
    packed = (struct packed){0};
    packed_text(&packed, PACKED_ZSTD, text, 40); /* has no sum of what it holds */
    for (size_t i = 0; i < packed.n; i++) {
        packed.bytes[i] ^= 0x40;
        free(read_all(&p, packed.bytes, packed.n, PACKED_ZSTD));
        packed.bytes[i] ^= 0x40;
    }
    free(packed.bytes);
    end(&p);
}

static void zeros_behind_the_last_member_are_nothing_and_other_bytes_are_told(void)
{
    struct place p;
    struct packed packed = {0};
    begin(&p);
    packed_text(&packed, PACKED_GZIP, "to be\n", 100);
    packed_add(&packed, (char[600]){0}, 600);
    char *log = read_all(&p, packed.bytes, packed.n, PACKED_AUTO);
    CU_ASSERT_STRING_EQUAL(log, "<to be>");
    free(log);
    packed_add(&packed, "junk", 4);
    log = read_all(&p, packed.bytes, packed.n, PACKED_AUTO);
    CU_ASSERT(strncmp(log, "<to be>!", 8) == 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(log, "which is byte 6 of what it holds"));
    free(log);
    free(packed.bytes);
    end(&p);
}

/* ---- going on ---- */

/* Reads on from a position: what comes. */
static char *go_on(struct place *p, const uint8_t position[POSITION])
{
    struct rig rig;
    struct gyre_reader reader = {
        .size = sizeof reader, .data = position, .length = POSITION, .position = 0};
    rig_init(&rig, p->path, LINES);
    rig.on_row = log_line;
    rig_open(&rig);
    rig_add_file(&rig, &reader);
    while (rig_poll(&rig, 3).status != GYRE_POLL_SPLIT) {}
    rig_close(&rig);
    char *log = strdup(rig.log);
    rig_fini(&rig);
    return log;
}

static void save(struct rig *rig, uint8_t position[POSITION])
{
    struct gyre_writer writer = {.size = sizeof writer, .data = position, .capacity = POSITION};
    CU_ASSERT_EQUAL_FATAL(rig->op->save_split(rig->self, &rig->ctx, 0, &writer), 0);
    CU_ASSERT_EQUAL_FATAL(writer.length, POSITION);
}

static uint64_t number_at(const uint8_t *position, size_t at)
{
    uint64_t number;
    memcpy(&number, position + at, sizeof number);
    return number;
}

/* Saves after each row; what comes behind it, with what came before, is all. */
static void go_on_everywhere(struct place *p, int codec, size_t piece)
{
    struct packed packed = {0};
    uint8_t position[POSITION];
    struct rig rig;
    uint64_t frame_at = 0;
    packed_text(&packed, codec, text, piece);
    char *want = read_all(p, packed.bytes, packed.n, PACKED_AUTO);
    rig_init(&rig, p->path, LINES);
    rig.on_row = log_line;
    rig_open(&rig);
    rig_add_file(&rig, NULL);
    for (bool is_end = false; !is_end;) {
        is_end = rig_poll(&rig, 1).status == GYRE_POLL_SPLIT;
        if (is_end)
            break;
        save(&rig, position);
        char *rest = go_on(p, position), *all = text_format("%s%s", rig.log, rest);
        CU_ASSERT_STRING_EQUAL(all, want);
        free(all);
        free(rest);
        frame_at = number_at(position, FRAME_AT);
    }
    CU_ASSERT(piece < 20 || piece > 100 || frame_at > 0); /* not from the start */
    rig_close(&rig);
    rig_fini(&rig);
    free(want);
    free(packed.bytes);
}

static void a_position_is_gone_on_with_from_the_frame_before_it(void)
{
    struct place p;
    begin(&p);
    for (size_t c = 0; c < 2; c++)
        for (size_t piece = 1; piece < sizeof text + 1; piece += piece < 8 ? 1 : 13)
            go_on_everywhere(&p, codecs[c], piece);
    end(&p);
}

static void a_file_that_is_another_than_in_the_snapshot_is_refused(void)
{
    struct place p;
    struct packed packed = {0};
    uint8_t position[POSITION];
    begin(&p);
    packed_text(&packed, PACKED_GZIP, text, 1000);
    file_write(p.path, packed.bytes, packed.n);
    rig_init(&p.rig, p.path, LINES);
    p.rig.on_row = log_line;
    rig_open(&p.rig);
    rig_add_file(&p.rig, NULL);
    rig_poll(&p.rig, 2);
    save(&p.rig, position);
    rig_close(&p.rig);
    for (int other = 0; other < 2; other++) {
        struct gyre_reader reader = {.size = sizeof reader, .data = position, .length = POSITION};
        struct gyre_poll poll = {.size = sizeof poll, .budget = 3, .fd = -1};
        packed.n = 0;
        packed_text(&packed, other ? PACKED_NONE : PACKED_ZSTD, text, 1000);
        packed_add(&packed, text, sizeof text);
        file_write(p.path, packed.bytes, packed.n);
        rig_open(&p.rig);
        rig_add_file(&p.rig, &reader);
        CU_ASSERT_NOT_EQUAL(p.rig.op->poll(p.rig.self, &p.rig.ctx, &poll), 0);
        CU_ASSERT_PTR_NOT_NULL(strstr(p.rig.error.text, " is not the file of the snapshot: "));
        rig_close(&p.rig);
    }
    rig_fini(&p.rig);
    free(packed.bytes);
    end(&p);
}

/* ---- bombs, pipes ---- */

/* A GiB of one line in 32 KiB: it is one bad row, no memory is kept, and no call takes long. */
static void a_line_that_grows_without_end_is_one_bad_row_and_holds_nobody_up(void)
{
    struct place p;
    struct packed packed = {0};
    unsigned polls = 0;
    begin(&p);
    packed_bomb(&packed, 'x', 8 << 10, 20);
    packed_text(&packed, PACKED_ZSTD, "\nto be\n", 100);
    file_write(p.path, packed.bytes, packed.n);
    rig_init(&p.rig, p.path, LINES);
    p.rig.on_row = log_line;
    rig_open(&p.rig);
    rig_add_file(&p.rig, NULL);
    for (; rig_poll(&p.rig, 3).status != GYRE_POLL_SPLIT; polls++) {}
    CU_ASSERT(polls >= 64);
    CU_ASSERT(p.rig.log_length < 8192);
    CU_ASSERT_PTR_NOT_NULL(strstr(p.rig.log, "is longer than row_max"));
    CU_ASSERT_STRING_EQUAL(p.rig.log + p.rig.log_length - 7, "<to be>");
    rig_close(&p.rig);
    rig_fini(&p.rig);
    free(packed.bytes);
    end(&p);
}

static void a_frame_that_asks_for_more_than_128_mib_is_refused(void)
{
    struct place p;
    begin(&p);
    for (int log = 27; log <= 28; log++) {
        struct packed packed = {0};
        packed_bomb(&packed, '\n', 1, log);
        char *told = read_all(&p, packed.bytes, packed.n, PACKED_AUTO);
        CU_ASSERT_EQUAL(strstr(told, "too much memory") != NULL, log == 28);
        free(told);
        free(packed.bytes);
    }
    end(&p);
}

/* A member of nothing is 20 bytes or so: many of them take more than one call. */
static void members_of_nothing_hold_nobody_up(void)
{
    struct place p;
    struct packed packed = {0};
    unsigned polls = 0;
    begin(&p);
    for (int i = 0; i < 500000; i++)
        packed_frame(&packed, PACKED_GZIP, "", 0);
    packed_text(&packed, PACKED_GZIP, "to be\n", 100);
    file_write(p.path, packed.bytes, packed.n);
    rig_init(&p.rig, p.path, LINES);
    p.rig.on_row = log_line;
    rig_open(&p.rig);
    rig_add_file(&p.rig, NULL);
    for (; rig_poll(&p.rig, 3).status != GYRE_POLL_SPLIT; polls++) {}
    CU_ASSERT(polls >= 1);
    CU_ASSERT_STRING_EQUAL(p.rig.log, "<to be>");
    rig_close(&p.rig);
    rig_fini(&p.rig);
    free(packed.bytes);
    end(&p);
}

static void a_pipe_is_looked_at_when_its_first_bytes_come(void)
{
    struct place p;
    begin(&p);
    CU_ASSERT_EQUAL_FATAL(mkfifo(p.path, 0600), 0);
    for (int codec = PACKED_NONE; codec <= PACKED_ZSTD; codec++) {
        struct packed packed = {0};
        int fd = open(p.path, O_RDWR);
        packed_text(&packed, codec, codec == PACKED_NONE ? "(\xb5/x\n\x1f\n" : "to be\nor not\n",
                    5);
        rig_init(&p.rig, p.path, LINES);
        p.rig.on_row = log_line;
        rig_open(&p.rig);
        rig_add_file(&p.rig, NULL);
        for (size_t i = 0; i < packed.n; i++) {
            CU_ASSERT_EQUAL(write(fd, packed.bytes + i, 1), 1);
            rig_poll(&p.rig, 3);
        }
        CU_ASSERT_STRING_EQUAL(p.rig.log,
                               codec == PACKED_NONE ? "<(\xb5/x><\x1f>" : "<to be><or not>");
        close(fd);
        while (rig_poll(&p.rig, 3).status != GYRE_POLL_SPLIT) {}
        rig_close(&p.rig);
        rig_fini(&p.rig);
        free(packed.bytes);
    }
    end(&p);
}

static const struct suite_test tests[] = {
    SUITE_TEST(what_is_compressed_is_read_as_if_it_were_not),
    SUITE_TEST(what_begins_like_a_compressed_file_and_is_none_is_read_as_it_is),
    SUITE_TEST(a_file_that_ends_early_is_told_and_gives_no_part_of_a_line_for_a_line),
    SUITE_TEST(a_damaged_byte_is_told_wherever_it_is),
    SUITE_TEST(zeros_behind_the_last_member_are_nothing_and_other_bytes_are_told),
    SUITE_TEST(a_position_is_gone_on_with_from_the_frame_before_it),
    SUITE_TEST(a_file_that_is_another_than_in_the_snapshot_is_refused),
    SUITE_TEST_WITHIN(a_line_that_grows_without_end_is_one_bad_row_and_holds_nobody_up, 60),
    SUITE_TEST(a_frame_that_asks_for_more_than_128_mib_is_refused),
    SUITE_TEST(members_of_nothing_hold_nobody_up),
    SUITE_TEST(a_pipe_is_looked_at_when_its_first_bytes_come),
};
SUITE_MAIN("plugin_file_packed", tests)
