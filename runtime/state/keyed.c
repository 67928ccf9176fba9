/* Records of keyed state; see keyed.h. */
#include "state/keyed.h"

#include <assert.h>

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
