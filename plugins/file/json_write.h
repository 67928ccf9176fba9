/* plugins/file/json_write.h: rows as JSON lines.
 *
 * Fields in the schema's order; `time` is a number, or a string where `times` says so, bytes are base64. JSON has no nan and no inf:
 * they are null. Bytes of a str that are no UTF-8 become U+FFFD, one for each maximal part of a
 * character (as Unicode, chapter 3.9, recommends). Line ends in strings are escaped: a row is a
 * line. */
#ifndef GYRE_PLUGIN_FILE_JSON_WRITE_H
#define GYRE_PLUGIN_FILE_JSON_WRITE_H

#include "output.h"
#include "times.h"

/* The text before a field's value: `{"name":` or `,"name":`. Writes it at `to` unless that is NULL,
 * and returns its length. */
size_t json_write_label(char *to, const char *name, int is_first);

/* Writes the kept rows of a batch, whose columns have these types and labels. */
void json_write_rows(struct output *o, const struct times *times, const struct gyre_batch *in,
                     uint32_t n, const uint32_t *types, const char *const *labels);

#endif
