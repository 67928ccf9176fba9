/* Large lists and maps in snapshots: saved in pieces before they change, read back in any order.
 *
 * A world is a store of a few large lists, maps or values, and a model of them. Random steps change
 * both; a snapshot begins at a random one, and what it saves goes into records. In random order,
 * dealt out to as many stores as tasks, these must give the model as it was when the snapshot began. */
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "state/cut.h"
#include "state/store.h"

enum { IDS = 10, MOST = 3000, TASKS = 3, BOUND = 2 * 8 * GY_PIECES_MIN };
enum { NO_KEY, I64_KEY, CROWDED_KEY, STR_KEY, KEYS };

struct item {
    int64_t x;
    struct gyre_str s; /* text_of(x) */
};

static const struct gyre_member x_member[] = {{"x", GYRE_TYPE_i64, 0}};
static const struct gyre_member item_members[] = {{"x", GYRE_TYPE_i64, 0}, {"s", GYRE_TYPE_str, 8}};
static const struct gyre_state_type x_type = {.size = sizeof x_type,
                                              .version = 1,
                                              .name = "x",
                                              .value_size = 8,
                                              .value_align = 8,
                                              .members = x_member,
                                              .n_members = 1};

static int32_t read_times_ten(uint32_t old, struct gyre_reader *reader, void *value)
{
    struct item *item = value;
    item->x = gyre_read_i64(reader) * (old == 1 ? 10 : 0);
    item->s = gyre_read_str(reader);
    return 0;
}

/* Version 2 is that of the restore which migrates. */
static const struct gyre_state_type item_types[2] = {{.size = sizeof x_type,
                                                      .version = 1,
                                                      .name = "item",
                                                      .value_size = sizeof(struct item),
                                                      .value_align = 8,
                                                      .members = item_members,
                                                      .n_members = 2},
                                                     {.size = sizeof x_type,
                                                      .version = 2,
                                                      .name = "item",
                                                      .value_size = sizeof(struct item),
                                                      .value_align = 8,
                                                      .members = item_members,
                                                      .n_members = 2,
                                                      .migrate = read_times_ten}};

/* What one key holds: x in order, of a map with its key. */
struct model {
    bool there;
    uint32_t n;
    int64_t key[MOST], x[MOST];
};

struct record {
    uint8_t *bytes;
    size_t n;
};

struct world {
    uint32_t keys, kind, ids;
    struct gy_rng rng;
    struct gy_key key;
    int64_t number[IDS];
    char text[IDS][40];
    struct gyre_str string[IDS];
    uint64_t hash[IDS];
    struct gy_column column;
    const struct gy_column *columns[1];
    struct gy_store *store;
    struct model now[IDS], frozen[IDS];
    bool pending, failing;
    struct record *records;
    uint32_t n_records, room;
    uint64_t saved; /* items of this call */
    uint32_t wrong;
};

static uint32_t below(struct world *w, uint32_t n)
{
    return (uint32_t)gy_rng_below(&w->rng, n);
}

static struct gyre_str text_of(int64_t x, char *text)
{
    int n = snprintf(text, 60, x % 7 ? "%lld" : "text no. %lld, which is long", (long long)x);
    return gyre_str_view(text, (uint32_t)n);
}

static int set(struct gy_store *store, struct item *item, int64_t x)
{
    char text[60];
    struct gyre_str view = text_of(x, text);
    if (gy_store_str(store, &item->s, &view) != 0)
        return GYRE_ENOMEM;
    item->x = x;
    return 0;
}

static bool is(const struct item *item, int64_t x, int64_t factor)
{
    char text[60];
    struct gyre_str view = text_of(x, text);
    return item != NULL && item->x == x * factor && gyre_str_equal(&item->s, &view);
}

/* ---- worlds ------------------------------------------------------------------------------------ */

static struct gy_store *store_new(const struct world *w, uint32_t task, uint32_t tasks,
                                  uint32_t version)
{
    struct gy_store_config config = {
        .key = w->key, .kind = w->kind, .type = &item_types[version - 1]};
    config.map_key = w->kind == GYRE_STATE_MAP ? &x_type : NULL;
    if (tasks > 1) {
        config.hash_span = UINT64_MAX / tasks + 1;
        config.hash_first = task * config.hash_span;
    }
    return gy_store_new(&config, NULL);
}

