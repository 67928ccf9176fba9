/* The keyed state of one operator task: one store per declared state.
 *
 * A store is a table of buckets of eight full 64-bit hashes, found by one SIMD compare (table.h); small
 * values (up to 64 bytes) stand in the bucket, larger ones, lists and maps in a block that the bucket
 * points to. The bucket index is monotone in the hash, so that a walk meets the entries key group by
 * key group, but for the few whose bucket was full. Keys that their hash does not identify (strings,
 * several fields, nullable) are stored and compared.
 *
 * Save before write: while a snapshot is pending, a bucket has a bit that says whether its entries are
 * saved. Whatever hands out slots of a bucket or changes it calls `save` for its entries first, unless
 * they are saved; gy_store_save_slice does the rest. With no snapshot pending nobody looks at the
 * bits. A large list or map is not saved with its bucket but cut (cut.h): each piece of it is saved
 * before it changes, or when gy_store_save_slice gets there.
 *
 * Entries may have a time to live since they were last given by gy_store_slots (expire.h): what is over is
 * not there for gy_store_find and gy_store_walk.
 *
 * Slots handed out count as written, and are valid until the next call that may add or remove. */
#ifndef GY_STATE_STORE_H
#define GY_STATE_STORE_H

#include "data/batch.h"
#include "data/keygroup.h"
#include <gyre/state.h>

struct gy_blocks;
struct gy_form;
struct gy_clock;
struct gy_host_type;
struct gy_store;

/* What the entries of a store are. */
struct gy_store_config {
    struct gy_key key;                  /* n 0: not keyed, the store has one entry, of hash 0 */
    uint32_t kind;                      /* GYRE_STATE_... */
    const struct gyre_state_type *type; /* outlives the store */
    const struct gyre_state_type *const *segments; /* VALUE: the types that a value is made of, each
                                                      outlives the store; NULL: of `type` alone */
    uint32_t n_segments;
    const struct gy_host_type
        *host; /* VALUE: a type of the runtime's own in place of the others; NULL */
    bool pane; /* records are told apart as GY_KEYED_PANE */
    const struct gyre_state_type *map_key; /* MAP, else NULL */
    uint64_t hash_first;                   /* the first hash of the task's key groups */
    uint64_t hash_span;                    /* how many hashes they have; 0: all there are */
    int64_t ttl_us;                        /* how long entries live; 0: for ever */
    const struct gy_clock *clock;          /* that they live by; NULL where they are for ever */
};

/* One entry met on a walk; borrowed until the store changes. */
struct gy_store_entry {
    uint64_t hash;   /* 1 for a hash 0 of a key that its hash does not identify */
    const void *key; /* stored key, for gy_store_key_column; NULL where the hash is the key */
    void *slot;      /* the value, gyre_list or gyre_map */
    uint64_t piece;  /* of a snapshot: 1 + the number of the piece; 0: all of it */
};

/** Makes an empty store.
 *  Errors:  NULL and `error`: without memory, or for a type that cannot be stored (see
 *           gy_state_type_check) */
struct gy_store *gy_store_new(const struct gy_store_config *config, struct gyre_error *error);

/** Frees a store with all values; NULL is fine. */
void gy_store_free(struct gy_store *store);

/** Checks a declared type: members at their offsets within value_size, no bytes uncovered beyond
 *  alignment unless encode and decode are there, sane sizes. 0, or GYRE_EINVAL with a sentence.
 *  Thread:  [control] */
int gy_state_type_check(const struct gyre_state_type *type, struct gyre_error *error);

/** Gives the slot of the key of each of n rows: slots[j] for rows[j]; makes entries that are not
 *  there. Room for all is made first, so that nothing moves between the first and the last.
 *  Shape:   hash[row], and columns[k] the column of key field k (read only where the key is not
 *           exact, else NULL will do); rows NULL: rows 0 ... n - 1; n up to GYRE_BATCH_ROWS; not
 *           keyed: hash and columns NULL
 *  Errors:  GYRE_ENOMEM, nothing was changed */
int gy_store_slots(struct gy_store *store, const uint64_t *hash,
                   const struct gy_column *const *columns, const uint32_t *rows, uint32_t n,
                   void **slots);

/** Takes back entries that the last call on the store, a gy_store_slots of these rows, has made: those of
 *  keys all of whose rows are marked in `refused`, by their numbers. Slots are not valid any more. */
