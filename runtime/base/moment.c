/* See moment.h. Days are counted in years that begin in March, so that the leap day is the last. */
#include "base/moment.h"

#include "base/number.h"

#include <stdbool.h>
#include <stdio.h>

#define SECOND_US INT64_C(1000000)
#define DAY_US    (86400 * SECOND_US)

enum { ERA_DAYS = 146097, ERA_YEARS = 400, EPOCH_DAYS = 719468 };

/* Source: Howard Hinnant, chrono-compatible low-level date algorithms. */
static int64_t days_of(int year, int month, int day)
{
    int64_t y = year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - (ERA_YEARS - 1)) / ERA_YEARS;
    int64_t of_era = y - era * ERA_YEARS;
    int64_t of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return era * ERA_DAYS + of_era * 365 + of_era / 4 - of_era / 100 + of_year - EPOCH_DAYS;
}

static void date_of(int64_t days, int64_t *year, int *month, int *day)
{
    days += EPOCH_DAYS;
    int64_t era = (days >= 0 ? days : days - (ERA_DAYS - 1)) / ERA_DAYS;
    int64_t d = days - era * ERA_DAYS;
    int64_t y = (d - d / 1460 + d / 36524 - d / 146096) / 365;
    int of_year = (int)(d - (365 * y + y / 4 - y / 100));
    int m = (5 * of_year + 2) / 153;
    *day = of_year - (153 * m + 2) / 5 + 1;
    *month = m < 10 ? m + 3 : m - 9;
    *year = y + era * ERA_YEARS + (*month <= 2);
}

size_t gy_moment_format(char *out, int64_t us)
{
    int64_t days = us / DAY_US - (us % DAY_US < 0);
    int64_t rest_us = us - days * DAY_US, year;
    int month, day;
    date_of(days, &year, &month, &day);
    if (year < 0 || year > 9999)
        return gy_number_format_i64(out, us);
    int seconds = (int)(rest_us / SECOND_US), fraction = (int)(rest_us % SECOND_US);
    int n = snprintf(out, GY_MOMENT_MAX, "%04d-%02d-%02dT%02d:%02d:%02d", (int)year, month, day,
                     seconds / 3600, seconds / 60 % 60, seconds % 60);
    if (fraction != 0) {
        n += snprintf(out + n, (size_t)(GY_MOMENT_MAX - n), ".%06d", fraction);
        while (out[n - 1] == '0')
            n--;
    }
    out[n++] = 'Z';
    out[n] = '\0';
    return (size_t)n;
}

/* `n` digits at `*at`, of least ... most; false where they are none. */
static bool digits(const char **at, int n, int least, int most, int *v)
{
    *v = 0;
    for (int i = 0; i < n; i++, (*at)++) {
        if (**at < '0' || **at > '9')
            return false;
        *v = *v * 10 + (**at - '0');
    }
    return *v >= least && *v <= most;
}

static bool accept(const char **at, char c)
{
    if (**at != c)
        return false;
    (*at)++;
    return true;
}

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return month == 2 && leap ? 29 : days[month - 1];
}

/* ".25" */
static bool read_fraction(const char **at, int64_t *us)
{
    int64_t unit = SECOND_US / 10;
    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; (*at)++, unit /= 10)
        *us += (**at - '0') * unit;
    return true;
}

/* "10:00", "10:00:05.25" */
static bool read_clock(const char **at, int64_t *us)
{
    int hours, minutes, seconds = 0;
    if (!digits(at, 2, 0, 23, &hours) || !accept(at, ':') || !digits(at, 2, 0, 59, &minutes))
        return false;
    if (accept(at, ':') && !digits(at, 2, 0, 59, &seconds))
        return false;
    *us += ((hours * 60 + minutes) * 60 + seconds) * SECOND_US;
    return !accept(at, '.') || read_fraction(at, us);
}

static bool read_zone(const char **at, int64_t *us)
{
    int hours, minutes;
    int64_t sign = accept(at, '+') ? -1 : accept(at, '-') ? 1 : 0;
    if (sign == 0) {
        accept(at, 'Z');
        return true;
    }
    if (!digits(at, 2, 0, 23, &hours))
        return false;
    accept(at, ':');
    if (!digits(at, 2, 0, 59, &minutes))
        return false;
    *us += sign * (hours * 60 + minutes) * 60 * SECOND_US;
    return true;
}

int gy_moment_parse(const char *text, int64_t *us)
{
    const char *at = text;
    int year, month, day;
    if (!digits(&at, 4, 0, 9999, &year) || !accept(&at, '-') || !digits(&at, 2, 1, 12, &month) ||
        !accept(&at, '-') || !digits(&at, 2, 1, month_days(year, month), &day))
        return -1;
    int64_t v = days_of(year, month, day) * DAY_US;
    bool has_clock = accept(&at, 'T') || accept(&at, ' ');
    if (has_clock && (!read_clock(&at, &v) || !read_zone(&at, &v)))
        return -1;
    if (*at != '\0')
        return -1;
    *us = v;
    return 0;
}
