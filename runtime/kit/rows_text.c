/* Rows out of text, and schemas; see rows.h, and gyre/testkit.h for the form. */
#include "kit/rows.h"

#include "base/mem.h"
#include "base/number.h"

#include <gyre/error.h>
#include <stdio.h>

/* The text at hand. A value is collected without its quotes and escapes. */
struct text {
    struct gy_rows *rows;
    const char *at;
    unsigned line;
    struct gy_buf value;
    struct gy_why *why;
};

static int refuse(struct text *t, const char *format, const char *what)
{
    int n = snprintf(t->why->text, sizeof t->why->text, "row %u: ", t->line);
    snprintf(t->why->text + n, sizeof t->why->text - (size_t)n, format, what);
    return GYRE_EINVAL;
}

static void skip_blanks(struct text *t)
{
    while (*t->at == ' ' || *t->at == '\t' || *t->at == '\r')
        t->at++;
}

/* ---- values ---- */

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

static int decode_base64(struct gy_buf *value)
{
    uint32_t bits = 0, n = 0;
    size_t to = 0;
    for (size_t i = 0; i < value->len && value->data[i] != '='; i++) {
        int digit = digit_of((char)value->data[i]);
        if (digit < 0)
            return -1;
        bits = bits << 6 | (uint32_t)digit;
        n += 6;
        if (n >= 8)
            value->data[to++] = (uint8_t)(bits >> (n -= 8));
    }
    value->len = to;
    return 0;
}

/* `v`: room for a value of any type. */
static int read_value(struct text *t, const struct gyre_field *field, bool json, void *v)
{
    const char *p = gy_buf_cstr(&t->value);
    size_t n = t->value.len;
    int64_t number = 0;
    bool truth = false;
    int code = 0;
    if (p == NULL)
        return GYRE_ENOMEM;
    switch (field->type) {
    case GYRE_TYPE_bool:
        code = gy_text_parse_bool(p, &truth, NULL);
        *(uint8_t *)v = truth;
        break;
    case GYRE_TYPE_i32:
        code = gy_number_parse_i64(p, n, &number) != 0 || number != (int32_t)number ? -1 : 0;
        *(int32_t *)v = (int32_t)number;
        break;
    case GYRE_TYPE_f64: code = gy_number_parse_f64(p, n, v); break;
    case GYRE_TYPE_str:
    case GYRE_TYPE_bytes:
        if (field->type == GYRE_TYPE_bytes && json)
            code = decode_base64(&t->value);
        *(struct gyre_str *)v = gyre_str_view((const char *)t->value.data, (uint32_t)t->value.len);
        break;
    default:
        if (gy_number_parse_i64(p, n, v) != 0)
            code = field->type == GYRE_TYPE_time ? gy_text_parse_duration(p, v, NULL) : -1;
    }
    return code;
}

static int set_value(struct text *t, uint32_t row, uint32_t f, bool json)
{
    const struct gyre_field *field = gyre_schema_field(t->rows->schema, f);
    char name[160];
    union {
        double d;
        int64_t i;
        struct gyre_str s;
    } v = {0};
    int code = read_value(t, field, json, &v);
    if (code == GYRE_ENOMEM)
        return code;
    snprintf(name, sizeof name, "`%.40s` is no %s for `%.60s`", gy_buf_cstr(&t->value),
             gyre_type_name(field->type), field->name);
    if (code != 0)
        return refuse(t, "%s", name);
    gy_rows_set(t->rows, row, f, &v);
    return 0;
}

static int set_null(struct text *t, uint32_t row, uint32_t f)
{
    const struct gyre_field *field = gyre_schema_field(t->rows->schema, f);
    if ((field->flags & GYRE_NULLABLE) == 0)
        return refuse(t, "the field `%s` cannot be null", field->name);
    gy_rows_set(t->rows, row, f, NULL);
    return 0;
}

/* ---- CSV ---- */

