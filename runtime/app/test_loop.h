/* Loops that a test opens: where something in a loop is given, an edge of `feedback` may close no cycle any
 * more. It is an input like any other then, of rows that come from before. */
#ifndef GY_APP_TEST_LOOP_H
#define GY_APP_TEST_LOOP_H

#include "job/config.h"

/** Makes `input` of every `feedback` among `n` operators that leads back to no operator that it comes from,
 *  and takes the rounds from a head that has none left.
 *  Owns:    `arena`
 *  Errors:  -1 without memory */
int gy_test_open_loops(struct gy_arena_ctl *arena, struct gy_op_setting *operators, uint32_t n);

#endif
