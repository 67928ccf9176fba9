/* plugins/std/top.c: of the rows of a window, or of a key of it, the n with the greatest values of a field,
 * greatest first. Of equal ones the first to come goes first. Values are ordered as for min and max, nulls are less
 * than all others; with order = "ascending" the least go first, nulls still last.
 *
 * A window function: the host keeps the rows. They go through a heap of n, whose root is the worst of the best
 * so far; so that a row that is not among them costs one comparison. */
#include "top.h"
#include "order.h"

enum { DESCENDING, ASCENDING }; /* of the option `order` */

struct top_column {
    uint32_t type;
    uint32_t in;
    uint32_t out;
    uint32_t nullable;
};

struct top_config {
    int64_t n;
    const char *by;
    int32_t order;
    const char *rank;
    /* made by bind */
    uint32_t n_columns;
    uint32_t by_in;
    uint32_t by_type;
    int32_t rank_out; /* -1: there is none */
    struct top_column *columns;
};

/* A row of the window: its batch, its place there. Rows that came later have greater ones. */
struct ref {
    uint32_t batch;
    uint32_t row;
};

struct best {
    const struct top_config *config;
    const struct gyre_batch *const *rows;
    struct ref *refs;
    uint64_t n;
    uint64_t most;
};

/* ---- bind -------------------------------------------------------------------------------------- */

static int is_key(const struct gyre_bind *bind, const char *name)
{
    for (uint32_t k = 0; k < bind->n_keys; k++)
        if (strcmp(bind->keys[k], name) == 0)
            return 1;
    return 0;
}

/* Bounds of windows that rows have from an operator before: those of this one take their place. */
static int is_bound(const struct gyre_bind *bind, const char *name)
{
    return bind->window != NULL &&
           (strcmp(name, "window_start") == 0 || strcmp(name, "window_end") == 0);
}

static int32_t bind_by(struct top_config *c, struct gyre_bind *bind)
{
    int32_t in = bind->read(bind, 0, c->by, "by");
    int32_t at = in >= 0 ? gyre_schema_find(bind->inputs[0], c->by) : -1;
    if (at < 0)
        return in < 0 ? in : GYRE_EINVAL;
    if (is_key(bind, c->by))
        return gyre_bind_fail(bind, GYRE_EINVAL, "by",
                              "`%s` is of the key: all rows of a key have the same", c->by);
    c->by_in = (uint32_t)in;
    c->by_type = gyre_schema_field(bind->inputs[0], (uint32_t)at)->type;
    return GYRE_OK;
}

static int32_t bind_column(struct top_config *c, struct gyre_bind *bind,
                           const struct gyre_field *field)
{
    struct top_column *column = &c->columns[c->n_columns++];
    int32_t in = bind->read(bind, 0, field->name, NULL);
    int32_t out = in < 0 ? in : bind->write(bind, 0, field->type, field->name, field->flags);
    if (out < 0)
        return out;
    *column =
        (struct top_column){field->type, (uint32_t)in, (uint32_t)out, field->flags & GYRE_NULLABLE};
    return GYRE_OK;
}

static int32_t top_bind(void *config, struct gyre_bind *bind)
{
    struct top_config *c = config;
    const struct gyre_schema *schema = bind->inputs[0];
    int32_t code = bind_by(c, bind);
    c->rank_out = -1;
    c->columns = bind->alloc(bind, ((size_t)schema->n_fields + 1) * sizeof *c->columns);
    if (code == GYRE_OK && c->columns == NULL)
        code = GYRE_ENOMEM;
    for (uint32_t i = 0; code == GYRE_OK && i < schema->n_fields; i++) {
        const struct gyre_field *field = gyre_schema_field(schema, i);
        if (!is_key(bind, field->name) && !is_bound(bind, field->name))
            code = bind_column(c, bind, field);
    }
    if (code == GYRE_OK && c->rank != NULL) {
        c->rank_out = bind->write(bind, 0, GYRE_TYPE_i64, c->rank, 0);
        code = c->rank_out < 0 ? c->rank_out : GYRE_OK;
    }
    return code;
}

/* ---- the heap ---------------------------------------------------------------------------------- */

static const void *value_at(const struct best *best, struct ref ref)
{
    const struct gyre_batch *in = best->rows[ref.batch];
    const struct top_config *c = best->config;
    if (gyre_is_null(in, c->by_in, ref.row))
        return NULL;
    return (const char *)in->columns[c->by_in].data + (size_t)ref.row * gyre_type_size(c->by_type);
}

/* True where `a` comes before `b`. */
static int is_better(const struct best *best, struct ref a, struct ref b)
{
    const void *x = value_at(best, a), *y = value_at(best, b);
    int by = (x != NULL) - (y != NULL);
    if (x != NULL && y != NULL) {
        by = order_of(best->config->by_type, x, y);
        by = best->config->order == ASCENDING ? -by : by;
    }
    if (by != 0)
        return by > 0;
    return a.batch != b.batch ? a.batch < b.batch : a.row < b.row;
}

