/* plugins/file/output.c: see output.h. */
#include "output.h"
#include "mark.h"
#include "paths.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int32_t output_init(struct output *o, struct gyre_ctx *ctx, struct pack *pack)
{
    size_t size = pack != NULL ? PACK_BUFFER : OUTPUT_BUFFER;
    *o = (struct output){
        .pack = pack, .buffer = gyre_alloc(ctx, NULL, size), .size = size, .fd = -1};
    if (o->buffer == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a buffer of %zu bytes", size);
    return GYRE_OK;
}

void output_fini(struct output *o, struct gyre_ctx *ctx)
{
    output_close(o);
    if (o->buffer != NULL)
        gyre_alloc(ctx, o->buffer, 0);
    o->buffer = NULL;
}

int output_try(struct output *o, const char *path, int flags)
{
    int is_stdout = path_is_standard(path), is_new = 0;
    int fd = is_stdout ? STDOUT_FILENO : open(path, O_WRONLY | O_CLOEXEC | flags);
    if (fd < 0 && errno == ENOENT) {
        fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
        is_new = 1;
    }
    if (fd < 0)
        return errno;
    o->path = is_stdout ? "standard output" : path;
    o->fd = fd;
    o->is_open = 1;
    o->is_new = is_new;
    o->used = 0;
    o->length = 0;
    o->written_back = 0;
    o->error = 0;
    return 0;
}

int32_t output_open(struct output *o, struct gyre_ctx *ctx, const char *path, int flags)
{
    int error = output_try(o, path, flags);
    return error == 0 ? GYRE_OK
                      : gyre_fail(ctx, GYRE_EIO, "%s cannot be opened for writing: %s", path,
                                  strerror(error));
}

int output_reopen(struct output *o, const char *path, uint64_t length)
{
    int error = output_try(o, path, 0);
    if (error == 0 && lseek(o->fd, (off_t)length, SEEK_SET) < 0) {
        error = errno;
        output_close(o);
    }
    o->length = o->written_back = length;
    return error;
}

void output_close(struct output *o)
{
    if (o->is_open && o->fd != STDOUT_FILENO)
        close(o->fd);
    o->is_open = 0;
    o->fd = -1;
}

/* The file is open for writing only: it may be one that must not be read. */
uint64_t output_mark(const struct output *o, uint64_t at)
{
    struct stat st;
    if (fstat(o->fd, &st) != 0 || !S_ISREG(st.st_mode))
        return 0;
    int fd = open(o->path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    uint64_t mark = fd >= 0 ? file_mark(fd, at) : 0;
    if (fd >= 0)
        close(fd);
    return mark;
}

int32_t output_cut(struct output *o, struct gyre_ctx *ctx, uint64_t length, uint64_t mark)
{
    struct stat st;
    uint64_t found = mark != 0 ? output_mark(o, length) : 0;
    if (fstat(o->fd, &st) != 0)
        return gyre_fail(ctx, GYRE_EIO, "%s: %s", o->path, strerror(errno));
    if (!S_ISREG(st.st_mode))
        return GYRE_OK;
    if ((uint64_t)st.st_size < length && o->is_new) {
        unlink(o->path); /* as it was found */
        return gyre_fail(
            ctx, GYRE_EFAIL,
            "%s is not there; it had %llu bytes in the snapshot: put it back, or start "
            "without the snapshot",
            o->path, (unsigned long long)length);
    }
    if ((uint64_t)st.st_size < length)
        return gyre_fail(ctx, GYRE_EFAIL,
                         "%s has %lld bytes, less than the %llu it had in the snapshot: put it "
                         "back, or start without the snapshot",
                         o->path, (long long)st.st_size, (unsigned long long)length);
    if (mark != 0 && found != 0 && found != mark)
        return gyre_fail(
            ctx, GYRE_EFAIL,
            "%s is not the file of the snapshot: what precedes byte %llu, to where it "
            "had been written, has changed: put it back, or start without the snapshot",
            o->path, (unsigned long long)length);
    int is_cut = (uint64_t)st.st_size == length || ftruncate(o->fd, (off_t)length) == 0;
    if (!is_cut || lseek(o->fd, (off_t)length, SEEK_SET) < 0)
        return gyre_fail(ctx, GYRE_EIO, "%s cannot be cut to %llu bytes: %s", o->path,
                         (unsigned long long)length, strerror(errno));
    o->length = length;
    o->written_back = length;
    return GYRE_OK;
}

/* What cannot be told begins later, with the sync. */
static void write_back(struct output *o)
{
    if (!o->writes_back || o->length - o->written_back < WRITE_BACK)
        return;
    sync_file_range(o->fd, (off_t)o->written_back, (off_t)(o->length - o->written_back),
                    SYNC_FILE_RANGE_WRITE);
    o->written_back = o->length & ~(uint64_t)4095; /* the last page is going to change */
}

static void write_all(struct output *o, const char *at, size_t n)
{
    while (n != 0 && o->error == 0) {
        ssize_t written = write(o->fd, at, n);
        if (written >= 0) {
            at += written;
            n -= (size_t)written;
            o->length += (uint64_t)written;
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            struct pollfd wait = {.fd = o->fd, .events = POLLOUT};
            poll(&wait, 1, -1); /* whatever it says, write says it again */
        } else if (errno != EINTR) {
            o->error = errno;
        }
    }
    write_back(o);
}

static void write_frame(struct output *o, const char *bytes, size_t n)
{
    size_t length = pack_frame(o->pack, bytes, n);
    if (length == 0 && o->error == 0)
        o->error = ENOMEM;
    write_all(o, o->pack->frame, length);
}

void output_drain(struct output *o)
{
    if (o->pack == NULL)
        write_all(o, o->buffer, o->used);
    else if (o->used != 0)
        write_frame(o, o->buffer, o->used);
    o->used = 0;
}

void output_put_empty(struct output *o)
{
    if (o->pack != NULL && o->length == 0 && o->used == 0)
        write_frame(o, "", 0);
}

void output_put(struct output *o, const char *bytes, size_t n)
{
    if (n > OUTPUT_BUFFER / 2 && o->pack == NULL) {
        output_drain(o);
        write_all(o, bytes, n);
        return;
    }
    while (n > o->size - o->used) { /* so there is a pack, or room when the buffer is written out */
        size_t fits = o->pack != NULL ? o->size - o->used : 0;
        memcpy(o->buffer + o->used, bytes, fits);
        o->used += fits;
        bytes += fits;
        n -= fits;
        output_drain(o);
    }
    memcpy(o->buffer + o->used, bytes, n);
    o->used += n;
}

int32_t output_flush(struct output *o, struct gyre_ctx *ctx)
{
    output_drain(o);
    if (o->error == EPIPE)
        return gyre_fail(ctx, GYRE_EIO, "%s: its reader has gone", o->path);
    if (o->error != 0)
        return gyre_fail(ctx, GYRE_EIO, "%s cannot be written: %s", o->path, strerror(o->error));
    return GYRE_OK;
}

/* What cannot be begun begins later, with the sync. */
int32_t output_begin_sync(struct output *o, struct gyre_ctx *ctx)
{
    int32_t code = output_flush(o, ctx);
    if (code == GYRE_OK && o->writes_back)
        sync_file_range(o->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
    return code;
}

/* Pipes and devices cannot be synced, and need not be. */
static int is_failure_of_sync(int code)
{
    return code != EINVAL && code != EROFS && code != ENOTSUP;
}

int32_t output_sync(struct output *o, struct gyre_ctx *ctx)
{
    if (output_flush(o, ctx) != GYRE_OK)
        return ctx->error->code;
    if (fdatasync(o->fd) != 0 && is_failure_of_sync(errno))
        return gyre_fail(ctx, GYRE_EIO, "%s cannot be brought to the disk: %s", o->path,
                         strerror(errno));
    if (o->is_new && file_sync_folder_of(ctx, o->path) != GYRE_OK)
        return ctx->error->code;
    o->is_new = 0;
    return GYRE_OK;
}

int32_t file_sync_folder(struct gyre_ctx *ctx, const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int failed = fd < 0 || (fsync(fd) != 0 && is_failure_of_sync(errno));
    int code = errno;
    if (fd >= 0)
        close(fd);
    if (failed)
        return gyre_fail(ctx, GYRE_EIO, "the folder %s cannot be brought to the disk: %s", folder,
                         strerror(code));
    return GYRE_OK;
}

int32_t file_sync_folder_of(struct gyre_ctx *ctx, const char *path)
{
    char *whole = realpath(path, NULL);
    if (whole == NULL)
        return gyre_fail(ctx, GYRE_EIO, "%s cannot be brought to the disk: %s", path,
                         strerror(errno));
    char *slash = strrchr(whole, '/'); /* there is one: it is absolute */
    slash[slash == whole] = 0;
    int32_t code = file_sync_folder(ctx, whole);
    free(whole);
    return code;
}
