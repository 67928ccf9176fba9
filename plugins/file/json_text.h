/* plugins/file/json_text.h: what yajl is lax in, looked at before it reads a text. */
#ifndef GYRE_PLUGIN_FILE_JSON_TEXT_H
#define GYRE_PLUGIN_FILE_JSON_TEXT_H

#include <gyre/gyre.h>

/* True where n bytes are UTF-8 and no escape is half of a surrogate pair; else the reason is in `why`, which has
 * `size` bytes. */
int json_text_sound(const char *at, size_t n, char *why, size_t size);

#endif
