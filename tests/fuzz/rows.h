/* Bytes as rows of a file, through file.read and file.write, whose instances are driven by calls.
 *
 * The first byte says how; the rest is the file. What must hold whatever the bytes are:
 *
 *   - the rows that are read are those read again from what was written of them, without a bad row,
 *     and what is then written is the same byte for byte
 *   - a reader that is restored from its position puts out the rows that one which goes on does
 *   - so does one whose file comes through a pipe, in pieces
 *
 * A reader of short rows, with a header where the format has one, shares all of this but the writing. */
#ifndef TESTS_FUZZ_ROWS_H
#define TESTS_FUZZ_ROWS_H

#include <stddef.h>
#include <stdint.h>

/** Builds the operators for a format, "csv" or "json"; aborts where that fails. Call once. */
void rows_init(const char *format);

/** Takes one input; aborts where one of the above does not hold. */
void rows_check(const uint8_t *bytes, size_t n);

#endif
