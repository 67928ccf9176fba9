/* Numbers as text, fast enough for every field of a CSV row, and independent of the locale.
 *
 * A double is put out with the fewest digits that read back as the same double, nearest first
 * (Schubfach, Raffaello Giulietti 2020): "3", "0.1", "1e+22", "nan", "inf", "-inf", "-0". From 1e16
 * on and below 1e-4 it has an exponent of at least two digits, as printf's %g has.
 *
 * Invariant: gy_number_parse_f64 of what gy_number_format_f64 wrote has the same bits (but NaN's
 * sign and payload).
 */
#ifndef GY_BASE_NUMBER_H
#define GY_BASE_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/** Bytes that hold any number of this file and its zero byte. */
#define GY_NUMBER_MAX 32

/** Writes a number and a zero byte at `out`, which has GY_NUMBER_MAX bytes; returns its length.
 *  Thread:  [any] */
size_t gy_number_format_i64(char *out, int64_t v);
size_t gy_number_format_u64(char *out, uint64_t v);
size_t gy_number_format_f64(char *out, double v);

/** Reads the whole of `n` bytes as a decimal integer, with a sign or without.
 *  Thread:  [any]
 *  Errors:  -1 when it is none or does not fit; `v` is left as it was */
int gy_number_parse_i64(const char *p, size_t n, int64_t *v);

/** Reads the whole of `n` bytes as a decimal number, with exponent or without, or `nan`, `inf`,
 *  `infinity` in any case; the nearest double, ties to even. Too large a number is an infinity.
 *  Thread:  [any]
 *  Errors:  -1 when it is none, or beyond 4096 bytes; `v` is left as it was */
int gy_number_parse_f64(const char *p, size_t n, double *v);

#endif
