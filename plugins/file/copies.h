/* plugins/file/copies.h: copies that rotation makes before it truncates, where `path` means them too.
 *
 *     app.log    | read | not yet |            | new ...|           truncated
 *     app.log.1                    | read | not yet |               the copy, a new file by its inode
 *
 * A new file that holds what has been read of another is held back. Where the other is truncated
 * then, the copy is read on in its place, and the other goes on from its start behind it. Where it
 * comes to differ, or nothing happens for `rotate_wait`, it is a file of its own. One of which the
 * other bears the name and something behind it (app.log, app.log.1) is none: it is its successor. */
#ifndef GYRE_PLUGIN_FILE_COPIES_H
#define GYRE_PLUGIN_FILE_COPIES_H

#include "known.h"

/* True while a file of `size` bytes, of which nothing has been read, has to be held back. */
int copies_hold(struct follow *f, struct gyre_ctx *ctx, struct known *k, uint64_t size);
/* `k` was truncated: its copy, if there is one, takes its place. */
int32_t copies_claim(struct follow *f, struct gyre_ctx *ctx, struct known *k);
/* A copy has been read to its end: with its last line the truncated file begins. */
int32_t copies_hand_over(struct follow *f, struct gyre_ctx *ctx, struct known *k);

#endif
