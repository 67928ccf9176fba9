/* file.read by hand: 2000 seeded sequences of what writers and rotation do to followed files, with
 * restarts in between. Rows bear their writer and a number, so that one that is lost, doubled or out
 * of its writer's order is seen. GYRE_BIG=1: ten times as many; GYRE_SEED=n: that one, told step by
 * step.
 *
 * What rotation itself destroys no reader can have: so the model settles (all is read, and in a
 * snapshot) before it truncates without a copy that `path` means, before it removes a file, and
 * before it renames a file that no snapshot knows to what `path` does not mean. Nothing less. */
#include "base/rng.h"
#include "file_rig.h"
#include "files.h"
#include "suite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    LIVES = 3,
    WRITERS = 4,
    ROWS = 1000,
    FILES = 400,
    STEPS = 80,
    ROW_MIN = 34, /* bytes: fewer may come again at a start by chance, and then nobody can tell */
    SECOND_US = 1000000
};

/* What `path` means: one name, the names that are written to, or rotated ones as well. */
enum { ONE, LIVE, ALL, PATTERNS };

/* A file, by what it is. */
struct file {
    char name[32]; /* empty: removed */
    int live;      /* under whose name it was made */
    int writers;
    bool has_text;    /* since it was truncated */
    bool is_left;     /* `path` does not lead to it any more */
    bool is_met;      /* the reader has looked for it */
    bool is_read;     /* ... and read something of it, since it was truncated */
    bool is_met_kept; /* the same as of the last snapshot */
    bool is_read_kept;
    bool is_carried; /* a line went on over its truncation, of which no snapshot knows */
    int64_t wrote_us;
    uint64_t starts_at; /* behind its hole */
};

struct writer {
    int live;
    struct file *file; /* NULL: none */
    int fd;
    uint32_t next;
    char partial[160]; /* of a row: what is still to be written */
};

/* What has come of a writer. */
struct seen {
    uint32_t last;
    bool rows[ROWS];
};

struct world {
    struct gy_rng rng;
    struct rig rig;
    char *dir, *path;
    int format, pattern, lives, n_writers, n_files;
    bool appends[LIVES];         /* its writers have O_APPEND */
    struct file *current[LIVES]; /* who has the name; NULL: nobody */
    struct file files[FILES];
    struct writer writers[WRITERS];
    struct seen seen[WRITERS], kept[WRITERS];
    bool late[WRITERS][ROWS]; /* comes when its file is given up */
    bool is_unordered[LIVES];
    int frozen; /* writers of removed files: what they write is nowhere else */
    uint8_t *position;
    size_t position_length, position_size;
    int64_t written_ns;
    uint32_t serial, came;
    bool wrong, tells;
};

__attribute__((format(printf, 2, 3))) static void tell(const struct world *w, const char *format,
                                                       ...)
{
    va_list args;
    if (!w->tells)
        return;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
}

static bool chance(struct world *w, uint64_t of)
{
    return gy_rng_below(&w->rng, of) == 0;
}

/* ---- the reader -------------------------------------------------------------------------------- */

static bool may_be_late(const struct world *w, uint32_t writer, uint32_t n)
{
    return w->late[writer][n] || w->is_unordered[w->writers[writer].live];
}

static void on_row(struct rig *rig, uint32_t row)
{
    struct world *w = rig->user;
    const struct gyre_str *line = (struct gyre_str *)rig->data[0] + row;
    char text[16] = {0};
    if (w->format == LINES)
        memcpy(text, gyre_str_data(line), line->len < 15 ? line->len : 15);
    uint32_t id = w->format == LINES ? (uint32_t)atoi(text) : ((uint32_t *)rig->data[0])[row];
    uint32_t writer = id / ROWS % 10, n = id % ROWS;
    struct seen *s = &w->seen[writer < WRITERS ? writer : 0];
    const char *what = id < 100 * ROWS || writer >= WRITERS        ? "is not one of ours"
                       : s->rows[n]                                ? "comes twice"
                       : n < s->last && !may_be_late(w, writer, n) ? "comes too late"
                                                                   : NULL;
    tell(w, "    row %u\n", id);
    if (what != NULL)
        printf("row %u %s\n", id, what);
    w->wrong |= what != NULL;
    s->rows[n] = true;
    s->last = n > s->last ? n : s->last;
    w->came++;
}

