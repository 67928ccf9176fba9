/* plugins/file/follow.c: see follow.h.
 *
 * | what happens to the file       | how it is seen                    | what follows               |
 * |--------------------------------|-----------------------------------|----------------------------|
 * | it grows                       | more bytes than were read         | they are read              |
 * | renamed, or removed            | the path has gone                 | the open file is read on   |
 * | ... and a new one is there     | another inode, and not empty      | the open one is read to    |
 * |                                |                                   | its end, then the new one  |
 * | copied and truncated           | fewer bytes than were read, or    | it is read from its start  |
 * |                                | others before the place           |                            |
 *
 * A writer that has begun with the new file has left the old one: so an empty successor is waited
 * on, and what is written to the old one meanwhile is read. The last line of a file that was left
 * needs no line end. A line that was partial when its file was truncated goes on at the start: its
 * writer knows nothing of the truncation. What was written between the last look and a truncation
 * is in the copy alone.
 *
 * The file's position of `offset` is that of the partial line. While a line goes on over a
 * truncation that is before the file's first byte; then it is kept modulo 2^64. So a snapshot's
 * position holds the bytes of a partial line.
 *
 * A restored file is known by its inode and by a hash of the bytes before the place. Where the file
 * of its name is another by now, it is looked for in the same folder, so that what was rotated while
 * no job ran is read to its end; where it has gone, the one of its name is read from its start. */
#include "follow.h"
#include "mark.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where the next byte is read from. */
static uint64_t place(const struct range *range)
{
    return range->offset + range->partial_len;
}

static void set_mark(struct range *range)
{
    range->mark_at = place(range);
    range->mark = file_mark(range->fd, range->mark_at);
}

/* From the first byte, with what is there of a line. */
static void start_again(struct range *range)
{
    range->offset = 0 - (uint64_t)range->partial_len;
}

/* Opens a regular file; -1 with errno where that is not possible, ENOENT for other things. */
static int open_regular(const char *path, struct stat *st)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || (fstat(fd, st) == 0 && S_ISREG(st->st_mode)))
        return fd;
    close(fd);
    errno = ENOENT; /* a folder, for a moment */
    return -1;
}

/* True for the file in which a restored range stands. A copy of it is none: what it holds before the
 * mark need not be other than what the next file of a rotation begins with. */
static int is_the_one(const struct range *range, int fd, const struct stat *st)
{
    return (uint64_t)st->st_ino == range->inode && range->mark == file_mark(fd, range->mark_at);
}

/* Looks for it under other names in its folder, where rotation has left it meanwhile; -1: gone. */
static int find_renamed(const struct range *range, struct stat *st)
{
    char path[PATH_MAX];
    const char *slash = strrchr(range->path, '/');
    int length = slash != NULL ? (int)(slash - range->path) + 1 : 0, found = -1;
    snprintf(path, sizeof path, "%.*s", length != 0 ? length : 1, length != 0 ? range->path : ".");
    DIR *folder = opendir(path);
    const struct dirent *entry;
    struct stat other;
    while (folder != NULL && found < 0 && (entry = readdir(folder)) != NULL) {
        int n = snprintf(path, sizeof path, "%.*s%s", length, range->path, entry->d_name);
        if ((uint64_t)entry->d_ino != range->inode || n < 0 || (size_t)n >= sizeof path)
            continue;
        found = open_regular(path, &other);
        if (found >= 0 && !is_the_one(range, found, &other)) {
            close(found);
            found = -1;
        }
        if (found >= 0)
            *st = other;
    }
    if (folder != NULL)
        closedir(folder);
    return found;
}

/* The file of a restored range: its own, whatever its name is now, else the one of its name. */
static int choose_restored(struct range *range, struct gyre_ctx *ctx, int fd, struct stat *st)
{
    range->is_restored = 0;
    if (fd >= 0 && is_the_one(range, fd, st))
        return fd;
    int renamed = find_renamed(range, st);
    if (renamed >= 0) {
        if (fd >= 0)
            close(fd);
        return renamed;
    }
    int is_inode = fd >= 0 && (uint64_t)st->st_ino == range->inode;
    if (is_inode) {
        gyre_log(ctx, GYRE_LOG_INFO, "%s was truncated: read from its start", range->path);
    } else {
        gyre_log(ctx, GYRE_LOG_WARN,
                 fd >= 0 ? "%s is another file than in the snapshot, which has gone: read from its "
                           "start"
                         : "%s is not there, nor the file of the snapshot under another name: what "
                           "comes is read from its start",
                 range->path);
        range->partial_len = 0;
        range->skipping = SKIP_NONE;
    }
    start_again(range);
    return fd;
}

/* Opens the file; one that is not there (yet) is no error. */
static int32_t open_file(struct range *range, struct gyre_ctx *ctx)
{
    struct stat st;
    int fd = open_regular(range->path, &st);
    if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
        return gyre_fail(ctx, GYRE_EIO, "%s cannot be opened: %s", range->path, strerror(errno));
    if (range->is_restored)
        fd = choose_restored(range, ctx, fd, &st);
    if (fd < 0)
        return GYRE_OK;
    range->fd = fd;
    range->is_open = 1;
    range->is_fresh = 1;
    range->inode = (uint64_t)st.st_ino;
    range->device = (uint64_t)st.st_dev;
    set_mark(range);
    return GYRE_OK;
}

