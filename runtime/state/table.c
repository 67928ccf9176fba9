/* Buckets of eight; see table.h. */
#include "state/table.h"

#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/debug.h"
#include "base/mem.h"

enum {
    BUCKETS_MIN = 2,
    BUCKETS_SPARSE = 4, /* per entry: more are too many */
    FAR = 32,           /* buckets from home */
    AHEAD = 8,          /* buckets that a slice prefetches */
    MOVE_LEAST = 64,    /* buckets that are moved at a time: some 10 us */
    MOVE_SHARE = 4,     /* buckets that are moved as well, per row that room is made for */
    L2_UNKNOWN = 512 * 1024,
};

static uint64_t lanes_allowed(uint64_t n_buckets)
{
    return n_buckets * GY_LANES / 8 * 5;
}

void gy_table_init(struct gy_table *table, struct gy_shape *shape, struct gy_saver *saver)
{
    memset(table, 0, sizeof *table);
    table->shape = shape;
    table->saver = saver;
    table->cell_size = shape->cell_size;
    table->stride = GY_BUCKET_HEAD + GY_LANES * shape->cell_size;
    table->probe = gy_probe_choose();
    long l2 = sysconf(_SC_LEVEL2_CACHE_SIZE);
    table->cache_bytes = l2 > 0 ? (size_t)l2 : L2_UNKNOWN;
}

static void *cell_at(const struct gy_table *table, char *bucket, uint32_t lane)
{
    return bucket + GY_BUCKET_HEAD + (size_t)lane * table->cell_size;
}

static void end_entries(struct gy_table *table)
{
    for (uint64_t b = 0; b < table->n_buckets; b++) {
        char *bucket = gy_table_bucket(table, b);
        for (uint32_t lane = 0; lane < GY_LANES; lane++)
            if (gy_bucket_hashes(bucket)[lane] != 0)
                gy_entry_fini(table->shape, cell_at(table, bucket, lane));
    }
}

void gy_table_fini(struct gy_table *table)
{
    if (table->old != NULL)
        gy_table_fini(table->old);
    if (table->count != 0 && !gy_entry_is_plain(table->shape))
        end_entries(table);
    gy_free(table->old);
    gy_free(table->memory);
    gy_free(table->saved);
    gy_free(table->lanes);
    table->old = NULL;
    table->memory = NULL;
    table->saved = NULL;
    table->lanes = NULL;
    table->buckets = NULL;
    table->n_buckets = table->count = 0;
}

/* Writes to fresh pages: one that is read first costs a second fault when it is written to, for which all threads
 * are interrupted. */
static void touch_pages(char *buckets, size_t bytes)
{
    enum { PAGE = 4096 };
    for (size_t at = 0; at < bytes; at += PAGE)
        *(volatile char *)(buckets + at) = 0;
}

/* A table of zeroed buckets with the settings of `like`. Large ones are put on huge pages where the
 * system lets them: a random access then does not miss the TLB as well. */
static int allocate(struct gy_table *table, const struct gy_table *like, uint64_t n_buckets)
{
    *table = *like;
    if (n_buckets > SIZE_MAX / 2 / table->stride)
        return GYRE_ENOMEM;
    size_t bytes = n_buckets * table->stride;
    size_t align = bytes >= GY_HUGE_PAGE ? GY_HUGE_PAGE : 64;
    if (align == GY_HUGE_PAGE) { /* whole ones: of a part, each page of the usual size is a fault */
        bytes = (bytes + align - 1) / align * align;
        n_buckets = bytes / table->stride;
    }
    table->memory =
        gy_alloc(bytes + align); /* of much, pages come zeroed, and none is touched yet */
    table->saved = gy_calloc((n_buckets + 63) / 64, sizeof *table->saved);
    table->lanes = table->pending ? gy_calloc(n_buckets, 1) : NULL;
    if (table->memory == NULL || table->saved == NULL || (table->pending && !table->lanes)) {
        gy_free(table->memory);
        gy_free(table->saved);
        gy_free(table->lanes);
        return GYRE_ENOMEM;
    }
    uintptr_t at = ((uintptr_t)table->memory + align - 1) / align * align;
    table->buckets = (char *)table->memory + (at - (uintptr_t)table->memory);
    if (align == GY_HUGE_PAGE)
        madvise(table->buckets, bytes, MADV_HUGEPAGE); /* a hint; without it all works */
    else
        touch_pages(table->buckets, bytes);
    table->n_buckets = n_buckets;
    table->scale = n_buckets;
    if (table->hash_span != 0)
        table->scale = (uint64_t)(((gy_u128)n_buckets << 64) / table->hash_span);
    table->bytes = bytes + align + (n_buckets + 63) / 64 * 8;
    table->prefetch = bytes > table->cache_bytes;
    table->count = 0;
    table->cursor = 0;
    table->crowded = false;
    return 0;
}