static int csv_value(struct text *t, bool *quoted)
{
    gy_buf_reset(&t->value);
    *quoted = *t->at == '"';
    if (!*quoted) {
        size_t n = strcspn(t->at, ",\n");
        gy_buf_bytes(&t->value, t->at, n);
        t->at += n;
        while (t->value.len > 0 && t->value.data[t->value.len - 1] == '\r')
            t->value.len--;
        return 0;
    }
    for (t->at++; *t->at != 0; t->at++) {
        if (*t->at == '"' && *++t->at != '"')
            return 0;
        gy_buf_u8(&t->value, (uint8_t)*t->at);
    }
    return refuse(t, "%s", "a quote is not closed");
}

static int csv_row(struct text *t, uint32_t row)
{
    uint32_t n = t->rows->schema->n_fields;
    for (uint32_t f = 0; f < n; f++) {
        const struct gyre_field *field = gyre_schema_field(t->rows->schema, f);
        bool quoted;
        int code = csv_value(t, &quoted);
        bool null = t->value.len == 0 && !quoted &&
                    ((field->flags & GYRE_NULLABLE) != 0 || !gyre_type_is_str(field->type));
        if (code == 0)
            code = null ? set_null(t, row, f) : set_value(t, row, f, false);
        if (code != 0)
            return code;
        if (f + 1 < n && *t->at++ != ',')
            return refuse(t, "there are too few values: `%s` is missing",
                          gyre_schema_field(t->rows->schema, f + 1)->name);
    }
    skip_blanks(t);
    return *t->at == 0 || *t->at == '\n' ? 0 : refuse(t, "%s", "there are too many values");
}

/* ---- JSON ---- */

static void put_utf8(struct gy_buf *into, uint32_t c)
{
    if (c < 0x80) {
        gy_buf_u8(into, (uint8_t)c);
    } else if (c < 0x800) {
        gy_buf_u8(into, (uint8_t)(0xc0 | c >> 6));
        gy_buf_u8(into, (uint8_t)(0x80 | (c & 63)));
    } else {
        gy_buf_u8(into, (uint8_t)(0xe0 | c >> 12));
        gy_buf_u8(into, (uint8_t)(0x80 | (c >> 6 & 63)));
        gy_buf_u8(into, (uint8_t)(0x80 | (c & 63)));
    }
}

static int json_escape(struct text *t)
{
    static const char letters[] = "ntrbf", means[] = "\n\t\r\b\f";
    const char *letter = *t->at != 0 ? strchr(letters, *t->at) : NULL;
    unsigned c;
    if (letter != NULL) {
        gy_buf_u8(&t->value, (uint8_t)means[letter - letters]);
    } else if (*t->at == 'u' && sscanf(t->at + 1, "%4x", &c) == 1) {
        put_utf8(&t->value, c);
        t->at += 4;
    } else if (*t->at == '"' || *t->at == '\\' || *t->at == '/') {
        gy_buf_u8(&t->value, (uint8_t)*t->at);
    } else {
        return refuse(t, "%s", "`\\` and what comes after it is no JSON");
    }
    return 0;
}

static int json_string(struct text *t)
{
    int code = 0;
    gy_buf_reset(&t->value);
    for (t->at++; code == 0 && *t->at != '"'; t->at++) {
        if (*t->at == 0)
            return refuse(t, "%s", "a string is not closed");
        if (*t->at != '\\')
            gy_buf_u8(&t->value, (uint8_t)*t->at);
        else if (t->at++, (code = json_escape(t)) != 0)
            return code;
    }
    t->at++;
    return code;
}

static int json_member(struct text *t, uint32_t row)
{
    char name[128];
    skip_blanks(t);
    if (*t->at != '"' || json_string(t) != 0)
        return refuse(t, "%s", "the name of a field is missing");
    snprintf(name, sizeof name, "%s", gy_buf_cstr(&t->value));
    int32_t f = gyre_schema_find(t->rows->schema, name);
    if (f < 0)
        return refuse(t, "there is no field `%s`", name);
    skip_blanks(t);
    if (*t->at++ != ':')
        return refuse(t, "a colon is missing after `%s`", name);
    skip_blanks(t);
    if (*t->at == '"') {
        int code = json_string(t);
        return code != 0 ? code : set_value(t, row, (uint32_t)f, true);
    }
    size_t n = strcspn(t->at, ",} \t\r\n");
    gy_buf_reset(&t->value);
    gy_buf_bytes(&t->value, t->at, n);
    t->at += n;
    if (n == 4 && memcmp(t->value.data, "null", 4) == 0)
        return set_null(t, row, (uint32_t)f);
    return set_value(t, row, (uint32_t)f, true);
}

