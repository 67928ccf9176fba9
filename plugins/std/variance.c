/* plugins/std/variance.c: the variance of a field and its root, the standard deviation.
 *
 * As in SQL they are by default those of a sample, divided by n - 1, and null below two values; those of
 * the whole population are divided by n. Nulls are passed over. NaN and infinities go by IEEE 754.
 *
 * The accumulator has how many values there are, their sum, and the sum of their squares, both as pairs of
 * f64 (double-double, 106 bits; Dekker 1971, Knuth's two-sum). So values far from 0 and near each other lose no
 * digits in the difference of the two sums, and what comes out does not depend, within what an f64 shows,
 * on the order in which rows came or parts were merged. What is below the last of these bits is 0. A
 * square beyond f64 makes the result NaN. */
#include "variance.h"

#include <math.h>

enum { SAMPLE, POPULATION }; /* of the option `of` */

struct variance_config {
    const char *field;
    int32_t of;
    /* made by bind */
    uint32_t type; /* of the field */
    int32_t root;  /* the standard deviation */
    int32_t nullable;
};

/* The number hi + lo, |lo| at most half of the last bit of hi. */
struct pair {
    double hi;
    double lo;
};

struct spread {
    int64_t values;
    struct pair sum;
    struct pair squares;
};

static const struct gyre_member members[] = {
    {"values", GYRE_TYPE_i64, offsetof(struct spread, values)},
    {"sum", GYRE_TYPE_f64, offsetof(struct spread, sum.hi)},
    {"sum_low", GYRE_TYPE_f64, offsetof(struct spread, sum.lo)},
    {"squares", GYRE_TYPE_f64, offsetof(struct spread, squares.hi)},
    {"squares_low", GYRE_TYPE_f64, offsetof(struct spread, squares.lo)},
};
static const struct gyre_state_type accumulator = {
    .size = sizeof(struct gyre_state_type),
    .version = 1,
    .name = "variance",
    .value_size = sizeof(struct spread),
    .value_align = _Alignof(struct spread),
    .members = members,
    .n_members = sizeof members / sizeof members[0],
};

static int32_t bind_as(struct variance_config *c, struct gyre_bind *bind, const char *name)
{
    int32_t code = bind->read(bind, 0, c->field, "field");
    int32_t at = code >= 0 ? gyre_schema_find(bind->inputs[0], c->field) : -1;
    if (at < 0)
        return code < 0 ? code : GYRE_EINVAL;
    const struct gyre_field *field = gyre_schema_field(bind->inputs[0], (uint32_t)at);
    if (field->type != GYRE_TYPE_f64 && field->type != GYRE_TYPE_i64 &&
        field->type != GYRE_TYPE_i32)
        return gyre_bind_fail(bind, GYRE_EINVAL, "field",
                              "field `%s` is %s: there are variances of i32, i64 and f64", c->field,
                              gyre_type_name(field->type));
    c->type = field->type;
    c->nullable = c->of == SAMPLE || (field->flags & GYRE_NULLABLE) != 0;
    code = bind->write(bind, 0, GYRE_TYPE_f64, name, c->nullable ? GYRE_NULLABLE : 0);
    return code < 0 ? code : GYRE_OK;
}

static int32_t variance_bind(void *config, struct gyre_bind *bind)
{
    return bind_as(config, bind, "variance");
}

static int32_t stddev_bind(void *config, struct gyre_bind *bind)
{
    struct variance_config *c = config;
    c->root = 1;
    return bind_as(c, bind, "stddev");
}

/* ---- pairs ------------------------------------------------------------------------------------- */

/* a + b and what was rounded off. Of infinities and NaN nothing is. */
static struct pair sum_of(double a, double b)
{
    double sum = a + b, of_b = sum - a, off = (a - (sum - of_b)) + (b - of_b);
    return (struct pair){sum, isfinite(sum) ? off : 0};
}

static struct pair pair_add(struct pair a, struct pair b)
{
    struct pair high = sum_of(a.hi, b.hi), low = sum_of(a.lo, b.lo);
    high = sum_of(high.hi, high.lo + low.hi);
    return sum_of(high.hi, high.lo + low.lo);
}

/* Splits into two halves of 26 bits. */
static struct pair halves_of(double a)
{
    double far = a * 134217729.0, hi = far - (far - a);
    return (struct pair){hi, a - hi};
}

