/* Lists of one key: items of a declared type in chunks.
 *
 *   one chunk      grows by doubling until it has `per_chunk` items
 *   several        full chunks of `per_chunk` (a power of two) items and a directory of pointers
 *
 * Item i stands at position first + i; dropping from the front moves `first`, and frees chunks that
 * have no item left. Items never move once their chunk is full. */
#ifndef GY_STATE_LIST_H
#define GY_STATE_LIST_H

#include "state/store.h"
#include "state/type.h"

/* What all lists of a store have in common. */
struct gy_list_shape {
    const struct gy_type *type;
    struct gy_blocks *blocks;
    uint32_t shift; /* per_chunk = 1 << shift */
};

struct gyre_list {
    const struct gy_list_shape *shape;
    void *chunks; /* directory 0: the one chunk; else an array of pointers to chunks */
    uint64_t count;
    uint64_t n_chunks;
    uint64_t directory; /* pointers that the array has room for */
    uint32_t first;     /* position of item 0 */
    uint32_t room;      /* items the one chunk has room for */
};

void gy_list_shape_init(struct gy_list_shape *shape, const struct gy_type *type,
                        struct gy_blocks *blocks);

/** Makes an empty list, which owns nothing yet. */
void gy_list_init(struct gyre_list *list, const struct gy_list_shape *shape);

/** Ends all items. */
void gy_list_fini(struct gyre_list *list);

/** Encodes a list: u64 count, then the items. */
void gy_list_write(const struct gyre_list *list, struct gyre_writer *writer);

/** Decodes into an empty list.
 *  Errors:  those of gy_value_read: what was read is in the list */
int gy_list_read(struct gyre_list *list, struct gyre_reader *reader, uint32_t version);

#endif
