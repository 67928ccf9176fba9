/* See packed.h. */
#include "packed.h"

#include <stdlib.h>
#include <string.h>

void packed_add(struct packed *to, const void *bytes, size_t n)
{
    if (to->n + n > to->size) {
        to->size = 2 * (to->n + n) + 64;
        to->bytes = realloc(to->bytes, to->size);
    }
    if (n != 0)
        memcpy(to->bytes + to->n, bytes, n);
    to->n += n;
}

static void add_number(struct packed *to, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++, number >>= 8)
        packed_add(to, &(uint8_t){(uint8_t)number}, 1);
}

static uint32_t crc32_of(const uint8_t *bytes, size_t n)
{
    uint32_t crc = ~0u;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xedb88320u : 0);
    }
    return ~crc;
}

static void gzip_member(struct packed *to, const void *bytes, size_t n)
{
    static const uint8_t head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
    packed_add(to, head, sizeof head);
    add_number(to, 1, 1); /* the last block, stored */
    add_number(to, n, 2);
    add_number(to, ~n & 0xffff, 2);
    packed_add(to, bytes, n);
    add_number(to, crc32_of(bytes, n), 4);
    add_number(to, n, 4);
}

/* A segment of its own: the window is what it holds. */
static void zstd_frame(struct packed *to, const void *bytes, size_t n)
{
    add_number(to, 0xfd2fb528u, 4);
    add_number(to, 0xa0, 1); /* a size of 4 bytes */
    add_number(to, n, 4);
    add_number(to, n << 3 | 1, 3); /* the last block, raw */
    packed_add(to, bytes, n);
}

void packed_frame(struct packed *to, int codec, const void *bytes, size_t n)
{
    if (codec == PACKED_GZIP)
        gzip_member(to, bytes, n);
    else if (codec == PACKED_ZSTD)
        zstd_frame(to, bytes, n);
    else
        packed_add(to, bytes, n);
}

void packed_text(struct packed *to, int codec, const char *text, size_t piece)
{
    size_t left = strlen(text);
    do {
        size_t n = left < piece ? left : piece;
        packed_frame(to, codec, text, n);
        text += n;
        left -= n;
    } while (left != 0);
}

void packed_bomb(struct packed *to, char c, size_t blocks, int window_log)
{
    add_number(to, 0xfd2fb528u, 4);
    add_number(to, 0, 1);
    add_number(to, (uint64_t)(window_log - 10) << 3, 1);
    for (size_t i = 0; i < blocks; i++) {
        add_number(to, (uint64_t)(128 << 10) << 3 | 1 << 1 | (i + 1 == blocks), 3);
        packed_add(to, &c, 1);
    }
}
