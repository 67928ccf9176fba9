/* plugins/net/peer.h: one connection that lines come from.
 *
 * What has been received and not put out stands in the peer's own buffer, so that the lines of
 * several peers never mix. Bytes are received only when the buffer holds no whole line: so it grows
 * to row_max at most (and CHUNK), and what is not polled is held back in the peer.
 *
 *     buffer  | put out | at  lines or a part of one  end | room |  */
#ifndef GYRE_PLUGIN_NET_PEER_H
#define GYRE_PLUGIN_NET_PEER_H

#include <gyre/gyre.h>

struct peer {
    int fd;
    char *buffer;
    size_t capacity;
    size_t at;
    size_t end;
    size_t scanned; /* bytes behind `at` that are known to hold no line end */
    int skipping;   /* what comes before the next line end is not a row */
    char name[64];
};

enum { PEER_LINES, PEER_WAIT, PEER_CLOSED, PEER_RESET };

/* Puts out the whole lines of the buffer, `*budget` at most; 1 where it holds no more of them. */
int peer_cut(struct peer *p, struct gyre_ctx *ctx, int64_t row_max, uint32_t *budget);

/* Receives once. LINES: cut them; WAIT: there is nothing now; CLOSED: there will be no more, the last
 * line has been put out; RESET: as errno says. Or a code: no memory. */
int32_t peer_receive(struct peer *p, struct gyre_ctx *ctx, int64_t row_max);

/* Closes it and frees its buffer. */
void peer_close(struct peer *p, struct gyre_ctx *ctx);

#endif
