/* plugins/net/read.c: the source net.read, a row per line.
 *
 * One epoll descriptor stands for the port, the connections and an attempt at one: the host waits for
 * it when there is nothing to do. A poll receives from the peers that have something, in turn, until
 * its budget is used up. A socket is not read while the job does not poll, so that TCP's own window
 * holds the senders back; what this side then holds is at most a line and a chunk for each peer, and
 * there are no more than PEERS_MAX of them: others wait in the port's queue.
 *
 * It never ends. Lines that a lost connection had not brought to their end are lost. */
#include "read.h"
#include "endpoint.h"
#include "peer.h"
#include <errno.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { PEERS_MAX = 256, EVENTS = 16, ACCEPT_AGAIN_US = 1000000 };

/* What an event is about: the index of a peer, or one of these. */
enum { ABOUT_PORT = PEERS_MAX, ABOUT_ATTEMPT };

struct read_config {
    struct endpoint_config at;
    int64_t row_max;
};

struct reader {
    const struct read_config *config;
    struct endpoint endpoint;
    int epoll_fd;
    uint32_t n_peers;
    int64_t current; /* the peer whose buffer may hold whole lines; -1: none */
    int is_deaf;     /* the port is not listened to ... */
    int64_t deaf_us; /* ... up to then; INT64_MAX: until a peer has gone */
    struct peer peers[PEERS_MAX];
};

static int32_t read_bind(void *config, struct gyre_bind *bind)
{
    return endpoint_bind(&((struct read_config *)config)->at, bind);
}

static int32_t read_discover(const void *config, struct gyre_splits *splits)
{
    (void)config;
    return splits->add(splits, "", 0);
}

static int32_t read_add(void *self, struct gyre_ctx *ctx, uint32_t split, const void *bytes,
                        size_t n, struct gyre_reader *position)
{
    (void)self, (void)ctx, (void)split, (void)bytes, (void)n, (void)position;
    return GYRE_OK;
}

/* There is no position: a restored job goes on with what comes then. */
static int32_t read_save(void *self, struct gyre_ctx *ctx, uint32_t split,
                         struct gyre_writer *writer)
{
    (void)self, (void)ctx, (void)split, (void)writer;
    return GYRE_OK;
}

static int32_t watch(struct reader *r, struct gyre_ctx *ctx, int fd, uint32_t events,
                     uint32_t about)
{
    struct epoll_event event = {.events = events, .data.u32 = about};
    if (epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        return gyre_fail(ctx, GYRE_EIO, "a socket cannot be waited for: %s", strerror(errno));
    return GYRE_OK;
}

static int32_t read_open(void *self, struct gyre_ctx *ctx)
{
    struct reader *r = self;
    r->config = ctx->config;
    r->current = -1;
    for (uint32_t i = 0; i < PEERS_MAX; i++)
        r->peers[i].fd = -1;
    r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (r->epoll_fd < 0)
        return gyre_fail(ctx, GYRE_EIO, "epoll: %s", strerror(errno));
    int32_t code = endpoint_open(&r->endpoint, ctx, &r->config->at);
    if (code == GYRE_OK && r->config->at.listen)
        code = watch(r, ctx, r->endpoint.listen_fd, EPOLLIN, ABOUT_PORT);
    return code;
}

static void read_close(void *self, struct gyre_ctx *ctx)
{
    struct reader *r = self;
    if (r->config == NULL)
        return;
    for (uint32_t i = 0; i < PEERS_MAX; i++)
        peer_close(&r->peers[i], ctx);
    endpoint_close(&r->endpoint);
    if (r->epoll_fd >= 0)
        close(r->epoll_fd);
}

/* ---- peers ------------------------------------------------------------------------------------- */

static int32_t add_peer(struct reader *r, struct gyre_ctx *ctx, int fd)
{
    uint32_t i = 0;
    while (r->peers[i].fd >= 0)
        i++;
    r->peers[i] = (struct peer){.fd = fd};
    memcpy(r->peers[i].name, r->endpoint.peer, sizeof r->peers[i].name);
    r->n_peers++;
    return watch(r, ctx, fd, EPOLLIN, i);
}

static int32_t accept_peers(struct reader *r, struct gyre_ctx *ctx)
{
    while (r->n_peers < PEERS_MAX) {
        int fd = endpoint_accept(&r->endpoint, ctx);
        if (fd == -1)
            return GYRE_OK;
        if (fd < 0)
            break;
        int32_t code = add_peer(r, ctx, fd);
        if (code != GYRE_OK)
            return code;
    }
    r->is_deaf = 1;
    r->deaf_us = r->n_peers < PEERS_MAX ? gyre_now(ctx) + ACCEPT_AGAIN_US : INT64_MAX;
    epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, r->endpoint.listen_fd, NULL);
    return GYRE_OK;
}

