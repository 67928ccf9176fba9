/* plugins/file/csv_write.h: rows as CSV (RFC 4180, lines end in LF).
 *
 * A field is quoted where it holds a delimiter, quote, CR or LF, or is an empty string; null is nothing
 * at all. */
#ifndef GYRE_PLUGIN_FILE_CSV_WRITE_H
#define GYRE_PLUGIN_FILE_CSV_WRITE_H

#include "csv_style.h"
#include "output.h"

/* Writes the names of the fields. */
void csv_write_header(struct output *o, const struct csv_style *style, uint32_t n,
                      const char *const *names);

/* Writes the kept rows of a batch, whose columns have these types. */
void csv_write_rows(struct output *o, const struct csv_style *style, const struct gyre_batch *in,
                    uint32_t n, const uint32_t *types);

#endif
