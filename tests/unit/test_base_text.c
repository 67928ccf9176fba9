/* Durations, sizes, environment references and JSON strings. */
#include "support/suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

struct quantity_case {
    const char *text;
    int64_t want;
};

static void durations_are_read_to_the_microsecond(void)
{
    static const struct quantity_case cases[] = {
        {"250us", 250},
        {"10ms", 10000},
        {"5s", 5000000},
        {"1m", 60000000},
        {"2h", 7200000000},
        {"7d", 604800000000},
        {"1.5s", 1500000},
        {"0.25ms", 250},
        {"0s", 0},
        {"1.000000s", 1000000},
        {"9223372036854775807us", INT64_MAX},
        {"0.5d", 43200000000},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t us = -1;
        CU_ASSERT_EQUAL(gy_text_parse_duration(cases[i].text, &us, NULL), 0);
        CU_ASSERT_EQUAL(us, cases[i].want);
    }
}

static void sizes_are_read_in_powers_of_two(void)
{
    static const struct quantity_case cases[] = {
        {"0", 0},
        {"17B", 17},
        {"64KiB", 65536},
        {"16MiB", 16777216},
        {"1.5GiB", 1610612736},
        {"10TiB", 10995116277760},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t bytes = -1;
        CU_ASSERT_EQUAL(gy_text_parse_size(cases[i].text, &bytes, NULL), 0);
        CU_ASSERT_EQUAL(bytes, cases[i].want);
    }
}

static void a_wrong_quantity_is_refused_with_a_sentence(void)
{
    static const struct {
        int (*parse)(const char *, int64_t *, struct gy_why *);
        const char *text, *part;
    } cases[] = {
        {gy_text_parse_duration, "5", "has no unit: the units of a duration are us, ms, s, m, h"},
        {gy_text_parse_duration, "0", "has no unit"},
        {gy_text_parse_duration, "5 s", "unknown unit \" s\""},
        {gy_text_parse_duration, "5sec", "unknown unit \"sec\""},
        {gy_text_parse_duration, "-5s", "is no duration"},
        {gy_text_parse_duration, "", "is no duration"},
        {gy_text_parse_duration, "s", "is no duration"},
        {gy_text_parse_duration, "1.s", "is no duration"},
        {gy_text_parse_duration, "1.5us", "no whole number of us"},
        {gy_text_parse_duration, "0.0000001s", "no whole number of us"},
        {gy_text_parse_duration, "106751992d", "too large"},
        {gy_text_parse_duration, "99999999999999999999us", "too large"},
        {gy_text_parse_duration, "1h30m", "unknown unit"},
        {gy_text_parse_size, "64", "B, KiB, MiB, GiB and TiB"},
        {gy_text_parse_size, "64KB", "unknown unit \"KB\""},
        {gy_text_parse_size, "0.3B", "no whole number of B"},
        {gy_text_parse_size, "8388608TiB", "too large"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int64_t v = 7;
        struct gy_why why = {""};
        CU_ASSERT_EQUAL(cases[i].parse(cases[i].text, &v, &why), -1);
        CU_ASSERT_EQUAL(v, 7);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, cases[i].part));
    }
}

static void plain_values_are_read_whole_or_refused(void)
{
    int64_t i = 0;
    double f = 0;
    bool b = false;
    struct gy_why why;
    CU_ASSERT(gy_text_parse_i64("-42", &i, NULL) == 0 && i == -42);
    CU_ASSERT(gy_text_parse_f64("2.5e3", &f, NULL) == 0 && f == 2500);
    CU_ASSERT(gy_text_parse_bool("true", &b, NULL) == 0 && b);
    CU_ASSERT(gy_text_parse_bool("false", &b, NULL) == 0 && !b);
    CU_ASSERT_EQUAL(gy_text_parse_i64("4.2", &i, &why), -1);
    CU_ASSERT_STRING_EQUAL(why.text, "\"4.2\" is no whole number");
    CU_ASSERT_EQUAL(gy_text_parse_i64("9223372036854775808", &i, &why), -1);
    CU_ASSERT_PTR_NOT_NULL(strstr(why.text, "beyond the 64 bits"));
    CU_ASSERT_EQUAL(gy_text_parse_f64("1x", &f, &why), -1);
    CU_ASSERT_STRING_EQUAL(why.text, "\"1x\" is no number");
    CU_ASSERT_EQUAL(gy_text_parse_bool("yes", &b, &why), -1);
    CU_ASSERT_STRING_EQUAL(why.text, "\"yes\" is neither true nor false");
}