static uint64_t next_bucket(const struct gy_table *table, uint64_t i)
{
    return i + 1 < table->n_buckets ? i + 1 : 0;
}

static bool is_full(const struct gy_table *table, uint64_t i)
{
    return gy_bucket_match(gy_table_bucket(table, i), 0) == 0;
}

/* The first bucket from home on with a free lane; `free` its free lanes. */
static uint64_t first_free(const struct gy_table *table, uint64_t hash, uint32_t *free)
{
    uint64_t i = gy_table_home(table, hash);
    while ((*free = gy_bucket_match(gy_table_bucket(table, i), 0)) == 0)
        i = next_bucket(table, i);
    return i;
}

static void set_bit(struct gy_table *table, uint64_t i)
{
    table->saved[i / 64] |= UINT64_C(1) << (i % 64);
}

static bool is_saved(const struct gy_table *table, uint64_t i)
{
    return (table->saved[i / 64] >> (i % 64) & 1) != 0;
}

static uint64_t bucket_of(const struct gy_table *table, const void *cell)
{
    return (uint64_t)((const char *)cell - table->buckets) / table->stride;
}

/* The table that a cell stands in: this one, or the one that is moved here. */
static struct gy_table *table_of(struct gy_table *table, const void *cell)
{
    bool here =
        (uintptr_t)cell - (uintptr_t)table->buckets < (uintptr_t)(table->n_buckets * table->stride);
    return here ? table : table->old;
}

/* ---- saving buckets ---- */

/* Bits of the lanes whose entries are saved, or need not be. */
static uint32_t saved_lanes(const struct gy_table *table, uint64_t i)
{
    if (!table->pending || is_saved(table, i))
        return 0xff;
    return table->lanes != NULL ? table->lanes[i] : 0;
}

/* Fetches what the entries of bucket i point to (near), or what these point to in turn. It is rarely in
 * the cache: fetched together, the misses overlap. */
static void fetch(const struct gy_table *table, uint64_t i, bool near)
{
    if (i >= table->n_buckets || (table->shape->inlined && table->shape->type.plain))
        return;
    char *bucket = gy_table_bucket(table, i);
    for (uint32_t lane = 0; lane < GY_LANES; lane++)
        if (gy_bucket_hashes(bucket)[lane] != 0)
            gy_entry_fetch(table->shape, cell_at(table, bucket, lane), near);
}

/* Saves the entries of a bucket that is not saved; what they point to should have been fetched. */
static void save_bucket(struct gy_table *table, uint64_t i)
{
    _Static_assert(GY_LANES <= GY_SAVED_MOST, "a bucket is saved at once");
    char *bucket = gy_table_bucket(table, i);
    uint32_t saved = saved_lanes(table, i);
    gy_debug_assert(table->pending && i < table->n_buckets);
    set_bit(table, i);
    if (table->lanes != NULL)
        table->lanes[i] = 0;
    struct gy_store_entry entries[GY_LANES];
    uint32_t n = 0;
    for (uint32_t left = ~(saved | gy_bucket_match(bucket, 0)) & 0xff; left != 0;
         left &= left - 1) {
        uint32_t lane = (uint32_t)__builtin_ctz(left);
        entries[n++] = gy_entry_view(table->shape, gy_bucket_hashes(bucket)[lane],
                                     cell_at(table, bucket, lane));
    }
    gy_entries_save(table->shape, table->saver, entries, n);
}

