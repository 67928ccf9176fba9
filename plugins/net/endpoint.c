/* plugins/net/endpoint.c: see endpoint.h. */
#include "endpoint.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128 };

int32_t endpoint_bind(const struct endpoint_config *c, struct gyre_bind *bind)
{
    int32_t code = GYRE_OK;
    if (c->host[0] == 0)
        code = gyre_bind_fail(bind, GYRE_EINVAL, "host", "a name or an address is needed");
    if (c->port < (c->listen ? 0 : 1) || c->port > 65535)
        code = gyre_bind_fail(bind, GYRE_EINVAL, "port", "%lld is not within %d and 65535",
                              (long long)c->port, c->listen ? 0 : 1);
    return code;
}

/* ---- addresses --------------------------------------------------------------------------------- */

static void name_address(char *to, size_t size, const struct sockaddr *address, socklen_t length)
{
    char host[48], port[8];
    if (getnameinfo(address, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(to, size, "(unknown)");
    else
        snprintf(to, size, address->sa_family == AF_INET6 ? "[%s]:%s" : "%s:%s", host, port);
}

/* The addresses of the name: to be freed by freeaddrinfo; NULL and `why`. */
static struct addrinfo *look_up(struct endpoint *e, const char **why)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_NUMERICSERV | (e->config->listen ? AI_PASSIVE : 0)};
    struct addrinfo *list = NULL;
    char port[8];
    snprintf(port, sizeof port, "%d", (int)e->config->port);
    int code = getaddrinfo(e->config->host, port, &hints, &list);
    if (code != 0) {
        *why = code == EAI_SYSTEM ? strerror(errno) : gai_strerror(code);
        return NULL;
    }
    e->n_addresses = 0;
    for (const struct addrinfo *a = list; a != NULL; a = a->ai_next)
        e->n_addresses++;
    return list;
}

static int make_socket(const struct addrinfo *a)
{
    int one = 1;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0) { /* without these it works too */
        setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    return fd;
}

/* ---- listening --------------------------------------------------------------------------------- */

static int32_t start_listening(struct endpoint *e, struct gyre_ctx *ctx, const struct addrinfo *a)
{
    struct sockaddr_storage bound;
    socklen_t length = sizeof bound;
    int one = 1;
    e->listen_fd = make_socket(a);
    if (e->listen_fd < 0 ||
        setsockopt(e->listen_fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(e->listen_fd, a->ai_addr, a->ai_addrlen) != 0 || listen(e->listen_fd, BACKLOG) != 0 ||
        getsockname(e->listen_fd, (struct sockaddr *)&bound, &length) != 0)
        return gyre_fail(ctx, GYRE_EIO, "cannot listen at %s, port %d: %s", e->config->host,
                         (int)e->config->port, strerror(errno));
    name_address(e->peer, sizeof e->peer, (struct sockaddr *)&bound, length);
    gyre_log(ctx, GYRE_LOG_INFO, "listening at %s", e->peer);
    return GYRE_OK;
}

int endpoint_accept(struct endpoint *e, struct gyre_ctx *ctx)
{
    struct sockaddr_storage from;
    socklen_t length = sizeof from;
    int one = 1;
    int fd = accept4(e->listen_fd, (struct sockaddr *)&from, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR || errno == ECONNABORTED)
            return -1;
        gyre_log(ctx, GYRE_LOG_WARN, "a peer cannot be accepted: %s", strerror(errno));
        return -2;
    }
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    name_address(e->peer, sizeof e->peer, (struct sockaddr *)&from, length);
    return fd;
}

/* ---- connecting -------------------------------------------------------------------------------- */

void endpoint_lost(struct endpoint *e, struct gyre_ctx *ctx, const char *why)
{
    if (e->fd >= 0)
        close(e->fd);
    e->fd = -1;
    e->is_connecting = 0;
    if (e->config->listen) {
        gyre_log(ctx, GYRE_LOG_WARN, "%s: %s; waiting for the next peer", e->peer, why);
        return;
    }
    int has_more = ++e->turn < e->n_addresses;
    e->turn = has_more ? e->turn : 0;
    e->retry_us = gyre_now(ctx) + (has_more ? 0 : e->delay_us);
    gyre_log(ctx, GYRE_LOG_WARN, "%s, port %d: %s; connecting again in %d ms", e->config->host,
             (int)e->config->port, why, has_more ? 0 : (int)(e->delay_us / 1000));
    if (!has_more)
        e->delay_us = 2 * e->delay_us < RETRY_MAX_US ? 2 * e->delay_us : RETRY_MAX_US;
}

void endpoint_works(struct endpoint *e)
{
    e->delay_us = RETRY_MIN_US;
    e->turn = 0;
}

void endpoint_connect(struct endpoint *e, struct gyre_ctx *ctx)
{
    const char *why;
    if (e->fd >= 0 || gyre_now(ctx) < e->retry_us)
        return;
    struct addrinfo *list = look_up(e, &why);
    if (list == NULL) {
        e->n_addresses = 0;
        endpoint_lost(e, ctx, why);
        return;
    }
    const struct addrinfo *a = list;
    for (uint32_t i = 0; i < e->turn && a->ai_next != NULL; i++)
        a = a->ai_next;
    name_address(e->peer, sizeof e->peer, a->ai_addr, a->ai_addrlen);
    e->fd = make_socket(a);
    e->is_connecting = 1;
    e->retry_us = gyre_now(ctx) + CONNECT_MAX_US;
    if (e->fd < 0 || (connect(e->fd, a->ai_addr, a->ai_addrlen) != 0 && errno != EINPROGRESS))
        endpoint_lost(e, ctx, strerror(errno));
    freeaddrinfo(list);
}

int endpoint_connected(struct endpoint *e, struct gyre_ctx *ctx)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer, error_length = sizeof(int);
    int error = 0;
    if (getsockopt(e->fd, SOL_SOCKET, SO_ERROR, &error, &error_length) != 0)
        error = errno;
    if (error == 0 && getpeername(e->fd, (struct sockaddr *)&peer, &length) != 0) {
        if (gyre_now(ctx) < e->retry_us)
            return 0;
        error = ETIMEDOUT;
    }
    if (error != 0) {
        endpoint_lost(e, ctx, strerror(error));
        return 0;
    }
    e->is_connecting = 0;
    gyre_log(ctx, GYRE_LOG_INFO, "connected to %s", e->peer);
    return 1;
}

/* ---- both -------------------------------------------------------------------------------------- */

int32_t endpoint_open(struct endpoint *e, struct gyre_ctx *ctx, const struct endpoint_config *c)
{
    const char *why;
    *e = (struct endpoint){.config = c, .listen_fd = -1, .fd = -1, .delay_us = RETRY_MIN_US};
    struct addrinfo *list = look_up(e, &why);
    if (list == NULL)
        return gyre_fail(ctx, GYRE_EIO, "host %s: %s", c->host, why);
    int32_t code = c->listen ? start_listening(e, ctx, list) : GYRE_OK;
    freeaddrinfo(list);
    return code;
}

void endpoint_close(struct endpoint *e)
{
    if (e->config == NULL)
        return;
    if (e->listen_fd >= 0)
        close(e->listen_fd);
    if (e->fd >= 0)
        close(e->fd);
    e->listen_fd = e->fd = -1;
}
