/* The producing and the consuming side of an exchange: rows are copied into blocks, by destination.
 *
 * A block holds a gy_message and then all columns at one stride, `capacity` rows each:
 *
 *     | gy_message, 64-aligned | column 0 x capacity | column 1 x capacity | ... | hash | time |
 *
 * Nullable columns are followed by a column of validity bytes. Only columns that some consumer needs
 * are carried; so are `hash` on a keyed edge, and on a forward one whose rows have it, and `time`
 * where it is read. `capacity` is a multiple of 16, so that every column is aligned. Strings longer
 * than 12 bytes are copied into text blocks that travel with the message.
 *
 * One open message per destination; it leaves when it is full or flushed. One with few rows is
 * copied into a small block first, so that row-at-a-time traffic does not use up the bound. */
#ifndef GY_FLOW_EXCHANGE_H
#define GY_FLOW_EXCHANGE_H

#include "flow/channel.h"
#include "op/instance.h"
#include "graph/logical.h"

/* How rows lie in the messages of one edge; constant, shared by both sides. */
struct gy_layout {
    uint32_t n_fields;  /* of the stream */
    uint32_t *types;    /* per field */
    int32_t *offsets;   /* per field: bytes per row that stand before it; -1: not carried */
    int32_t *valid;     /* per field: the same of its validity bytes; -1: none */
    int32_t hash, time; /* the same; -1: not carried */
    uint32_t row_bytes;
    uint32_t capacity; /* rows of a full block */
};

struct gy_open;
struct gy_scatter;

struct gy_exchange {
    const struct gy_edge *edge;
    const struct gy_layout *layout;
    struct gy_key key;
    uint32_t key_fields[GY_KEYS_MAX];
    uint32_t n_dests;
    struct gy_channel **channels; /* per destination */
    struct gy_open *open;         /* per destination */
    uint16_t *dest_of_group;
    uint32_t groups;
    uint32_t turn; /* rebalance: whose turn it is */
    int error;     /* sticky: 0, GYRE_ENOMEM, or that of the partition function */
    struct gy_scatter *scatter;
    struct gy_instance *producer; /* on whose behalf a partition function is called */
};

/** The layout of an edge. 0, or GYRE_ENOMEM. */
int gy_layout_init(struct gy_layout *layout, const struct gy_output *from, bool keyed);
void gy_layout_fini(struct gy_layout *layout);

/** Prepares the producing side of task `task`. `channels` stays the caller's and outlives it.
 *  0, or GYRE_ENOMEM. */
int gy_exchange_init(struct gy_exchange *exchange, const struct gy_graph *graph,
                     const struct gy_edge *edge, const struct gy_layout *layout,
                     struct gy_channel **channels, uint32_t n_dests, uint32_t task,
                     struct gy_instance *producer);
void gy_exchange_fini(struct gy_exchange *exchange);

/** Copies the kept rows to their destinations. Errors: sticky in `exchange->error`. */
void gy_exchange_write(struct gy_exchange *exchange, const struct gy_batch *in);

/** Sends what is open: all of it with `force`, else only to destinations that may be out of work. */
void gy_exchange_flush(struct gy_exchange *exchange, bool force);

/** Sends a watermark or the end to every destination, after all rows. */
void gy_exchange_signal(struct gy_exchange *exchange, enum gy_message_kind kind, int64_t time_us,
                        bool stopped);

/** Sends what found no room; true where nothing waits any more. */
bool gy_exchange_drain(struct gy_exchange *exchange);

/* The consuming side of one channel. */
struct gy_inlet {
    struct gy_channel *channel;
    const struct gy_layout *layout;
    struct gy_pool *pool;
    struct gy_column *columns;
    struct gy_batch batch;
    struct gy_message *message; /* the one that `batch` shows */
    struct gy_arenas *arenas;   /* its long strings */
};

/** Where the columns of a message begin. */
static inline char *gy_message_columns(struct gy_message *message)
{
    return message->block->bytes + ((sizeof(struct gy_message) + 63) & ~(size_t)63);
}

int gy_inlet_init(struct gy_inlet *inlet, struct gy_channel *channel,
                  const struct gy_layout *layout, struct gy_pool *pool);
void gy_inlet_fini(struct gy_inlet *inlet);

/** Shows a GY_ROWS message as a batch; NULL without memory.
 *  Owns:    the inlet takes the message, until gy_inlet_done */
const struct gy_batch *gy_inlet_open(struct gy_inlet *inlet, struct gy_message *message);

/** Gives the message's blocks back; adopted arenas stay until their last reference. */
void gy_inlet_done(struct gy_inlet *inlet);

/** Gives back a message of another kind. */
void gy_message_drop(struct gy_message *message);

#endif
