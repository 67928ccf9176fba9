/* plugins/file/output.h: a file being written, through a buffer.
 *
 * Callers ask for room, write behind `at` and say what they used; what is larger than the buffer is
 * written past it. An error is sticky: `error` holds the first errno, later bytes are dropped, and
 * output_flush tells. */
#ifndef GYRE_PLUGIN_FILE_OUTPUT_H
#define GYRE_PLUGIN_FILE_OUTPUT_H

#include <gyre/gyre.h>

#define OUTPUT_BUFFER (64u << 10)

struct output {
    const char *path; /* for messages */
    char *buffer;
    size_t used;
    uint64_t length; /* of the file up to the buffer */
    int fd;
    int is_open;
    int error;
};

/* Allocates the buffer; nothing is open yet. */
int32_t output_init(struct output *o, struct gyre_ctx *ctx);
/* Opens `path` ("-": standard output) for writing, as `length` bytes long; `flags` as for open(2). */
int32_t output_open(struct output *o, struct gyre_ctx *ctx, const char *path, int flags);
/* Cuts a regular file to `length` bytes and goes on there; one that is shorter is refused. */
int32_t output_cut(struct output *o, struct gyre_ctx *ctx, uint64_t length);
int32_t output_flush(struct output *o, struct gyre_ctx *ctx);
/* Flushes, and waits until the file is on the disk. */
int32_t output_sync(struct output *o, struct gyre_ctx *ctx);
void output_close(struct output *o);
void output_fini(struct output *o, struct gyre_ctx *ctx);

/* Writes the buffer out. */
void output_drain(struct output *o);
/* Appends bytes of any number. */
void output_put(struct output *o, const char *bytes, size_t n);

/* Room for n <= OUTPUT_BUFFER bytes. */
static inline char *output_room(struct output *o, size_t n)
{
    if (OUTPUT_BUFFER - o->used < n)
        output_drain(o);
    return o->buffer + o->used;
}

/* What was written of the room ends at `end`. */
static inline void output_used(struct output *o, const char *end)
{
    o->used = (size_t)(end - o->buffer);
}

#endif
