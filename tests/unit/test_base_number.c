/* Numbers as text: known cases, the shortest form against a search, reading against strtod. */
#include "support/suite.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "base/pow10.h"
#include "base/rng.h"

static double from_bits(uint64_t bits)
{
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static uint64_t to_bits(double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static void doubles_are_written_as_people_write_them(void)
{
    static const struct {
        double v;
        const char *want;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {3, "3"},
        {-17, "-17"},
        {0.1, "0.1"},
        {-2.5, "-2.5"},
        {1234567.891, "1234567.891"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1.0 / 3, "0.3333333333333333"},
        {123456789012345680.0, "1.2345678901234568e+17"},
        {9007199254740991.0, "9007199254740991"},
        {9007199254740992.0, "9007199254740992"},
        {1e15, "1000000000000000"},
        {1e16, "1e+16"},
        {1e22, "1e+22"},
        {1e23, "1e+23"},
        {1e100, "1e+100"},
        {0.0001, "0.0001"},
        {0.00001, "1e-05"},
        {1.5e-7, "1.5e-07"},
        {0x1p-44, "5.684341886080802e-14"},
        {5e-324, "5e-324"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {-1.7976931348623157e308, "-1.7976931348623157e+308"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
        {NAN, "nan"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[GY_NUMBER_MAX];
        size_t n = gy_number_format_f64(out, cases[i].v);
        CU_ASSERT_STRING_EQUAL(out, cases[i].want);
        CU_ASSERT_EQUAL(n, strlen(out));
    }
}

/* The digits of a number in %e form, without the point and trailing zeros. */
static size_t count_significant(const char *s)
{
    size_t n = 0, zeros = 0;
    for (; *s && *s != 'e'; s++) {
        if (*s == '0' && n > 0)
            zeros++;
        if (*s >= '1' && *s <= '9') {
            n += 1 + zeros;
            zeros = 0;
        }
    }
    return n;
}

/* Reads back to the bit, and no shorter printf does. */
static bool is_shortest(double v)
{
    char out[GY_NUMBER_MAX], other[GY_NUMBER_MAX];
    size_t n = gy_number_format_f64(out, v);
    double back = 0;
    if (gy_number_parse_f64(out, n, &back) < 0 || to_bits(back) != to_bits(v) ||
        to_bits(strtod(out, NULL)) != to_bits(v))
        return false;
    size_t digits = count_significant(out);
    if (digits <= 1)
        return true;
    snprintf(other, sizeof other, "%.*e", (int)digits - 2, v);
    return to_bits(strtod(other, NULL)) != to_bits(v);
}

static void any_double_is_written_shortest_and_read_back(void)
{
    struct gy_rng r;
    gy_rng_init(&r, 1);
    unsigned wrong = 0;
    for (int i = 0; i < 50000; i++) {
        double any = from_bits(gy_rng_next(&r));
        double price = (double)gy_rng_below(&r, 100000000) / 100;
        double unit = gy_rng_double(&r);
        wrong += isfinite(any) && !is_shortest(any);
        wrong += !is_shortest(price);
        wrong += !is_shortest(unit);
    }
    for (uint64_t exponent = 0; exponent < 0x7ff; exponent++)
        for (uint64_t step = 0; step < 3; step++)
            wrong += !is_shortest(from_bits((exponent << 52) + step + (exponent == 0)));
    CU_ASSERT_EQUAL(wrong, 0);
}

/* Puts some decimal of 1 to 25 digits, with or without point and exponent, at `out`. */
static size_t make_decimal(struct gy_rng *r, char *out)
{
    size_t n = 0, digits = 1 + gy_rng_below(r, 25), point = gy_rng_below(r, 40);
    for (size_t i = 0; i < digits; i++) {
        if (i == point)
            out[n++] = '.';
        out[n++] = (char)('0' + gy_rng_below(r, 10));
    }
    if (gy_rng_below(r, 2))
        n += (size_t)sprintf(out + n, "e%d", (int)gy_rng_below(r, 660) - 345);
    out[n] = '\0';
    return n;
}

static void any_decimal_is_read_as_strtod_reads_it(void)
{
    struct gy_rng r;
    gy_rng_init(&r, 2);
    unsigned wrong = 0;
    for (int i = 0; i < 200000; i++) {
        char text[64];
        size_t n = make_decimal(&r, text);
        double v = 0;
        if (gy_number_parse_f64(text, n, &v) < 0 || to_bits(v) != to_bits(strtod(text, NULL)))
            wrong++;
    }
    CU_ASSERT_EQUAL(wrong, 0);
    double v;
    /* the middle between two doubles, and beside it */
    CU_ASSERT(gy_number_parse_f64("9007199254740993", 16, &v) == 0 && v == 9007199254740992.0);
    CU_ASSERT(gy_number_parse_f64("9007199254740993.00000000001", 28, &v) == 0);
    CU_ASSERT_EQUAL(v, 9007199254740994.0);
    CU_ASSERT(gy_number_parse_f64("9007199254740995", 16, &v) == 0 && v == 9007199254740996.0);
}

static void what_is_no_number_is_refused(void)
{
    static const char *const no_f64[] = {"",    "-",    ".",   "e5",   "1e",  "1e+",   "1 ", " 1",
                                         "0x1", "1..2", "1,5", "nan1", "--1", "1e5.5", "i",  "+-1"};
    static const char *const no_i64[] = {"",
                                         "-",
                                         "+",
                                         "1.0",
                                         "1e3",
                                         " 1",
                                         "1 ",
                                         "9223372036854775808",
                                         "-9223372036854775809",
                                         "99999999999999999999999",
                                         "0x10"};
    double f = 7;
    for (size_t i = 0; i < sizeof no_f64 / sizeof *no_f64; i++)
        CU_ASSERT_EQUAL(gy_number_parse_f64(no_f64[i], strlen(no_f64[i]), &f), -1);
    int64_t v = 7;
    for (size_t i = 0; i < sizeof no_i64 / sizeof *no_i64; i++)
        CU_ASSERT_EQUAL(gy_number_parse_i64(no_i64[i], strlen(no_i64[i]), &v), -1);
    CU_ASSERT(f == 7 && v == 7);
}

static void names_and_odd_forms_of_doubles_are_read(void)
{
    static const struct {
        const char *text;
        double want;
    } cases[] = {{"inf", INFINITY},  {"-Infinity", -INFINITY},
                 {"+INF", INFINITY}, {"1.", 1},
                 {"+.5", 0.5},       {"1e999", INFINITY},
                 {"-1e-999", -0.0},  {"0e999", 0},
                 {"007", 7},         {"1E+2", 100},
                 {"-0", -0.0},       {"4.9e-324", 5e-324}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        double v = 7;
        CU_ASSERT_EQUAL(gy_number_parse_f64(cases[i].text, strlen(cases[i].text), &v), 0);
        CU_ASSERT_EQUAL(to_bits(v), to_bits(cases[i].want));
    }
    double v = 0;
    CU_ASSERT(gy_number_parse_f64("NaN", 3, &v) == 0 && isnan(v));
    CU_ASSERT(gy_number_parse_f64("12345", 2, &v) == 0 && v == 12);
}

static void integers_are_written_and_read_at_every_width(void)
{
    char out[GY_NUMBER_MAX], want[GY_NUMBER_MAX];
    uint64_t ten = 1;
    for (int i = 0; i < 20; i++, ten *= 10) {
        for (uint64_t v = ten - 1; v <= ten + 1; v++) {
            size_t n = gy_number_format_u64(out, v);
            snprintf(want, sizeof want, "%" PRIu64, v);
            CU_ASSERT(strcmp(out, want) == 0 && n == strlen(want));
            n = gy_number_format_i64(out, -(int64_t)(v / 2));
            snprintf(want, sizeof want, "%" PRId64, -(int64_t)(v / 2));
            int64_t back = 1;
            CU_ASSERT_EQUAL(gy_number_parse_i64(out, n, &back), 0);
            CU_ASSERT(strcmp(out, want) == 0 && back == -(int64_t)(v / 2));
        }
    }
    int64_t v = 0;
    gy_number_format_i64(out, INT64_MIN);
    CU_ASSERT_STRING_EQUAL(out, "-9223372036854775808");
    CU_ASSERT(gy_number_parse_i64(out, 20, &v) == 0 && v == INT64_MIN);
    CU_ASSERT(gy_number_parse_i64("+9223372036854775807", 20, &v) == 0 && v == INT64_MAX);
    gy_number_format_u64(out, UINT64_MAX);
    CU_ASSERT_STRING_EQUAL(out, "18446744073709551615");
}

/* A number of 48 words, low first: 2^1535 / 10^351 still has more than 128 bits. */
enum { WORDS = 48 };
struct big {
    uint32_t w[WORDS];
    bool inexact;
};

static void big_multiply_by_10(struct big *b)
{
    uint64_t carry = 0;
    for (size_t i = 0; i < WORDS; i++) {
        carry += (uint64_t)b->w[i] * 10;
        b->w[i] = (uint32_t)carry;
        carry >>= 32;
    }
}

static void big_divide_by_10(struct big *b)
{
    uint64_t rest = 0;
    for (size_t i = WORDS; i-- > 0;) {
        rest = rest << 32 | b->w[i];
        b->w[i] = (uint32_t)(rest / 10);
        rest %= 10;
    }
    b->inexact |= rest != 0;
}

/* The top 128 bits, rounded up. */
static struct gy_pow10 big_top(const struct big *b)
{
    unsigned __int128 top = 0;
    bool below = b->inexact;
    for (size_t bit = WORDS * 32; bit-- > 0;) {
        unsigned one = b->w[bit / 32] >> bit % 32 & 1;
        if (top >> 127)
            below |= one;
        else
            top = top << 1 | one;
    }
    while (!(top >> 127))
        top <<= 1;
    top += below;
    return (struct gy_pow10){(uint64_t)(top >> 64), (uint64_t)top};
}

static void every_power_of_ten_is_exact_to_128_bits(void)
{
    struct big up = {.w[0] = 1}, down = {.w[WORDS - 1] = UINT32_C(1) << 31};
    unsigned wrong = 0;
    for (int k = 0; k <= GY_POW10_MAX; k++, big_multiply_by_10(&up)) {
        struct gy_pow10 want = big_top(&up), got = gy_pow10_get(k);
        wrong += want.hi != got.hi || want.lo != got.lo;
    }
    for (int k = 0; k >= GY_POW10_MIN; k--, big_divide_by_10(&down)) {
        struct gy_pow10 want = big_top(&down), got = gy_pow10_get(k);
        wrong += want.hi != got.hi || want.lo != got.lo;
    }
    CU_ASSERT_EQUAL(wrong, 0);
}

static const struct suite_test tests[] = {
    SUITE_TEST(doubles_are_written_as_people_write_them),
    SUITE_TEST(any_double_is_written_shortest_and_read_back),
    SUITE_TEST(any_decimal_is_read_as_strtod_reads_it),
    SUITE_TEST(what_is_no_number_is_refused),
    SUITE_TEST(names_and_odd_forms_of_doubles_are_read),
    SUITE_TEST(integers_are_written_and_read_at_every_width),
    SUITE_TEST(every_power_of_ten_is_exact_to_128_bits),
};
SUITE_MAIN("base_number", tests)
