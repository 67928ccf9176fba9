/* Rows of one schema with a life of their own: columns that grow, and the bytes of their strings.
 *
 * What a test pushes, what an operator has put out, what a test expects. Rows come from text and become text (see
 * gyre/testkit.h for its form), and are compared value by value, -0.0 and every NaN by their bits.
 *
 * Their memory is the test's and not the runtime's: it is no allocation that a test of the runtime's own counts or
 * fails. Without it the process ends. */
#ifndef GY_KIT_ROWS_H
#define GY_KIT_ROWS_H

#include "base/buf.h"
#include "base/text.h"
#include "data/batch.h"

/** Zeroed, with its schema set, it is ready. */
struct gy_rows {
    const struct gyre_schema *schema; /* borrowed */
    uint32_t n, cap;
    void **data;     /* per field */
    uint8_t **valid; /* per field */
    int64_t *time;
    char **strings; /* longer than 12 bytes, each a block */
    size_t n_strings, cap_strings;
};

void gy_rows_fini(struct gy_rows *rows);

/** Forgets the rows and keeps the schema. */
void gy_rows_clear(struct gy_rows *rows);

/** Appends a row of nulls and zeros; its index. */
uint32_t gy_rows_add(struct gy_rows *rows, int64_t time_us);

/** Sets a value as it stands in a column; NULL: null. Strings are copied. */
void gy_rows_set(struct gy_rows *rows, uint32_t row, uint32_t field, const void *value);

static inline bool gy_rows_is_null(const struct gy_rows *rows, uint32_t row, uint32_t field)
{
    return rows->valid[field][row] == 0;
}

/** The place of a value. */
static inline void *gy_rows_at(const struct gy_rows *rows, uint32_t row, uint32_t field)
{
    uint32_t size = gyre_type_size(gyre_schema_field(rows->schema, field)->type);
    return (char *)rows->data[field] + (size_t)row * size;
}

/** Appends the kept rows of a batch with these columns; times 0 where it has none. */
void gy_rows_append(struct gy_rows *rows, const struct gy_batch *batch);

/** Appends a row of other rows with the same schema. */
void gy_rows_copy(struct gy_rows *rows, const struct gy_rows *from, uint32_t row);

/** Appends the rows of a text. 0, or GYRE_EINVAL and why, GYRE_ENOMEM. */
int gy_rows_parse(struct gy_rows *rows, const char *text, struct gy_why *why);

/** <0, 0, >0 by the values, and by the times where `times`. */
int gy_rows_compare(const struct gy_rows *a, uint32_t i, const struct gy_rows *b, uint32_t j,
                    bool times);

/** Appends one row as JSON, after its time where `times`. */
void gy_rows_line(const struct gy_rows *rows, uint32_t row, bool times, struct gy_buf *into);

/** Appends them all, a line each. */
void gy_rows_text(const struct gy_rows *rows, bool times, struct gy_buf *into);

/** The rows in order of their values; NULL for no rows.
 *  Owns:    the caller, free() */
uint32_t *gy_rows_order(const struct gy_rows *rows, bool times);

/** True where both are the same; else what differs is told side by side. */
bool gy_rows_same(const struct gy_rows *expected, const struct gy_rows *actual, bool times,
                  bool any_order, struct gy_buf *diff);

/** Reads a schema as people write it, "word: str, count: i64 or null", into what a job file says, "({name = ...},
 *  ...)". 0, or -1 and why. */
int gy_rows_schema_text(const char *text, struct gy_buf *into, struct gy_why *why);

#endif