static void leave(struct world *w, struct writer *writer);

/* A file without a name is given up 5 s after its last row: nobody writes so late. Those of removed
 * files are last, for then the reader looks. */
static void pass_time(struct world *w, int64_t time_us)
{
    w->rig.now_us += time_us;
    for (int removed = 0; removed < 2; removed++) {
        for (int i = 0; i < w->n_writers; i++) {
            const struct file *file = w->writers[i].file;
            if (file != NULL && file->is_left && (file->name[0] == 0) == removed &&
                w->rig.now_us - file->wrote_us > 3 * SECOND_US)
                leave(w, &w->writers[i]);
        }
    }
}

static void poll_some(struct world *w)
{
    for (uint64_t n = 1 + gy_rng_below(&w->rng, 4); n > 0; n--)
        rig_poll(&w->rig, 1 + (uint32_t)gy_rng_below(&w->rng, 4));
}

/* Looks at all until nothing comes any more. */
static void drain(struct world *w)
{
    uint32_t came;
    tell(w, "drain\n");
    for (int quiet = 0; quiet < 2; quiet += w->came == came) {
        struct gyre_poll poll;
        came = w->came;
        do
            poll = rig_poll(&w->rig, 1 + (uint32_t)gy_rng_below(&w->rng, 20));
        while (poll.status != GYRE_POLL_IDLE);
        pass_time(w, poll.wake_us - w->rig.now_us);
    }
    for (int i = 0; i < w->n_files; i++) {
        struct file *file = &w->files[i];
        file->is_met |= file->name[0] != 0 && !file->is_left;
        file->is_read |= file->is_met && file->has_text;
    }
}

static int32_t grow(struct gyre_writer *writer, size_t more)
{
    writer->capacity = 2 * (writer->length + more);
    writer->data = realloc(writer->data, writer->capacity);
    return 0;
}

static void save(struct world *w)
{
    struct gyre_writer writer = {
        .size = sizeof writer, .data = w->position, .capacity = w->position_size, .grow = grow};
    tell(w, "save\n");
    CU_ASSERT_EQUAL_FATAL(w->rig.op->save_split(w->rig.self, &w->rig.ctx, 0, &writer), 0);
    w->position = writer.data;
    w->position_size = writer.capacity;
    w->position_length = writer.length;
    memcpy(w->kept, w->seen, sizeof w->seen);
    for (int i = 0; i < w->n_files; i++) {
        w->files[i].is_met_kept = w->files[i].is_met;
        w->files[i].is_read_kept = w->files[i].is_read;
    }
}

/* The next process goes on from the last snapshot, as a kill would have it. */
static void restart(struct world *w)
{
    if (w->frozen != 0)
        return;
    tell(w, "restart\n");
    rig_close(&w->rig);
    rig_open(&w->rig);
    struct gyre_reader reader = {
        .size = sizeof reader, .data = w->position, .length = w->position_length};
    rig_add_file(&w->rig, w->position_length != 0 ? &reader : NULL);
    memcpy(w->seen, w->kept, sizeof w->seen);
    for (int i = 0; i < w->n_files; i++) {
        w->files[i].is_met = w->files[i].is_met_kept;
        w->files[i].is_read = w->files[i].is_read_kept;
    }
}

static void settle(struct world *w)
{
    drain(w);
    save(w);
}

/* ---- writers ----------------------------------------------------------------------------------- */

static bool is_alone(const struct world *w, int live)
{
    int n = 0;
    for (int i = 0; i < w->n_writers; i++)
        n += w->writers[i].live == live;
    return n == 1;
}

static void touch(struct world *w, int fd)
{
    w->written_ns += 1000;
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT},
                                {w->written_ns / 1000000000, w->written_ns % 1000000000}};
    CU_ASSERT_EQUAL_FATAL(futimens(fd, times), 0);
}

