/* plugins/file/times.c: see times.h. By hand, for strptime(3) and strftime(3) know names of days and
 * months by the locale, no fractions, and no time zone that is not the process's.
 *
 * A date becomes days by counting in years that begin with March, so that the leap day is the last one
 * (Hinnant, "chrono-Compatible Low-Level Date Algorithms"). */
#include "times.h"
#include "number.h"

#define US_PER_S   INT64_C(1000000)
#define S_PER_DAY  INT64_C(86400)
#define US_PER_DAY (S_PER_DAY * US_PER_S)
#define YEAR_MAX   300000 /* 64 bits of µs reach no further */

#define DIRECTIVE_MAX 16 /* what one stands for is no longer */

#define DIRECTIVES                                                                                 \
    "%Y %y %m %d %e %j %H %k %I %l %p %M %S %f %z %Z %s %b %B %h %a %A %F %T %R %D %n %t %%"

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                   "Thursday", "Friday", "Saturday"};

/* A time in parts. */
struct parts {
    int64_t year;
    int64_t month; /* 1 ... 12 */
    int64_t day;
    int64_t hour;
    int64_t minute;
    int64_t second;
    int64_t us;
    int64_t zone_s; /* east of Greenwich */
    int64_t yday;   /* 1 ...; 0: by month and day */
    int64_t epoch;  /* seconds; holds where has_epoch */
    int has_epoch;
    int is_pm; /* 1, or -1 for a.m., or 0: by 24 hours */
};

/* ---- the calendar ------------------------------------------------------------------------------ */

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b < 0);
}

static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    year -= month <= 2;
    int64_t era = floor_div(year, 400), in_era = year - era * 400;
    int64_t yday = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + yday - 719468;
}

static void date_of(int64_t since_1970, struct parts *p)
{
    int64_t n = since_1970 + 719468, era = floor_div(n, 146097), in_era = n - era * 146097;
    int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    int64_t yday = in_era - (365 * year + year / 4 - year / 100), month = (5 * yday + 2) / 153;
    p->day = yday - (153 * month + 2) / 5 + 1;
    p->month = month + (month < 10 ? 3 : -9);
    p->year = year + era * 400 + (p->month <= 2);
    p->yday = since_1970 - days_of(p->year, 1, 1) + 1;
}

int64_t times_day(int64_t year, int64_t month, int64_t day)
{
    return days_of(year, month, day);
}

void times_date(int64_t number, int64_t *year, int64_t *month, int64_t *day)
{
    struct parts p;
    date_of(number, &p);
    *year = p.year;
    *month = p.month;
    *day = p.day;
}

static void split(int64_t us, struct parts *p)
{
    int64_t day = floor_div(us, US_PER_DAY), rest = us % US_PER_DAY;
    rest += rest < 0 ? US_PER_DAY : 0; /* day * US_PER_DAY may not fit */
    int64_t s = rest / US_PER_S;
    *p = (struct parts){.us = rest % US_PER_S, .epoch = floor_div(us, US_PER_S)};
    p->hour = s / 3600;
    p->minute = s / 60 % 60;
    p->second = s % 60;
    date_of(day, p);
}

static int is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static int64_t days_in(int64_t year, int64_t month)
{
    return month == 2 ? 28 + is_leap(year) : 30 + ((month + (month > 7)) & 1);
}

/* Makes µs of the parts; 0 where there is no such day or time. A second 60 is a leap second: it is
 * the next minute's first. */
static int join(struct parts *p, int64_t *us)
{
    if (p->is_pm != 0 && (p->hour < 1 || p->hour > 12))
        return 0;
    if (p->is_pm != 0)
        p->hour = p->hour % 12 + (p->is_pm > 0 ? 12 : 0);
    if (p->year < -YEAR_MAX || p->year > YEAR_MAX || p->month < 1 || p->month > 12 || p->day < 1 ||
        p->day > days_in(p->year, p->month) || p->hour > 23 || p->minute > 59 || p->second > 60 ||
        p->yday > 365 + is_leap(p->year))
        return 0;
    int64_t day =
        p->yday != 0 ? days_of(p->year, 1, 1) + p->yday - 1 : days_of(p->year, p->month, p->day);
    int64_t s = day * S_PER_DAY + p->hour * 3600 + p->minute * 60 + p->second - p->zone_s;
    if (p->has_epoch)
        s = p->epoch;
    __int128 all = (__int128)s * US_PER_S + p->us;
    *us = (int64_t)all;
    return *us == all;
}

