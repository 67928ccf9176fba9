/* plugins/file/base64.h: bytes as text (RFC 4648, with padding). */
#ifndef GYRE_PLUGIN_FILE_BASE64_H
#define GYRE_PLUGIN_FILE_BASE64_H

#include "output.h"

/* Writes n bytes as text at `to`, which has room for (n + 2) / 3 * 4; returns where it ends. */
char *base64_put(char *to, const char *bytes, size_t n);

/* Reads text of n bytes; returns how many bytes it means, -1 where it is none. They are written to
 * `to`, unless it is NULL; it may be `at`. */
int64_t base64_get(char *to, const char *at, size_t n);

/* Writes n bytes as text to `o`. */
void base64_write(struct output *o, const char *bytes, size_t n);

#endif