static void touch(struct gy_table *table, uint64_t i)
{
    if (!table->pending || is_saved(table, i))
        return;
    if (table->prefetch) {
        fetch(table, i, true);
        fetch(table, i, false);
    }
    save_bucket(table, i);
}

void gy_table_touch_bucket(struct gy_table *table, void *cell)
{
    struct gy_table *in = table_of(table, cell);
    touch(in, bucket_of(in, cell));
}

void gy_table_save_cell(struct gy_table *table, void *cell)
{
    struct gy_table *in = table_of(table, cell);
    uint64_t i = bucket_of(in, cell);
    char *bucket = gy_table_bucket(in, i);
    if (!in->pending || is_saved(in, i))
        return;
    if (in->lanes == NULL) {
        touch(in, i);
        return;
    }
    uint32_t lane = (uint32_t)(((char *)cell - bucket - GY_BUCKET_HEAD) / in->cell_size);
    if ((in->lanes[i] >> lane & 1) != 0)
        return;
    in->lanes[i] |= (uint8_t)(1u << lane);
    gy_entry_save(in->shape, in->saver, gy_bucket_hashes(bucket)[lane], cell);
}

/* ---- growing, shrinking ---- */

/* Notes whether the entry that was moved into a lane of bucket i is saved; `free` were free before. A
 * bucket is saved while all its entries are. */
static void note_moved(struct gy_table *table, uint64_t i, uint32_t lane, uint32_t free, bool saved)
{
    if (saved && free == 0xff) {
        set_bit(table, i);
    } else if (saved && !is_saved(table, i)) {
        table->lanes[i] |= (uint8_t)(1u << lane);
    } else if (!saved && is_saved(table, i)) {
        table->saved[i / 64] &= ~(UINT64_C(1) << (i % 64));
        table->lanes[i] = (uint8_t)~free;
    }
}

/* Takes in an entry of `old`. Without `lanes` it is saved, and what it comes to stand with must be. */
static void place(struct gy_table *table, uint64_t hash, const void *cell, bool saved)
{
    uint32_t free;
    uint64_t i = first_free(table, hash, &free);
    char *bucket = gy_table_bucket(table, i);
    uint32_t lane = (uint32_t)__builtin_ctz(free);
    gy_debug_assert(hash != 0);
    if (table->pending && table->lanes == NULL)
        touch(table, i);
    else if (table->pending)
        note_moved(table, i, lane, free, saved);
    memcpy(cell_at(table, bucket, lane), cell, table->cell_size);
    gy_bucket_hashes(bucket)[lane] = hash;
    table->count++;
}

/* Moves the next bucket of `old`; true where it was full. */
static bool move_bucket(struct gy_table *table)
{
    struct gy_table *old = table->old;
    uint64_t b = table->moved++;
    assert(b < old->n_buckets);
    char *bucket = gy_table_bucket(old, b);
    uint64_t *hashes = gy_bucket_hashes(bucket);
    bool full = is_full(old, b);
    if (table->lanes == NULL)
        touch(old, b);
    uint32_t saved = saved_lanes(old, b);
    for (uint32_t lane = 0; lane < GY_LANES; lane++) {
        if (hashes[lane] == 0)
            continue;
        place(table, hashes[lane], cell_at(old, bucket, lane), saved >> lane & 1);
        old->count--;
    }
    memset(hashes, 0, GY_BUCKET_HEAD);
    set_bit(old, b); /* nothing is left to save */
    return full;
}

static void end_moving(struct gy_table *table)
{
    assert(table->old->count == 0);
    gy_table_fini(table->old);
    gy_free(table->old);
    table->old = NULL;
}

/* Moves up to `most` buckets. After it `old` has entries, if it is there. */
static void move_some(struct gy_table *table, uint64_t most)
{
    if (table->old == NULL)
        return;
    for (; table->old->count > 0 && most > 0; most--)
        move_bucket(table);
    if (table->old->count == 0)
        end_moving(table);
}

