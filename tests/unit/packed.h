/* Files compressed by hand, without a library: gzip members of stored blocks, zstd frames of raw and of
 * repeated ones. So what a reader makes of them is known for every byte. */
#ifndef TESTS_UNIT_PACKED_H
#define TESTS_UNIT_PACKED_H

#include <stddef.h>
#include <stdint.h>

/* As file.read's and file.write's `compression`. */
enum { PACKED_AUTO, PACKED_NONE, PACKED_GZIP, PACKED_ZSTD };

struct packed {
    uint8_t *bytes; /* free() it */
    size_t n;
    size_t size;
};

/** Appends one frame of n < 65536 bytes. */
void packed_frame(struct packed *to, int codec, const void *bytes, size_t n);

/** Appends a text in frames of at most `piece` bytes each. */
void packed_text(struct packed *to, int codec, const char *text, size_t piece);

/** Appends a frame of zstd that holds `blocks` times 128 KiB of `c`, four bytes each, and says that it
 *  needs a window of 2^window_log bytes. */
void packed_bomb(struct packed *to, char c, size_t blocks, int window_log);

void packed_add(struct packed *to, const void *bytes, size_t n);

#endif