static struct world *world_new(uint32_t keys, uint32_t kind, uint64_t seed)
{
    struct world *w = calloc(1, sizeof *w);
    w->keys = keys;
    w->kind = kind;
    gy_rng_init(&w->rng, seed);
    w->ids = keys == NO_KEY ? 1 : IDS;
    w->key.n = keys != NO_KEY;
    w->key.types[0] = keys == STR_KEY ? GYRE_TYPE_str : GYRE_TYPE_i64;
    w->column.data = keys == STR_KEY ? (void *)w->string : w->number;
    w->columns[0] = &w->column;
    for (uint32_t i = 0; i < IDS; i++) {
        w->number[i] = i;
        snprintf(w->text[i], sizeof w->text[i], i % 2 ? "k%u" : "a key that is long %u", i);
        w->string[i] = gyre_str_view(w->text[i], (uint32_t)strlen(w->text[i]));
    }
    if (keys != NO_KEY)
        gy_key_hash(&w->key, w->columns, NULL, IDS, w->hash);
    for (uint32_t i = 0; keys == CROWDED_KEY && i < IDS; i++)
        w->hash[i] = i; /* 0 too; all in one bucket and the next */
    w->store = store_new(w, 0, 1, 1);
    return w;
}

static void forget_records(struct world *w)
{
    for (uint32_t i = 0; i < w->n_records; i++)
        free(w->records[i].bytes);
    w->n_records = 0;
}

static void world_free(struct world *w)
{
    gy_store_free(w->store);
    forget_records(w);
    free(w->records);
    free(w);
}

static void *slot_of(struct world *w, uint32_t i, bool make)
{
    void *slot = NULL;
    if (!make)
        return gy_store_find(w->store, w->hash[i], w->columns, i);
    if (gy_store_slots(w->store, w->keys == NO_KEY ? NULL : w->hash, w->columns, &i, 1, &slot) != 0)
        return NULL;
    return slot;
}

/* ---- a restored store against a model ---------------------------------------------------------- */

static bool equals(uint32_t kind, void *slot, const struct model *m, int64_t factor)
{
    uint64_t cursor = 0;
    const void *key;
    if (kind == GYRE_STATE_VALUE)
        return is(slot, m->n > 0 ? m->x[0] : 0, factor) || (m->n == 0 && !((struct item *)slot)->x);
    uint64_t n = kind == GYRE_STATE_LIST ? gy_list_count(slot) : gy_map_count(slot);
    bool equal = n == m->n;
    for (uint32_t i = 0; i < m->n && equal; i++) {
        const struct item *item =
            kind == GYRE_STATE_LIST ? gy_list_at(slot, i) : gy_map_next(slot, &cursor, &key);
        equal = is(item, m->x[i], factor);
        if (equal && kind == GYRE_STATE_MAP)
            equal = *(const int64_t *)key == m->key[i] && gy_map_get(slot, key, 0) == item;
    }
    return equal;
}

static void compare(struct world *w, struct gy_store **stores, uint32_t tasks,
                    const struct model *models, int64_t factor)
{
    uint64_t there = 0, count = 0;
    for (uint32_t i = 0; i < w->ids; i++) {
        uint32_t task = (uint32_t)(tasks == 1 ? 0 : w->hash[i] / (UINT64_MAX / tasks + 1));
        void *slot = gy_store_find(stores[task], w->hash[i], w->columns, i);
        there += models[i].there;
        w->wrong += (slot != NULL) != models[i].there;
        w->wrong += slot != NULL && !equals(w->kind, slot, &models[i], factor);
    }
    for (uint32_t t = 0; t < tasks; t++)
        count += gy_store_count(stores[t]);
    w->wrong += count != there;
}

static void shuffle(struct world *w)
{
    for (uint32_t i = w->n_records; i > 1; i--) {
        uint32_t j = below(w, i);
        struct record r = w->records[i - 1];
        w->records[i - 1] = w->records[j];
        w->records[j] = r;
    }
}

static int decode(struct gy_store *store, const struct record *r, uint32_t version)
{
    struct gyre_reader reader = {.size = sizeof reader, .data = r->bytes, .length = r->n};
    int code = gy_store_decode(store, &reader, version);
    return code == 0 && reader.position != r->n ? GYRE_EFAIL : code;
}

