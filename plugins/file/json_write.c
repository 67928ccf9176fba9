/* plugins/file/json_write.c: see json_write.h. By hand: no library writes doubles with the fewest
 * digits, nor U+FFFD, and all copy a row more often. */
#include "json_write.h"
#include "base64.h"
#include "number.h"
#include "utf8.h"
#include <math.h>

#define ESCAPE_MAX 6 /* \u001f */

static const char hex[] = "0123456789abcdef";

/* Writes the escape of a control character, quote or backslash. */
static char *put_escape(char *to, char c)
{
    *to++ = '\\';
    switch (c) {
    case '"':
    case '\\': *to = c; return to + 1;
    case '\n': *to = 'n'; return to + 1;
    case '\r': *to = 'r'; return to + 1;
    case '\t': *to = 't'; return to + 1;
    default: break;
    }
    memcpy(to, "u00", 3);
    to[3] = hex[(uint8_t)c >> 4];
    to[4] = hex[c & 15];
    return to + 5;
}

/* How many bytes at the front stand for themselves, being ASCII. */
static size_t plain_run(const char *at, size_t n)
{
    size_t i = 0;
    while (i < n && (uint8_t)at[i] >= 0x20 && (uint8_t)at[i] < 0x80 && at[i] != '"' &&
           at[i] != '\\')
        i++;
    return i;
}

/* Writes the character at the front, which is no plain one; returns its bytes. */
static size_t put_special(struct output *o, const char *at, size_t n)
{
    unsigned bad = 0, length = utf8_character(at, n, &bad);
    char *to = output_room(o, ESCAPE_MAX);
    if (length == 1) {
        output_used(o, put_escape(to, *at));
        return 1;
    }
    memcpy(to, length != 0 ? at : "\xef\xbf\xbd", length != 0 ? length : 3);
    output_used(o, to + (length != 0 ? length : 3));
    return length != 0 ? length : bad;
}

static void put_str(struct output *o, const char *at, size_t n)
{
    output_put(o, "\"", 1);
    for (;;) {
        size_t run = plain_run(at, n);
        output_put(o, at, run);
        at += run;
        n -= run;
        if (n == 0)
            break;
        size_t used = put_special(o, at, n);
        at += used;
        n -= used;
    }
    output_put(o, "\"", 1);
}

static void put_bytes(struct output *o, const char *at, size_t n)
{
    output_put(o, "\"", 1);
    base64_write(o, at, n);
    output_put(o, "\"", 1);
}

static char *put_word(char *to, const char *word)
{
    size_t n = strlen(word);
    memcpy(to, word, n);
    return to + n;
}

static void put_time(struct output *o, const struct times *times, int64_t us)
{
    char text[TIMES_MAX];
    size_t n = (size_t)(times_put(text, times, us) - text);
    if (times->kind == TIMES_ISO || times->kind == TIMES_PATTERN)
        put_str(o, text, n);
    else
        output_put(o, text, n);
}

static void put_value(struct output *o, const struct times *times, uint32_t type, const void *data,
                      uint32_t row)
{
    const struct gyre_str *s = (const struct gyre_str *)data + row;
    char *at = output_room(o, NUMBER_MAX);
    switch (type) {
    case GYRE_TYPE_bool: at = put_word(at, ((const uint8_t *)data)[row] ? "true" : "false"); break;
    case GYRE_TYPE_i32: at = number_put_i64(at, ((const int32_t *)data)[row]); break;
    case GYRE_TYPE_i64: at = number_put_i64(at, ((const int64_t *)data)[row]); break;
    case GYRE_TYPE_time:
        if (times->kind != TIMES_US) {
            put_time(o, times, ((const int64_t *)data)[row]);
            return;
        }
        at = number_put_i64(at, ((const int64_t *)data)[row]);
        break;
    case GYRE_TYPE_f64: {
        double v = ((const double *)data)[row];
        at = isfinite(v) ? number_put_f64(at, v) : put_word(at, "null");
        break;
    }
    case GYRE_TYPE_bytes: put_bytes(o, gyre_str_data(s), s->len); return;
    default: put_str(o, gyre_str_data(s), s->len); return;
    }
    output_used(o, at);
}

size_t json_write_label(char *to, const char *name, int is_first)
{
    char scratch[ESCAPE_MAX];
    size_t n = 0;
    const char *front = is_first ? "{\"" : ",\"";
    for (size_t i = 0; i < 2; i++, n++)
        if (to != NULL)
            to[n] = front[i];
    for (; *name != 0; name++) {
        int is_plain = (uint8_t)*name >= 0x20 && *name != '"' && *name != '\\';
        char *at = to != NULL ? to + n : scratch, *end = at + 1;
        *at = *name;
        if (!is_plain)
            end = put_escape(at, *name);
        n += (size_t)(end - at);
    }
    if (to != NULL)
        memcpy(to + n, "\":", 3);
    return n + 2;
}

void json_write_rows(struct output *o, const struct times *times, const struct gyre_batch *in,
                     uint32_t n, const uint32_t *types, const char *const *labels)
{
    GYRE_ROWS(in, row)
    {
        for (uint32_t i = 0; i < n; i++) {
            const struct gyre_column *column = &in->columns[i];
            output_put(o, labels[i], strlen(labels[i]));
            if (column->valid != NULL && !column->valid[row])
                output_put(o, "null", 4);
            else
                put_value(o, times, types[i], column->data, row);
        }
        output_put(o, "}\n", 2);
    }
}
