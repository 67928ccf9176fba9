/* Records of panes and timers: what is written is read back; other kinds and bad bytes are refused. */
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "state/keyed.h"
#include "state/store.h"

struct sum {
    int64_t n;
    struct gyre_str last;
};

static const struct gyre_member members[] = {{"n", GYRE_TYPE_i64, 0}, {"last", GYRE_TYPE_str, 8}};

static int32_t migrate(uint32_t old, struct gyre_reader *reader, void *value)
{
    ((struct sum *)value)->n = -gyre_read_i64(reader) * old;
    ((struct sum *)value)->last = gyre_read_str(reader);
    return 0;
}

static const struct gyre_state_type declared = {.size = sizeof declared,
                                                .version = 2,
                                                .name = "sum",
                                                .value_size = sizeof(struct sum),
                                                .value_align = 8,
                                                .members = members,
                                                .n_members = 2,
                                                .migrate = migrate};

enum { EXACT, SEVERAL, NO_KEY, KEYS };
static const struct gy_key keys[KEYS] = {
    {.n = 1, .types = {GYRE_TYPE_i64}},
    {.n = 2, .types = {GYRE_TYPE_str, GYRE_TYPE_i32}, .nullable = {true, false}},
    {.n = 0},
};

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
    return key == SEVERAL ? gy_cells_hash(&keys[key], cells) : hash;
}

static int32_t grow(struct gyre_writer *writer, size_t more)
{
    writer->capacity = (writer->length + more) * 2;
    writer->data = realloc(writer->data, writer->capacity);
    return 0;
}

/* A record in memory of its own, so that a sanitizer sees what lies beyond. */
struct record {
    uint8_t *bytes;
    size_t n;
};

static struct record pane_record(uint32_t key, const struct gy_type *type)
{
    struct gy_cell cells[GY_KEYS_MAX];
    struct gyre_writer writer = {.size = sizeof writer, .grow = grow};
    struct sum sum = {41, gyre_str_view("the last one of the pane", 24)};
    uint64_t hash = key_of(key, cells);
    CU_ASSERT_EQUAL(gy_pane_write(&keys[key], hash, cells, -5, type, &sum, &writer), 0);
    return (struct record){writer.data, writer.length};
}

static struct record timer_record(uint32_t key, uint8_t clock)
{
    struct gy_cell cells[GY_KEYS_MAX];
    struct gyre_writer writer = {.size = sizeof writer, .grow = grow};
    struct gy_timer_record timer = {clock, INT64_MIN, 9};
    uint64_t hash = key_of(key, cells);
    CU_ASSERT_EQUAL(gy_timer_write(&keys[key], hash, cells, &timer, &writer), 0);
    return (struct record){writer.data, writer.length};
}

/* Reads a pane; checks it where it is read. */
static int read_pane(uint32_t key, const struct gy_type *type, const uint8_t *bytes, size_t n,
                     uint32_t version, bool check)
{
    struct gy_cell cells[GY_KEYS_MAX], expected[GY_KEYS_MAX];
    struct gyre_reader reader = {.size = sizeof reader, .data = bytes, .length = n};
    struct gy_blocks blocks = {0};
    struct sum sum;
    uint64_t hash;
    int64_t start;
    gy_value_init(type, &sum);
    int code =
        gy_pane_read(&keys[key], &hash, cells, &start, type, &blocks, &sum, &reader, version);
    if (code == 0 && check) {
        CU_ASSERT_EQUAL(hash, key_of(key, expected));
        CU_ASSERT(key != SEVERAL || gy_cells_equal(&keys[key], cells, expected));
        CU_ASSERT_EQUAL(start, -5);
        CU_ASSERT_EQUAL(sum.n, version == 2 ? 41 : -41);
        CU_ASSERT_EQUAL(sum.last.len, 24);
        CU_ASSERT_EQUAL(reader.position, n);
    }
    gy_value_fini(type, &blocks, &sum);
    gy_blocks_fini(&blocks);
    return code;
}

static int read_timer(uint32_t key, const uint8_t *bytes, size_t n, struct gy_timer_record *timer)
{
    struct gy_cell cells[GY_KEYS_MAX];
    struct gyre_reader reader = {.size = sizeof reader, .data = bytes, .length = n};
    uint64_t hash;
    return gy_timer_read(&keys[key], &hash, cells, timer, &reader);
}

