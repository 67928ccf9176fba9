/* plugins/std/top.c: of the rows of a window, or of a key of it, the n with the greatest values of a field,
 * greatest first. Of equal ones the first to come goes first. Values are ordered as for min and max, nulls are less
 * than all others; with order = "ascending" the least go first, nulls still last.
 *
 * A window function: the host keeps the rows. They go through a heap of n, whose root is the worst of the best
 * so far; so that a row that is not among them costs one comparison. */
#include "top.h"
#include "order.h"
#include "whole_rows.h"

enum { DESCENDING, ASCENDING }; /* of the option `order` */

struct top_config {
    int64_t n;
    const char *by;
    int32_t order;
    const char *rank;
    /* made by bind */
    uint32_t by_in;
    uint32_t by_type;
    int32_t rank_out; /* -1: there is none */
    struct whole_rows whole;
};

struct best {
    const struct top_config *config;
    const struct gyre_batch *const *rows;
    struct whole_ref *refs;
    uint64_t n;
    uint64_t most;
};

/* ---- bind -------------------------------------------------------------------------------------- */

static int32_t bind_by(struct top_config *c, struct gyre_bind *bind)
{
    int32_t in = bind->read(bind, 0, c->by, "by");
    int32_t at = in >= 0 ? gyre_schema_find(bind->inputs[0], c->by) : -1;
    if (at < 0)
        return in < 0 ? in : GYRE_EINVAL;
    if (whole_rows_is_key(bind, c->by))
        return gyre_bind_fail(bind, GYRE_EINVAL, "by",
                              "`%s` is of the key: all rows of a key have the same", c->by);
    c->by_in = (uint32_t)in;
    c->by_type = gyre_schema_field(bind->inputs[0], (uint32_t)at)->type;
    return GYRE_OK;
}

static int32_t top_bind(void *config, struct gyre_bind *bind)
{
    struct top_config *c = config;
    int32_t code = bind_by(c, bind);
    c->rank_out = -1;
    if (code == GYRE_OK)
        code = whole_rows_bind(&c->whole, bind, 0);
    if (code == GYRE_OK && c->rank != NULL) {
        c->rank_out = bind->write(bind, 0, GYRE_TYPE_i64, c->rank, 0);
        code = c->rank_out < 0 ? c->rank_out : GYRE_OK;
    }
    return code;
}

/* ---- the heap ---------------------------------------------------------------------------------- */

static const void *value_at(const struct best *best, struct whole_ref ref)
{
    const struct gyre_batch *in = best->rows[ref.batch];
    const struct top_config *c = best->config;
    if (gyre_is_null(in, c->by_in, ref.row))
        return NULL;
    return (const char *)in->columns[c->by_in].data + (size_t)ref.row * gyre_type_size(c->by_type);
}

/* True where `a` comes before `b`. */
static int is_better(const struct best *best, struct whole_ref a, struct whole_ref b)
{
    const void *x = value_at(best, a), *y = value_at(best, b);
    int by = (x != NULL) - (y != NULL);
    if (x != NULL && y != NULL) {
        by = order_of(best->config->by_type, x, y);
        by = best->config->order == ASCENDING ? -by : by;
    }
    if (by != 0)
        return by > 0;
    return whole_ref_order(a, b) < 0;
}

/* Moves what stands at `at` down to its place: no row is better than those below it. */
static void sink(struct best *best, uint64_t at, uint64_t n)
{
    struct whole_ref moved = best->refs[at];
    for (uint64_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && is_better(best, best->refs[child], best->refs[child + 1]))
            child++;
        if (!is_better(best, moved, best->refs[child]))
            break;
        best->refs[at] = best->refs[child];
    }
    best->refs[at] = moved;
}

static void offer(struct best *best, struct whole_ref ref)
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
        struct whole_ref worst = best->refs[0];
        best->refs[0] = best->refs[n - 1];
        best->refs[n - 1] = worst;
        sink(best, 0, n - 1);
    }
}

/* ---- put out ----------------------------------------------------------------------------------- */

static void put(const struct top_config *c, struct gyre_out *out, const struct gyre_batch *in,
                uint32_t row, int64_t rank)
{
    uint32_t to = whole_rows_put(&c->whole, out, in, row);
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
    offer(&best, (struct whole_ref){b, row});
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
