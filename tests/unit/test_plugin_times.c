/* Times as text and back: plugins/file/times.h, in all its formats. The plugin is no library, so
 * its code is compiled in. */
#include "../../plugins/file/times.c"

#include "base/rng.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 2025-01-02T03:04:05Z in s. */
#define AT INT64_C(1735787045)
#define S  INT64_C(1000000)

struct reading {
    const char *format, *text;
    int is_time;
    int64_t us;
};

static const struct reading readings[] = {
    {"us", "1735787045123456", 1, AT *S + 123456},
    {"us", "-1", 1, -1},
    {"us", "1.5", 0, 0},
    {"us", "2025-01-02T03:04:05Z", 1, AT *S},
    {"iso", "1735787045123456", 0, 0},
    {"iso", "2025-01-02", 1, AT *S - 11045 * S},
    {"iso", "2025-01-02T03:04:05", 1, AT *S},
    {"iso", "2025-01-02t03:04:05z", 1, AT *S},
    {"iso", "2025-01-02 03:04", 1, AT *S - 5 * S},
    {"iso", "2025-01-02 03:04:05.1", 1, AT *S + 100000},
    {"iso", "2025-01-02 03:04:05,123456789Z", 1, AT *S + 123456},
    {"iso", "2025-01-02T03:04:05.999999999+00:00", 1, AT *S + 999999},
    {"iso", "2025-01-02T03:04:05.123456789123Z", 1, AT *S + 123456},
    {"iso", "2025-01-02T05:34:05+02:30", 1, AT *S},
    {"iso", "2025-01-01T22:04:05-0500", 1, AT *S},
    {"iso", "2025-01-02T04:04:05+01", 1, AT *S},
    {"iso", "20250102T030405Z", 1, AT *S},
    {"iso", "20250102T0304", 1, AT *S - 5 * S},
    {"iso", "20250102", 0, 0},
    {"iso", "2016-12-31T23:59:60Z", 1, INT64_C(1483228800) * S},
    {"iso", "2024-02-29", 1, INT64_C(1709164800) * S},
    {"iso", "1969-12-31T23:59:59.999999Z", 1, -1},
    {"iso", "0000-01-01", 1, INT64_C(-62167219200) * S},
    {"iso", "+294247-01-10T04:00:54.775807Z", 1, INT64_MAX},
    {"iso", "+294247-01-10T04:00:54.775808Z", 0, 0},
    {"iso", "+999999-01-01", 0, 0},
    {"iso", "-290308-12-21T19:59:05.224192Z", 1, INT64_MIN},
    {"iso", "2025-02-29", 0, 0},
    {"iso", "2025-13-01", 0, 0},
    {"iso", "2025-00-01", 0, 0},
    {"iso", "2025-1-2", 0, 0},
    {"iso", "2025-01-02T24:00:00", 0, 0},
    {"iso", "2025-01-02T03:60", 0, 0},
    {"iso", "2025-01-02T03:04:05.", 0, 0},
    {"iso", "2025-01-02T03:04:05+24:00", 0, 0},
    {"iso", "2025-01-02T03:04:05 UTC", 0, 0},
    {"iso", "2025-01-02T", 0, 0},
    {"iso", "2025-01-02T03", 0, 0},
    {"iso", "25-01-02", 0, 0},
    {"iso", "", 0, 0},
    {"s", "1735787045", 1, AT *S},
    {"s", "1735787045.123456789", 1, AT *S + 123456},
    {"s", "-0.5", 1, -500000},
    {"s", "1e9", 0, 0},
    {"s", "1.", 0, 0},
    {"s", "9223372036854", 1, INT64_C(9223372036854) * S},
    {"s", "9223372036855", 0, 0},
    {"s", "2025-01-02", 1, AT *S - 11045 * S},
    {"ms", "1735787045123", 1, AT *S + 123000},
    {"ms", "1735787045123.4567", 1, AT *S + 123456},
    {"%d.%m.%Y %H:%M:%S", "02.01.2025 03:04:05", 1, AT *S},
    {"%d.%m.%Y %H:%M:%S", "2.1.2025 3:4:5", 1, AT *S},
    {"%d.%m.%Y %H:%M:%S", "02.01.2025  03:04:05", 1, AT *S},
    {"%d.%m.%Y %H:%M:%S", "02.01.2025 03:04:05 ", 0, 0},
    {"%d.%m.%Y %H:%M:%S", "2025-01-02 03:04:05", 0, 0},
    {"%FT%T.%f%z", "2025-01-02T04:04:05.25+0100", 1, AT *S + 250000},
    {"%d/%b/%Y:%H:%M:%S %z", "01/Jan/2025:22:04:05 -0500", 1, AT *S},
    {"%A, %d %B %Y %I:%M:%S %p", "Thursday, 02 january 2025 03:04:05 am", 1, AT *S},
    {"%a %b %e %R %Z %Y", "Thu Jan  2 15:04 UTC 2025", 1, AT *S + 12 * 3600 * S - 5 * S},
    {"%b %y", "Sep 68", 1, INT64_C(3113683200) * S},
    {"%Y-%j", "2024-366", 1, INT64_C(1735603200) * S},
    {"%Y-%j", "2025-366", 0, 0},
    {"%I %p %Y", "12 AM 1970", 1, 0},
    {"%I %p %Y", "13 AM 1970", 0, 0},
    {"%s.%f", "1735787045.5", 1, AT *S + 500000},
    {"100%% %Y", "100% 1970", 1, 0},
};

