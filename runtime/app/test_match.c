/* See test_match.h. */
#include "app/test_match.h"

#include "app/test_table.h"

#include <string.h>

/* Rows on both sides that are aligned by dynamic programming, beyond which they are taken one by one; rows
 * that are left and paired by likeness. */
enum { ALIGN_MOST = 2000, PAIR_MOST = 300 };

struct match {
    const struct gy_test_stream *stream;
    const struct gy_test_row *actual;
    size_t n_actual;
    double tolerance;
    struct gy_test_pair *pairs; /* room for all rows of both sides */
    size_t n_pairs;
};

static const struct gy_test_row *expected(const struct match *m, size_t i)
{
    return &m->stream->rows[i];
}

/* In how many compared columns two rows are the same, and in all of how many. */
static uint32_t likeness(const struct match *m, const struct gy_test_row *x,
                         const struct gy_test_row *y, uint32_t *of)
{
    uint32_t same = 0;
    *of = 0;
    for (uint32_t f = 0; f <= m->stream->schema->n_fields; f++) {
        if (!gy_test_is_compared(m->stream, f))
            continue;
        (*of)++;
        same += gy_test_same(m->stream, f, x, y, m->tolerance);
    }
    return same;
}

static bool is_same(const struct match *m, const struct gy_test_row *x, const struct gy_test_row *y)
{
    for (uint32_t f = 0; f <= m->stream->schema->n_fields; f++)
        if (gy_test_is_compared(m->stream, f) && !gy_test_same(m->stream, f, x, y, m->tolerance))
            return false;
    return true;
}

static void add_pair(struct match *m, const struct gy_test_row *x, const struct gy_test_row *y,
                     bool same)
{
    m->pairs[m->n_pairs++] = (struct gy_test_pair){.expected = x, .actual = y, .same = same};
}

/* ---- in order ---- */

/* longest[i * (b + 1) + j]: how many of the rows from i and j on can be the same, in order. */
static uint32_t *make_longest(const struct match *m)
{
    size_t a = m->stream->n, b = m->n_actual;
    uint32_t *longest = gy_calloc((a + 1) * (b + 1), sizeof *longest);
    for (size_t i = a; longest != NULL && i-- > 0;)
        for (size_t j = b; j-- > 0;) {
            uint32_t skip_x = longest[(i + 1) * (b + 1) + j];
            uint32_t skip_y = longest[i * (b + 1) + j + 1];
            uint32_t best = skip_x > skip_y ? skip_x : skip_y;
            if (is_same(m, expected(m, i), &m->actual[j]))
                best = longest[(i + 1) * (b + 1) + j + 1] + 1;
            longest[i * (b + 1) + j] = best;
        }
    return longest;
}

/* Rows of both sides between two that are the same stand beside each other. */
static void add_gap(struct match *m, size_t i, size_t i_end, size_t j, size_t j_end)
{
    while (i < i_end || j < j_end) {
        const struct gy_test_row *x = i < i_end ? expected(m, i++) : NULL;
        const struct gy_test_row *y = j < j_end ? &m->actual[j++] : NULL;
        add_pair(m, x, y, false);
    }
}

static int align(struct match *m)
{
    size_t a = m->stream->n, b = m->n_actual, i = 0, j = 0, from_i = 0, from_j = 0;
    uint32_t *longest = make_longest(m);
    if (longest == NULL)
        return -1;
    while (i < a && j < b) {
        if (is_same(m, expected(m, i), &m->actual[j])) {
            add_gap(m, from_i, i, from_j, j);
            add_pair(m, expected(m, i++), &m->actual[j++], true);
            from_i = i;
            from_j = j;
        } else if (longest[(i + 1) * (b + 1) + j] >= longest[i * (b + 1) + j + 1]) {
            i++;
        } else {
            j++;
        }
    }
    add_gap(m, from_i, a, from_j, b);
    gy_free(longest);
    return 0;
}

static int one_by_one(struct match *m)
{
    size_t a = m->stream->n, b = m->n_actual;
    for (size_t i = 0; i < a || i < b; i++) {
        const struct gy_test_row *x = i < a ? expected(m, i) : NULL;
        const struct gy_test_row *y = i < b ? &m->actual[i] : NULL;
        add_pair(m, x, y, x != NULL && y != NULL && is_same(m, x, y));
    }
    return 0;
}

static int match_in_order(struct match *m)
{
    return m->stream->n > ALIGN_MOST || m->n_actual > ALIGN_MOST ? one_by_one(m) : align(m);
}

/* ---- in any order ---- */

/* The actual row that an expected one is, or most like; NULL. What is the same in nothing is not like it. */
static const struct gy_test_row *most_like(const struct match *m, const struct gy_test_row *x,
                                           const bool *taken, size_t *at)
{
    const struct gy_test_row *best = NULL;
    uint32_t most = 0, of;
    for (size_t j = 0; j < m->n_actual; j++) {
        uint32_t same = taken[j] ? 0 : likeness(m, x, &m->actual[j], &of);
        if (same <= most)
            continue;
        most = same;
        best = &m->actual[j];
        *at = j;
    }
    return best;
}

