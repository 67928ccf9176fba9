/* plugins/file/utf8.c: see utf8.h. */
#include "utf8.h"

#define HIGH_BITS 0x8080808080808080u

unsigned utf8_character(const char *at, size_t n, unsigned *bad)
{
    const uint8_t *b = (const uint8_t *)at;
    uint8_t low = 0x80, high = 0xbf; /* what the second byte may be */
    unsigned length = b[0] >= 0xf0 ? 4 : b[0] >= 0xe0 ? 3 : 2;
    *bad = 1;
    if (b[0] < 0x80)
        return 1;
    if (b[0] < 0xc2 || b[0] > 0xf4)
        return 0;
    if (b[0] == 0xe0)
        low = 0xa0;
    if (b[0] == 0xed)
        high = 0x9f;
    if (b[0] == 0xf0)
        low = 0x90;
    if (b[0] == 0xf4)
        high = 0x8f;
    for (unsigned i = 1; i < length; i++) {
        if (i == n || b[i] < low || b[i] > high)
            return 0;
        *bad = i + 1;
        low = 0x80;
        high = 0xbf;
    }
    return length;
}

size_t utf8_valid(const char *at, size_t n)
{
    size_t i = 0;
    while (i < n) {
        uint64_t word = 0;
        if (n - i >= sizeof word) {
            memcpy(&word, at + i, sizeof word);
            if ((word & HIGH_BITS) == 0) {
                i += sizeof word;
                continue;
            }
        }
        unsigned bad, length = utf8_character(at + i, n - i, &bad);
        if (length == 0)
            return i;
        i += length;
    }
    return n;
}
