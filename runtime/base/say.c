/* A message is formatted in one go and then taken apart again at the control characters of its format:
 * what a format yields up to one of them is the beginning of what the whole yields. So whatever is
 * between two of them is text and arguments, and escaped. See say.h. */
#include "base/say.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"

enum { PIECE_BYTES = 4096, FORMAT_BYTES = 2048 };

static bool is_control(unsigned char c)
{
    return c < 0x20 || c == 0x7f;
}

/* True where the character of `len` bytes at `p` (negative: a broken one) must not be shown. */
static bool is_hostile(const unsigned char *p, int len)
{
    return len < 0 || is_control(p[0]) || (len == 2 && p[0] == 0xc2 && p[1] < 0xa0);
}

size_t gy_say_escape(char *out, size_t size, const char *text, size_t n, size_t *taken)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *p = (const unsigned char *)text;
    size_t at = 0, used = 0;
    while (used < n) {
        int len = gy_text_utf8(p + used, n - used);
        size_t bytes = (size_t)(len < 0 ? -len : len);
        bool hostile = is_hostile(p + used, len);
        if (size - at < (hostile ? 4 * bytes : bytes))
            break;
        for (size_t i = used; i < used + bytes; i++) {
            if (!hostile) {
                out[at++] = text[i];
                continue;
            }
            out[at++] = '\\';
            out[at++] = 'x';
            out[at++] = digits[p[i] >> 4];
            out[at++] = digits[p[i] & 15];
        }
        used += bytes;
    }
    *taken = used;
    return at;
}

/* ---- where a message goes ---- */

/* Collects a message and hands it on, mostly in one piece. */
struct sink {
    FILE *to; /* or */
    struct gy_buf *b;
    size_t n;
    char piece[PIECE_BYTES];
};

static void pass_on(struct sink *sink)
{
    if (sink->b != NULL)
        gy_buf_bytes(sink->b, sink->piece, sink->n);
    else if (sink->n > 0)
        fwrite(sink->piece, 1, sink->n, sink->to);
    sink->n = 0;
}

static void put_own(struct sink *sink, char c)
{
    if (sink->n == sizeof sink->piece)
        pass_on(sink);
    sink->piece[sink->n++] = c;
}

static void put_escaped(struct sink *sink, const char *text, size_t n)
{
    while (n > 0) {
        size_t taken, room = sizeof sink->piece - sink->n;
        size_t len = gy_say_escape(sink->piece + sink->n, room, text, n, &taken);
        sink->n += len;
        text += taken;
        n -= taken;
        if (n > 0)
            pass_on(sink);
    }
}

/* ---- formats ---- */

/* How many bytes the first `n` of a format yield. */
static size_t yield(const char *fmt, size_t n, va_list args)
{
    char head[FORMAT_BYTES];
    va_list again;
    assert(n < sizeof head);
    memcpy(head, fmt, n);
    head[n] = '\0';
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, head, again);
    va_end(again);
    return len > 0 ? (size_t)len : 0;
}

/* `text` is what the format yields, whole or cut. */
static void take_apart(struct sink *sink, const char *fmt, va_list args, const char *text, size_t n)
{
    size_t from = 0;
    for (size_t i = 0; fmt[i] != '\0' && from < n; i++) {
        if (!is_control((unsigned char)fmt[i]))
            continue;
        size_t until = yield(fmt, i, args);
        if (until >= n)
            break;
        put_escaped(sink, text + from, until - from);
        put_own(sink, fmt[i]);
        from = until + 1;
    }
    put_escaped(sink, text + from, n - from);
}

static void say(struct sink *sink, const char *fmt, va_list args)
{
    char room[PIECE_BYTES];
    char *longer = NULL;
    va_list again;
    va_copy(again, args);
    int wanted = vsnprintf(room, sizeof room, fmt, again);
    va_end(again);
    size_t n = wanted > 0 ? (size_t)wanted : 0;
    if (n >= sizeof room) {
        va_copy(again, args);
        longer = gy_vprintf(fmt, again);
        va_end(again);
        n = longer != NULL ? n : sizeof room - 1;
    }
    take_apart(sink, fmt, args, longer != NULL ? longer : room, n);
    pass_on(sink);
    gy_free(longer);
}

void gy_say_args(FILE *to, const char *fmt, va_list args)
{
    struct sink sink = {.to = to};
    say(&sink, fmt, args);
}

void gy_say(FILE *to, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    gy_say_args(to, fmt, args);
    va_end(args);
}

void gy_say_into(struct gy_buf *b, const char *fmt, ...)
{
    struct sink sink = {.b = b};
    va_list args;
    va_start(args, fmt);
    say(&sink, fmt, args);
    va_end(args);
}

void gy_say_data(FILE *to, const void *data, size_t n)
{
    if (n > 0)
        fwrite(data, 1, n, to);
}

void gy_say_lines(FILE *to, const char *text, size_t n)
{
    struct sink sink = {.to = to};
    while (n > 0) {
        const char *end = memchr(text, '\n', n);
        size_t line = end != NULL ? (size_t)(end - text) : n;
        put_escaped(&sink, text, line);
        if (end != NULL)
            put_own(&sink, '\n');
        line += end != NULL;
        text += line;
        n -= line;
    }
    pass_on(&sink);
}
