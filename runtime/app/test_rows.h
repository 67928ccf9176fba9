/* The rows of one stream of a test, read from a job file; see test_spec.h. */
#ifndef GY_APP_TEST_ROWS_H
#define GY_APP_TEST_ROWS_H

#include "app/test_spec.h"

/** Reads the rows of `list` into a stream whose schema is known.
 *  Owns:    the scope's arena
 *  Errors:  told */
void gy_test_rows_read(const struct gy_scope *scope, const struct gy_setting *list, bool given,
                       struct gy_test_stream *stream);

/** "{word: str, count: i64}" for messages; "?" without memory.
 *  Owns:    the scope's arena */
const char *gy_test_schema_text(const struct gy_scope *scope, const struct gyre_schema *schema);

#endif
