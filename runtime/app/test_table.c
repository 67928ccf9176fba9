/* See test_table.h. */
#include "app/test_table.h"

#include "base/moment.h"
#include "base/text.h"

#include <string.h>

/* A longer text is cut in the table, not in the sentence that tells the first difference. */
enum { CELL_MOST = 40, LINES_MOST = 60, SAME_SHOWN = 3 };

struct table {
    struct gy_buf *b;
    const struct gy_test_stream *stream;
    uint32_t n_columns; /* the fields and the time, compared or not */
    size_t *width;      /* of each, for both sides */
    struct gy_buf cell; /* scratch */
};

static const char *name_of(const struct gy_test_stream *stream, uint32_t f)
{
    return f < stream->schema->n_fields ? gyre_schema_field(stream->schema, f)->name : "*time";
}

void gy_test_value(struct gy_buf *b, const struct gy_test_stream *stream, uint32_t f,
                   const struct gy_test_row *row)
{
    const struct gy_cell time = {.there = row->has_time, .v.i = row->time_us};
    if (f < stream->schema->n_fields)
        gy_cell_text(b, gyre_schema_field(stream->schema, f)->type, &row->cells[f]);
    else
        gy_cell_text(b, GYRE_TYPE_time, &time);
}

bool gy_test_same(const struct gy_test_stream *stream, uint32_t f, const struct gy_test_row *x,
                  const struct gy_test_row *y, double tolerance)
{
    if (f < stream->schema->n_fields)
        return gy_cell_equal(gyre_schema_field(stream->schema, f)->type, &x->cells[f], &y->cells[f],
                             tolerance);
    return x->has_time == y->has_time && x->time_us == y->time_us;
}

/* Characters, which is about what a terminal shows. */
static size_t width_of(const char *text)
{
    size_t n = 0;
    for (; *text != '\0'; text++)
        n += ((uint8_t)*text & 0xc0) != 0x80;
    return n;
}

/* A value as the table shows it. Owned by the table, until the next one. */
static const char *text_of(struct table *t, uint32_t f, const struct gy_test_row *row)
{
    gy_buf_reset(&t->cell);
    gy_test_value(&t->cell, t->stream, f, row);
    const char *text = gy_buf_cstr(&t->cell);
    if (text == NULL || width_of(text) <= CELL_MOST)
        return text != NULL ? text : "?";
    size_t end = 0;
    for (size_t n = 0; n < CELL_MOST - 3; n++)
        do
            end++;
        while (((uint8_t)text[end] & 0xc0) == 0x80);
    t->cell.len = end;
    gy_buf_text(&t->cell, "...");
    text = gy_buf_cstr(&t->cell);
    return text != NULL ? text : "?";
}

static void measure(struct table *t, const struct gy_test_pair *pair)
{
    const struct gy_test_row *rows[] = {pair->expected, pair->actual};
    for (uint32_t f = 0; f < t->n_columns; f++)
        for (int side = 0; side < 2; side++) {
            size_t n = rows[side] != NULL ? width_of(text_of(t, f, rows[side])) : 0;
            t->width[f] = n > t->width[f] ? n : t->width[f];
        }
}

static void spaces(struct gy_buf *b, size_t n)
{
    while (n-- > 0)
        gy_buf_u8(b, ' ');
}

static bool is_number(const struct table *t, uint32_t f)
{
    uint32_t type =
        f < t->stream->schema->n_fields ? gyre_schema_field(t->stream->schema, f)->type : 0;
    return type == GYRE_TYPE_i32 || type == GYRE_TYPE_i64 || type == GYRE_TYPE_f64;
}

