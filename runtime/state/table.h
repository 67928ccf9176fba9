/* The hash table of a store: buckets of eight, ordered by hash.
 *
 *   bucket   0    eight full 64-bit hashes, 0 where the lane is free: one cache line
 *            64   eight cells, see entry.h
 *
 * A hash is at home in bucket (hash - hash_first) * n_buckets / hash_span: any number of buckets will do, and the order of
 * homes is the order of hashes. An entry whose home is full stands in the next bucket that has a free
 * lane (the first one comes after the last).
 *
 * Invariants: hash 0 is not in the table (the store keeps it apart); from the home of an entry up to
 * its bucket all buckets are full, which is where searching may stop; at most three quarters of the
 * lanes are taken, so that some bucket always ends a search. Removing pulls a later entry back into
 * the hole where it was in a full bucket, so there are no tombstones.
 *
 * A table grows by and by, for an operator must not stand still for the size of its state. The entries
 * stay in `old`, which is emptied into the new buckets one by one in their order, some with each
 * gy_table_reserve. What is at home in `old` before `moved` is made in the new buckets, all else still in
 * `old`: so the new ones are filled in their order too, and of their memory, which is fresh, a call
 * touches little. In `old` all before `moved` are empty, and a search begins there at the earliest.
 *
 * Entries that are made in the order of their hashes, as another table gave them, would fill the first
 * buckets of a table that has not grown to all of them yet, and then search far for a free lane: so a
 * table also grows when an entry stands far from home, up to four buckets per entry.
 *
 * Saving: `saved` has a bit per bucket, which is looked at while a snapshot is pending and only then.
 * Who is about to change a bucket, or hands out its cells, touches it: the first touch gives its
 * entries to `saver`. When entries move while a snapshot is pending, new buckets get both saved and
 * unsaved entries: `lanes` then says which of an unsaved bucket need not be saved. Entries that stand
 * outside of their bucket may be large: they are touched one by one, also by `lanes`. `lanes` is 0 for
 * a bucket that is saved, and for all while no snapshot is pending: an epoch begins without a pass
 * over it. */
#ifndef GY_STATE_TABLE_H
#define GY_STATE_TABLE_H

#include "state/entry.h"

#define GY_LANES       8u
#define GY_BUCKET_HEAD 64u
#define GY_PASS        128u /* rows that are prefetched together */

struct gy_table;

/* Finds a candidate for each of n rows, n <= GY_PASS: cells[j] is the cell of the first entry in the
 * home bucket with the hash of rows[j] (j where rows is NULL). Gives how many rows have none there,
 * and which these are in `missing`, which has room for GY_PASS; their cells are NULL. */
typedef uint32_t gy_probe_fn(const struct gy_table *table, const uint64_t *hash,
                             const uint32_t *rows, uint32_t n, void **cells, uint32_t *missing);

struct gy_table {
    char *buckets;
    uint64_t n_buckets;
    uint64_t hash_first; /* the hashes that come begin here ... */
    uint64_t hash_span;  /* ... and are so many; 0: all there are */
    uint64_t scale;      /* n_buckets / hash_span in 64 binary places */
    uint32_t stride;     /* bytes of a bucket */
    uint32_t cell_size;
    bool prefetch;   /* larger than the L2 cache */
    bool pending;    /* a snapshot has not saved all yet */
    bool crowded;    /* an entry was made far from its home */
    uint64_t count;  /* entries, without those of `old` */
    uint64_t *saved; /* bit per bucket */
    uint8_t *lanes;  /* per bucket: lanes that are saved though the bucket is not; NULL: none */
    uint64_t cursor; /* buckets before it are saved */
    struct gy_saver *saver;
    gy_probe_fn *probe;
    struct gy_shape *shape;
    void *memory; /* what `buckets` stands in */
    size_t bytes;
    size_t cache_bytes;
    struct gy_table *old; /* what is to be moved here; NULL: nothing */
    uint64_t moved;       /* buckets of `old` that are empty */
    bool spilled;         /* `old` had no room near for an entry, which was made here */
};

/* One task's hashes are those of its key groups: they are spread over all buckets, or most would stay
 * empty. A hash from outside is at home in the last bucket, where it is found all the same. */
static inline uint64_t gy_table_home(const struct gy_table *table, uint64_t hash)
{
    uint64_t home = (uint64_t)(((gy_u128)(hash - table->hash_first) * table->scale) >> 64);
    return home < table->n_buckets ? home : table->n_buckets - 1;
}

static inline char *gy_table_bucket(const struct gy_table *table, uint64_t i)
{
    return table->buckets + i * table->stride;
}

/* True where no cell stands in two lines of the cache: buckets and their cells begin with one. */
static inline bool gy_cell_in_line(uint32_t cell_size)
{
    return cell_size <= GY_LINE && (cell_size & (cell_size - 1)) == 0;
}

static inline uint64_t *gy_bucket_hashes(char *bucket)
{
    return (uint64_t *)(void *)bucket;
}

/** Debug builds: asserts the invariants above; of a large table, for its first buckets. */
void gy_table_check(const struct gy_table *table);

/** Makes an empty table, which owns nothing yet. */
void gy_table_init(struct gy_table *table, struct gy_shape *shape, struct gy_saver *saver);

/** Ends all entries and frees the table. */
void gy_table_fini(struct gy_table *table);

static inline uint64_t gy_table_count(const struct gy_table *table)
{
    return table->count + (table->old != NULL ? table->old->count : 0);
}

/** The bytes of the table, without what its entries point to. */
static inline size_t gy_table_bytes(const struct gy_table *table)
{
    return table->bytes + (table->old != NULL ? table->old->bytes : 0);
}

/** Of a table with room for n entries. */
size_t gy_table_bytes_for(const struct gy_table *table, uint64_t n);

