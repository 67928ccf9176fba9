/* plugins/std/sum.c: the sum of a field.
 *
 * i32 and i64 are summed in an i64, where an overflow makes the row a bad one; f64 in an f64. Nulls
 * are passed over; a sum of nothing but nulls is null, so a nullable field has a nullable sum and an
 * accumulator that counts its values.
 *
 * | field      | accumulator                  |
 * |------------|------------------------------|
 * | i32, i64   | i64 sum                      |
 * | f64        | f64 sum                      |
 * | nullable   | the sum, then i64 values     | */
#include "sum.h"

struct sum_config {
    const char *field;
    /* made by bind */
    uint32_t type; /* of the field */
    int32_t nullable;
};

/* How many values a nullable field's accumulator holds. */
static int64_t *values_of(void *acc)
{
    return (int64_t *)acc + 1;
}

static const struct gyre_member members_i64[] = {{"sum", GYRE_TYPE_i64, 0},
                                                 {"values", GYRE_TYPE_i64, 8}};
static const struct gyre_member members_f64[] = {{"sum", GYRE_TYPE_f64, 0},
                                                 {"values", GYRE_TYPE_i64, 8}};

#define ACCUMULATOR(type_name, type_members, n)                                                    \
    {                                                                                              \
        .size = sizeof(struct gyre_state_type), .version = 1, .name = type_name,                   \
        .value_size = 8 * (n), .value_align = 8, .members = type_members, .n_members = n           \
    }

/* by [is f64][nullable] */
static const struct gyre_state_type accumulators[2][2] = {
    {ACCUMULATOR("sum_i64", members_i64, 1), ACCUMULATOR("sum_i64_nullable", members_i64, 2)},
    {ACCUMULATOR("sum_f64", members_f64, 1), ACCUMULATOR("sum_f64_nullable", members_f64, 2)},
};

static int32_t sum_bind(void *config, struct gyre_bind *bind)
{
    struct sum_config *c = config;
    int32_t code = bind->read(bind, 0, c->field, "field");
    if (code < 0)
        return code;
    int32_t at = gyre_schema_find(bind->inputs[0], c->field);
    if (at < 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, "field", "no field `%s`", c->field);
    const struct gyre_field *field = gyre_schema_field(bind->inputs[0], (uint32_t)at);
    int is_f64 = field->type == GYRE_TYPE_f64;
    if (!is_f64 && field->type != GYRE_TYPE_i64 && field->type != GYRE_TYPE_i32)
        return gyre_bind_fail(bind, GYRE_EINVAL, "field",
                              "field `%s` is %s: there are sums of i32, i64 and f64", c->field,
                              gyre_type_name(field->type));
    c->type = field->type;
    c->nullable = (field->flags & GYRE_NULLABLE) != 0;
    code = bind->accumulator(bind, &accumulators[is_f64][c->nullable]);
    if (code < 0)
        return code;
    code = bind->write(bind, 0, is_f64 ? GYRE_TYPE_f64 : GYRE_TYPE_i64, c->field,
                       c->nullable ? GYRE_NULLABLE : 0);
    return code < 0 ? code : GYRE_OK;
}

/* ---- adding ------------------------------------------------------------------------------------ */

/* What a call works on. */
struct call {
    struct gyre_ctx *ctx;
    const struct gyre_batch *in;
    const uint32_t *rows;
    void *const *accs;
    struct gyre_out *out; /* NULL: no results are wanted */
    uint32_t n;
};

__attribute__((noinline)) static void overflow(const struct call *c, uint32_t row)
{
    const struct sum_config *config = c->ctx->config;
    gyre_bad_row(c->ctx, c->in, row, "the sum of `%s` goes beyond 64 bits", config->field);
}

static inline int add_checked(int64_t *sum, int64_t value)
{
    int64_t result;
    int beyond = __builtin_add_overflow(*sum, value, &result);
    if (!beyond)
        *sum = result;
    return !beyond;
}

/* One loop for each type of field: `get` is how a value is read. */
#define INTEGER_LOOP(name, ctype)                                                                  \
    static inline void name(struct call c, int rolls)                                              \
    {                                                                                              \
        const ctype *values = GYRE_COLUMN(c.in, 0, ctype);                                         \
        int64_t *sums = rolls ? GYRE_OUT(c.out, 0, int64_t) : NULL;                                \
        for (uint32_t j = 0; j < c.n; j++) {                                                       \
            int64_t *sum = c.accs[j];                                                              \
            if (!add_checked(sum, values[c.rows[j]]))                                              \
                overflow(&c, c.rows[j]);                                                           \
            if (rolls)                                                                             \
                sums[c.rows[j]] = *sum;                                                            \
        }                                                                                          \
    }