/* One side of a line; blanks where `row` is NULL, the names where `head`. */
static void put_side(struct table *t, const struct gy_test_row *row, bool head)
{
    const char *gap = "";
    for (uint32_t f = 0; f < t->n_columns; f++) {
        if (!gy_test_is_compared(t->stream, f))
            continue;
        const char *text = head ? name_of(t->stream, f) : row != NULL ? text_of(t, f, row) : "";
        size_t pad = t->width[f] - width_of(text);
        gy_buf_text(t->b, gap);
        spaces(t->b, is_number(t, f) ? pad : 0);
        gy_buf_text(t->b, text);
        spaces(t->b, is_number(t, f) ? 0 : pad);
        gap = "  ";
    }
}

static size_t side_width(const struct table *t)
{
    size_t n = 0;
    for (uint32_t f = 0; f < t->n_columns; f++)
        n += gy_test_is_compared(t->stream, f) ? t->width[f] + 2 : 0;
    return n > 0 ? n - 2 : 0;
}

static void end_line(struct gy_buf *b)
{
    while (!b->failed && b->len > 0 && b->data[b->len - 1] == ' ')
        b->len--;
    gy_buf_text(b, "\n");
}

static void put_head(struct table *t)
{
    size_t side = side_width(t), label = strlen("expected");
    gy_buf_text(t->b, "       expected");
    spaces(t->b, side > label ? side - label : 0);
    gy_buf_text(t->b, "     actual");
    end_line(t->b);
    gy_buf_text(t->b, "       ");
    put_side(t, NULL, true);
    spaces(t->b, side < label ? label - side : 0);
    gy_buf_text(t->b, "     ");
    put_side(t, NULL, true);
    end_line(t->b);
}

static void put_line(struct table *t, const struct gy_test_pair *pair, bool first)
{
    size_t side = side_width(t), label = strlen("expected");
    const char *mark = pair->same               ? " "
                       : pair->expected == NULL ? ">"
                       : pair->actual == NULL   ? "<"
                                                : "|";
    gy_buf_text(t->b, first ? "    -> " : "       ");
    put_side(t, pair->expected, false);
    spaces(t->b, side < label ? label - side : 0);
    gy_buf_printf(t->b, "  %s  ", mark);
    put_side(t, pair->actual, false);
    end_line(t->b);
}

/* How many lines from `i` on are the same. */
static size_t same_run(const struct gy_test_pair *pairs, size_t n, size_t i)
{
    size_t run = 0;
    while (i + run < n && pairs[i + run].same)
        run++;
    return run;
}

/* Lines that are put out; `put` NULL: they are measured. */
static void each_line(struct table *t, const struct gy_test_pair *pairs, size_t n, bool put)
{
    size_t shown = 0;
    bool first = true;
    for (size_t i = 0; i < n; shown++) {
        size_t run = same_run(pairs, n, i);
        if (shown == LINES_MOST) {
            if (put)
                gy_buf_printf(t->b, "       ... %zu more\n", n - i);
            return;
        }
        if (run > 2 * SAME_SHOWN && (i == 0 || !pairs[i - 1].same)) {
            if (put)
                gy_buf_printf(t->b, "       ... %zu rows that are the same\n", run - SAME_SHOWN);
            i += run - SAME_SHOWN;
            continue;
        }
        if (put)
            put_line(t, &pairs[i], first && !pairs[i].same);
        else
            measure(t, &pairs[i]);
        first &= pairs[i].same;
        i++;
    }
}

void gy_test_table(struct gy_buf *b, const struct gy_test_stream *stream,
                   const struct gy_test_pair *pairs, size_t n)
{
    struct table t = {.b = b, .stream = stream, .n_columns = stream->schema->n_fields + 1};
    t.width = gy_calloc(t.n_columns, sizeof *t.width);
    if (t.width == NULL) {
        b->failed = true;
        return;
    }
    for (uint32_t f = 0; f < t.n_columns; f++)
        t.width[f] = width_of(name_of(stream, f));
    each_line(&t, pairs, n, false);
    put_head(&t);
    each_line(&t, pairs, n, true);
    gy_free(t.width);
    gy_buf_fini(&t.cell);
}
