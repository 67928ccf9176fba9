/* plugins/text/presets.h: the formats that text.parse knows by name: a pattern, and the fields made of its
 * groups. */
#ifndef GYRE_PLUGIN_TEXT_PRESETS_H
#define GYRE_PLUGIN_TEXT_PRESETS_H

#include "cast.h"

/* The choices of the option `format`. */
enum { FORMAT_NONE, FORMAT_CLF, FORMAT_COMBINED, FORMAT_SYSLOG, FORMAT_LOGFMT };

/* How a piece becomes a value, where that is not by its type alone. */
enum {
    MAKE_VALUE,
    MAKE_FACILITY, /* of syslog's priority: what is left of its three lowest bits */
    MAKE_SEVERITY, /* these */
    MAKE_TIME      /* a time as syslog has them: ISO 8601, or without a year */
};

struct preset_field {
    const char *name;
    const char *group;
    uint32_t type;
    uint32_t flags;
    uint32_t make;
};

struct preset {
    const char *name;
    const char *pattern;
    const char *time_format;
    const struct preset_field *fields;
    uint32_t n_fields;
};

/** The preset of a format with a pattern of its own, else NULL.
 *  Thread:  [any] */
const struct preset *preset_of(int32_t format);

/** Makes µs of a time of syslog. Without a year it is of `year`, or of 0: the latest one in which it is not
 *  more than a day behind `now_us`; and it is taken for UTC. 0: it is none.
 *  Thread:  [any] */
int preset_time(struct piece piece, int64_t year, int64_t now_us, int64_t *us);

#endif
