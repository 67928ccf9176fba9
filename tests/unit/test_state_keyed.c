/* Heads of records: what is written is read back; other kinds, other hashes and cut bytes are refused. */
#include "support/suite.h"

#include <string.h>

#include "base/mem.h"
#include "state/items.h"
#include "state/keyed.h"

enum { EXACT, SEVERAL, NO_KEY, KEYS };
static const struct gy_key keys[KEYS] = {
    {.n = 1, .types = {GYRE_TYPE_i64}},
    {.n = 2, .types = {GYRE_TYPE_str, GYRE_TYPE_i32}, .nullable = {true, false}},
    {.n = 0},
};
static const enum gy_keyed_kind kinds[] = {GY_KEYED_VALUE, GY_KEYED_LIST, GY_KEYED_MAP,
                                           GY_KEYED_PANE};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* A key with its hash. */
static uint64_t key_of(uint32_t key, struct gy_cell *cells)
{
    uint64_t hash = 0;
    int64_t number = 77;
    struct gy_column column = {.data = &number};
    const struct gy_column *columns[1] = {&column};
    memset(cells, 0, 2 * sizeof *cells);
    cells[0].u.str = gyre_str_view("a key of twenty bytes", 21);
    cells[1].u.fixed.canonical = 5;
    if (key == EXACT)
        gy_key_hash(&keys[key], columns, NULL, 1, &hash);
    return key == SEVERAL ? gy_keyed_hash(&keys[key], gy_cells_hash(&keys[key], cells)) : hash;
}

static struct gyre_writer write_head(uint32_t key, enum gy_keyed_kind kind, uint64_t hash)
{
    struct gyre_writer writer = {.size = sizeof writer, .grow = gy_writer_grow};
    struct gy_cell cells[GY_KEYS_MAX];
    key_of(key, cells);
    gy_keyed_write(&keys[key], kind, hash, cells, &writer);
    CU_ASSERT_EQUAL_FATAL(writer.error, 0);
    return writer;
}

static int read_head(uint32_t key, enum gy_keyed_kind kind, const void *bytes, size_t n,
                     uint64_t *hash)
{
    struct gy_cell cells[GY_KEYS_MAX];
    struct gyre_reader reader = {.size = sizeof reader, .data = bytes, .length = n};
    return gy_keyed_read(&keys[key], kind, hash, cells, &reader);
}

static void heads_are_read_back_and_those_of_other_kinds_are_not(void)
{
    struct gy_cell cells[GY_KEYS_MAX];
    uint64_t read;
    for (uint32_t key = 0; key < KEYS; key++)
        for (uint32_t k = 0; k < KINDS; k++) {
            uint64_t hash = key_of(key, cells);
            struct gyre_writer head = write_head(key, kinds[k], hash);
            for (uint32_t other = 0; other < KINDS; other++)
                CU_ASSERT_EQUAL(read_head(key, kinds[other], head.data, head.length, &read),
                                other == k ? 0 : GYRE_ECORRUPT);
            read_head(key, kinds[k], head.data, head.length, &read);
            CU_ASSERT_EQUAL(read, hash);
            gy_free(head.data);
        }
}

static void a_hash_that_is_not_the_keys_is_refused(void)
{
    struct gy_cell cells[GY_KEYS_MAX];
    uint64_t read;
    const uint32_t checked[] = {SEVERAL, NO_KEY};
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t hash = key_of(checked[i], cells);
        struct gyre_writer head = write_head(checked[i], GY_KEYED_VALUE, hash + 2);
        CU_ASSERT_EQUAL(read_head(checked[i], GY_KEYED_VALUE, head.data, head.length, &read),
                        GYRE_ECORRUPT);
        gy_free(head.data);
    }
}

static void cut_heads_are_refused(void)
{
    struct gy_cell cells[GY_KEYS_MAX];
    uint64_t read;
    for (uint32_t key = 0; key < KEYS; key++) {
        struct gyre_writer head = write_head(key, GY_KEYED_PANE, key_of(key, cells));
        for (size_t n = 0; n < head.length; n++)
            CU_ASSERT_EQUAL(read_head(key, GY_KEYED_PANE, head.data, n, &read), GYRE_ECORRUPT);
        gy_free(head.data);
    }
}

static const struct suite_test tests[] = {
    SUITE_TEST(heads_are_read_back_and_those_of_other_kinds_are_not),
    SUITE_TEST(a_hash_that_is_not_the_keys_is_refused),
    SUITE_TEST(cut_heads_are_refused),
};
SUITE_MAIN("state_keyed", tests)
