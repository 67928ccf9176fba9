/* The keyed state of one operator task; see store.h.
 *
 * A store is a table of entries and one entry apart from it: that of hash 0, which marks free lanes.
 * Keys that are identified by their hash may have it; of others a hash 0 is taken for 1. A store that
 * is not keyed has the entry apart and no other. */
#include "state/store.h"

#include <assert.h>

#include "base/debug.h"
#include "base/mem.h"
#include "state/gather.h"
#include "state/keyed.h"
#include "state/store_inside.h"

enum { TOUCH_AHEAD = 12 };                             /* rows */
enum { SWEEP_LEAST = 16, STAMPED = GY_KEYED_STAMPED }; /* lanes; a bit of a record's kind */

/* The rows of one call of gy_store_slots. */
struct lookup {
    const uint64_t *hash;
    const struct gy_column *const *columns;
    const uint32_t *rows;
};

static inline uint32_t row_of(const struct lookup *in, uint32_t j)
{
    return in->rows != NULL ? in->rows[j] : j;
}

static int check_types(const struct gy_store_config *config, struct gyre_error *error)
{
    int code = 0;
    if (config->host != NULL)
        return 0;
    if (config->segments == NULL)
        return gy_state_type_check(config->type, error);
    assert(config->kind == GYRE_STATE_VALUE && config->n_segments > 0);
    for (uint32_t i = 0; code == 0 && i < config->n_segments; i++)
        code = gy_state_type_check(config->segments[i], error);
    return code;
}

struct gy_store *gy_store_new(const struct gy_store_config *config, struct gyre_error *error)
{
    int code = check_types(config, error);
    if (code == 0 && config->kind == GYRE_STATE_MAP)
        code = gy_map_key_check(config->map_key, error);
    if (code != 0)
        return NULL;
    assert(config->key.n <= GY_KEYS_MAX && config->kind >= GYRE_STATE_VALUE &&
           config->kind <= GYRE_STATE_MAP);
    struct gy_store *store = gy_alloc(sizeof *store);
    if (store == NULL || gy_shape_init(&store->shape, config) != 0) {
        gyre_error_set(error, GYRE_ENOMEM, -1, "out of memory for the state '%s'",
                       config->host != NULL       ? "windows"
                       : config->segments != NULL ? config->segments[0]->name
                                                  : config->type->name);
        gy_store_free(store);
        return NULL;
    }
    gy_table_init(&store->table, &store->shape, &store->saver);
    store->table.hash_first = config->hash_first;
    store->table.hash_span = config->hash_span;
    store->expiry.ttl_us = config->ttl_us;
    store->expiry.clock = config->clock;
    return store;
}

void gy_store_free(struct gy_store *store)
{
    if (store == NULL)
        return;
    gy_entry_end_cuts(&store->shape, &store->saver);
    gy_gather_end_all(&store->shape, &store->saver);
    gy_table_fini(&store->table);
    if (store->zero_used)
        gy_entry_fini(&store->shape, store->zero);
    gy_shape_fini(&store->shape);
    gy_free(store);
}

uint64_t gy_store_count(const struct gy_store *store)
{
    return gy_table_count(&store->table) + store->zero_used;
}

size_t gy_store_bytes(const struct gy_store *store)
{
    return sizeof *store + gy_table_bytes(&store->table) + store->shape.blocks.bytes;
}

size_t gy_store_bytes_for(const struct gy_store *store, uint64_t n)
{
    uint64_t count = gy_store_count(store), blocks = store->shape.blocks.bytes;
    return gy_table_bytes_for(&store->table, n) +
           (size_t)(count != 0 ? (gy_u128)blocks * n / count : 0);
}

/* ---- finding, making, removing one entry ------------------------------------------------------- */

static inline uint64_t hash_of(const struct gy_store *store, uint64_t hash)
{
    if (store->shape.key.n == 0)
        return 0;
    return store->shape.exact ? hash : hash + (hash == 0);
}

