/* The parts of a store at sizes the random tests do not reach: large tables, long lists, full maps,
 * and each instruction set's way of finding a hash. */
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "state/store.h"
#include "state/table.h"

static const struct gyre_member x_member[] = {{"x", GYRE_TYPE_i64, GYRE_OFFSET_NATURAL}};
static const struct gyre_member three_members[] = {{"x", GYRE_TYPE_i64, GYRE_OFFSET_NATURAL},
                                                   {"y", GYRE_TYPE_i64, GYRE_OFFSET_NATURAL},
                                                   {"z", GYRE_TYPE_i64, GYRE_OFFSET_NATURAL}};
static const struct gyre_member str_member[] = {{"s", GYRE_TYPE_str, GYRE_OFFSET_NATURAL}};
#define STATE_TYPE(bytes, list)                                                                    \
    {                                                                                              \
        .size = sizeof(struct gyre_state_type), .version = 1, .name = #list, .value_size = bytes,  \
        .value_align = 8, .members = list, .n_members = sizeof list / sizeof *list                 \
    }
static const struct gyre_state_type x_type = STATE_TYPE(8, x_member);
static const struct gyre_state_type three_type = STATE_TYPE(24, three_members);
static const struct gyre_state_type str_type = STATE_TYPE(16, str_member);

static struct gy_store *store_new(uint32_t key_type, uint32_t kind,
                                  const struct gyre_state_type *type)
{
    struct gy_store_config config = {
        .key = {.n = key_type != 0, .types = {key_type}}, .kind = kind, .type = type};
    config.map_key = kind == GYRE_STATE_MAP ? &str_type : NULL;
    return gy_store_new(&config, NULL);
}

/* ---- tables beyond the cache ------------------------------------------------------------------- */

enum { MANY = 300000, ROUND = 1000 };

