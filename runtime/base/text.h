/* Text that people write and read: durations, sizes, environment references, JSON strings.
 *
 * Parsers are strict: the whole string or an error, which is a sentence that names the text and
 * what would be right, without a place: the caller knows the line.
 *
 * Units of a duration: us ms s m h d. Units of a size: B KiB MiB GiB TiB. Both take a decimal
 * fraction when the result is whole ("1.5s", "0.5KiB").
 */
#ifndef GY_BASE_TEXT_H
#define GY_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/number.h"

/** Why a text was refused: a sentence without a full stop. */
struct gy_why {
    char text[256];
};

/** Reads a duration, "250us" to "7d"; a number without a unit is an error.
 *  Units:   µs, not negative
 *  Thread:  [any]
 *  Errors:  -1 and `why`, which may be NULL; the result is left as it was */
int gy_text_parse_duration(const char *s, int64_t *us, struct gy_why *why);

/** Reads a size, "64KiB"; without a unit only "0" is one.
 *  Units:   bytes, not negative
 *  Thread:  [any]
 *  Errors:  -1 and `why`, which may be NULL; the result is left as it was */
int gy_text_parse_size(const char *s, int64_t *bytes, struct gy_why *why);

/** Read a whole number, a number, `true` or `false`.
 *  Thread:  [any]
 *  Errors:  -1 and `why`, which may be NULL; the result is left as it was */
int gy_text_parse_i64(const char *s, int64_t *v, struct gy_why *why);
int gy_text_parse_f64(const char *s, double *v, struct gy_why *why);
int gy_text_parse_bool(const char *s, bool *v, struct gy_why *why);

/** Writes a duration as people say it, "250us" "1.5s" "2h", rounded to three digits after the point
 *  in the largest unit that fits; parses back when it was not rounded. Returns the length.
 *  Shape:   `out` has GY_NUMBER_MAX bytes, as in the two below
 *  Thread:  [any] */
size_t gy_text_format_duration(char *out, int64_t us);

/** Writes a size as people say it, "512B" "64KiB" "1.5GiB"; two digits after the point at most. */
size_t gy_text_format_size(char *out, uint64_t bytes);

/** Writes a count as people say it, "999" "12.3k" "4.56M"; three digits. */
size_t gy_text_format_count(char *out, uint64_t n);

/** The upper-case letter of an ASCII one, whatever the locale takes for one; others as they are.
 *  Thread:  [any] */
static inline char gy_text_upper(char c)
{
    return (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
}

/** Tells whether two texts differ in the case of ASCII letters alone.
 *  Thread:  [any] */
static inline bool gy_text_same(const char *a, const char *b)
{
    while (*a != '\0' && gy_text_upper(*a) == gy_text_upper(*b))
        a++, b++;
    return *a == *b;
}

/* Bytes of a path that a sentence has room for, whatever else it says. */
enum { GY_PATH_BRIEF = 224 };

/** Copies a text; of one that does not fit its beginning and its end, with "..." between them.
 *  Shape:   `out`, which is returned, has `size` bytes, at least 16; no character is torn
 *  Thread:  [any] */
const char *gy_text_shorten(char *out, size_t size, const char *text);

/** Replaces `${NAME}` and `${NAME:-default}` by the environment's value; the default is taken when
 *  NAME is unset or empty. `$${` stands for `${`; any other `$` for itself. A default ends
 *  at the first `}` and holds no reference.
 *  Owns:    the caller, freed with gy_free
 *  Thread:  [control], as it reads the environment
 *  Errors:  NULL and `why` (may be NULL): unset without a default, malformed, no memory */
char *gy_text_expand_env(const char *s, struct gy_why *why);

/** The length of the valid UTF-8 sequence at `p`, or, negated, that of the part of a broken one that one
 *  U+FFFD stands for.
 *  Thread:  [any], signal handlers too
 *  Source:  Unicode 15, table 3-7 */
int gy_text_utf8(const void *p, size_t n);

/** Appends `n` bytes as a JSON string with its quotes; each byte that is no valid UTF-8 becomes
 *  U+FFFD, one for each maximal broken part.
 *  Errors:  those of `b`
 *  Source:  RFC 8259; Unicode 15, section 3.9, U+FFFD substitution */
void gy_text_json_string(struct gy_buf *b, const char *p, size_t n);

#endif