static void append(struct world *w, struct writer *writer, const char *text)
{
    tell(w, "writer %d writes %zu bytes to %s: %s\n", (int)(writer - w->writers), strlen(text),
         writer->file->name, text);
    CU_ASSERT_EQUAL_FATAL(write(writer->fd, text, strlen(text)), (ssize_t)strlen(text));
    touch(w, writer->fd);
    writer->file->wrote_us = w->rig.now_us;
    writer->file->has_text = true;
}

static uint64_t size_of(int fd)
{
    struct stat st;
    CU_ASSERT_EQUAL_FATAL(fstat(fd, &st), 0);
    return (uint64_t)st.st_size;
}

static void make_row(struct world *w, struct writer *writer, char row[160])
{
    static const char *const forms[] = {"%u a line that is long enough%s\n",
                                        "%u,\"of two\nlines, %sand long enough\"\n",
                                        "{\"n\":%u,\"s\":\"a string of some length%s\"}\n"};
    uint32_t n = writer->next++, id = (uint32_t)(100 + (writer - w->writers)) * ROWS + n;
    CU_ASSERT_FATAL(n < ROWS);
    snprintf(row, 160, forms[w->format], id, w->format == CSV && n % 2 ? "\"\"quoted\"\" " : "");
}

/* Writes what is due and a row, or a part of it; no small beginning stands alone in a file. */
static void put(struct world *w, struct writer *writer, bool whole)
{
    char row[160], text[640];
    snprintf(text, sizeof text, "%s", writer->partial);
    writer->partial[0] = 0;
    make_row(w, writer, row);
    strcat(text, row);
    size_t length = strlen(text), cut = whole ? 0 : gy_rng_below(&w->rng, strlen(row));
    if (length - cut < ROW_MIN)
        cut = 0;
    strcpy(writer->partial, text + length - cut);
    text[length - cut] = 0;
    append(w, writer, text);
}

/* Ends the row that was begun. */
static void finish(struct world *w, struct writer *writer)
{
    if (writer->partial[0] == 0)
        return;
    if (size_of(writer->fd) < writer->file->starts_at + ROW_MIN) {
        put(w, writer, true);
    } else {
        append(w, writer, writer->partial);
        writer->partial[0] = 0;
    }
}

static void leave(struct world *w, struct writer *writer)
{
    struct file *file = writer->file;
    if (file == NULL)
        return;
    finish(w, writer);
    if (file->is_left && file->name[0] != 0 && file->writers == 1 && w->format != CSV &&
        w->frozen == 0 && chance(w, 3)) { /* the last line of a file needs no end */
        char row[160];
        w->late[writer - w->writers][writer->next] = true;
        make_row(w, writer, row);
        row[strlen(row) - 1] = 0;
        append(w, writer, row);
    }
    tell(w, "writer %d leaves %s\n", (int)(writer - w->writers), file->name);
    close(writer->fd);
    file->writers--;
    writer->file = NULL;
    if (file->name[0] == 0) { /* before a restart needs what is in no folder */
        w->frozen--;
        settle(w);
    }
}

static void enter(struct world *w, struct writer *writer)
{
    struct file *file = w->current[writer->live];
    if (file == NULL) {
        CU_ASSERT_FATAL(w->n_files < FILES);
        file = w->current[writer->live] = &w->files[w->n_files++];
        *file = (struct file){.live = writer->live};
        snprintf(file->name, sizeof file->name, "app%d.log", writer->live);
    }
    char *path = path_join(w->dir, file->name);
    writer->fd = open(path, O_WRONLY | O_CREAT | (w->appends[writer->live] ? O_APPEND : 0), 0600);
    CU_ASSERT_FATAL(writer->fd >= 0);
    lseek(writer->fd, 0, SEEK_END);
    free(path);
    touch(w, writer->fd);
    file->writers++;
    writer->file = file;
    tell(w, "writer %d opens %s\n", (int)(writer - w->writers), file->name);
}

static void write_rows(struct world *w)
{
    struct writer *writer = &w->writers[gy_rng_below(&w->rng, (uint64_t)w->n_writers)];
    if (writer->file != NULL && writer->file != w->current[writer->live] && chance(w, 3))
        leave(w, writer); /* it has noticed */
    if (writer->file == NULL)
        enter(w, writer);
    for (uint64_t n = gy_rng_below(&w->rng, 6); n > 0; n--)
        put(w, writer, true);
    if (chance(w, 2) && is_alone(w, writer->live))
        put(w, writer, false);
}

