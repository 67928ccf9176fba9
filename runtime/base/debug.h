/* Assertions inside hot loops: in debug builds alone.
 *
 * What is asked once for a batch, a record or a call is an assert, and stays in release builds:
 * corrupt state must not reach a snapshot. */
#ifndef GY_BASE_DEBUG_H
#define GY_BASE_DEBUG_H

#include <assert.h>

#ifdef GY_DEBUG
#define gy_debug_assert(condition) assert(condition)
#else
#define gy_debug_assert(condition) ((void)sizeof((condition) ? 1 : 0))
#endif

#endif