static int match_any(struct match *m)
{
    size_t left = m->stream->n, at, first = 0;
    bool *taken = gy_calloc(m->n_actual + 1, sizeof *taken);
    if (taken == NULL)
        return -1;
    for (size_t i = 0; i < m->stream->n; i++) {
        add_pair(m, expected(m, i), NULL, false);
        while (first < m->n_actual && taken[first])
            first++;
        for (size_t j = first; j < m->n_actual && !m->pairs[i].same; j++) {
            if (taken[j] || !is_same(m, expected(m, i), &m->actual[j]))
                continue;
            m->pairs[i] = (struct gy_test_pair){expected(m, i), &m->actual[j], true};
            taken[j] = true;
            left--;
        }
    }
    for (size_t i = 0; left <= PAIR_MOST && m->n_actual <= ALIGN_MOST && i < m->stream->n; i++) {
        if (m->pairs[i].same ||
            (m->pairs[i].actual = most_like(m, expected(m, i), taken, &at)) == NULL)
            continue;
        taken[at] = true;
    }
    for (size_t j = 0; j < m->n_actual; j++)
        if (!taken[j])
            add_pair(m, NULL, &m->actual[j], false);
    gy_free(taken);
    return 0;
}

/* ---- telling ---- */

static void put_row(struct gy_buf *b, const struct gy_test_stream *stream,
                    const struct gy_test_row *row)
{
    const char *before = "{ ";
    for (uint32_t f = 0; f <= stream->schema->n_fields; f++) {
        if (!gy_test_is_compared(stream, f))
            continue;
        bool is_time = f == stream->schema->n_fields;
        gy_buf_printf(b, "%s%s = ", before,
                      is_time ? "*time" : gyre_schema_field(stream->schema, f)->name);
        gy_test_value(b, stream, f, row);
        before = "; ";
    }
    gy_buf_text(b, "; }");
}

/* "row 2: count is 2, not 3" */
static void put_first(struct gy_buf *b, const struct match *m, const struct gy_test_pair *pair)
{
    const struct gy_test_stream *stream = m->stream;
    const char *before = "";
    if (pair->expected == NULL) {
        gy_buf_text(b, "  first difference: ");
        put_row(b, stream, pair->actual);
        gy_buf_text(b, " was not expected\n");
        return;
    }
    const struct gy_setting *at = pair->expected->at;
    gy_buf_printf(b, "  first difference: %s:%d: ", at->file, at->line);
    if (pair->actual == NULL) {
        put_row(b, stream, pair->expected);
        gy_buf_text(b, " did not come\n");
        return;
    }
    for (uint32_t f = 0; f <= stream->schema->n_fields; f++) {
        if (!gy_test_is_compared(stream, f) ||
            gy_test_same(stream, f, pair->expected, pair->actual, m->tolerance))
            continue;
        bool is_time = f == stream->schema->n_fields;
        gy_buf_printf(b, "%s%s is ", before,
                      is_time ? "*time" : gyre_schema_field(stream->schema, f)->name);
        gy_test_value(b, stream, f, pair->actual);
        gy_buf_text(b, ", not ");
        gy_test_value(b, stream, f, pair->expected);
        before = "; ";
    }
    gy_buf_text(b, "\n");
}

static void tell(struct gy_buf *b, const struct match *m)
{
    const struct gy_test_pair *first = NULL;
    size_t differ = 0, missing = 0, more = 0;
    for (size_t i = 0; i < m->n_pairs; i++) {
        const struct gy_test_pair *p = &m->pairs[i];
        if (p->same)
            continue;
        first = first == NULL ? p : first;
        differ += p->expected != NULL && p->actual != NULL;
        missing += p->actual == NULL;
        more += p->expected == NULL;
    }
    gy_buf_printf(b, "%s:%d: %s: ", m->stream->at->file, m->stream->at->line, m->stream->name);
    if (m->stream->n == 0)
        gy_buf_text(b, "no rows are expected,");
    else
        gy_buf_printf(b, "of %u row%s expected", m->stream->n, m->stream->n == 1 ? "" : "s");
    if (differ > 0)
        gy_buf_printf(b, ", %zu differ%s", differ, differ == 1 ? "s" : "");
    if (missing > 0)
        gy_buf_printf(b, ", %zu did not come", missing);
    if (more > 0)
        gy_buf_printf(b, "%s %zu came that %s not expected",
                      m->stream->n == 0      ? " and"
                      : differ + missing > 0 ? ", and"
                                             : " all came, and",
                      more, more == 1 ? "was" : "were");
    gy_buf_text(b, "\n");
    put_first(b, m, first);
    gy_test_table(b, m->stream, m->pairs, m->n_pairs);
}

bool gy_test_match(const struct gy_test_record *record, bool in_order, double tolerance,
                   struct gy_buf *why)
{
    struct match m = {.stream = record->stream,
                      .actual = record->rows.items,
                      .n_actual = record->rows.n,
                      .tolerance = tolerance};
    m.pairs = gy_calloc(m.stream->n + m.n_actual + 1, sizeof *m.pairs);
    if (m.pairs == NULL || (in_order ? match_in_order(&m) : match_any(&m)) != 0) {
        gy_buf_text(why, "no memory to compare rows\n");
        gy_free(m.pairs);
        return false;
    }
    bool same = true;
    for (size_t i = 0; i < m.n_pairs; i++)
        same &= m.pairs[i].same;
    if (!same)
        tell(why, &m);
    gy_free(m.pairs);
    return same;
}
