/* Rows side by side, as text; see test_match.h for how it looks. */
#ifndef GY_APP_TEST_TABLE_H
#define GY_APP_TEST_TABLE_H

#include "app/test_stage.h"

/* One line: an expected row, an actual one, or both. */
struct gy_test_pair {
    const struct gy_test_row *expected; /* NULL: none */
    const struct gy_test_row *actual;   /* NULL: none */
    bool same;
};

/** Appends the lines, those that are the same left out where many of them follow each other.
 *  Errors:  those of `b` */
void gy_test_table(struct gy_buf *b, const struct gy_test_stream *stream,
                   const struct gy_test_pair *pairs, size_t n);

/** Appends a value of a row: field `f`, or behind the last field its event time.
 *  Errors:  those of `b` */
void gy_test_value(struct gy_buf *b, const struct gy_test_stream *stream, uint32_t f,
                   const struct gy_test_row *row);

/** True where column `f` is compared: a field, or behind the last one the event time. */
static inline bool gy_test_is_compared(const struct gy_test_stream *stream, uint32_t f)
{
    return f < stream->schema->n_fields ? stream->compared[f] : stream->compares_time;
}

/** True where both rows have the same in column `f`. */
bool gy_test_same(const struct gy_test_stream *stream, uint32_t f, const struct gy_test_row *x,
                  const struct gy_test_row *y, double tolerance);

#endif
