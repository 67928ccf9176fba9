/* plugins/file/csv_head.h: the header of a csv file, and its first rows, as they are looked at before the
 * job starts: so a file without a column that the job needs is found by `gyre check`. */
#ifndef GYRE_PLUGIN_FILE_CSV_HEAD_H
#define GYRE_PLUGIN_FILE_CSV_HEAD_H

#include "reader.h"

/* Makes `c->schema` of the header of the first file that `path` means, where the job has none. Fields
 * are str, empty where nothing stands, or with `types = "infer"` what all that stands below them in the first
 * 64 KiB can be: bool, i64, f64, time, which may be null, or else str. A text that would be written otherwise, such as
 * 007 or +5, is no number. A mistake is told to `bind`, but not that a file cannot be opened. */
int32_t csv_head_schema(struct read_config *c, struct gyre_bind *bind);

/* Looks whether the header of each file has the fields of the schema, and each once. */
int32_t csv_head_check(const struct read_config *c, struct gyre_bind *bind);

#endif
