/* plugins/file/write_state.h: file.write's snapshots: items of state, and transactions. */
#ifndef GYRE_PLUGIN_FILE_WRITE_STATE_H
#define GYRE_PLUGIN_FILE_WRITE_STATE_H

#include "sink.h"

/* The callbacks of struct gyre_operator. */
int32_t write_save(void *self, struct gyre_ctx *ctx, struct gyre_writer *writer,
                   void (*next_item)(struct gyre_writer *writer));
int32_t write_restore(void *self, struct gyre_ctx *ctx, uint32_t version,
                      struct gyre_reader *reader);
int32_t write_prepare(void *self, struct gyre_ctx *ctx, const char *txn,
                      struct gyre_writer *writer);
int32_t write_commit(void *self, struct gyre_ctx *ctx, const char *txn, struct gyre_reader *reader);
int32_t write_abort(void *self, struct gyre_ctx *ctx, const char *txn, struct gyre_reader *reader);

#endif
