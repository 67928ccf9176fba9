/* plugins/file/lines.h: formats "lines" and "json", a row per line. */
#ifndef GYRE_PLUGIN_FILE_LINES_H
#define GYRE_PLUGIN_FILE_LINES_H

#include "reader.h"

/* Puts out at most *budget rows of what is in the input; returns READ_... or a code. */
int32_t lines_read(struct reader *r, struct gyre_ctx *ctx, uint32_t *budget);

#endif
