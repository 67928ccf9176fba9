/* Lists and maps that a restore reads in pieces, in any order.
 *
 * Pieces are appended as they come, and a gather notes where each belongs. The last one puts them in
 * order and ends the gather. A gather stands in the list's or map's `cut`, as a cut of nothing. */
#ifndef GY_STATE_GATHER_H
#define GY_STATE_GATHER_H

#include "state/entry.h"

/* What a record says of the items or elements that follow. */
struct gy_piece {
    uint64_t total;
    uint64_t first;
    uint64_t n;
};

/** Reads the total, first and n of a LIST or MAP record.
 *  Errors:  GYRE_ECORRUPT, sticky in the reader */
int gy_piece_read(uint32_t kind, struct gy_piece *piece, struct gyre_reader *reader);

/** True where the list or map in the slot waits for pieces. */
bool gy_gathers(const struct gy_shape *shape, void *slot);

/** Reads the n items or elements of a piece into the slot of a new entry, or of one that waits for
 *  pieces. The entry is complete when it no longer does.
 *  Errors:  GYRE_ECORRUPT, GYRE_ENOMEM, those of the type: the slot is as before */
int gy_gather_read(struct gy_shape *shape, struct gy_saver *saver, void *slot,
                   const struct gy_piece *piece, struct gyre_reader *reader, uint32_t version);

/** Gives up what waits for pieces: the entries keep those that came. */
void gy_gather_end_all(const struct gy_shape *shape, struct gy_saver *saver);

#endif