void gy_store_unmake(struct gy_store *store, const uint64_t *hash,
                     const struct gy_column *const *columns, const uint32_t *rows, uint32_t n,
                     void *const *slots, const uint8_t *refused);

/** The slots of keys, and makes nothing: slots[j] is NULL where the key of rows[j] is not there. */
void gy_store_find_slots(struct gy_store *store, const uint64_t *hash,
                         const struct gy_column *const *columns, const uint32_t *rows, uint32_t n,
                         void **slots);

/** The same for the keys of entries of another store with keys of this kind: slots[j] for entries[j],
 *  n up to GYRE_BATCH_ROWS. */
int gy_store_slots_of(struct gy_store *store, const struct gy_store_entry *entries, uint32_t n,
                      void **slots);

/** The entries of a hash, of which there is one but for keys that collide: up to `most`; how many. Their
 *  slots count as written. */
uint32_t gy_store_of_hash(struct gy_store *store, uint64_t hash, struct gy_store_entry *entries,
                          uint32_t most);

/** The slot of a row's key; NULL where it is not there. It counts as written. */
void *gy_store_find(struct gy_store *store, uint64_t hash, const struct gy_column *const *columns,
                    uint32_t row);

/** Removes the entry of a row's key; true where it was there. */
bool gy_store_remove(struct gy_store *store, uint64_t hash, const struct gy_column *const *columns,
                     uint32_t row);

uint64_t gy_store_count(const struct gy_store *store);

/** Bytes of memory the store holds. */
size_t gy_store_bytes(const struct gy_store *store);

/** So many entries is a table for n keys to have room for: as much as one that has grown has, about half of it, so that
 *  keys are found at home. */
static inline uint64_t gy_store_roomy(uint64_t n)
{
    return n + n / 3;
}

/** About how many it would hold with room for n entries, whose keys are as long as those that are there. */
size_t gy_store_bytes_for(const struct gy_store *store, uint64_t n);

/** Walks the entries, by and large in order of their hash: up to `most` from `*cursor` (0 at first) on;
 *  returns how many, 0 at the end. Slots that it gives count as written. No entry may be added or
 *  removed between the calls of one walk; values may change. */
uint32_t gy_store_walk(struct gy_store *store, uint64_t *cursor, struct gy_store_entry *entries,
                       uint32_t most);

/** Walks the entries whose hash is `first` to `last`, as gy_store_walk does, and changes nothing: several
 *  threads may, each with its own cursor. Not while a snapshot is pending, nor where entries have a time to
 *  live; after gy_store_settle. */
uint32_t gy_store_walk_range(const struct gy_store *store, uint64_t first, uint64_t last,
                             uint64_t *cursor, struct gy_store_entry *entries, uint32_t most);

/** Ends what is left of growing. */
void gy_store_settle(struct gy_store *store);

/** Walks the entries as gy_store_walk does and takes them out: the next call ends those that this one
 *  gave. A store that is being drained is for nothing else any more; where it is saved meanwhile, what
 *  it saves is what had not been taken out at gy_store_epoch. */
uint32_t gy_store_drain(struct gy_store *store, uint64_t *cursor, struct gy_store_entry *entries,
                        uint32_t most);

/** Ends what gy_store_drain gave last, before gy_store_epoch. */
void gy_store_drained(struct gy_store *store, uint64_t cursor);

/** Removes entries that are not wanted any more, among about the next `most` places from `*cursor` (0 at
 *  first) on. One that moves meanwhile may be left for the next sweep. False at the end. */
bool gy_store_sweep(struct gy_store *store, uint64_t *cursor, uint32_t most,
                    bool (*unwanted)(const void *slot));

/** Writes key field `field` of the entries into a column, from row `first` on. Strings longer than
 *  12 bytes are references into the store: copy them while the store stands.
 *  Shape:   `valid` NULL where the field is not nullable */
void gy_store_key_column(const struct gy_store *store, const struct gy_store_entry *entries,
                         uint32_t n, uint32_t field, void *data, uint8_t *valid, uint32_t first);

/** Assigns a str or bytes member of a state value: copies the bytes, frees the old ones. Never
 *  called on a value outside a store. 0, or GYRE_ENOMEM and the old value stays. */
