/* plugins/file/base64.c: see base64.h. */
#include "base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *base64_put(char *to, const char *bytes, size_t n)
{
    const uint8_t *b = (const uint8_t *)bytes;
    for (; n >= 3; n -= 3, b += 3) {
        *to++ = digits[b[0] >> 2];
        *to++ = digits[(b[0] & 3) << 4 | b[1] >> 4];
        *to++ = digits[(b[1] & 15) << 2 | b[2] >> 6];
        *to++ = digits[b[2] & 63];
    }
    if (n == 0)
        return to;
    uint8_t second = n == 2 ? b[1] : 0;
    *to++ = digits[b[0] >> 2];
    *to++ = digits[(b[0] & 3) << 4 | second >> 4];
    *to++ = n == 2 ? digits[(second & 15) << 2] : '=';
    *to++ = '=';
    return to;
}

void base64_write(struct output *o, const char *bytes, size_t n)
{
    const size_t whole = 3 * 4096; /* 3 divides a piece, so that only the last one is padded */
    while (n != 0) {
        size_t piece = n < whole ? n : whole;
        output_used(o, base64_put(output_room(o, 4 * 4096), bytes, piece));
        bytes += piece;
        n -= piece;
    }
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

int64_t base64_get(char *to, const char *at, size_t n)
{
    size_t padding = n >= 2 && at[n - 1] == '=' ? 1u + (at[n - 2] == '=') : 0, made = 0;
    uint32_t bits = 0;
    if (n % 4 != 0)
        return -1;
    for (size_t i = 0; i < n - padding; i++) {
        int digit = digit_of(at[i]);
        if (digit < 0)
            return -1;
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 == 0) /* its six bits complete no byte */
            continue;
        if (to != NULL)
            to[made] = (char)(bits >> (6 - 2 * (i % 4)));
        made++;
    }
    return (int64_t)made;
}