/* ---- rotation ---------------------------------------------------------------------------------- */

static void rename_file(struct world *w, struct file *file, const char *name)
{
    char *from = path_join(w->dir, file->name), *to = path_join(w->dir, name);
    tell(w, "%s -> %s\n", file->name, name);
    CU_ASSERT_EQUAL_FATAL(rename(from, to), 0);
    snprintf(file->name, sizeof file->name, "%s", name);
    free(from);
    free(to);
}

static void unlink_file(struct world *w, struct file *file)
{
    char *path = path_join(w->dir, file->name);
    tell(w, "%s is removed\n", file->name);
    CU_ASSERT_EQUAL_FATAL(unlink(path), 0);
    free(path);
    file->name[0] = 0;
    file->is_left = true;
    file->wrote_us = w->rig.now_us;
    w->frozen += file->writers;
}

static void rotate(struct world *w)
{
    int live = (int)gy_rng_below(&w->rng, (uint64_t)w->lives);
    struct file *file = w->current[live];
    char name[48];
    if (file == NULL)
        return;
    if (w->pattern != ALL && !file->is_met_kept)
        settle(w);
    /* it may be met together with its successor, and have been written to later than that */
    w->is_unordered[live] |= !file->is_met_kept;
    for (int i = 0; w->pattern == ALL && i < w->n_files; i++) { /* .1 -> .2 -> ... */
        struct file *old = &w->files[i];
        const char *number = strstr(old->name, ".log.");
        if (old->live != live || number == NULL)
            continue;
        snprintf(name, sizeof name, "app%d.log.%d", live, atoi(number + 5) + 1);
        rename_file(w, old, name);
    }
    snprintf(name, sizeof name, "app%d.log.%u", live, w->pattern == ALL ? 1 : ++w->serial);
    rename_file(w, file, name);
    file->is_left = w->pattern != ALL;
    file->wrote_us = file->is_left ? w->rig.now_us : file->wrote_us;
    w->current[live] = NULL;
}

static void make_copy(struct world *w, const struct file *file, uint64_t starts_at)
{
    char *from = path_join(w->dir, file->name);
    size_t size;
    char *text = file_read(from, &size);
    CU_ASSERT_FATAL(w->n_files < FILES);
    struct file *copy = &w->files[w->n_files++];
    *copy = (struct file){
        .live = file->live, .has_text = true, .wrote_us = file->wrote_us, .starts_at = starts_at};
    snprintf(copy->name, sizeof copy->name, "app%d.log-%u", file->live, ++w->serial);
    char *to = path_join(w->dir, copy->name);
    tell(w, "%s is copied to %s\n", file->name, copy->name);
    int fd = open(to, O_WRONLY | O_CREAT | O_EXCL, 0600);
    CU_ASSERT_FATAL(fd >= 0);
    size_t part = size;
    if (chance(w, 3) && size > 4096) { /* it is seen while it is made */
        part = 4096;
        CU_ASSERT_EQUAL_FATAL(write(fd, text, part), (ssize_t)part);
        touch(w, fd);
        poll_some(w);
        CU_ASSERT_EQUAL_FATAL(write(fd, text + part, size - part), (ssize_t)(size - part));
    } else {
        CU_ASSERT_EQUAL_FATAL(write(fd, text, size), (ssize_t)size);
    }
    touch(w, fd);
    close(fd);
    if (chance(w, 3))
        poll_some(w);
    free(to);
    free(text);
    free(from);
}

