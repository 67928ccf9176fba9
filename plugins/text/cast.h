/* plugins/text/cast.h: pieces of a text as values of columns.
 *
 * Numbers and times are read as file.read reads those of CSV: by the same code. A str is the piece as it
 * stands, a view of the text; so are bytes. A bool is true or false. */
#ifndef GYRE_PLUGIN_TEXT_CAST_H
#define GYRE_PLUGIN_TEXT_CAST_H

#include "../file/times.h"

/* A part of a text; `at` NULL: there is none. */
struct piece {
    const char *at;
    uint32_t len;
};

/* A column that pieces are put into. */
struct cast {
    const char *name;
    uint32_t type;
    uint32_t out;     /* its position in out->data */
    uint8_t nullable; /* no piece is null, nor is an empty one that is no str */
    uint8_t lax;      /* a str without a piece is empty */
};

enum { CAST_WHY = 384 };

/** Stores a piece at a row; 0 where it is none of the type, or there is none and there must be.
 *  Thread:  [task] */
int cast_put(const struct cast *cast, const struct times *times, struct gyre_out *out, uint32_t row,
             struct piece piece);

/** Why cast_put did not store it: "field `n`: \"x\" is no i64".
 *  Thread:  [task] */
void cast_tell(const struct cast *cast, const struct times *times, struct piece piece,
               char why[CAST_WHY]);

/** Stores the null of the column at a row.
 *  Thread:  [task] */
void cast_null(const struct cast *cast, struct gyre_out *out, uint32_t row);

#endif
