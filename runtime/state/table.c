/* Buckets of eight; see table.h. */
#include "state/table.h"

#include <assert.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/mem.h"

enum {
    BUCKETS_MIN = 2,
    BUCKETS_SPARSE = 4, /* per entry: more are too many */
    FAR = 32,           /* buckets from home */
    AHEAD = 8,          /* buckets that a slice prefetches */
    L2_UNKNOWN = 512 * 1024,
};

static uint64_t lanes_allowed(uint64_t n_buckets)
{
    return n_buckets * GY_LANES / 4 * 3;
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
    if (table->count != 0 && !gy_entry_is_plain(table->shape))
        end_entries(table);
    gy_free(table->memory);
    gy_free(table->saved);
    gy_free(table->lanes);
    table->memory = NULL;
    table->saved = NULL;
    table->lanes = NULL;
    table->buckets = NULL;
    table->n_buckets = table->count = 0;
}

/* A table of zeroed buckets with the settings of `like`. Large ones are put on huge pages where the
 * system lets them: a random access then does not miss the TLB as well. */
static int allocate(struct gy_table *table, const struct gy_table *like, uint64_t n_buckets)
{
    *table = *like;
    size_t bytes = n_buckets * table->stride;
    size_t align = bytes >= GY_HUGE_PAGE ? GY_HUGE_PAGE : 64;
    if (n_buckets > SIZE_MAX / 2 / table->stride)
        return GYRE_ENOMEM;
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

/* Moves one entry into a table that is being built. A bucket is saved while all its entries are. */
static void place(struct gy_table *table, uint64_t hash, const void *cell, bool saved)
{
    uint32_t free;
    uint64_t i = first_free(table, hash, &free);
    char *bucket = gy_table_bucket(table, i);
    uint32_t lane = (uint32_t)__builtin_ctz(free);
    void *into = cell_at(table, bucket, lane);
    memcpy(into, cell, table->cell_size);
    if (table->pending) {
        table->lanes[i] |= (uint8_t)(saved << lane);
        if (!saved)
            table->saved[i / 64] &= ~(UINT64_C(1) << (i % 64));
        else if (free == 0xff)
            set_bit(table, i);
    }
    gy_bucket_hashes(bucket)[lane] = hash;
    table->count++;
}

/* Bits of the lanes whose entries are saved, or need not be. */
static uint32_t saved_lanes(const struct gy_table *table, uint64_t i)
{
    if (!table->pending || is_saved(table, i))
        return 0xff;
    return table->lanes != NULL ? table->lanes[i] : 0;
}

static int rebuild(struct gy_table *table, uint64_t n_buckets)
{
    struct gy_table now;
    if (allocate(&now, table, n_buckets) != 0)
        return GYRE_ENOMEM;
    for (uint64_t b = 0; b < table->n_buckets; b++) {
        char *bucket = gy_table_bucket(table, b);
        const uint64_t *hashes = gy_bucket_hashes(bucket);
        uint32_t saved = saved_lanes(table, b);
        for (uint32_t lane = 0; lane < GY_LANES; lane++)
            if (hashes[lane] != 0)
                place(&now, hashes[lane], cell_at(table, bucket, lane), saved >> lane & 1);
    }
    for (uint64_t i = 0; now.lanes != NULL && i < n_buckets; i++)
        if (is_saved(&now, i))
            now.lanes[i] = 0;
    gy_free(table->memory);
    gy_free(table->saved);
    gy_free(table->lanes);
    *table = now;
    return 0;
}

int gy_table_reserve(struct gy_table *table, uint64_t n)
{
    if (table->count + n <= lanes_allowed(table->n_buckets)) {
        if (table->crowded && table->n_buckets * 2 <= table->count * BUCKETS_SPARSE)
            rebuild(table, table->n_buckets * 2); /* without memory it stays as it is */
        table->crowded = false;
        return 0;
    }
    uint64_t buckets = table->n_buckets * 2 > BUCKETS_MIN ? table->n_buckets * 2 : BUCKETS_MIN;
    uint64_t needed = (table->count + n + 5) / 6; /* three quarters of eight */
    return rebuild(table, buckets > needed ? buckets : needed);
}

void gy_table_shrink(struct gy_table *table)
{
    if (table->n_buckets > 16 * BUCKETS_MIN && table->count < table->n_buckets / BUCKETS_SPARSE)
        rebuild(table, table->n_buckets / 4); /* without memory it stays as it is */
}

void *gy_table_find(const struct gy_table *table, uint64_t hash, const struct gy_cell *key)
{
    if (table->count == 0)
        return NULL;
    for (uint64_t i = gy_table_home(table, hash);; i = next_bucket(table, i)) {
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

void *gy_table_link(struct gy_table *table, uint64_t hash)
{
    uint32_t free;
    assert(hash != 0 && table->count < lanes_allowed(table->n_buckets));
    uint64_t i = first_free(table, hash, &free);
    table->crowded = table->crowded || i - gy_table_home(table, hash) > FAR;
    gy_table_touch(table, i);
    char *bucket = gy_table_bucket(table, i);
    uint32_t lane = (uint32_t)__builtin_ctz(free);
    gy_bucket_hashes(bucket)[lane] = hash;
    table->count++;
    return cell_at(table, bucket, lane);
}

uint64_t gy_table_bucket_of(const struct gy_table *table, const void *cell)
{
    return (uint64_t)((const char *)cell - table->buckets) / table->stride;
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

void gy_table_unlink(struct gy_table *table, void *cell)
{
    uint64_t hole = gy_table_bucket_of(table, cell);
    char *bucket = gy_table_bucket(table, hole);
    uint32_t lane = (uint32_t)(((char *)cell - bucket - GY_BUCKET_HEAD) / table->cell_size);
    bool full = gy_bucket_match(bucket, 0) == 0;
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
        gy_table_touch(table, from);
        memcpy(cell_at(table, bucket, lane), cell_at(table, source, moved), table->cell_size);
        gy_bucket_hashes(bucket)[lane] = gy_bucket_hashes(source)[moved];
        gy_bucket_hashes(source)[moved] = 0;
        hole = from;
        bucket = source;
        lane = moved;
    }
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
    char *bucket = gy_table_bucket(table, i);
    uint32_t saved = saved_lanes(table, i);
    set_bit(table, i);
    if (table->lanes != NULL)
        table->lanes[i] = 0;
    for (uint32_t lane = 0; lane < GY_LANES; lane++) {
        uint64_t hash = gy_bucket_hashes(bucket)[lane];
        if (hash != 0 && (saved >> lane & 1) == 0)
            gy_entry_save(table->shape, table->saver, hash, cell_at(table, bucket, lane));
    }
}

void gy_table_save_bucket(struct gy_table *table, uint64_t i)
{
    if (table->prefetch) {
        fetch(table, i, true);
        fetch(table, i, false);
    }
    save_bucket(table, i);
}

void gy_table_save_cell(struct gy_table *table, uint64_t i, void *cell)
{
    char *bucket = gy_table_bucket(table, i);
    if (table->lanes == NULL) {
        gy_table_save_bucket(table, i);
        return;
    }
    uint32_t lane = (uint32_t)(((char *)cell - bucket - GY_BUCKET_HEAD) / table->cell_size);
    if ((table->lanes[i] >> lane & 1) != 0)
        return;
    table->lanes[i] |= (uint8_t)(1u << lane);
    gy_entry_save(table->shape, table->saver, gy_bucket_hashes(bucket)[lane], cell);
}

void gy_table_epoch(struct gy_table *table, bool pending)
{
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
    uint64_t end = table->n_buckets * GY_LANES;
    for (uint64_t at = *cursor; at < end; at++) {
        if (n == most) {
            *cursor = at;
            return n;
        }
        char *bucket = gy_table_bucket(table, at / GY_LANES);
        uint32_t lane = (uint32_t)(at % GY_LANES);
        uint64_t hash = gy_bucket_hashes(bucket)[lane];
        if (hash == 0)
            continue;
        gy_table_touch(table, at / GY_LANES);
        entries[n++] = gy_entry_view(table->shape, hash, cell_at(table, bucket, lane));
    }
    *cursor = end;
    return n;
}