static void quantities_are_written_as_people_say_them(void)
{
    static const struct quantity_case durations[] = {
        {"0us", 0},          {"250us", 250},     {"10ms", 10000},       {"1.5s", 1500000},
        {"1.235s", 1234567}, {"1.5m", 90000000}, {"2h", 7200000000},    {"7d", 604800000000},
        {"-5s", -5000000},   {"1m", 59999999},   {"999.999ms", 999999},
    };
    static const struct quantity_case sizes[] = {
        {"0B", 0},         {"1023B", 1023},   {"64KiB", 65536}, {"1.5GiB", 1610612736},
        {"1.21KiB", 1234}, {"1MiB", 1048575},
    };
    static const struct quantity_case counts[] = {
        {"0", 0},        {"999", 999},   {"1k", 1000},     {"12.3k", 12345}, {"4.56M", 4560000},
        {"100k", 99999}, {"1M", 999999}, {"999k", 999499}, {"10k", 9999},    {"9.22E", INT64_MAX},
    };
    char out[GY_NUMBER_MAX];
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        CU_ASSERT_EQUAL(gy_text_format_duration(out, durations[i].want), strlen(durations[i].text));
        CU_ASSERT_STRING_EQUAL(out + 0, durations[i].text);
    }
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        CU_ASSERT_EQUAL(gy_text_format_size(out, (uint64_t)sizes[i].want), strlen(sizes[i].text));
        CU_ASSERT_STRING_EQUAL(out, sizes[i].text);
    }
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        CU_ASSERT_EQUAL(gy_text_format_count(out, (uint64_t)counts[i].want),
                        strlen(counts[i].text));
        CU_ASSERT_STRING_EQUAL(out, counts[i].text);
    }
    CU_ASSERT(gy_text_format_duration(out, INT64_MIN) < GY_NUMBER_MAX);
    CU_ASSERT(gy_text_format_size(out, UINT64_MAX) < GY_NUMBER_MAX);
    CU_ASSERT(gy_text_format_count(out, UINT64_MAX) < GY_NUMBER_MAX);
}

static void environment_references_are_replaced(void)
{
    setenv("GY_T", "val", 1);
    setenv("GY_EMPTY", "", 1);
    unsetenv("GY_NONE");
    static const struct {
        const char *text, *want;
    } cases[] = {
        {"", ""},
        {"plain $5 {x}", "plain $5 {x}"},
        {"a${GY_T}b${GY_T}", "avalbval"},
        {"${GY_NONE:-dflt}", "dflt"},
        {"${GY_NONE:-}", ""},
        {"${GY_EMPTY:-dflt}", "dflt"},
        {"[${GY_EMPTY}]", "[]"},
        {"${GY_T:-dflt}", "val"},
        {"$${GY_T}", "${GY_T}"},
        {"${GY_NONE:-a:-b}", "a:-b"},
        {"$", "$"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = gy_text_expand_env(cases[i].text, NULL);
        CU_ASSERT_STRING_EQUAL(got ? got : "refused", cases[i].want);
        gy_free(got);
    }
}

static void a_reference_that_cannot_be_replaced_is_refused(void)
{
    unsetenv("GY_NONE");
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"x${GY_NONE}", "environment variable GY_NONE is not set"},
        {"${GY_NONE", "lacks the closing }"},
        {"${}", "malformed"},
        {"${1A}", "malformed"},
        {"${A B}", "malformed"},
        {"${A:x}", "malformed"},
        {"${GY_NONE:-${B}}", "not nested"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gy_why why = {""};
        char *got = gy_text_expand_env(cases[i].text, &why);
        CU_ASSERT_PTR_NULL(got);
        CU_ASSERT_PTR_NOT_NULL(strstr(why.text, cases[i].part));
        gy_free(got);
    }
}

