/* plugins/text/presets.c: see presets.h.
 *
 * What servers put in place of a value that they do not have, "-", is null. The first line of a request is
 * divided where it is one; what clients send instead is in `request` alone. Quotes within quotes have a \
 * before them (Apache) or are \x22 (nginx); they stay as they are. What stands behind the last field is not
 * looked at: servers are told to append the time a request took.
 *
 * Syslog is RFC 5424, and what came before it (RFC 3164 describes it), with a time as traditional
 * daemons write it or in ISO 8601 as they do now, in a file as well as from the network. Of a message without
 * a tag `app` is null.
 *
 * All repeats are possessive where they can be, so that no line takes more than some passes. */
#include "presets.h"
#include "../file/number.h"

#define QUOTED               "(?:[^\"\\\\]++|\\\\.)*+"
#define OR_NONE(name, text)  "(?:-|(?<" name ">" text "))"
#define QUOTED_OR_NONE(name) "\"(?:-(?=\")|(?<" name ">" QUOTED "))\""
#define METHOD               "(?<method>[^\\s\"\\\\]++) "
#define PATH                 "(?<path>(?:[^\"\\\\ ]++|\\\\.| (?!HTTP/[0-9.]+\"))++)"
#define REQUEST              "\"(?<request>" METHOD PATH "(?: (?<protocol>HTTP/[0-9.]++))?(?=\")|" QUOTED ")\""
#define CLF                                                                                        \
    "^(?<host>\\S++) (?:-|(?<ident>\\S++)) (?:-(?= \\[)|(?<user>.+?)) "                            \
    "\\[(?<time>[^\\]\"]++)\\] " REQUEST " (?<status>[0-9]{3}) " OR_NONE("bytes", "[0-9]++")
#define END "(?:\\s|$)"

static const struct preset_field web_fields[] = {
    {"host", "host", GYRE_TYPE_str, 0, MAKE_VALUE},
    {"ident", "ident", GYRE_TYPE_str, GYRE_NULLABLE, MAKE_VALUE},
    {"user", "user", GYRE_TYPE_str, GYRE_NULLABLE, MAKE_VALUE},
    {"time", "time", GYRE_TYPE_time, 0, MAKE_VALUE},
    {"request", "request", GYRE_TYPE_str, 0, MAKE_VALUE},
    {"method", "method", GYRE_TYPE_str, GYRE_NULLABLE, MAKE_VALUE},
    {"path", "path", GYRE_TYPE_str, GYRE_NULLABLE, MAKE_VALUE},
    {"protocol", "protocol", GYRE_TYPE_str, GYRE_NULLABLE, MAKE_VALUE},
    {"status", "status", GYRE_TYPE_i64, 0, MAKE_VALUE},
    {"bytes", "bytes", GYRE_TYPE_i64, GYRE_NULLABLE, MAKE_VALUE},
    {"referer", "referer", GYRE_TYPE_str, GYRE_NULLABLE, MAKE_VALUE},
    {"agent", "agent", GYRE_TYPE_str, GYRE_NULLABLE, MAKE_VALUE},
};
enum { N_WEB_FIELDS = sizeof web_fields / sizeof web_fields[0], N_COMBINED_ONLY = 2 };

#define ISO  "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9:.]++(?:[Zz]|[+-][0-9:]++)?+"
#define BSD  "[A-Z][a-z]{2} [ 0-9][0-9] (?:[0-9]{4} )?+[0-9]{2}:[0-9]{2}:[0-9]{2}"
#define DATA "(?:\\[(?:[^\\]\"]++|\"" QUOTED "\")*+\\])++"
#define NEW                                                                                        \
    "1 " OR_NONE("time", ISO) " " OR_NONE("host", "\\S++") " " OR_NONE(                            \
        "app",                                                                                     \
        "\\S++") " " OR_NONE("pid",                                                                \
                             "\\S++") " " OR_NONE("msgid",                                         \
                                                  "\\S++") " " OR_NONE("data",                     \
                                                                       DATA) "(?: "                \
                                                                             "(?:\\xEF\\xBB\\xBF)" \
                                                                             "?+(?<message>.*+)|$" \
                                                                             ")"
