/* What stores write for snapshots, what they read of it, whole, cut and corrupt; and want of memory. */
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/rng.h"
#include "state/store.h"

struct mixed {
    int64_t a;
    struct gyre_str s;
    int32_t i;
    uint8_t flag;
};

static const struct gyre_member x_member[] = {{"x", GYRE_TYPE_i64, GYRE_OFFSET_NATURAL}};
static const struct gyre_member mixed_members[] = {{"a", GYRE_TYPE_i64, GYRE_OFFSET_NATURAL},
                                                   {"s", GYRE_TYPE_str, GYRE_OFFSET_NATURAL},
                                                   {"i", GYRE_TYPE_i32, GYRE_OFFSET_NATURAL},
                                                   {"flag", GYRE_TYPE_bool, GYRE_OFFSET_NATURAL}};
static const struct gyre_state_type x_type = {.size = sizeof(struct gyre_state_type),
                                              .version = 1,
                                              .name = "x",
                                              .value_size = 8,
                                              .value_align = 8,
                                              .members = x_member,
                                              .n_members = 1};
static const struct gyre_state_type mixed_type = {.size = sizeof(struct gyre_state_type),
                                                  .version = 1,
                                                  .name = "mixed",
                                                  .value_size = sizeof(struct mixed),
                                                  .value_align = 8,
                                                  .members = mixed_members,
                                                  .n_members = 4};

/* ---- a writer that grows, and stores of every kind --------------------------------------------- */

static int32_t grow(struct gyre_writer *writer, size_t more)
{
    writer->capacity = (writer->length + more) * 2;
    writer->data = realloc(writer->data, writer->capacity);
    return 0;
}

static struct gyre_writer writer_new(void)
{
    return (struct gyre_writer){.size = sizeof(struct gyre_writer), .grow = grow};
}

static struct gyre_reader reader_of(const uint8_t *data, size_t length)
{
    return (struct gyre_reader){.size = sizeof(struct gyre_reader), .data = data, .length = length};
}

enum { EXACT, TEXT, SEVERAL, KEYS };
enum { ROWS = 40 };

static const struct gy_key keys[KEYS] = {
    {.n = 1, .types = {GYRE_TYPE_i32}},
    {.n = 1, .types = {GYRE_TYPE_str}},
    {.n = 3,
     .types = {GYRE_TYPE_bytes, GYRE_TYPE_f64, GYRE_TYPE_bool},
     .nullable = {true, true, false}},
};

struct rows {
    char text[ROWS][40];
    struct gyre_str s[ROWS];
    int32_t i32[ROWS];
    double f64[ROWS];
    uint8_t flag[ROWS], valid[ROWS];
    struct gy_column column[3];
    const struct gy_column *columns[3];
    uint64_t hash[ROWS];
};

static void make_rows(struct rows *r, uint32_t key)
{
    memset(r, 0, sizeof *r);
    for (uint32_t i = 0; i < ROWS; i++) {
        snprintf(r->text[i], sizeof r->text[i], i % 2 ? "%u" : "some longer text %u", i);
        r->s[i] = gyre_str_view(r->text[i], (uint32_t)strlen(r->text[i]));
        r->i32[i] = (int32_t)i - 10;
        r->f64[i] = i * 0.5;
        r->flag[i] = i & 1;
        r->valid[i] = i % 5 != 0;
        if (!r->valid[i] && key == SEVERAL)
            r->s[i] = gyre_str_view("", 0);
    }
    r->column[0].data = key == EXACT ? (const void *)r->i32 : r->s;
    r->column[0].valid = r->valid;
    r->column[1].data = r->f64;
    r->column[2].data = r->flag;
    for (uint32_t f = 0; f < 3; f++)
        r->columns[f] = &r->column[f];
    gy_key_hash(&keys[key], r->columns, NULL, ROWS, r->hash);
}