static void expansion_without_memory_says_so_and_leaks_nothing(void)
{
    setenv("GY_T", "val", 1);
    gy_mem_track(true);
    bool hit = true;
    for (uint64_t k = 1; hit; k++) {
        struct gy_why why = {""};
        gy_mem_fail_after(k);
        char *got = gy_text_expand_env("${GY_T} and more", &why);
        hit = gy_mem_fail_hit();
        gy_mem_fail_after(0);
        CU_ASSERT_EQUAL(got == NULL, hit);
        CU_ASSERT_STRING_EQUAL(why.text, hit ? "out of memory" : "");
        gy_free(got);
        CU_ASSERT_EQUAL(gy_mem_live_blocks(), 0);
    }
    gy_mem_track(false);
}

static void json_strings_are_escaped_and_made_valid_utf8(void)
{
#define FFFD "\xef\xbf\xbd"
    static const struct {
        const char *text;
        size_t n;
        const char *want;
    } cases[] = {
        {"", 0, "\"\""},
        {"plain", 5, "\"plain\""},
        {"q\"b\\s/", 6, "\"q\\\"b\\\\s/\""},
        {"\b\f\n\r\t\x01\x1f\x7f", 8, "\"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\""},
        {"a\0b", 3, "\"a\\u0000b\""},
        {"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9, "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {"a\xff"
         "b",
         3, "\"a" FFFD "b\""},
        {"\xc0\xaf", 2, "\"" FFFD FFFD "\""},
        {"\xe2\x82", 2, "\"" FFFD "\""},
        {"\xe2\x82x", 3, "\"" FFFD "x\""},
        {"\xf0\x9f\x98\xc3\xa4", 5, "\"" FFFD "\xc3\xa4\""},
        {"\xed\xa0\x80", 3, "\"" FFFD FFFD FFFD "\""},
        {"\xf4\x90\x80\x80", 4, "\"" FFFD FFFD FFFD FFFD "\""},
        {"\xe0\x9f\xbf", 3, "\"" FFFD FFFD FFFD "\""},
        {"\x80", 1, "\"" FFFD "\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct gy_buf b = {0};
        char *exact = gy_alloc(cases[i].n); /* of its own, so that a sanitizer sees a read beyond */
        CU_ASSERT_PTR_NOT_NULL_FATAL(exact);
        memcpy(exact, cases[i].text, cases[i].n);
        gy_text_json_string(&b, exact, cases[i].n);
        CU_ASSERT_STRING_EQUAL(gy_buf_cstr(&b), cases[i].want);
        gy_buf_fini(&b);
        gy_free(exact);
    }
}

static void a_long_text_keeps_its_beginning_and_its_end(void)
{
    static const struct {
        size_t size;
        const char *text, *shown;
    } cases[] = {
        {16, "", ""},
        {16, "fifteen letters", "fifteen letters"},
        {16, "sixteen  letters", "sixt... letters"},
        {16, "/a/very/long/path/of/12", "/a/v...th/of/12"},
        {16, "ab\u00e9\u00e9cdefghijklm\u00e9\u00e9\u00e9\u00e9",
         "ab\u00e9...\u00e9\u00e9\u00e9\u00e9"},
        {16, "abc\u20accdefghijklm\u20ac\u20ac\u20ac", "abc...\u20ac\u20ac"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *out =
            gy_alloc(cases[i].size); /* of its own, so that a sanitizer sees a write beyond */
        CU_ASSERT_PTR_EQUAL(gy_text_shorten(out, cases[i].size, cases[i].text), out);
        CU_ASSERT_STRING_EQUAL(out, cases[i].shown);
        if (strcmp(out, cases[i].shown) != 0)
            printf("  %s is shown as %s\n", cases[i].text, out);
        gy_free(out);
    }
}

static const struct suite_test tests[] = {
    SUITE_TEST(durations_are_read_to_the_microsecond),
    SUITE_TEST(sizes_are_read_in_powers_of_two),
    SUITE_TEST(a_wrong_quantity_is_refused_with_a_sentence),
    SUITE_TEST(plain_values_are_read_whole_or_refused),
    SUITE_TEST(quantities_are_written_as_people_say_them),
    SUITE_TEST(a_long_text_keeps_its_beginning_and_its_end),
    SUITE_TEST(environment_references_are_replaced),
    SUITE_TEST(a_reference_that_cannot_be_replaced_is_refused),
    SUITE_TEST(expansion_without_memory_says_so_and_leaks_nothing),
    SUITE_TEST(json_strings_are_escaped_and_made_valid_utf8),
};
SUITE_MAIN("base_text", tests)
