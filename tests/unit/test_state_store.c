/* The keyed state store against a naive model: an array of what each key should hold.
 *
 * A world is a store, its model and a frozen copy of the model, which is what a pending snapshot must
 * save. Random steps change store and model alike; every state is compared as text. One driver serves
 * all kinds of keys, of values, and of hashes: true ones and such as collide or crowd one bucket. */
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "state/store.h"

enum { IDS = 400, ITEMS = 24, TEXT = 1600, BATCH = 150 };

enum { KEY_I64, KEY_STR, KEY_NULLABLE, KEY_PAIR, KEY_NONE, KEY_KINDS };
enum { PLAIN, LARGE, STRING, LIST, MAP, SLOT_KINDS };
enum { TRUE_HASH, LOW_HASH, HIGH_HASH, FEW_HASH, HASH_KINDS };

struct item {
    int64_t x;
    struct gyre_str s;
};

struct large {
    int64_t a;
    struct gyre_str s;
    double d;
    uint8_t flag;
};

static const struct gyre_member x_member[] = {{"x", GYRE_TYPE_i64, GYRE_OFFSET_NATURAL}};
static const struct gyre_member item_members[] = {{"x", GYRE_TYPE_i64, GYRE_OFFSET_NATURAL},
                                                  {"s", GYRE_TYPE_str, GYRE_OFFSET_NATURAL}};
static const struct gyre_member str_member[] = {{"s", GYRE_TYPE_str, 0}};
static const struct gyre_member large_members[] = {{"a", GYRE_TYPE_i64, 0},
                                                   {"s", GYRE_TYPE_str, 8},
                                                   {"d", GYRE_TYPE_f64, GYRE_OFFSET_NATURAL},
                                                   {"flag", GYRE_TYPE_bool, 32}};
#define STATE_TYPE(type, list)                                                                     \
    {                                                                                              \
        .size = sizeof(struct gyre_state_type), .version = 1, .name = #list,                       \
        .value_size = sizeof(type), .value_align = _Alignof(type), .members = list,                \
        .n_members = sizeof list / sizeof *list                                                    \
    }
static const struct gyre_state_type x_type = STATE_TYPE(int64_t, x_member);
static const struct gyre_state_type item_type = STATE_TYPE(struct item, item_members);
static const struct gyre_state_type str_type = STATE_TYPE(struct gyre_str, str_member);
static const struct gyre_state_type large_type = STATE_TYPE(struct large, large_members);

/* What one key should hold. PLAIN, LARGE, STRING use n 0 and what they need of item 0. */
struct model {
    bool there;
    uint32_t n;
    int64_t x[ITEMS];
    char s[ITEMS][44];
    int64_t at_us; /* its slot was last given */
};

struct world {
    uint32_t keys, slots, hashes, ids;
    struct gy_rng rng;
    struct gy_key key;
    struct gy_store *store;
    struct model now[IDS];
    uint64_t hash[IDS];
    int64_t number[IDS];
    uint8_t valid[IDS];
    struct gyre_str string[IDS];
    char text[IDS][40];
    struct gy_column column[2];
    const struct gy_column *columns[2];
    bool pending;
    uint32_t wrong;
    struct gy_clock_manual clock;
    int64_t ttl_us; /* 0: entries are for ever */
    bool saved[IDS];
    bool frozen_there[IDS];
    char (*frozen)[TEXT];
};

static uint32_t below(struct world *w, uint32_t n)
{
    return (uint32_t)gy_rng_below(&w->rng, n);
}

/* ---- keys: row i of the columns is key i ------------------------------------------------------- */

static void make_hashes(struct world *w)
{
    if (w->keys != KEY_NONE)
        gy_key_hash(&w->key, w->columns, NULL, w->ids, w->hash);
    for (uint32_t i = 0; i < w->ids; i++) {
        if (w->hashes == LOW_HASH)
            w->hash[i] = i; /* 0 too, and all at home in the first bucket */
        else if (w->hashes == HIGH_HASH)
            w->hash[i] = UINT64_MAX - i; /* in the last one: they go on in the first */
        else if (w->hashes == FEW_HASH && w->keys != KEY_I64)
            w->hash[i] = (uint64_t)(i % 5) * (UINT64_MAX / 4);
    }
}