static int json_row(struct text *t, uint32_t row)
{
    t->at++;
    skip_blanks(t);
    while (*t->at != '}') {
        int code = json_member(t, row);
        if (code != 0)
            return code;
        skip_blanks(t);
        if (*t->at == ',')
            t->at++;
        else if (*t->at != '}')
            return refuse(t, "%s", "a `}` is missing");
    }
    t->at++;
    skip_blanks(t);
    for (uint32_t f = 0; f < t->rows->schema->n_fields; f++) {
        const struct gyre_field *field = gyre_schema_field(t->rows->schema, f);
        if (gy_rows_is_null(t->rows, row, f) && (field->flags & GYRE_NULLABLE) == 0)
            return refuse(t, "the field `%s` is missing", field->name);
    }
    return *t->at == 0 || *t->at == '\n' ? 0 : refuse(t, "%s", "something comes after the `}`");
}

static int read_row(struct text *t)
{
    int64_t time_us = 0;
    if (*t->at == '@') {
        size_t n = strcspn(++t->at, " \t\n");
        gy_buf_reset(&t->value);
        gy_buf_bytes(&t->value, t->at, n);
        const char *time = gy_buf_cstr(&t->value);
        t->at += n;
        if (gy_number_parse_i64(time, n, &time_us) != 0 &&
            gy_text_parse_duration(time, &time_us, NULL) != 0)
            return refuse(t, "`@%s` is no time: write @5s, or a number of µs", time);
        skip_blanks(t);
    }
    uint32_t row = gy_rows_add(t->rows, time_us);
    return *t->at == '{' ? json_row(t, row) : csv_row(t, row);
}

int gy_rows_parse(struct gy_rows *rows, const char *text, struct gy_why *why)
{
    struct text t = {.rows = rows, .at = text, .line = 1, .why = why};
    int code = text != NULL ? 0 : GYRE_EINVAL;
    if (text == NULL)
        snprintf(why->text, sizeof why->text, "the rows are NULL");
    while (code == 0 && *t.at != 0) {
        skip_blanks(&t);
        if (*t.at == '\n') {
            t.at++;
            continue;
        }
        if (*t.at == 0)
            break;
        code = read_row(&t);
        t.line++;
    }
    if (code == 0 && t.value.failed)
        code = GYRE_ENOMEM;
    gy_buf_fini(&t.value);
    return code;
}

/* ---- schemas ---- */

int gy_rows_schema_text(const char *text, struct gy_buf *into, struct gy_why *why)
{
    const char *before = "(";
    while (*text != 0) {
        char name[128], type[16];
        int used = 0;
        if (sscanf(text, " %127[^:, ] : %15[a-z0-9]%n", name, type, &used) != 2) {
            snprintf(why->text, sizeof why->text,
                     "`%.60s` is no field: write NAME: TYPE, or NAME: TYPE or null", text);
            return -1;
        }
        text += used;
        bool nullable = strncmp(text, " or null", 8) == 0;
        text += nullable ? 8 : 0;
        gy_buf_printf(into, "%s{name = \"%s\"; type = \"%s\"; nullable = %s;}", before, name, type,
                      nullable ? "true" : "false");
        before = ", ";
        text += strspn(text, " ");
        if (*text == ',')
            text += 1 + strspn(text + 1, " ");
        else if (*text != 0) {
            snprintf(why->text, sizeof why->text, "a comma is missing before `%.60s`", text);
            return -1;
        }
    }
    gy_buf_text(into, before[0] == '(' ? "()" : ")");
    return 0;
}
