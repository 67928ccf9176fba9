/* Bytes: a growable writer, a bounded reader, a checksum.
 *
 * All numbers are little-endian whatever the machine. Errors are sticky: a sequence of puts or gets
 * runs to its end and is judged once, by `failed`. A failed reader hands out zeros and empty
 * strings, so truncated or corrupt input leads to an error and never out of bounds.
 *
 *   u8 u16 u32 u64 i64     1, 2, 4, 8, 8 bytes
 *   f64                    8 bytes, the bits of the double
 *   varint                 1 to 10 bytes, 7 bits each, low first, top bit: more follow
 *   bytes                  as they are
 *   str                    u32 length, then the bytes
 *
 * The writer is also how text is put together: gy_buf_text, gy_buf_printf.
 *
 * Invariants: len <= cap <= max; a failed object does not change any more but by reset.
 */
#ifndef GY_BASE_BUF_H
#define GY_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** A writer; zeroed, it is valid, empty and unbounded. Owned by one thread. */
struct gy_buf {
    uint8_t *data;
    size_t len, cap;
    size_t max;  /* bytes it may grow to; 0: no bound */
    bool failed; /* no memory, or beyond max */
};

/** Starts an empty writer that may grow to `max` bytes; 0: no bound. */
void gy_buf_init(struct gy_buf *b, size_t max);

/** Frees the memory and leaves an empty writer. */
void gy_buf_fini(struct gy_buf *b);

/** Forgets the content and the error, and keeps the memory. */
void gy_buf_reset(struct gy_buf *b);

/** Makes room for `more` bytes beyond `len`. Called by gy_buf_claim.
 *  Errors:  -1 and `failed` without memory or beyond `max` */
int gy_buf_grow(struct gy_buf *b, size_t more);

/** Appends `n` bytes for the caller to fill.
 *  Owns:    the writer; valid until the next put
 *  Errors:  NULL and `failed` */
static inline uint8_t *gy_buf_claim(struct gy_buf *b, size_t n)
{
    if ((b->failed || b->cap - b->len < n) && gy_buf_grow(b, n) < 0)
        return NULL;
    uint8_t *at = b->data + b->len;
    b->len += n;
    return at;
}

/** Gives the memory away and leaves an empty writer.
 *  Owns:    the caller, freed with gy_free; NULL for an empty or failed writer
 *  Errors:  NULL when failed */
uint8_t *gy_buf_take(struct gy_buf *b, size_t *len);

/** Ends the content with a zero byte that does not count and gives it as a string.
 *  Owns:    the writer; valid until the next put
 *  Errors:  NULL and `failed` */
const char *gy_buf_cstr(struct gy_buf *b);

void gy_buf_u8(struct gy_buf *b, uint8_t v);
void gy_buf_u16(struct gy_buf *b, uint16_t v);
void gy_buf_u32(struct gy_buf *b, uint32_t v);
void gy_buf_u64(struct gy_buf *b, uint64_t v);
void gy_buf_i64(struct gy_buf *b, int64_t v);
void gy_buf_f64(struct gy_buf *b, double v);
void gy_buf_varint(struct gy_buf *b, uint64_t v);
void gy_buf_bytes(struct gy_buf *b, const void *p, size_t n);

/** Puts a str: u32 length, then the bytes.
 *  Errors:  `failed` also when `n` does not fit 32 bits */
void gy_buf_str(struct gy_buf *b, const void *p, size_t n);

/** Appends the bytes of a string, without its zero byte. */
void gy_buf_text(struct gy_buf *b, const char *s);

/** Appends formatted text, without a zero byte; while it works it needs room for one. */
void gy_buf_printf(struct gy_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Overwrites four bytes put earlier at `offset`, as for a length known only at the end.
 *  Errors:  `failed` when they are not there */
void gy_buf_patch_u32(struct gy_buf *b, size_t offset, uint32_t v);

struct gy_checksum_run;

/** A reader over borrowed bytes. Owned by one thread. */
struct gy_reader {
    const uint8_t *at, *end;
    bool failed; /* read beyond the end, or a malformed number */
};

/** Starts reading `n` bytes at `p`, which must outlive the reader. */
void gy_reader_init(struct gy_reader *r, const void *p, size_t n);

/** Tells how many bytes are left; 0 when failed. */
size_t gy_reader_left(const struct gy_reader *r);

uint8_t gy_reader_u8(struct gy_reader *r);
uint16_t gy_reader_u16(struct gy_reader *r);
uint32_t gy_reader_u32(struct gy_reader *r);
uint64_t gy_reader_u64(struct gy_reader *r);
int64_t gy_reader_i64(struct gy_reader *r);
double gy_reader_f64(struct gy_reader *r);

/** Reads a varint.
 *  Errors:  `failed` also for one beyond 64 bits or longer than it need be */
uint64_t gy_reader_varint(struct gy_reader *r);

/** Steps over `n` bytes and gives where they begin.
 *  Owns:    borrowed from the bytes being read
 *  Errors:  `failed`, and NULL */
const uint8_t *gy_reader_bytes(struct gy_reader *r, size_t n);

/** Reads a str and gives its bytes and length.
 *  Owns:    borrowed from the bytes being read; no zero byte at the end
 *  Errors:  an empty string and `failed` */
const char *gy_reader_str(struct gy_reader *r, size_t *n);

/** Gives the XXH3-64 of `n` bytes with seed 0. The result is the same on every machine.
 *  Thread:  [any] */
uint64_t gy_checksum(const void *p, size_t n);

/** The same over bytes that come in pieces: new, add ..., end.
 *  Owns:    the caller, freed with gy_free
 *  Errors:  NULL without memory */
struct gy_checksum_run *gy_checksum_new(void);
void gy_checksum_add(struct gy_checksum_run *run, const void *p, size_t n);

/** The checksum of all that was added so far. */
uint64_t gy_checksum_end(const struct gy_checksum_run *run);

#endif