/* Has an entry of a bucket at the beginning found no room at the end? */
static bool has_come_round(const struct gy_table *table, uint64_t i)
{
    const uint64_t *hashes = gy_bucket_hashes(gy_table_bucket(table, i));
    for (uint32_t lane = 0; lane < GY_LANES; lane++)
        if (hashes[lane] != 0 && gy_table_home(table, hashes[lane]) > i)
            return true;
    return false;
}

/* Begins to move all to other buckets. */
static int resize(struct gy_table *table, uint64_t n_buckets)
{
    struct gy_table now, *old = gy_alloc(sizeof *old);
    move_some(table, UINT64_MAX); /* what is left of the time before; hardly ever anything */
    if (old == NULL || allocate(&now, table, n_buckets) != 0) {
        gy_free(old);
        return GYRE_ENOMEM;
    }
    *old = *table;
    *table = now;
    table->old = old;
    table->moved = 0;
    table->spilled = false;
    /* Entries that found no room at the end stand behind full buckets at the beginning, and would not be
     * found behind empty ones. */
    bool round = old->count > 0 && is_full(old, old->n_buckets - 1);
    while (round && old->count > 0) {
        table->spilled = table->spilled || has_come_round(old, table->moved);
        round = move_bucket(table);
    }
    move_some(table, MOVE_LEAST);
    return 0;
}

static uint64_t buckets_for(uint64_t n)
{
    return (n + 4) / 5; /* five of eight */
}

size_t gy_table_bytes_for(const struct gy_table *table, uint64_t n)
{
    return buckets_for(n) * table->stride;
}

int gy_table_reserve(struct gy_table *table, uint64_t n)
{
    move_some(table, MOVE_LEAST + n * MOVE_SHARE);
    uint64_t count = gy_table_count(table);
    if (count + n <= lanes_allowed(table->n_buckets)) {
        if (!table->crowded || table->old != NULL)
            return 0;
        table->crowded = false;
        if (table->n_buckets * 2 <= count * BUCKETS_SPARSE)
            resize(table, table->n_buckets * 2); /* without memory it stays as it is */
        return 0;
    }
    assert(count <= lanes_allowed(table->n_buckets));
    uint64_t buckets = table->n_buckets * 2 > BUCKETS_MIN ? table->n_buckets * 2 : BUCKETS_MIN;
    uint64_t needed = buckets_for(count + n);
    return resize(table, buckets > needed ? buckets : needed);
}

void gy_table_shrink(struct gy_table *table)
{
    if (table->old != NULL)
        move_some(table, MOVE_LEAST);
    else if (table->n_buckets > 16 * BUCKETS_MIN &&
             table->count < table->n_buckets / BUCKETS_SPARSE)
        resize(table, table->n_buckets / 4); /* without memory it stays as it is */
}

/* ---- single entries ---- */

/* Searches from bucket i on. */
static void *search(const struct gy_table *table, uint64_t i, uint64_t hash,
                    const struct gy_cell *key)
{
    for (;; i = next_bucket(table, i)) {
        char *bucket = gy_table_bucket(table, i);
        for (uint32_t mask = gy_bucket_match(bucket, hash); mask != 0; mask &= mask - 1) {
            void *cell = cell_at(table, bucket, (uint32_t)__builtin_ctz(mask));
            if (key == NULL)
                return cell;
            const void *stored = gy_entry_body(table->shape, cell);
            if (gy_cells_equal(&table->shape->key, stored, key))
                return cell;
        }
        if (gy_bucket_match(bucket, 0) != 0)
            return NULL;
    }
}

/* While `old` is there: may an entry be in the new buckets? */
static bool may_be_here(const struct gy_table *table, uint64_t hash)
{
    return table->spilled || gy_table_home(table->old, hash) < table->moved;
}