/* True where another file has the name and something in it. */
static int has_successor(const struct range *range)
{
    struct stat st;
    return stat(range->path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
           ((uint64_t)st.st_ino != range->inode || (uint64_t)st.st_dev != range->device);
}

/* Looks at one range: 1 where there is something to read, or its end. */
static int32_t look(struct range *range, struct gyre_ctx *ctx)
{
    struct stat st;
    if (!range->is_open && open_file(range, ctx) != GYRE_OK)
        return ctx->error->code;
    if (!range->is_open)
        return 0;
    int is_left = has_successor(range); /* before the size is asked for: then nothing comes after */
    if (fstat(range->fd, &st) != 0)
        return gyre_fail(ctx, GYRE_EIO, "%s: %s", range->path, strerror(errno));
    int64_t changed_ns = st.st_mtim.tv_sec * 1000000000ll + st.st_mtim.tv_nsec;
    int is_same =
        !range->is_fresh && (uint64_t)st.st_size == place(range) && changed_ns == range->changed_ns;
    range->is_fresh = 0;
    range->changed_ns = changed_ns;
    if (!is_same && ((uint64_t)st.st_size < place(range) ||
                     range->mark != file_mark(range->fd, range->mark_at))) {
        gyre_log(ctx, GYRE_LOG_INFO, "%s was truncated: read from its start", range->path);
        start_again(range);
        set_mark(range);
    }
    if ((uint64_t)st.st_size > place(range))
        return 1;
    range->is_left = is_left;
    return is_left;
}

int32_t follow_start(struct reader *r, struct gyre_ctx *ctx)
{
    for (uint32_t tried = 0; tried < r->n_ranges; tried++) {
        uint32_t i = r->next_range++ % r->n_ranges;
        int32_t found = look(&r->ranges[i], ctx);
        if (found < 0)
            return found;
        if (found == 0)
            continue;
        struct range range = r->ranges[i];
        r->ranges[i] = r->ranges[0];
        r->ranges[0] = range;
        r->scanned = range.partial_len;
        int32_t code = input_resume(&r->input, ctx, range.fd, range.path, range.offset,
                                    range.partial, range.partial_len);
        r->input.at_eof = range.is_left;
        return code == GYRE_OK ? 1 : code;
    }
    return 0;
}

static int32_t keep_partial(struct range *range, struct gyre_ctx *ctx, const char *at, size_t n)
{
    if (n > range->partial_size) {
        char *partial = gyre_alloc(ctx, range->partial, 2 * n);
        if (partial == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM, "%s: no memory for a line of %zu bytes", range->path,
                             n);
        range->partial = partial;
        range->partial_size = 2 * n;
    }
    if (n != 0)
        memcpy(range->partial, at, n);
    range->partial_len = (uint32_t)n;
    return GYRE_OK;
}

int32_t follow_suspend(struct reader *r, struct gyre_ctx *ctx)
{
    struct range *range = &r->ranges[0];
    range->offset = r->input.offset;
    int32_t code = keep_partial(range, ctx, r->input.at, input_left(&r->input));
    set_mark(range);
    input_pause(&r->input);
    return code;
}

static void close_file(struct range *range)
{
    if (range->is_open)
        close(range->fd);
    range->is_open = 0;
    range->is_left = 0;
}

void follow_switch(struct reader *r, struct gyre_ctx *ctx)
{
    struct range *range = &r->ranges[0];
    gyre_log(ctx, GYRE_LOG_INFO, "%s was replaced: the new file is read", range->path);
    input_pause(&r->input);
    close_file(range);
    range->partial_len = 0;
    range->skipping = SKIP_NONE;
    range->offset = 0;
    range->inode = 0;
}

/* The mark is that of the last look: what has come since may be another file's already. */
void follow_save(struct reader *r, struct range *range, struct gyre_writer *writer)
{
    int is_going = range == &r->ranges[0] && r->input.is_open;
    const char *partial = is_going ? r->input.at : range->partial;
    uint64_t n = is_going ? input_left(&r->input) : range->partial_len;
    uint64_t offset = is_going ? r->input.offset : range->offset;
    if (is_going && (int64_t)offset >= 0)
        n = 0; /* it is read again: it may be much */
    gyre_write_u64(writer, offset);
    gyre_write_u64(writer, range->inode);
    gyre_write_u64(writer, range->mark_at);
    gyre_write_u64(writer, range->mark);
    gyre_write_u32(writer, (uint32_t)n);
    gyre_write(writer, partial, (size_t)n);
}

int32_t follow_restore(struct range *range, struct gyre_ctx *ctx, struct gyre_reader *position)
{
    range->offset = gyre_read_u64(position);
    range->inode = gyre_read_u64(position);
    range->mark_at = gyre_read_u64(position);
    range->mark = gyre_read_u64(position);
    uint32_t n = gyre_read_u32(position);
    const char *partial = n != 0 ? (const char *)gyre_read(position, n) : NULL;
    range->is_restored = range->inode != 0;
    if (position->error != 0)
        return GYRE_OK; /* the caller says so */
    return keep_partial(range, ctx, partial, n);
}

void follow_drop(struct range *range, struct gyre_ctx *ctx)
{
    close_file(range);
    if (range->partial != NULL)
        gyre_alloc(ctx, range->partial, 0);
    range->partial = NULL;
}
