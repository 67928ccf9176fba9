/* The operators that stand for others in a test: a source of given rows, a sink that records. Their config
 * is one pointer, to what they work on; see test_stage.h. */
#ifndef GY_APP_TEST_GIVEN_H
#define GY_APP_TEST_GIVEN_H

#include "app/test_stage.h"

/** Makes the source of an operator's given rows, with its ports and schemas.
 *  Owns:    `arena`; `op->name` is the caller's to set
 *  Errors:  -1 without memory */
int gy_test_given_make(struct gy_arena_ctl *arena, const struct gy_test_given *given,
                       struct gyre_operator *op);

/** Makes the sink of a record. */
void gy_test_record_make(const struct gy_test_record *record, struct gyre_operator *op);

#endif
