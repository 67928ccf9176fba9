/* file.read by hand: a file is followed through a seeded sequence of what writers and rotation do to it;
 * rows bear numbers, so that one that is lost, doubled or out of order is seen. GYRE_BIG=1: more
 * seeds. */
#include "base/rng.h"
#include "file_rig.h"
#include "files.h"
#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A writer, what happens to its file, and a reader that follows. */
struct follow {
    struct gy_rng rng;
    struct rig rig;
    char *dir, *path;
    int format;
    int fd;        /* the writer's */
    bool moved;    /* its file has not the name any more */
    bool behind;   /* the reader may not have gone over to the writer's file */
    bool unopened; /* the reader was restored, and has not looked yet */
    bool cut;      /* it was truncated, and the reader may not have seen that */
    uint32_t renamed;
    uint32_t next;     /* number of the row to be written */
    char partial[256]; /* of a row: what is still to be written */
    uint32_t seen;
    bool wrong;
};

static void follow_row(struct rig *rig, uint32_t row)
{
    struct follow *f = rig->user;
    const struct gyre_str *line = (struct gyre_str *)rig->data[0] + row;
    char text[16] = {0};
    if (f->format == LINES)
        memcpy(text, gyre_str_data(line), line->len < 15 ? line->len : 15);
    uint32_t n = f->format == LINES ? (uint32_t)atoi(text) : ((uint32_t *)rig->data[0])[row];
    if (n != f->seen && !f->wrong) {
        printf("row %u instead of %u\n", n, f->seen);
        f->wrong = true;
    }
    f->seen++;
}

static void append(struct follow *f, const char *text, size_t n)
{
    CU_ASSERT_EQUAL_FATAL(write(f->fd, text, n), (ssize_t)n);
}

static void finish_row(struct follow *f)
{
    append(f, f->partial, strlen(f->partial));
    f->partial[0] = 0;
}

/* Writes a row, or a part of it. */
static void write_row(struct follow *f, bool whole)
{
    static const char *const forms[] = {"%u a line\n", "%u,\"of two\nlines, %s\"\n",
                                        "{\"n\":%u,\"s\":\"a string of some length\"}\n"};
    char row[256];
    finish_row(f);
    if (f->format == CSV)
        snprintf(row, sizeof row, forms[CSV], f->next, f->next % 2 ? "quoted \"\"" : "");
    else
        snprintf(row, sizeof row, forms[f->format], f->next, "");
    f->next++;
    size_t n = strlen(row), now = whole ? n : 1 + gy_rng_below(&f->rng, n - 1);
    append(f, row, now);
    strcpy(f->partial, row + now);
}

/* Polls until nothing comes any more. */
static void drain(struct follow *f)
{
    struct gyre_poll poll;
    do {
        poll = rig_poll(&f->rig, 1 + (uint32_t)gy_rng_below(&f->rng, 20));
        CU_ASSERT_NOT_EQUAL_FATAL(poll.status, GYRE_POLL_SPLIT);
    } while (poll.status != GYRE_POLL_IDLE);
    CU_ASSERT_FATAL(poll.wake_us > f->rig.now_us && poll.wake_us < f->rig.now_us + 1000000);
    f->rig.now_us = poll.wake_us;
    f->behind = f->unopened = f->cut = false;
}

static void move_away(struct follow *f, bool remove)
{
    char name[32];
    if (f->moved)
        return;
    if (f->behind || (f->unopened && (remove || f->cut))) /* it could not be found */
        drain(f);
    snprintf(name, sizeof name, "old-%u", f->renamed++);
    char *to = path_join(f->dir, name);
    CU_ASSERT_EQUAL_FATAL(remove ? unlink(f->path) : rename(f->path, to), 0);
    free(to);
    f->moved = true;
}

