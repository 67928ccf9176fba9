/* The byte writer and reader: the encoding, the bounds, the sticky errors. */
#include "support/suite.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"

static void put_one_of_each(struct gy_buf *b)
{
    gy_buf_u8(b, 0xab);
    gy_buf_u16(b, 0x1234);
    gy_buf_u32(b, 0xdeadbeef);
    gy_buf_u64(b, UINT64_C(0x0123456789abcdef));
    gy_buf_i64(b, INT64_MIN);
    gy_buf_f64(b, -0.1);
    gy_buf_varint(b, 300);
    gy_buf_str(b, "word", 4);
    gy_buf_str(b, NULL, 0);
    gy_buf_bytes(b, "xyz", 3);
}

static void what_is_written_is_read_back(void)
{
    struct gy_buf b = {0};
    put_one_of_each(&b);
    CU_ASSERT_FALSE_FATAL(b.failed);
    struct gy_reader r;
    gy_reader_init(&r, b.data, b.len);
    CU_ASSERT_EQUAL(gy_reader_u8(&r), 0xab);
    CU_ASSERT_EQUAL(gy_reader_u16(&r), 0x1234);
    CU_ASSERT_EQUAL(gy_reader_u32(&r), 0xdeadbeef);
    CU_ASSERT_EQUAL(gy_reader_u64(&r), UINT64_C(0x0123456789abcdef));
    CU_ASSERT_EQUAL(gy_reader_i64(&r), INT64_MIN);
    CU_ASSERT_EQUAL(gy_reader_f64(&r), -0.1);
    CU_ASSERT_EQUAL(gy_reader_varint(&r), 300);
    size_t n;
    const char *s = gy_reader_str(&r, &n);
    CU_ASSERT(n == 4 && memcmp(s, "word", 4) == 0);
    gy_reader_str(&r, &n);
    CU_ASSERT_EQUAL(n, 0);
    CU_ASSERT_EQUAL(gy_reader_left(&r), 3);
    CU_ASSERT_EQUAL(memcmp(gy_reader_bytes(&r, 3), "xyz", 3), 0);
    CU_ASSERT_EQUAL(gy_reader_left(&r), 0);
    CU_ASSERT_FALSE(r.failed);
    gy_buf_fini(&b);
}

static void the_encoding_is_little_endian_to_the_byte(void)
{
    struct gy_buf b = {0};
    gy_buf_u16(&b, 0x1234);
    gy_buf_u32(&b, 0x01020304);
    gy_buf_f64(&b, 1.0);
    gy_buf_varint(&b, 300);
    gy_buf_str(&b, "a", 1);
    static const uint8_t want[] = {0x34, 0x12, 4,    3,    2,    1, 0, 0, 0, 0,  0,
                                   0,    0xf0, 0x3f, 0xac, 0x02, 1, 0, 0, 0, 'a'};
    CU_ASSERT_EQUAL_FATAL(b.len, sizeof want);
    CU_ASSERT_EQUAL(memcmp(b.data, want, sizeof want), 0);
    gy_buf_fini(&b);
}

static void every_truncation_is_an_error_and_reads_zeros(void)
{
    struct gy_buf b = {0};
    put_one_of_each(&b);
    for (size_t cut = 0; cut < b.len; cut++) {
        uint8_t *part = gy_alloc(cut); /* of its own, so that a sanitizer sees a read beyond it */
        CU_ASSERT_PTR_NOT_NULL_FATAL(part);
        memcpy(part, b.data, cut);
        struct gy_reader r;
        gy_reader_init(&r, part, cut);
        size_t n = 7;
        gy_reader_u8(&r), gy_reader_u16(&r), gy_reader_u32(&r), gy_reader_u64(&r);
        gy_reader_i64(&r), gy_reader_f64(&r), gy_reader_varint(&r);
        gy_reader_str(&r, &n), gy_reader_str(&r, &n);
        CU_ASSERT_PTR_NULL(gy_reader_bytes(&r, 3));
        CU_ASSERT_TRUE(r.failed);
        CU_ASSERT_EQUAL(gy_reader_u64(&r), 0);
        CU_ASSERT_EQUAL(gy_reader_left(&r), 0);
        CU_ASSERT(gy_reader_str(&r, &n) != NULL && n == 0);
        gy_free(part);
    }
    gy_buf_fini(&b);
}

