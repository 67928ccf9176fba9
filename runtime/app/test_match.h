/* Expected and actual rows, matched, and shown side by side.
 *
 *         expected              actual
 *         word   count          word   count
 *         "be"   2              "be"   2
 *      -> "to"   3         |    "to"   2       the first difference; a row that differs
 *         "or"   1         <                   did not come
 *                          >    "that" 1       was not expected
 *
 * In order ("exact"), rows are aligned so that as many as can be are the same; in any order each expected
 * row takes an actual one that is the same, and what is left is paired by how much of it is. */
#ifndef GY_APP_TEST_MATCH_H
#define GY_APP_TEST_MATCH_H

#include "app/test_stage.h"

/** Compares what has come of one stream with what was expected. True where it is the same; else what
 *  differs is appended to `why`.
 *  Errors:  those of `why`; without memory false and a line that says so */
bool gy_test_match(const struct gy_test_record *record, bool in_order, double tolerance,
                   struct gy_buf *why);

#endif
