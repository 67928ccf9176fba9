/* Lists of items: what an operator keeps in itself, as the bytes that it encoded, or a sink's transactions.
 * Items are never cut or joined. */
#ifndef GY_STATE_ITEMS_H
#define GY_STATE_ITEMS_H

#include "base/vec.h"
#include <gyre/state.h>

struct gy_item {
    const uint8_t *bytes;
    size_t n;
};

/* Zeroed, it is a valid empty list. */
struct gy_items {
    GY_VEC(struct gy_item) list;
};

void gy_items_fini(struct gy_items *items);

/** Appends a copy of an item. 0, or GYRE_ENOMEM. */
int gy_items_add(struct gy_items *items, const void *bytes, size_t n);

/** A writer that collects items: hand it to save_items with gy_items_next, end with gy_items_end. */
struct gy_items_writer {
    struct gyre_writer writer; /* first, so that the host finds the rest */
    struct gy_items *items;
};

void gy_items_writer_init(struct gy_items_writer *writer, struct gy_items *items);

/** Ends the item that is being written. */
void gy_items_next(struct gyre_writer *writer);

/** Ends the last item, if something was written since, and frees the writer. 0, or its error. */
int gy_items_end(struct gy_items_writer *writer);

/** Makes room in a writer whose memory is gy_realloc's: the `grow` of all writers of the host. */
int32_t gy_writer_grow(struct gyre_writer *writer, size_t more);

#endif