static void copy_and_truncate(struct world *w)
{
    int live = (int)gy_rng_below(&w->rng, (uint64_t)w->lives);
    struct file *file = w->current[live];
    if (file == NULL || file->writers == 0)
        return;
    struct writer *last = NULL;
    for (int i = 0; i < w->n_writers; i++)
        if (w->writers[i].file == file)
            last = &w->writers[i];
    if (size_of(last->fd) < file->starts_at + ROW_MIN)
        return;
    if (w->pattern != ALL || file->is_carried)
        settle(w);
    /* one of which nothing was read is not known to be truncated: its copy comes when it comes, and
     * no line goes on behind it */
    if (!file->is_read || !file->is_read_kept) {
        finish(w, last);
        for (int i = 0; i < w->n_writers; i++)
            if (w->writers[i].live == live)
                memset(w->late[i], 1, w->writers[i].next);
    }
    if (w->pattern == ALL)
        make_copy(w, file, file->starts_at);
    else if (last->partial[0] == 0 || !is_alone(w, live))
        settle(w);
    tell(w, "%s is truncated\n", file->name);
    CU_ASSERT_EQUAL_FATAL(ftruncate(last->fd, 0), 0);
    touch(w, last->fd);
    file->is_carried = last->partial[0] != 0 && is_alone(w, live);
    file->has_text = file->is_read = file->is_read_kept = false;
    file->starts_at = w->appends[live] ? 0 : (uint64_t)lseek(last->fd, 0, SEEK_CUR);
    if (chance(w, 2))
        put(w, last, true);
}

/* Another file is put in the place of one, or it is only removed; writers may be on it still. */
static void remove_live(struct world *w)
{
    int live = (int)gy_rng_below(&w->rng, (uint64_t)w->lives);
    struct file *file = w->current[live];
    if (file == NULL || w->frozen != 0)
        return;
    settle(w);
    if (w->pattern == ALL) {
        pass_time(w, 6 * SECOND_US); /* what might have been a copy is none */
        settle(w);
    }
    if (chance(w, 2))
        for (int i = 0; i < w->n_writers; i++)
            if (w->writers[i].file == file)
                leave(w, &w->writers[i]);
    settle(w);
    unlink_file(w, file);
    w->current[live] = NULL;
}

/* Old ones go. */
static void remove_rotated(struct world *w)
{
    settle(w);
    pass_time(w, 6 * SECOND_US);
    settle(w);
    for (int i = 0; i < w->n_files; i++) {
        struct file *file = &w->files[i];
        bool is_old = file->name[0] != 0 && file != w->current[file->live] && file->writers == 0;
        if (is_old && (!file->is_left || w->rig.now_us - file->wrote_us > 8 * SECOND_US) &&
            chance(w, 2))
            unlink_file(w, file);
    }
}

/* Out of the folder's names that are meant, and back again. */
static void move_out_and_back(struct world *w)
{
    for (int i = 0; w->pattern == ALL && i < w->n_files; i++) {
        struct file *file = &w->files[i];
        char name[32];
        if (file->name[0] == 0 || file == w->current[file->live] || file->writers != 0 ||
            !file->is_met_kept || !chance(w, 4))
            continue;
        snprintf(name, sizeof name, "%s", file->name);
        rename_file(w, file, "away");
        drain(w);
        pass_time(w, (int64_t)gy_rng_below(&w->rng, 8) * SECOND_US);
        drain(w);
        if (chance(w, 3))
            restart(w);
        rename_file(w, file, name);
    }
}

static void step(struct world *w)
{
    switch (gy_rng_below(&w->rng, 24)) {
    case 0:
    case 1: rotate(w); break;
    case 2:
    case 3: copy_and_truncate(w); break;
    case 4:
    case 5: restart(w); break;
    case 6: remove_live(w); break;
    case 7: remove_rotated(w); break;
    case 8: move_out_and_back(w); break;
    case 9: pass_time(w, (int64_t)gy_rng_below(&w->rng, 7) * SECOND_US); break;
    case 10:
    case 11:
        if (w->frozen == 0) /* a snapshot may be taken at any time, but is not gone on from then */
            save(w);
        break;
    case 12:
    case 13: drain(w); break;
    case 14:
    case 15:
    case 16: poll_some(w); break;
    default: write_rows(w);
    }
}

/* ---- a seed ------------------------------------------------------------------------------------ */

