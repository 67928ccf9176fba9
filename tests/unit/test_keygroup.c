/* Hashes of keys: part of the snapshot format, so they are pinned, and those of 8 bytes are undone. */
#include "support/suite.h"

#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/rng.h"
#include "data/keygroup.h"

static uint64_t hash_one(uint32_t type, const void *value)
{
    struct gy_key key = {.n = 1, .types = {type}};
    struct gy_column column = {.data = value};
    const struct gy_column *columns[] = {&column};
    uint64_t hash = 0;
    CU_ASSERT_EQUAL(gy_key_hash(&key, columns, NULL, 1, &hash), 0);
    return hash;
}

static uint64_t hash_text(const char *text)
{
    struct gyre_str s = gyre_str_view(text, (uint32_t)strlen(text));
    return hash_one(GYRE_TYPE_str, &s);
}

static void hashes_are_those_that_snapshots_hold(void)
{
    int64_t zero = 0, one = 1, lowest = INT64_MIN;
    int32_t minus = -1;
    uint8_t yes = 1;
    double half = 0.5;
    CU_ASSERT_EQUAL(hash_one(GYRE_TYPE_i64, &zero), UINT64_C(0xc77b3abb6f87acd9));
    CU_ASSERT_EQUAL(hash_one(GYRE_TYPE_i64, &one), UINT64_C(0x2fbc593564db792e));
    CU_ASSERT_EQUAL(hash_one(GYRE_TYPE_time, &lowest), UINT64_C(0x828f2476789a0e5f));
    CU_ASSERT_EQUAL(hash_one(GYRE_TYPE_i32, &minus), UINT64_C(0x5111c7e47d784413));
    CU_ASSERT_EQUAL(hash_one(GYRE_TYPE_bool, &yes), hash_one(GYRE_TYPE_i64, &one));
    CU_ASSERT_EQUAL(hash_one(GYRE_TYPE_f64, &half), UINT64_C(0x5da9c77a7c72de31));
    CU_ASSERT_EQUAL(hash_text(""), UINT64_C(0xd0a66a65c7528968));
    CU_ASSERT_EQUAL(hash_text("word"), UINT64_C(0xc40adfd98420d44c));
    CU_ASSERT_EQUAL(hash_text("twelve bytes"), UINT64_C(0xf8aadb32e488de42));
    CU_ASSERT_EQUAL(hash_text("thirteen byte"), UINT64_C(0x977f2efb2343f28d));
    uint8_t null[9] = {0xff};
    CU_ASSERT_EQUAL(XXH3_64bits(null, 9), GY_KEY_NULL);
}

static void fixed_keys_hash_as_their_eight_canonical_bytes(void)
{
    struct gy_rng rng;
    gy_rng_init(&rng, 1);
    int64_t i64[1024];
    int32_t i32[1024];
    double f64[1024];
    uint64_t hash[3][1024];
    for (int i = 0; i < 1024; i++) {
        i64[i] = (int64_t)gy_rng_next(&rng);
        i32[i] = (int32_t)i64[i];
        memcpy(&f64[i], &i64[i], 8);
    }
    const void *data[] = {i64, i32, f64};
    uint32_t types[] = {GYRE_TYPE_i64, GYRE_TYPE_i32, GYRE_TYPE_f64};
    for (int t = 0; t < 3; t++) {
        struct gy_key key = {.n = 1, .types = {types[t]}};
        struct gy_column column = {.data = data[t]};
        const struct gy_column *columns[] = {&column};
        gy_key_hash(&key, columns, NULL, 1021, hash[t]);
    }
    for (int i = 0; i < 1021; i++) {
        int64_t wide = i32[i];
        CU_ASSERT_EQUAL(hash[0][i], XXH3_64bits(&i64[i], 8));
        CU_ASSERT_EQUAL(hash[1][i], XXH3_64bits(&wide, 8));
        if (f64[i] == f64[i])
            CU_ASSERT_EQUAL(hash[2][i], XXH3_64bits(&f64[i], 8));
    }
}

static void zeros_and_nans_are_one_key_each(void)
{
    double minus = -0.0, plus = 0.0, nan1, nan2;
    uint64_t bits1 = UINT64_C(0x7ff8000000000000), bits2 = UINT64_C(0xfff0000000000001);
    memcpy(&nan1, &bits1, 8);
    memcpy(&nan2, &bits2, 8);
    CU_ASSERT_EQUAL(hash_one(GYRE_TYPE_f64, &minus), hash_one(GYRE_TYPE_f64, &plus));
    CU_ASSERT_EQUAL(hash_one(GYRE_TYPE_f64, &nan1), hash_one(GYRE_TYPE_f64, &nan2));
    CU_ASSERT_NOT_EQUAL(hash_one(GYRE_TYPE_f64, &nan1), hash_one(GYRE_TYPE_f64, &plus));
    CU_ASSERT_FALSE(gy_key_is_canonical(GYRE_TYPE_f64, bits2));
    CU_ASSERT_TRUE(gy_key_is_canonical(GYRE_TYPE_f64, bits1));
    CU_ASSERT_FALSE(gy_key_is_canonical(GYRE_TYPE_i32, UINT64_C(0x80000000)));
    CU_ASSERT_TRUE(gy_key_is_canonical(GYRE_TYPE_i32, (uint64_t)INT64_C(-5)));
}