/* Saves an entry before it can change. */
static inline void touch(struct gy_store *store, uint64_t hash, void *cell)
{
    if (cell == store->zero)
        gy_store_touch_zero(store);
    else
        gy_table_touch_cell(&store->table, hash, cell);
}

/* Saves what stands in a cell's bucket before an entry leaves it. */
static void touch_all(struct gy_store *store, void *cell)
{
    if (cell == store->zero)
        gy_store_touch_zero(store);
    else
        gy_table_touch_bucket(&store->table, cell);
}

/* What has a time to live is looked at by the time of the call. */
static inline void look(struct gy_store *store)
{
    if (store->shape.stamped)
        gy_expiry_look(&store->expiry);
}

/* The cell of an entry that is not over; else NULL. */
static inline void *living(const struct gy_store *store, void *cell)
{
    bool over = cell != NULL && store->shape.stamped &&
                gy_expiry_is_over(&store->expiry, &store->shape, cell);
    return over ? NULL : cell;
}

/* A new entry lives from now on. */
static inline void *born(struct gy_store *store, void *cell)
{
    if (store->shape.stamped)
        *gy_entry_stamp(&store->shape, cell) = store->expiry.now_us;
    return cell;
}

static void *find(struct gy_store *store, uint64_t hash, const struct gy_cell *key)
{
    if (hash == 0)
        return store->zero_used ? store->zero : NULL;
    return gy_table_find(&store->table, hash, key);
}

/* Makes an entry that is not there; room was reserved. NULL without memory. */
static void *make(struct gy_store *store, uint64_t hash, const struct gy_cell *key)
{
    if (hash == 0) {
        gy_store_touch_zero(store);
        store->zero_used = gy_entry_init(&store->shape, store->zero, key) == 0;
        return store->zero_used ? born(store, store->zero) : NULL;
    }
    void *cell = gy_table_link(&store->table, hash);
    if (gy_entry_init(&store->shape, cell, key) == 0)
        return born(store, cell);
    gy_table_unlink(&store->table, cell);
    return NULL;
}

static void end(struct gy_store *store, void *cell)
{
    touch_all(store, cell);
    if (!gy_entry_orphan(&store->shape, cell))
        gy_entry_fini(&store->shape, cell);
    if (cell == store->zero)
        store->zero_used = false;
    else
        gy_table_unlink(&store->table, cell);
}

/* Views a row's key in `cells`; NULL where the hash is the key. */
static const struct gy_cell *load(const struct gy_store *store,
                                  const struct gy_column *const *columns, uint32_t row,
                                  struct gy_cell *cells)
{
    if (store->shape.exact)
        return NULL;
    gy_cells_load(&store->shape.key, columns, row, cells);
    return cells;
}

void *gy_store_find(struct gy_store *store, uint64_t hash, const struct gy_column *const *columns,
                    uint32_t row)
{
    struct gy_cell cells[GY_KEYS_MAX];
    hash = hash_of(store, hash);
    look(store);
    void *cell = living(store, find(store, hash, load(store, columns, row, cells)));
    if (cell == NULL)
        return NULL;
    touch(store, hash, cell);
    return gy_entry_slot(&store->shape, cell);
}

uint32_t gy_store_of_hash(struct gy_store *store, uint64_t hash, struct gy_store_entry *entries,
                          uint32_t most)
{
    uint32_t n = 0;
    hash = hash_of(store, hash);
    if (hash == 0 && store->zero_used && most > 0) {
        gy_store_touch_zero(store);
        entries[n++] = gy_entry_view(&store->shape, 0, store->zero);
    }
    if (hash == 0)
        return n;
    void *cells[most];
    n = gy_table_of_hash(&store->table, hash, cells, most);
    for (uint32_t i = 0; i < n; i++) {
        touch(store, hash, cells[i]);
        entries[i] = gy_entry_view(&store->shape, hash, cells[i]);
    }
    return n;
}