static void world_init(struct world *w, const char *dir, int pattern, uint64_t seed)
{
    static const char *const paths[] = {"app0.log", "app*.log", "app*"};
    gy_rng_init(&w->rng, seed);
    w->dir = path_join(dir, "seed");
    w->path = path_join(w->dir, paths[pattern]);
    w->pattern = pattern;
    w->format = (int)(seed % 3);
    w->lives = pattern == ONE ? 1 : 1 + (int)gy_rng_below(&w->rng, LIVES);
    w->n_writers = w->lives + (int)gy_rng_below(&w->rng, 1 + WRITERS - (uint64_t)w->lives);
    w->written_ns = 1000000000;
    for (int i = 0; i < w->n_writers; i++)
        w->writers[i] = (struct writer){.live = i % w->lives, .fd = -1};
    for (int i = 0; i < w->lives; i++)
        w->appends[i] = !is_alone(w, i) || chance(w, 2);
    CU_ASSERT_EQUAL_FATAL(mkdir(w->dir, 0700), 0);
    if (pattern != ONE) { /* what is no file is none of ours */
        char *folder = path_join(w->dir, "app9.log");
        CU_ASSERT_EQUAL_FATAL(mkdir(folder, 0700), 0);
        free(folder);
    }
    rig_init(&w->rig, w->path, w->format);
    *(int32_t *)rig_option(&w->rig, "follow") = 1;
    *(int64_t *)rig_option(&w->rig, "rotate_wait") = 5 * SECOND_US;
    w->rig.on_row = on_row;
    w->rig.user = w;
    rig_open(&w->rig);
    rig_add_file(&w->rig, NULL);
}

/* All names are there, and all has been waited for. */
static void world_end(struct world *w)
{
    for (int i = 0; i < w->n_writers; i++) {
        if (w->writers[i].file != NULL && w->writers[i].file != w->current[w->writers[i].live])
            leave(w, &w->writers[i]);
        if (w->writers[i].file == NULL)
            enter(w, &w->writers[i]);
        put(w, &w->writers[i], true);
    }
    for (int i = 0; i < 3; i++) {
        drain(w);
        pass_time(w, 6 * SECOND_US);
    }
    for (int i = 0; i < w->n_writers; i++) {
        for (uint32_t n = 0; n < w->writers[i].next; n++) {
            if (w->seen[i].rows[n])
                continue;
            printf("row %u is lost\n", (uint32_t)(100 + i) * ROWS + n);
            w->wrong = true;
        }
        close(w->writers[i].fd);
    }
}

static bool play(const char *dir, int pattern, uint64_t seed, bool tells)
{
    struct world *w = calloc(1, sizeof *w);
    w->tells = tells;
    world_init(w, dir, pattern, seed);
    for (int i = 0; i < STEPS && !w->wrong; i++)
        step(w);
    world_end(w);
    bool ok = !w->wrong && w->rig.log_length == 0;
    if (!ok)
        printf("pattern %d, seed %llu: %s\n", pattern, (unsigned long long)seed, w->rig.log);
    tell(w, "%s", w->rig.said);
    rig_close(&w->rig);
    rig_fini(&w->rig);
    dir_remove(w->dir);
    free(w->position);
    free(w->path);
    free(w->dir);
    free(w);
    return ok;
}

static void play_seeds(int pattern)
{
    const char *big = getenv("GYRE_BIG"), *one = getenv("GYRE_SEED");
    uint64_t first = 1, last = big != NULL && big[0] == '1' ? 6700 : suite_share(670);
    if (one != NULL)
        first = last = strtoull(one, NULL, 10);
    char *dir = dir_temp();
    for (uint64_t seed = first; seed <= last; seed++)
        CU_ASSERT_FATAL(play(dir, pattern, seed, one != NULL));
    dir_end(dir);
}

static void rows_of_one_name_are_neither_lost_nor_doubled(void)
{
    play_seeds(ONE);
}

static void rows_of_a_glob_are_neither_lost_nor_doubled(void)
{
    play_seeds(LIVE);
}

static void rows_of_a_glob_that_means_rotated_files_are_neither_lost_nor_doubled(void)
{
    play_seeds(ALL);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(rows_of_one_name_are_neither_lost_nor_doubled, 300),
    SUITE_TEST_WITHIN(rows_of_a_glob_are_neither_lost_nor_doubled, 300),
    SUITE_TEST_WITHIN(rows_of_a_glob_that_means_rotated_files_are_neither_lost_nor_doubled, 300),
};
SUITE_MAIN("plugin_file_follow_seeds", tests)
