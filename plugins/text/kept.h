/* plugins/text/kept.h: fields of the input that an operator with rows of its own puts out as they are. */
#ifndef GYRE_PLUGIN_TEXT_KEPT_H
#define GYRE_PLUGIN_TEXT_KEPT_H

#include <gyre/gyre.h>

/* The choices of an option `keep`: all fields but the one that is looked into, none, all. */
enum { KEEP_REST, KEEP_NONE, KEEP_ALL };

struct kept_column {
    uint32_t type;
    uint32_t in;
    uint32_t out;
};

struct kept {
    uint32_t n;
    struct kept_column *columns;
};

/** Adds those of the fields that `keep` says to the output; `field` is the one that is looked into.
 *  Thread:  [control]
 *  Errors:  a code, told */
int32_t kept_bind(struct kept *kept, struct gyre_bind *bind, int32_t keep, const char *field);

/** Reads the field with the text: `in` becomes the number of its column. `what` says which types it may have.
 *  Thread:  [control]
 *  Errors:  a code, told */
int32_t kept_bind_text(struct gyre_bind *bind, const char *field, const char *what, uint32_t *in);

/** Lets the output have the strings of a batch: once, before its first row.
 *  Thread:  [task] */
void kept_adopt(const struct kept *kept, struct gyre_out *out, const struct gyre_batch *in);

/** Copies them from a row of the input to one of the output.
 *  Thread:  [task] */
void kept_put(const struct kept *kept, struct gyre_out *out, uint32_t to,
              const struct gyre_batch *in, uint32_t row);

/** The row that comes next: it is there once `out->rows` has been raised. So a row that turns out to be bad
 *  is none.
 *  Thread:  [task] */
static inline uint32_t kept_next_row(struct gyre_out *out)
{
    if (out->rows >= out->capacity)
        out->full(out);
    return out->rows;
}

static inline void kept_end_row(struct gyre_out *out, uint32_t to, int64_t time_us)
{
    if (out->time != NULL)
        out->time[to] = time_us;
    out->rows = to + 1;
}

#endif
