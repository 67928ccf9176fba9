/* Values made of several declared types: where their segments stand, what is written of them, and how a
 * snapshot of other segments is read. */
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "state/store.h"
#include "state/type.h"

/* ---- a number, a small struct, one with strings, and one with functions of its own -------------- */

struct pair {
    int32_t a;
    uint8_t b;
};

struct text {
    uint8_t flag;
    struct gyre_str s;
};

static const struct gyre_member x_members[] = {{"x", GYRE_TYPE_i64, GYRE_OFFSET_NATURAL}};
static const struct gyre_member pair_members[] = {{"a", GYRE_TYPE_i32, GYRE_OFFSET_NATURAL},
                                                  {"b", GYRE_TYPE_bool, GYRE_OFFSET_NATURAL}};
static const struct gyre_member text_members[] = {{"flag", GYRE_TYPE_bool, GYRE_OFFSET_NATURAL},
                                                  {"s", GYRE_TYPE_str, GYRE_OFFSET_NATURAL}};

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

#define TYPE(of, its_version, c_type, list, ...)                                                   \
    {                                                                                              \
        .size = sizeof(struct gyre_state_type), .version = its_version, .name = of,                \
        .value_size = sizeof(c_type), .value_align = _Alignof(c_type), .members = list,            \
        __VA_ARGS__                                                                                \
    }

static const struct gyre_state_type x_type = TYPE("x", 1, int64_t, x_members, .n_members = 1);
static const struct gyre_state_type pair_type =
    TYPE("pair", 1, struct pair, pair_members, .n_members = 2);
static const struct gyre_state_type text_type =
    TYPE("text", 1, struct text, text_members, .n_members = 2);
static const struct gyre_state_type counter_type =
    TYPE("counter", 3, int64_t, NULL, .init = counter_init, .fini = counter_fini,
         .encode = counter_encode, .decode = counter_decode, .migrate = counter_migrate);

typedef const struct gyre_state_type *const types[];

static const types all = {&pair_type, &x_type, &text_type, &counter_type};
static const char long_text[] = "longer than the twelve bytes of a view";

/* Where they stand in a value of all. */
struct value {
    struct pair pair;
    int64_t x;
    struct text text;
    int64_t counter;
};

static struct gy_store *store_new(const struct gyre_state_type *const *segments, uint32_t n)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_store_config config = {.key = {.n = 1, .types = {GYRE_TYPE_i64}},
                                     .kind = GYRE_STATE_VALUE,
                                     .segments = segments,
                                     .n_segments = n};
    struct gy_store *store = gy_store_new(&config, &error);
    CU_ASSERT_PTR_NOT_NULL_FATAL(store);
    return store;
}

static void *slot_of(struct gy_store *store)
{
    void *slot;
    CU_ASSERT_EQUAL_FATAL(gy_store_slots(store, &(uint64_t){4711}, NULL, NULL, 1, &slot), 0);
    return slot;
}

static void fill(struct gy_store *store, struct value *v)
{
    struct gyre_str s = gyre_str_view(long_text, sizeof long_text - 1);
    CU_ASSERT_EQUAL(v->counter, 7);
    v->pair = (struct pair){-5, 1};
    v->x = 99;
    v->text.flag = 1;
    CU_ASSERT_EQUAL(gy_store_str(store, &v->text.s, &s), 0);
    v->counter = 42;
}

static bool is_filled(const struct value *v)
{
    struct gyre_str s = gyre_str_view(long_text, sizeof long_text - 1);
    return v->pair.a == -5 && v->pair.b == 1 && v->x == 99 && v->text.flag == 1 &&
           gyre_str_equal(&v->text.s, &s) && v->counter == 42;
}

static int32_t grow(struct gyre_writer *writer, size_t more)
{
    writer->capacity = (writer->length + more) * 2;
    writer->data = realloc(writer->data, writer->capacity);
    return 0;
}

