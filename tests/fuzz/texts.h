/* Bytes as lines of text, through operators that make fields of them, whose instances are driven by calls.
 *
 * What must hold whatever the bytes are: no operator fails; line by line, and in batches, they put out the same
 * rows, byte for byte; and strings stay what they are when the input has gone. */
#ifndef TESTS_FUZZ_TEXTS_H
#define TESTS_FUZZ_TEXTS_H

#include <stddef.h>
#include <stdint.h>

enum { TEXTS_OPS_MAX = 16 };

/** Builds the operators, each the settings of one in a job file, without id, input and on_error; aborts where
 *  that fails. Call once. */
void texts_init(const char *const *ops, uint32_t n);

/** Takes one input; aborts where one of the above does not hold. */
void texts_check(const uint8_t *bytes, size_t n);

#endif
