/* plugins/std/avg.c: the mean of a field, an f64 called `avg`.
 *
 * The accumulator is a sum and how many values it has. i32 and i64 are summed in 128 bits, so that
 * nothing overflows and the mean is rounded once; f64 in an f64. Nulls are passed over; the mean of
 * nothing but nulls is null, so a nullable field has a nullable mean. NaN and infinities go by
 * IEEE 754: a NaN makes the mean NaN.
 *
 * | field    | accumulator                                  |
 * |----------|----------------------------------------------|
 * | i32, i64 | i64 values, sum's low 64 bits, its high ones |
 * | f64      | i64 values, f64 sum                          | */
#include "avg.h"

struct avg_config {
    const char *field;
    /* made by bind */
    uint32_t type; /* of the field */
    int32_t nullable;
};

__extension__ typedef __int128 wide;

struct exact {
    int64_t values;
    uint64_t low;
    int64_t high;
};

struct rounded {
    int64_t values;
    double sum;
};

static const struct gyre_member exact_members[] = {
    {"values", GYRE_TYPE_i64, offsetof(struct exact, values)},
    {"low", GYRE_TYPE_i64, offsetof(struct exact, low)},
    {"high", GYRE_TYPE_i64, offsetof(struct exact, high)},
};
static const struct gyre_state_type exact_type = {
    .size = sizeof(struct gyre_state_type),
    .version = 1,
    .name = "avg_i64",
    .value_size = sizeof(struct exact),
    .value_align = _Alignof(struct exact),
    .members = exact_members,
    .n_members = 3,
};

static const struct gyre_member rounded_members[] = {
    {"values", GYRE_TYPE_i64, offsetof(struct rounded, values)},
    {"sum", GYRE_TYPE_f64, offsetof(struct rounded, sum)},
};
static const struct gyre_state_type rounded_type = {
    .size = sizeof(struct gyre_state_type),
    .version = 1,
    .name = "avg_f64",
    .value_size = sizeof(struct rounded),
    .value_align = _Alignof(struct rounded),
    .members = rounded_members,
    .n_members = 2,
};

static int32_t avg_bind(void *config, struct gyre_bind *bind)
{
    struct avg_config *c = config;
    int32_t code = bind->read(bind, 0, c->field, "field");
    if (code < 0)
        return code;
    int32_t at = gyre_schema_find(bind->inputs[0], c->field);
    if (at < 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, "field", "no field `%s`", c->field);
    const struct gyre_field *field = gyre_schema_field(bind->inputs[0], (uint32_t)at);
    if (field->type != GYRE_TYPE_f64 && field->type != GYRE_TYPE_i64 &&
        field->type != GYRE_TYPE_i32)
        return gyre_bind_fail(bind, GYRE_EINVAL, "field",
                              "field `%s` is %s: there are averages of i32, i64 and f64", c->field,
                              gyre_type_name(field->type));
    c->type = field->type;
    c->nullable = (field->flags & GYRE_NULLABLE) != 0;
    code = bind->accumulator(bind, c->type == GYRE_TYPE_f64 ? &rounded_type : &exact_type);
    if (code < 0)
        return code;
    code = bind->write(bind, 0, GYRE_TYPE_f64, "avg", c->nullable ? GYRE_NULLABLE : 0);
    return code < 0 ? code : GYRE_OK;
}

/* ---- sums -------------------------------------------------------------------------------------- */

static wide sum_of(const struct exact *e)
{
    return (wide)e->high * ((wide)1 << 64) + (wide)e->low;
}

static void add_wide(struct exact *e, wide value, int64_t values)
{
    wide sum = sum_of(e) + value;
    e->low = (uint64_t)sum;
    e->high = (int64_t)(sum >> 64);
    e->values += values;
}

/* Adds a value that is there. */
static void add_value(const struct avg_config *c, const struct gyre_batch *in, uint32_t row,
                      void *acc)
{
    if (c->type == GYRE_TYPE_f64) {
        struct rounded *r = acc;
        r->values++;
        r->sum += GYRE_COLUMN(in, 0, double)[row];
        return;
    }
    int64_t value = c->type == GYRE_TYPE_i32 ? GYRE_COLUMN(in, 0, int32_t)[row]
                                             : GYRE_COLUMN(in, 0, int64_t)[row];
    add_wide(acc, value, 1);
}

/* The mean of whole numbers, rounded once. Where the sum is no f64 by itself, a quotient of 55 bits or more is made,
 * whose last bit also stands for all that follows: it is below what an f64 keeps. */
static double exact_mean(wide sum, int64_t values)
{
    const wide whole = (wide)1 << 53; /* up to there all are an f64 */
    int shift = 0;
    if ((-whole <= sum && sum <= whole) || values == 0)
        return values != 0 ? (double)sum / (double)values : 0;
    wide size = sum < 0 ? -sum : sum;
    while ((size << shift) / values < 2 * whole)
        shift++;
    wide quotient = (size << shift) / values;
    quotient |= (size << shift) % values != 0;
    double mean = (double)quotient / (double)((uint64_t)1 << shift);
    return sum < 0 ? -mean : mean;
}

static int32_t avg_result(struct gyre_ctx *ctx, const void *acc, struct gyre_out *out, uint32_t row)
{
    const struct avg_config *c = ctx->config;
    const struct exact *e = acc;
    const struct rounded *r = acc;
    int64_t values = c->type == GYRE_TYPE_f64 ? r->values : e->values;
    double mean = c->type != GYRE_TYPE_f64 ? exact_mean(sum_of(e), values)
                  : values != 0            ? r->sum / (double)values
                                           : 0;
    GYRE_OUT(out, 0, double)[row] = mean;
    if (c->nullable)
        out->valid[0][row] = values != 0;
    return GYRE_OK;
}

static inline int32_t run(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                          uint32_t n, void *const *accs, struct gyre_out *out)
{
    const struct avg_config *c = ctx->config;
    for (uint32_t j = 0; j < n; j++) {
        if (!gyre_is_null(in, 0, rows[j]))
            add_value(c, in, rows[j], accs[j]);
        if (out != NULL)
            avg_result(ctx, accs[j], out, rows[j]);
    }
    return GYRE_OK;
}

static int32_t avg_add(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                       uint32_t n, void *const *accs)
{
    return run(ctx, in, rows, n, accs, NULL);
}

static int32_t avg_roll(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                        uint32_t n, void *const *accs, struct gyre_out *out)
{
    return run(ctx, in, rows, n, accs, out);
}

static int32_t avg_merge(struct gyre_ctx *ctx, void *into, const void *from)
{
    const struct avg_config *c = ctx->config;
    if (c->type == GYRE_TYPE_f64) {
        struct rounded *r = into;
        const struct rounded *other = from;
        r->values += other->values;
        r->sum += other->sum;
    } else {
        const struct exact *other = from;
        add_wide(into, sum_of(other), other->values);
    }
    return GYRE_OK;
}

static const struct gyre_aggregate aggregate = {
    .size = sizeof(struct gyre_aggregate),
    .add = avg_add,
    .roll = avg_roll,
    .result = avg_result,
    .merge = avg_merge,
};

static const struct gyre_option options[] = {
    GYRE_OPT(struct avg_config, field, FIELD, NULL, GYRE_REQUIRED, "the field to average"),
};

const struct gyre_function gyre_fn_avg = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_AGGREGATE,
    .name = "avg",
    .doc = "The mean of a field.",
    .config_size = sizeof(struct avg_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .bind = avg_bind,
    .impl = &aggregate,
};
