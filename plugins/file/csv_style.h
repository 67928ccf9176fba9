/* plugins/file/csv_style.h: what options say of how CSV is written and read. */
#ifndef GYRE_PLUGIN_FILE_CSV_STYLE_H
#define GYRE_PLUGIN_FILE_CSV_STYLE_H

#include "times.h"

#define CSV_NO_QUOTE 256 /* no byte is one */

struct csv_style {
    char delimiter;
    uint16_t quote; /* a byte, or CSV_NO_QUOTE */
    struct times times;
};

/* The options' own values; NULL: not given. */
struct csv_options {
    const char *delimiter;
    const char *quote;
    const char *time_format;
};

/* A config has them as members of these names. */
#define CSV_STYLE_OPTIONS(config)                                                                  \
    GYRE_OPT(config, delimiter, STRING, ",", 0, "csv: the byte between fields; \"\\t\" is a tab"), \
        GYRE_OPT(config, quote, STRING, "\"", 0, "csv: the byte around a field that needs it"),    \
        GYRE_OPT(config, time_format, STRING, "us", 0,                                             \
                 "how times are written: us, ms or s since the epoch, iso, or a strptime pattern")

#define CSV_STYLE_OF(config)                                                                       \
    (&(struct csv_options){(config)->delimiter, (config)->quote, (config)->time_format})

/* What the options come to, into `style`; 0 where they are right, or the name of the one that is not,
 * with a sentence in `why`. A reader may be without quotes: `quote = ""`. */
const char *csv_style_parse(const struct csv_options *options, int reads, struct csv_style *style,
                            const char **why);

/* The same, told to `bind`; of another format than csv only the times may be said. */
int32_t csv_style_bind(const struct csv_options *options, int is_csv, int reads,
                       struct gyre_bind *bind);

#endif
