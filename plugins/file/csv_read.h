/* plugins/file/csv_read.h: format "csv", a row per record. */
#ifndef GYRE_PLUGIN_FILE_CSV_READ_H
#define GYRE_PLUGIN_FILE_CSV_READ_H

#include "reader.h"

/* Makes `r->csv` for the schema. */
int32_t csv_open(struct reader *r, struct gyre_ctx *ctx);
void csv_close(struct reader *r, struct gyre_ctx *ctx);
/* A file begins: its header is expected. */
void csv_begin(struct reader *r);
/* True until the header has been read. */
int csv_wants_header(const struct reader *r);

/* Puts out at most *budget rows of what is in the input; returns READ_... or a code. */
int32_t csv_read(struct reader *r, struct gyre_ctx *ctx, uint32_t *budget);

#endif
