/* plugins/file/json_text.c: see json_text.h. */
#include "json_text.h"
#include "utf8.h"

/* The four hexadecimal digits of an escape; -1 where they are none (yajl will say so). */
static int32_t hex4(const char *at, size_t n)
{
    int32_t v = 0;
    for (size_t i = 0; i < 4; i++) {
        int c = i < n ? at[i] | 0x20 : 0;
        if (c >= '0' && c <= '9')
            v = v * 16 + c - '0';
        else if (c >= 'a' && c <= 'f')
            v = v * 16 + c - 'a' + 10;
        else
            return -1;
    }
    return v;
}

/* True where every escaped surrogate has its other half: yajl makes '?' of one that has not. The
 * text begins with an escape. */
static int surrogates_pair(const char *at, size_t n)
{
    int high = 0;
    for (size_t i = 0; i < n;) {
        if (at[i] != '\\') {
            const char *next = memchr(at + i, '\\', n - i);
            if (high || next == NULL)
                return !high;
            i = (size_t)(next - at);
        }
        int32_t unit = i + 1 < n && at[i + 1] == 'u' ? hex4(at + i + 2, n - i - 2) : -1;
        int is_low = unit >= 0xdc00 && unit <= 0xdfff;
        if (high != is_low)
            return 0;
        high = unit >= 0xd800 && unit <= 0xdbff;
        i += unit >= 0 ? 6 : 2;
    }
    return !high;
}

int json_text_sound(const char *at, size_t n, char *why, size_t size)
{
    size_t valid = utf8_valid(at, n);
    if (valid < n) {
        snprintf(why, size, "byte 0x%02x at %zu is no UTF-8", (uint8_t)at[valid], valid);
        return 0;
    }
    const char *escape = n != 0 ? memchr(at, '\\', n) : NULL;
    if (escape == NULL || surrogates_pair(escape, n - (size_t)(escape - at)))
        return 1;
    snprintf(why, size, "an escape is half of a surrogate pair");
    return 0;
}
