/* plugins/file/unpack.c: see unpack.h. */
#include "unpack.h"
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#if __has_include(<zlib.h>)
#include <zlib.h>
#endif
#if __has_include(<zstd.h>)
#include <zstd.h>
#endif

/* What a decoder is to do, and what it did. */
struct step {
    char *to;
    size_t room;
    size_t made;
    size_t taken;
    int is_end;      /* of a frame */
    const char *why; /* NULL: it is not damaged */
};

/* ---- the libraries ----------------------------------------------------------------------------- */

#if __has_include(<zlib.h>)
static int gzip_begin(struct unpack *u)
{
    z_stream *z = u->decoder;
    if (z != NULL)
        return inflateReset(z) == Z_OK;
    z = calloc(1, sizeof *z);
    if (z == NULL || inflateInit2(z, 15 + 16) != Z_OK) {
        free(z);
        return 0;
    }
    u->decoder = z;
    return 1;
}

static void gzip_step(struct unpack *u, struct step *s)
{
    z_stream *z = u->decoder;
    z->next_in = u->buffer + u->at;
    z->avail_in = (uInt)(u->n - u->at);
    z->next_out = (Bytef *)s->to;
    z->avail_out = (uInt)s->room;
    int code = inflate(z, Z_NO_FLUSH);
    s->taken = u->n - u->at - z->avail_in;
    s->made = s->room - z->avail_out;
    s->is_end = code == Z_STREAM_END;
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        s->why = z->msg != NULL ? z->msg : zError(code);
}

static void gzip_end(struct unpack *u)
{
    inflateEnd(u->decoder);
    free(u->decoder);
}
#endif

#if __has_include(<zstd.h>)
/* The memory that a frame may ask for is bounded by the library: a window of 128 MiB. */
static int zstd_begin(struct unpack *u)
{
    if (u->decoder == NULL)
        u->decoder = ZSTD_createDCtx();
    return u->decoder != NULL;
}

static void zstd_step(struct unpack *u, struct step *s)
{
    ZSTD_inBuffer in = {u->buffer + u->at, u->n - u->at, 0};
    ZSTD_outBuffer out = {s->to, s->room, 0};
    size_t code = ZSTD_decompressStream(u->decoder, &out, &in);
    s->taken = in.pos;
    s->made = out.pos;
    s->is_end = code == 0;
    if (ZSTD_isError(code))
        s->why = ZSTD_getErrorName(code);
}
#endif

static int begin_frame(struct unpack *u)
{
    switch (u->codec) {
#if __has_include(<zlib.h>)
    case CODEC_GZIP: return gzip_begin(u);
#endif
#if __has_include(<zstd.h>)
    case CODEC_ZSTD: return zstd_begin(u);
#endif
    default: return 0;
    }
}

static void take_step(struct unpack *u, struct step *s)
{
    (void)u, (void)s;
#if __has_include(<zlib.h>)
    if (u->codec == CODEC_GZIP)
        gzip_step(u, s);
#endif
#if __has_include(<zstd.h>)
    if (u->codec == CODEC_ZSTD)
        zstd_step(u, s);
#endif
}

void unpack_end(struct unpack *u)
{
#if __has_include(<zlib.h>)
    if (u->codec == CODEC_GZIP && u->decoder != NULL)
        gzip_end(u);
#endif
#if __has_include(<zstd.h>)
    if (u->codec == CODEC_ZSTD)
        ZSTD_freeDCtx(u->decoder);
#endif
    u->decoder = NULL;
}

/* ---- reading ----------------------------------------------------------------------------------- */

void unpack_begin(struct unpack *u, int32_t codec, int fd, int is_stream, struct frame_place from)
{
    memset(u, 0, offsetof(struct unpack, buffer));
    u->codec = codec;
    u->fd = fd;
    u->is_stream = is_stream;
    u->is_dry = 1;
    u->read_to = from.at;
    u->offset = from.offset;
    u->first = u->next = from;
}

static int is_readable(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    return poll(&p, 1, 0) > 0;
}