void *gy_table_find(const struct gy_table *table, uint64_t hash, const struct gy_cell *key)
{
    const struct gy_table *old = table->old;
    gy_debug_assert(hash != 0);
    if (old != NULL && old->count != 0) {
        uint64_t home = gy_table_home(old, hash);
        void *cell = search(old, home > table->moved ? home : table->moved, hash, key);
        if (cell != NULL || !may_be_here(table, hash))
            return cell;
    }
    return table->count != 0 ? search(table, gy_table_home(table, hash), hash, key) : NULL;
}

uint32_t gy_table_of_hash(struct gy_table *table, uint64_t hash, void **cells, uint32_t most)
{
    uint32_t n = 0;
    move_some(table, UINT64_MAX);
    if (table->count == 0)
        return 0;
    for (uint64_t i = gy_table_home(table, hash);; i = next_bucket(table, i)) {
        char *bucket = gy_table_bucket(table, i);
        for (uint32_t mask = gy_bucket_match(bucket, hash); mask != 0 && n < most; mask &= mask - 1)
            cells[n++] = cell_at(table, bucket, (uint32_t)__builtin_ctz(mask));
        if (gy_bucket_match(bucket, 0) != 0)
            return n;
    }
}

uint32_t gy_table_probe_both(const struct gy_table *table, const uint64_t *hash,
                             const uint32_t *rows, uint32_t n, void **cells, uint32_t *missing)
{
    uint32_t at[GY_PASS], rows_here[GY_PASS], none[GY_PASS];
    void *cells_here[GY_PASS];
    uint32_t n_here = 0, n_missing = 0;
    uint32_t n_rest = table->old->probe(table->old, hash, rows, n, cells, missing);
    for (uint32_t r = 0; r < n_rest; r++) {
        uint32_t row = rows != NULL ? rows[missing[r]] : missing[r];
        at[n_here] = missing[r];
        rows_here[n_here] = row;
        n_here += may_be_here(table, hash[row]);
    }
    if (n_here == 0)
        return n_rest;
    gy_table_fetch(table, hash, rows_here, n_here);
    table->probe(table, hash, rows_here, n_here, cells_here, none);
    for (uint32_t h = 0; h < n_here; h++)
        cells[at[h]] = cells_here[h];
    for (uint32_t r = 0; r < n_rest; r++)
        if (cells[missing[r]] == NULL)
            missing[n_missing++] = missing[r];
    return n_missing;
}

static void *take_lane(struct gy_table *table, uint64_t i, uint32_t free, uint64_t hash)
{
    touch(table, i);
    char *bucket = gy_table_bucket(table, i);
    uint32_t lane = (uint32_t)__builtin_ctz(free);
    gy_bucket_hashes(bucket)[lane] = hash;
    table->count++;
    return cell_at(table, bucket, lane);
}

/* Takes a lane of `old`, or NULL where there is none near. */
static void *link_old(struct gy_table *table, uint64_t hash)
{
    struct gy_table *old = table->old;
    uint64_t home = gy_table_home(old, hash);
    for (uint64_t i = home; i < old->n_buckets && i - home < FAR; i++) {
        uint32_t free = gy_bucket_match(gy_table_bucket(old, i), 0);
        if (free != 0)
            return take_lane(old, i, free, hash);
    }
    table->spilled = true;
    return NULL;
}

void *gy_table_link(struct gy_table *table, uint64_t hash)
{
    uint32_t free;
    void *cell = NULL;
    assert(hash != 0 && gy_table_count(table) < lanes_allowed(table->n_buckets));
    if (table->old != NULL && gy_table_home(table->old, hash) >= table->moved)
        cell = link_old(table, hash);
    if (cell != NULL)
        return cell;
    uint64_t i = first_free(table, hash, &free);
    uint64_t home = gy_table_home(table, hash),
             far = i >= home ? i - home : i + table->n_buckets - home;
    table->crowded = table->crowded || far > FAR;
    return take_lane(table, i, free, hash);
}

/* The lane of bucket `from` whose entry may stand in bucket `hole` before it, all between being full:
 * one that is at home there or earlier. GY_LANES where there is none. */
