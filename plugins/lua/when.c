/* plugins/lua/when.c: see when.h. */
#include "when.h"

#include "../file/times.h"

#define US_PER_S   INT64_C(1000000)
#define US_PER_DAY (86400 * US_PER_S)
#define MONDAY     (-3 * US_PER_DAY) /* 1969-12-29 */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

int32_t when_unit(const char *text, size_t n, struct when_unit *unit)
{
    static const struct {
        const char *name;
        int64_t kind, count;
    } units[] = {
        {"us", WHEN_US, 1},
        {"ms", WHEN_US, 1000},
        {"s", WHEN_US, US_PER_S},
        {"m", WHEN_US, 60 * US_PER_S},
        {"h", WHEN_US, 3600 * US_PER_S},
        {"d", WHEN_US, US_PER_DAY},
        {"w", WHEN_WEEKS, 7 * US_PER_DAY},
        {"mo", WHEN_MONTHS, 1},
        {"y", WHEN_YEARS, 1},
    };
    size_t at = 0;
    int64_t count = 0;
    for (; at < n && text[at] >= '0' && text[at] <= '9'; at++) {
        count = count * 10 + (text[at] - '0');
        if (count > 1000000000)
            return 0;
    }
    for (size_t i = 0; at > 0 && count > 0 && i < sizeof units / sizeof *units; i++) {
        if (strlen(units[i].name) != n - at || memcmp(units[i].name, text + at, n - at) != 0)
            continue;
        *unit = (struct when_unit){count, units[i].kind};
        return !__builtin_mul_overflow(count, units[i].count, &unit->count);
    }
    return 0;
}

/* A time that is `us`, `by` less or the next below; 0: it does not fit. */
static int32_t floor_to(int64_t us, int64_t from, int64_t size, int64_t *to)
{
    int64_t since, rest;
    if (__builtin_sub_overflow(us, from, &since))
        return 0;
    rest = since % size;
    rest += rest < 0 ? size : 0;
    return !__builtin_sub_overflow(us, rest, to);
}

int32_t when_floor(int64_t us, const struct when_unit *unit, int64_t *to)
{
    int64_t year, month, day;
    if (unit->kind == WHEN_US || unit->kind == WHEN_WEEKS)
        return floor_to(us, unit->kind == WHEN_WEEKS ? MONDAY : 0, unit->count, to);
    times_date(floor_div(us, US_PER_DAY), &year, &month, &day);
    if (unit->kind == WHEN_YEARS) {
        year = floor_div(year, unit->count) * unit->count;
        month = 1;
    } else {
        int64_t since = (year - 1970) * 12 + month - 1;
        since = floor_div(since, unit->count) * unit->count;
        year = 1970 + floor_div(since, 12);
        month = since - floor_div(since, 12) * 12 + 1;
    }
    return !__builtin_mul_overflow(times_day(year, month, 1), US_PER_DAY, to);
}

int64_t when_part(int64_t us, int32_t part)
{
    int64_t number = floor_div(us, US_PER_DAY), year, month, day;
    int64_t second = (us / US_PER_S - (us % US_PER_S < 0)) - number * 86400;
    times_date(number, &year, &month, &day);
    switch ((enum when_part)part) {
    case WHEN_YEAR: return year;
    case WHEN_MONTH: return month;
    case WHEN_DAY: return day;
    case WHEN_HOUR: return second / 3600;
    case WHEN_MINUTE: return second / 60 % 60;
    case WHEN_SECOND: return second % 60;
    case WHEN_WEEKDAY: return number + 3 - floor_div(number + 3, 7) * 7 + 1;
    case WHEN_YEARDAY: break;
    }
    return number - times_day(year, 1, 1) + 1;
}

const char *when_format_wrong(const char *format, int32_t reads)
{
    struct times times;
    return times_parse(format, reads, &times);
}

int32_t when_parse(const char *text, size_t n, const char *format, int64_t *us)
{
    struct times times;
    return times_parse(format, 1, &times) == NULL && times_get(text, n, &times, us);
}

int32_t when_format(int64_t us, const char *format, char *to)
{
    struct times times;
    if (times_parse(format, 0, &times) != NULL)
        return 0;
    return (int32_t)(times_put(to, &times, us) - to);
}