bool gy_store_remove(struct gy_store *store, uint64_t hash, const struct gy_column *const *columns,
                     uint32_t row)
{
    struct gy_cell cells[GY_KEYS_MAX];
    hash = hash_of(store, hash);
    void *cell = find(store, hash, load(store, columns, row, cells));
    if (cell == NULL)
        return false;
    end(store, cell);
    gy_table_shrink(&store->table);
    return true;
}

/* ---- the slots of a batch ---------------------------------------------------------------------- */

/* The cell of row j, made where it is not there. */
static void *find_or_make(struct gy_store *store, const struct lookup *in, uint32_t j)
{
    struct gy_cell cells[GY_KEYS_MAX];
    uint32_t row = row_of(in, j);
    uint64_t hash = in->hash != NULL ? hash_of(store, in->hash[row]) : 0;
    const struct gy_cell *key = load(store, in->columns, row, cells);
    void *cell = find(store, hash, key);
    if (cell != NULL)
        return cell;
    cell = make(store, hash, key);
    if (cell != NULL)
        store->fresh[store->n_fresh++] = (uint16_t)j;
    return cell;
}

/* Ends the entries that the call has made. */
static void undo(struct gy_store *store, const struct lookup *in)
{
    struct gy_cell cells[GY_KEYS_MAX];
    while (store->n_fresh != 0) {
        uint32_t row = row_of(in, store->fresh[--store->n_fresh]);
        uint64_t hash = in->hash != NULL ? hash_of(store, in->hash[row]) : 0;
        void *cell = find(store, hash, load(store, in->columns, row, cells));
        assert(cell != NULL); /* this call has made it */
        end(store, cell);
    }
}

/* Those of the n rows from `from` on that were not found at home. */
static int settle(struct gy_store *store, const struct lookup *in, uint32_t from,
                  const uint32_t *missing, uint32_t n, void **cells)
{
    for (uint32_t m = 0; m < n; m++) {
        uint32_t j = from + missing[m];
        cells[j] = find_or_make(store, in, j);
        if (cells[j] == NULL)
            return GYRE_ENOMEM;
    }
    return 0;
}

static inline bool str_equal(const struct gyre_str *a, const struct gyre_str *b)
{
    uint64_t x[2], y[2];
    memcpy(x, a, sizeof x);
    memcpy(y, b, sizeof y);
    if (x[0] != y[0])
        return false;
    return x[1] == y[1] || (a->len > GYRE_STR_INLINE && memcmp(a->u.ptr, b->u.ptr, a->len) == 0);
}

/* The bytes of long stored keys, of which the views were fetched before. */
static inline __attribute__((always_inline)) void
prefetch_strs(const struct gy_store *store, uint32_t from, uint32_t to, void **cells)
{
    for (uint32_t j = from; j < to; j++) {
        const struct gyre_str *stored =
            cells[j] != NULL ? (const void *)gy_entry_body(&store->shape, cells[j]) : NULL;
        if (stored != NULL && stored->len > GYRE_STR_INLINE)
            __builtin_prefetch(stored->u.ptr, 0, 2);
    }
}

/* One string as the key: its view is compared in place. */
static int settle_str(struct gy_store *store, const struct lookup *in, uint32_t from, uint32_t to,
                      void **cells)
{
    const struct gyre_str *keys = in->columns[0]->data;
    if (store->table.prefetch)
        prefetch_strs(store, from, to, cells);
    for (uint32_t j = from; j < to; j++) {
        void *cell = cells[j];
        if (cell != NULL) {
            const void *stored = gy_entry_body(&store->shape, cell);
            if (str_equal(stored, &keys[row_of(in, j)]))
                continue;
        }
        cells[j] = find_or_make(store, in, j);
        if (cells[j] == NULL)
            return GYRE_ENOMEM;
    }
    return 0;
}

static int settle_any(struct gy_store *store, const struct lookup *in, uint32_t from, uint32_t to,
                      void **cells)
{
    struct gy_cell key[GY_KEYS_MAX];
    for (uint32_t j = from; j < to; j++) {
        void *cell = cells[j];
        if (cell != NULL) {
            const void *stored = gy_entry_body(&store->shape, cell);
            gy_cells_load(&store->shape.key, in->columns, row_of(in, j), key);
            if (gy_cells_equal(&store->shape.key, stored, key))
                continue;
        }
        cells[j] = find_or_make(store, in, j);
        if (cells[j] == NULL)
            return GYRE_ENOMEM;
    }
    return 0;
}