static uint32_t movable(const struct gy_table *table, uint64_t hole, uint64_t from)
{
    const uint64_t *hashes = gy_bucket_hashes(gy_table_bucket(table, from));
    uint64_t gap = (from + table->n_buckets - hole) % table->n_buckets;
    for (uint32_t lane = 0; lane < GY_LANES; lane++) {
        if (hashes[lane] == 0)
            continue;
        uint64_t home = gy_table_home(table, hashes[lane]);
        if ((from + table->n_buckets - home) % table->n_buckets >= gap)
            return lane;
    }
    return GY_LANES;
}

static void unlink_cell(struct gy_table *table, void *cell)
{
    uint64_t hole = bucket_of(table, cell);
    char *bucket = gy_table_bucket(table, hole);
    uint32_t lane = (uint32_t)(((char *)cell - bucket - GY_BUCKET_HEAD) / table->cell_size);
    bool full = gy_bucket_match(bucket, 0) == 0;
    assert(hole < table->n_buckets && gy_bucket_hashes(bucket)[lane] != 0 && table->count > 0);
    assert(!table->pending || is_saved(table, hole)); /* by whoever ended the entry */
    gy_bucket_hashes(bucket)[lane] = 0;
    table->count--;
    /* Entries beyond a bucket that was not full have no business with what is before it. */
    for (uint64_t from = next_bucket(table, hole); full && from != hole;
         from = next_bucket(table, from)) {
        char *source = gy_table_bucket(table, from);
        full = gy_bucket_match(source, 0) == 0;
        uint32_t moved = movable(table, hole, from);
        if (moved == GY_LANES)
            continue;
        touch(table, from);
        memcpy(cell_at(table, bucket, lane), cell_at(table, source, moved), table->cell_size);
        gy_bucket_hashes(bucket)[lane] = gy_bucket_hashes(source)[moved];
        gy_bucket_hashes(source)[moved] = 0;
        hole = from;
        bucket = source;
        lane = moved;
    }
}

void gy_table_unlink(struct gy_table *table, void *cell)
{
    unlink_cell(table_of(table, cell), cell);
}

/* ---- all entries ---- */

void gy_table_epoch(struct gy_table *table, bool pending)
{
    if (table->old != NULL)
        gy_table_epoch(table->old, pending);
    if (table->pending && table->lanes != NULL) /* not all was saved */
        memset(table->lanes, 0, table->n_buckets);
    table->cursor = 0;
    table->pending = pending;
    /* Without memory for it whole buckets are saved. */
    if (pending && !table->shape->inlined && table->lanes == NULL)
        table->lanes = gy_calloc(table->n_buckets, 1);
    if (table->saved != NULL)
        memset(table->saved, 0, (table->n_buckets + 63) / 64 * sizeof *table->saved);
}

bool gy_table_save_slice(struct gy_table *table, uint64_t *budget)
{
    if (table->old != NULL && gy_table_save_slice(table->old, budget))
        return true;
    /* Buckets without an entry count for one, so that an empty table is walked in slices too. */
    while (table->pending && table->cursor < table->n_buckets) {
        if (*budget == 0 || table->saver->cuts != NULL)
            return true;
        uint64_t i = table->cursor;
        if (i % 64 == 0 && table->saved[i / 64] == UINT64_MAX) {
            table->cursor += 64;
        } else {
            __builtin_prefetch(gy_table_bucket(table, i + AHEAD));
            __builtin_prefetch(gy_table_bucket(table, i + AHEAD) + GY_BUCKET_HEAD);
            if (table->prefetch) {
                fetch(table, i + 2, true);
                fetch(table, i + 1, false);
            }
            if (!is_saved(table, i)) {
                uint32_t free = gy_bucket_match(gy_table_bucket(table, i), 0);
                uint32_t n = GY_LANES - (uint32_t)__builtin_popcount(free);
                save_bucket(table, i);
                *budget -= n < *budget ? n : *budget;
            }
            table->cursor++;
        }
        *budget -= *budget > 0;
    }
    table->pending = false;
    return false;
}

