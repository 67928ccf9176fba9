/* plugins/file/follow.h: files that grow, and are rotated: `follow = true`, as `tail -F`.
 *
 * A followed file is looked at every FOLLOW_US; one that has something new becomes ranges[0] and is
 * read to its end, then another's turn comes. */
#ifndef GYRE_PLUGIN_FILE_FOLLOW_H
#define GYRE_PLUGIN_FILE_FOLLOW_H

#include "reader.h"

#define FOLLOW_US 100000

/* Opens, as the input, a range that has something to read. 1: done; 0: none has; or a code. */
int32_t follow_start(struct reader *r, struct gyre_ctx *ctx);

/* The input has come to where its file ends for now: keeps what a partial line needs, and closes the
 * input. */
int32_t follow_suspend(struct reader *r, struct gyre_ctx *ctx);

/* The input has come to the end of a file that will not grow: goes over to its successor. */
void follow_switch(struct reader *r, struct gyre_ctx *ctx);

/* Writes and reads the part of a position that says where a followed file stands. */
void follow_save(struct reader *r, struct range *range, struct gyre_writer *writer);
int32_t follow_restore(struct range *range, struct gyre_ctx *ctx, struct gyre_reader *position);

/* Closes and frees. */
void follow_drop(struct range *range, struct gyre_ctx *ctx);

#endif
