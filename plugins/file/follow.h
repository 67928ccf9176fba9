/* plugins/file/follow.h: files that grow, and are rotated: `follow = true`, as `tail -F`. */
#ifndef GYRE_PLUGIN_FILE_FOLLOW_H
#define GYRE_PLUGIN_FILE_FOLLOW_H

#include "reader.h"

#define FOLLOW_US 100000

int32_t follow_open(struct reader *r, struct gyre_ctx *ctx);
void follow_close(struct reader *r, struct gyre_ctx *ctx);

/* Opens, as the input, a file that has something to read. 1: done; 0: all have been looked at; or a
 * code. */
int32_t follow_next(struct reader *r, struct gyre_ctx *ctx);

/* Reads more of the input. INPUT_WAIT: it has come to where its turn ends, and is closed. */
int32_t follow_more(struct reader *r, struct gyre_ctx *ctx);

/* The input has come to the end of a file to which nothing comes any more. */
void follow_end(struct reader *r, struct gyre_ctx *ctx);

/* Writes and reads a position: which files are known, and to where they have been read. */
void follow_save(const struct reader *r, struct gyre_writer *writer);
int32_t follow_restore(struct reader *r, struct gyre_ctx *ctx, struct gyre_reader *position);

#endif