static void make_keys(struct world *w)
{
    static const uint32_t n_fields[] = {1, 1, 1, 2, 0};
    w->key.n = n_fields[w->keys];
    w->key.types[0] = w->keys == KEY_STR ? GYRE_TYPE_str : GYRE_TYPE_i64;
    w->key.types[1] = GYRE_TYPE_bytes;
    w->key.nullable[0] = w->keys == KEY_NULLABLE;
    w->key.nullable[1] = w->keys == KEY_PAIR;
    w->column[0].data = w->keys == KEY_STR ? (const void *)w->string : w->number;
    w->column[0].valid = w->keys == KEY_NULLABLE ? w->valid : NULL;
    w->column[1].data = w->string;
    w->column[1].valid = w->valid;
    for (uint32_t i = 0; i < w->ids; i++) {
        const char *format = i % 2 ? "%u" : i % 3 ? "the %u" : "a key that is long %u";
        w->number[i] = w->keys == KEY_PAIR ? i % 3 : (int64_t)i - 5;
        snprintf(w->text[i], sizeof w->text[i], format, i);
        if (i == 3)
            w->text[i][0] = '\0';
        w->string[i] = gyre_str_view(w->text[i], (uint32_t)strlen(w->text[i]));
        w->valid[i] = w->keys == KEY_PAIR ? i >= 3 : w->keys != KEY_NULLABLE || i != 0;
        if (!w->valid[i]) { /* pairs: (0, null) beside (0, "") */
            w->string[i] = gyre_str_view("", 0);
            w->number[i] = w->keys == KEY_PAIR ? i : 0;
        }
    }
    make_hashes(w);
}

/* The id of an entry by its key columns; counts it as wrong where there is none. */
static uint32_t id_of(struct world *w, const struct gy_store *store,
                      const struct gy_store_entry *entry)
{
    struct gyre_str s[3];
    int64_t n[3];
    uint8_t valid[2][3] = {{1, 1, 1}, {1, 1, 1}};
    if (w->keys == KEY_NONE)
        return 0;
    if (w->keys == KEY_I64) /* made-up hashes have keys of their own */
        for (uint32_t i = 0; i < w->ids; i++)
            if (w->hash[i] == entry->hash)
                return i;
    gy_store_key_column(store, entry, 1, 0, w->keys == KEY_STR ? (void *)s : n,
                        w->keys == KEY_NULLABLE ? valid[0] : NULL, 1);
    if (w->keys == KEY_PAIR)
        gy_store_key_column(store, entry, 1, 1, s, valid[1], 1);
    for (uint32_t i = 0; i < w->ids; i++) {
        uint64_t hash = w->hash[i] + (w->hash[i] == 0);
        bool equal = w->keys == KEY_STR || n[1] == w->number[i];
        equal = equal && (w->keys == KEY_NULLABLE || gyre_str_equal(&s[1], &w->string[i]));
        equal = equal && (w->keys != KEY_NULLABLE || valid[0][1] == w->valid[i]);
        equal = equal && (w->keys != KEY_PAIR || valid[1][1] == w->valid[i]);
        if (equal && hash == entry->hash)
            return i;
    }
    w->wrong++;
    return 0;
}

/* ---- contents as text -------------------------------------------------------------------------- */

static size_t put(char *out, size_t at, int64_t x, const char *s, size_t len)
{
    return at + (size_t)snprintf(out + at, TEXT - at, "%lld:%.*s;", (long long)x, (int)len, s);
}

static size_t put_str(char *out, size_t at, int64_t x, const struct gyre_str *s)
{
    return put(out, at, x, gyre_str_data(s), s->len);
}

static void text_of_model(const struct world *w, const struct model *m, char *out)
{
    size_t at = 0;
    out[0] = '\0';
    if (w->slots < LIST)
        put(out, 0, w->slots == STRING ? 0 : m->x[0], m->s[0],
            w->slots == PLAIN ? 0 : strlen(m->s[0]));
    else
        for (uint32_t i = 0; i < m->n; i++)
            at = put(out, at, m->x[i], m->s[i], strlen(m->s[i]));
}

