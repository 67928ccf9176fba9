/* plugins/file/input.c: see input.h. */
#include "input.h"
#include "paths.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK     (256u << 10)
#define CHUNK_MIN (64u << 10) /* less room than this is left unused */

int32_t input_open(struct input *in, struct gyre_ctx *ctx, const char *path, uint64_t offset)
{
    struct stat st;
    *in = (struct input){.path = path, .offset = offset, .fd = STDIN_FILENO, .is_open = 1};
    if (!path_is_standard(path))
        in->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (in->fd < 0 || fstat(in->fd, &st) != 0) {
        int code = errno;
        input_close(in, ctx);
        return gyre_fail(ctx, GYRE_EIO, "%s cannot be opened: %s", path, strerror(code));
    }
    in->is_stream = path_is_standard(path) || !S_ISREG(st.st_mode);
    if (!in->is_stream)
        posix_fadvise(in->fd, (off_t)offset, 0, POSIX_FADV_SEQUENTIAL);
    return GYRE_OK;
}

void input_close(struct input *in, struct gyre_ctx *ctx)
{
    if (in->is_open && !in->is_lent && in->fd > STDIN_FILENO)
        close(in->fd);
    if (in->carry != NULL)
        gyre_alloc(ctx, in->carry, 0);
    *in = (struct input){0};
}

/* Moves the rest into an arena with room for as much again, and a chunk. */
static int32_t move_rest(struct input *in, struct gyre_ctx *ctx)
{
    struct gyre_out *out = ctx->outputs[0];
    size_t rest = input_left(in);
    if (rest > in->carry_size) {
        char *carry = gyre_alloc(ctx, in->carry, 2 * rest);
        if (carry == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM, "%s: no memory for a line of %zu bytes", in->path,
                             rest);
        in->carry = carry;
        in->carry_size = 2 * rest;
    }
    if (rest != 0) /* out of the old arena, which may go now */
        memcpy(in->carry, in->at, rest);
    char *room = gyre_out_room(out, (uint32_t)(2 * rest + CHUNK));
    if (room == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "%s: no memory to read into", in->path);
    if (rest != 0)
        memcpy(room, in->carry, rest);
    gyre_out_used(out, (uint32_t)rest + 1);
    in->at = room;
    in->end = room + rest;
    return GYRE_OK;
}

int32_t input_resume(struct input *in, struct gyre_ctx *ctx, int fd, const char *path,
                     uint64_t offset, const char *bytes, size_t n)
{
    struct gyre_out *out = ctx->outputs[0];
    char *room = gyre_out_room(out, (uint32_t)(n + CHUNK));
    input_pause(in);
    if (room == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "%s: no memory to read into", path);
    if (n != 0)
        memcpy(room, bytes, n);
    gyre_out_used(out, (uint32_t)n + 1);
    in->path = path;
    in->offset = offset;
    in->fd = fd;
    in->is_open = in->is_lent = 1;
    in->at = room;
    in->end = room + n;
    return GYRE_OK;
}

void input_pause(struct input *in)
{
    *in = (struct input){.carry = in->carry, .carry_size = in->carry_size, .fd = -1};
}

/* 1 where a read will not block. A signal that is pending ends poll, too: then nothing is known, and
 * a read might block for ever. */
static int is_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

int32_t input_more(struct input *in, struct gyre_ctx *ctx)
{
    struct gyre_out *out = ctx->outputs[0];
    if (in->is_stream && !is_readable(in->fd))
        return INPUT_WAIT;
    /* the sentinel byte stands right before free room, unless others took room meanwhile */
    int goes_on = in->end != NULL && in->end + 1 == out->text &&
                  (size_t)(out->text_end - out->text) > CHUNK_MIN;
    if (!goes_on && move_rest(in, ctx) != GYRE_OK)
        return ctx->error->code;
    size_t room = (size_t)(out->text_end - out->text);
    room = room < CHUNK ? room : CHUNK;
    uint64_t place = in->offset + input_left(in);
    if (in->stop != 0 && room > in->stop - place)
        room = in->stop - place;
    ssize_t n;
    do {
        n = in->is_stream ? read(in->fd, in->end, room)
                          : pread(in->fd, in->end, room, (off_t)place);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return INPUT_WAIT;
    if (n < 0)
        return gyre_fail(ctx, GYRE_EIO, "%s cannot be read: %s", in->path, strerror(errno));
    in->at_eof = n == 0;
    in->end += n;
    gyre_out_used(out, (uint32_t)n);
    return GYRE_OK;
}
