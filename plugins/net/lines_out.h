/* plugins/net/lines_out.h: rows on their way to a peer, through a buffer.
 *
 * The rows are written by plugins/file/csv_write.c, which needs of its output.h what is defined here:
 * output_put and output_drain. A drain sends the buffer; it waits for a peer, and for the peer to
 * take the bytes, but no longer than `patience_us`. Then the connection is given up, and rows are
 * dropped and counted, without waiting, until there is a peer that takes them.
 *
 * A connection begins with the beginning of a row: the rest of a row that a lost connection had begun
 * is dropped, and those behind it go to the next. `ends` are where rows end in the buffer:
 *
 *     buffer  | rest of a row | row | row | beginning of a row | room |
 *               0             ends[0] ...  ends[n-1]             used */
#ifndef GYRE_PLUGIN_NET_LINES_OUT_H
#define GYRE_PLUGIN_NET_LINES_OUT_H

#include "../file/output.h"
#include "endpoint.h"

enum { LINES_ENDS = 4096 };

struct lines_out {
    struct output output; /* first: the writer of rows has a pointer to it */
    struct endpoint endpoint;
    struct gyre_ctx *ctx; /* of the callback that runs */
    int64_t patience_us;
    int64_t *dropped; /* counts rows */
    int is_patient;   /* a drain may wait */
    int is_broken;    /* the rest of this row is not sent */
    int is_continued; /* the buffer begins within a row that has begun on this connection */
    uint32_t n_ends;
    uint32_t ends[LINES_ENDS];
};

int32_t lines_open(struct lines_out *l, struct gyre_ctx *ctx, const struct endpoint_config *config,
                   int64_t patience_us);
void lines_close(struct lines_out *l, struct gyre_ctx *ctx);

/* The row that was put is complete. */
void lines_end_row(struct lines_out *l);

#endif
