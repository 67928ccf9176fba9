/* See test_cell.h. */
#include "app/test_cell.h"

#include "base/moment.h"
#include "base/number.h"
#include "base/text.h"
#include "job/value.h"

#include <math.h>
#include <string.h>

/* ---- reading ---- */

int gy_cell_read_time(const struct gy_scope *scope, const struct gy_setting *s, int64_t *us)
{
    if (s->kind == GY_SETTING_INT) {
        *us = s->int_value;
        return 0;
    }
    if (s->kind == GY_SETTING_STRING &&
        (gy_moment_parse(s->text, us) == 0 || gy_text_parse_duration(s->text, us, NULL) == 0))
        return 0;
    return gy_value_wrong(scope, s,
                          "a time: µs since 1970, \"2026-11-20T10:00:05Z\", or \"5s\" after 1970 "
                          "began");
}

static int read_f64(const struct gy_scope *scope, const struct gy_setting *s, double *v)
{
    if (s->kind != GY_SETTING_STRING)
        return gy_value_float(scope, s, v);
    if (strcmp(s->text, "nan") == 0)
        *v = (double)NAN;
    else if (strcmp(s->text, "inf") == 0)
        *v = HUGE_VAL;
    else if (strcmp(s->text, "-inf") == 0)
        *v = -HUGE_VAL;
    else
        return gy_value_wrong(scope, s, "a number, or \"nan\", \"inf\", \"-inf\"");
    return 0;
}

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Bytes of base64 at `to`, which has as many as the text; how many, -1 where it is none. */
static int64_t from_base64(char *to, const char *text)
{
    size_t n = strlen(text), len = 0;
    uint32_t bits = 0;
    if (n % 4 != 0)
        return -1;
    size_t padding = n > 0 && text[n - 1] == '=' ? 1u + (text[n - 2] == '=') : 0;
    for (size_t i = 0; i < n; i++) {
        int digit = i >= n - padding ? 0 : digit_of(text[i]);
        if (digit < 0)
            return -1;
        bits = bits << 6 | (uint32_t)digit;
        for (int shift = 16; i % 4 == 3 && shift >= 0; shift -= 8)
            to[len++] = (char)(bits >> shift & 0xff);
    }
    return (int64_t)(len - padding);
}

static int read_text(const struct gy_scope *scope, bool bytes, const struct gy_setting *s,
                     struct gy_cell *cell)
{
    const char *text;
    if (gy_value_string(scope, s, &text) != 0)
        return -1;
    int64_t n = (int64_t)strlen(text);
    char *copy = gy_arena_ctl_strndup(scope->arena, text, (size_t)n);
    if (copy == NULL)
        return -1;
    if (bytes)
        n = from_base64(copy, text);
    if (n < 0)
        return gy_value_wrong(scope, s, "bytes in base64");
    cell->v.s.p = copy;
    cell->v.s.n = (uint32_t)n;
    return 0;
}

int gy_cell_read(const struct gy_scope *scope, const struct gyre_field *field,
                 const struct gy_setting *s, struct gy_cell *cell)
{
    bool flag = false;
    *cell = (struct gy_cell){.there = true};
    if (s->kind == GY_SETTING_LIST && s->n == 0 && (field->flags & GYRE_NULLABLE) != 0) {
        cell->there = false;
        return 0;
    }
    switch (field->type) {
    case GYRE_TYPE_bool:
        if (gy_value_bool(scope, s, &flag) != 0)
            return -1;
        cell->v.i = flag;
        return 0;
    case GYRE_TYPE_i32: return gy_value_int(scope, s, INT32_MIN, INT32_MAX, &cell->v.i);
    case GYRE_TYPE_i64: return gy_value_int(scope, s, 0, 0, &cell->v.i);
    case GYRE_TYPE_f64: return read_f64(scope, s, &cell->v.f);
    case GYRE_TYPE_time: return gy_cell_read_time(scope, s, &cell->v.i);
    default: return read_text(scope, field->type == GYRE_TYPE_bytes, s, cell);
    }
}

/* ---- comparing ---- */

static bool is_near(double x, double y, double tolerance)
{
    if (isnan(x) || isnan(y))
        return isnan(x) && isnan(y);
    if (!isfinite(x) || !isfinite(y))
        return x == y;
    double scale = fmax(1, fmax(fabs(x), fabs(y)));
    return fabs(x - y) <= tolerance * scale;
}

bool gy_cell_equal(uint32_t type, const struct gy_cell *x, const struct gy_cell *y,
                   double tolerance)
{
    if (!x->there || !y->there)
        return x->there == y->there;
    if (type == GYRE_TYPE_f64)
        return is_near(x->v.f, y->v.f, tolerance);
    if (!gyre_type_is_str(type))
        return x->v.i == y->v.i;
    return x->v.s.n == y->v.s.n && (x->v.s.n == 0 || memcmp(x->v.s.p, y->v.s.p, x->v.s.n) == 0);
}

/* ---- showing ---- */

static void put_base64(struct gy_buf *b, const char *p, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (i + k < n ? (uint8_t)p[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            gy_buf_u8(b, i + k > n ? (uint8_t)'=' : (uint8_t)digits[bits >> (18 - 6 * k) & 63]);
    }
}

/* As libconfig reads it. */
static void put_escaped(struct gy_buf *b, const char *p, size_t n)
{
    for (size_t i = 0; i < n;) {
        int len = gy_text_utf8(p + i, n - i);
        uint8_t c = (uint8_t)p[i];
        if (c == '"' || c == '\\')
            gy_buf_printf(b, "\\%c", c);
        else if (c == '\n' || c == '\t' || c == '\r')
            gy_buf_text(b, c == '\n' ? "\\n" : c == '\t' ? "\\t" : "\\r");
        else if (c < 0x20 || c == 0x7f || len < 0)
            gy_buf_printf(b, "\\x%02x", c);
        else
            gy_buf_bytes(b, p + i, (size_t)len);
        i += len > 0 ? (size_t)len : 1;
    }
}

void gy_cell_text(struct gy_buf *b, uint32_t type, const struct gy_cell *cell)
{
    char text[GY_MOMENT_MAX];
    if (!cell->there) {
        gy_buf_text(b, "null");
        return;
    }
    switch (type) {
    case GYRE_TYPE_bool: gy_buf_text(b, cell->v.i != 0 ? "true" : "false"); return;
    case GYRE_TYPE_i32:
    case GYRE_TYPE_i64: gy_buf_bytes(b, text, gy_number_format_i64(text, cell->v.i)); return;
    case GYRE_TYPE_f64: gy_buf_bytes(b, text, gy_number_format_f64(text, cell->v.f)); return;
    case GYRE_TYPE_time: gy_buf_bytes(b, text, gy_moment_format(text, cell->v.i)); return;
    default: break;
    }
    gy_buf_u8(b, '"');
    if (type == GYRE_TYPE_bytes)
        put_base64(b, cell->v.s.p, cell->v.s.n);
    else
        put_escaped(b, cell->v.s.p, cell->v.s.n);
    gy_buf_u8(b, '"');
}
