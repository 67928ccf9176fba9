/* Moments as people write them: ISO 8601, "2026-11-20T10:00:05.25Z".
 *
 * A date of four digits for the year, and a time of day behind `T` or a blank; both may end early: a date
 * alone is its midnight, seconds may be left out. A fraction may have any number of digits: those beyond
 * microseconds are cut off. A zone is `Z`, `+02:00` or `-0530`; without one the moment is in UTC. */
#ifndef GY_BASE_MOMENT_H
#define GY_BASE_MOMENT_H

#include <stddef.h>
#include <stdint.h>

/** Bytes that hold any moment and its zero byte. */
#define GY_MOMENT_MAX 40

/** Writes a moment in UTC, with as much of a fraction as it has; one before the year 0 or beyond 9999 as
 *  an integer. Returns its length.
 *  Units:   µs since 1970-01-01T00:00:00Z
 *  Shape:   `out` has GY_MOMENT_MAX bytes
 *  Thread:  [any] */
size_t gy_moment_format(char *out, int64_t us);

/** Reads the whole of a text as a moment.
 *  Units:   as above
 *  Thread:  [any]
 *  Errors:  -1 where it is none; `us` is left as it was */
int gy_moment_parse(const char *text, int64_t *us);

#endif
