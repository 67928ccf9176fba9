/* plugins/net/endpoint.h: one side of TCP: a port that peers connect to, or a peer to connect to.
 *
 * Nothing here waits but the look-up of a name. A connection that could not be made, or is lost, is
 * tried again after a while that doubles from RETRY_MIN_US to RETRY_MAX_US:
 *
 *     idle --(retry_us has come)--> connecting --(writable)--> connected
 *      ^                                |                          |
 *      +-------- endpoint_lost --------+------- endpoint_lost ----+
 *
 * A name may have several addresses: they are tried in turn, and the while passes after the last. */
#ifndef GYRE_PLUGIN_NET_ENDPOINT_H
#define GYRE_PLUGIN_NET_ENDPOINT_H

#include <gyre/gyre.h>

#define RETRY_MIN_US   100000
#define RETRY_MAX_US   10000000
#define CONNECT_MAX_US 10000000 /* a connection that takes longer is given up */

/* What the options of both operators begin with. */
struct endpoint_config {
    const char *host;
    int64_t port;
    int32_t listen;
};

struct endpoint {
    const struct endpoint_config *config;
    int listen_fd;     /* -1: none */
    int fd;            /* of the connection, or the attempt at one; -1: none */
    int is_connecting; /* `fd` becomes writable when it is known how that went */
    uint32_t turn;     /* the address to try next */
    uint32_t n_addresses;
    int64_t delay_us;
    int64_t retry_us; /* idle: when to try; connecting: when to give up */
    char peer[64];    /* who is connected, for messages */
};

/* Checks the options; errors are told through `bind`. */
int32_t endpoint_bind(const struct endpoint_config *c, struct gyre_bind *bind);

/* Looks the name up; with `listen` also begins to listen. */
int32_t endpoint_open(struct endpoint *e, struct gyre_ctx *ctx, const struct endpoint_config *c);
void endpoint_close(struct endpoint *e);

/* The next peer of a port, named in `peer`; -1: there is none now, -2: none can be accepted. */
int endpoint_accept(struct endpoint *e, struct gyre_ctx *ctx);

/* Idle: begins to connect if that is due. Sets `fd` or `retry_us`. */
void endpoint_connect(struct endpoint *e, struct gyre_ctx *ctx);
/* Connecting, and `fd` is writable or time is up: finds out how it went; 1: connected. */
int endpoint_connected(struct endpoint *e, struct gyre_ctx *ctx);
/* Closes `fd`; says why, and when it will be tried again. `why` is a clause: "the peer closed it". */
void endpoint_lost(struct endpoint *e, struct gyre_ctx *ctx, const char *why);
/* Data flowed: the next loss waits but a short while again. */
void endpoint_works(struct endpoint *e);

/* Their entries; the operator's config begins with a struct endpoint_config. */
#define ENDPOINT_OPTIONS                                                                           \
    GYRE_OPT(struct endpoint_config, host, STRING, "127.0.0.1", 0,                                 \
             "the peer's name or address; with `listen` that of this machine to listen at"),       \
        GYRE_OPT(struct endpoint_config, port, INT, NULL, GYRE_REQUIRED,                           \
                 "the TCP port; with `listen`, 0 takes a free one and logs it"),                   \
        GYRE_OPT(struct endpoint_config, listen, BOOL, "false", 0,                                 \
                 "waits for peers to connect, instead of connecting to one")

#endif
