/* plugins/file/json_read.h: format "json", a row per line. */
#ifndef GYRE_PLUGIN_FILE_JSON_READ_H
#define GYRE_PLUGIN_FILE_JSON_READ_H

#include "reader.h"

/* Why json cannot be read by this build; NULL where it can. */
const char *json_lacks(void);

/* Makes `r->json` for the schema. */
int32_t json_open(struct reader *r, struct gyre_ctx *ctx);
void json_close(struct reader *r, struct gyre_ctx *ctx);

/* Puts out the line of `n` bytes at the front of the input, or reports it. The byte behind the line
 * is the input's; the line is used up by the caller. A code, where the reader cannot go on. */
int32_t json_line(struct reader *r, struct gyre_ctx *ctx, size_t n, uint32_t *budget);

#endif
