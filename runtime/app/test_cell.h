/* The values of rows in tests: read from a job file by the type of their field, compared, shown.
 *
 * | type       | is written in a job file as                                                    |
 * |------------|--------------------------------------------------------------------------------|
 * | bool       | true, false                                                                    |
 * | i32, i64   | an integer                                                                     |
 * | f64        | a number, or "nan", "inf", "-inf"                                              |
 * | time       | µs since 1970 as an integer, "2026-11-20T10:00:05Z", or "5s" after 1970 began  |
 * | str        | a string                                                                       |
 * | bytes      | a string, in base64                                                            |
 * | null       | () where the field may be null, or nothing at all                              | */
#ifndef GY_APP_TEST_CELL_H
#define GY_APP_TEST_CELL_H

#include "base/buf.h"
#include "job/setting.h"

#include <gyre/schema.h>

struct gy_cell {
    bool there; /* false: null */
    union {
        int64_t i; /* bool, i32, i64, time */
        double f;
        struct {
            const char *p; /* owned by whoever made it */
            uint32_t n;
        } s;
    } v;
};

/** Reads a value of a field.
 *  Owns:    strings are the setting's, or the scope's
 *  Errors:  -1, told */
int gy_cell_read(const struct gy_scope *scope, const struct gyre_field *field,
                 const struct gy_setting *s, struct gy_cell *cell);

/** Reads a time, which may be a duration since 1970 began.
 *  Errors:  -1, told */
int gy_cell_read_time(const struct gy_scope *scope, const struct gy_setting *s, int64_t *us);

/** True where two values of a type are the same, floating-point numbers within `tolerance` as a part of
 *  the greater one, or of 1. nan is nan. */
bool gy_cell_equal(uint32_t type, const struct gy_cell *x, const struct gy_cell *y,
                   double tolerance);

/** Appends a value as a job file has it, a time as ISO 8601; strings have quotes and are escaped.
 *  Errors:  those of `b` */
void gy_cell_text(struct gy_buf *b, uint32_t type, const struct gy_cell *cell);

#endif
