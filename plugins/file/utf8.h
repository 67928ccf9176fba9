/* plugins/file/utf8.h: what is UTF-8 (RFC 3629: no overlong forms, no surrogates, up to U+10FFFF). */
#ifndef GYRE_PLUGIN_FILE_UTF8_H
#define GYRE_PLUGIN_FILE_UTF8_H

#include <gyre/gyre.h>

/* The length of the character at the front of n > 0 bytes. Where there is none, 0, and in `bad` how
 * many bytes belong to the attempt (1 ... 3). */
unsigned utf8_character(const char *at, size_t n, unsigned *bad);

/* How many bytes at the front are UTF-8: n where all are. */
size_t utf8_valid(const char *at, size_t n);

#endif
