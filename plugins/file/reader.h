/* plugins/file/reader.h: what the parts of file.read know of each other; it calls none of them.
 *
 * A task reads one range of a file at a time; ranges that wait stand behind it. A format's reader
 * (lines.c, csv_read.c) puts out the rows of what has been read and asks for more. */
#ifndef GYRE_PLUGIN_FILE_READER_H
#define GYRE_PLUGIN_FILE_READER_H

#include "input.h"

enum { READ_LINES, READ_CSV, READ_JSON };
enum { TYPES_STR, TYPES_INFER }; /* of csv whose header stands for the schema */

#define CSV_COLUMNS_MAX 4096u /* of a file with a header */

#define RANGE_UNBOUNDED ((uint64_t)INT64_MAX) /* the end of a range that is a whole file */

struct read_config {
    const char *path;
    int32_t format;
    int32_t header;
    int32_t follow;
    int32_t compression;       /* CODEC_... */
    struct gyre_schema schema; /* made by read_bind where a header stands for it */
    int32_t types;
    const char *delimiter;
    const char *quote;
    const char *time_format;
    double rate;
    int64_t row_max;
    int64_t rotate_wait;
    int32_t
        is_by_header; /* bind made the schema: an empty field of type str is an empty one, not null */
};

/* What is not a row, and passed over before the next one; a part of a saved position. */
enum {
    SKIP_NONE,
    SKIP_LINE,   /* what comes before the next line end */
    SKIP_FIELD,  /* the rest of a csv record: a field begins */
    SKIP_PLAIN,  /* within an unquoted field */
    SKIP_QUOTED, /* within quotes */
    SKIP_QUOTE,  /* behind a quote within quotes: the closing one, or the first of two */
    SKIP_CR,     /* behind the CR behind the closing quote */
    SKIP_KINDS
};

/* A part of a file. It owns the lines that begin in start ... end - 1. */
struct range {
    char *path;
    uint64_t end;
    struct input_place place; /* where to go on, while it is not open */
    uint32_t skipping;        /* SKIP_... */
    uint32_t id;
    uint32_t ranges; /* how many there are in all */
};

struct csv;
struct json;
struct follow;

struct reader {
    const struct read_config *config;
    struct input input; /* of ranges[0] */
    struct range *ranges;
    uint32_t n_ranges;
    uint32_t capacity;
    size_t scanned;    /* bytes of the rest that are known to hold no line end */
    uint64_t rows_out; /* since the clock of the rate began */
    int64_t start_us;
    int started;
    struct csv *csv;       /* NULL for other formats */
    struct json *json;     /* likewise */
    struct follow *follow; /* NULL where files are not followed */
};

/* Why a format's reader came back. */
enum { READ_BUDGET, READ_MORE, READ_END };

/* Appends a row without an event time and returns its index. The caller counts it in out->rows when
 * it is complete. */
static inline uint32_t read_row(struct gyre_out *out)
{
    if (out->rows == out->capacity)
        out->full(out);
    if (out->time != NULL)
        out->time[out->rows] = GYRE_NO_TIME;
    return out->rows;
}

/* Stores a view member by member: put together elsewhere first, it costs several times as much. */
static inline void read_store(struct gyre_str *into, const char *at, uint32_t len)
{
    if (len <= GYRE_STR_INLINE) {
        *into = gyre_str_view(at, len);
        return;
    }
    into->len = len;
    memcpy(into->head, at, sizeof into->head);
    into->u.ptr = at;
}

/* How its file may be compressed: a part of one is plain. */
static inline int32_t range_codec(const struct read_config *config, const struct range *range)
{
    return range->end == RANGE_UNBOUNDED ? config->compression : CODEC_NONE;
}

/* Uses `n` bytes, of which nothing is known about what follows. */
static inline void read_use(struct reader *r, size_t n)
{
    input_use(&r->input, n);
    r->scanned = 0;
}

#endif