/* ---- writing ----------------------------------------------------------------------------------- */

static char *put_digits(char *to, int64_t v, int width, char pad)
{
    for (int i = width; i-- > 0; v /= 10)
        to[i] = (char)(v == 0 && i < width - 1 ? pad : '0' + v % 10);
    return to + width;
}

static char *put_name(char *to, const char *name, size_t most)
{
    size_t n = strlen(name);
    n = n < most ? n : most;
    memcpy(to, name, n);
    return to + n;
}

/* A year beyond 0 ... 9999 has a sign and six digits, as ISO 8601 has it. */
static char *put_year(char *to, int64_t year)
{
    if (year >= 0 && year <= 9999)
        return put_digits(to, year, 4, '0');
    *to = year < 0 ? '-' : '+';
    return put_digits(to + 1, year < 0 ? -year : year, 6, '0');
}

static char *put_date(char *to, const struct parts *p)
{
    to = put_year(to, p->year);
    *to++ = '-';
    to = put_digits(to, p->month, 2, '0');
    *to++ = '-';
    return put_digits(to, p->day, 2, '0');
}

static char *put_clock(char *to, const struct parts *p, int has_seconds)
{
    to = put_digits(to, p->hour, 2, '0');
    *to++ = ':';
    to = put_digits(to, p->minute, 2, '0');
    if (!has_seconds)
        return to;
    *to++ = ':';
    return put_digits(to, p->second, 2, '0');
}

/* Whole units of `unit` µs, and as many digits of a fraction as it takes. */
static char *put_units(char *to, int64_t us, int64_t unit)
{
    uint64_t magnitude = us < 0 ? 0 - (uint64_t)us : (uint64_t)us;
    if (us < 0)
        *to++ = '-';
    to = number_put_i64(to, (int64_t)(magnitude / (uint64_t)unit));
    int64_t rest = (int64_t)(magnitude % (uint64_t)unit);
    if (rest == 0)
        return to;
    *to++ = '.';
    to = put_digits(to, rest, unit == US_PER_S ? 6 : 3, '0');
    while (to[-1] == '0')
        to--;
    return to;
}

static char *put_iso(char *to, const struct parts *p)
{
    to = put_date(to, p);
    *to++ = 'T';
    to = put_clock(to, p, 1);
    if (p->us != 0) {
        *to++ = '.';
        to = p->us % 1000 == 0 ? put_digits(to, p->us / 1000, 3, '0')
                               : put_digits(to, p->us, 6, '0');
    }
    *to++ = 'Z';
    return to;
}

static char *put_slashed(char *to, const struct parts *p)
{
    to = put_digits(to, p->month, 2, '0');
    *to++ = '/';
    to = put_digits(to, p->day, 2, '0');
    *to++ = '/';
    return put_digits(to, (p->year % 100 + 100) % 100, 2, '0');
}

/* Writes what a directive stands for; 0 where there is none such. */
static char *put_directive(char *to, char directive, const struct parts *p)
{
    int64_t hour12 = (p->hour + 11) % 12 + 1,
            wday = (p->epoch - floor_div(p->epoch, 7 * S_PER_DAY) * (7 * S_PER_DAY)) / S_PER_DAY;
    switch (directive) {
    case 'Y': return put_year(to, p->year);
    case 'y': return put_digits(to, (p->year % 100 + 100) % 100, 2, '0');
    case 'm': return put_digits(to, p->month, 2, '0');
    case 'd': return put_digits(to, p->day, 2, '0');
    case 'e': return put_digits(to, p->day, 2, ' ');
    case 'j': return put_digits(to, p->yday, 3, '0');
    case 'H': return put_digits(to, p->hour, 2, '0');
    case 'k': return put_digits(to, p->hour, 2, ' ');
    case 'I': return put_digits(to, hour12, 2, '0');
    case 'l': return put_digits(to, hour12, 2, ' ');
    case 'p': return put_name(to, p->hour < 12 ? "AM" : "PM", 2);
    case 'M': return put_digits(to, p->minute, 2, '0');
    case 'S': return put_digits(to, p->second, 2, '0');
    case 'f': return put_digits(to, p->us, 6, '0');
    case 'z': return put_name(to, "+0000", 5);
    case 'Z': return put_name(to, "UTC", 3);
    case 's': return number_put_i64(to, p->epoch);
    case 'b':
    case 'h': return put_name(to, months[p->month - 1], 3);
    case 'B': return put_name(to, months[p->month - 1], 9);
    case 'a': return put_name(to, days[(wday + 4) % 7], 3);
    case 'A': return put_name(to, days[(wday + 4) % 7], 9);
    case 'F': return put_date(to, p);
    case 'T': return put_clock(to, p, 1);
    case 'R': return put_clock(to, p, 0);
    case 'D': return put_slashed(to, p);
    case 'n': return put_name(to, "\n", 1);
    case 't': return put_name(to, "\t", 1);
    case '%': return put_name(to, "%", 1);
    default: return NULL;
    }
}

