/* Records of keyed state; see keyed.h. */
#include "state/keyed.h"

#include <assert.h>
#include <gyre/host.h>

void gy_keyed_write(const struct gy_key *key, enum gy_keyed_kind kind, uint64_t hash,
                    const struct gy_cell *cells, struct gyre_writer *writer)
{
    uint8_t head[GY_KEYED_HEAD];
    assert(gy_keyed_exact(key) || cells != NULL);
    gy_keyed_image(kind, hash, head);
    gyre_write(writer, head, sizeof head);
    if (!gy_keyed_exact(key))
        gy_cells_write(key, cells, writer);
}

int gy_keyed_read(const struct gy_key *key, enum gy_keyed_kind kind, uint64_t *hash,
                  struct gy_cell *cells, struct gyre_reader *reader)
{
    *hash = gyre_read_u64(reader);
    const uint8_t *byte = gyre_read(reader, 1);
    if (byte == NULL)
        return reader->error;
    bool right = *byte == kind;
    if (key->n == 0) {
        right = right && *hash == 0;
    } else if (gy_key_is_exact(key)) {
        right = right && gy_key_is_canonical(key->types[0], gy_key_unhash(*hash));
    } else if (right) {
        gy_cells_read(key, cells, reader);
        right = reader->error == 0 && gy_keyed_hash(key, gy_cells_hash(key, cells)) == *hash;
    }
    if (reader->error == 0 && !right)
        reader->error = GYRE_ECORRUPT;
    return reader->error;
}

int gy_pane_write(const struct gy_key *key, uint64_t hash, const struct gy_cell *cells,
                  int64_t start, const struct gy_type *type, const void *accumulator,
                  struct gyre_writer *writer)
{
    gy_keyed_write(key, GY_KEYED_PANE, hash, cells, writer);
    gyre_write_i64(writer, start);
    gy_value_write(type, accumulator, writer);
    return writer->error;
}

int gy_pane_read(const struct gy_key *key, uint64_t *hash, struct gy_cell *cells, int64_t *start,
                 const struct gy_type *type, struct gy_blocks *blocks, void *accumulator,
                 struct gyre_reader *reader, uint32_t version)
{
    if (gy_keyed_read(key, GY_KEYED_PANE, hash, cells, reader) != 0)
        return reader->error;
    *start = gyre_read_i64(reader);
    return gy_value_read(type, blocks, accumulator, reader, version);
}

int gy_timer_write(const struct gy_key *key, uint64_t hash, const struct gy_cell *cells,
                   const struct gy_timer_record *timer, struct gyre_writer *writer)
{
    gy_keyed_write(key, GY_KEYED_TIMER, hash, cells, writer);
    gyre_write(writer, &timer->clock, 1);
    gyre_write_i64(writer, timer->time_us);
    gyre_write_u64(writer, timer->tag);
    return writer->error;
}

int gy_timer_read(const struct gy_key *key, uint64_t *hash, struct gy_cell *cells,
                  struct gy_timer_record *timer, struct gyre_reader *reader)
{
    if (gy_keyed_read(key, GY_KEYED_TIMER, hash, cells, reader) != 0)
        return reader->error;
    const uint8_t *clock = gyre_read(reader, 1);
    timer->clock = clock != NULL ? *clock : 0;
    timer->time_us = gyre_read_i64(reader);
    timer->tag = gyre_read_u64(reader);
    if (reader->error == 0 && timer->clock != GYRE_CLOCK_EVENT &&
        timer->clock != GYRE_CLOCK_PROCESSING)
        reader->error = GYRE_ECORRUPT;
    return reader->error;
}