/* Asks for what the pass from row `from` on will look at. It is done a pass ahead: what one waits for comes while
 * the one before is at work. */
static void fetch_pass(const struct gy_store *store, const struct lookup *in, uint32_t from,
                       uint32_t n)
{
    if (from < n)
        gy_table_fetch_ahead(&store->table, in->rows != NULL ? in->hash : in->hash + from,
                             in->rows != NULL ? in->rows + from : NULL,
                             n - from < GY_PASS ? n - from : GY_PASS);
}

/* Finds the cells of rows from ... to - 1, at most GY_PASS. */
static int resolve(struct gy_store *store, const struct lookup *in, uint32_t from, uint32_t to,
                   void **cells)
{
    const struct gy_shape *shape = &store->shape;
    const struct gy_table *table = &store->table;
    uint32_t missing[GY_PASS];
    uint32_t n =
        gy_table_probe(table, in->rows != NULL ? in->hash : in->hash + from,
                       in->rows != NULL ? in->rows + from : NULL, to - from, cells + from, missing);
    if (shape->exact)
        return settle(store, in, from, missing, n, cells);
    if (shape->key.n == 1 && !shape->key.nullable[0])
        return settle_str(store, in, from, to, cells);
    return settle_any(store, in, from, to, cells);
}

static int unkeyed_slots(struct gy_store *store, uint32_t n, void **slots)
{
    const struct lookup none = {NULL, NULL, NULL};
    void *cell = find_or_make(store, &none, 0);
    if (cell == NULL)
        return GYRE_ENOMEM;
    touch(store, 0, cell);
    if (store->shape.stamped && gy_expiry_renew(&store->expiry, &store->shape, &cell, 1) != 0)
        return GYRE_ENOMEM;
    void *slot = gy_entry_slot(&store->shape, cell);
    for (uint32_t j = 0; j < n; j++)
        slots[j] = slot;
    return 0;
}

int gy_store_slots_of(struct gy_store *store, const struct gy_store_entry *entries, uint32_t n,
                      void **slots)
{
    if (store->shape.key.n != 0 && gy_table_reserve(&store->table, n) != 0)
        return GYRE_ENOMEM;
    for (uint32_t j = 0; j < n; j++) {
        void *cell = find(store, entries[j].hash, entries[j].key);
        if (cell != NULL)
            touch(store, entries[j].hash, cell);
        else
            cell = make(store, entries[j].hash, entries[j].key);
        if (cell == NULL)
            return GYRE_ENOMEM;
        slots[j] = gy_entry_slot(&store->shape, cell);
    }
    return 0;
}

/* Saves what rows from ... to - 1 will change. The probe has asked for the cells, to the L2 cache; saving a
 * bucket takes too long for the next misses to overlap by themselves. */
static void touch_pass(struct gy_store *store, const struct lookup *in, uint32_t from, uint32_t to,
                       void **cells)
{
    for (uint32_t j = from; j < to; j++) {
        __builtin_prefetch(cells[j + TOUCH_AHEAD < to ? j + TOUCH_AHEAD : to - 1]);
        touch(store, hash_of(store, in->hash[row_of(in, j)]), cells[j]);
    }
}

