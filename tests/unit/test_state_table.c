/* Tables that grow and shrink by and by: at each moment every entry is found once and with its bytes,
 * whatever the order of hashes. */
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/rng.h"
#include "state/table.h"

enum { MOST = 30000, CROWD = 4000 };
static const uint64_t absent = 2; /* no hash of an entry has this bit */

static const struct gyre_member x_member[] = {{"x", GYRE_TYPE_i64, GYRE_OFFSET_NATURAL}};
static const struct gyre_state_type x_type = {.size = sizeof x_type,
                                              .version = 1,
                                              .name = "x",
                                              .value_size = 8,
                                              .value_align = 8,
                                              .members = x_member,
                                              .n_members = 1};

/* A table, and the hashes that are in it. */
struct model {
    struct gy_shape shape;
    struct gy_saver saver;
    struct gy_table table;
    struct gy_rng rng;
    uint64_t hashes[MOST];
    uint32_t n, made;
    uint32_t checks, spilled;
    bool even; /* hashes are everywhere alike */
};

static struct model *model_new(uint64_t hash_span)
{
    struct model *m = calloc(1, sizeof *m);
    struct gy_store_config config = {
        .key = {.n = 1, .types = {GYRE_TYPE_i64}}, .kind = GYRE_STATE_VALUE, .type = &x_type};
    CU_ASSERT_EQUAL_FATAL(gy_shape_init(&m->shape, &config), 0);
    gy_rng_init(&m->rng, 3);
    gy_table_init(&m->table, &m->shape, &m->saver);
    m->table.hash_span = hash_span;
    return m;
}

static void model_free(struct model *m)
{
    gy_table_fini(&m->table);
    gy_shape_fini(&m->shape);
    free(m);
}

static void check_found(const struct model *m)
{
    for (uint32_t i = 0; i < m->n; i++) {
        uint64_t hash = m->hashes[i], *cell = gy_table_find(&m->table, hash, NULL);
        CU_ASSERT_FATAL(cell != NULL && *cell == ~hash);
        CU_ASSERT_PTR_NULL_FATAL(gy_table_find(&m->table, hash | absent, NULL));
    }
}

/* What the probe gives is the entry, and what it does not give it tells of. */
static void check_probed(struct model *m)
{
    uint64_t hash[GY_PASS];
    uint32_t rows[GY_PASS], missing[GY_PASS], n_missing = 0;
    void *cells[GY_PASS];
    for (uint32_t j = 0; j < GY_PASS; j++) {
        hash[j] = m->hashes[gy_rng_below(&m->rng, m->n)] | (j % 8 == 0 ? absent : 0);
        rows[j] = (j * 7) % GY_PASS;
    }
    bool straight = m->checks % 2 == 0;
    uint32_t n = gy_table_probe(&m->table, hash, straight ? NULL : rows, GY_PASS, cells, missing);
    for (uint32_t j = 0; j < GY_PASS; j++) {
        if (cells[j] == NULL) {
            CU_ASSERT_EQUAL_FATAL(missing[n_missing], j);
            n_missing++;
        } else {
            void *found = gy_table_find(&m->table, hash[straight ? j : rows[j]], NULL);
            CU_ASSERT_PTR_EQUAL_FATAL(cells[j], found);
        }
    }
    CU_ASSERT_EQUAL_FATAL(n, n_missing);
    if (m->even)
        CU_ASSERT_FATAL(n < GY_PASS / 2); /* an eighth is not there, and few are not at home */
}

static void check(struct model *m)
{
    CU_ASSERT_EQUAL_FATAL(gy_table_count(&m->table), m->n);
    if (m->table.old == NULL || m->n == 0)
        return;
    m->checks++;
    m->spilled += m->table.spilled;
    check_found(m);
    check_probed(m);
}

static void add(struct model *m, uint64_t hash)
{
    CU_ASSERT_EQUAL_FATAL(gy_table_reserve(&m->table, 1), 0);
    CU_ASSERT_PTR_NULL_FATAL(gy_table_find(&m->table, hash, NULL));
    *(uint64_t *)gy_table_link(&m->table, hash) = ~hash;
    m->hashes[m->n++] = hash;
    m->made++;
}

static void take_any(struct model *m)
{
    uint32_t i = (uint32_t)gy_rng_below(&m->rng, m->n);
    void *cell = gy_table_find(&m->table, m->hashes[i], NULL);
    CU_ASSERT_PTR_NOT_NULL_FATAL(cell);
    gy_table_unlink(&m->table, cell);
    m->hashes[i] = m->hashes[--m->n];
}

/* Grows to `most` entries, some of which go again, and shrinks to few. */
static void grow_and_shrink(struct model *m, uint32_t most, uint64_t (*hash_of)(struct model *m))
{
    while (m->n < most) {
        add(m, hash_of(m));
        check(m);
        if (m->table.old != NULL && gy_rng_below(&m->rng, 4) == 0) {
            take_any(m);
            check(m);
        }
    }
    uint32_t grown = m->checks;
    while (m->n > most / 100) {
        take_any(m);
        gy_table_shrink(&m->table);
        check(m);
    }
    printf("%u checks while it grew, %u while it shrank\n", grown, m->checks - grown);
    CU_ASSERT(grown > 4);
    CU_ASSERT(m->checks > grown);
}