/* Decodes all records in the order they have, dealt out by their hashes. */
static void restore(struct world *w, uint32_t tasks, uint32_t version)
{
    struct gy_store *stores[TASKS];
    for (uint32_t t = 0; t < tasks; t++) {
        stores[t] = store_new(w, t, tasks, version);
        w->wrong += gy_store_reserve(stores[t], below(w, 2) * w->n_records) != 0;
    }
    for (uint32_t i = 0; i < w->n_records; i++) {
        uint64_t hash;
        memcpy(&hash, w->records[i].bytes, sizeof hash);
        uint32_t task = (uint32_t)(tasks == 1 ? 0 : hash / (UINT64_MAX / tasks + 1));
        w->wrong += decode(stores[task], &w->records[i], 1) != 0;
    }
    for (uint32_t t = 0; t < tasks; t++)
        w->wrong += gy_store_decoded_all(stores[t]) != 0;
    compare(w, stores, tasks, w->frozen, version == 1 ? 1 : 10);
    for (uint32_t t = 0; t < tasks; t++)
        gy_store_free(stores[t]);
}

static uint64_t count_of(const struct world *w)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < w->ids; i++)
        n += w->frozen[i].there;
    return n;
}

/* One record is left out or comes twice: it is found out, or an entry is missing. */
static void restore_badly(struct world *w)
{
    struct gy_store *store = store_new(w, 0, 1, 1);
    uint32_t bad = below(w, w->n_records), refused = 0;
    bool twice = below(w, 2);
    for (uint32_t i = 0; i < w->n_records; i++)
        for (int n = i == bad ? (twice ? 2 : 0) : 1; n > 0; n--)
            refused += decode(store, &w->records[i], 1) == GYRE_ECORRUPT;
    refused += gy_store_decoded_all(store) == GYRE_ECORRUPT;
    w->wrong += refused == 0 && (twice || gy_store_count(store) == count_of(w));
    gy_store_free(store);
}

/* ---- snapshots --------------------------------------------------------------------------------- */

static int32_t grow(struct gyre_writer *writer, size_t more)
{
    writer->capacity = (writer->length + more) * 2;
    writer->data = realloc(writer->data, writer->capacity);
    return 0;
}

static uint64_t items_of(const struct world *w, const struct gyre_writer *writer)
{
    uint64_t n;
    size_t at = 9 + 16; /* u64 hash, u8 kind, key; u64 total, u64 first, u64 n */
    if (w->kind == GYRE_STATE_VALUE)
        return 1;
    if (w->keys == STR_KEY)
        at += 4 + writer->data[9];
    memcpy(&n, writer->data + at, sizeof n);
    return n;
}

static void save_one(struct world *w, const struct gy_store_entry *entry)
{
    struct gyre_writer writer = {.size = sizeof writer, .grow = grow};
    w->wrong += gy_store_encode(w->store, entry, &writer) != 0;
    uint64_t n = items_of(w, &writer);
    w->saved += n;
    w->wrong += n > GY_PIECE && !w->failing;
    if (w->n_records == w->room) {
        w->room = 2 * w->room + 64;
        w->records = realloc(w->records, w->room * sizeof *w->records);
    }
    w->records[w->n_records++] = (struct record){writer.data, writer.length};
}

static void on_save(void *host, const struct gy_store_entry *entries, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        save_one(host, &entries[i]);
}

static void start_snapshot(struct world *w)
{
    memcpy(w->frozen, w->now, sizeof w->now);
    forget_records(w);
    gy_store_epoch(w->store, on_save, w);
    w->pending = true;
}

static void end_snapshot(struct world *w)
{
    w->pending = false;
    gy_mem_fail_after(0);
    shuffle(w);
    restore(w, 1, 1);
    shuffle(w);
    restore(w, TASKS, 1 + below(w, 2));
    if (w->n_records > 0)
        restore_badly(w);
}

/* ---- steps ------------------------------------------------------------------------------------- */

static void forget(struct model *m, uint32_t from, uint32_t n)
{
    memmove(m->x + from, m->x + from + n, sizeof m->x[0] * (m->n - from - n));
    memmove(m->key + from, m->key + from + n, sizeof m->key[0] * (m->n - from - n));
    m->n -= n;
}

static void add_items(struct world *w, struct gyre_list *list, struct model *m)
{
    uint32_t n = below(w, below(w, 4) ? 30 : 900);
    for (uint32_t i = 0; i < n && m->n < MOST; i++) {
        struct item *item = gy_list_add(list);
        int64_t x = 1 + below(w, 100000);
        if (item == NULL) {
            w->wrong += !w->failing;
            return;
        }
        m->x[m->n] = set(w->store, item, x) == 0 ? x : 0;
        w->wrong += m->x[m->n] != x && !w->failing;
        if (m->x[m->n++] != x)
            gy_list_drop(list, m->n), forget(m, 0, m->n); /* of 0 the text would be wrong */
    }
}

