/* plugins/file/unpack.h: the bytes that a compressed file holds, read in order.
 *
 * A file is one frame behind another (gzip calls them members). Reading can begin at any of them, so
 * a place in what the file holds is that of a frame, and how far behind its begin it is:
 *
 *     file      | frame      | frame   | frame ...
 *     holds     |            |     x             |
 *                             ^^^^^ read again, and dropped
 *
 * Two such places are kept: of a frame that begins before what has been used, and of one that is
 * further, which becomes the first when the reader has come to it. The bytes of a file whose codec is
 * not known yet, for it is a pipe, are looked at when they come. */
#ifndef GYRE_PLUGIN_FILE_UNPACK_H
#define GYRE_PLUGIN_FILE_UNPACK_H

#include "codec.h"

#define UNPACK_BUFFER (128u << 10)
#define UNPACK_WHY    192

/* Where a frame begins. */
struct frame_place {
    uint64_t at;     /* in the file */
    uint64_t offset; /* in what it holds */
};

struct unpack {
    int32_t codec;
    int fd;
    int is_stream;
    int in_frame;
    int is_dry;       /* all that the decoder made of what it was given has been put out */
    int at_end;       /* nothing comes any more */
    int error;        /* errno */
    size_t at;        /* what lies before has been given to the decoder */
    size_t n;         /* bytes in the buffer */
    uint64_t read_to; /* in the file, behind the buffer */
    uint64_t offset;  /* in what it holds, behind what was put out */
    void *decoder;    /* of the library */
    struct frame_place first;
    struct frame_place next;
    char why[UNPACK_WHY]; /* it is damaged */
    uint8_t buffer[UNPACK_BUFFER];
};

/* UNPACK_DAMAGED: `why` says where. UNPACK_FAILED: `error` says why. */
enum { UNPACK_OK, UNPACK_WAIT, UNPACK_DAMAGED, UNPACK_FAILED };

/* Begins with the frame at `from`. `u` is large: the caller's memory, which need not be zeroed. */
void unpack_begin(struct unpack *u, int32_t codec, int fd, int is_stream, struct frame_place from);

/* Puts at most `room` bytes at `to`, and their number into *n: perhaps none, also before the end, so that
 * no call takes long, whatever the file holds. `used`: what precedes is not going to be asked for. */
int32_t unpack_read(struct unpack *u, char *to, size_t room, uint64_t used, size_t *n);

/* Where to begin again for what is behind `used`. */
struct frame_place unpack_place(const struct unpack *u, uint64_t used);

/* How much of the file has been made use of. */
static inline uint64_t unpack_taken(const struct unpack *u)
{
    return u->read_to - (u->n - u->at);
}

void unpack_end(struct unpack *u);

#endif