char *times_put(char *to, const struct times *times, int64_t us)
{
    struct parts p;
    switch (times->kind) {
    case TIMES_US: return number_put_i64(to, us);
    case TIMES_MS: return put_units(to, us, 1000);
    case TIMES_S: return put_units(to, us, US_PER_S);
    default: break;
    }
    split(us, &p);
    if (times->kind == TIMES_ISO)
        return put_iso(to, &p);
    for (const char *c = times->pattern; *c != 0; c++) {
        if (*c == '%')
            to = put_directive(to, *++c, &p);
        else
            *to++ = *c;
    }
    return to;
}

/* ---- reading ----------------------------------------------------------------------------------- */

/* The text that is left. */
struct text {
    const char *at;
    const char *end;
};

static int take(struct text *t, char c)
{
    int is_there = t->at < t->end && *t->at == c;
    t->at += is_there;
    return is_there;
}

static int is_digit(const struct text *t)
{
    return t->at < t->end && *t->at >= '0' && *t->at <= '9';
}

/* Takes `least` to `most` digits. */
static int take_digits(struct text *t, int least, int most, int64_t *v)
{
    int n = 0;
    *v = 0;
    for (; n < most && is_digit(t); n++)
        *v = *v * 10 + (*t->at++ - '0');
    return n >= least;
}

/* Takes the digits of a fraction of `unit` µs; what is less than a microsecond is cut off. */
static int take_fraction(struct text *t, int64_t unit, int64_t *us)
{
    const char *from = t->at;
    *us = 0;
    for (; is_digit(t); t->at++) {
        unit /= 10;
        *us += unit * (*t->at - '0');
    }
    return t->at > from;
}

static int take_sign(struct text *t)
{
    int negative = take(t, '-');
    return !negative && take(t, '+') ? 1 : negative ? -1 : 0;
}

/* Z, or hours and minutes with a sign. */
static int take_zone(struct text *t, struct parts *p)
{
    int64_t hours, minutes = 0;
    if (take(t, 'Z') || take(t, 'z'))
        return 1;
    int sign = take_sign(t);
    if (sign == 0 || !take_digits(t, 2, 2, &hours))
        return 0;
    if ((take(t, ':') || is_digit(t)) && !take_digits(t, 2, 2, &minutes))
        return 0;
    p->zone_s = sign * (hours * 3600 + minutes * 60);
    return hours <= 23 && minutes <= 59;
}

/* A year of four digits, or one of up to six with a sign. */
static int take_year(struct text *t, int64_t *year)
{
    int sign = take_sign(t), is_there = take_digits(t, 4, sign != 0 ? 6 : 4, year);
    *year = sign < 0 ? -*year : *year;
    return is_there;
}

/* [hh:mm[:ss[.fraction]]], with or without the colons. */
static int take_clock(struct text *t, struct parts *p, int has_colons)
{
    if (!take_digits(t, 2, 2, &p->hour) || (has_colons && !take(t, ':')) ||
        !take_digits(t, 2, 2, &p->minute))
        return 0;
    int has_seconds = has_colons ? take(t, ':') : is_digit(t);
    if (!has_seconds)
        return 1;
    if (!take_digits(t, 2, 2, &p->second))
        return 0;
    return !(take(t, '.') || take(t, ',')) || take_fraction(t, US_PER_S, &p->us);
}

