/* plugins/std/sort.c: the rows of a window, or of the whole input of a batch job, in the order of some fields. Values are
 * ordered as for min and max; nulls are last, whichever way. Rows that are alike in all of the fields stay in the order
 * in which they came. A window function: the host keeps the rows, in memory. */
#include "sort.h"
#include "order.h"
#include "whole_rows.h"

#include <stdlib.h>

enum { NAME_MAX_BYTES = 256 };

struct sort_field {
    uint32_t in;
    uint32_t type;
    int32_t descends;
};

struct sort_config {
    const char *by;
    /* made by bind */
    uint32_t n_fields;
    struct sort_field *fields;
    struct whole_rows whole;
};

struct sorting {
    const struct sort_config *config;
    const struct gyre_batch *const *rows;
};

/* ---- bind -------------------------------------------------------------------------------------- */

/* Takes a name off the front of `*by`, without blanks; 0 where there is none, or it is too long. */
static int take_name(const char **by, char name[NAME_MAX_BYTES], int32_t *descends)
{
    const char *at = *by + strspn(*by, " "), *end = at + strcspn(at, ",");
    *by = *end != 0 ? end + 1 : end;
    *descends = *at == '-';
    at += *at == '-' || *at == '+';
    while (end > at && end[-1] == ' ')
        end--;
    size_t n = (size_t)(end - at);
    if (n == 0 || n >= NAME_MAX_BYTES)
        return 0;
    memcpy(name, at, n);
    name[n] = 0;
    return 1;
}

static int32_t bind_field(struct sort_config *c, struct gyre_bind *bind, const char *name,
                          int32_t descends)
{
    int32_t in = bind->read(bind, 0, name, "by");
    int32_t at = in >= 0 ? gyre_schema_find(bind->inputs[0], name) : -1;
    if (at < 0)
        return in < 0 ? in : GYRE_EINVAL;
    c->fields[c->n_fields++] = (struct sort_field){
        (uint32_t)in, gyre_schema_field(bind->inputs[0], (uint32_t)at)->type, descends};
    return GYRE_OK;
}

static int32_t sort_bind(void *config, struct gyre_bind *bind)
{
    struct sort_config *c = config;
    const char *by = c->by;
    char name[NAME_MAX_BYTES];
    int32_t descends, code = GYRE_OK;
    c->fields = bind->alloc(bind, (strlen(by) + 1) * sizeof *c->fields);
    if (c->fields == NULL)
        return GYRE_ENOMEM;
    do {
        if (!take_name(&by, name, &descends))
            return gyre_bind_fail(bind, GYRE_EINVAL, "by",
                                  "\"%.100s\" is no list of fields, as in \"-amount, name\"",
                                  c->by);
        int32_t bound = bind_field(c, bind, name, descends);
        code = bound < 0 ? bound : code; /* go on: each wrong one is told */
    } while (*by != 0);
    return code == GYRE_OK ? whole_rows_bind(&c->whole, bind) : code;
}

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
};

static const struct gyre_option options[] = {
    GYRE_OPT(struct sort_config, by, STRING, NULL, GYRE_REQUIRED,
             "the fields, as in \"-amount, name\": a - puts the greatest first; nulls are last"),
};

const struct gyre_function gyre_fn_sort = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_WINDOW,
    .name = "sort",
    .doc = "The rows in the order of some fields, of a window or of a whole batch job.",
    .config_size = sizeof(struct sort_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .bind = sort_bind,
    .impl = &window_function,
};
