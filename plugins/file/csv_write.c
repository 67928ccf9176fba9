/* plugins/file/csv_write.c: see csv_write.h. */
#include "csv_write.h"
#include "base64.h"
#include "number.h"

/* A byte order mark too: at the start of a file an unquoted one is no part of the text. */
static int needs_quotes(const struct csv_style *style, const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (at[i] == style->delimiter || (uint8_t)at[i] == style->quote || at[i] == '\r' ||
            at[i] == '\n')
            return 1;
    return n == 0 || (n >= 3 && memcmp(at, "\xef\xbb\xbf", 3) == 0);
}

static void put_quoted(struct output *o, char quote, const char *at, size_t n)
{
    output_put(o, &quote, 1);
    for (;;) {
        const char *inside = n != 0 ? memchr(at, quote, n) : NULL;
        if (inside == NULL)
            break;
        size_t with = (size_t)(inside - at) + 1;
        output_put(o, at, with);
        output_put(o, &quote, 1);
        at += with;
        n -= with;
    }
    output_put(o, at, n);
    output_put(o, &quote, 1);
}

static void put_str(struct output *o, const struct csv_style *style, const char *at, size_t n)
{
    if (needs_quotes(style, at, n))
        put_quoted(o, (char)style->quote, at, n);
    else
        output_put(o, at, n);
}

/* What stands in base64 may be the delimiter. */
static void put_bytes(struct output *o, const struct csv_style *style, const char *at, size_t n)
{
    char quote = (char)style->quote;
    int is_quoted = n == 0 || style->delimiter == '/' || style->delimiter == '=';
    if (is_quoted)
        output_put(o, &quote, 1);
    base64_write(o, at, n);
    if (is_quoted)
        output_put(o, &quote, 1);
}

static void put_text(struct output *o, const struct csv_style *style, uint32_t type,
                     const struct gyre_str *s)
{
    if (type == GYRE_TYPE_bytes)
        put_bytes(o, style, gyre_str_data(s), s->len);
    else
        put_str(o, style, gyre_str_data(s), s->len);
}

static void put_time(struct output *o, const struct csv_style *style, int64_t us)
{
    char text[TIMES_MAX];
    put_str(o, style, text, (size_t)(times_put(text, &style->times, us) - text));
}

static char *put_bool(char *to, int value)
{
    memcpy(to, value ? "true" : "false", 5);
    return to + (value ? 4 : 5);
}

/* Writes a value and what follows it. */
static inline void put_field(struct output *o, const struct csv_style *style,
                             const struct gyre_column *column, uint32_t type, uint32_t row,
                             char separator)
{
    const void *data = column->data;
    if (gyre_type_is_str(type) && (column->valid == NULL || column->valid[row]))
        put_text(o, style, type, (const struct gyre_str *)data + row);
    if (type == GYRE_TYPE_time && style->times.kind != TIMES_US) {
        if (column->valid == NULL || column->valid[row])
            put_time(o, style, ((const int64_t *)data)[row]);
        type = GYRE_TYPE_str;
    }
    char *at = output_room(o, NUMBER_MAX + 1);
    if (column->valid == NULL || column->valid[row]) {
        switch (type) {
        case GYRE_TYPE_bool: at = put_bool(at, ((const uint8_t *)data)[row]); break;
        case GYRE_TYPE_i32: at = number_put_i64(at, ((const int32_t *)data)[row]); break;
        case GYRE_TYPE_i64:
        case GYRE_TYPE_time: at = number_put_i64(at, ((const int64_t *)data)[row]); break;
        case GYRE_TYPE_f64: at = number_put_f64(at, ((const double *)data)[row]); break;
        default: break;
        }
    }
    *at = separator;
    output_used(o, at + 1);
}

void csv_write_header(struct output *o, const struct csv_style *style, uint32_t n,
                      const char *const *names)
{
    for (uint32_t i = 0; i < n; i++) {
        put_str(o, style, names[i], strlen(names[i]));
        output_put(o, i + 1 < n ? &style->delimiter : "\n", 1);
    }
}

void csv_write_rows(struct output *o, const struct csv_style *style, const struct gyre_batch *in,
                    uint32_t n, const uint32_t *types)
{
    GYRE_ROWS(in, row)
    {
        for (uint32_t i = 0; i < n; i++)
            put_field(o, style, &in->columns[i], types[i], row,
                      i + 1 < n ? style->delimiter : '\n');
    }
}
