/* plugins/lua/when.h: times for expressions and code: µs since 1970, all in UTC.
 *
 * Formats are those of plugins/file/times.h: NULL or "iso", "us", "ms", "s", or a pattern of strftime.
 *
 * | unit            | a time is floored to                                                    |
 * |-----------------|-------------------------------------------------------------------------|
 * | us ms s m h d   | multiples since 1970: "5m", "250ms", "1d"                               |
 * | w               | weeks since Monday, 1969-12-29                                          |
 * | mo              | months since January 1970: "1mo", "3mo" is a quarter                    |
 * | y               | years since the year 0: "1y", "10y"                                     | */
#ifndef GYRE_PLUGIN_LUA_WHEN_H
#define GYRE_PLUGIN_LUA_WHEN_H

#include <gyre/gyre.h>

#define WHEN_TEXT 256 /* no time is longer as text */

/* What "5m" means: so many of a unit. */
struct when_unit {
    int64_t count;
    int64_t kind; /* WHEN_... */
};
enum { WHEN_US, WHEN_WEEKS, WHEN_MONTHS, WHEN_YEARS };

enum when_part {
    WHEN_YEAR,
    WHEN_MONTH, /* 1 ... 12 */
    WHEN_DAY,   /* 1 ... 31 */
    WHEN_HOUR,
    WHEN_MINUTE,
    WHEN_SECOND,
    WHEN_WEEKDAY, /* 1 Monday ... 7 Sunday */
    WHEN_YEARDAY, /* 1 ... 366 */
};

/** What a text says, as a unit. 1, or 0: it says none. */
int32_t when_unit(const char *text, size_t n, struct when_unit *unit);

/** 1, or 0: the result does not fit. */
int32_t when_floor(int64_t us, const struct when_unit *unit, int64_t *to);

int64_t when_part(int64_t us, int32_t part);

/** A sentence about what is wrong with a format, or NULL. One that times are read by has to say which year it is. */
const char *when_format_wrong(const char *format, int32_t reads);

/** 1, or 0: the text is no such time. The format is right. */
int32_t when_parse(const char *text, size_t n, const char *format, int64_t *us);

/** Writes a time at `to`, which has WHEN_TEXT bytes; its length. The format is right. */
int32_t when_format(int64_t us, const char *format, char *to);

#endif
