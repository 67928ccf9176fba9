/* plugins/lua/calls.c: see calls.h. Strings that are made live until the next row (page.h). */
#include "calls.h"
#include "calls_library.h"
#include "page.h"

#include "../../runtime/base/number.h"

#include <ctype.h>
#include <math.h>

#include "../file/times.h"

/* ---- numbers ----------------------------------------------------------------------------------- */

/* LuaJIT's compiler makes i64(a + b) the sum of two i64, which is not exact. */
static int64_t truncated(double x)
{
    return (int64_t)x;
}

static double modulo(double a, double b)
{
    double r = fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static double power(double a, double b)
{
    return pow(a, b);
}

static double round_to(double x, int64_t digits)
{
    if (digits == 0 || !isfinite(x))
        return round(x);
    if (digits > 308 || digits < -308)
        return digits > 0 ? x : 0;
    double scale = pow(10, (double)(digits < 0 ? -digits : digits));
    double scaled = digits > 0 ? x * scale : x / scale;
    if (!isfinite(scaled))
        return x;
    return digits > 0 ? round(scaled) / scale : round(scaled) * scale;
}

/* Digits below 0 round tens, hundreds and so on. */
static int32_t round_integer(struct run *run, int64_t x, int64_t digits)
{
    uint64_t scale = 1, n = x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
    run->i = digits < -19 ? 0 : x;
    if (digits >= 0 || digits < -19)
        return 0;
    for (int64_t d = digits; d < 0; d++)
        scale *= 10;
    uint64_t rest = n % scale, base = n - rest;
    int up = rest >= scale - rest && rest != 0;
    if (up && base > UINT64_MAX - scale)
        return -1;
    base += up ? scale : 0;
    if (base > (uint64_t)INT64_MAX + (x < 0))
        return -1;
    run->i = x < 0 ? (int64_t)(0 - base) : (int64_t)base;
    return 0;
}

/* ---- whole strings ----------------------------------------------------------------------------- */

static int32_t equal(const struct gyre_str *a, const struct gyre_str *b)
{
    return gyre_str_equal(a, b);
}

static int32_t compare(const struct gyre_str *a, const struct gyre_str *b)
{
    return gyre_str_compare(a, b);
}

/* Puts a str that was made out: what is longer than a reference holds goes into the output's arena. */
static int32_t put(struct run *run, uint32_t row, const struct gyre_str *s)
{
    ((struct gyre_str *)run->out)[row] =
        s->len <= GYRE_STR_INLINE ? *s : gyre_out_str(run->to, s->u.ptr, s->len);
    return 0;
}

static int32_t concat(struct run *run, struct gyre_str *to, const struct gyre_str *a,
                      const struct gyre_str *b)
{
    size_t n = (size_t)a->len + b->len;
    char inside[GYRE_STR_INLINE], *p = inside;
    if (n > GYRE_STR_INLINE && (p = page_take(run, n)) == NULL)
        return -1;
    memcpy(p, gyre_str_data(a), a->len);
    memcpy(p + a->len, gyre_str_data(b), b->len);
    *to = gyre_str_view(p, (uint32_t)n);
    return 0;
}

static int32_t map_bytes(struct run *run, struct gyre_str *to, const struct gyre_str *s, char first)
{
    char inside[GYRE_STR_INLINE], *p = inside;
    const char *from = gyre_str_data(s);
    if (s->len > GYRE_STR_INLINE && (p = page_take(run, s->len)) == NULL)
        return -1;
    for (uint32_t i = 0; i < s->len; i++)
        p[i] = (char)((unsigned char)(from[i] - first) < 26 ? from[i] ^ 0x20 : from[i]);
    *to = gyre_str_view(p, s->len);
    return 0;
}

static int32_t lower(struct run *run, struct gyre_str *to, const struct gyre_str *s)
{
    return map_bytes(run, to, s, 'A');
}

static int32_t upper(struct run *run, struct gyre_str *to, const struct gyre_str *s)
{
    return map_bytes(run, to, s, 'a');
}

/* ---- parts ------------------------------------------------------------------------------------- */

static int is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A part of `s`, of which short ones are copied: `to` may be the place of `s`. */
static void set_part(struct gyre_str *to, const struct gyre_str *s, uint32_t from, uint32_t n)
{
    struct gyre_str whole = *s;
    *to = gyre_str_view(gyre_str_data(&whole) + from, n);
}

static int32_t trim(struct run *run, struct gyre_str *to, const struct gyre_str *s)
{
    const char *p = gyre_str_data(s);
    uint32_t from = 0, end = s->len;
    (void)run;
    while (from < end && is_blank(p[from]))
        from++;
    while (end > from && is_blank(p[end - 1]))
        end--;
    set_part(to, s, from, end - from);
    return 0;
}

static int32_t substr(struct run *run, struct gyre_str *to, const struct gyre_str *s, int64_t from,
                      int64_t n)
{
    int64_t len = s->len;
    (void)run;
    if (from < 0)
        from = from < -len ? 1 : len + 1 + from;
    if (from == 0)
        from = 1;
    if (from > len || n <= 0)
        set_part(to, s, 0, 0);
    else
        set_part(to, s, (uint32_t)(from - 1), (uint32_t)(n < len - from + 1 ? n : len - from + 1));
    return 0;
}

static int32_t starts(struct run *run, const struct gyre_str *s, const struct gyre_str *with)
{
    (void)run;
    return s->len >= with->len && memcmp(gyre_str_data(s), gyre_str_data(with), with->len) == 0;
}

static int32_t ends(struct run *run, const struct gyre_str *s, const struct gyre_str *with)
{
    (void)run;
    return s->len >= with->len &&
           memcmp(gyre_str_data(s) + (s->len - with->len), gyre_str_data(with), with->len) == 0;
}

static int32_t contains(struct run *run, const struct gyre_str *s, const struct gyre_str *part)
{
    (void)run;
    return part->len == 0 ||
           memmem(gyre_str_data(s), s->len, gyre_str_data(part), part->len) != NULL;
}

static int32_t replace(struct run *run, struct gyre_str *to, const struct gyre_str *s,
                       const struct gyre_str *what, const struct gyre_str *by)
{
    const char *p = gyre_str_data(s), *end = p + s->len, *w = gyre_str_data(what);
    const char *with = gyre_str_data(by), *hit;
    uint64_t hits = 0, n = s->len;
    for (const char *at = p; what->len != 0 && (hit = memmem(at, (size_t)(end - at), w, what->len));
         at = hit + what->len)
        hits++;
    n = n - hits * what->len + hits * by->len;
    char *made = page_take(run, n), *q = made;
    if (made == NULL)
        return -1;
    while (hits-- > 0 && (hit = memmem(p, (size_t)(end - p), w, what->len)) != NULL) {
        memcpy(q, p, (size_t)(hit - p));
        q += hit - p;
        memcpy(q, with, by->len);
        q += by->len;
        p = hit + what->len;
    }
    memcpy(q, p, (size_t)(end - p));
    *to = gyre_str_view(made, (uint32_t)n);
    return 0;
}

/* ---- like -------------------------------------------------------------------------------------- */

/* The bytes of the character that begins at `p`: one for what is no UTF-8. */
static uint32_t character(const char *p, const char *end)
{
    unsigned char c = (unsigned char)*p;
    uint32_t n = c < 0xc0 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
    if (n > (size_t)(end - p))
        return 1;
    for (uint32_t i = 1; i < n; i++)
        if (((unsigned char)p[i] & 0xc0) != 0x80)
            return 1;
    return n;
}

/* Goes back to the last % only: the product of both lengths at worst. */
static int32_t like(struct run *run, const struct gyre_str *s, const struct gyre_str *pattern)
{
    const char *p = gyre_str_data(pattern), *p_end = p + pattern->len;
    const char *at = gyre_str_data(s), *end = at + s->len;
    const char *star = NULL, *star_at = NULL;
    (void)run;
    while (at < end || p < p_end) {
        if (p < p_end && *p == '%') {
            star = ++p;
            star_at = at;
            continue;
        }
        const char *literal = p < p_end && *p == '\\' && p + 1 < p_end ? p + 1 : p;
        if (p < p_end && at < end && ((literal == p && *p == '_') || *literal == *at)) {
            at += literal == p && *p == '_' ? character(at, end) : 1;
            p = literal + 1;
            continue;
        }
        if (star == NULL || star_at >= end)
            return 0;
        p = star;
        at = ++star_at;
    }
    return 1;
}

/* ---- as text, and of text ---------------------------------------------------------------------- */

static int32_t set_text(struct run *run, struct gyre_str *to, const char *text, size_t n)
{
    char *p = n > GYRE_STR_INLINE ? page_take(run, n) : NULL;
    if (n > GYRE_STR_INLINE && p == NULL)
        return -1;
    if (p != NULL)
        memcpy(p, text, n);
    *to = gyre_str_view(p != NULL ? p : text, (uint32_t)n);
    return 0;
}

static int32_t text_of_i64(struct run *run, struct gyre_str *to, int64_t v)
{
    char text[GY_NUMBER_MAX];
    return set_text(run, to, text, gy_number_format_i64(text, v));
}

static int32_t text_of_f64(struct run *run, struct gyre_str *to, double v)
{
    char text[GY_NUMBER_MAX];
    return set_text(run, to, text, gy_number_format_f64(text, v));
}

static int32_t text_of_bool(struct run *run, struct gyre_str *to, int32_t v)
{
    return set_text(run, to, v ? "true" : "false", v ? 4 : 5);
}

static int32_t text_of_time(struct run *run, struct gyre_str *to, int64_t v)
{
    static const struct times iso = {TIMES_ISO, NULL};
    char text[TIMES_MAX];
    return set_text(run, to, text, (size_t)(times_put(text, &iso, v) - text));
}

static int32_t i64_of_text(struct run *run, const struct gyre_str *s)
{
    return gy_number_parse_i64(gyre_str_data(s), s->len, &run->i);
}

static int32_t f64_of_text(struct run *run, const struct gyre_str *s)
{
    return gy_number_parse_f64(gyre_str_data(s), s->len, &run->f);
}

static int32_t bool_of_text(struct run *run, const struct gyre_str *s)
{
    const char *p = gyre_str_data(s);
    int is_true = s->len == 4 && memcmp(p, "true", 4) == 0;
    run->i = is_true;
    return is_true || (s->len == 5 && memcmp(p, "false", 5) == 0) ? 0 : -1;
}

/* ISO 8601, or an integer of µs. */
static int32_t time_of_text(struct run *run, const struct gyre_str *s)
{
    static const struct times us = {TIMES_US, NULL};
    return times_get(gyre_str_data(s), s->len, &us, &run->i) ? 0 : -1;
}

/* ---- the table --------------------------------------------------------------------------------- */

const struct calls calls_table = {
#define CALLS_ENTRY(result, name, arguments) .name = (name),
    CALLS(CALLS_ENTRY)
#undef CALLS_ENTRY
};

#define TEXT(...)                            #__VA_ARGS__
#define CALLS_TEXT(result, name, arguments)  TEXT(result) "(*" #name ")" TEXT(arguments) ";\n"
#define CALLS_TEXT2(result, name, arguments) CALLS_TEXT(result, name, arguments)

const char calls_cdef[] = "struct calls {\n" CALLS(CALLS_TEXT2) "};\n";