#define OLD                                                                                        \
    "(?<time>" BSD "|" ISO                                                                         \
    ") (?<host>\\S++) (?:(?<app>[^\\s:\\[\\]]++)(?:\\[(?<pid>[^\\]\\s]*+)\\])?+:(?: |$))?+"        \
    "(?<message>.*+)"

static const struct preset_field syslog_fields[] = {
    {"facility", "priority", GYRE_TYPE_i64, GYRE_NULLABLE, MAKE_FACILITY},
    {"severity", "priority", GYRE_TYPE_i64, GYRE_NULLABLE, MAKE_SEVERITY},
    {"time", "time", GYRE_TYPE_time, GYRE_NULLABLE, MAKE_TIME},
    {"host", "host", GYRE_TYPE_str, GYRE_NULLABLE, MAKE_VALUE},
    {"app", "app", GYRE_TYPE_str, GYRE_NULLABLE, MAKE_VALUE},
    {"pid", "pid", GYRE_TYPE_str, GYRE_NULLABLE, MAKE_VALUE},
    {"msgid", "msgid", GYRE_TYPE_str, GYRE_NULLABLE, MAKE_VALUE},
    {"data", "data", GYRE_TYPE_str, GYRE_NULLABLE, MAKE_VALUE},
    {"message", "message", GYRE_TYPE_str, GYRE_NULLABLE, MAKE_VALUE},
};

/* In the order of the choices, from FORMAT_CLF on. `s` lets . match line ends, which a field may have. */
static const struct preset presets[] = {
    {"clf", "(?s)" CLF END, "%d/%b/%Y:%H:%M:%S %z", web_fields, N_WEB_FIELDS - N_COMBINED_ONLY},
    {"combined", "(?s)" CLF " " QUOTED_OR_NONE("referer") " " QUOTED_OR_NONE("agent") END,
     "%d/%b/%Y:%H:%M:%S %z", web_fields, N_WEB_FIELDS},
    {"syslog",
     "(?s)^(?:<(?<priority>[0-9]{1,3})>(?:" NEW ")|(?:<(?<priority>[0-9]{1,3})>)?+" OLD ")$", NULL,
     syslog_fields, sizeof syslog_fields / sizeof syslog_fields[0]},
};

const struct preset *preset_of(int32_t format)
{
    return format >= FORMAT_CLF && format <= FORMAT_SYSLOG ? &presets[format - FORMAT_CLF] : NULL;
}

/* ---- times of syslog --------------------------------------------------------------------------- */

#define DAY_US  INT64_C(86400000000)
#define BSD_MAX 32 /* bytes: no such time is longer */

/* With this year; 0 where it has no such day. */
static int with_year(struct piece piece, int64_t year, int64_t *us)
{
    static const struct times format = {TIMES_PATTERN, "%Y %b %e %H:%M:%S"};
    char text[BSD_MAX + NUMBER_MAX];
    char *to = text;
    for (int64_t unit = 1000; unit > 0; unit /= 10)
        *to++ = (char)('0' + year / unit % 10);
    *to++ = ' ';
    memcpy(to, piece.at, piece.len);
    return times_get(text, (size_t)(to - text) + piece.len, &format, us);
}

static int64_t year_of(int64_t us)
{
    static const struct times format = {TIMES_PATTERN, "%Y"};
    char text[TIMES_MAX];
    int64_t year = 1970;
    number_get_i64(text, (size_t)(times_put(text, &format, us) - text), &year);
    return year;
}

int preset_time(struct piece piece, int64_t year, int64_t now_us, int64_t *us)
{
    static const struct times iso = {TIMES_ISO, NULL};
    static const struct times dated = {TIMES_PATTERN, "%b %e %Y %H:%M:%S"};
    if (piece.len == 0 || piece.len > BSD_MAX || (piece.at[0] >= '0' && piece.at[0] <= '9'))
        return times_get(piece.at, piece.len, &iso, us);
    if (times_get(piece.at, piece.len, &dated, us))
        return 1;
    if (year != 0)
        return with_year(piece, year, us);
    int64_t last = year_of(now_us) + 1;
    for (year = last; year > last - 8; year--) /* the 29th of February may be that long ago */
        if (with_year(piece, year, us) && *us - now_us <= DAY_US)
            return 1;
    return 0;
}