/* Counts each of MANY keys three times. */
static void count_many(uint32_t key_type, const struct gyre_state_type *type, bool longer)
{
    struct gy_store *store = store_new(key_type, GYRE_STATE_VALUE, type);
    char text[ROUND][32];
    struct gyre_str s[ROUND];
    int64_t number[ROUND];
    uint64_t hash[ROUND], wrong = 0, cursor = 0, met = 0;
    void *slots[ROUND];
    struct gy_key key = {.n = 1, .types = {key_type}};
    struct gy_column column = {.data = key_type == GYRE_TYPE_i64 ? (const void *)number : s};
    const struct gy_column *columns[] = {&column};
    for (uint32_t i = 0; i < 3 * MANY; i += ROUND) {
        for (uint32_t j = 0; j < ROUND; j++) {
            number[j] = (i + j) % MANY;
            int n = snprintf(text[j], sizeof text[j], longer ? "number %09u" : "%u",
                             (uint32_t)number[j]);
            s[j] = gyre_str_view(text[j], (uint32_t)n);
        }
        gy_key_hash(&key, columns, NULL, ROUND, hash);
        CU_ASSERT_EQUAL_FATAL(gy_store_slots(store, hash, columns, NULL, ROUND, slots), 0);
        for (uint32_t j = 0; j < ROUND; j++)
            wrong += (*(int64_t *)slots[j])++ != i / MANY;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(gy_store_count(store), MANY);
    struct gy_store_entry entries[64];
    uint64_t last = 0, back = 0;
    for (uint32_t n; (n = gy_store_walk(store, &cursor, entries, 64)) != 0; met += n)
        for (uint32_t j = 0; j < n; j++) {
            wrong += *(int64_t *)entries[j].slot != 3;
            back += gy_key_group(entries[j].hash, 128) < gy_key_group(last, 128);
            last = entries[j].hash;
        }
    CU_ASSERT_EQUAL(met, MANY);
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT(back < 300); /* group by group, but for a few at the borders */
    gy_store_free(store);
}

static void large_tables_hold_every_key_once_and_walk_group_by_group(void)
{
    count_many(GYRE_TYPE_i64, &x_type, false);
    count_many(GYRE_TYPE_i64, &three_type, false);
    count_many(GYRE_TYPE_str, &x_type, false);
    count_many(GYRE_TYPE_str, &x_type, true);
    count_many(GYRE_TYPE_str, &three_type, true);
}

static void a_store_shrinks_when_its_keys_go(void)
{
    struct gy_store *store = store_new(GYRE_TYPE_i64, GYRE_STATE_VALUE, &x_type);
    void *slot;
    size_t most = 0;
    for (uint64_t i = 1; i <= 20000; i++) {
        uint64_t hash = i * (UINT64_MAX / 20011);
        CU_ASSERT_EQUAL_FATAL(gy_store_slots(store, &hash, NULL, NULL, 1, &slot), 0);
    }
    most = gy_store_bytes(store);
    for (uint64_t i = 1; i <= 19990; i++)
        CU_ASSERT_TRUE(gy_store_remove(store, i * (UINT64_MAX / 20011), NULL, 0));
    CU_ASSERT_EQUAL(gy_store_count(store), 10);
    CU_ASSERT(gy_store_bytes(store) < most / 20);
    for (uint64_t i = 19991; i <= 20000; i++)
        CU_ASSERT_PTR_NOT_NULL(gy_store_find(store, i * (UINT64_MAX / 20011), NULL, 0));
    gy_store_free(store);
}

static void every_instruction_set_finds_the_same_cells(void)
{
    struct gy_shape shape;
    struct gy_table table;
    struct gy_rng rng;
    struct gy_store_config config = {
        .key = {.n = 1, .types = {GYRE_TYPE_i64}}, .kind = GYRE_STATE_VALUE, .type = &x_type};
    gy_rng_init(&rng, 5);
    CU_ASSERT_EQUAL_FATAL(gy_shape_init(&shape, &config), 0);
    struct gy_saver saver = {0};
    gy_table_init(&table, &shape, &saver);
    CU_ASSERT_EQUAL_FATAL(gy_table_reserve(&table, 700), 0);
    uint64_t hash[GY_PASS];
    uint32_t rows[GY_PASS];
    for (uint32_t i = 0; i < 700; i++) {
        uint64_t h = gy_rng_next(&rng);
        CU_ASSERT_PTR_NOT_NULL(gy_table_link(&table, h));
        hash[i % GY_PASS] = i % 5 ? h : h ^ (i % 2 ? 1 : UINT64_C(1) << 32);
    }
    hash[17] = 0;
    for (uint32_t j = 0; j < GY_PASS; j++)
        rows[j] = (j * 7) % GY_PASS;
    for (int prefetch = 0; prefetch < 2; prefetch++) {
        table.prefetch = prefetch != 0;
        for (uint32_t i = 0; gy_probe_at(i) != NULL; i++) {
            void *cells[GY_PASS];
            uint32_t missing[GY_PASS], nulls = 0;
            uint32_t n = gy_probe_at(i)(&table, hash, rows, GY_PASS, cells, missing);
            for (uint32_t j = 0; j < GY_PASS; j++) {
                void *found = hash[rows[j]] ? gy_table_find(&table, hash[rows[j]], NULL) : NULL;
                char *bucket = gy_table_bucket(&table, gy_table_home(&table, hash[rows[j]]));
                bool home = (uintptr_t)found - (uintptr_t)bucket < table.stride;
                CU_ASSERT_PTR_EQUAL(cells[j], home ? found : NULL);
                if (cells[j] == NULL)
                    CU_ASSERT_EQUAL(missing[nulls++], j);
            }
            CU_ASSERT_EQUAL(n, nulls);
        }
    }
    gy_table_fini(&table);
    gy_shape_fini(&shape);
}

/* ---- lists and maps ---------------------------------------------------------------------------- */

static void *one_slot(struct gy_store *store)
{
    void *slot = NULL;
    CU_ASSERT_EQUAL_FATAL(gy_store_slots(store, NULL, NULL, NULL, 1, &slot), 0);
    return slot;
}

static void long_lists_keep_order_through_adding_and_dropping(void)
{
    struct gy_rng rng;
    gy_rng_init(&rng, 9);
    gy_mem_track(true);
    struct gy_store *store = store_new(0, GYRE_STATE_LIST, &three_type);
    struct gyre_list *list = one_slot(store);
    int64_t first = 0, next = 0;
    for (uint32_t round = 0; round < 400; round++) {
        uint64_t n = gy_rng_below(&rng, round % 50 == 7 ? 20000 : 300);
        for (uint64_t i = 0; i < n; i++) {
            int64_t *item = gy_list_add(list);
            CU_ASSERT_PTR_NOT_NULL_FATAL(item);
            item[0] = item[2] = next++;
        }
        n = gy_rng_below(&rng, round % 20 == 3 ? 30000 : 300);
        gy_list_drop(list, n);
        first = first + (int64_t)n < next ? first + (int64_t)n : next;
        CU_ASSERT_EQUAL(gy_list_count(list), (uint64_t)(next - first));
        CU_ASSERT_PTR_NULL(gy_list_at(list, (uint64_t)(next - first)));
        for (uint64_t i = 0; i < gy_list_count(list); i += 1 + gy_rng_below(&rng, 40)) {
            const int64_t *item = gy_list_at(list, i);
            CU_ASSERT(item[0] == first + (int64_t)i && item[1] == 0 && item[2] == item[0]);
        }
    }
    gy_store_free(store);
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
}

static struct gyre_str nth(char *text, uint32_t i)
{
    int n = snprintf(text, 32, i % 2 ? "%u" : "a longer key %u", i);
    return gyre_str_view(text, (uint32_t)n);
}

static void full_maps_find_remove_and_walk_in_order_of_insertion(void)
{
    enum { PAIRS = 5000 };
    char text[32];
    gy_mem_track(true);
    struct gy_store *store = store_new(0, GYRE_STATE_MAP, &x_type);
    struct gyre_map *map = one_slot(store);
    for (uint32_t i = 0; i < PAIRS; i++) {
        struct gyre_str key = nth(text, i);
        *(int64_t *)gy_map_get(map, &key, 1) = i;
    }
    for (uint32_t i = 0; i < PAIRS; i++)
        if (i % 7 != 2) {
            struct gyre_str key = nth(text, i);
            CU_ASSERT_EQUAL(gy_map_remove(map, &key), 1);
            CU_ASSERT_EQUAL(gy_map_remove(map, &key), 0);
        }
    uint64_t cursor = 0;
    const void *key;
    int64_t expected = 2;
    for (int64_t *value; (value = gy_map_next(map, &cursor, &key)) != NULL; expected += 7) {
        struct gyre_str should = nth(text, (uint32_t)*value);
        CU_ASSERT_EQUAL(*value, expected);
        CU_ASSERT(gyre_str_equal(key, &should));
        CU_ASSERT_PTR_EQUAL(gy_map_get(map, &should, 0), value);
    }
    CU_ASSERT_EQUAL(gy_map_count(map), (uint64_t)(expected - 2) / 7);
    CU_ASSERT(expected >= PAIRS);
    gy_store_free(store);
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
}

static void strings_may_be_assigned_through_another_store_of_the_operator(void)
{
    gy_mem_track(true);
    struct gy_store *a = store_new(0, GYRE_STATE_VALUE, &str_type);
    struct gy_store *b = store_new(0, GYRE_STATE_VALUE, &str_type);
    size_t before = gy_store_bytes(a) + gy_store_bytes(b);
    struct gyre_str text = gyre_str_view("a text that does not fit inside", 31);
    struct gyre_str *in_b = one_slot(b);
    CU_ASSERT_EQUAL(gy_store_str(a, in_b, &text), 0);
    CU_ASSERT(gyre_str_equal(in_b, &text) && in_b->u.ptr != text.u.ptr);
    CU_ASSERT(gy_store_bytes(a) + gy_store_bytes(b) >= before + 31);
    CU_ASSERT_EQUAL(gy_store_str(b, in_b, in_b), 0); /* itself */
    CU_ASSERT(gyre_str_equal(in_b, &text));
    gy_store_free(a);
    CU_ASSERT(gyre_str_equal(in_b, &text));
    gy_store_free(b);
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(large_tables_hold_every_key_once_and_walk_group_by_group, 60),
    SUITE_TEST(a_store_shrinks_when_its_keys_go),
    SUITE_TEST(every_instruction_set_finds_the_same_cells),
    SUITE_TEST(long_lists_keep_order_through_adding_and_dropping),
    SUITE_TEST(full_maps_find_remove_and_walk_in_order_of_insertion),
    SUITE_TEST(strings_may_be_assigned_through_another_store_of_the_operator),
};
SUITE_MAIN("state_parts", tests)
