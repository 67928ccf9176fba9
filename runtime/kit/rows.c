/* Rows as columns that grow; see rows.h. */
#include "kit/rows.h"

#include "base/mem.h"
#include "data/json.h"

#include <assert.h>
#include <stdlib.h>

/* Memory of a test: without it there is none. */
static void *room(void *old, size_t n, size_t size)
{
    void *more = realloc(old, n * size + 1);
    if (more == NULL)
        abort();
    return more;
}

static void forget_strings(struct gy_rows *rows)
{
    for (size_t i = 0; i < rows->n_strings; i++)
        free(rows->strings[i]);
    rows->n_strings = 0;
}

void gy_rows_fini(struct gy_rows *rows)
{
    for (uint32_t f = 0; rows->data != NULL && f < rows->schema->n_fields; f++) {
        free(rows->data[f]);
        free(rows->valid[f]);
    }
    forget_strings(rows);
    free(rows->strings);
    free(rows->data);
    free(rows->valid);
    free(rows->time);
    *rows = (struct gy_rows){.schema = rows->schema};
}

void gy_rows_clear(struct gy_rows *rows)
{
    rows->n = 0;
    forget_strings(rows);
}

static void grow(struct gy_rows *rows)
{
    uint32_t n_fields = rows->schema->n_fields;
    if (rows->data == NULL) {
        rows->data = room(NULL, n_fields, sizeof *rows->data);
        rows->valid = room(NULL, n_fields, sizeof *rows->valid);
        memset(rows->data, 0, n_fields * sizeof *rows->data);
        memset(rows->valid, 0, n_fields * sizeof *rows->valid);
    }
    rows->cap = rows->cap > 0 ? 2 * rows->cap : 64;
    rows->time = room(rows->time, rows->cap, sizeof *rows->time);
    for (uint32_t f = 0; f < n_fields; f++) {
        uint32_t size = gyre_type_size(gyre_schema_field(rows->schema, f)->type);
        rows->data[f] = room(rows->data[f], rows->cap, size);
        rows->valid[f] = room(rows->valid[f], rows->cap, 1);
    }
}

uint32_t gy_rows_add(struct gy_rows *rows, int64_t time_us)
{
    if (rows->n == rows->cap)
        grow(rows);
    uint32_t row = rows->n++;
    rows->time[row] = time_us;
    for (uint32_t f = 0; f < rows->schema->n_fields; f++) {
        rows->valid[f][row] = 0;
        memset(gy_rows_at(rows, row, f), 0,
               gyre_type_size(gyre_schema_field(rows->schema, f)->type));
    }
    return row;
}

void gy_rows_set(struct gy_rows *rows, uint32_t row, uint32_t field, const void *value)
{
    uint32_t type = gyre_schema_field(rows->schema, field)->type;
    void *at = gy_rows_at(rows, row, field);
    rows->valid[field][row] = value != NULL;
    if (value == NULL) {
        memset(at, 0, gyre_type_size(type));
        return;
    }
    memcpy(at, value, gyre_type_size(type));
    const struct gyre_str *s = value;
    if (!gyre_type_is_str(type) || s->len <= GYRE_STR_INLINE)
        return;
    if (rows->n_strings == rows->cap_strings) {
        rows->cap_strings = rows->cap_strings > 0 ? 2 * rows->cap_strings : 64;
        rows->strings = room(rows->strings, rows->cap_strings, sizeof *rows->strings);
    }
    char *copy = room(NULL, s->len, 1);
    memcpy(copy, s->u.ptr, s->len);
    struct gyre_str kept = gyre_str_view(copy, s->len);
    memcpy(at, &kept, sizeof kept);
    rows->strings[rows->n_strings++] = copy;
}

void gy_rows_append(struct gy_rows *rows, const struct gy_batch *batch)
{
    for (uint32_t i = 0; i < batch->rows; i++) {
        if (batch->keep != NULL && batch->keep[i] == 0)
            continue;
        uint32_t row = gy_rows_add(rows, batch->time != NULL ? batch->time[i] : 0);
        for (uint32_t f = 0; f < rows->schema->n_fields; f++) {
            const struct gy_column *column = &batch->columns[f];
            uint32_t size = gyre_type_size(gyre_schema_field(rows->schema, f)->type);
            bool null = column->data == NULL || (column->valid != NULL && column->valid[i] == 0);
            gy_rows_set(rows, row, f, null ? NULL : (const char *)column->data + (size_t)i * size);
        }
    }
}

void gy_rows_copy(struct gy_rows *rows, const struct gy_rows *from, uint32_t row)
{
    uint32_t to = gy_rows_add(rows, from->time[row]);
    for (uint32_t f = 0; f < rows->schema->n_fields; f++)
        gy_rows_set(rows, to, f, gy_rows_is_null(from, row, f) ? NULL : gy_rows_at(from, row, f));
}

/* ---- comparing ---- */

