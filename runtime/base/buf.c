/* The writer and the reader; see buf.h for the encoding.
 *
 * Numbers go through memcpy of a little-endian word, which compiles to one move, and where the
 * machine is big-endian to a swap and a move.
 */
#include "base/buf.h"

#include <assert.h>
#include <endian.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define XXH_INLINE_ALL
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

#include "base/mem.h"

#define CAP_MIN_BYTES ((size_t)64)

void gy_buf_init(struct gy_buf *b, size_t max)
{
    *b = (struct gy_buf){.max = max};
}

void gy_buf_fini(struct gy_buf *b)
{
    gy_free(b->data);
    gy_buf_init(b, b->max);
}

void gy_buf_reset(struct gy_buf *b)
{
    b->len = 0;
    b->failed = false;
}

int gy_buf_grow(struct gy_buf *b, size_t more)
{
    size_t max = b->max > 0 ? b->max : SIZE_MAX;
    assert(b->len <= b->cap && b->cap <= max);
    if (b->failed || more > max - b->len)
        goto fail;
    size_t need = b->len + more;
    if (need <= b->cap && b->data)
        return 0;
    size_t cap = b->cap <= max / 2 ? 2 * b->cap : max;
    if (cap < CAP_MIN_BYTES)
        cap = CAP_MIN_BYTES < max ? CAP_MIN_BYTES : max;
    if (cap < need)
        cap = need;
    uint8_t *data = gy_realloc(b->data, cap);
    if (!data)
        goto fail;
    b->data = data;
    b->cap = cap;
    return 0;
fail:
    b->failed = true;
    return -1;
}

uint8_t *gy_buf_take(struct gy_buf *b, size_t *len)
{
    uint8_t *data = NULL;
    *len = 0;
    if (!b->failed && b->len > 0) {
        data = b->data;
        *len = b->len;
        b->data = NULL;
        b->cap = 0;
    }
    gy_buf_fini(b);
    return data;
}

const char *gy_buf_cstr(struct gy_buf *b)
{
    uint8_t *end = gy_buf_claim(b, 1);
    if (!end)
        return NULL;
    *end = 0;
    b->len--;
    assert(b->len < b->cap);
    return (const char *)b->data;
}

static void put(struct gy_buf *b, const void *p, size_t n)
{
    uint8_t *to = gy_buf_claim(b, n);
    if (to)
        memcpy(to, p, n);
}

void gy_buf_u8(struct gy_buf *b, uint8_t v)
{
    put(b, &v, 1);
}

void gy_buf_u16(struct gy_buf *b, uint16_t v)
{
    v = htole16(v);
    put(b, &v, sizeof v);
}

void gy_buf_u32(struct gy_buf *b, uint32_t v)
{
    v = htole32(v);
    put(b, &v, sizeof v);
}

void gy_buf_u64(struct gy_buf *b, uint64_t v)
{
    v = htole64(v);
    put(b, &v, sizeof v);
}

void gy_buf_i64(struct gy_buf *b, int64_t v)
{
    gy_buf_u64(b, (uint64_t)v);
}

void gy_buf_f64(struct gy_buf *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    gy_buf_u64(b, bits);
}

void gy_buf_varint(struct gy_buf *b, uint64_t v)
{
    uint8_t bytes[10];
    size_t n = 0;
    while (v >= 0x80) {
        bytes[n++] = (uint8_t)(v | 0x80);
        v >>= 7;
    }
    bytes[n++] = (uint8_t)v;
    put(b, bytes, n);
}

void gy_buf_bytes(struct gy_buf *b, const void *p, size_t n)
{
    if (n > 0)
        put(b, p, n);
}

void gy_buf_str(struct gy_buf *b, const void *p, size_t n)
{
    if (n > UINT32_MAX) {
        b->failed = true;
        return;
    }
    gy_buf_u32(b, (uint32_t)n);
    gy_buf_bytes(b, p, n);
}

void gy_buf_text(struct gy_buf *b, const char *s)
{
    gy_buf_bytes(b, s, strlen(s));
}

