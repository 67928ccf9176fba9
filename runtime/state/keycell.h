/* Stored keys: what tells keys apart where their hash does not.
 *
 *   16 bytes per key field   fixed width: u64 canonical value, u64 1 where it is null (value 0)
 *                            str, bytes: a gyre_str; len UINT32_MAX and zeros where it is null
 *
 * Bytes of strings beyond 12 are the store's own (gy_cells_own), or borrowed while a key is looked
 * up. */
#ifndef GY_STATE_KEYCELL_H
#define GY_STATE_KEYCELL_H

#include "data/keygroup.h"
#include <gyre/state.h>
#include "state/blocks.h"

struct gy_cell {
    union {
        struct gyre_str str;
        struct {
            uint64_t canonical;
            uint64_t null;
        } fixed;
    } u;
};
GYRE_STATIC_ASSERT(sizeof(struct gy_cell) == 16, "layout of gy_cell");

#define GY_CELL_NULL_LEN UINT32_MAX

/** Views the key of row `row`. */
void gy_cells_load(const struct gy_key *key, const struct gy_column *const *columns, uint32_t row,
                   struct gy_cell *cells);

bool gy_cells_equal(const struct gy_key *key, const struct gy_cell *a, const struct gy_cell *b);

/** Replaces views by copies.
 *  Errors:  GYRE_ENOMEM, the cells are to be thrown away and own nothing */
int gy_cells_own(const struct gy_key *key, struct gy_blocks *blocks, struct gy_cell *cells);

/** Frees the copies. */
void gy_cells_drop(const struct gy_key *key, struct gy_blocks *blocks, struct gy_cell *cells);

/** Writes field `field` to row `row` of a column; `valid` NULL where it is not nullable. */
void gy_cell_column(const struct gy_key *key, const struct gy_cell *cells, uint32_t field,
                    void *data, uint8_t *valid, uint32_t row);

/** The hash of a key by its cells: that of gy_key_hash. */
uint64_t gy_cells_hash(const struct gy_key *key, const struct gy_cell *cells);

/** Encodes a key: per field u8 1 there, 0 null (nullable fields alone), then u64 or u32 + bytes. */
void gy_cells_write(const struct gy_key *key, const struct gy_cell *cells,
                    struct gyre_writer *writer);

/** Decodes a key as views of the input.
 *  Errors:  GYRE_ECORRUPT, sticky in the reader */
void gy_cells_read(const struct gy_key *key, struct gy_cell *cells, struct gyre_reader *reader);

#endif