/* 2025-01-02, with T or a blank and a time behind it, and a zone behind that; 20250102T030405Z too,
 * which needs the T: without it, it is a number. */
static int get_iso(struct text t, int64_t *us)
{
    struct parts p = {.year = 1970};
    if (!take_year(&t, &p.year))
        return 0;
    int dashes = take(&t, '-');
    if (!take_digits(&t, 2, 2, &p.month) || (dashes && !take(&t, '-')) ||
        !take_digits(&t, 2, 2, &p.day))
        return 0;
    if (t.at == t.end)
        return dashes && join(&p, us);
    int has_t = take(&t, 'T') || take(&t, 't');
    if ((!has_t && (!dashes || !take(&t, ' '))) || !take_clock(&t, &p, dashes))
        return 0;
    if (t.at < t.end && !take_zone(&t, &p))
        return 0;
    return t.at == t.end && join(&p, us);
}

/* A decimal number of units. */
static int get_units(struct text t, int64_t unit, int64_t *us)
{
    int64_t whole = 0, part = 0;
    const char *point = memchr(t.at, '.', (size_t)(t.end - t.at));
    const char *end = point != NULL ? point : t.end;
    if (!number_get_i64(t.at, (size_t)(end - t.at), &whole))
        return 0;
    int negative = *t.at == '-';
    t.at = end;
    if (take(&t, '.') && !take_fraction(&t, unit, &part))
        return 0;
    return t.at == t.end && !__builtin_mul_overflow(whole, unit, us) &&
           !__builtin_add_overflow(*us, negative ? -part : part, us);
}

static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static int take_word(struct text *t, const char *word, size_t n)
{
    if ((size_t)(t->end - t->at) < n)
        return 0;
    for (size_t i = 0; i < n; i++)
        if (lower(t->at[i]) != lower(word[i]))
            return 0;
    t->at += n;
    return 1;
}

/* Takes a name of the list, whole or its first three letters, in any case. */
static int take_name(struct text *t, const char *const *names, int n, int64_t *number)
{
    for (int i = 0; i < n; i++)
        if (take_word(t, names[i], strlen(names[i])) || take_word(t, names[i], 3)) {
            *number = i + 1;
            return 1;
        }
    return 0;
}

static void skip_blanks(struct text *t)
{
    while (t->at < t->end && (*t->at == ' ' || (*t->at >= '\t' && *t->at <= '\r')))
        t->at++;
}

static int take_noon(struct text *t, struct parts *p)
{
    p->is_pm = take_word(t, "pm", 2) ? 1 : take_word(t, "am", 2) ? -1 : 0;
    return p->is_pm != 0;
}

static int take_epoch(struct text *t, struct parts *p)
{
    int sign = take_sign(t), is_there = take_digits(t, 1, 13, &p->epoch);
    p->epoch = sign < 0 ? -p->epoch : p->epoch;
    p->has_epoch = 1;
    return is_there;
}

static int take_short_year(struct text *t, struct parts *p)
{
    int is_there = take_digits(t, 2, 2, &p->year);
    p->year += p->year < 69 ? 2000 : 1900;
    return is_there;
}

static int take_padded(struct text *t, int64_t *v)
{
    skip_blanks(t);
    return take_digits(t, 1, 2, v);
}

static int get_pattern(struct text *t, const char *pattern, struct parts *p);

static int take_directive(struct text *t, char directive, struct parts *p)
{
    int64_t ignored;
    switch (directive) {
    case 'Y': return take_year(t, &p->year);
    case 'y': return take_short_year(t, p);
    case 'm': return take_digits(t, 1, 2, &p->month);
    case 'd': return take_digits(t, 1, 2, &p->day);
    case 'e': return take_padded(t, &p->day);
    case 'j': return take_digits(t, 1, 3, &p->yday) && p->yday > 0;
    case 'H':
    case 'I': return take_digits(t, 1, 2, &p->hour);
    case 'k':
    case 'l': return take_padded(t, &p->hour);
    case 'p': return take_noon(t, p);
    case 'M': return take_digits(t, 1, 2, &p->minute);
    case 'S': return take_digits(t, 1, 2, &p->second);
    case 'f': return take_fraction(t, US_PER_S, &p->us);
    case 'z': return take_zone(t, p);
    case 'Z': return take_word(t, "UTC", 3) || take_word(t, "GMT", 3) || take_word(t, "Z", 1);
    case 's': return take_epoch(t, p);
    case 'b':
    case 'B':
    case 'h': return take_name(t, months, 12, &p->month);
    case 'a':
    case 'A': return take_name(t, days, 7, &ignored);
    case 'F': return get_pattern(t, "%Y-%m-%d", p);
    case 'T': return get_pattern(t, "%H:%M:%S", p);
    case 'R': return get_pattern(t, "%H:%M", p);
    case 'D': return get_pattern(t, "%m/%d/%y", p);
    case 'n':
    case 't': skip_blanks(t); return 1;
    default: return take(t, directive);
    }
}

