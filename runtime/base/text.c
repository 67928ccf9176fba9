/* Units are tables, so that parsing, printing and the messages that list them cannot drift; see
 * text.h. */
#include "base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

struct unit {
    const char *name;
    int64_t worth;
};

struct quantity {
    const char *what, *units_text, *example;
    const struct unit *units; /* ascending, the first worth 1 */
    size_t n_units;
};

static const struct unit duration_units[] = {
    {"us", 1},
    {"ms", 1000},
    {"s", 1000000},
    {"m", INT64_C(60) * 1000000},
    {"h", INT64_C(3600) * 1000000},
    {"d", INT64_C(86400) * 1000000},
};

static const struct unit size_units[] = {
    {"B", 1},
    {"KiB", INT64_C(1) << 10},
    {"MiB", INT64_C(1) << 20},
    {"GiB", INT64_C(1) << 30},
    {"TiB", INT64_C(1) << 40},
};

#define N(array) (sizeof(array) / sizeof *(array))

static const struct quantity durations = {"duration", "us, ms, s, m, h and d", "10ms",
                                          duration_units, N(duration_units)};
static const struct quantity sizes = {"size", "B, KiB, MiB, GiB and TiB", "64KiB", size_units,
                                      N(size_units)};

__attribute__((format(printf, 2, 3))) static int refuse(struct gy_why *why, const char *fmt, ...)
{
    if (why) {
        va_list args;
        va_start(args, fmt);
        vsnprintf(why->text, sizeof why->text, fmt, args);
        va_end(args);
    }
    return -1;
}

/* ---- durations and sizes ---- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const struct unit *find_unit(const struct quantity *q, const char *name)
{
    for (size_t i = 0; i < q->n_units; i++)
        if (strcmp(q->units[i].name, name) == 0)
            return &q->units[i];
    return NULL;
}

/* Computes digits "12" "345" as 12.345 * worth, exactly. 0, or -1 overflow, -2 not whole. */
static int scale(const char *whole, size_t n_whole, const char *fraction, size_t n_fraction,
                 int64_t worth, int64_t *out)
{
    int64_t sum = 0;
    if (gy_number_parse_i64(whole, n_whole, &sum) < 0 || __builtin_mul_overflow(sum, worth, &sum))
        return -1;
    while (n_fraction > 0 && fraction[n_fraction - 1] == '0')
        n_fraction--;
    if (n_fraction > 18)
        return -2;
    int64_t numerator = 0, denominator = 1;
    for (size_t i = 0; i < n_fraction; i++) {
        numerator = 10 * numerator + (fraction[i] - '0');
        denominator *= 10;
    }
    __int128 part = (__int128)numerator * worth;
    if (part % denominator != 0)
        return -2;
    return __builtin_add_overflow(sum, (int64_t)(part / denominator), out) ? -1 : 0;
}

static int parse_quantity(const struct quantity *q, const char *s, int64_t *out, struct gy_why *why)
{
    const char *p = s;
    while (is_digit(*p))
        p++;
    size_t n_whole = (size_t)(p - s);
    const char *fraction = p;
    size_t n_fraction = 0;
    if (*p == '.') {
        fraction = ++p;
        while (is_digit(*p))
            p++;
        n_fraction = (size_t)(p - fraction);
    }
    if (n_whole == 0 || (fraction > s + n_whole && n_fraction == 0))
        return refuse(why, "\"%.60s\" is no %s: write a number and a unit, as in \"%s\"", s,
                      q->what, q->example);
    if (*p == '\0')
        return refuse(why, "\"%.60s\" has no unit: the units of a %s are %s, as in \"%s\"", s,
                      q->what, q->units_text, q->example);
    const struct unit *unit = find_unit(q, p);
    if (!unit)
        return refuse(why, "\"%.60s\" has an unknown unit \"%.60s\": the units of a %s are %s", s,
                      p, q->what, q->units_text);
    int64_t result;
    switch (scale(s, n_whole, fraction, n_fraction, unit->worth, &result)) {
    case -1:
        return refuse(why, "\"%.60s\" is too large for a %s: the limit is 2^63 %s", s, q->what,
                      q->units[0].name);
    case -2:
        return refuse(why, "\"%.60s\" is no whole number of %s, the smallest unit of a %s", s,
                      q->units[0].name, q->what);
    default: *out = result; return 0;
    }
}

int gy_text_parse_duration(const char *s, int64_t *us, struct gy_why *why)
{
    return parse_quantity(&durations, s, us, why);
}

int gy_text_parse_size(const char *s, int64_t *bytes, struct gy_why *why)
{
    if (strcmp(s, "0") == 0) {
        *bytes = 0;
        return 0;
    }
    return parse_quantity(&sizes, s, bytes, why);
}