static void text_of_slot(const struct world *w, void *slot, char *out)
{
    size_t at = 0;
    uint64_t cursor = 0;
    const void *key;
    out[0] = '\0';
    if (w->slots == PLAIN) {
        put(out, 0, *(int64_t *)slot, "", 0);
    } else if (w->slots == LARGE) {
        const struct large *v = slot;
        put_str(out, 0, v->a, &v->s);
        if (v->d != (double)v->a || v->flag != (v->a & 1))
            strcat(out, " torn");
    } else if (w->slots == STRING) {
        put_str(out, 0, 0, slot);
    } else if (w->slots == LIST) {
        for (uint64_t i = 0; i < gy_list_count(slot); i++) {
            const struct item *item = gy_list_at(slot, i);
            at = put_str(out, at, item->x, &item->s);
        }
    } else {
        for (void *s; (s = gy_map_next(slot, &cursor, &key)) != NULL;)
            at = put_str(out, at, *(const int64_t *)key, s);
    }
}

/* ---- changes to store and model alike ---------------------------------------------------------- */

static void random_text(struct world *w, char *s)
{
    uint32_t n = below(w, 3) ? below(w, 13) : below(w, 40);
    for (uint32_t i = 0; i < n; i++)
        s[i] = (char)('a' + below(w, 26));
    s[n] = '\0';
}

static void assign(struct world *w, struct gyre_str *into, const char *text)
{
    struct gyre_str view = gyre_str_view(text, (uint32_t)strlen(text));
    CU_ASSERT_EQUAL(gy_store_str(w->store, into, &view), 0);
}

static void forget(struct model *m, uint32_t from, uint32_t n)
{
    memmove(m->x + from, m->x + from + n, sizeof m->x[0] * (m->n - from - n));
    memmove(m->s + from, m->s + from + n, sizeof m->s[0] * (m->n - from - n));
    m->n -= n;
}

static void change_list(struct world *w, struct gyre_list *list, struct model *m)
{
    if (m->n == ITEMS || below(w, 6) == 0) {
        uint32_t n = below(w, m->n + 1);
        gy_list_drop(list, n);
        forget(m, 0, n);
    } else {
        struct item *item = gy_list_add(list);
        m->x[m->n] = item->x = (int64_t)below(w, 1000);
        random_text(w, m->s[m->n]);
        assign(w, &item->s, m->s[m->n++]);
    }
}

static void change_map(struct world *w, struct gyre_map *map, struct model *m)
{
    int64_t key = below(w, ITEMS);
    uint32_t i = 0;
    while (i < m->n && m->x[i] != key)
        i++;
    if (below(w, 3) == 0) {
        w->wrong += gy_map_remove(map, &key) != (i < m->n);
        if (i < m->n)
            forget(m, i, 1);
        return;
    }
    void *value = gy_map_get(map, &key, 0);
    w->wrong += (value != NULL) != (i < m->n);
    value = gy_map_get(map, &key, 1);
    random_text(w, m->s[i]);
    assign(w, value, m->s[i]);
    m->x[i] = key;
    m->n += i == m->n;
}

static void change(struct world *w, void *slot, struct model *m)
{
    switch (w->slots) {
    case PLAIN:
        *(int64_t *)slot += 3;
        m->x[0] += 3;
        break;
    case LARGE:
        random_text(w, m->s[0]);
        assign(w, &((struct large *)slot)->s, m->s[0]);
        m->x[0] = ((struct large *)slot)->a += 1;
        ((struct large *)slot)->d = (double)m->x[0];
        ((struct large *)slot)->flag = m->x[0] & 1;
        break;
    case STRING:
        random_text(w, m->s[0]);
        assign(w, slot, m->s[0]);
        break;
    case LIST: change_list(w, slot, m); break;
    default: change_map(w, slot, m);
    }
}

/* ---- snapshots --------------------------------------------------------------------------------- */

static void on_save(void *host, const struct gy_store_entry *entries, uint32_t n)
{
    struct world *w = host;
    char text[TEXT];
    w->wrong += n == 0 || n > GY_SAVED_MOST;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id = id_of(w, w->store, &entries[i]);
        if (w->ttl_us != 0 && !w->frozen_there[id])
            continue; /* it was over and not swept yet */
        text_of_slot(w, entries[i].slot, text);
        w->wrong += w->saved[id] || strcmp(text, w->frozen[id]) != 0;
        w->saved[id] = true;
    }
}

static void start_snapshot(struct world *w)
{
    for (uint32_t i = 0; i < w->ids; i++) {
        text_of_model(w, &w->now[i], w->frozen[i]);
        w->saved[i] = !w->now[i].there; /* what is not there is not to be saved */
        w->frozen_there[i] = w->now[i].there;
    }
    gy_store_epoch(w->store, on_save, w);
    w->pending = true;
}