static void panes_are_read_back_also_those_of_an_older_version(void)
{
    struct gy_type type;
    CU_ASSERT_EQUAL_FATAL(gy_type_init(&type, (const struct gyre_state_type *[]){&declared}, 1), 0);
    for (uint32_t key = 0; key < KEYS; key++) {
        struct record r = pane_record(key, &type);
        CU_ASSERT_EQUAL(read_pane(key, &type, r.bytes, r.n, 2, true), 0);
        CU_ASSERT_EQUAL(read_pane(key, &type, r.bytes, r.n, 1, true), 0);
        free(r.bytes);
    }
    gy_type_fini(&type);
}

static void timers_are_read_back(void)
{
    for (uint32_t key = 0; key < KEYS; key++)
        for (uint8_t clock = 0; clock < 3; clock++) {
            struct gy_timer_record timer = {7, 7, 7};
            struct record r = timer_record(key, clock);
            CU_ASSERT_EQUAL(read_timer(key, r.bytes, r.n, &timer), clock < 2 ? 0 : GYRE_ECORRUPT);
            CU_ASSERT_EQUAL(timer.clock, clock);
            CU_ASSERT_EQUAL(timer.time_us, INT64_MIN);
            CU_ASSERT_EQUAL(timer.tag, 9);
            free(r.bytes);
        }
}

static void a_record_of_another_kind_is_refused(void)
{
    struct gy_type type;
    struct gy_timer_record timer;
    CU_ASSERT_EQUAL_FATAL(gy_type_init(&type, (const struct gyre_state_type *[]){&declared}, 1), 0);
    struct gy_store_config config = {
        .key = keys[SEVERAL], .kind = GYRE_STATE_VALUE, .type = &declared};
    struct gy_store *store = gy_store_new(&config, NULL);
    struct record pane = pane_record(SEVERAL, &type), set = timer_record(SEVERAL, 0);
    for (uint32_t kind = 0; kind < 256; kind++) {
        pane.bytes[8] = set.bytes[8] = (uint8_t)kind;
        struct gyre_reader reader = {.size = sizeof reader, .data = pane.bytes, .length = pane.n};
        if (kind != GY_KEYED_PANE)
            CU_ASSERT_EQUAL(read_pane(SEVERAL, &type, pane.bytes, pane.n, 2, false), GYRE_ECORRUPT);
        if (kind != GY_KEYED_TIMER)
            CU_ASSERT_EQUAL(read_timer(SEVERAL, set.bytes, set.n, &timer), GYRE_ECORRUPT);
        if ((kind & ~(uint32_t)GY_KEYED_STAMPED) != GY_KEYED_VALUE) /* a stamp looks like a start */
            CU_ASSERT_EQUAL(gy_store_decode(store, &reader, 2), GYRE_ECORRUPT);
    }
    CU_ASSERT_EQUAL(gy_store_count(store), 0);
    gy_store_free(store);
    free(pane.bytes);
    free(set.bytes);
    gy_type_fini(&type);
}

static void cut_records_are_refused_and_corrupt_ones_do_no_harm(void)
{
    struct gy_type type;
    struct gy_timer_record timer;
    CU_ASSERT_EQUAL_FATAL(gy_type_init(&type, (const struct gyre_state_type *[]){&declared}, 1), 0);
    gy_mem_track(true);
    for (uint32_t key = 0; key < KEYS; key++) {
        struct record pane = pane_record(key, &type), set = timer_record(key, 1);
        for (size_t n = 0; n < pane.n; n++) {
            uint8_t *some = malloc(n + 1);
            memcpy(some, pane.bytes, n);
            CU_ASSERT_EQUAL(read_pane(key, &type, some, n, 2, false), GYRE_ECORRUPT);
            memcpy(some, set.bytes, n < set.n ? n : 0);
            if (n < set.n)
                CU_ASSERT_EQUAL(read_timer(key, some, n, &timer), GYRE_ECORRUPT);
            free(some);
        }
        for (size_t bit = 0; bit < 8 * pane.n; bit++) {
            pane.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
            int code = read_pane(key, &type, pane.bytes, pane.n, 2, false);
            CU_ASSERT(bit >= 72 || key == EXACT || code == GYRE_ECORRUPT); /* hash, kind */
            pane.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        }
        free(pane.bytes);
        free(set.bytes);
    }
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
    gy_type_fini(&type);
}

static const struct suite_test tests[] = {
    SUITE_TEST(panes_are_read_back_also_those_of_an_older_version),
    SUITE_TEST(timers_are_read_back),
    SUITE_TEST(a_record_of_another_kind_is_refused),
    SUITE_TEST(cut_records_are_refused_and_corrupt_ones_do_no_harm),
};
SUITE_MAIN("state_keyed", tests)