static uint64_t any_hash(struct model *m)
{
    return (gy_rng_next(&m->rng) & ~absent) | 1;
}

static void hashes_in_any_order_are_found_while_they_move(void)
{
    struct model *m = model_new(0);
    m->even = true;
    grow_and_shrink(m, MOST, any_hash);
    model_free(m);
}

static uint64_t next_hash(struct model *m)
{
    return ((uint64_t)m->made + 1) << 16;
}

/* All at the place where entries are made: there is no room near in the old buckets. */
static void hashes_in_their_order_are_found_while_they_move(void)
{
    struct model *m = model_new(0);
    grow_and_shrink(m, CROWD, next_hash);
    model_free(m);
}

static uint64_t outside_hash(struct model *m)
{
    return UINT64_C(0x100000) | any_hash(m) >> 8 << 8;
}

/* All at home in the last bucket: they come round from the end. */
static void hashes_from_outside_are_found_while_they_move(void)
{
    struct model *m = model_new(0x10000);
    grow_and_shrink(m, CROWD, outside_hash);
    CU_ASSERT(m->spilled > 0);
    model_free(m);
}

/* At home in the last of the old buckets, more than it has room for. */
static void what_is_made_at_the_end_is_found_while_the_rest_moves(void)
{
    struct model *m = model_new(0);
    while (m->table.old == NULL || m->table.old->n_buckets < MOST / 16)
        add(m, any_hash(m));
    CU_ASSERT_FALSE(m->table.spilled);
    while (m->table.old != NULL) {
        add(m, any_hash(m) | UINT64_MAX << 32);
        check(m);
    }
    CU_ASSERT(m->spilled > 0);
    check_found(m);
    model_free(m);
}

static int by_hash(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* Every entry is in the walk of its own part of the hashes, and in no other. */
static void check_parts(struct model *m, uint64_t parts)
{
    uint64_t *met = calloc(m->n, sizeof *met);
    uint32_t n_met = 0;
    for (uint64_t p = 0; p < parts; p++) {
        const uint64_t each = UINT64_MAX / parts, first = p * each;
        const uint64_t last = p + 1 < parts ? first + each - 1 : UINT64_MAX;
        struct gy_store_entry entries[70];
        uint64_t cursor = 0;
        uint32_t most = 1 + (uint32_t)gy_rng_below(&m->rng, 70), n;
        while ((n = gy_table_walk_range(&m->table, first, last, &cursor, entries, most)) > 0)
            for (uint32_t i = 0; i < n && n_met < m->n; i++) {
                CU_ASSERT_FATAL(entries[i].hash >= first && entries[i].hash <= last);
                CU_ASSERT_EQUAL_FATAL(*(uint64_t *)entries[i].slot, ~entries[i].hash);
                met[n_met++] = entries[i].hash;
            }
    }
    CU_ASSERT_EQUAL(n_met, m->n);
    qsort(met, n_met, sizeof *met, by_hash);
    qsort(m->hashes, m->n, sizeof *m->hashes, by_hash);
    CU_ASSERT_EQUAL(memcmp(met, m->hashes, n_met * sizeof *met), 0);
    free(met);
}

static uint64_t last_hash(struct model *m)
{
    return any_hash(m) | UINT64_MAX << 40; /* they come round from the end */
}

static void parts_of_the_hashes_have_each_entry_once(void)
{
    static uint64_t (*const hashes[])(struct model * m) = {any_hash, next_hash, last_hash};
    static const uint32_t sizes[] = {0, 1, 9, 1000, 9000};
    for (uint32_t h = 0; h < 3; h++)
        for (uint32_t s = 0; s < 5; s++) {
            struct model *m = model_new(0);
            while (m->n < sizes[s] / (h == 0 ? 1 : 4))
                add(m, hashes[h](m));
            gy_table_settle(&m->table);
            for (uint64_t parts = 1; parts < 100; parts += 1 + parts / 3)
                check_parts(m, parts);
            model_free(m);
        }
}

/* No call moves more than a little, so that none takes long. */
static void a_call_moves_a_bounded_part(void)
{
    struct model *m = model_new(0);
    uint64_t most = 0;
    while (m->n < MOST) {
        struct gy_table *old = m->table.old;
        uint64_t before = old != NULL ? old->count : 0;
        add(m, any_hash(m));
        if (old != NULL && m->table.old == old && before - old->count > most)
            most = before - old->count;
        if (old == NULL && m->table.old != NULL)
            CU_ASSERT_FATAL(m->table.count < 100 * GY_LANES);
    }
    CU_ASSERT(most > 0 && most < 100 * GY_LANES);
    model_free(m);
}

static const struct suite_test tests[] = {
    SUITE_TEST_WITHIN(hashes_in_any_order_are_found_while_they_move, 60),
    SUITE_TEST(hashes_in_their_order_are_found_while_they_move),
    SUITE_TEST(hashes_from_outside_are_found_while_they_move),
    SUITE_TEST(what_is_made_at_the_end_is_found_while_the_rest_moves),
    SUITE_TEST(parts_of_the_hashes_have_each_entry_once),
    SUITE_TEST(a_call_moves_a_bounded_part),
};
SUITE_MAIN("state_table", tests)