int gy_text_parse_i64(const char *s, int64_t *v, struct gy_why *why)
{
    if (gy_number_parse_i64(s, strlen(s), v) == 0)
        return 0;
    double number;
    bool is_number = gy_number_parse_f64(s, strlen(s), &number) == 0;
    if (is_number && !strpbrk(s, ".eEnN"))
        return refuse(why, "\"%.60s\" is beyond the 64 bits of a whole number", s);
    return refuse(why, "\"%.60s\" is no whole number", s);
}

int gy_text_parse_f64(const char *s, double *v, struct gy_why *why)
{
    if (gy_number_parse_f64(s, strlen(s), v) == 0)
        return 0;
    return refuse(why, "\"%.60s\" is no number", s);
}

int gy_text_parse_bool(const char *s, bool *v, struct gy_why *why)
{
    bool is_true = strcmp(s, "true") == 0;
    if (!is_true && strcmp(s, "false") != 0)
        return refuse(why, "\"%.60s\" is neither true nor false", s);
    *v = is_true;
    return 0;
}

/* ---- for people ---- */

/* Writes v / worth with at most `decimals` digits after the point, rounded, none of them a last 0. */
static size_t put_ratio(char *out, uint64_t v, uint64_t worth, unsigned decimals)
{
    uint64_t ten = 1;
    for (unsigned i = 0; i < decimals; i++)
        ten *= 10;
    unsigned __int128 scaled = ((unsigned __int128)v * ten + worth / 2) / worth;
    size_t n = gy_number_format_u64(out, (uint64_t)(scaled / ten));
    uint64_t rest = (uint64_t)(scaled % ten);
    if (rest == 0)
        return n;
    out[n++] = '.';
    for (ten /= 10; rest > 0; ten /= 10) {
        out[n++] = (char)('0' + rest / ten);
        rest %= ten;
    }
    out[n] = '\0';
    return n;
}

/* Takes the largest unit that is not above v, and the next one where rounding would reach it. */
static size_t put_quantity(char *out, const struct quantity *q, uint64_t v, unsigned decimals)
{
    size_t i = q->n_units - 1;
    while (i > 0 && v < (uint64_t)q->units[i].worth)
        i--;
    size_t n = put_ratio(out, v, (uint64_t)q->units[i].worth, decimals);
    if (i + 1 < q->n_units &&
        strtoull(out, NULL, 10) * (uint64_t)q->units[i].worth >= (uint64_t)q->units[i + 1].worth)
        n = put_ratio(out, v, (uint64_t)q->units[++i].worth, decimals);
    size_t unit = strlen(q->units[i].name);
    memcpy(out + n, q->units[i].name, unit + 1);
    return n + unit;
}

size_t gy_text_format_duration(char *out, int64_t us)
{
    bool negative = us < 0;
    if (negative)
        *out++ = '-';
    return negative + put_quantity(out, &durations, negative ? -(uint64_t)us : (uint64_t)us, 3);
}

size_t gy_text_format_size(char *out, uint64_t bytes)
{
    return put_quantity(out, &sizes, bytes, 2);
}

size_t gy_text_format_count(char *out, uint64_t n)
{
    static const struct {
        char suffix;
        uint64_t worth;
    } scales[] = {
        {'k', 1000},
        {'M', 1000000},
        {'G', 1000000000},
        {'T', UINT64_C(1000000000000)},
        {'P', UINT64_C(1000000000000000)},
        {'E', UINT64_C(1000000000000000000)},
    };
    if (n < 1000)
        return gy_number_format_u64(out, n);
    /* Three digits: the scale is left where rounding would show a fourth. */
    size_t i = 0;
    while (i + 1 < N(scales) && n >= scales[i].worth * 1000 - scales[i].worth / 2)
        i++;
    uint64_t worth = scales[i].worth;
    unsigned decimals = n < 10 * worth ? 2 : n < 100 * worth ? 1 : 0;
    size_t len = put_ratio(out, n, worth, decimals);
    out[len++] = scales[i].suffix;
    out[len] = '\0';
    return len;
}

static bool is_inside_character(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

const char *gy_text_shorten(char *out, size_t size, const char *text)
{
    size_t n = strlen(text), head = (size - 4) / 3, tail = n - (size - 4 - head);
    if (n < size)
        return memcpy(out, text, n + 1);
    while (head > 0 && is_inside_character(text[head]))
        head--;
    while (is_inside_character(text[tail]))
        tail++;
    memcpy(out, text, head);
    memcpy(out + head, "...", 3);
    memcpy(out + head + 3, text + tail, n - tail + 1);
    return out;
}

/* ---- the environment ---- */

static bool is_name(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        bool letter = (p[i] >= 'a' && p[i] <= 'z') || (p[i] >= 'A' && p[i] <= 'Z') || p[i] == '_';
        if (!letter && !(i > 0 && is_digit(p[i])))
            return false;
    }
    return n > 0;
}

