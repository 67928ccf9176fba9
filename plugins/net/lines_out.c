/* plugins/net/lines_out.c: see lines_out.h. */
#include "lines_out.h"
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#define ACCEPT_AGAIN_MS 1000

static int is_connected(const struct endpoint *e)
{
    return e->fd >= 0 && !e->is_connecting;
}

/* Whole milliseconds up to then, rounded up; 0 where it has passed. */
static int ms_until(struct gyre_ctx *ctx, int64_t us)
{
    int64_t left = us - gyre_now(ctx);
    return left <= 0 ? 0 : left > 3600000000 ? 3600000 : (int)((left + 999) / 1000);
}

static void take_peer(struct lines_out *l)
{
    struct endpoint *e = &l->endpoint;
    int fd = endpoint_accept(e, l->ctx);
    if (fd >= 0)
        gyre_log(l->ctx, GYRE_LOG_INFO, "%s connected", e->peer);
    if (fd == -2)
        poll(NULL, 0, ACCEPT_AGAIN_MS);
    e->fd = fd >= 0 ? fd : -1;
}

/* Waits until a peer takes bytes; 0 where none did by then, or the host ends the wait. */
static int await_peer(struct lines_out *l, int64_t until_us)
{
    struct endpoint *e = &l->endpoint;
    for (;;) {
        struct pollfd p = {.fd = e->listen_fd, .events = POLLIN};
        int64_t next_us = until_us;
        if (!e->config->listen)
            endpoint_connect(e, l->ctx);
        if (e->fd >= 0)
            p = (struct pollfd){.fd = e->fd, .events = POLLOUT};
        if (!e->config->listen && !is_connected(e) && e->retry_us < next_us)
            next_us = e->retry_us;
        int ready = poll(&p, 1, ms_until(l->ctx, next_us));
        if (ready < 0 && errno == EINTR) { /* the job has failed, or is to end now */
            l->is_patient = 0;
            return 0;
        }
        if (ready > 0 && is_connected(e))
            return 1;
        if (ready > 0 && e->fd < 0)
            take_peer(l);
        if (e->is_connecting && (ready > 0 || gyre_now(l->ctx) >= e->retry_us))
            endpoint_connected(e, l->ctx);
        if ((ready == 0 || !is_connected(e)) && gyre_now(l->ctx) >= until_us)
            return 0;
    }
}

/* The connection broke when `sent` bytes of the buffer had gone: where the next one begins. */
static size_t next_row(struct lines_out *l, size_t sent)
{
    uint32_t i = 0;
    if (sent == 0 && !l->is_continued)
        return 0;
    while (i < l->n_ends && l->ends[i] < sent)
        i++;
    if (i < l->n_ends) {
        *l->dropped += l->ends[i] != sent;
        return l->ends[i];
    }
    ++*l->dropped;
    l->is_broken = 1;
    return l->output.used;
}

/* Nobody takes what stands behind `sent`. */
static void give_up(struct lines_out *l, size_t sent)
{
    size_t last = l->n_ends != 0 ? l->ends[l->n_ends - 1] : 0;
    if (l->is_patient)
        gyre_log(l->ctx, GYRE_LOG_WARN, "no peer takes rows: they are dropped until one does");
    if (is_connected(&l->endpoint))
        endpoint_lost(&l->endpoint, l->ctx, "the peer takes nothing");
    for (uint32_t i = 0; i < l->n_ends; i++)
        *l->dropped += l->ends[i] > sent;
    if (l->output.used > last) {
        ++*l->dropped;
        l->is_broken = 1;
    }
    l->is_patient = 0;
}

/* Sends the buffer, or drops what nobody takes. */
static void send_all(struct lines_out *l)
{
    struct output *o = &l->output;
    int64_t since_us = gyre_now(l->ctx);
    for (size_t sent = 0; sent < o->used;) {
        if (!await_peer(l, since_us + (l->is_patient ? l->patience_us : 0))) {
            give_up(l, sent);
            return;
        }
        ssize_t n = send(l->endpoint.fd, o->buffer + sent, o->used - sent, MSG_NOSIGNAL);
        if (n > 0) {
            sent += (size_t)n;
            since_us = gyre_now(l->ctx);
            l->is_patient = 1;
            endpoint_works(&l->endpoint);
        } else if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
            endpoint_lost(&l->endpoint, l->ctx, strerror(errno));
            sent = next_row(l, sent);
            l->is_continued = 0;
        }
    }
}

void output_drain(struct output *o)
{
    struct lines_out *l = (struct lines_out *)o;
    if (!l->is_broken)
        send_all(l);
    size_t last = l->n_ends != 0 ? l->ends[l->n_ends - 1] : 0;
    l->is_continued = !l->is_broken && o->used > last;
    l->n_ends = 0;
    o->used = 0;
}

void output_put(struct output *o, const char *bytes, size_t n)
{
    while (n != 0) {
        size_t piece = n < OUTPUT_BUFFER / 2 ? n : OUTPUT_BUFFER / 2;
        memcpy(output_room(o, piece), bytes, piece);
        o->used += piece;
        bytes += piece;
        n -= piece;
    }
}

void lines_end_row(struct lines_out *l)
{
    if (l->is_broken) {
        l->output.used = 0;
        l->is_broken = 0;
        return;
    }
    l->ends[l->n_ends++] = (uint32_t)l->output.used;
    if (l->n_ends == LINES_ENDS)
        output_drain(&l->output);
}

int32_t lines_open(struct lines_out *l, struct gyre_ctx *ctx, const struct endpoint_config *config,
                   int64_t patience_us)
{
    l->output = (struct output){
        .buffer = gyre_alloc(ctx, NULL, OUTPUT_BUFFER), .size = OUTPUT_BUFFER, .fd = -1};
    l->dropped = gyre_counter(ctx, "dropped");
    l->patience_us = patience_us;
    l->is_patient = 1;
    if (l->output.buffer == NULL || l->dropped == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a buffer of %u bytes", OUTPUT_BUFFER);
    return endpoint_open(&l->endpoint, ctx, config);
}

void lines_close(struct lines_out *l, struct gyre_ctx *ctx)
{
    char unread[4096];
    if (is_connected(&l->endpoint) && l->endpoint.config != NULL) {
        /* closing with bytes unread would reset the connection, and take rows from the peer */
        shutdown(l->endpoint.fd, SHUT_WR);
        for (int i = 0; i < 64 && recv(l->endpoint.fd, unread, sizeof unread, 0) > 0; i++)
            continue;
    }
    endpoint_close(&l->endpoint);
    if (l->output.buffer != NULL)
        gyre_alloc(ctx, l->output.buffer, 0);
    l->output.buffer = NULL;
}
