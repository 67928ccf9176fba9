/* plugins/file/input.c: see input.h. */
#include "input.h"
#include "mark.h"
#include "paths.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK     (256u << 10)
#define CHUNK_MIN (64u << 10) /* less room than this is left unused */

/* What an open file is compressed by. A stream is looked at when its first bytes come. */
static int32_t find_codec(const struct input *in, int32_t codec)
{
    uint8_t bytes[CODEC_MAGIC];
    if (codec != CODEC_AUTO || in->is_stream)
        return codec;
    ssize_t n = pread(in->fd, bytes, sizeof bytes, 0);
    codec = n > 0 ? codec_of_bytes(bytes, (size_t)n) : CODEC_NONE;
    return codec == CODEC_AUTO ? CODEC_NONE : codec;
}

static int32_t begin_unpacking(struct input *in, struct gyre_ctx *ctx, int32_t codec,
                               struct frame_place frame)
{
    if (codec != CODEC_AUTO && codec_lacks(codec) != NULL)
        return gyre_fail(ctx, GYRE_ENOTSUP, "%s: %s", in->path, codec_lacks(codec));
    in->unpack = gyre_alloc(ctx, NULL, sizeof *in->unpack);
    if (in->unpack == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "%s: no memory to decompress it", in->path);
    unpack_begin(in->unpack, codec, in->fd, in->is_stream, frame);
    in->to_drop = in->offset - frame.offset;
    return GYRE_OK;
}

int32_t input_open(struct input *in, struct gyre_ctx *ctx, const char *path, int32_t codec,
                   uint64_t offset, struct frame_place frame)
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
    codec = find_codec(in, codec);
    if (!in->is_stream)
        posix_fadvise(in->fd, (off_t)(codec == CODEC_NONE ? offset : frame.at), 0,
                      POSIX_FADV_SEQUENTIAL);
    return codec == CODEC_NONE ? GYRE_OK : begin_unpacking(in, ctx, codec, frame);
}

static void end_unpacking(struct input *in, struct gyre_ctx *ctx)
{
    unpack_end(in->unpack);
    gyre_alloc(ctx, in->unpack, 0);
    in->unpack = NULL;
}

void input_close(struct input *in, struct gyre_ctx *ctx)
{
    if (in->is_open && !in->is_lent && in->fd > STDIN_FILENO)
        close(in->fd);
    if (in->unpack != NULL)
        end_unpacking(in, ctx);
    if (in->carry != NULL)
        gyre_alloc(ctx, in->carry, 0);
    *in = (struct input){0};
}

struct input_place input_place(const struct input *in)
{
    struct input_place place = {in->offset, in->offset, 0, {0, 0}, CODEC_NONE};
    if (in->unpack != NULL) {
        place.codec = in->unpack->codec;
        place.frame = unpack_place(in->unpack, in->offset);
        place.mark_at = unpack_taken(in->unpack);
    }
    place.mark = file_mark(in->fd, place.mark_at);
    return place;
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

/* Reads at most `room` bytes behind `end`: their number in *n, none at the end. */
static int32_t read_plain(struct input *in, struct gyre_ctx *ctx, size_t room, size_t *n)
{
    uint64_t place = in->offset + input_left(in);
    ssize_t got;
    if (in->stop != 0 && room > in->stop - place)
        room = in->stop - place;
    do {
        got = in->is_stream ? read(in->fd, in->end, room)
                            : pread(in->fd, in->end, room, (off_t)place);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return INPUT_WAIT;
    if (got < 0)
        return gyre_fail(ctx, GYRE_EIO, "%s cannot be read: %s", in->path, strerror(errno));
    in->at_eof = got == 0;
    *n = (size_t)got;
    return GYRE_OK;
}

/* The same of what is decompressed. Whoever goes on from a place has to come to it first. */
static int32_t read_unpacked(struct input *in, struct gyre_ctx *ctx, size_t room, size_t *n)
{
    struct unpack *u = in->unpack;
    if (in->to_drop != 0 && room > in->to_drop)
        room = (size_t)in->to_drop;
    switch (unpack_read(u, in->end, room, in->offset, n)) {
    case UNPACK_WAIT: return INPUT_WAIT;
    case UNPACK_FAILED:
        return gyre_fail(ctx, GYRE_EIO, "%s cannot be read: %s", in->path, strerror(u->error));
    case UNPACK_DAMAGED: return INPUT_DAMAGED;
    default: break;
    }
    int is_end = u->at_end && *n == 0;
    if (is_end && in->to_drop != 0)
        return gyre_fail(ctx, GYRE_EFAIL,
                         "%s holds less than the %llu bytes that had been read of it: put it back, "
                         "or start without the snapshot",
                         in->path, (unsigned long long)in->offset);
    if (in->to_drop != 0) {
        in->to_drop -= *n;
        *n = 0;
    }
    in->at_eof = is_end;
    if (u->codec == CODEC_NONE && u->at == u->n) /* a stream has turned out to be plain */
        end_unpacking(in, ctx);
    return GYRE_OK;
}

int32_t input_more(struct input *in, struct gyre_ctx *ctx)
{
    struct gyre_out *out = ctx->outputs[0];
    size_t n = 0;
    if (in->is_stream && in->unpack == NULL && !is_readable(in->fd))
        return INPUT_WAIT;
    /* the sentinel byte stands right before free room, unless others took room meanwhile */
    int goes_on = in->end != NULL && in->end + 1 == out->text &&
                  (size_t)(out->text_end - out->text) > CHUNK_MIN;
    if (!goes_on && move_rest(in, ctx) != GYRE_OK)
        return ctx->error->code;
    size_t room = (size_t)(out->text_end - out->text);
    room = room < CHUNK ? room : CHUNK;
    int32_t code =
        in->unpack != NULL ? read_unpacked(in, ctx, room, &n) : read_plain(in, ctx, room, &n);
    in->end += n;
    gyre_out_used(out, (uint32_t)n);
    return code;
}