/* Appends the value of the reference between the braces at [p, end). */
static int expand_one(struct gy_buf *b, const char *p, const char *end, struct gy_why *why)
{
    size_t n = 0;
    while (p + n < end && p[n] != ':')
        n++;
    bool has_default = p + n + 1 < end && p[n] == ':' && p[n + 1] == '-';
    bool nested = memmem(p, (size_t)(end - p), "${", 2) != NULL;
    if (nested || !is_name(p, n) || (p + n < end && !has_default))
        return refuse(why,
                      "\"${%.*s}\" is malformed: write ${NAME} or ${NAME:-default}, not nested",
                      (int)(end - p < 60 ? end - p : 60), p);
    char *name = gy_strndup(p, n);
    if (!name) {
        b->failed = true;
        return -1;
    }
    const char *value = getenv(name);
    int result = 0;
    if (value && (*value || !has_default))
        gy_buf_text(b, value);
    else if (has_default)
        gy_buf_bytes(b, p + n + 2, (size_t)(end - (p + n + 2)));
    else
        result = refuse(why,
                        "environment variable %.60s is not set: set it, or write "
                        "${%.60s:-default}",
                        name, name);
    gy_free(name);
    return result;
}

char *gy_text_expand_env(const char *s, struct gy_why *why)
{
    struct gy_buf b = {0};
    int result = 0;
    while (*s && result == 0) {
        if (strncmp(s, "$${", 3) == 0) {
            gy_buf_text(&b, "${");
            s += 3;
        } else if (strncmp(s, "${", 2) == 0) {
            const char *end = strchr(s, '}');
            if (end)
                result = expand_one(&b, s + 2, end, why);
            else
                result = refuse(why, "\"%.60s\" lacks the closing }", s);
            s = end ? end + 1 : s;
        } else {
            gy_buf_u8(&b, (uint8_t)*s++);
        }
    }
    gy_buf_u8(&b, 0);
    size_t len;
    char *text = result == 0 ? (char *)gy_buf_take(&b, &len) : NULL;
    if (b.failed || (result == 0 && !text))
        refuse(why, "out of memory");
    gy_buf_fini(&b);
    return text;
}

/* ---- UTF-8 and JSON strings ---- */

/* Only the second byte's range varies. */
int gy_text_utf8(const void *text, size_t n)
{
    const unsigned char *p = text;
    unsigned char c = p[0], low = 0x80, high = 0xbf;
    if (c < 0x80)
        return 1;
    if (c < 0xc2 || c > 0xf4)
        return -1;
    int want = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (c == 0xe0)
        low = 0xa0;
    else if (c == 0xed)
        high = 0x9f;
    else if (c == 0xf0)
        low = 0x90;
    else if (c == 0xf4)
        high = 0x8f;
    for (int i = 1; i < want; i++, low = 0x80, high = 0xbf)
        if ((size_t)i >= n || p[i] < low || p[i] > high)
            return -i;
    return want;
}

static void put_escape(struct gy_buf *b, unsigned char c)
{
    static const char short_forms[] = {['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r',
                                       ['\t'] = 't', ['"'] = '"',  ['\\'] = '\\'};
    if (c < sizeof short_forms && short_forms[c]) {
        gy_buf_u8(b, '\\');
        gy_buf_u8(b, (uint8_t)short_forms[c]);
    } else {
        gy_buf_printf(b, "\\u%04x", c);
    }
}

void gy_text_json_string(struct gy_buf *b, const char *p, size_t n)
{
    const unsigned char *at = (const unsigned char *)p;
    size_t run = 0; /* bytes at `at` that stand for themselves */
    gy_buf_u8(b, '"');
    while (run < n) {
        unsigned char c = at[run];
        int len = gy_text_utf8(at + run, n - run);
        bool plain = len > 0 && c >= 0x20 && c != '"' && c != '\\';
        if (plain) {
            run += (size_t)len;
            continue;
        }
        gy_buf_bytes(b, at, run);
        if (len < 0)
            gy_buf_text(b, "\xef\xbf\xbd");
        else
            put_escape(b, c);
        size_t step = run + (size_t)(len < 0 ? -len : len);
        at += step;
        n -= step;
        run = 0;
    }
    gy_buf_bytes(b, at, run);
    gy_buf_u8(b, '"');
}