/* Formats into the room there is, and a second time when that was too little. vsnprintf needs a
 * byte more than the text has, which is claimed and given back. */
void gy_buf_printf(struct gy_buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    size_t room = b->failed ? 0 : b->cap - b->len;
    int n = vsnprintf(room > 0 ? (char *)b->data + b->len : NULL, room, fmt, args);
    if (n < 0) {
        b->failed = true;
    } else if ((size_t)n < room) {
        b->len += (size_t)n;
    } else {
        char *to = (char *)gy_buf_claim(b, (size_t)n + 1);
        if (to) {
            vsnprintf(to, (size_t)n + 1, fmt, again);
            b->len--;
        }
    }
    va_end(again);
    va_end(args);
}

void gy_buf_patch_u32(struct gy_buf *b, size_t offset, uint32_t v)
{
    v = htole32(v);
    if (b->failed || b->len < sizeof v || offset > b->len - sizeof v)
        b->failed = true;
    else
        memcpy(b->data + offset, &v, sizeof v);
}

void gy_reader_init(struct gy_reader *r, const void *p, size_t n)
{
    const uint8_t *at = p;
    *r = (struct gy_reader){.at = at, .end = n > 0 ? at + n : at};
}

size_t gy_reader_left(const struct gy_reader *r)
{
    return r->failed ? 0 : (size_t)(r->end - r->at);
}

const uint8_t *gy_reader_bytes(struct gy_reader *r, size_t n)
{
    assert(r->at <= r->end);
    if (r->failed || (size_t)(r->end - r->at) < n) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *at = r->at;
    if (n > 0)
        r->at += n;
    return at;
}

static void get(struct gy_reader *r, void *to, size_t n)
{
    const uint8_t *from = gy_reader_bytes(r, n);
    if (from)
        memcpy(to, from, n);
    else
        memset(to, 0, n);
}

uint8_t gy_reader_u8(struct gy_reader *r)
{
    uint8_t v;
    get(r, &v, sizeof v);
    return v;
}

uint16_t gy_reader_u16(struct gy_reader *r)
{
    uint16_t v;
    get(r, &v, sizeof v);
    return le16toh(v);
}

uint32_t gy_reader_u32(struct gy_reader *r)
{
    uint32_t v;
    get(r, &v, sizeof v);
    return le32toh(v);
}

uint64_t gy_reader_u64(struct gy_reader *r)
{
    uint64_t v;
    get(r, &v, sizeof v);
    return le64toh(v);
}

int64_t gy_reader_i64(struct gy_reader *r)
{
    return (int64_t)gy_reader_u64(r);
}

double gy_reader_f64(struct gy_reader *r)
{
    uint64_t bits = gy_reader_u64(r);
    double v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

uint64_t gy_reader_varint(struct gy_reader *r)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        uint8_t byte = gy_reader_u8(r);
        if (r->failed || (shift == 63 && byte > 1) || (shift > 0 && byte == 0))
            break;
        v |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return v;
    }
    r->failed = true;
    return 0;
}

const char *gy_reader_str(struct gy_reader *r, size_t *n)
{
    size_t len = gy_reader_u32(r);
    const uint8_t *p = gy_reader_bytes(r, len);
    *n = p ? len : 0;
    return p ? (const char *)p : "";
}

uint64_t gy_checksum(const void *p, size_t n)
{
    return XXH3_64bits(p, n);
}

struct gy_checksum_run {
    XXH3_state_t state; /* wants a multiple of 64 */
};

struct gy_checksum_run *gy_checksum_new(void)
{
    struct gy_checksum_run *run = gy_alloc_aligned(sizeof *run, 64);
    if (run != NULL)
        XXH3_64bits_reset(&run->state);
    return run;
}

void gy_checksum_add(struct gy_checksum_run *run, const void *p, size_t n)
{
    XXH3_64bits_update(&run->state, p, n);
}

uint64_t gy_checksum_end(const struct gy_checksum_run *run)
{
    return XXH3_64bits_digest(&run->state);
}