/* The record of the store's one entry. */
static struct gyre_writer written(struct gy_store *store)
{
    struct gyre_writer writer = {.size = sizeof writer, .grow = grow};
    struct gy_store_entry entry;
    uint64_t cursor = 0;
    CU_ASSERT_EQUAL_FATAL(gy_store_walk(store, &cursor, &entry, 1), 1);
    CU_ASSERT_EQUAL(gy_store_encode(store, &entry, &writer), 0);
    return writer;
}

/* A record of a value of all, filled. */
static struct gyre_writer written_all(void)
{
    struct gy_store *store = store_new(all, 4);
    fill(store, slot_of(store));
    struct gyre_writer writer = written(store);
    gy_store_free(store);
    return writer;
}

static int decode(struct gy_store *store, const uint8_t *bytes, size_t n,
                  const struct gy_form_segment *segments, uint32_t n_segments, uint32_t *at)
{
    struct gyre_reader reader = {.size = sizeof reader, .data = bytes, .length = n};
    int code = gy_store_decode_form(store, &reader, &(struct gy_form){n_segments, segments}, at);
    return code == 0 && reader.position != n ? GYRE_ECORRUPT : code;
}

static const struct gy_form_segment as_they_are[] = {{0, 1}, {1, 1}, {2, 1}, {3, 3}};

/* ---- tests ------------------------------------------------------------------------------------- */

static void segments_stand_one_behind_the_other_as_members_of_a_struct_do(void)
{
    struct gy_type type;
    CU_ASSERT_EQUAL(gy_type_init(&type, all, 4), 0);
    CU_ASSERT_EQUAL(type.size, sizeof(struct value));
    CU_ASSERT_EQUAL(type.align, 8);
    CU_ASSERT_EQUAL(type.segments[1].offset, offsetof(struct value, x));
    CU_ASSERT_EQUAL(type.segments[2].offset, offsetof(struct value, text));
    CU_ASSERT_EQUAL(type.segments[3].offset, offsetof(struct value, counter));
    CU_ASSERT_TRUE(type.segments[0].flat && type.segments[1].flat);
    CU_ASSERT_FALSE(type.segments[2].flat || type.segments[3].flat || type.flat || type.image);
    gy_type_fini(&type);
}

static void all_segments_are_written_and_read_back(void)
{
    uint32_t at;
    struct gyre_writer writer = written_all();
    struct gy_store *store = store_new(all, 4);
    CU_ASSERT_EQUAL(decode(store, writer.data, writer.length, as_they_are, 4, &at), 0);
    CU_ASSERT_TRUE(is_filled(slot_of(store)));
    CU_ASSERT_EQUAL(live, 1);
    gy_store_free(store);
    CU_ASSERT_EQUAL(live, 0);
    free(writer.data);
}

/* Of functions that changed places, one that has come, and one of an older version. */
static void a_record_of_other_segments_is_read_by_its_form(void)
{
    static const types before = {&counter_type, &x_type},
                       now = {&text_type, &x_type, &counter_type};
    static const struct gy_form_segment form[] = {{2, 2}, {1, 1}};
    struct now {
        struct text text;
        int64_t x, counter;
    };
    uint32_t at;
    struct gy_store *store = store_new(before, 2);
    int64_t *old = slot_of(store);
    old[0] = 42;
    old[1] = 5;
    struct gyre_writer writer = written(store);
    struct gy_store *again = store_new(now, 3);
    CU_ASSERT_EQUAL(decode(again, writer.data, writer.length, form, 2, &at), 0);
    const struct now *v = slot_of(again);
    CU_ASSERT_EQUAL(v->x, 5);
    CU_ASSERT_EQUAL(v->counter, 4202);
    CU_ASSERT_TRUE(v->text.flag == 0 && v->text.s.len == 0);
    gy_store_free(store);
    gy_store_free(again);
    CU_ASSERT_EQUAL(live, 0);
    free(writer.data);
}