static void change_list(struct world *w, struct gyre_list *list, struct model *m)
{
    uint32_t what = below(w, 5);
    if (m->n == MOST || what == 0) {
        uint32_t n = below(w, 4) ? below(w, m->n + 1) : m->n;
        gy_list_drop(list, n);
        forget(m, 0, n);
    } else if (what < 3) {
        add_items(w, list, m);
    } else {
        for (uint32_t i = below(w, 20); i > 0 && m->n > 0; i--) {
            uint32_t at = below(w, m->n);
            struct item *item = gy_list_at(list, at);
            w->wrong += !is(item, m->x[at], 1);
            if (set(w->store, item, m->x[at] + 1) == 0)
                m->x[at]++;
        }
    }
    w->wrong += gy_list_count(list) != m->n || gy_list_at(list, m->n) != NULL;
}

static uint32_t place_of(const struct model *m, int64_t key)
{
    uint32_t i = 0;
    while (i < m->n && m->key[i] != key)
        i++;
    return i;
}

static void put_element(struct world *w, struct gyre_map *map, struct model *m, int64_t key)
{
    uint32_t i = place_of(m, key);
    struct item *item = gy_map_get(map, &key, 0);
    w->wrong += (item != NULL) != (i < m->n);
    if (i == MOST || (item = gy_map_get(map, &key, 1)) == NULL)
        return;
    w->wrong += i < m->n && !is(item, m->x[i], 1);
    int64_t x = below(w, 100000);
    if (set(w->store, item, x) == 0) {
        m->key[i] = key;
        m->x[i] = x;
        m->n += i == m->n;
    } else if (i == m->n) {
        gy_map_remove(map, &key);
    }
}

static void change_map(struct world *w, struct gyre_map *map, struct model *m)
{
    uint32_t what = below(w, 6), n = below(w, below(w, 4) ? 20 : 500);
    int64_t first = below(w, MOST);
    uint64_t cursor = 0;
    struct item *item;
    if (what < 3) {
        for (uint32_t i = 0; i < n; i++)
            put_element(w, map, m, first + i);
    } else if (what < 5) {
        n = below(w, 10) ? n : 2 * MOST;
        for (int64_t key = n > MOST ? 0 : first; n > 0; n--, key++) {
            uint32_t at = place_of(m, key);
            w->wrong += gy_map_remove(map, &key) != (at < m->n);
            if (at < m->n)
                forget(m, at, 1);
        }
    } else {
        for (uint32_t i = 0; i < n && (item = gy_map_next(map, &cursor, NULL)) != NULL; i++)
            if (set(w->store, item, m->x[i] + 1) == 0)
                m->x[i]++;
    }
    w->wrong += gy_map_count(map) != m->n;
}

static void change(struct world *w, void *slot, struct model *m)
{
    m->there = true;
    if (w->kind == GYRE_STATE_LIST) {
        change_list(w, slot, m);
    } else if (w->kind == GYRE_STATE_MAP) {
        change_map(w, slot, m);
    } else {
        int64_t x = below(w, 100000);
        if (set(w->store, slot, x) == 0) {
            m->x[0] = x;
            m->n = 1;
        }
    }
}

static void step_walk(struct world *w)
{
    struct gy_store_entry entries[3];
    uint64_t cursor = 0, met = 0;
    for (uint32_t n; (n = gy_store_walk(w->store, &cursor, entries, 1 + below(w, 3))) != 0;)
        for (uint32_t j = 0; j < n; j++, met++)
            for (uint32_t i = 0; i < w->ids; i++)
                if (w->hash[i] == entries[j].hash && below(w, 2))
                    change(w, entries[j].slot, &w->now[i]);
    w->wrong += met != gy_store_count(w->store);
}

