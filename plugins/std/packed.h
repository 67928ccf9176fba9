/* plugins/std/packed.h: rows as bytes that can be moved and written to a file as they are: what std.sort keeps.
 *
 *   u32 bytes of all of it, a multiple of 8; u32 0; u64 hash of its key
 *   u8 per column: 1 null; up to a multiple of 8
 *   8 bytes per column: the value, or of a str or bytes u32 length, u32 where in the row its bytes are
 *   the bytes of strings */
#ifndef GYRE_PLUGIN_STD_PACKED_H
#define GYRE_PLUGIN_STD_PACKED_H

#include "sort_config.h"

/** How many bytes a row takes.
 *  Thread:  [task]
 *  Errors:  0: more than 2^31 */
uint32_t packed_size_of(const struct whole_rows *whole, const struct gyre_batch *in, uint32_t row);

static inline uint32_t packed_size(const void *packed)
{
    uint32_t size;
    memcpy(&size, packed, sizeof size);
    return size;
}

static inline uint64_t packed_hash(const char *packed)
{
    uint64_t hash;
    memcpy(&hash, packed + sizeof hash, sizeof hash);
    return hash;
}

/** Packs a row into `size` bytes at `to`, aligned to 8. */
void packed_make(const struct whole_rows *whole, const struct gyre_batch *in, uint32_t row,
                 char *to, uint32_t size);

/** Orders two rows by the fields: <0, 0, >0. */
int packed_order(const struct sort_config *config, const char *a, const char *b);

/** Puts a row out, with an event time. */
void packed_put(const struct whole_rows *whole, struct gyre_out *out, const char *packed,
                int64_t time_us);

/** Writes a row to a snapshot.
 *  Errors:  sticky in the writer */
void packed_write(const struct whole_rows *whole, const char *packed, struct gyre_writer *writer);

/** How many bytes the row that stands next takes; the reader stays where it is.
 *  Errors:  0: there is no whole row */
uint32_t packed_size_read(const struct whole_rows *whole, const struct gyre_reader *reader);

/** Reads it into so many bytes at `to`; it does not have the hash of its key. */
void packed_read(const struct whole_rows *whole, struct gyre_reader *reader, uint64_t hash,
                 char *to, uint32_t size);

#endif
