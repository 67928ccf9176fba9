/* Generated text, and its word counts by a way that shares nothing with the program under test. */
#ifndef TESTS_E2E_RUN_TEXT_H
#define TESTS_E2E_RUN_TEXT_H

#include <stddef.h>
#include <stdint.h>

/** About `size` bytes of lines of words: short and long ones, upper and lower case, apostrophes,
 *  digits, bytes above 0x7f; always the same few thousand. Owns: free() it. */
char *run_text(size_t size, uint64_t seed);

/** "word,count" of each word of a text, lower-cased, sorted by bytes; free() it. */
char *run_text_counts(const char *text);

/** The last row of each word of rolling counts, sorted by bytes; asserts that each word's counts
 *  rise by one from row to row. Owns: free() it. */
char *run_last_counts(const char *rolling);

#endif
