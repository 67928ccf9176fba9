/* Rows of a message as bytes, for what waits on disk and for the logs of snapshots.
 *
 * What the columns are is said once, by a description, and not again with each message: many have but
 * one row. Numbers are little-endian.
 *
 *   | part        | bytes        | content                                                    |
 *   |-------------|--------------|------------------------------------------------------------|
 *   | description | 4            | number of fields that are carried                          |
 *   |   per field | 4 + n        | its name: length, bytes                                    |
 *   |             | 1            | its type: GYRE_TYPE_...                                    |
 *   |             | 1            | 1: it may be null                                          |
 *   |             | 1            | 1: rows have a hash                                        |
 *   |             | 1            | 1: rows have a time                                        |
 *   | rows        | 4            | their number, r: 1 to GYRE_BATCH_ROWS                      |
 *   |   per field | r            | 1: there, 0: null; only of a field that may be             |
 *   |             | r * size     | values, closely packed; of strings r lengths of 4 bytes, and |
 *   |             |              | then their bytes                                           |
 *   |             | r * 8        | hashes, where rows have one                                |
 *   |             | r * 8        | times, likewise                                            |
 *
 * Reading maps the fields of the description to those that are carried now, by name: a later run may
 * carry others. It believes nothing: bytes that are cut short or make no sense are an error. */
#ifndef GY_FLOW_PACK_H
#define GY_FLOW_PACK_H

#include "flow/layout.h"
#include <gyre/state.h>

/** Writes the description of what messages of this layout carry. `schema` is that of the stream.
 *  0, or the writer's error. */
int gy_pack_describe(const struct gy_layout *layout, const struct gyre_schema *schema,
                     struct gyre_writer *writer);

/** Appends the rows of a GY_ROWS message, which stays as it is. 0, or the writer's error. */
int gy_pack(const struct gy_layout *layout, struct gy_message *message, struct gyre_writer *writer);

struct gy_unpack_column;

/* How to read rows of one description. Zeroed, it is valid for gy_unpack_fini alone. */
struct gy_unpack {
    const struct gy_layout *layout; /* as rows lie now */
    uint32_t n_columns;
    struct gy_unpack_column *columns; /* as they were written */
    bool hash, time;                  /* were written */
};

/** Reads a description. `layout` and `schema` are those of the edge now; the layout outlives `unpack`.
 *  0, or a code and a sentence: GYRE_EINVAL where a field that is carried now was not, or was of another
 *  type; GYRE_ECORRUPT; GYRE_ENOMEM. gy_unpack_fini in each case. */
int gy_unpack_init(struct gy_unpack *unpack, struct gyre_reader *reader,
                   const struct gy_layout *layout, const struct gyre_schema *schema,
                   struct gyre_error *error);
void gy_unpack_fini(struct gy_unpack *unpack);

/** Reads the next rows into a new message, whose blocks are of `channel`.
 *  Owns:    the caller, gy_message_drop
 *  Thread:  the one of both ends of the channel
 *  Errors:  NULL and a sentence: GYRE_ECORRUPT, GYRE_ENOMEM */
struct gy_message *gy_unpack_next(const struct gy_unpack *unpack, struct gyre_reader *reader,
                                  struct gy_channel *channel, struct gyre_error *error);

#endif
