/* gyre/batch.h: rows on their way, as columns.
 *
 * An input batch presents the columns that the operator reads, in the order in which it declared or
 * asked for them in `bind`; `columns[k]` is the k-th of these. Nothing of it may be written, and
 * nothing of it may be kept after the call returns: it is borrowed.
 *
 * An output is filled in the host's memory, in one of two ways that the port declares:
 *
 *   rows     (default) gyre_out_row() appends one row and returns its index r; the operator then
 *            writes `data[k][r]` of each of its own columns. Full batches leave by themselves.
 *   aligned  (GYRE_PORT_ALIGNED) row i of the output is row i of the input. The operator writes
 *            only its own columns, at the same index; every other column is shared by reference,
 *            and so are time, hash and keep. Nothing needs to be called. With GYRE_PORT_FILTERS it
 *            also writes `keep[i]` for every row: 1 keeps, 0 drops.
 *
 * Rows whose keep byte is 0 are not there: they hold any bits, and a callback must neither act on
 * them nor report them. An operator without GYRE_MASK_AWARE gets batches without such rows. */
#ifndef GYRE_BATCH_H
#define GYRE_BATCH_H

#include <gyre/schema.h>

/* No batch that the host presents or builds has more rows. */
#define GYRE_BATCH_ROWS 1024u

/** One column of a batch.
 *  Shape:   `data` holds `rows` values of the field's C type; `valid` one byte per row (1 = there,
 *           0 = null, then the value is zeroed), NULL where no row is null
 *  Owns:    borrowed for the call; immutable
 *  Thread:  [task]
 *  Since:   0.1 */
struct gyre_column {
    const void *data;
    const uint8_t *valid;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_column) == 16, "layout of gyre_column");

/** Rows that come in.
 *  Shape:   `keep` NULL: all rows are there. `selection`: the indexes of the kept rows in order,
 *           `kept` of them; NULL where all are kept, or the operator does not declare
 *           GYRE_WANTS_SELECTION. `time` NULL: no operator behind this edge reads times.
 *           `hash` NULL: the edge has no key.
 *  Units:   `time` in µs since the epoch
 *  Owns:    borrowed for the call; immutable
 *  Thread:  [task]
 *  Since:   0.1 */
struct gyre_batch {
    uint32_t size;
    uint32_t port; /* index of the input port it came in on */
    uint32_t rows; /* at most GYRE_BATCH_ROWS */
    uint32_t kept;
    const struct gyre_column *columns;
    const uint8_t *keep;
    const uint32_t *selection;
    const int64_t *time;
    const uint64_t *hash;
    void *host; /* the host's own */
    uint32_t n_columns;
    uint32_t reserved;
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_batch) == 72, "layout of gyre_batch");

/** One output port, while a callback runs.
 *  Shape:   `data[k]`, `valid[k]`: column k of those the operator writes itself, `capacity` values;
 *           `valid[k]` is NULL where the field is not nullable. `time` NULL: nobody reads it.
 *           A loop of its own may write rows in bulk: up to `capacity`, then store `rows`; at
 *           `rows` >= `capacity` call `full`, after which there is room for at least one row.
 *           gyre_out_str lowers `capacity` to `rows` where a batch has enough bytes: what a loop had
 *           room for before it called that, it may still write
 *  Owns:    the host's memory; valid until the callback returns or the next gyre_out_row
 *  Thread:  [task]
 *  Errors:  none to see: without memory the rows go into a scratch row and the host fails the call
 *  Since:   0.1 */
struct gyre_out {
    uint32_t size;
    uint32_t rows;     /* rows ports: filled so far */
    uint32_t capacity; /* rows ports: at `rows` >= `capacity` the host is called */
    uint32_t n_columns;
    void *const *data;
    uint8_t *const *valid;
    int64_t *time;
    uint8_t *keep;  /* aligned ports with GYRE_PORT_FILTERS, else NULL */
    char *text;     /* free room for strings longer than 12 bytes ... */
    char *text_end; /* ... up to here */
    void (*full)(struct gyre_out *out);
    char *(*grow)(struct gyre_out *out, uint32_t len);
    void (*adopt)(struct gyre_out *out, uint32_t column, const struct gyre_batch *in,
                  uint32_t in_column);
    void *host;
    const char *text_start; /* of the arena that `text` is in */
};
GYRE_STATIC_ASSERT(sizeof(struct gyre_out) == 104, "layout of gyre_out");

/** Column `k` of a batch as an array of `type`: `GYRE_COLUMN(in, 0, double)[row]`. */
#define GYRE_COLUMN(batch, k, type) ((const type *)(batch)->columns[k].data)