/* Moves what stands at `at` down to its place: no row is better than those below it. */
static void sink(struct best *best, uint64_t at, uint64_t n)
{
    struct ref moved = best->refs[at];
    for (uint64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && is_better(best, best->refs[child], best->refs[child + 1]))
            child++;
        if (!is_better(best, moved, best->refs[child]))
            break;
        best->refs[at] = best->refs[child];
    }
    best->refs[at] = moved;
}

static void offer(struct best *best, struct ref ref)
{
    if (best->n < best->most) {
        best->refs[best->n++] = ref;
        for (uint64_t i = best->n / 2; best->n == best->most && i-- > 0;)
            sink(best, i, best->n);
    } else if (is_better(best, ref, best->refs[0])) {
        best->refs[0] = ref;
        sink(best, 0, best->n);
    }
}

/* Sorts them, the best first; `most` of them are there. */
static void sort(struct best *best)
{
    for (uint64_t n = best->n; n > 1; n--) {
        struct ref worst = best->refs[0];
        best->refs[0] = best->refs[n - 1];
        best->refs[n - 1] = worst;
        sink(best, 0, n - 1);
    }
}

/* ---- put out ----------------------------------------------------------------------------------- */

static void put(const struct top_config *c, struct gyre_out *out, const struct gyre_batch *in,
                uint32_t row, int64_t rank)
{
    uint32_t to = gyre_out_row(out, GYRE_NO_TIME);
    for (uint32_t i = 0; i < c->n_columns; i++) {
        const struct top_column *column = &c->columns[i];
        size_t size = gyre_type_size(column->type);
        const char *from = (const char *)in->columns[column->in].data + row * size;
        if (column->nullable)
            out->valid[column->out][to] = !gyre_is_null(in, column->in, row);
        if (gyre_type_is_str(column->type)) {
            const struct gyre_str *s = (const void *)from;
            GYRE_OUT(out, column->out, struct gyre_str)
            [to] = gyre_out_str(out, gyre_str_data(s), s->len);
        } else {
            memcpy((char *)out->data[column->out] + to * size, from, size);
        }
    }
    if (c->rank_out >= 0)
        GYRE_OUT(out, c->rank_out, int64_t)[to] = rank;
}

static int32_t top_fire(struct gyre_ctx *ctx, const struct gyre_batch *const *rows,
                        uint32_t n_batches, int64_t start_us, int64_t end_us)
{
    const struct top_config *c = ctx->config;
    struct best best = {.config = c, .rows = rows};
    (void)start_us, (void)end_us;
    for (uint32_t b = 0; b < n_batches; b++)
        best.most += rows[b]->rows;
    if (best.most > (uint64_t)c->n)
        best.most = (uint64_t)c->n;
    if (best.most == 0)
        return GYRE_OK;
    best.refs = gyre_alloc(ctx, NULL, best.most * sizeof *best.refs);
    if (best.refs == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to rank the rows of a window");
    for (uint32_t b = 0; b < n_batches; b++)
        GYRE_ROWS(rows[b], row)
    offer(&best, (struct ref){b, row});
    for (uint64_t i = best.n / 2; best.n < best.most && i-- > 0;)
        sink(&best, i, best.n);
    sort(&best);
    for (uint64_t i = 0; i < best.n; i++)
        put(c, ctx->outputs[0], rows[best.refs[i].batch], best.refs[i].row, (int64_t)i + 1);
    gyre_alloc(ctx, best.refs, 0);
    return GYRE_OK;
}

static const struct gyre_window_function window_function = {
    .size = sizeof(struct gyre_window_function),
    .fire = top_fire,
};

static const struct gyre_option options[] = {
    {.size = sizeof(struct gyre_option),
     .type = GYRE_OPTION_INT,
     .name = "n",
     .doc = "how many rows are put out at most",
     .unit = "rows",
     .min = 1,
     .max = INT64_MAX,
     .flags = GYRE_REQUIRED,
     .offset = offsetof(struct top_config, n)},
    GYRE_OPT(struct top_config, by, FIELD, NULL, GYRE_REQUIRED, "the field they are ordered by"),
    GYRE_OPT_CHOICE(struct top_config, order, "descending", "descending|ascending",
                    "the greatest first, or the least"),
    GYRE_OPT(struct top_config, rank, STRING, NULL, 0,
             "adds a field of this name with the place of each row: 1, 2, ..."),
};

const struct gyre_function gyre_fn_top = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_WINDOW,
    .name = "top",
    .doc = "The rows with the greatest values of a field, greatest first.",
    .config_size = sizeof(struct top_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .bind = top_bind,
    .impl = &window_function,
};