static struct gy_store *store_new(uint32_t key, uint32_t kind, const struct gyre_state_type *type)
{
    struct gy_store_config config = {.key = keys[key], .kind = kind, .type = type};
    config.map_key = kind == GYRE_STATE_MAP ? &mixed_type : NULL;
    return gy_store_new(&config, NULL);
}

static int fill_mixed(struct gy_store *store, struct mixed *m, uint32_t i)
{
    char text[40];
    int n = snprintf(text, sizeof text, i % 3 ? "v%u" : "a value that is long %u", i);
    struct gyre_str view = gyre_str_view(text, (uint32_t)n);
    m->a = i;
    m->i = -(int32_t)i;
    m->flag = i & 1;
    return gy_store_str(store, &m->s, &view);
}

static int fill_slot(struct gy_store *store, uint32_t kind, void *slot, uint32_t i)
{
    for (uint32_t n = 0; n < (kind == GYRE_STATE_VALUE ? 1 : i % 13); n++) {
        struct mixed key = {.a = n, .s = gyre_str_view("the key of a pair in a map", 26)};
        struct mixed *m = kind == GYRE_STATE_VALUE  ? slot
                          : kind == GYRE_STATE_LIST ? gy_list_add(slot)
                                                    : gy_map_get(slot, &key, 1);
        if (m == NULL || fill_mixed(store, m, i + n) != 0)
            return GYRE_ENOMEM;
    }
    return 0;
}

static struct gy_store *filled(uint32_t key, uint32_t kind, struct rows *r)
{
    void *slots[ROWS];
    struct gy_store *store = store_new(key, kind, &mixed_type);
    make_rows(r, key);
    if (store == NULL)
        return NULL;
    int code = gy_store_slots(store, r->hash, r->columns, NULL, ROWS, slots);
    for (uint32_t i = 0; i < ROWS && code == 0; i++)
        code = fill_slot(store, kind, slots[i], i);
    if (code == 0)
        return store;
    gy_store_free(store);
    return NULL;
}

