/* One entry of a store, apart from where it stands: its stored key and its value, list or map.
 *
 *   inlined   cell of the bucket: stored key (0 or 16 bytes), value; together up to 64
 *   else      cell of the bucket: pointer to a block of stored key (16 per field), value
 *
 * Entries with a time to live are never inlined, and have 16 bytes more before the slot (expire.h).
 *
 * The slot is where the value begins: the value itself, a struct gyre_list or a struct gyre_map. */
#ifndef GY_STATE_ENTRY_H
#define GY_STATE_ENTRY_H

#include "state/blocks.h"
#include "state/keycell.h"
#include "state/keyed.h"
#include "state/list.h"
#include "state/map.h"
#include "state/store.h"
#include "state/type.h"

#define GY_LINE         64u /* bytes of a line of the cache */
#define GY_INLINE_VALUE GY_LINE

/* What all entries of a store have in common. */
struct gy_shape {
    struct gy_key key; /* n 0: not keyed */
    bool exact;        /* no stored key: the hash is the key, or there is none */
    bool inlined;
    bool stamped; /* entries have a time to live */
    uint32_t kind;
    enum gy_keyed_kind record; /* what its records are told apart by */
    uint32_t key_size;         /* bytes of the stored key */
    uint32_t value_at;         /* where the slot is */
    uint32_t size;             /* bytes of stored key and slot together */
    uint32_t cell_size;        /* bytes of a cell of the bucket */
    struct gy_type type;       /* of values, items, values of maps */
    struct gy_type map_key;
    struct gy_list_shape list;
    struct gy_map_shape map;
    struct gy_blocks blocks;
};

/** Makes the shape of a checked configuration; fini accepts it half done.
 *  Errors:  GYRE_ENOMEM */
int gy_shape_init(struct gy_shape *shape, const struct gy_store_config *config);
void gy_shape_fini(struct gy_shape *shape);

/** The bytes of a cell's entry: the stored key, then the slot. */
static inline char *gy_entry_body(const struct gy_shape *shape, void *cell)
{
    return shape->inlined ? (char *)cell : *(char **)cell;
}

static inline void *gy_entry_slot(const struct gy_shape *shape, void *cell)
{
    return gy_entry_body(shape, cell) + shape->value_at;
}

/** The stamp of an entry with a time to live. */
static inline int64_t *gy_entry_stamp(const struct gy_shape *shape, void *cell)
{
    return (int64_t *)gy_entry_slot(shape, cell) - 1;
}

static inline struct gy_store_entry gy_entry_view(const struct gy_shape *shape, uint64_t hash,
                                                  void *cell)
{
    char *body = gy_entry_body(shape, cell);
    return (struct gy_store_entry){hash, shape->exact ? NULL : body, body + shape->value_at, 0};
}

/** Makes an entry in an unused cell, its value initialized. `key` is copied; NULL where exact.
 *  Errors:  GYRE_ENOMEM: the cell is unused; never where gy_entry_is_plain */
int gy_entry_init(struct gy_shape *shape, void *cell, const struct gy_cell *key);

/** Gives an entry with a time to live a new value; its key, stamp and cell stay.
 *  Errors:  GYRE_ENOMEM: it is as before */
int gy_entry_renew(struct gy_shape *shape, void *cell);

/** Ends the value and the key; the cell is unused. */
void gy_entry_fini(struct gy_shape *shape, void *cell);

/** Encodes what is in a slot, or a piece of it (see gy_store_entry); errors stay in the writer. */
void gy_slot_write(const struct gy_shape *shape, const void *slot, uint64_t piece,
                   struct gyre_writer *writer);

/** Asks the memory for what saving an entry will read: `near` what its cell points to, then what that
 *  points to. */
void gy_entry_fetch(const struct gy_shape *shape, void *cell, bool near);

/** Saves n entries, at most GY_SAVED_MOST, or cuts them; `entries` is used up. Without memory for the cut
 *  one is saved whole, however large it is. */
void gy_entries_save(const struct gy_shape *shape, struct gy_saver *saver,
                     struct gy_store_entry *entries, uint32_t n);

/** The same for the one in a cell. */
static inline void gy_entry_save(const struct gy_shape *shape, struct gy_saver *saver,
                                 uint64_t hash, void *cell)
{
    struct gy_store_entry entry = gy_entry_view(shape, hash, cell);
    gy_entries_save(shape, saver, &entry, 1);
}

/** Leaves an entry with a cut to the cut, which ends it when all is saved; the cell is unused. False
 *  where it has none. */
bool gy_entry_orphan(const struct gy_shape *shape, void *cell);

/** Saves the next piece of a cut, which may end it. Gives about how much that was. */
uint64_t gy_entry_save_piece(struct gy_shape *shape, struct gy_cut *cut);

/** Ends all cuts, saved or not. */
void gy_entry_end_cuts(struct gy_shape *shape, struct gy_saver *saver);

/** True where an entry takes no memory of its own and ends without a trace. */
static inline bool gy_entry_is_plain(const struct gy_shape *shape)
{
    return shape->inlined && shape->exact && shape->type.plain;
}

#endif
