/* plugins/file/times.h: times as text, and back, whatever the locale.
 *
 * | time_format   | is written                    | is read                                       |
 * |---------------|-------------------------------|-----------------------------------------------|
 * | us (default)  | 1735787045123456              | an integer, or as iso                         |
 * | ms            | 1735787045123.456             | a decimal number, or as iso                   |
 * | s             | 1735787045.123456             | likewise                                      |
 * | iso           | 2025-01-02T03:04:05.123456Z   | with T or a blank; with a zone, or in UTC     |
 * | a pattern     | as strftime does, in English  | likewise; what is not there is that of 1970   |
 *
 * A fraction may have any number of digits when it is read: those beyond microseconds are cut off. */
#ifndef GYRE_PLUGIN_FILE_TIMES_H
#define GYRE_PLUGIN_FILE_TIMES_H

#include <gyre/gyre.h>

#define TIMES_MAX 256 /* no time is longer as text */

enum { TIMES_US, TIMES_MS, TIMES_S, TIMES_ISO, TIMES_PATTERN };

struct times {
    int32_t kind;
    const char *pattern; /* of strptime(3); NULL for the other kinds */
};

/* What an option `time_format` says (NULL: nothing), into `times`; a sentence about what is wrong with
 * it, or NULL. Those who read need a pattern that says which year it is. */
const char *times_parse(const char *format, int reads, struct times *times);

/* Writes a time at `to`, which has TIMES_MAX bytes, and returns where it ends. */
char *times_put(char *to, const struct times *times, int64_t us);

/* Reads all of `n` bytes; 0 where they are no such time, or one that does not fit. */
int times_get(const char *at, size_t n, const struct times *times, int64_t *us);

/* The number of a day, counted from 1970-01-01, and the date of one. */
int64_t times_day(int64_t year, int64_t month, int64_t day);
void times_date(int64_t number, int64_t *year, int64_t *month, int64_t *day);

/* What a text should have been: "µs since the epoch or ISO 8601 (...)". */
const char *times_expected(const struct times *times);

#endif
