/* How rows lie in the messages of an exchange.
 *
 * A block holds a gy_message and then all columns at one stride, `capacity` rows each:
 *
 *     | gy_message, 64-aligned | column 0 x capacity | column 1 x capacity | ... | hash | time |
 *
 * Nullable columns are followed by a column of validity bytes. Only columns that some consumer needs
 * are carried; so are `hash` on a forward edge whose rows have it, and on a keyed one where the consumer
 * could not make it of the key for less than it costs to carry, and `time` where it is read. `capacity` is a multiple of 16, so that every column is aligned. Strings longer
 * than 12 bytes are copied into text blocks that travel with the message.
 *
 * The producing side (flow/exchange) and the consuming one (flow/inlet) stand on this. */
#ifndef GY_FLOW_LAYOUT_H
#define GY_FLOW_LAYOUT_H

#include "flow/channel.h"
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

/** The layout of an edge. 0, or GYRE_ENOMEM. */
int gy_layout_init(struct gy_layout *layout, const struct gy_output *from, bool keyed);
void gy_layout_fini(struct gy_layout *layout);

/** Where the columns of a message begin. */
static inline char *gy_message_columns(struct gy_message *message)
{
    return message->block->bytes + ((sizeof(struct gy_message) + 63) & ~(size_t)63);
}

/** Makes a message for `rows` rows, 0 for one without; NULL without memory.
 *  Owns:    the caller
 *  Thread:  the producer's */
struct gy_message *gy_message_new(struct gy_channel *channel, const struct gy_layout *layout,
                                  uint32_t rows);

/** Copies the columns of a message into another one that has room for its rows. */
void gy_message_copy(const struct gy_layout *layout, struct gy_message *to,
                     struct gy_message *from);

/** Gives a message's blocks back. */
void gy_message_drop(struct gy_message *message);

#endif
