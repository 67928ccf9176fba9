/* plugins/file/number.h: numbers as text, and back, whatever the locale. */
#ifndef GYRE_PLUGIN_FILE_NUMBER_H
#define GYRE_PLUGIN_FILE_NUMBER_H

#include <gyre/gyre.h>

#define NUMBER_MAX 32 /* no number is longer */

/* Write a number at `to`, which has NUMBER_MAX bytes, and return where it ends. f64: the fewest digits
 * that read back the same, "3", "0.1", "1e+22", "nan", "inf", "-inf". */
char *number_put_i64(char *to, int64_t v);
char *number_put_f64(char *to, double v);

/* Read all of `n` bytes; 0 where they are not such a number. */
int number_get_i64(const char *at, size_t n, int64_t *v);
int number_get_f64(const char *at, size_t n, double *v);

#endif