/** Own column `k` of an output as an array of `type`. */
#define GYRE_OUT(out, k, type) ((type *)(out)->data[k])

/** True where row `row` of column `k` is null.
 *  Thread:  [task] */
static inline int gyre_is_null(const struct gyre_batch *in, uint32_t k, uint32_t row)
{
    return in->columns[k].valid != NULL && in->columns[k].valid[row] == 0;
}

/** Appends a row to a rows port and returns its index, for writing each of the own columns.
 *  Shape:   a nullable column starts as "there"; the values start as anything
 *  Units:   `time` is the row's event time in µs: mostly that of the input row it comes from
 *           (gyre_row_time); GYRE_NO_TIME gives it the time of the call
 *  Owns:    the arrays may move: read `out->data[k]` again after each call
 *  Thread:  [task]
 *  Errors:  none; emission never fails and never blocks
 *  Since:   0.1 */
static inline uint32_t gyre_out_row(struct gyre_out *out, int64_t time)
{
    if (out->rows >= out->capacity)
        out->full(out);
    uint32_t row = out->rows++;
    if (out->time != NULL)
        out->time[row] = time;
    return row;
}

#define GYRE_NO_TIME INT64_MIN

/** The event time of an input row, or GYRE_NO_TIME where the stream carries none.
 *  Thread:  [task] */
static inline int64_t gyre_row_time(const struct gyre_batch *in, uint32_t row)
{
    return in->time != NULL ? in->time[row] : GYRE_NO_TIME;
}

/** Copies `len` bytes into the output's arena and returns the reference to store in a column.
 *  Owns:    the host's arena; the source may go
 *  Thread:  [task]
 *  Errors:  without memory an empty string is returned and the host fails the call
 *  Since:   0.1 */
static inline struct gyre_str gyre_out_str(struct gyre_out *out, const char *data, uint32_t len)
{
    if (len <= GYRE_STR_INLINE)
        return gyre_str_view(data, len);
    char *copy = out->text;
    if ((size_t)(out->text_end - copy) < len) {
        copy = out->grow(out, len); /* sets text and text_end */
        if (copy == NULL)
            return gyre_str_view("", 0);
    }
    out->text = copy + len;
    memcpy(copy, data, len);
    return gyre_str_view(copy, len);
}

/** At least `n` free bytes in the output's arena, for text that is made or read in place: write up
 *  to `n` bytes, then store references with gyre_str_view and call gyre_out_used with what was used.
 *  Owns:    the host; what was used lives as long as a batch that refers to it, and beyond the
 *           callback until the next gyre_out_room or gyre_out_str on this port finds no room
 *  Thread:  [task]
 *  Errors:  NULL without memory; the host then fails the call
 *  Since:   0.1 */
static inline char *gyre_out_room(struct gyre_out *out, uint32_t n)
{
    if ((size_t)(out->text_end - out->text) >= n)
        return out->text;
    return out->grow(out, n);
}

static inline void gyre_out_used(struct gyre_out *out, uint32_t n)
{
    out->text += n;
}

/** Lets own column `column` hold references into the bytes of input column `in_column` instead of
 *  copies, until the callback returns: call it once per input batch, before the first such row.
 *  Owns:    the output shares the input column's arenas
 *  Thread:  [task]
 *  Since:   0.1 */
static inline void gyre_out_adopt(struct gyre_out *out, uint32_t column,
                                  const struct gyre_batch *in, uint32_t in_column)
{
    out->adopt(out, column, in, in_column);
}

/** Runs the statement that follows for the index of each kept row: `GYRE_ROWS(in, row) {...}`.
 *  Uses the selection where there is one, else tests the mask. */
#define GYRE_ROWS(in, row)                                                                         \
    for (uint32_t gyre__j = 0, gyre__n = (in)->selection != NULL ? (in)->kept : (in)->rows,        \
                  row = 0;                                                                         \
         gyre__j < gyre__n &&                                                                      \
         ((row = (in)->selection != NULL ? (in)->selection[gyre__j] : gyre__j), 1);                \
         gyre__j++)                                                                                \
        if ((in)->keep != NULL && (in)->keep[row] == 0) {                                          \
        } else

/* Tells the compiler that a loop over columns carries no dependence: columns never overlap. */
#if defined(__clang__)
#define GYRE_IVDEP _Pragma("clang loop vectorize(assume_safety) interleave(assume_safety)")
#elif defined(__GNUC__)
#define GYRE_IVDEP _Pragma("GCC ivdep")
#else
#define GYRE_IVDEP
#endif

#endif
