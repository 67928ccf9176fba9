/* What people read: every message and every text output of the program leaves through here, through
 * base/log, or, in a crash, through gy_say_escape. `make tidy` refuses other ways out.
 *
 * Rows, paths, names, texts of plugins come from outside and may hold anything: what a terminal would
 * act on is shown as `\x1b` instead. These are the control characters (below 0x20, 0x7f, and U+0080 to
 * U+009f) and bytes that are no valid UTF-8. A backslash stays as it is.
 *
 * Control characters of a format are the program's own and stay: line breaks, and what rewrites the
 * line of progress. Hence a format is a literal, and what is from outside its argument.
 *
 * What programs read (JSON) leaves as it is by gy_say_data; the job's own output not at all by here. */
#ifndef GY_BASE_SAY_H
#define GY_BASE_SAY_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"

/** Prints to a stream as fprintf does, with what comes from the arguments escaped. Messages of up to
 *  4 KiB leave an unbuffered stream with one write.
 *  Thread:  [any]
 *  Errors:  those of the stream; without memory a text beyond 4 KiB is cut */
void gy_say(FILE *to, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void gy_say_args(FILE *to, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));

/** The same at the end of a buffer.
 *  Errors:  those of `b` */
void gy_say_into(struct gy_buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/** Prints a text of several lines, in which line breaks stay and all else is escaped.
 *  Thread:  [any]
 *  Errors:  those of the stream */
void gy_say_lines(FILE *to, const char *text, size_t n);

/** Writes what programs read, as it is.
 *  Thread:  [any]
 *  Errors:  those of the stream */
void gy_say_data(FILE *to, const void *data, size_t n);

/** Copies what fits of a text, escaped; the length. `taken` is how much of `text` that is: the rest did
 *  not fit, and neither characters nor escapes are torn.
 *  Shape:   `out` has `size` bytes, at least 16; no zero byte is added
 *  Thread:  [any], signal handlers too */
size_t gy_say_escape(char *out, size_t size, const char *text, size_t n, size_t *taken);

#endif