static void unhash_gives_back_what_was_hashed(void)
{
    struct gy_rng rng;
    gy_rng_init(&rng, 7);
    int wrong = 0;
    for (int i = 0; i < 1000000; i++) {
        uint64_t value = gy_rng_next(&rng);
        wrong += gy_key_unhash(XXH3_64bits(&value, 8)) != value;
        wrong += XXH3_64bits((uint64_t[]){gy_key_unhash(value)}, 8) != value;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT_EQUAL(hash_one(GYRE_TYPE_i64, (uint64_t[]){gy_key_unhash(0)}), 0);
    int32_t back = 0;
    gy_key_decode(GYRE_TYPE_i32, gy_key_unhash(hash_one(GYRE_TYPE_i32, (int32_t[]){-77})), &back);
    CU_ASSERT_EQUAL(back, -77);
}

/* The definition of keygroup.h for two fields, value by value. */
static uint64_t hash_pair(bool there, int64_t number, const char *text)
{
    uint64_t lanes[2] = {there ? (uint64_t)number : GY_KEY_NULL, hash_text(text)};
    return XXH3_64bits(lanes, 16);
}

static void several_fields_hash_as_their_lanes_with_nulls_marked(void)
{
    enum { ROWS = 150 };
    int64_t numbers[ROWS];
    uint8_t valid[ROWS];
    struct gyre_str texts[ROWS];
    char text[ROWS][32];
    for (int i = 0; i < ROWS; i++) {
        numbers[i] = i % 7;
        valid[i] = i % 3 != 0;
        snprintf(text[i], sizeof text[i], i % 2 ? "%d" : "a text of some length %d", i);
        texts[i] = gyre_str_view(text[i], (uint32_t)strlen(text[i]));
    }
    struct gy_key key = {
        .n = 2, .types = {GYRE_TYPE_i64, GYRE_TYPE_str}, .nullable = {true, false}};
    struct gy_column number = {.data = numbers, .valid = valid}, string = {.data = texts};
    const struct gy_column *columns[] = {&number, &string};
    uint64_t hash[ROWS];
    CU_ASSERT_EQUAL(gy_key_hash(&key, columns, NULL, ROWS, hash), 0);
    for (int i = 0; i < ROWS; i++)
        CU_ASSERT_EQUAL(hash[i], hash_pair(valid[i] != 0, numbers[i], text[i]));
    key.n = 1;
    gy_key_hash(&key, columns, NULL, ROWS, hash);
    CU_ASSERT_EQUAL(hash[0], GY_KEY_NULL);
    CU_ASSERT_EQUAL(hash[1], hash_one(GYRE_TYPE_i64, &numbers[1]));
}

static void strings_of_dropped_rows_are_not_followed(void)
{
    struct gyre_str texts[2] = {gyre_str_view("kept, and long enough", 21), {.len = 100}};
    texts[1].u.ptr = NULL;
    uint8_t keep[2] = {1, 0};
    struct gy_key key = {.n = 1, .types = {GYRE_TYPE_str}};
    struct gy_column column = {.data = texts};
    const struct gy_column *columns[] = {&column};
    uint64_t hash[2];
    CU_ASSERT_EQUAL(gy_key_hash(&key, columns, keep, 2, hash), 0);
    CU_ASSERT_EQUAL(hash[0], hash_text("kept, and long enough"));
}

static void groups_are_monotone_in_the_hash_and_cover_all_subtasks(void)
{
    uint32_t before = 0, seen = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        uint64_t hash = i * (UINT64_MAX / 999);
        uint32_t group = gy_key_group(hash, 128), subtask = gy_key_subtask(hash, 128, 5);
        CU_ASSERT(group >= before && group < 128 && subtask < 5);
        before = group;
        seen |= 1u << subtask;
    }
    CU_ASSERT_EQUAL(before, 127);
    CU_ASSERT_EQUAL(seen, 31);
}

static const struct suite_test tests[] = {
    SUITE_TEST(hashes_are_those_that_snapshots_hold),
    SUITE_TEST(fixed_keys_hash_as_their_eight_canonical_bytes),
    SUITE_TEST(zeros_and_nans_are_one_key_each),
    SUITE_TEST(unhash_gives_back_what_was_hashed),
    SUITE_TEST(several_fields_hash_as_their_lanes_with_nulls_marked),
    SUITE_TEST(strings_of_dropped_rows_are_not_followed),
    SUITE_TEST(groups_are_monotone_in_the_hash_and_cover_all_subtasks),
};
SUITE_MAIN("keygroup", tests)
