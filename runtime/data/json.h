/* Rows as JSON, for failure blocks, `.errors` ports and people. */
#ifndef GY_DATA_JSON_H
#define GY_DATA_JSON_H

#include "base/buf.h"
#include "data/batch.h"

/** Appends row `row` as one JSON object: fields in schema order, pruned columns left out, nan and
 *  inf as null, bytes as base64, invalid UTF-8 replaced.
 *  Errors:  sticky in `into` */
void gy_json_row(struct gy_buf *into, const struct gyre_schema *schema,
                 const struct gy_column *columns, uint32_t row);

#endif
