/* plugins/net/peer.c: see peer.h. */
#include "peer.h"
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK (64u << 10)

/* The length of a line of `n` bytes, if a CR at its end is that of CRLF. */
static size_t without_cr(const struct peer *p, size_t n)
{
    return n - (n != 0 && p->buffer[p->at + n - 1] == '\r');
}

static void put_line(struct peer *p, struct gyre_ctx *ctx, size_t n, int64_t row_max)
{
    struct gyre_out *out = ctx->outputs[0];
    const char *line = p->buffer + p->at;
    if (n > (uint64_t)row_max) {
        gyre_bad_input(ctx, line, n, "%s: a line is longer than row_max = %lld", p->name,
                       (long long)row_max);
        return;
    }
    uint32_t row = gyre_out_row(out, GYRE_NO_TIME);
    GYRE_OUT(out, 0, struct gyre_str)[row] = gyre_out_str(out, line, (uint32_t)n);
}

int peer_cut(struct peer *p, struct gyre_ctx *ctx, int64_t row_max, uint32_t *budget)
{
    for (; *budget != 0; --*budget) {
        const char *from = p->buffer + p->at + p->scanned;
        size_t rest = p->end - p->at - p->scanned;
        const char *lf = rest != 0 ? memchr(from, '\n', rest) : NULL;
        if (lf == NULL) {
            p->scanned += rest;
            return 1;
        }
        size_t n = (size_t)(lf - (p->buffer + p->at));
        if (!p->skipping)
            put_line(p, ctx, without_cr(p, n), row_max);
        p->skipping = 0;
        p->at += n + 1;
        p->scanned = 0;
    }
    return 0;
}

/* Moves what is left to the front, and sees to room behind it. */
static int32_t make_room(struct peer *p, struct gyre_ctx *ctx)
{
    size_t left = p->end - p->at;
    if (left != 0 && p->at != 0)
        memmove(p->buffer, p->buffer + p->at, left);
    p->at = 0;
    p->end = left;
    if (left == 0 && p->capacity > 4 * CHUNK) { /* after a long line */
        gyre_alloc(ctx, p->buffer, 0);
        p->buffer = NULL;
        p->capacity = 0;
    }
    if (p->capacity - left >= CHUNK / 2)
        return GYRE_OK;
    size_t capacity = 2 * left + CHUNK;
    char *buffer = gyre_alloc(ctx, p->buffer, capacity);
    if (buffer == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "%s: no memory for a line of %zu bytes", p->name, left);
    p->buffer = buffer;
    p->capacity = capacity;
    return GYRE_OK;
}

/* A part of a line that is too long already is told now, and passed over up to its end. */
static void skip_long(struct peer *p, struct gyre_ctx *ctx, int64_t row_max)
{
    size_t left = p->end - p->at;
    if (!p->skipping && without_cr(p, left) > (uint64_t)row_max) {
        put_line(p, ctx, left, row_max);
        p->skipping = 1;
    }
    if (p->skipping) {
        p->at = p->end;
        p->scanned = 0;
    }
}

int32_t peer_receive(struct peer *p, struct gyre_ctx *ctx, int64_t row_max)
{
    ssize_t n;
    skip_long(p, ctx, row_max);
    if (make_room(p, ctx) != GYRE_OK)
        return ctx->error->code;
    do {
        n = recv(p->fd, p->buffer + p->end, p->capacity - p->end, 0);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
        p->end += (size_t)n;
        return PEER_LINES;
    }
    if (n < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? PEER_WAIT : PEER_RESET;
    if (p->end != p->at && !p->skipping) /* the last line needs no line end */
        put_line(p, ctx, p->end - p->at, row_max);
    p->at = p->end;
    return PEER_CLOSED;
}

void peer_close(struct peer *p, struct gyre_ctx *ctx)
{
    if (p->fd >= 0)
        close(p->fd);
    if (p->buffer != NULL)
        gyre_alloc(ctx, p->buffer, 0);
    *p = (struct peer){.fd = -1};
}