static void end_snapshot(struct world *w)
{
    for (uint32_t i = 0; i < w->ids; i++)
        w->wrong += !w->saved[i];
    w->pending = false;
}

/* ---- steps ------------------------------------------------------------------------------------- */

static void step_batch(struct world *w)
{
    uint32_t rows[BATCH], n = 1 + below(w, below(w, 4) ? 20 : BATCH), first = below(w, w->ids);
    void *slots[BATCH];
    bool all = below(w, 4) == 0 && w->keys != KEY_NONE;
    if (n > w->ids && all)
        n = w->ids;
    for (uint32_t j = 0; j < n; j++)
        rows[j] = all ? j : below(w, 3) ? below(w, w->ids) : first;
    const uint64_t *hash = w->keys == KEY_NONE ? NULL : w->hash;
    if (below(w, 3) == 0) {
        gy_store_find_slots(w->store, hash, w->columns, all ? NULL : rows, n, slots);
        for (uint32_t j = 0; j < n; j++)
            w->wrong += (slots[j] != NULL) != w->now[rows[j]].there;
    } else {
        CU_ASSERT_EQUAL_FATAL(
            gy_store_slots(w->store, hash, w->columns, all ? NULL : rows, n, slots), 0);
        for (uint32_t j = 0; j < n; j++) {
            w->now[rows[j]].there = true;
            w->now[rows[j]].at_us = w->clock.wall_us;
        }
    }
    for (uint32_t j = 0; j < n; j++)
        if (slots[j] != NULL)
            change(w, slots[j], &w->now[rows[j]]);
}

/* What is over may be there to remove, or swept already. */
static void remove_one(struct world *w, uint32_t i)
{
    bool removed = gy_store_remove(w->store, w->hash[i], w->columns, i);
    w->wrong += removed != w->now[i].there && (w->ttl_us == 0 || !removed);
    memset(&w->now[i], 0, sizeof w->now[i]);
}

/* Time goes by, and with it some entries. */
static void age(struct world *w)
{
    gy_clock_manual_advance(&w->clock, below(w, 30));
    for (uint32_t i = 0; w->ttl_us != 0 && i < w->ids; i++)
        if (w->now[i].there && w->now[i].at_us + w->ttl_us <= w->clock.wall_us)
            memset(&w->now[i], 0, sizeof w->now[i]);
}

static void step_one(struct world *w)
{
    uint32_t i = below(w, w->ids);
    struct model *m = &w->now[i];
    if (below(w, 3) == 0) {
        void *slot = gy_store_find(w->store, w->hash[i], w->columns, i);
        w->wrong += (slot != NULL) != m->there;
        if (slot != NULL)
            change(w, slot, m);
    } else {
        remove_one(w, i);
    }
}

static void step_many_gone(struct world *w)
{
    for (uint32_t i = 0; i < w->ids; i++)
        if (below(w, 8)) {
            remove_one(w, i);
        }
}

static void step_walk(struct world *w)
{
    struct gy_store_entry entries[7];
    uint64_t cursor = 0, met = 0, there = 0;
    char seen[IDS] = {0}, is[TEXT], should[TEXT];
    for (uint32_t n; (n = gy_store_walk(w->store, &cursor, entries, 1 + below(w, 7))) != 0;)
        for (uint32_t j = 0; j < n; j++) {
            uint32_t id = id_of(w, w->store, &entries[j]);
            text_of_slot(w, entries[j].slot, is);
            text_of_model(w, &w->now[id], should);
            w->wrong += seen[id] || !w->now[id].there || strcmp(is, should) != 0;
            seen[id] = 1;
            met++;
            if (below(w, 4) == 0)
                change(w, entries[j].slot, &w->now[id]);
        }
    for (uint32_t i = 0; i < w->ids; i++)
        there += w->now[i].there;
    w->wrong += met != there || gy_store_count(w->store) < there ||
                (w->ttl_us == 0 && gy_store_count(w->store) != there);
}

static void step(struct world *w)
{
    uint32_t what = below(w, 40);
    age(w);
    if (what < 16)
        step_batch(w);
    else if (what < 32)
        step_one(w);
    else if (what < 33)
        step_many_gone(w);
    else if (what < 34)
        step_walk(w);
    else if (!w->pending)
        start_snapshot(w);
    else if (!gy_store_save_slice(w->store, below(w, 30)))
        end_snapshot(w);
}