INTEGER_LOOP(loop_i32, int32_t)
INTEGER_LOOP(loop_i64, int64_t)

static inline void loop_f64(struct call c, int rolls)
{
    const double *values = GYRE_COLUMN(c.in, 0, double);
    double *sums = rolls ? GYRE_OUT(c.out, 0, double) : NULL;
    for (uint32_t j = 0; j < c.n; j++) {
        double *sum = c.accs[j];
        *sum += values[c.rows[j]];
        if (rolls)
            sums[c.rows[j]] = *sum;
    }
}

/* Adds one value that is there to an accumulator that counts; 0 where it would overflow. */
static int add_nullable(const struct call *c, uint32_t type, uint32_t row, void *acc)
{
    if (type == GYRE_TYPE_f64) {
        *(double *)acc += GYRE_COLUMN(c->in, 0, double)[row];
    } else {
        int64_t value = type == GYRE_TYPE_i32 ? GYRE_COLUMN(c->in, 0, int32_t)[row]
                                              : GYRE_COLUMN(c->in, 0, int64_t)[row];
        if (!add_checked(acc, value))
            return 0;
    }
    *values_of(acc) += 1;
    return 1;
}

static int32_t sum_result(struct gyre_ctx *ctx, const void *acc, struct gyre_out *out, uint32_t row)
{
    const struct sum_config *config = ctx->config;
    memcpy((char *)out->data[0] + 8 * (size_t)row, acc, 8); /* the sum comes first in all of them */
    if (config->nullable)
        out->valid[0][row] = ((const int64_t *)acc)[1] != 0;
    return GYRE_OK;
}

static void loop_nullable(const struct call *c, uint32_t type)
{
    for (uint32_t j = 0; j < c->n; j++) {
        uint32_t row = c->rows[j];
        if (!gyre_is_null(c->in, 0, row) && !add_nullable(c, type, row, c->accs[j]))
            overflow(c, row);
        if (c->out != NULL)
            sum_result(c->ctx, c->accs[j], c->out, row);
    }
}

/* `rolls` is a constant where this is called, so that each loop exists with results and without. */
static inline int32_t run(const struct call *c, int rolls)
{
    const struct sum_config *config = c->ctx->config;
    if (config->nullable)
        loop_nullable(c, config->type);
    else if (config->type == GYRE_TYPE_f64)
        loop_f64(*c, rolls);
    else if (config->type == GYRE_TYPE_i32)
        loop_i32(*c, rolls);
    else
        loop_i64(*c, rolls);
    return GYRE_OK;
}

static int32_t sum_add(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                       uint32_t n, void *const *accs)
{
    return run(&(struct call){ctx, in, rows, accs, NULL, n}, 0);
}

static int32_t sum_roll(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                        uint32_t n, void *const *accs, struct gyre_out *out)
{
    return run(&(struct call){ctx, in, rows, accs, out, n}, 1);
}

static int32_t sum_merge(struct gyre_ctx *ctx, void *into, const void *from)
{
    const struct sum_config *config = ctx->config;
    if (config->type == GYRE_TYPE_f64)
        *(double *)into += *(const double *)from;
    else if (!add_checked(into, *(const int64_t *)from))
        return gyre_fail(ctx, GYRE_EROW, "the sum of `%s` goes beyond 64 bits", config->field);
    if (config->nullable)
        *values_of(into) += ((const int64_t *)from)[1];
    return GYRE_OK;
}

static const struct gyre_aggregate aggregate = {
    .size = sizeof(struct gyre_aggregate),
    .add = sum_add,
    .roll = sum_roll,
    .result = sum_result,
    .merge = sum_merge,
};

static const struct gyre_option options[] = {
    GYRE_OPT(struct sum_config, field, FIELD, NULL, GYRE_REQUIRED, "the field to sum"),
};

const struct gyre_function gyre_fn_sum = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_AGGREGATE,
    .name = "sum",
    .doc = "The sum of a field.",
    .config_size = sizeof(struct sum_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .bind = sum_bind,
    .impl = &aggregate,
};