int gy_store_slots(struct gy_store *store, const uint64_t *hash,
                   const struct gy_column *const *columns, const uint32_t *rows, uint32_t n,
                   void **slots)
{
    const struct gy_shape *shape = &store->shape;
    const struct lookup in = {hash, columns, rows};
    assert(n <= GYRE_BATCH_ROWS);
    assert(shape->key.n == 0 || (hash != NULL && (shape->exact || columns != NULL)) || n == 0);
    store->n_fresh = 0;
    if (n == 0)
        return 0;
    look(store);
    if (store->shape.stamped)
        gy_expiry_sweep(&store->expiry, &store->table, n + SWEEP_LEAST);
    if (shape->key.n == 0)
        return unkeyed_slots(store, n, slots);
    if (gy_table_reserve(&store->table, n) != 0)
        return GYRE_ENOMEM;
    fetch_pass(store, &in, 0, n);
    for (uint32_t from = 0; from < n; from += GY_PASS) {
        uint32_t to = n - from < GY_PASS ? n : from + GY_PASS;
        fetch_pass(store, &in, to, n);
        int code = resolve(store, &in, from, to, slots);
        if (code == 0 && store->table.pending)
            touch_pass(store, &in, from, to, slots);
        if (code == 0 && shape->stamped)
            code = gy_expiry_renew(&store->expiry, &store->shape, slots + from, to - from);
        if (code != 0) {
            undo(store, &in);
            return GYRE_ENOMEM;
        }
        if (shape->value_at != 0 || !shape->inlined)
            for (uint32_t j = from; j < to; j++)
                slots[j] = gy_entry_slot(shape, slots[j]);
    }
    return 0;
}

void gy_store_unmake(struct gy_store *store, const uint64_t *hash,
                     const struct gy_column *const *columns, const uint32_t *rows, uint32_t n,
                     void *const *slots, const uint8_t *refused)
{
    const struct lookup in = {hash, columns, rows};
    uint32_t n_unwanted = 0;
    for (uint32_t f = 0; f < store->n_fresh; f++) {
        uint32_t j = store->fresh[f];
        const void *slot = slots[j];
        while (j < n && (slots[j] != slot || refused[row_of(&in, j)] != 0))
            j++;
        if (j == n)
            store->fresh[n_unwanted++] = store->fresh[f];
    }
    store->n_fresh = n_unwanted;
    undo(store, &in);
}

/* Finds the cells of rows from ... to - 1, at most GY_PASS. */
static void find_pass(struct gy_store *store, const struct lookup *in, uint32_t from, uint32_t to,
                      void **cells)
{
    struct gy_cell room[GY_KEYS_MAX];
    uint32_t missing[GY_PASS];
    gy_table_probe(&store->table, in->rows != NULL ? in->hash : in->hash + from,
                   in->rows != NULL ? in->rows + from : NULL, to - from, cells + from, missing);
    for (uint32_t j = from; j < to; j++) {
        uint32_t row = row_of(in, j);
        const struct gy_cell *key = load(store, in->columns, row, room);
        const void *stored = cells[j] != NULL ? gy_entry_body(&store->shape, cells[j]) : NULL;
        if (stored == NULL || (key != NULL && !gy_cells_equal(&store->shape.key, stored, key)))
            cells[j] = find(store, hash_of(store, in->hash[row]), key);
    }
}

void gy_store_find_slots(struct gy_store *store, const uint64_t *hash,
                         const struct gy_column *const *columns, const uint32_t *rows, uint32_t n,
                         void **slots)
{
    const struct lookup in = {hash, columns, rows};
    assert(n <= GYRE_BATCH_ROWS);
    look(store);
    if (gy_table_count(&store->table) == 0) {
        for (uint32_t j = 0; j < n; j++) {
            uint64_t h = hash != NULL ? hash_of(store, hash[row_of(&in, j)]) : 0;
            slots[j] = h == 0 && store->zero_used ? store->zero : NULL;
        }
    } else {
        fetch_pass(store, &in, 0, n);
        for (uint32_t from = 0; from < n; from += GY_PASS) {
            uint32_t to = n - from < GY_PASS ? n : from + GY_PASS;
            fetch_pass(store, &in, to, n);
            find_pass(store, &in, from, to, slots);
        }
    }
    for (uint32_t j = 0; j < n; j++) {
        slots[j] = living(store, slots[j]);
        if (slots[j] == NULL)
            continue;
        touch(store, hash != NULL ? hash_of(store, hash[row_of(&in, j)]) : 0, slots[j]);
        slots[j] = gy_entry_slot(&store->shape, slots[j]);
    }
}

