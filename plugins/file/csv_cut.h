/* plugins/file/csv_cut.h: a record of CSV is cut into the pieces that its fields are, without changing
 * a byte. */
#ifndef GYRE_PLUGIN_FILE_CSV_CUT_H
#define GYRE_PLUGIN_FILE_CSV_CUT_H

#include "csv_style.h"

/* A field of a record: where its text is, without quotes. */
struct csv_piece {
    uint32_t at;
    uint32_t len;
    uint8_t quoted;
    uint8_t escaped; /* holds doubled quotes */
};

struct csv_record {
    struct csv_piece *pieces;
    uint32_t n_pieces; /* those beyond `capacity` are only counted */
    uint32_t capacity;
    const char *mistake; /* where it is bad */
};

/* The text being cut. `i` is the place at hand. */
struct csv_text {
    const char *at;
    size_t n;
    size_t i;
    size_t end; /* of the last field, or of a bad record: without the line end */
    int at_eof;
};

/* What cutting a record comes to. */
enum { CSV_WHOLE, CSV_MORE, CSV_BAD };

/* Cuts the record at the front of the text; afterwards text->i is behind it. */
int csv_cut(const struct csv_style *style, struct csv_record *record, struct csv_text *text);

/* Makes one quote of each two, where they stand; the length then. */
uint32_t csv_undouble(char *text, uint32_t n, char quote);

/* The name of a column that has none, by its place: column3. */
#define CSV_PLACE 24
static inline void csv_place(char name[CSV_PLACE], uint32_t i)
{
    snprintf(name, CSV_PLACE, "column%u", (unsigned)i + 1);
}

/* True where column `i` of a header, a piece of `at`, is called so. */
int csv_is_called(const char *at, const struct csv_piece *piece, uint32_t i, const char *name);

/* True for a line without any byte. */
static inline int csv_is_blank(const struct csv_record *record)
{
    return record->n_pieces == 1 && record->pieces[0].len == 0 && !record->pieces[0].quoted;
}

#endif