/* Reads behind what is in the buffer. */
static int32_t refill(struct unpack *u)
{
    ssize_t got;
    if (u->at == u->n)
        u->at = u->n = 0;
    if (u->is_stream && !is_readable(u->fd))
        return UNPACK_WAIT;
    do {
        got = u->is_stream
                  ? read(u->fd, u->buffer + u->n, UNPACK_BUFFER - u->n)
                  : pread(u->fd, u->buffer + u->n, UNPACK_BUFFER - u->n, (off_t)u->read_to);
    } while (got < 0 && errno == EINTR);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return UNPACK_WAIT;
    u->error = got < 0 ? errno : 0;
    if (got < 0)
        return UNPACK_FAILED;
    u->n += (size_t)got;
    u->read_to += (uint64_t)got;
    u->at_end = got == 0;
    return UNPACK_OK;
}

static int32_t damaged(struct unpack *u, const char *what)
{
    snprintf(u->why, sizeof u->why,
             "its %s data %s, at byte %llu, which is byte %llu of what it holds",
             codec_name(u->codec), what, (unsigned long long)unpack_taken(u),
             (unsigned long long)u->offset);
    return UNPACK_DAMAGED;
}

/* What the file is, by its first bytes: they may come one by one. */
static int32_t find_codec(struct unpack *u)
{
    int32_t code = UNPACK_OK;
    while (u->codec == CODEC_AUTO && code == UNPACK_OK) {
        u->codec = codec_of_bytes(u->buffer, u->n);
        if (u->codec == CODEC_AUTO && u->at_end)
            u->codec = CODEC_NONE;
        if (u->codec == CODEC_AUTO)
            code = refill(u);
    }
    if (code == UNPACK_OK && codec_lacks(u->codec) != NULL) {
        snprintf(u->why, sizeof u->why, "%s", codec_lacks(u->codec));
        return UNPACK_DAMAGED;
    }
    return code;
}

static void note_frame(struct unpack *u, uint64_t used)
{
    if (u->next.offset > used)
        return; /* one that is nearer to what has been used */
    u->first = u->next;
    u->next = (struct frame_place){unpack_taken(u), u->offset};
}

struct frame_place unpack_place(const struct unpack *u, uint64_t used)
{
    return u->next.offset <= used ? u->next : u->first;
}

/* Zeros behind a member of gzip fill up a block of a tape, and are passed over. */
static int32_t start_frame(struct unpack *u, uint64_t used)
{
    while (u->codec == CODEC_GZIP && unpack_taken(u) != 0 && u->at < u->n && u->buffer[u->at] == 0)
        u->at++;
    if (u->at == u->n)
        return UNPACK_OK;
    note_frame(u, used);
    if (!begin_frame(u)) {
        u->error = ENOMEM;
        return UNPACK_FAILED;
    }
    u->in_frame = 1;
    u->is_dry = 0;
    return UNPACK_OK;
}

static int32_t decode(struct unpack *u, char *to, size_t room, size_t *n)
{
    struct step s = {.to = to + *n, .room = room - *n};
    take_step(u, &s);
    u->at += s.taken;
    u->offset += s.made;
    *n += s.made;
    u->is_dry = s.made < s.room;
    u->in_frame = !s.is_end;
    if (s.why == NULL)
        return UNPACK_OK;
    char text[UNPACK_WHY / 2];
    snprintf(text, sizeof text, "is damaged (%s)", s.why);
    return damaged(u, text);
}

/* What was in the buffer when the file proved to be no compressed one. */
static size_t put_plain(struct unpack *u, char *to, size_t room)
{
    size_t n = u->n - u->at < room ? u->n - u->at : room;
    if (n != 0)
        memcpy(to, u->buffer + u->at, n);
    u->at += n;
    u->offset += n;
    return n;
}

int32_t unpack_read(struct unpack *u, char *to, size_t room, uint64_t used, size_t *n)
{
    int has_read = 0;
    *n = 0;
    int32_t code = u->why[0] != 0 ? UNPACK_DAMAGED : find_codec(u);
    while (code == UNPACK_OK && *n < room) {
        if (u->at == u->n && (u->is_dry || !u->in_frame)) {
            if (has_read || u->at_end)
                break;
            code = refill(u);
            has_read = 1;
            if (code == UNPACK_OK && u->at_end && u->in_frame)
                code = damaged(u, "ends early");
        } else if (u->codec == CODEC_NONE) {
            *n += put_plain(u, to + *n, room - *n);
        } else if (!u->in_frame) {
            code = start_frame(u, used);
        } else {
            code = decode(u, to, room, n);
        }
    }
    return *n != 0 ? UNPACK_OK : code; /* the next call comes to the same */
}
