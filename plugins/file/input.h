/* plugins/file/input.h: the bytes of one file, read straight into the output's arena.
 *
 * The bytes at ... end - 1 are there; what precedes `at` has been used, and rows may refer to it.
 * More are read behind `end` where the arena has room, else the unused rest is carried over to the
 * front of another arena. So a line is a view of where it was read to, and only what straddles two
 * arenas is copied.
 *
 *     arena   | lines that rows refer to | at  rest  end | room ...|
 *     then    | rest | read now ...      |
 *
 * Of a compressed file these are the bytes that it holds, and so are all offsets but those of a place's
 * frame and mark.
 *
 * Invariant: one byte behind `end` belongs to the input, for a sentinel. */
#ifndef GYRE_PLUGIN_FILE_INPUT_H
#define GYRE_PLUGIN_FILE_INPUT_H

#include "unpack.h"

/* Where to go on. */
struct input_place {
    uint64_t offset;
    uint64_t mark_at; /* in the file: to where it has been made use of */
    uint64_t mark;    /* a hash of what precedes that; 0: not known */
    struct frame_place frame;
    int32_t codec; /* CODEC_AUTO: it has not been opened */
};

struct input {
    const char *path;
    char *at;
    char *end;
    char *carry; /* holds the rest while it moves */
    size_t carry_size;
    uint64_t offset; /* of `at` in the file */
    uint64_t stop;   /* what is behind this is not read; 0: no bound */
    int fd;
    struct unpack *unpack; /* NULL: it is not compressed */
    uint64_t to_drop;      /* bytes before `offset` that have to be decompressed again */
    int is_stream;         /* a pipe or terminal: no positions, and it may have to be waited for */
    int is_open;
    int is_lent; /* `fd` is another's */
    int at_eof;  /* nothing comes after `end` */
};

#define INPUT_WAIT    1 /* nothing can be read now: wait until `fd` is readable */
#define INPUT_DAMAGED 2 /* what follows cannot be decompressed: input_why says why */

/* Opens `path` ("-": standard input) to be read from byte `offset` of what it holds on. With CODEC_AUTO
 * it may be a compressed one; `frame` is where decompressing begins, at or before the offset. */
int32_t input_open(struct input *in, struct gyre_ctx *ctx, const char *path, int32_t codec,
                   uint64_t offset, struct frame_place frame);

/* Where it stands; not of a stream. */
struct input_place input_place(const struct input *in);

static inline const char *input_why(const struct input *in)
{
    return in->unpack->why;
}

/* Goes on with an open file at byte `offset`, of which the first `n` bytes have been read before. The
 * file stays the caller's. */
int32_t input_resume(struct input *in, struct gyre_ctx *ctx, int fd, const char *path,
                     uint64_t offset, const char *bytes, size_t n);
/* Leaves a file that input_resume was given; memory is kept for the next. */
void input_pause(struct input *in);

/* Reads more behind `end`, or sets `at_eof`; of a compressed file perhaps nothing yet. Returns 0,
 * INPUT_WAIT (streams), INPUT_DAMAGED or a code. */
int32_t input_more(struct input *in, struct gyre_ctx *ctx);

void input_close(struct input *in, struct gyre_ctx *ctx);

static inline size_t input_left(const struct input *in)
{
    return (size_t)(in->end - in->at);
}

static inline void input_use(struct input *in, size_t n)
{
    in->at += n;
    in->offset += n;
}

#endif