/* The peer is gone; `reset` is why, 0 where it closed in good order. */
static void drop_peer(struct reader *r, struct gyre_ctx *ctx, struct peer *p, int reset)
{
    char why[128];
    snprintf(why, sizeof why, "%s%s",
             reset != 0 ? strerror(reset) : "the peer closed the connection",
             reset != 0 && p->end != p->at ? ", in the middle of a line" : "");
    if (r->config->at.listen) {
        if (reset != 0)
            gyre_log(ctx, GYRE_LOG_WARN, "%s: %s; waiting for others", p->name, why);
        peer_close(p, ctx);
    } else {
        p->fd = -1; /* it is the endpoint's */
        peer_close(p, ctx);
        endpoint_lost(&r->endpoint, ctx, why);
    }
    r->n_peers--;
    r->deaf_us = 0;
}

static int32_t hear_peer(struct reader *r, struct gyre_ctx *ctx, uint32_t i, uint32_t *budget)
{
    struct peer *p = &r->peers[i];
    int32_t came = peer_receive(p, ctx, r->config->row_max);
    if (came == PEER_CLOSED || came == PEER_RESET)
        drop_peer(r, ctx, p, came == PEER_RESET ? errno : 0);
    if (came == PEER_LINES) {
        endpoint_works(&r->endpoint);
        if (!peer_cut(p, ctx, r->config->row_max, budget))
            r->current = i;
    }
    return came < 0 ? came : GYRE_OK;
}

/* ---- polling ----------------------------------------------------------------------------------- */

/* Connecting: begins an attempt that is due, gives one up that took too long. */
static int32_t keep_connecting(struct reader *r, struct gyre_ctx *ctx)
{
    struct endpoint *e = &r->endpoint;
    if (e->is_connecting && gyre_now(ctx) >= e->retry_us)
        endpoint_lost(e, ctx, "it does not answer");
    if (e->fd >= 0)
        return GYRE_OK;
    endpoint_connect(e, ctx);
    return e->fd >= 0 ? watch(r, ctx, e->fd, EPOLLOUT, ABOUT_ATTEMPT) : GYRE_OK;
}

static int32_t keep_listening(struct reader *r, struct gyre_ctx *ctx)
{
    if (!r->is_deaf || gyre_now(ctx) < r->deaf_us)
        return GYRE_OK;
    r->is_deaf = 0;
    return watch(r, ctx, r->endpoint.listen_fd, EPOLLIN, ABOUT_PORT);
}

/* When there is something to do though no descriptor says so. */
static int64_t next_us(const struct reader *r)
{
    if (r->config->at.listen)
        return r->is_deaf ? r->deaf_us : INT64_MAX;
    return r->endpoint.fd < 0 || r->endpoint.is_connecting ? r->endpoint.retry_us : INT64_MAX;
}

static int32_t end_attempt(struct reader *r, struct gyre_ctx *ctx)
{
    if (!endpoint_connected(&r->endpoint, ctx))
        return GYRE_OK;
    epoll_ctl(r->epoll_fd, EPOLL_CTL_DEL, r->endpoint.fd, NULL);
    return add_peer(r, ctx, r->endpoint.fd);
}

static int32_t hear(struct reader *r, struct gyre_ctx *ctx, uint32_t about, uint32_t *budget)
{
    if (about == ABOUT_PORT)
        return accept_peers(r, ctx);
    if (about == ABOUT_ATTEMPT)
        return end_attempt(r, ctx);
    return hear_peer(r, ctx, about, budget);
}

static int32_t read_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    struct reader *r = self;
    struct epoll_event events[EVENTS];
    uint32_t budget = poll->budget != 0 ? poll->budget : 1;
    if (r->current >= 0) {
        if (!peer_cut(&r->peers[r->current], ctx, r->config->row_max, &budget))
            return GYRE_OK;
        r->current = -1;
    }
    int32_t code = r->config->at.listen ? keep_listening(r, ctx) : keep_connecting(r, ctx);
    if (code != GYRE_OK)
        return code;
    int n = epoll_wait(r->epoll_fd, events, EVENTS, 0);
    if (n < 0 && errno != EINTR)
        return gyre_fail(ctx, GYRE_EIO, "epoll: %s", strerror(errno));
    for (int i = 0; code == GYRE_OK && r->current < 0 && i < n; i++)
        code = hear(r, ctx, events[i].data.u32, &budget);
    if (n <= 0) {
        poll->status = GYRE_POLL_IDLE;
        poll->fd = r->epoll_fd;
        poll->wake_us = next_us(r);
    }
    return code;
}

static const struct gyre_option options[] = {
    ENDPOINT_OPTIONS,
    GYRE_OPT_RANGE(struct read_config, row_max, SIZE, "16MiB", 1, 1 << 30, NULL,
                   "a longer line is a bad row"),
};

static const struct gyre_field fields[] = {GYRE_FIELD(str, "line", 0)};
static const struct gyre_port output = GYRE_PORT("out", 0, fields, 1, "a row per line");

const struct gyre_operator gyre_op_read = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SOURCE,
    .name = "read",
    .doc = "Reads lines from TCP connections.",
    .flags = GYRE_SINGLE | GYRE_AT_MOST_ONCE | GYRE_UNBOUNDED,
    .config_size = sizeof(struct read_config),
    .instance_size = sizeof(struct reader),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .outputs = &output,
    .n_outputs = 1,
    .bind = read_bind,
    .open = read_open,
    .close = read_close,
    .discover = read_discover,
    .add_split = read_add,
    .poll = read_poll,
    .save_split = read_save,
};
