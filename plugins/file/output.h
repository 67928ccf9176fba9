/* plugins/file/output.h: a file being written, through a buffer.
 *
 * Callers ask for room, write behind `at` and say what they used; what is larger than the buffer is
 * written past it. An error is sticky: `error` holds the first errno, later bytes are dropped, and
 * output_flush tells.
 *
 * Where the file is going to be synced (`writes_back`) the kernel is told to begin with every
 * WRITE_BACK bytes, so that little is left to be waited for at a barrier.
 *
 * With a `pack` what is in the buffer becomes a frame of a compressed file each time it is written out;
 * `length` is that of the file then, as ever. */
#ifndef GYRE_PLUGIN_FILE_OUTPUT_H
#define GYRE_PLUGIN_FILE_OUTPUT_H

#include "pack.h"

#define OUTPUT_BUFFER (64u << 10) /* without a pack; with one it is PACK_BUFFER */
#define WRITE_BACK    (1u << 20)

struct output {
    const char *path;  /* for messages */
    struct pack *pack; /* NULL: it is not compressed; of others, too */
    char *buffer;
    size_t size;
    size_t used;
    uint64_t length;       /* of the file up to the buffer */
    uint64_t written_back; /* up to here the kernel has been told */
    int fd;
    int is_open;
    int is_new; /* the file was made, and its name is not on the disk yet */
    int writes_back;
    int error;
};

/* Allocates the buffer; nothing is open yet. */
int32_t output_init(struct output *o, struct gyre_ctx *ctx, struct pack *pack);
/* Opens `path` ("-": standard output) for writing, as `length` bytes long; `flags` as for open(2). */
int32_t output_open(struct output *o, struct gyre_ctx *ctx, const char *path, int flags);
/* The same, told by errno alone. */
int output_try(struct output *o, const char *path, int flags);
/* Opens a file that is `length` bytes long again, and goes on there; 0 or errno. */
int output_reopen(struct output *o, const char *path, uint64_t length);
/* By what the first `at` bytes of the file are known again (mark.h); 0: not a regular file, or it
 * must not be read. */
uint64_t output_mark(const struct output *o, uint64_t at);
/* Cuts a regular file to `length` bytes and goes on there; one that is shorter is refused, and one
 * whose mark there is another than `mark`, where both are known. */
int32_t output_cut(struct output *o, struct gyre_ctx *ctx, uint64_t length, uint64_t mark);
int32_t output_flush(struct output *o, struct gyre_ctx *ctx);
/* A compressed file in which nothing stands yet gets a frame of nothing: without one it is none. */
void output_put_empty(struct output *o);
/* Flushes, and has the kernel begin with what is not on its way to the disk, where it is going to be synced. */
int32_t output_begin_sync(struct output *o, struct gyre_ctx *ctx);
/* Flushes, and waits until the file is on the disk, and its name if output_open made it. */
int32_t output_sync(struct output *o, struct gyre_ctx *ctx);
void output_close(struct output *o);

/* Brings the names in a folder to the disk. */
int32_t file_sync_folder(struct gyre_ctx *ctx, const char *folder);
/* Likewise of the folder in which `path` stands, wherever links lead. */
int32_t file_sync_folder_of(struct gyre_ctx *ctx, const char *path);
void output_fini(struct output *o, struct gyre_ctx *ctx);

/* Writes the buffer out. */
void output_drain(struct output *o);
/* Appends bytes of any number. */
void output_put(struct output *o, const char *bytes, size_t n);

/* Room for n <= OUTPUT_BUFFER bytes. */
static inline char *output_room(struct output *o, size_t n)
{
    if (o->size - o->used < n)
        output_drain(o);
    return o->buffer + o->used;
}

/* What was written of the room ends at `end`. */
static inline void output_used(struct output *o, const char *end)
{
    o->used = (size_t)(end - o->buffer);
}

#endif