static void step(struct world *w)
{
    uint32_t what = below(w, 20), i = below(w, w->ids);
    w->saved = 0;
    if (what < 12) {
        void *slot = slot_of(w, i, what < 8);
        w->wrong += slot == NULL && !w->failing && (what < 8 || w->now[i].there);
        w->wrong += slot != NULL && what >= 8 && !w->now[i].there;
        if (w->kind == GYRE_STATE_VALUE || slot == NULL)
            w->wrong += w->saved > BOUND && !w->failing;
        if (slot != NULL)
            change(w, slot, &w->now[i]);
    } else if (what < 14) {
        w->wrong += gy_store_remove(w->store, w->hash[i], w->columns, i) != w->now[i].there;
        w->wrong += w->saved > BOUND && !w->failing;
        w->now[i].there = false;
        w->now[i].n = 0;
    } else if (what < 15) {
        step_walk(w);
    } else if (!w->pending || below(w, 50) == 0) {
        start_snapshot(w);
    } else {
        uint32_t most = below(w, 600);
        bool more = gy_store_save_slice(w->store, most);
        w->wrong += w->saved > most + BOUND + GY_PIECE && !w->failing;
        if (!more)
            end_snapshot(w);
    }
}

static void run(uint32_t keys, uint32_t kind, uint64_t seed, uint32_t steps, uint32_t fail_every)
{
    struct world *w = world_new(keys, kind, seed);
    w->failing = fail_every != 0;
    for (uint32_t i = 0; i < steps && w->wrong == 0; i++) {
        gy_mem_fail_after(fail_every != 0 ? 1 + below(w, fail_every) : 0);
        step(w);
        gy_mem_fail_after(0);
    }
    while (w->pending)
        if (!gy_store_save_slice(w->store, 100))
            end_snapshot(w);
    compare(w, &w->store, 1, w->now, 1);
    if (w->wrong != 0)
        printf("keys %u kind %u seed %llu: %u wrong\n", keys, kind, (unsigned long long)seed,
               w->wrong);
    CU_ASSERT_EQUAL_FATAL(w->wrong, 0);
    world_free(w);
}

#ifdef GY_SANITIZED
enum { SEEDS = 6 };
#else
enum { SEEDS = 60 };
#endif

static void run_kind(uint32_t kind)
{
    gy_mem_track(true);
    for (uint32_t seed = 0; seed < SEEDS; seed++)
        for (uint32_t keys = 0; keys < KEYS; keys++)
            run(keys, kind, seed, 150, 0);
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
}

static void values_come_back_as_they_were_at_the_epoch(void)
{
    run_kind(GYRE_STATE_VALUE);
}

static void large_lists_come_back_as_they_were_at_the_epoch(void)
{
    run_kind(GYRE_STATE_LIST);
}

static void large_maps_come_back_as_they_were_at_the_epoch(void)
{
    run_kind(GYRE_STATE_MAP);
}

/* ---- want of memory ---------------------------------------------------------------------------- */

static void snapshots_are_right_wherever_memory_fails_while_they_are_taken(void)
{
    gy_mem_track(true);
    for (uint32_t seed = 0; seed < 3 * SEEDS; seed++)
        for (uint32_t kind = GYRE_STATE_VALUE; kind <= GYRE_STATE_MAP; kind++)
            run(seed % KEYS, kind, seed, 150, seed % 2 ? 4 : 40);
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
}

static void fill(struct world *w, void *slot, struct model *m, uint32_t n)
{
    m->there = true;
    for (uint32_t x = 0; x < n; x++) {
        int64_t key = x;
        if (w->kind == GYRE_STATE_MAP)
            set(w->store, gy_map_get(slot, &key, 1), x);
        else
            set(w->store, gy_list_add(slot), x);
        m->key[x] = m->x[x] = x;
    }
    m->n = n;
}

/* Two keys with a large list or map each, and the records of a snapshot of them. */
static struct world *recorded(uint32_t kind, uint32_t n)
{
    struct world *w = world_new(STR_KEY, kind, 5);
    for (uint32_t i = 0; i < 2; i++)
        fill(w, slot_of(w, i, true), &w->now[i], n + i);
    start_snapshot(w);
    while (gy_store_save_slice(w->store, 100)) {}
    shuffle(w);
    return w;
}