static void varints_are_read_back_and_malformed_ones_refused(void)
{
    static const uint64_t values[] = {0,     1,          127,       128,       16383,
                                      16384, UINT32_MAX, INT64_MAX, UINT64_MAX};
    struct gy_reader r;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        struct gy_buf b = {0};
        gy_buf_varint(&b, values[i]);
        gy_reader_init(&r, b.data, b.len);
        CU_ASSERT_EQUAL(gy_reader_varint(&r), values[i]);
        CU_ASSERT(!r.failed && gy_reader_left(&r) == 0);
        gy_buf_fini(&b);
    }
    static const char *const malformed[] = {"\x80", "\x81\x80",
                                            "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
                                            "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"};
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        gy_reader_init(&r, malformed[i], strlen(malformed[i]));
        CU_ASSERT_EQUAL(gy_reader_varint(&r), 0);
        CU_ASSERT_TRUE(r.failed);
    }
    gy_reader_init(&r, "\x81\x00", 2); /* 1, one byte longer than need be */
    gy_reader_varint(&r);
    CU_ASSERT_TRUE(r.failed);
}

static void a_writer_stops_at_its_bound_for_good(void)
{
    struct gy_buf b;
    gy_buf_init(&b, 10);
    gy_buf_u64(&b, 1);
    gy_buf_u16(&b, 2);
    CU_ASSERT(!b.failed && b.len == 10);
    gy_buf_u8(&b, 3);
    CU_ASSERT(b.failed && b.len == 10);
    CU_ASSERT_PTR_NULL(gy_buf_claim(&b, 0));
    gy_buf_reset(&b);
    gy_buf_u8(&b, 3);
    CU_ASSERT(!b.failed && b.len == 1);
    gy_buf_fini(&b);
}

static void a_writer_without_memory_fails_and_stays_failed(void)
{
    struct gy_buf b = {0};
    gy_mem_fail_after(1);
    gy_buf_u32(&b, 1);
    gy_buf_u32(&b, 2);
    CU_ASSERT_TRUE(b.failed);
    CU_ASSERT_EQUAL(b.len, 0);
    size_t len = 9;
    CU_ASSERT_PTR_NULL(gy_buf_take(&b, &len));
    CU_ASSERT_EQUAL(len, 0);
    gy_buf_fini(&b);
}

static void text_is_put_together_and_taken(void)
{
    struct gy_buf b = {0};
    gy_buf_text(&b, "a");
    for (int i = 0; i < 100; i++)
        gy_buf_printf(&b, "[%d]", i);
    CU_ASSERT_EQUAL(b.len, 1 + 10 * 3 + 90 * 4);
    CU_ASSERT_EQUAL(memcmp(gy_buf_cstr(&b), "a[0][1][2]", 10), 0);
    CU_ASSERT_EQUAL(strlen(gy_buf_cstr(&b)), b.len);
    size_t len;
    uint8_t *taken = gy_buf_take(&b, &len);
    CU_ASSERT_EQUAL(len, 391);
    CU_ASSERT(b.data == NULL && b.len == 0);
    gy_free(taken);
}

static void a_length_is_patched_only_where_it_was_put(void)
{
    struct gy_buf b = {0};
    gy_buf_u32(&b, 0);
    gy_buf_text(&b, "abc");
    gy_buf_patch_u32(&b, 0, 3);
    CU_ASSERT_EQUAL(b.data[0], 3);
    CU_ASSERT_FALSE(b.failed);
    gy_buf_patch_u32(&b, 4, 3);
    CU_ASSERT_TRUE(b.failed);
    gy_buf_fini(&b);
}

static void the_checksum_is_xxh3_of_64_bits(void)
{
    CU_ASSERT_EQUAL(gy_checksum("", 0), UINT64_C(0x2d06800538d394c2));
    CU_ASSERT_NOT_EQUAL(gy_checksum("a", 1), gy_checksum("b", 1));
}

static const struct suite_test tests[] = {
    SUITE_TEST(what_is_written_is_read_back),
    SUITE_TEST(the_encoding_is_little_endian_to_the_byte),
    SUITE_TEST(every_truncation_is_an_error_and_reads_zeros),
    SUITE_TEST(varints_are_read_back_and_malformed_ones_refused),
    SUITE_TEST(a_writer_stops_at_its_bound_for_good),
    SUITE_TEST(a_writer_without_memory_fails_and_stays_failed),
    SUITE_TEST(text_is_put_together_and_taken),
    SUITE_TEST(a_length_is_patched_only_where_it_was_put),
    SUITE_TEST(the_checksum_is_xxh3_of_64_bits),
};
SUITE_MAIN("base_buf", tests)