static int by_hash(const void *a, const void *b)
{
    const struct gy_store_entry *x = a, *y = b;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

/* Writes the entries in the order of their hashes, which no two of them share. */
static void write_all(struct gy_store *store, struct gyre_writer *writer)
{
    struct gy_store_entry entries[ROWS];
    uint64_t cursor = 0;
    uint32_t n = gy_store_walk(store, &cursor, entries, ROWS);
    if (n != 0)
        qsort(entries, n, sizeof *entries, by_hash);
    for (uint32_t i = 0; i < n; i++)
        CU_ASSERT_EQUAL(gy_store_encode(store, &entries[i], writer), 0);
}

/* ---- reading back ------------------------------------------------------------------------------ */

static void what_is_written_is_read_back(void)
{
    struct rows r;
    for (uint32_t key = 0; key < KEYS; key++)
        for (uint32_t kind = GYRE_STATE_VALUE; kind <= GYRE_STATE_MAP; kind++) {
            struct gy_store *store = filled(key, kind, &r);
            struct gy_store *again = store_new(key, kind, &mixed_type);
            struct gyre_writer first = writer_new(), second = writer_new();
            write_all(store, &first);
            struct gyre_reader reader = reader_of(first.data, first.length);
            while (reader.position < reader.length)
                CU_ASSERT_EQUAL_FATAL(gy_store_decode(again, &reader, 1), 0);
            CU_ASSERT_EQUAL(gy_store_count(again), ROWS);
            for (uint32_t i = 0; i < ROWS; i++)
                CU_ASSERT_PTR_NOT_NULL(gy_store_find(again, r.hash[i], r.columns, i));
            write_all(again, &second);
            CU_ASSERT_EQUAL(first.length, second.length);
            CU_ASSERT_EQUAL(memcmp(first.data, second.data, first.length), 0);
            reader.position = 0;
            CU_ASSERT_EQUAL(gy_store_decode(again, &reader, 1), GYRE_ECORRUPT); /* twice */
            CU_ASSERT_EQUAL(gy_store_count(again), ROWS);
            free(first.data);
            free(second.data);
            gy_store_free(store);
            gy_store_free(again);
        }
}

static void decode_some(uint32_t key, uint32_t kind, const uint8_t *data, size_t length)
{
    /* A copy of its own, so that a sanitizer sees what lies beyond. */
    uint8_t *copy = malloc(length + (length == 0));
    memcpy(copy, data, length);
    struct gy_store *store = store_new(key, kind, &mixed_type);
    struct gyre_reader reader = reader_of(copy, length);
    uint64_t n = 0;
    while (reader.position < length && gy_store_decode(store, &reader, 1) == 0)
        n++;
    CU_ASSERT_EQUAL(gy_store_count(store), n);
    free(copy);
    struct gyre_writer writer = writer_new();
    write_all(store, &writer);
    free(writer.data);
    gy_store_free(store);
}

static void cut_and_corrupt_input_is_an_error_and_no_crash(void)
{
    struct rows r;
    struct gy_rng rng;
    gy_rng_init(&rng, 3);
    gy_mem_track(true);
    for (uint32_t key = 0; key < KEYS; key++)
        for (uint32_t kind = GYRE_STATE_VALUE; kind <= GYRE_STATE_MAP; kind++) {
            struct gy_store *store = filled(key, kind, &r);
            struct gyre_writer writer = writer_new();
            write_all(store, &writer);
            gy_store_free(store);
            size_t most = writer.length < 700 ? writer.length : 700;
            for (size_t length = 0; length <= most; length++)
                decode_some(key, kind, writer.data, length);
            for (int i = 0; i < 1500; i++) {
                size_t at = gy_rng_below(&rng, most);
                uint8_t old = writer.data[at];
                writer.data[at] = (uint8_t)gy_rng_next(&rng);
                decode_some(key, kind, writer.data, most);
                writer.data[at] = old;
            }
            free(writer.data);
        }
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
}

/* ---- want of memory ---------------------------------------------------------------------------- */

/* Every call fails once at each of its allocations; then the store is as before. */
static void without_memory_slots_change_nothing(void)
{
    struct rows r;
    void *slots[ROWS];
    gy_mem_track(true);
    for (uint32_t key = 0; key < KEYS; key++)
        for (uint32_t kind = GYRE_STATE_VALUE; kind <= GYRE_STATE_MAP; kind++) {
            bool hit = true;
            make_rows(&r, key);
            for (uint64_t k = 1; hit; k++) {
                struct gy_store *store = store_new(key, kind, &mixed_type);
                gy_store_slots(store, r.hash, r.columns, NULL, 5, slots);
                CU_ASSERT_EQUAL(fill_slot(store, kind, slots[3], 3), 0);
                struct gyre_writer before = writer_new(), after = writer_new();
                write_all(store, &before);
                gy_mem_fail_after(k);
                int code = gy_store_slots(store, r.hash, r.columns, NULL, ROWS, slots);
                hit = gy_mem_fail_hit();
                gy_mem_fail_after(0);
                CU_ASSERT_EQUAL(code, hit ? GYRE_ENOMEM : 0);
                CU_ASSERT_EQUAL(gy_store_count(store), hit ? 5 : ROWS);
                write_all(store, &after);
                CU_ASSERT(!hit || (before.length == after.length &&
                                   memcmp(before.data, after.data, before.length) == 0));
                CU_ASSERT_EQUAL(gy_store_slots(store, r.hash, r.columns, NULL, ROWS, slots), 0);
                gy_store_free(store);
                free(before.data);
                free(after.data);
            }
        }
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
}

static void without_memory_nothing_leaks_wherever_it_fails(void)
{
    struct rows r;
    gy_mem_track(true);
    for (uint32_t key = 0; key < KEYS; key++)
        for (uint32_t kind = GYRE_STATE_VALUE; kind <= GYRE_STATE_MAP; kind++) {
            struct gy_store *store = filled(key, kind, &r);
            struct gyre_writer writer = writer_new();
            write_all(store, &writer);
            gy_store_free(store);
            bool hit = true;
            for (uint64_t k = 1; hit; k++) {
                gy_mem_fail_after(k);
                store = filled(key, kind, &r);
                hit = gy_mem_fail_hit();
                gy_mem_fail_after(0);
                CU_ASSERT_EQUAL(store == NULL, hit);
                gy_store_free(store);
            }
            hit = true;
            for (uint64_t k = 1; hit; k++) {
                store = store_new(key, kind, &mixed_type);
                struct gyre_reader reader = reader_of(writer.data, writer.length);
                uint64_t n = 0;
                gy_mem_fail_after(k);
                while (reader.position < reader.length && gy_store_decode(store, &reader, 1) == 0)
                    n++;
                hit = gy_mem_fail_hit();
                gy_mem_fail_after(0);
                CU_ASSERT_EQUAL(gy_store_count(store), n);
                CU_ASSERT_EQUAL(n < ROWS, hit);
                gy_store_free(store);
            }
            free(writer.data);
        }
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
}

/* ---- functions of a type ----------------------------------------------------------------------- */

static int live;

static void counter_init(void *value)
{
    *(int64_t *)value = 7;
    live++;
}

static void counter_fini(void *value)
{
    *(int64_t *)value = -1;
    live--;
}

static int32_t counter_encode(const void *value, struct gyre_writer *writer)
{
    if (*(const int64_t *)value < 0)
        return GYRE_EFAIL;
    gyre_write_i64(writer, *(const int64_t *)value);
    gyre_write_u32(writer, 0xabcd); /* for a later version to read */
    return 0;
}

static int32_t counter_decode(void *value, struct gyre_reader *reader)
{
    *(int64_t *)value = gyre_read_i64(reader);
    return *(int64_t *)value == 13 ? GYRE_ECORRUPT : 0;
}

static int32_t counter_migrate(uint32_t old, struct gyre_reader *reader, void *value)
{
    *(int64_t *)value = gyre_read_i64(reader) * 100 + old;
    return 0;
}

static const struct gyre_state_type counter_type = {.size = sizeof(struct gyre_state_type),
                                                    .version = 3,
                                                    .name = "counter",
                                                    .value_size = 8,
                                                    .value_align = 8,
                                                    .init = counter_init,
                                                    .fini = counter_fini,
                                                    .encode = counter_encode,
                                                    .decode = counter_decode,
                                                    .migrate = counter_migrate};

static int64_t decoded(const struct gyre_writer *from, uint32_t version, int *code)
{
    struct gy_store *store = store_new(EXACT, GYRE_STATE_VALUE, &counter_type);
    struct gyre_reader reader = reader_of(from->data, from->length);
    struct gy_store_entry entry;
    uint64_t cursor = 0;
    *code = gy_store_decode(store, &reader, version);
    int64_t value = gy_store_walk(store, &cursor, &entry, 1) ? *(int64_t *)entry.slot : -2;
    gy_store_free(store);
    return value;
}

static void a_types_own_functions_make_end_write_read_and_migrate_values(void)
{
    struct rows r;
    void *slots[ROWS];
    int code;
    make_rows(&r, EXACT);
    struct gy_store *store = store_new(EXACT, GYRE_STATE_VALUE, &counter_type);
    CU_ASSERT_EQUAL(gy_store_slots(store, r.hash, r.columns, NULL, ROWS, slots), 0);
    CU_ASSERT_EQUAL(live, ROWS);
    CU_ASSERT_EQUAL(*(int64_t *)slots[5], 7);
    for (uint32_t i = 1; i < ROWS; i++)
        CU_ASSERT_TRUE(gy_store_remove(store, r.hash[i], r.columns, i));
    CU_ASSERT_EQUAL(live, 1);
    struct gyre_writer writer = writer_new();
    write_all(store, &writer);
    CU_ASSERT_EQUAL(decoded(&writer, 3, &code), 7);
    CU_ASSERT_EQUAL(code, 0);
    CU_ASSERT_EQUAL(decoded(&writer, 2, &code), 702);
    CU_ASSERT_EQUAL(code, 0);
    writer.data[13] = 13; /* u64 hash, u8 kind, u32 length, then the value */
    CU_ASSERT_EQUAL(decoded(&writer, 3, &code), -2);
    CU_ASSERT_EQUAL(code, GYRE_ECORRUPT);
    *(int64_t *)gy_store_find(store, r.hash[0], r.columns, 0) = -5;
    struct gy_store_entry entry;
    uint64_t cursor = 0;
    CU_ASSERT_EQUAL(gy_store_walk(store, &cursor, &entry, 1), 1);
    CU_ASSERT_EQUAL(gy_store_encode(store, &entry, &writer), GYRE_EFAIL);
    gy_store_free(store);
    CU_ASSERT_EQUAL(live, 0);
    free(writer.data);
}

static int32_t text_encode(const void *value, struct gyre_writer *writer)
{
    gyre_write_str(writer, value);
    return 0;
}

static int32_t text_decode(void *value, struct gyre_reader *reader)
{
    *(struct gyre_str *)value = gyre_read_str(reader);
    return ((struct gyre_str *)value)->len == 31 ? GYRE_ECORRUPT : 0;
}

static void strings_that_a_decode_leaves_as_views_become_the_stores_own(void)
{
    const struct gyre_member member = {"s", GYRE_TYPE_str, 0};
    const struct gyre_state_type type = {.size = sizeof type,
                                         .version = 1,
                                         .name = "text",
                                         .value_size = sizeof(struct gyre_str),
                                         .value_align = 8,
                                         .members = &member,
                                         .n_members = 1,
                                         .encode = text_encode,
                                         .decode = text_decode};
    const char text[] = "a text of thirty-one characters";
    gy_mem_track(true);
    for (uint32_t len = 5; len <= 31; len += 13) {
        struct gy_store *store = store_new(EXACT, GYRE_STATE_VALUE, &type);
        struct gyre_writer writer = writer_new();
        struct gyre_str s = gyre_str_view(text, len);
        gyre_write_u64(&writer, 0xc77b3abb6f87acd9); /* the hash of key 0 */
        gyre_write(&writer, &(uint8_t){GYRE_STATE_VALUE}, 1);
        gyre_write_u32(&writer, 4 + len);
        gyre_write_str(&writer, &s);
        struct gyre_reader reader = reader_of(writer.data, writer.length);
        CU_ASSERT_EQUAL(gy_store_decode(store, &reader, 1), len == 31 ? GYRE_ECORRUPT : 0);
        memset(writer.data, 0, writer.length);
        struct gyre_str *in = gy_store_find(store, 0xc77b3abb6f87acd9, NULL, 0);
        CU_ASSERT(len == 31 ? in == NULL : in != NULL && gyre_str_equal(in, &s));
        free(writer.data);
        gy_store_free(store);
    }
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
}

static void another_version_without_migrate_is_refused(void)
{
    struct rows r;
    struct gy_store *store = filled(TEXT, GYRE_STATE_VALUE, &r);
    struct gyre_writer writer = writer_new();
    write_all(store, &writer);
    struct gy_store *again = store_new(TEXT, GYRE_STATE_VALUE, &mixed_type);
    struct gyre_reader reader = reader_of(writer.data, writer.length);
    CU_ASSERT_EQUAL(gy_store_decode(again, &reader, 2), GYRE_ENOTSUP);
    CU_ASSERT_EQUAL(gy_store_count(again), 0);
    gy_store_free(store);
    gy_store_free(again);
    free(writer.data);
}

/* ---- declared types ---------------------------------------------------------------------------- */

static int check(struct gyre_state_type type, const char *says)
{
    struct gyre_error error = {.size = sizeof error};
    int code = gy_state_type_check(&type, &error);
    CU_ASSERT(code == 0 || strstr(error.text, says) != NULL);
    return code;
}

static void types_that_cannot_be_stored_are_refused_with_a_reason(void)
{
    struct gyre_state_type t = mixed_type;
    CU_ASSERT_EQUAL(check(t, ""), 0);
    t.n_members = 3; /* a byte is not covered, but it might be padding */
    CU_ASSERT_EQUAL(check(t, ""), 0);
    t.n_members = 2;
    CU_ASSERT_EQUAL(check(t, "no member covers"), GYRE_EINVAL);
    t.encode = counter_encode;
    CU_ASSERT_EQUAL(check(t, "only one of encode and decode"), GYRE_EINVAL);
    t.decode = counter_decode;
    CU_ASSERT_EQUAL(check(t, ""), 0);
    t = mixed_type;
    t.value_size = 24;
    CU_ASSERT_EQUAL(check(t, "'i' (i32 at offset 24) does not fit"), GYRE_EINVAL);
    t.value_size = 0;
    CU_ASSERT_EQUAL(check(t, "1 to"), GYRE_EINVAL);
    t = mixed_type;
    t.value_align = 32;
    CU_ASSERT_EQUAL(check(t, "alignment"), GYRE_EINVAL);
    t.value_align = 4;
    CU_ASSERT_EQUAL(check(t, "packed"), GYRE_EINVAL);
    t = mixed_type;
    t.version = 0;
    CU_ASSERT_EQUAL(check(t, "versions count from 1"), GYRE_EINVAL);
    const struct gyre_member twice[] = {{"a", GYRE_TYPE_i64, 0}, {"b", GYRE_TYPE_i32, 4}};
    t = x_type;
    t.members = twice;
    t.n_members = 2;
    CU_ASSERT_EQUAL(check(t, "overlap"), GYRE_EINVAL);
    const struct gyre_member unknown[] = {{"a", 99, 0}};
    t.members = unknown;
    t.n_members = 1;
    CU_ASSERT_EQUAL(check(t, "unknown type"), GYRE_EINVAL);
}

static void fingerprints_tell_names_types_and_order_apart(void)
{
    const struct gyre_member ab[] = {{"a", GYRE_TYPE_i64, 0}, {"b", GYRE_TYPE_f64, 8}};
    const struct gyre_member ba[] = {{"b", GYRE_TYPE_f64, 8}, {"a", GYRE_TYPE_i64, 0}};
    const struct gyre_member ac[] = {{"a", GYRE_TYPE_i64, 0}, {"c", GYRE_TYPE_f64, 8}};
    const struct gyre_member at[] = {{"a", GYRE_TYPE_i64, 0}, {"b", GYRE_TYPE_time, 8}};
    const struct gyre_member *all[] = {ab, ba, ac, at};
    uint64_t print[4];
    for (int i = 0; i < 4; i++) {
        struct gyre_state_type type = {.members = all[i], .n_members = 2};
        print[i] = gy_state_fingerprint(&type);
        for (int j = 0; j < i; j++)
            CU_ASSERT_NOT_EQUAL(print[i], print[j]);
    }
    struct gyre_state_type same = {.members = ab, .n_members = 2, .version = 9};
    CU_ASSERT_EQUAL(gy_state_fingerprint(&same), print[0]);
}

static const struct suite_test tests[] = {
    SUITE_TEST(what_is_written_is_read_back),
    SUITE_TEST(cut_and_corrupt_input_is_an_error_and_no_crash),
    SUITE_TEST(without_memory_slots_change_nothing),
    SUITE_TEST(without_memory_nothing_leaks_wherever_it_fails),
    SUITE_TEST(a_types_own_functions_make_end_write_read_and_migrate_values),
    SUITE_TEST(strings_that_a_decode_leaves_as_views_become_the_stores_own),
    SUITE_TEST(another_version_without_migrate_is_refused),
    SUITE_TEST(types_that_cannot_be_stored_are_refused_with_a_reason),
    SUITE_TEST(fingerprints_tell_names_types_and_order_apart),
};
SUITE_MAIN("state_codec", tests)