/* ---- all entries ------------------------------------------------------------------------------- */

/* The cursor counts the entry apart, then the lanes of the table. */
static uint32_t walk(struct gy_store *store, uint64_t *cursor, struct gy_store_entry *entries,
                     uint32_t most)
{
    uint32_t n = 0;
    if (*cursor == 0) {
        *cursor = 1;
        if (store->zero_used) {
            gy_store_touch_zero(store);
            entries[n++] = gy_entry_view(&store->shape, 0, store->zero);
        }
    }
    uint64_t lane = *cursor - 1;
    n += gy_table_walk(&store->table, &lane, entries + n, most - n);
    *cursor = lane + 1;
    return n;
}

/* Leaves those entries that are not over; how many. */
static uint32_t keep_living(const struct gy_store *store, struct gy_store_entry *entries,
                            uint32_t n)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < n; i++)
        if (gy_store_stamp_of(&entries[i]) > store->expiry.now_us - store->expiry.ttl_us)
            entries[kept++] = entries[i];
    return kept;
}

uint32_t gy_store_walk(struct gy_store *store, uint64_t *cursor, struct gy_store_entry *entries,
                       uint32_t most)
{
    uint32_t n = most != 0 ? walk(store, cursor, entries, most) : 0;
    if (!store->shape.stamped)
        return n;
    gy_expiry_look(&store->expiry);
    for (; n != 0; n = walk(store, cursor, entries, most)) {
        n = keep_living(store, entries, n);
        if (n != 0)
            return n;
    }
    return 0;
}

void gy_store_settle(struct gy_store *store)
{
    gy_table_settle(&store->table);
}

uint32_t gy_store_walk_range(const struct gy_store *store, uint64_t first, uint64_t last,
                             uint64_t *cursor, struct gy_store_entry *entries, uint32_t most)
{
    uint32_t n = 0;
    assert(most > 0 && !store->shape.stamped);
    if (*cursor == 0) {
        *cursor = 1;
        if (store->zero_used && first == 0)
            entries[n++] = gy_entry_view(&store->shape, 0, (void *)(uintptr_t)store->zero);
    }
    uint64_t lane = *cursor - 1;
    n += gy_table_walk_range(&store->table, first, last, &lane, entries + n, most - n);
    *cursor = lane + 1;
    return n;
}

void gy_store_drained(struct gy_store *store, uint64_t cursor)
{
    if (cursor == 0)
        return;
    if (store->zero_used) {
        gy_entry_fini(&store->shape, store->zero);
        store->zero_used = false;
    }
    gy_table_drop(&store->table, store->drained, cursor - 1);
    store->drained = cursor - 1;
}

uint32_t gy_store_drain(struct gy_store *store, uint64_t *cursor, struct gy_store_entry *entries,
                        uint32_t most)
{
    gy_store_drained(store, *cursor);
    return gy_store_walk(store, cursor, entries, most);
}

bool gy_store_sweep(struct gy_store *store, uint64_t *cursor, uint32_t most,
                    bool (*unwanted)(const void *slot))
{
    bool more;
    void *cell;
    if (*cursor == 0 && store->zero_used && unwanted(gy_entry_slot(&store->shape, store->zero)))
        end(store, store->zero);
    while ((cell = gy_table_unwanted(&store->table, cursor, most, unwanted, &more)) != NULL) {
        end(store, cell);
        if (--most == 0)
            return true;
    }
    if (!more)
        gy_table_shrink(&store->table);
    return more;
}

void gy_store_key_column(const struct gy_store *store, const struct gy_store_entry *entries,
                         uint32_t n, uint32_t field, void *data, uint8_t *valid, uint32_t first)
{
    const struct gy_key *key = &store->shape.key;
    if (!store->shape.exact) {
        for (uint32_t i = 0; i < n; i++)
            gy_cell_column(key, entries[i].key, field, data, valid, first + i);
        return;
    }
    uint32_t type = key->types[0], size = gyre_type_size(type);
    for (uint32_t i = 0; i < n; i++)
        gy_key_decode(type, gy_key_unhash(entries[i].hash),
                      (char *)data + (size_t)(first + i) * size);
    if (valid != NULL)
        memset(valid + first, 1, n);
}

