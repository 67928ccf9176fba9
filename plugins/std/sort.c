/* plugins/std/sort.c: the rows of a window, or of the whole input of a batch job, in the order of some fields. Values are
 * ordered as for min and max; nulls are last, whichever way. Rows that are alike in all of the fields stay in the order
 * in which they came. A window function: the host keeps the rows, in memory. The whole input of a batch job is the
 * work of an operator (sort_whole.c), which keeps no more in memory than it may. */
#include "sort.h"
#include "order.h"
#include "sort_config.h"
#include "sort_whole.h"

#include <stdlib.h>

struct sorting {
    const struct sort_config *config;
    const struct gyre_batch *const *rows;
};

/* ---- sorting ----------------------------------------------------------------------------------- */

static const void *value_at(const struct gyre_batch *in, const struct sort_field *field,
                            uint32_t row)
{
    if (gyre_is_null(in, field->in, row))
        return NULL;
    return (const char *)in->columns[field->in].data + (size_t)row * gyre_type_size(field->type);
}

static int by_fields(const void *a, const void *b, void *user)
{
    const struct sorting *s = user;
    const struct whole_ref *x = a, *y = b;
    for (uint32_t i = 0; i < s->config->n_fields; i++) {
        const struct sort_field *field = &s->config->fields[i];
        const void *u = value_at(s->rows[x->batch], field, x->row);
        const void *v = value_at(s->rows[y->batch], field, y->row);
        int order = (u == NULL) - (v == NULL);
        if (u != NULL && v != NULL) {
            order = order_of(field->type, u, v);
            order = field->descends ? -order : order;
        }
        if (order != 0)
            return order;
    }
    return whole_ref_order(*x, *y);
}

static int32_t sort_fire(struct gyre_ctx *ctx, const struct gyre_batch *const *rows,
                         uint32_t n_batches, int64_t start_us, int64_t end_us)
{
    struct sorting sorting = {ctx->config, rows};
    uint64_t n = 0, at = 0;
    (void)start_us, (void)end_us;
    for (uint32_t b = 0; b < n_batches; b++)
        n += rows[b]->rows;
    if (n == 0)
        return GYRE_OK;
    struct whole_ref *refs = gyre_alloc(ctx, NULL, n * sizeof *refs);
    if (refs == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to sort %llu rows: sort fewer, by a key",
                         (unsigned long long)n);
    for (uint32_t b = 0; b < n_batches; b++)
        GYRE_ROWS(rows[b], row)
    refs[at++] = (struct whole_ref){b, row};
    qsort_r(refs, at, sizeof *refs, by_fields, &sorting);
    for (uint64_t i = 0; i < at; i++)
        whole_rows_put(&sorting.config->whole, ctx->outputs[0], rows[refs[i].batch], refs[i].row);
    gyre_alloc(ctx, refs, 0);
    return GYRE_OK;
}

static const struct gyre_window_function window_function = {
    .size = sizeof(struct gyre_window_function),
    .fire = sort_fire,
    .whole = &sort_whole,
};

const struct gyre_function gyre_fn_sort = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_WINDOW,
    .name = "sort",
    .doc = "The rows in the order of some fields, of a window or of a whole batch job.",
    .config_size = sizeof(struct sort_config),
    .options = sort_options,
    .n_options = SORT_OPTIONS,
    .bind = sort_bind,
    .impl = &window_function,
};