static void a_record_that_is_cut_or_corrupt_leaves_nothing_and_names_the_segment(void)
{
    uint32_t at = 0;
    struct gyre_writer writer = written_all();
    gy_mem_track(true);
    struct gy_store *store = store_new(all, 4);
    for (size_t n = 0; n < writer.length; n++) {
        CU_ASSERT_EQUAL(decode(store, writer.data, n, as_they_are, 4, &at), GYRE_ECORRUPT);
        CU_ASSERT_EQUAL(gy_store_count(store), 0);
    }
    CU_ASSERT_EQUAL(at, 3);
    writer.data[writer.length - 12] = 13; /* the counter: an i64, then u32 */
    CU_ASSERT_EQUAL(decode(store, writer.data, writer.length, as_they_are, 4, &at), GYRE_ECORRUPT);
    CU_ASSERT_EQUAL(at, 3);
    static const struct gy_form_segment newer[] = {{0, 1}, {1, 2}, {2, 1}, {3, 3}};
    CU_ASSERT_EQUAL(decode(store, writer.data, writer.length, newer, 4, &at), GYRE_ENOTSUP);
    CU_ASSERT_EQUAL(at, 1);
    CU_ASSERT_EQUAL(gy_store_count(store), 0);
    gy_store_free(store);
    CU_ASSERT_EQUAL(live, 0);
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    gy_mem_track(false);
    free(writer.data);
}

static void records_of_constant_size_are_what_encode_writes(void)
{
    static const types numbers = {&x_type, &x_type, &x_type};
    struct gy_store *store = store_new(numbers, 3);
    struct gy_store_entry entry;
    uint64_t cursor = 0;
    uint8_t image[128];
    int64_t *v = slot_of(store);
    for (int i = 0; i < 3; i++)
        v[i] = i * INT64_C(123456789);
    struct gyre_writer writer = written(store);
    CU_ASSERT_EQUAL_FATAL(gy_store_walk(store, &cursor, &entry, 1), 1);
    CU_ASSERT_EQUAL_FATAL(gy_store_image_size(store), writer.length);
    gy_store_images(store, &entry, 1, image, sizeof image);
    CU_ASSERT_EQUAL(memcmp(image, writer.data, writer.length), 0);
    gy_store_free(store);
    free(writer.data);
}

/* Also without memory for each of the allocations: then the copy owns nothing. */
static void a_copy_has_strings_and_what_a_decode_makes_of_its_own(void)
{
    struct gy_type type;
    struct value copy;
    gy_mem_track(true);
    struct gy_store *store = store_new(all, 4);
    struct value *v = slot_of(store);
    fill(store, v);
    CU_ASSERT_EQUAL(gy_type_init(&type, all, 4), 0);
    int64_t blocks = gy_mem_live_blocks();
    bool hit = true;
    for (uint64_t k = 1; hit; k++) {
        memset(&copy, 0xa5, sizeof copy);
        gy_mem_fail_after(k);
        int code = gy_value_copy(&type, gy_store_blocks(store), &copy, v);
        hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        CU_ASSERT_EQUAL(code, hit ? GYRE_ENOMEM : 0);
        CU_ASSERT_TRUE(!hit || gy_mem_live_blocks() == blocks);
        CU_ASSERT_EQUAL(live, hit ? 1 : 2);
    }
    CU_ASSERT_PTR_NOT_EQUAL(copy.text.s.u.ptr, v->text.s.u.ptr);
    CU_ASSERT_TRUE(is_filled(&copy) && is_filled(v));
    gy_value_fini(&type, gy_store_blocks(store), &copy);
    gy_type_fini(&type);
    gy_store_free(store);
    CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    CU_ASSERT_EQUAL(live, 0);
    gy_mem_track(false);
}

static const struct suite_test tests[] = {
    SUITE_TEST(segments_stand_one_behind_the_other_as_members_of_a_struct_do),
    SUITE_TEST(all_segments_are_written_and_read_back),
    SUITE_TEST(a_record_of_other_segments_is_read_by_its_form),
    SUITE_TEST(a_record_that_is_cut_or_corrupt_leaves_nothing_and_names_the_segment),
    SUITE_TEST(records_of_constant_size_are_what_encode_writes),
    SUITE_TEST(a_copy_has_strings_and_what_a_decode_makes_of_its_own),
};

SUITE_MAIN("state_segments", tests)