static void open_new(struct follow *f)
{
    if (!f->moved)
        return;
    finish_row(f);
    close(f->fd);
    f->fd = open(f->path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    CU_ASSERT_FATAL(f->fd >= 0);
    if (gy_rng_below(&f->rng, 2) == 0)
        drain(f); /* while it is empty */
    write_row(f, gy_rng_below(&f->rng, 2));
    f->moved = false;
    f->behind = true;
}

/* What the reader has not seen would be lost: it is in the copy alone. After a few bytes that come
 * again at the start, nobody can tell that a file was truncated. */
static void truncate_it(struct follow *f)
{
    if (lseek(f->fd, 0, SEEK_END) < 32)
        return;
    drain(f);
    CU_ASSERT_EQUAL_FATAL(ftruncate(f->fd, 0), 0);
    f->cut = true;
    for (uint64_t n = gy_rng_below(&f->rng, 60); n > 0; n--) /* beyond where it was, or not */
        write_row(f, true);
}

static int32_t no_room(struct gyre_writer *writer, size_t more)
{
    (void)more;
    return writer->error = GYRE_ENOMEM;
}

/* Another reader goes on from a position of the first; the file has its name. */
static void restore(struct follow *f)
{
    uint8_t bytes[1024];
    struct gyre_writer writer = {
        .size = sizeof writer, .data = bytes, .capacity = sizeof bytes, .grow = no_room};
    if (f->moved || f->behind)
        return;
    if (f->rig.op->save_split(f->rig.self, &f->rig.ctx, 0, &writer) != 0)
        CU_FAIL_FATAL("save_split");
    rig_close(&f->rig);
    rig_open(&f->rig);
    struct gyre_reader reader = {.size = sizeof reader, .data = bytes, .length = writer.length};
    rig_add_file(&f->rig, &reader);
    f->unopened = true;
}

static void step(struct follow *f)
{
    switch (gy_rng_below(&f->rng, 12)) {
    case 0: move_away(f, gy_rng_below(&f->rng, 2)); break;
    case 1:
    case 2: open_new(f); break;
    case 3: truncate_it(f); break;
    case 4: restore(f); break;
    case 5: write_row(f, false); break;
    case 6:
    case 7: rig_poll(&f->rig, 1 + (uint32_t)gy_rng_below(&f->rng, 4)); break;
    case 8: drain(f); break;
    default:
        for (uint64_t n = gy_rng_below(&f->rng, 12); n > 0; n--)
            write_row(f, true);
    }
}

static bool follow_seed(const char *dir, int format, uint64_t seed)
{
    struct follow f = {.dir = strdup(dir), .path = path_join(dir, "log"), .format = format};
    gy_rng_init(&f.rng, seed);
    unlink(f.path);
    rig_init(&f.rig, f.path, format);
    *(int32_t *)rig_option(&f.rig, "follow") = 1;
    f.rig.on_row = follow_row;
    f.rig.user = &f;
    rig_open(&f.rig);
    rig_add_file(&f.rig, NULL);
    drain(&f); /* while it is not there */
    f.fd = open(f.path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    f.behind = true;
    for (int i = 0; i < 200; i++)
        step(&f);
    finish_row(&f);
    drain(&f);
    close(f.fd);
    rig_close(&f.rig);
    bool ok = f.seen == f.next && !f.wrong && f.rig.log_length == 0;
    if (!ok)
        printf("format %d, seed %llu: %u rows of %u %s\n", format, (unsigned long long)seed, f.seen,
               f.next, f.rig.log);
    rig_fini(&f.rig);
    free(f.path);
    free(f.dir);
    return ok;
}

static void follow_seeds(int format)
{
    const char *big = getenv("GYRE_BIG");
    uint64_t seeds = big != NULL && big[0] == '1' ? 1000 : 100;
    char *dir = dir_temp();
    for (uint64_t seed = 1; seed <= seeds; seed++)
        CU_ASSERT_FATAL(follow_seed(dir, format, seed));
    dir_remove(dir);
    free(dir);
}

static void followed_lines_are_neither_lost_nor_doubled_by_rotation(void)
{
    follow_seeds(LINES);
}

static void followed_csv_is_neither_lost_nor_doubled_by_rotation(void)
{
    follow_seeds(CSV);
}

static void followed_json_is_neither_lost_nor_doubled_by_rotation(void)
{
    follow_seeds(JSON);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(followed_lines_are_neither_lost_nor_doubled_by_rotation, 300),
    SUITE_TEST_WITHIN(followed_csv_is_neither_lost_nor_doubled_by_rotation, 300),
    SUITE_TEST_WITHIN(followed_json_is_neither_lost_nor_doubled_by_rotation, 300),
};
SUITE_MAIN("plugin_file_follow", tests)