int gy_store_str(struct gy_store *store, struct gyre_str *into, const struct gyre_str *from);

/** Where the store's values have their strings. */
struct gy_blocks *gy_store_blocks(struct gy_store *store);

/* Save before write. */

#define GY_SAVED_MOST 8u /* entries */

/** What takes n entries of the snapshot, 1 to GY_SAVED_MOST: each that was there at gy_store_epoch, once,
 *  as it was then, a large list or map in pieces; in no order. Called on the task's thread, also inside
 *  gy_store_slots, gy_store_find, gy_store_remove, gy_store_walk and the functions of lists and maps;
 *  must not call the store but for gy_store_encode and gy_store_images, and that before it returns. */
typedef void gy_store_save(void *host, const struct gy_store_entry *entries, uint32_t n);

/** Starts a snapshot: entries touched from now on are saved first. One that is pending is given up.
 *  `save` NULL: gives it up, and nothing is saved any more. */
void gy_store_epoch(struct gy_store *store, gy_store_save *save, void *host);

/** Saves up to about `most` entries, items and elements that are not saved yet: at most a bucket or
 *  a piece more. False when none is left, which ends the snapshot: `save` is not called again. */
bool gy_store_save_slice(struct gy_store *store, uint32_t most);

/** Encodes an entry's key and value (list, map, or piece of one) into `writer`; the format is in
 *  keyed.h. 0, or the writer's error. */
int gy_store_encode(const struct gy_store *store, const struct gy_store_entry *entry,
                    struct gyre_writer *writer);

/** How many bytes gy_store_encode writes for each entry; 0: it depends on the entry. */
uint32_t gy_store_image_size(const struct gy_store *store);

/** gy_store_encode where the size is constant: writes as many bytes of each of n entries, the first to
 *  `to`, the others `stride` bytes after the one before. */
void gy_store_images(const struct gy_store *store, const struct gy_store_entry *entries, uint32_t n,
                     uint8_t *to, size_t stride);

/** Makes room for n more entries, so that the table need not grow while they are decoded. A restore
 *  calls it first, with the number of records, better too many than too few: records come in the
 *  order of their hashes, for which a table that is too small is slow.
 *  Errors:  GYRE_ENOMEM, nothing was changed */
int gy_store_reserve(struct gy_store *store, uint64_t n);

/** Adds the entry that gy_store_encode wrote under `version` of the type; another than the declared
 *  one goes through the type's `migrate`. The fingerprint is checked by the caller. Pieces of a list
 *  or map may come in any order, also between others; until gy_store_decoded_all the store is for
 *  decoding alone.
 *  Errors:  GYRE_ECORRUPT (also for a key or a piece that is there already), GYRE_ENOTSUP without
 *           `migrate`, GYRE_ENOMEM, or what the type's functions gave: the store is as before */
int gy_store_decode(struct gy_store *store, struct gyre_reader *reader, uint32_t version);

/** The same for values of several segments; see gy_value_read_form. */
int gy_store_decode_form(struct gy_store *store, struct gyre_reader *reader,
                         const struct gy_form *form, uint32_t *at);

/** Ends decoding.
 *  Errors:  GYRE_ECORRUPT where a list or map lacks a piece */
int gy_store_decoded_all(struct gy_store *store);

/** A number that changes when names, types or order of a type's members change. */
uint64_t gy_state_fingerprint(const struct gyre_state_type *type);

/** Whether a list, or a map, is one of this store: a plugin may hand the host any pointer, to 8 bytes at
 *  least. */
bool gy_store_has_list(const struct gy_store *store, const struct gyre_list *list);
bool gy_store_has_map(const struct gy_store *store, const struct gyre_map *map);

/* Lists and maps of one key: what the host table's list_ and map_ functions call. Same contracts. */
void *gy_list_add(struct gyre_list *list);
uint64_t gy_list_count(const struct gyre_list *list);
void *gy_list_at(struct gyre_list *list, uint64_t i);
void gy_list_drop(struct gyre_list *list, uint64_t first_n);
void *gy_map_get(struct gyre_map *map, const void *key, int32_t create);
int32_t gy_map_remove(struct gyre_map *map, const void *key);
uint64_t gy_map_count(const struct gyre_map *map);
void *gy_map_next(struct gyre_map *map, uint64_t *cursor, const void **key);

#endif
