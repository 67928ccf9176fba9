/* plugins/std/quantile.c: quantiles of a field: the value whose rank is `at` times the number of values, rounded up, as
 * SQL's percentile_disc; so it is one of the values, and of the field's type. Of few values it is exact, of many
 * its rank is nearly that (kll.h). The least and the greatest (0 and 1) are always exact. Nulls are passed
 * over; NaN stands behind all numbers. */
#include "quantile.h"
#include "kll.h"

enum { AT_MOST = 16, NAME_MAX_BYTES = 24 };

struct quantile_config {
    const char *field;
    struct gyre_floats at;
    /* made by bind */
    uint32_t type; /* of the field */
    uint32_t n;
    int32_t nullable;
    double q[AT_MOST];
};

/* q50, q99, q99_9: as it is said in percent. */
static void name_of(double q, char name[NAME_MAX_BYTES])
{
    snprintf(name, NAME_MAX_BYTES, "q%.6f", q * 100); /* no locale has been set */
    size_t n = strlen(name);
    while (name[n - 1] == '0')
        name[--n] = 0;
    for (size_t i = 0; i < n; i++)
        if (name[i] < '0' || name[i] > '9')
            name[i] = i == 0 ? 'q' : '_';
    if (name[n - 1] == '_')
        name[n - 1] = 0;
}

static int32_t bind_results(struct quantile_config *c, struct gyre_bind *bind)
{
    c->n = c->at.n != 0 ? c->at.n : 1;
    c->q[0] = 0.5;
    if (c->n > AT_MOST)
        return gyre_bind_fail(bind, GYRE_EINVAL, "at", "at most %d quantiles", AT_MOST);
    for (uint32_t i = 0; i < c->n; i++) {
        char *name = bind->alloc(bind, NAME_MAX_BYTES);
        if (name == NULL)
            return GYRE_ENOMEM;
        if (c->at.n != 0)
            c->q[i] = c->at.items[i];
        name_of(c->q[i], name);
        int32_t code = bind->write(bind, 0, c->type, c->n == 1 ? "quantile" : name,
                                   c->nullable ? GYRE_NULLABLE : 0);
        if (code < 0)
            return code;
    }
    return GYRE_OK;
}

static int32_t quantile_bind(void *config, struct gyre_bind *bind)
{
    struct quantile_config *c = config;
    int32_t code = bind->read(bind, 0, c->field, "field");
    int32_t at = code >= 0 ? gyre_schema_find(bind->inputs[0], c->field) : -1;
    if (at < 0)
        return code < 0 ? code : GYRE_EINVAL;
    const struct gyre_field *field = gyre_schema_field(bind->inputs[0], (uint32_t)at);
    if (gyre_type_is_str(field->type) || field->type == GYRE_TYPE_bool)
        return gyre_bind_fail(bind, GYRE_EINVAL, "field",
                              "field `%s` is %s: there are quantiles of i32, i64, f64 and time",
                              c->field, gyre_type_name(field->type));
    c->type = field->type;
    c->nullable = (field->flags & GYRE_NULLABLE) != 0;
    return bind_results(c, bind);
}

/* The bits of an f64 as an integer that is ordered as it is, NaN last; and back. */
static int64_t ordered_of(double real)
{
    int64_t bits;
    if (real != real)
        real = __builtin_nan("");
    real += 0.0; /* -0.0 becomes 0.0 */
    memcpy(&bits, &real, sizeof bits);
    return bits < 0 ? bits ^ INT64_MAX : bits;
}

static double real_of(int64_t ordered)
{
    int64_t bits = ordered < 0 ? ordered ^ INT64_MAX : ordered;
    double real;
    memcpy(&real, &bits, sizeof real);
    return real;
}

static int64_t value_at(uint32_t type, const struct gyre_batch *in, uint32_t row)
{
    switch (type) {
    case GYRE_TYPE_i32: return GYRE_COLUMN(in, 0, int32_t)[row];
    case GYRE_TYPE_f64: return ordered_of(GYRE_COLUMN(in, 0, double)[row]);
    default: return GYRE_COLUMN(in, 0, int64_t)[row];
    }
}

static int32_t quantile_add(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                            uint32_t n, void *const *accs)
{
    const struct quantile_config *c = ctx->config;
    int32_t code = GYRE_OK;
    for (uint32_t j = 0; code == GYRE_OK && j < n; j++)
        if (!gyre_is_null(in, 0, rows[j]))
            code = kll_put(ctx, accs[j], value_at(c->type, in, rows[j]));
    return code;
}

static int32_t quantile_result(struct gyre_ctx *ctx, const void *acc, struct gyre_out *out,
                               uint32_t row)
{
    const struct quantile_config *c = ctx->config;
    const struct kll *kll = acc;
    int64_t values[AT_MOST] = {0};
    int32_t code = kll->n != 0 ? kll_quantiles(ctx, kll, c->q, c->n, values) : GYRE_OK;
    for (uint32_t i = 0; i < c->n; i++) {
        if (c->nullable)
            out->valid[i][row] = kll->n != 0;
        switch (c->type) {
        case GYRE_TYPE_i32: GYRE_OUT(out, i, int32_t)[row] = (int32_t)values[i]; break;
        case GYRE_TYPE_f64: GYRE_OUT(out, i, double)[row] = real_of(values[i]); break;
        default: GYRE_OUT(out, i, int64_t)[row] = values[i];
        }
    }
    return code;
}

static int32_t quantile_merge(struct gyre_ctx *ctx, void *into, const void *from)
{
    return kll_merge(ctx, into, from);
}

static const struct gyre_aggregate aggregate = {
    .size = sizeof(struct gyre_aggregate),
    .accumulator = &kll_type,
    .add = quantile_add,
    .result = quantile_result,
    .merge = quantile_merge,
};

static const struct gyre_option options[] = {
    GYRE_OPT(struct quantile_config, field, FIELD, NULL, GYRE_REQUIRED,
             "the field with the values"),
    GYRE_OPT_RANGE(struct quantile_config, at, FLOATS, NULL, 0, 1, NULL,
                   "which ones: 0.5 (default) is the median; several are put out as `q50`, `q99`, "
                   "`q99_9`"),
};

const struct gyre_function gyre_fn_quantile = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_AGGREGATE,
    .name = "quantile",
    .doc = "Quantiles of a field: exact for few values, nearly so for many.",
    .config_size = sizeof(struct quantile_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .bind = quantile_bind,
    .impl = &aggregate,
};