uint32_t gy_table_walk(struct gy_table *table, uint64_t *cursor, struct gy_store_entry *entries,
                       uint32_t most)
{
    uint32_t n = 0;
    move_some(table, UINT64_MAX);
    assert(*cursor <= gy_table_lanes(table));
    for (uint64_t b = *cursor / GY_LANES; b < table->n_buckets; b++) {
        char *bucket = gy_table_bucket(table, b);
        uint32_t left = ~gy_bucket_match(bucket, 0) & 0xff & 0xffu << *cursor % GY_LANES;
        if (left != 0)
            touch(table, b);
        for (; left != 0; left &= left - 1) {
            uint32_t lane = (uint32_t)__builtin_ctz(left);
            if (n == most) {
                *cursor = b * GY_LANES + lane;
                return n;
            }
            entries[n++] = gy_entry_view(table->shape, gy_bucket_hashes(bucket)[lane],
                                         cell_at(table, bucket, lane));
        }
        *cursor = (b + 1) * GY_LANES;
    }
    return n;
}

void gy_table_settle(struct gy_table *table)
{
    move_some(table, UINT64_MAX);
}

/* The i-th bucket from bucket `from` on, i < n_buckets. */
static uint64_t bucket_from(const struct gy_table *table, uint64_t from, uint64_t i)
{
    return from + i < table->n_buckets ? from + i : from + i - table->n_buckets;
}

/* Behind the home of the last hash they stand only behind buckets that are full. */
uint32_t gy_table_walk_range(const struct gy_table *table, uint64_t first, uint64_t last,
                             uint64_t *cursor, struct gy_store_entry *entries, uint32_t most)
{
    uint32_t n = 0;
    assert(table->old == NULL && !table->pending && first <= last);
    if (table->count == 0)
        return 0;
    const uint64_t from = gy_table_home(table, first), homes = gy_table_home(table, last) - from;
    for (uint64_t b = *cursor / GY_LANES; b < table->n_buckets; b++) {
        if (b > homes && !is_full(table, bucket_from(table, from, b - 1)))
            break;
        char *bucket = gy_table_bucket(table, bucket_from(table, from, b));
        uint32_t left = ~gy_bucket_match(bucket, 0) & 0xff & 0xffu << *cursor % GY_LANES;
        for (; left != 0; left &= left - 1) {
            uint32_t lane = (uint32_t)__builtin_ctz(left);
            uint64_t hash = gy_bucket_hashes(bucket)[lane];
            if (hash < first || hash > last)
                continue;
            if (n == most) {
                *cursor = b * GY_LANES + lane;
                return n;
            }
            entries[n++] = gy_entry_view(table->shape, hash, cell_at(table, bucket, lane));
        }
        *cursor = (b + 1) * GY_LANES;
    }
    *cursor = gy_table_lanes(table);
    return n;
}

void gy_table_drop(struct gy_table *table, uint64_t from, uint64_t to)
{
    assert(table->old == NULL && to <= table->n_buckets * GY_LANES);
    for (uint64_t at = from; at < to; at++) {
        char *bucket = gy_table_bucket(table, at / GY_LANES);
        uint32_t lane = (uint32_t)(at % GY_LANES);
        if (gy_bucket_hashes(bucket)[lane] == 0)
            continue;
        gy_entry_fini(table->shape, cell_at(table, bucket, lane));
        gy_bucket_hashes(bucket)[lane] = 0;
        table->count--;
    }
}

void *gy_table_unwanted(struct gy_table *table, uint64_t *cursor, uint32_t most,
                        bool (*unwanted)(const void *slot), bool *more)
{
    move_some(table, UINT64_MAX);
    uint64_t all = table->n_buckets * GY_LANES;
    uint64_t end = all - *cursor > most ? *cursor + most : all;
    for (; *cursor < end; ++*cursor) {
        char *bucket = gy_table_bucket(table, *cursor / GY_LANES);
        uint32_t lane = (uint32_t)(*cursor % GY_LANES);
        void *cell = cell_at(table, bucket, lane);
        if (gy_bucket_hashes(bucket)[lane] != 0 && unwanted(gy_entry_slot(table->shape, cell))) {
            *more = true;
            return cell;
        }
    }
    *more = end < all;
    return NULL;
}