static void texts_are_read_as_their_format_says(void)
{
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        const struct reading *r = &readings[i];
        struct times times;
        int64_t us = 0;
        const char *why = times_parse(r->format, 1, &times);
        CU_ASSERT_PTR_NULL(why);
        /* a text has no end of its own: what is behind it is not looked at */
        char *text = malloc(strlen(r->text) + 1);
        memcpy(text, r->text, strlen(r->text));
        text[strlen(r->text)] = '7';
        int is_time = times_get(text, strlen(r->text), &times, &us);
        if (is_time != r->is_time || (is_time && us != r->us))
            printf("%s by %s: %d %lld, not %d %lld\n", r->text, r->format, is_time, (long long)us,
                   r->is_time, (long long)r->us);
        CU_ASSERT(is_time == r->is_time && (!is_time || us == r->us));
        free(text);
    }
}

static void expect_text(const char *format, int64_t us, const char *wanted)
{
    struct times times;
    char text[TIMES_MAX];
    CU_ASSERT_PTR_NULL(times_parse(format, 0, &times));
    *times_put(text, &times, us) = 0;
    if (strcmp(text, wanted) != 0)
        printf("%s: %s, not %s\n", format, text, wanted);
    CU_ASSERT_STRING_EQUAL(text, wanted);
}

static void times_are_written_as_their_format_says(void)
{
    expect_text("us", AT * S, "1735787045000000");
    expect_text("ms", AT * S + 123400, "1735787045123.4");
    expect_text("ms", INT64_MIN, "-9223372036854775.808");
    expect_text("s", AT * S, "1735787045");
    expect_text("s", -1, "-0.000001");
    expect_text("s", AT * S + 120000, "1735787045.12");
    expect_text("iso", AT * S, "2025-01-02T03:04:05Z");
    expect_text("iso", AT * S + 120000, "2025-01-02T03:04:05.120Z");
    expect_text("iso", AT * S + 1, "2025-01-02T03:04:05.000001Z");
    expect_text("iso", -1, "1969-12-31T23:59:59.999999Z");
    expect_text("iso", INT64_MIN, "-290308-12-21T19:59:05.224192Z");
    expect_text("%d.%m.%Y %H:%M:%S", AT * S + 999999, "02.01.2025 03:04:05");
    expect_text("%a %A %b %B %e %j %k %l %p %I", AT * S,
                "Thu Thursday Jan January  2 002  3  3 AM 03");
    expect_text("%a %p %I %y %D %R %T %F %s %f %z %Z %%", 13 * 3600 * S,
                "Thu PM 01 70 01/01/70 13:00 13:00:00 1970-01-01 46800 000000 +0000 UTC %");
    expect_text("%a %s", -1, "Wed -1");
    expect_text("%H", 0, "00");
}

static void random_times_are_read_as_they_were_written(void)
{
    static const char *const formats[] = {"us",         "ms",    "s",          "iso",
                                          "%FT%T.%f%z", "%s.%f", "%Y %j %T %f"};
    struct gy_rng rng;
    gy_rng_init(&rng, 3);
    for (int i = 0; i < 200000; i++) {
        const char *format = formats[(size_t)i % (sizeof formats / sizeof *formats)];
        int64_t us = (int64_t)gy_rng_next(&rng) >> gy_rng_below(&rng, 60), back = 0;
        struct times times;
        char text[TIMES_MAX];
        times_parse(format, 1, &times);
        size_t n = (size_t)(times_put(text, &times, us) - text);
        if (!times_get(text, n, &times, &back) || back != us)
            printf("%s: %.*s of %lld is %lld\n", format, (int)n, text, (long long)us,
                   (long long)back);
        CU_ASSERT_EQUAL_FATAL(back, us);
    }
}

static void formats_that_cannot_be_are_told(void)
{
    static const struct {
        const char *format;
        int reads;
        const char *says;
    } cases[] = {
        {"isoo", 1, "is none of \"us\", \"ms\", \"s\", \"iso\""},
        {"", 1, "is none of"},
        {"%Q %Y", 1, "none of %Y %y"},
        {"%Y %", 1, "none of"},
        {"%H:%M", 1, "does not say which year"},
        {"%Y%Y%Y%Y%Y%Y%Y%Y%Y%Y%Y%Y%Y%Y%Y%Y%Y", 0, "is too long"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct times times;
        const char *why = times_parse(cases[i].format, cases[i].reads, &times);
        CU_ASSERT_PTR_NOT_NULL_FATAL(why);
        CU_ASSERT_PTR_NOT_NULL(strstr(why, cases[i].says));
    }
    struct times times;
    CU_ASSERT_PTR_NULL(times_parse("%H:%M", 0, &times));
    CU_ASSERT_PTR_NULL(times_parse(NULL, 1, &times));
    CU_ASSERT_EQUAL(times.kind, TIMES_US);
}

static const struct suite_test tests[] = {
    SUITE_TEST(texts_are_read_as_their_format_says),
    SUITE_TEST(times_are_written_as_their_format_says),
    SUITE_TEST(random_times_are_read_as_they_were_written),
    SUITE_TEST(formats_that_cannot_be_are_told),
};
SUITE_MAIN("plugin_times", tests)
