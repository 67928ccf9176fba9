/* Lists of one key: items of a declared type in chunks.
 *
 *   one chunk      grows by doubling until it has `per_chunk` items
 *   several        full chunks of `per_chunk` (a power of two) items and a directory of pointers
 *
 * Item i stands at position first + i; dropping from the front moves `first`, and frees chunks that
 * have no item left. Items never move once their chunk is full.
 *
 * While a snapshot has a cut of the list (cut.h), the first cut->hidden items are dropped already. */
#ifndef GY_STATE_LIST_H
#define GY_STATE_LIST_H

#include "state/cut.h"
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
    struct gy_cut *cut; /* NULL, unless a snapshot is pending or a restore goes on */
    uint32_t n_chunks;
    uint32_t directory; /* pointers that the array has room for */
    uint32_t first;     /* position of item 0 */
    uint32_t room;      /* items the one chunk has room for */
};

void gy_list_shape_init(struct gy_list_shape *shape, const struct gy_type *type,
                        struct gy_blocks *blocks);

/** Makes an empty list, which owns nothing yet. */
void gy_list_init(struct gyre_list *list, const struct gy_list_shape *shape);

/** Ends all items. */
void gy_list_fini(struct gyre_list *list);

/** Ends all items from number `count` on. */
void gy_list_truncate(struct gyre_list *list, uint64_t count);

/** Puts runs of items, given by where they begin and how many they are, into this order.
 *  Shape:   the runs are all items; the list has no cut
 *  Errors:  GYRE_ENOMEM, nothing was changed */
int gy_list_permute(struct gyre_list *list, const struct gy_run *runs, size_t n);

/** Ends the cut, whether all is saved or not, and the items it hid. */
void gy_list_end_cut(struct gyre_list *list);

/** Ends hidden items that are saved, unless they are too few to bother. */
void gy_list_release(struct gyre_list *list);

/** Encodes a list as in keyed.h: all of it, or piece `piece - 1` of its cut. */
void gy_list_write(const struct gyre_list *list, uint64_t piece, struct gyre_writer *writer);

/** Decodes n items to the end of the list.
 *  Errors:  those of gy_value_read: what was read is in the list */
int gy_list_read(struct gyre_list *list, uint64_t n, struct gyre_reader *reader, uint32_t version);

#endif