/** Makes room for n more entries. Cells move.
 *  Errors:  GYRE_ENOMEM, nothing was changed */
int gy_table_reserve(struct gy_table *table, uint64_t n);

/** The cell of a key; NULL where it is not there. `key` NULL where the hash is the key. */
void *gy_table_find(const struct gy_table *table, uint64_t hash, const struct gy_cell *key);

/** The cells of a hash, of which there may be several where keys are stored: up to `most`; how many. */
uint32_t gy_table_of_hash(struct gy_table *table, uint64_t hash, void **cells, uint32_t most);

/** Takes a lane for a hash whose key is not there, for which room was reserved; its cell is unused,
 *  and is to be used or given back with gy_table_unlink. */
void *gy_table_link(struct gy_table *table, uint64_t hash);

/** Removes a hash from the table by its cell, whose entry has ended. Other entries may move. */
void gy_table_unlink(struct gy_table *table, void *cell);

/** gy_table_probe while `old` is there. */
uint32_t gy_table_probe_both(const struct gy_table *table, const uint64_t *hash,
                             const uint32_t *rows, uint32_t n, void **cells, uint32_t *missing);

/** Asks for the home buckets of n rows, n <= GY_PASS, in the table itself: not in `old`. */
void gy_table_fetch(const struct gy_table *table, const uint64_t *hash, const uint32_t *rows,
                    uint32_t n);

/** Asks for what gy_table_probe of n rows looks at first: called some time before it. */
static inline void gy_table_fetch_ahead(const struct gy_table *table, const uint64_t *hash,
                                        const uint32_t *rows, uint32_t n)
{
    gy_table_fetch(table->old != NULL ? table->old : table, hash, rows, n);
}

/** Finds a candidate for each of n rows; see gy_probe_fn. */
static inline uint32_t gy_table_probe(const struct gy_table *table, const uint64_t *hash,
                                      const uint32_t *rows, uint32_t n, void **cells,
                                      uint32_t *missing)
{
    if (__builtin_expect(table->old != NULL, 0))
        return gy_table_probe_both(table, hash, rows, n, cells, missing);
    return table->probe(table, hash, rows, n, cells, missing);
}

/** Gives memory back if few entries are left; cells move. */
void gy_table_shrink(struct gy_table *table);

/** Saves the entry of a cell unless it is saved; perhaps others of its bucket. Called before the entry
 *  changes, for use while a snapshot is pending. */
void gy_table_save_cell(struct gy_table *table, void *cell);

static inline void gy_table_touch_cell(struct gy_table *table, uint64_t hash, void *cell)
{
    if (!table->pending)
        return;
    uint64_t i = gy_table_home(table, hash);
    bool is_home = (uintptr_t)cell - (uintptr_t)gy_table_bucket(table, i) < table->stride;
    if (!is_home || (table->saved[i / 64] >> (i % 64) & 1) == 0)
        gy_table_save_cell(table, cell);
}

/** Saves what stands in the bucket of a cell unless it is saved: before the entry leaves it. */
void gy_table_touch_bucket(struct gy_table *table, void *cell);

/** Starts saving: no bucket is saved. Not `pending`: there is nothing to save any more. */
void gy_table_epoch(struct gy_table *table, bool pending);

/** Saves entries until `*budget` of them are, or one was cut; false when all are saved or cut. */
bool gy_table_save_slice(struct gy_table *table, uint64_t *budget);

/** The lanes of the table, without those of `old`, and the cell of one; NULL where it is free. */
static inline uint64_t gy_table_lanes(const struct gy_table *table)
{
    return table->n_buckets * GY_LANES;
}

static inline void *gy_table_at(const struct gy_table *table, uint64_t lane)
{
    char *bucket = gy_table_bucket(table, lane / GY_LANES);
    uint64_t hash = gy_bucket_hashes(bucket)[lane % GY_LANES];
    return hash != 0 ? bucket + GY_BUCKET_HEAD + lane % GY_LANES * table->cell_size : NULL;
}

/** Walks the entries from `*cursor` on; see gy_store_walk. All are moved first. */
uint32_t gy_table_walk(struct gy_table *table, uint64_t *cursor, struct gy_store_entry *entries,
                       uint32_t most);

/** Walks the entries whose hash is `first` to `last`, from `*cursor` (0 at first) on; see
 *  gy_store_walk_range. All are moved. */
uint32_t gy_table_walk_range(const struct gy_table *table, uint64_t first, uint64_t last,
                             uint64_t *cursor, struct gy_store_entry *entries, uint32_t most);

/** Moves all that is still to be moved. */
void gy_table_settle(struct gy_table *table);

/** Ends the entries in lanes from ... to - 1, which gy_table_walk has given. Others are not moved into
 *  the holes, so that from then on nothing is found or made any more: only walked and ended. */
void gy_table_drop(struct gy_table *table, uint64_t from, uint64_t to);

/** Looks at the lanes from `*cursor` on for entries that are not wanted any more; see gy_store_sweep. The
 *  cell of the first one, `*cursor` stays at it; NULL where none of the next `most` lanes has one, and
 *  `*cursor` is behind them. `*more`: there are lanes left. */
void *gy_table_unwanted(struct gy_table *table, uint64_t *cursor, uint32_t most,
                        bool (*unwanted)(const void *slot), bool *more);

/** Bits of the lanes of a bucket that hold `hash`. */
uint32_t gy_bucket_match(const char *bucket, uint64_t hash);

/** The fastest probe that this machine can run. */
gy_probe_fn *gy_probe_choose(void);

/** The i-th of the probes that this machine can run, for tests; NULL beyond the last. */
gy_probe_fn *gy_probe_at(uint32_t i);

#endif
