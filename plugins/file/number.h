/* plugins/file/number.h: numbers as text, and back, whatever the locale.
 *
 * The work is done by the runtime's base/number.c, which plugin.mk compiles into the plugin: there is
 * one way from a double to its text. */
#ifndef GYRE_PLUGIN_FILE_NUMBER_H
#define GYRE_PLUGIN_FILE_NUMBER_H

#include "../../runtime/base/number.h"
#include <gyre/gyre.h>
#include <math.h>

#define NUMBER_MAX GY_NUMBER_MAX /* no number is longer, with a byte behind it */

/* Write a number at `to`, which has NUMBER_MAX bytes, and return where it ends. f64: the fewest digits
 * that read back the same, "3", "0.1", "1e+22", "nan", "inf", "-inf". */
static inline char *number_put_i64(char *to, int64_t v)
{
    return to + gy_number_format_i64(to, v);
}

static inline char *number_put_f64(char *to, double v)
{
    return to + gy_number_format_f64(to, v);
}

/* Read all of `n` bytes; 0 where they are not such a number. */
static inline int number_get_i64(const char *at, size_t n, int64_t *v)
{
    return gy_number_parse_i64(at, n, v) == 0;
}

/* True for "nan" and "inf", with a sign or without: not in any case, as they may be in a job file. */
static inline int number_is_name(const char *at, size_t n)
{
    size_t sign = n != 0 && (*at == '-' || *at == '+');
    return n - sign == 3 && (memcmp(at + sign, "nan", 3) == 0 || memcmp(at + sign, "inf", 3) == 0);
}

static inline int number_get_f64(const char *at, size_t n, double *v)
{
    if (gy_number_parse_f64(at, n, v) != 0)
        return 0;
    return isfinite(*v) || number_is_name(at, n); /* 1e999 is out of range */
}

#endif