static int compare_i64(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int compare_values(uint32_t type, const void *a, const void *b)
{
    int64_t x, y;
    switch (type) {
    case GYRE_TYPE_bool: return *(const uint8_t *)a - *(const uint8_t *)b;
    case GYRE_TYPE_i32: return compare_i64(*(const int32_t *)a, *(const int32_t *)b);
    case GYRE_TYPE_str:
    case GYRE_TYPE_bytes: return gyre_str_compare(a, b);
    default:
        memcpy(&x, a, sizeof x);
        memcpy(&y, b, sizeof y);
        return compare_i64(x, y);
    }
}

int gy_rows_compare(const struct gy_rows *a, uint32_t i, const struct gy_rows *b, uint32_t j,
                    bool times)
{
    int order = times ? compare_i64(a->time[i], b->time[j]) : 0;
    for (uint32_t f = 0; order == 0 && f < a->schema->n_fields; f++) {
        order = b->valid[f][j] - a->valid[f][i];
        if (order == 0 && a->valid[f][i] != 0)
            order = compare_values(gyre_schema_field(a->schema, f)->type, gy_rows_at(a, i, f),
                                   gy_rows_at(b, j, f));
    }
    return order;
}

/* Merges the halves of a[0 ... n - 1], which are in order. */
static void merge(const struct gy_rows *rows, bool times, uint32_t *a, uint32_t half, uint32_t n,
                  uint32_t *room)
{
    uint32_t i = 0, j = half, k = 0;
    while (i < half || j < n) {
        bool left = j == n || (i < half && gy_rows_compare(rows, a[i], rows, a[j], times) <= 0);
        room[k++] = left ? a[i++] : a[j++];
    }
    memcpy(a, room, n * sizeof *a);
}

uint32_t *gy_rows_order(const struct gy_rows *rows, bool times)
{
    uint32_t n = rows->n;
    uint32_t *order = n > 0 ? room(NULL, 2 * (size_t)n, sizeof *order) : NULL;
    for (uint32_t i = 0; order != NULL && i < n; i++)
        order[i] = i;
    for (uint32_t run = 1; order != NULL && run < n; run *= 2)
        for (uint32_t first = 0; first + run < n; first += 2 * run)
            merge(rows, times, order + first, run, n - first < 2 * run ? n - first : 2 * run,
                  order + n);
    return order;
}

/* ---- as text ---- */

void gy_rows_line(const struct gy_rows *rows, uint32_t row, bool times, struct gy_buf *into)
{
    uint32_t n = rows->schema->n_fields;
    struct gy_column columns[n + 1];
    for (uint32_t f = 0; f < n; f++)
        columns[f] = (struct gy_column){.data = rows->data[f], .valid = rows->valid[f]};
    if (times)
        gy_buf_printf(into, "@%lld ", (long long)rows->time[row]);
    gy_json_row(into, rows->schema, columns, row);
}

void gy_rows_text(const struct gy_rows *rows, bool times, struct gy_buf *into)
{
    for (uint32_t row = 0; row < rows->n; row++) {
        gy_rows_line(rows, row, times, into);
        gy_buf_text(into, "\n");
    }
}

enum { SHOWN_MOST = 20 };

/* One line of a comparison: both rows, or one where the other is missing. */
static void tell_pair(const struct gy_rows *expected, const uint32_t *i,
                      const struct gy_rows *actual, const uint32_t *j, bool times,
                      struct gy_buf *diff)
{
    bool same = i != NULL && j != NULL && gy_rows_compare(expected, *i, actual, *j, times) == 0;
    struct gy_buf left = {0};
    if (i != NULL)
        gy_rows_line(expected, *i, times, &left);
    gy_buf_printf(diff, "  %s %-40s %s ", same ? " " : "!", left.len > 0 ? gy_buf_cstr(&left) : "-",
                  same ? "|" : "<>");
    if (j != NULL)
        gy_rows_line(actual, *j, times, diff);
    else
        gy_buf_text(diff, "-");
    gy_buf_text(diff, "\n");
    gy_buf_fini(&left);
}

bool gy_rows_same(const struct gy_rows *expected, const struct gy_rows *actual, bool times,
                  bool any_order, struct gy_buf *diff)
{
    uint32_t *left = any_order ? gy_rows_order(expected, times) : NULL;
    uint32_t *right = any_order ? gy_rows_order(actual, times) : NULL;
    uint32_t i = 0, j = 0, shown = 0;
    bool same = expected->n == actual->n;
    struct gy_buf lines = {0};
    while (i < expected->n || j < actual->n) {
        uint32_t at_left = left != NULL ? left[i < expected->n ? i : 0] : i;
        uint32_t at_right = right != NULL ? right[j < actual->n ? j : 0] : j;
        int order = i == expected->n ? 1 : j == actual->n ? -1 : 0;
        if (order == 0)
            order = gy_rows_compare(expected, at_left, actual, at_right, times);
        bool pair = order == 0 || (!any_order && i < expected->n && j < actual->n);
        same &= order == 0;
        if (shown < SHOWN_MOST || order != 0)
            if (shown++ < 2 * SHOWN_MOST)
                tell_pair(expected, pair || order < 0 ? &at_left : NULL, actual,
                          pair || order > 0 ? &at_right : NULL, times, &lines);
        i += pair || order < 0;
        j += pair || order > 0;
    }
    if (!same && diff != NULL) {
        gy_buf_printf(diff, "    %-40s    is (%u)\n", "expected", actual->n);
        gy_buf_bytes(diff, lines.data, lines.len);
        if (shown > 2 * SHOWN_MOST)
            gy_buf_printf(diff, "    and %u lines more\n", shown - 2 * SHOWN_MOST);
    }
    gy_buf_fini(&lines);
    free(left);
    free(right);
    return same;
}
