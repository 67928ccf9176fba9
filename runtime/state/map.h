/* Maps of one key: pairs in order of insertion, and from nine pairs on an index over them.
 *
 *   pairs   `room` pairs of [u32 used, u32 low half of the hash][key][value], oldest first;
 *           removing leaves a gap, and pairs close up when half of them are gaps
 *   index   open addressing: 1 + number of the pair, 0 free; a power of two, at most half full
 *
 * While a snapshot has a cut of the map (cut.h), its pairs stay where they are, and only those after
 * them close up.
 *
 * Walking goes in order of insertion, before and after a snapshot alike. */
#ifndef GY_STATE_MAP_H
#define GY_STATE_MAP_H

#include "state/cut.h"
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
    uint32_t *index;    /* NULL up to eight pairs */
    struct gy_cut *cut; /* NULL, unless a snapshot is pending or a restore goes on */
    uint32_t count;     /* pairs that are there */
    uint32_t end;       /* pairs and gaps */
    uint32_t room;
    uint32_t index_size;
};

void gy_map_shape_init(struct gy_map_shape *shape, const struct gy_type *key,
                       const struct gy_type *value, struct gy_blocks *blocks);

/** Makes an empty map, which owns nothing yet. */
void gy_map_init(struct gyre_map *map, const struct gy_map_shape *shape);

/** Ends all keys and values. */
void gy_map_fini(struct gyre_map *map);

/** Ends the pairs from place `end` on. */
void gy_map_truncate(struct gyre_map *map, uint32_t end);

/** Puts runs of pairs into the order in which they are given.
 *  Shape:   the runs are all pairs, which have no gaps
 *  Errors:  GYRE_ENOMEM, nothing was changed */
int gy_map_permute(struct gyre_map *map, const struct gy_run *runs, size_t n);

/** Whether piece `piece` of a cut of the map at `slot` has a pair. */
bool gy_map_piece_used(const void *slot, uint64_t piece);

/** Ends the cut, whether all is saved or not; no pair moves. */
void gy_map_end_cut(struct gyre_map *map);

/** Closes the pairs up where half of them are gaps. */
void gy_map_settle(struct gyre_map *map);

/** Encodes a map as in keyed.h: all of it, or piece `piece - 1` of its cut. */
void gy_map_write(const struct gyre_map *map, uint64_t piece, struct gyre_writer *writer);

/** Decodes n elements to the end of the map.
 *  Errors:  those of gy_value_read, GYRE_ECORRUPT for a key that is there: what was read is in the
 *           map */
int gy_map_read(struct gyre_map *map, uint64_t n, struct gyre_reader *reader, uint32_t version);

#endif