static struct pair pair_square(struct pair a)
{
    struct pair h = halves_of(a.hi);
    double square = a.hi * a.hi;
    double off = ((h.hi * h.hi - square) + 2 * h.hi * h.lo) + h.lo * h.lo;
    return isfinite(square) ? sum_of(square, off + 2 * a.hi * a.lo) : (struct pair){square, 0};
}

static struct pair pair_divide(struct pair a, double by)
{
    double first = a.hi / by;
    struct pair h = halves_of(first), d = halves_of(by);
    double back = first * by;
    double off = ((h.hi * d.hi - back) + h.hi * d.lo + h.lo * d.hi) + h.lo * d.lo;
    return isfinite(first) ? sum_of(first, ((a.hi - back) - off + a.lo) / by)
                           : (struct pair){first, 0};
}

/* ---- the calls --------------------------------------------------------------------------------- */

__extension__ typedef __int128 wide;

static struct pair value_at(const struct variance_config *c, const struct gyre_batch *in,
                            uint32_t row)
{
    struct pair value = {0, 0};
    if (c->type == GYRE_TYPE_f64) {
        value.hi = GYRE_COLUMN(in, 0, double)[row];
    } else {
        int64_t number = c->type == GYRE_TYPE_i32 ? GYRE_COLUMN(in, 0, int32_t)[row]
                                                  : GYRE_COLUMN(in, 0, int64_t)[row];
        value.hi = (double)number;
        value.lo = (double)((wide)number - (wide)value.hi);
    }
    return value;
}

static int32_t variance_add(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                            uint32_t n, void *const *accs)
{
    for (uint32_t j = 0; j < n; j++) {
        struct spread *s = accs[j];
        if (gyre_is_null(in, 0, rows[j]))
            continue;
        struct pair value = value_at(ctx->config, in, rows[j]);
        s->values++;
        s->sum = pair_add(s->sum, value);
        s->squares = pair_add(s->squares, pair_square(value));
    }
    return GYRE_OK;
}

/* The sum of the squares of the distances from the mean. */
static double squares_from_mean(const struct spread *s)
{
    struct pair of_mean = pair_divide(pair_square(s->sum), (double)s->values);
    struct pair from = pair_add(s->squares, (struct pair){-of_mean.hi, -of_mean.lo});
    return from.hi < 1e-29 * s->squares.hi ? 0 : from.hi;
}

static int32_t variance_result(struct gyre_ctx *ctx, const void *acc, struct gyre_out *out,
                               uint32_t row)
{
    const struct variance_config *c = ctx->config;
    const struct spread *s = acc;
    int64_t by = c->of == SAMPLE ? s->values - 1 : s->values;
    double variance = by > 0 ? squares_from_mean(s) / (double)by : 0;
    GYRE_OUT(out, 0, double)[row] = c->root ? sqrt(variance) : variance;
    if (c->nullable)
        out->valid[0][row] = by > 0;
    return GYRE_OK;
}

static int32_t variance_merge(struct gyre_ctx *ctx, void *into, const void *from)
{
    struct spread *a = into;
    const struct spread *b = from;
    (void)ctx;
    a->values += b->values;
    a->sum = pair_add(a->sum, b->sum);
    a->squares = pair_add(a->squares, b->squares);
    return GYRE_OK;
}

static const struct gyre_aggregate aggregate = {
    .size = sizeof(struct gyre_aggregate),
    .accumulator = &accumulator,
    .add = variance_add,
    .result = variance_result,
    .merge = variance_merge,
};

static const struct gyre_option options[] = {
    GYRE_OPT(struct variance_config, field, FIELD, NULL, GYRE_REQUIRED,
             "the field with the values"),
    GYRE_OPT_CHOICE(struct variance_config, of, "sample", "sample|population",
                    "divides by n - 1, as SQL does (null below two values), or by n"),
};

#define VARIANCE(fn_name, text)                                                                    \
    {                                                                                              \
        .size = sizeof(struct gyre_function), .kind = GYRE_FN_AGGREGATE, .name = #fn_name,         \
        .doc = text, .config_size = sizeof(struct variance_config), .options = options,            \
        .n_options = sizeof options / sizeof options[0], .bind = fn_name##_bind,                   \
        .impl = &aggregate                                                                         \
    }

const struct gyre_function gyre_fn_stddev = VARIANCE(stddev, "The standard deviation of a field.");
const struct gyre_function gyre_fn_variance = VARIANCE(variance, "The variance of a field.");