int gy_store_str(struct gy_store *store, struct gyre_str *into, const struct gyre_str *from)
{
    return gy_str_assign(&store->shape.blocks, into, from);
}

struct gy_blocks *gy_store_blocks(struct gy_store *store)
{
    return &store->shape.blocks;
}

bool gy_store_has_list(const struct gy_store *store, const struct gyre_list *list)
{
    return store->shape.kind == GYRE_STATE_LIST && list->shape == &store->shape.list;
}

bool gy_store_has_map(const struct gy_store *store, const struct gyre_map *map)
{
    return store->shape.kind == GYRE_STATE_MAP && map->shape == &store->shape.map;
}

/* ---- restoring --------------------------------------------------------------------------------- */

int gy_store_reserve(struct gy_store *store, uint64_t n)
{
    return store->shape.key.n != 0 ? gy_table_reserve(&store->table, n) : 0;
}

/* Whether the record at hand has a stamp: its kind says so, behind the hash. */
static bool is_stamped(const struct gyre_reader *reader)
{
    size_t at = reader->position + GY_KEYED_HEAD - 1;
    return at < reader->length && (reader->data[at] & STAMPED) != 0;
}

/* What was written without a time to live and has one now lives from now on. */
static int64_t born_us(struct gy_store *store)
{
    look(store);
    return store->expiry.now_us;
}

int gy_store_decode(struct gy_store *store, struct gyre_reader *reader, uint32_t version)
{
    const struct gy_form_segment alone = {0, version};
    uint32_t at;
    return gy_store_decode_form(store, reader, &(struct gy_form){1, &alone}, &at);
}

int gy_store_decode_form(struct gy_store *store, struct gyre_reader *reader,
                         const struct gy_form *form, uint32_t *at)
{
    struct gy_shape *shape = &store->shape;
    struct gy_cell cells[GY_KEYS_MAX];
    struct gy_piece piece;
    uint64_t hash;
    uint32_t stamped = is_stamped(reader) ? STAMPED : 0;
    int code = gy_keyed_read(&shape->key, (enum gy_keyed_kind)((uint32_t)shape->record | stamped),
                             &hash, cells, reader);
    int64_t stamp = stamped != 0 ? gyre_read_i64(reader) : born_us(store);
    if (code == 0)
        code = reader->error;
    if (code == 0 && shape->kind != GYRE_STATE_VALUE)
        code = gy_piece_read(shape->kind, &piece, reader);
    if (code != 0)
        return code;
    const struct gy_cell *key = shape->exact ? NULL : cells;
    void *cell = find(store, hash, key);
    bool made = cell == NULL;
    if (!made && !gy_gathers(shape, gy_entry_slot(shape, cell)))
        return reader->error = GYRE_ECORRUPT; /* a key comes once */
    if (made && gy_table_reserve(&store->table, hash != 0) != 0)
        return GYRE_ENOMEM;
    if (made)
        cell = make(store, hash, key);
    if (cell == NULL)
        return GYRE_ENOMEM;
    void *slot = gy_entry_slot(shape, cell);
    if (shape->stamped) /* of pieces the latest */
        *gy_entry_stamp(shape, cell) = stamp;
    assert(form->n > 0);
    if (shape->kind == GYRE_STATE_VALUE)
        code = gy_value_read_form(&shape->type, &shape->blocks, slot, reader, form, at);
    else
        code =
            gy_gather_read(shape, &store->saver, slot, &piece, reader, form->segments[0].version);
    if (code != 0 && made)
        end(store, cell);
    return code;
}

int gy_store_decoded_all(struct gy_store *store)
{
    if (store->saver.gathers == NULL)
        return 0;
    gy_gather_end_all(&store->shape, &store->saver);
    return GYRE_ECORRUPT;
}