static struct world *world_new(uint32_t keys, uint32_t slots, uint32_t hashes, int64_t ttl_us,
                               uint64_t seed)
{
    static const struct gyre_state_type *types[] = {&x_type, &large_type, &str_type, &item_type,
                                                    &str_type};
    static const uint32_t kinds[] = {GYRE_STATE_VALUE, GYRE_STATE_VALUE, GYRE_STATE_VALUE,
                                     GYRE_STATE_LIST, GYRE_STATE_MAP};
    struct world *w = calloc(1, sizeof *w);
    struct gyre_error error = {.size = sizeof error};
    w->keys = keys;
    w->slots = slots;
    w->hashes = hashes;
    gy_rng_init(&w->rng, seed);
    w->ids = keys == KEY_NONE ? 1 : 5 + below(w, below(w, 3) ? 60 : IDS - 5);
    w->frozen = calloc(IDS, TEXT);
    w->columns[0] = &w->column[0];
    w->columns[1] = &w->column[1];
    make_keys(w);
    gy_clock_manual_init(&w->clock, 1000000);
    w->ttl_us = ttl_us;
    struct gy_store_config config = {.key = w->key,
                                     .kind = kinds[slots],
                                     .type = types[slots],
                                     .ttl_us = ttl_us,
                                     .clock = &w->clock.clock};
    if (slots == MAP)
        config.map_key = &x_type;
    w->store = gy_store_new(&config, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(w->store);
    return w;
}

static void world_free(struct world *w)
{
    gy_store_free(w->store);
    free(w->frozen);
    free(w);
}

static void run_seeds(uint32_t slots, uint64_t seeds, uint32_t steps)
{
    for (uint64_t seed = 0; seed < seeds; seed++) {
        uint32_t keys = (uint32_t)(seed % KEY_KINDS);
        uint32_t hashes = (uint32_t)(seed / KEY_KINDS % HASH_KINDS);
        int64_t ttl_us = seed / 20 % 3 == 2 ? 200 : 0; /* every third has a time to live */
        struct world *w = world_new(keys, slots, hashes, ttl_us, seed);
        for (uint32_t i = 0; i < steps; i++)
            step(w);
        while (w->pending)
            if (!gy_store_save_slice(w->store, 10))
                end_snapshot(w);
        step_walk(w);
        if (w->wrong != 0)
            printf("seed %llu: keys %u slots %u hashes %u: %u wrong\n", (unsigned long long)seed,
                   keys, slots, hashes, w->wrong);
        CU_ASSERT_EQUAL_FATAL(w->wrong, 0);
        world_free(w);
    }
}

#ifdef GY_SANITIZED
enum { SEEDS = 150 };
#else
enum { SEEDS = 1200 };
#endif

static void small_values_agree_with_the_model_and_their_snapshots(void)
{
    run_seeds(PLAIN, 2 * SEEDS, 200);
}

static void large_values_agree_with_the_model_and_their_snapshots(void)
{
    run_seeds(LARGE, SEEDS, 150);
}

static void strings_agree_with_the_model_and_their_snapshots(void)
{
    run_seeds(STRING, SEEDS, 150);
}

static void lists_agree_with_the_model_and_their_snapshots(void)
{
    run_seeds(LIST, SEEDS, 150);
}

static void maps_agree_with_the_model_and_their_snapshots(void)
{
    run_seeds(MAP, SEEDS, 150);
}

static void all_memory_is_given_back(void)
{
    gy_mem_track(true);
    for (uint32_t slots = 0; slots < SLOT_KINDS; slots++)
        run_seeds(slots, 40, 100);
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(small_values_agree_with_the_model_and_their_snapshots, 60),
    SUITE_TEST_WITHIN(large_values_agree_with_the_model_and_their_snapshots, 60),
    SUITE_TEST_WITHIN(strings_agree_with_the_model_and_their_snapshots, 60),
    SUITE_TEST_WITHIN(lists_agree_with_the_model_and_their_snapshots, 60),
    SUITE_TEST_WITHIN(maps_agree_with_the_model_and_their_snapshots, 60),
    SUITE_TEST(all_memory_is_given_back),
};
SUITE_MAIN("state_store", tests)
