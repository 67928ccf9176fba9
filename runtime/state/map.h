/* Maps of one key: pairs in order of insertion, and from nine pairs on an index over them.
 *
 *   pairs   `room` pairs of [u32 used, u32 low half of the hash][key][value], oldest first;
 *           removing leaves a gap, and pairs close up when half of them are gaps
 *   index   open addressing: 1 + number of the pair, 0 free; a power of two, at most half full
 *
 * Walking goes in order of insertion, before and after a snapshot alike. */
#ifndef GY_STATE_MAP_H
#define GY_STATE_MAP_H

#include "state/store.h"
#include "state/type.h"

/* What all maps of a store have in common. */
struct gy_map_shape {
    const struct gy_type *key;
    const struct gy_type *value;
    struct gy_blocks *blocks;
    uint32_t key_at;
    uint32_t value_at;
    uint32_t stride;
};

struct gyre_map {
    const struct gy_map_shape *shape;
    char *pairs;
    uint32_t *index; /* NULL up to eight pairs */
    uint32_t count;  /* pairs that are there */
    uint32_t end;    /* pairs and gaps */
    uint32_t room;
    uint32_t index_size;
};

void gy_map_shape_init(struct gy_map_shape *shape, const struct gy_type *key,
                       const struct gy_type *value, struct gy_blocks *blocks);

/** Makes an empty map, which owns nothing yet. */
void gy_map_init(struct gyre_map *map, const struct gy_map_shape *shape);

/** Ends all keys and values. */
void gy_map_fini(struct gyre_map *map);

/** Encodes a map: u64 count, then keys and values in turn. */
void gy_map_write(const struct gyre_map *map, struct gyre_writer *writer);

/** Decodes into an empty map.
 *  Errors:  those of gy_value_read, GYRE_ECORRUPT for a key that comes twice: what was read is in
 *           the map */
int gy_map_read(struct gyre_map *map, struct gyre_reader *reader, uint32_t version);

#endif