/* Every decode fails once at each of its allocations, and then does what it would have done. */
static void a_piece_that_failed_for_want_of_memory_can_be_read_again(void)
{
    gy_mem_track(true);
    for (uint32_t kind = GYRE_STATE_LIST; kind <= GYRE_STATE_MAP; kind++) {
        struct world *w = recorded(kind, 1000);
        struct gy_store *store = store_new(w, 0, 1, 1);
        uint64_t failed = 0;
        for (uint32_t i = 0; i < w->n_records; i++) {
            bool hit = true;
            for (uint64_t k = 1; hit; k++) {
                uint64_t before = gy_store_count(store);
                gy_mem_fail_after(k);
                int code = decode(store, &w->records[i], 1);
                hit = gy_mem_fail_hit();
                gy_mem_fail_after(0);
                CU_ASSERT_EQUAL(code, hit ? GYRE_ENOMEM : 0);
                CU_ASSERT(!hit || gy_store_count(store) == before);
                failed += hit;
            }
        }
        CU_ASSERT(failed > 10);
        CU_ASSERT_EQUAL(gy_store_decoded_all(store), 0);
        compare(w, &store, 1, w->frozen, 1);
        CU_ASSERT_EQUAL(w->wrong, 0);
        gy_store_free(store);
        world_free(w);
    }
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
}

/* ---- bad input --------------------------------------------------------------------------------- */

static void cut_and_corrupt_pieces_are_refused_and_leave_the_store_as_it_was(void)
{
    uint32_t n_refused = 0;
    gy_mem_track(true);
    for (uint32_t kind = GYRE_STATE_LIST; kind <= GYRE_STATE_MAP; kind++) {
        struct world *w = recorded(kind, 600);
        for (uint32_t round = 0; round < 40 * SEEDS; round++) {
            struct gy_store *store = store_new(w, 0, 1, 1);
            uint32_t bad = below(w, w->n_records);
            struct record *whole = &w->records[bad];
            struct record harmed = {malloc(whole->n), whole->n};
            memcpy(harmed.bytes, whole->bytes, whole->n);
            if (below(w, 2))
                harmed.n = below(w, (uint32_t)whole->n);
            else /* in the head more often than not */
                harmed.bytes[below(w, below(w, 4) ? 60 : (uint32_t)whole->n)] ^=
                    (uint8_t)(1u << below(w, 8));
            bool refused = false;
            for (uint32_t i = 0; i < w->n_records; i++) { /* bytes left over: it was taken */
                int code = i == bad ? decode(store, &harmed, 1) : 0;
                bool is_bad = code != 0 && code != GYRE_EFAIL;
                refused = refused || is_bad;
                if (i != bad || is_bad)
                    decode(store, &w->records[i], 1);
            }
            if (refused) { /* the whole record took the place of the harmed one */
                w->wrong += gy_store_decoded_all(store) != 0;
                compare(w, &store, 1, w->frozen, 1);
            }
            n_refused += refused;
            CU_ASSERT_EQUAL_FATAL(w->wrong, 0);
            gy_store_free(store);
            free(harmed.bytes);
        }
        world_free(w);
    }
    CU_ASSERT(n_refused > 40 * SEEDS);
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
}

static void a_store_is_freed_with_a_snapshot_or_a_restore_half_done(void)
{
    gy_mem_track(true);
    for (uint32_t kind = GYRE_STATE_LIST; kind <= GYRE_STATE_MAP; kind++) {
        struct world *w = recorded(kind, 1000);
        struct gy_store *store = store_new(w, 0, 1, 1);
        CU_ASSERT_EQUAL(decode(store, &w->records[0], 1), 0);
        gy_store_free(store);
        store = store_new(w, 0, 1, 1);
        CU_ASSERT_EQUAL(decode(store, &w->records[0], 1), 0);
        CU_ASSERT_EQUAL(gy_store_decoded_all(store), GYRE_ECORRUPT);
        gy_store_free(store);
        start_snapshot(w);
        CU_ASSERT(gy_store_remove(w->store, w->hash[0], w->columns, 0));
        slot_of(w, 1, false);
        world_free(w);
    }
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(values_come_back_as_they_were_at_the_epoch, 60),
    SUITE_TEST_WITHIN(large_lists_come_back_as_they_were_at_the_epoch, 60),
    SUITE_TEST_WITHIN(large_maps_come_back_as_they_were_at_the_epoch, 60),
    SUITE_TEST_WITHIN(snapshots_are_right_wherever_memory_fails_while_they_are_taken, 60),
    SUITE_TEST(a_piece_that_failed_for_want_of_memory_can_be_read_again),
    SUITE_TEST(cut_and_corrupt_pieces_are_refused_and_leave_the_store_as_it_was),
    SUITE_TEST(a_store_is_freed_with_a_snapshot_or_a_restore_half_done),
};
SUITE_MAIN("state_pieces", tests)