/* Takes what the pattern says. A blank in it is any number of them, as strptime has it. */
static int get_pattern(struct text *t, const char *pattern, struct parts *p)
{
    for (const char *c = pattern; *c != 0; c++) {
        if (*c == '%') {
            if (!take_directive(t, *++c, p))
                return 0;
        } else if (*c == ' ') {
            skip_blanks(t);
        } else if (!take(t, *c)) {
            return 0;
        }
    }
    return 1;
}

int times_get(const char *at, size_t n, const struct times *times, int64_t *us)
{
    struct text t = {at, at + n};
    struct parts p = {.year = 1970, .month = 1, .day = 1};
    switch (times->kind) {
    case TIMES_US: return number_get_i64(at, n, us) || get_iso(t, us);
    case TIMES_MS: return get_units(t, 1000, us) || get_iso(t, us);
    case TIMES_S: return get_units(t, US_PER_S, us) || get_iso(t, us);
    case TIMES_ISO: return get_iso(t, us);
    default: return get_pattern(&t, times->pattern, &p) && t.at == t.end && join(&p, us);
    }
}

/* ---- formats ----------------------------------------------------------------------------------- */

/* A directive of strptime is two bytes; 0 where there is none such. */
static int is_directive(char c)
{
    const char *at = DIRECTIVES;
    for (; at[1] != c && at[2] != 0; at += 3) {}
    return c != 0 && at[1] == c;
}

/* What is wrong with a pattern, or NULL. */
static const char *check_pattern(const char *pattern, int reads)
{
    size_t length = 0;
    int has_year = 0;
    for (const char *c = pattern; *c != 0; c++) {
        if (*c != '%') {
            length++;
            continue;
        }
        if (!is_directive(*++c))
            return "has a directive that is none of " DIRECTIVES;
        has_year |= strchr("YysFD", *c) != NULL;
        length += DIRECTIVE_MAX;
    }
    if (length > TIMES_MAX)
        return "is too long: 15 directives, or what is as long";
    if (reads && !has_year)
        return "does not say which year it is: it needs %Y, %y, %F, %D or %s";
    return NULL;
}

const char *times_parse(const char *format, int reads, struct times *times)
{
    static const char *const names[] = {"us", "ms", "s", "iso"};
    *times = (struct times){.kind = TIMES_US};
    if (format == NULL)
        return NULL;
    for (int32_t i = 0; i < TIMES_PATTERN; i++)
        if (strcmp(format, names[i]) == 0) {
            times->kind = i;
            return NULL;
        }
    if (strchr(format, '%') == NULL)
        return "is none of \"us\", \"ms\", \"s\", \"iso\", and no pattern of strptime such as "
               "\"%d.%m.%Y "
               "%H:%M:%S\"";
    *times = (struct times){TIMES_PATTERN, format};
    return check_pattern(format, reads);
}

const char *times_expected(const struct times *times)
{
    switch (times->kind) {
    case TIMES_US: return "µs since the epoch, or ISO 8601 as in 2025-01-02T03:04:05.678Z";
    case TIMES_MS: return "ms since the epoch, or ISO 8601 as in 2025-01-02T03:04:05.678Z";
    case TIMES_S: return "seconds since the epoch, or ISO 8601 as in 2025-01-02T03:04:05.678Z";
    case TIMES_ISO: return "ISO 8601, as in 2025-01-02T03:04:05.678Z";
    default: return times->pattern;
    }
}
