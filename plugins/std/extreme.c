/* plugins/std/extreme.c: the row with the least or greatest value of a field.
 *
 * Values are ordered as their type says: numbers and times by value, false before true, strings by
 * their bytes, a prefix before what it begins. NaN is greater than every number, infinity too, and
 * equal to itself (as in PostgreSQL and Spark): a minimum is NaN only where all values are, a
 * maximum where any is, and neither depends on the order of the rows. -0.0 equals 0.0. Rows whose
 * field is null are passed over. Of rows with equal values the first is kept, or the last; without an
 * order (`sign` 0) all are equal, and with `nulls` those whose field is null are too.
 *
 * The accumulator, made in bind: the columns that are kept at their natural alignment, each nullable
 * one with a bool behind it that says whether it is there, then the bool `has`. The column compared
 * needs none, but for `nulls`: it is there where `has` is. */
#include "extreme.h"
#include "order.h"

/* ---- bind -------------------------------------------------------------------------------------- */

static int is_key(const struct gyre_bind *bind, const char *name)
{
    for (uint32_t k = 0; k < bind->n_keys; k++)
        if (strcmp(bind->keys[k], name) == 0)
            return 1;
    return 0;
}

/* Reads a field into the next column; its index, or a code. */
static int32_t add_column(struct extreme_config *c, struct gyre_bind *bind, const char *name,
                          const char *option)
{
    for (uint32_t i = 0; i < c->n; i++)
        if (strcmp(c->columns[i].name, name) == 0)
            return (int32_t)i;
    int32_t in = bind->read(bind, 0, name, option);
    int32_t at = in >= 0 ? gyre_schema_find(bind->inputs[0], name) : -1;
    if (at < 0)
        return in < 0 ? in : GYRE_EINVAL;
    const struct gyre_field *field = gyre_schema_field(bind->inputs[0], (uint32_t)at);
    c->columns[c->n] = (struct extreme_column){.name = field->name,
                                               .type = field->type,
                                               .nullable = field->flags & GYRE_NULLABLE,
                                               .in = (uint32_t)in,
                                               .out = EXTREME_NONE,
                                               .valid = EXTREME_NONE};
    return (int32_t)c->n++;
}

static int32_t write_column(struct extreme_config *c, struct gyre_bind *bind, const char *name,
                            const char *option)
{
    int32_t i = add_column(c, bind, name, option);
    if (i < 0)
        return i;
    struct extreme_column *column = &c->columns[i];
    uint32_t nullable = column->nullable | (c->nulls ? 0 : c->columns[0].nullable);
    int32_t out = bind->write(bind, 0, column->type, column->name, nullable);
    if (out >= 0)
        column->out = (uint32_t)out;
    return out < 0 ? out : GYRE_OK;
}

/* Places a member behind those before it; its offset. */
static uint32_t place(struct gyre_state_type *type, struct gyre_member *members, const char *name,
                      uint32_t member_type)
{
    uint32_t size = gyre_type_size(member_type);
    uint32_t align = gyre_type_is_str(member_type) ? 8 : size;
    uint32_t at = (type->value_size + align - 1) / align * align;
    members[type->n_members++] = (struct gyre_member){name, member_type, at};
    type->value_size = at + size;
    if (align > type->value_align)
        type->value_align = align;
    return at;
}

static int32_t make_accumulator(struct extreme_config *c, struct gyre_bind *bind)
{
    static const char *const names[] = {"min", "first", "max"};
    struct gyre_state_type *type = bind->alloc(bind, sizeof *type);
    struct gyre_member *members = bind->alloc(bind, (2 * (size_t)c->n + 1) * sizeof *members);
    if (type == NULL || members == NULL)
        return GYRE_ENOMEM;
    *type = (struct gyre_state_type){.size = sizeof *type,
                                     .version = 1,
                                     .name = names[c->sign + 1],
                                     .value_align = 1,
                                     .members = members};
    for (uint32_t i = 0; i < c->n; i++) {
        struct extreme_column *column = &c->columns[i];
        column->value = place(type, members, column->name, column->type);
        if ((i > 0 || c->nulls) && column->nullable)
            column->valid = place(type, members, "valid", GYRE_TYPE_bool);
    }
    c->has = place(type, members, "has", GYRE_TYPE_bool);
    type->value_size =
        (type->value_size + type->value_align - 1) / type->value_align * type->value_align;
    return bind->accumulator(bind, type);
}

/* The column that is compared, and room for `others` more. */
static int32_t begin(struct extreme_config *c, struct gyre_bind *bind, int32_t sign,
                     uint32_t others)
{
    c->sign = sign;
    c->columns = bind->alloc(bind, ((size_t)others + 1) * sizeof *c->columns);
    if (c->columns == NULL)
        return GYRE_ENOMEM;
    return add_column(c, bind, c->field, "field");
}

int32_t extreme_bind(struct extreme_config *c, struct gyre_bind *bind, int32_t sign)
{
    int32_t code = begin(c, bind, sign, 0);
    if (code >= 0)
        code = write_column(c, bind, c->field, "field");
    return code < 0 ? code : make_accumulator(c, bind);
}

int32_t extreme_bind_row(struct extreme_config *c, struct gyre_bind *bind, int32_t sign)
{
    uint32_t n_fields = bind->inputs[0]->n_fields, written = 0;
    uint32_t listed = c->fields.n;
    int32_t code = begin(c, bind, sign, listed != 0 ? listed : n_fields);
    if (code < 0)
        return code;
    for (uint32_t i = 0; i < (listed != 0 ? listed : n_fields); i++) {
        const char *name =
            listed != 0 ? c->fields.items[i] : gyre_schema_field(bind->inputs[0], i)->name;
        if (listed == 0 && is_key(bind, name))
            continue;
        int32_t wrote = write_column(c, bind, name, listed != 0 ? "fields" : "field");
        code = wrote < 0 ? wrote : code; /* go on: each wrong name is reported */
        written++;
    }
    if (code < 0)
        return code;
    if (written == 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, "field",
                              "all fields are of the key: nothing is left to put out");
    return make_accumulator(c, bind);
}

/* ---- order ------------------------------------------------------------------------------------- */

/* True where a value that comes later takes the place of the one kept. */
static inline int wins(const struct extreme_config *c, const void *value, const void *kept)
{
    int by = c->sign != 0 ? order_of(c->columns[0].type, value, kept) * c->sign : 0;
    return by > 0 || (by == 0 && c->last);
}

/* ---- keeping a row ----------------------------------------------------------------------------- */

/* Puts a value into the accumulator; NULL: null. */
static int32_t keep_value(struct gyre_ctx *ctx, const struct extreme_column *column, char *acc,
                          const void *value)
{
    static const char zero[16];
    const void *from = value != NULL ? value : zero;
    if (column->valid != EXTREME_NONE)
        acc[column->valid] = value != NULL;
    if (gyre_type_is_str(column->type))
        return gyre_state_str(ctx, (struct gyre_str *)(void *)(acc + column->value), from);
    memcpy(acc + column->value, from, gyre_type_size(column->type));
    return GYRE_OK;
}

static const void *value_at(const struct extreme_column *column, const struct gyre_batch *in,
                            uint32_t row)
{
    if (gyre_is_null(in, column->in, row))
        return NULL;
    return (const char *)in->columns[column->in].data + (size_t)row * gyre_type_size(column->type);
}

static int32_t take(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row, char *acc)
{
    const struct extreme_config *c = ctx->config;
    const void *value = value_at(&c->columns[0], in, row);
    int32_t code = GYRE_OK;
    if (value == NULL && !c->nulls)
        return GYRE_OK;
    if (acc[c->has] && !wins(c, value, acc + c->columns[0].value))
        return GYRE_OK;
    for (uint32_t i = 0; code == GYRE_OK && i < c->n; i++)
        code = keep_value(ctx, &c->columns[i], acc, value_at(&c->columns[i], in, row));
    acc[c->has] = 1;
    return code;
}

static int32_t extreme_result(struct gyre_ctx *ctx, const void *acc, struct gyre_out *out,
                              uint32_t row)
{
    const struct extreme_config *c = ctx->config;
    const char *bytes = acc;
    for (uint32_t i = 0; i < c->n; i++) {
        const struct extreme_column *column = &c->columns[i];
        uint32_t size = gyre_type_size(column->type);
        if (column->out == EXTREME_NONE)
            continue;
        char *to = (char *)out->data[column->out] + (size_t)row * size;
        int there = bytes[c->has] && (column->valid == EXTREME_NONE || bytes[column->valid]);
        if (out->valid[column->out] != NULL)
            out->valid[column->out][row] = (uint8_t)there;
        if (there && gyre_type_is_str(column->type)) {
            const struct gyre_str *s = (const void *)(bytes + column->value);
            struct gyre_str copy = gyre_out_str(out, gyre_str_data(s), s->len);
            memcpy(to, &copy, sizeof copy);
        } else if (there) {
            memcpy(to, bytes + column->value, size);
        } else {
            memset(to, 0, size);
        }
    }
    return GYRE_OK;
}

/* ---- min and max of numbers -------------------------------------------------------------------- */

/* What a call works on; `out` NULL: no results are wanted. */
struct call {
    const struct extreme_config *config;
    const struct gyre_batch *in;
    const uint32_t *rows;
    void *const *accs;
    struct gyre_out *out;
    uint32_t n;
};

#define ABOVE(a, b)     ((a) > (b))
#define ABOVE_F64(a, b) (((a) > (b)) | (((a) != (a)) & ((b) == (b))))

/* One loop for each type, order and use: `sign` and `rolls` are constants where it is called. Of equal
 * values the first stays. */
#define NUMBER_LOOP(name, ctype, above)                                                            \
    static inline void name##_as(struct call c, int sign, int rolls)                               \
    {                                                                                              \
        const struct extreme_column column = c.config->columns[0];                                 \
        const ctype *values = GYRE_COLUMN(c.in, column.in, ctype);                                 \
        const uint8_t *there = c.in->columns[column.in].valid;                                     \
        ctype *results = rolls ? GYRE_OUT(c.out, column.out, ctype) : NULL;                        \
        uint8_t *valid = rolls ? c.out->valid[column.out] : NULL;                                  \
        for (uint32_t j = 0; j < c.n; j++) {                                                       \
            uint32_t row = c.rows[j];                                                              \
            char *acc = c.accs[j], *has = acc + c.config->has;                                     \
            ctype *kept = (ctype *)(void *)(acc + column.value), before = *kept,                   \
                  value = values[row];                                                             \
            int wins = (*has == 0) | (sign > 0 ? above(value, before) : above(before, value));     \
            wins &= there == NULL || there[row];                                                   \
            *kept = wins ? value : before; /* no branch: which rows win is hard to tell */         \
            *has = (char)(*has | wins);                                                            \
            if (rolls)                                                                             \
                results[row] = *kept;                                                              \
            if (rolls && valid != NULL)                                                            \
                valid[row] = (uint8_t)*has;                                                        \
        }                                                                                          \
    }                                                                                              \
    static void name(const struct call *c)                                                         \
    {                                                                                              \
        if (c->config->sign > 0 && c->out == NULL)                                                 \
            name##_as(*c, 1, 0);                                                                   \
        else if (c->config->sign > 0)                                                              \
            name##_as(*c, 1, 1);                                                                   \
        else if (c->out == NULL)                                                                   \
            name##_as(*c, -1, 0);                                                                  \
        else                                                                                       \
            name##_as(*c, -1, 1);                                                                  \
    }
NUMBER_LOOP(loop_i32, int32_t, ABOVE)
NUMBER_LOOP(loop_i64, int64_t, ABOVE)
NUMBER_LOOP(loop_f64, double, ABOVE_F64)

/* True where the call was one for these loops. */
static inline int number_loop(const struct call *c)
{
    const struct extreme_column *column = &c->config->columns[0];
    if (c->config->n != 1 || c->config->sign == 0 || c->config->last || column->out == EXTREME_NONE)
        return 0;
    switch (column->type) {
    case GYRE_TYPE_i32: loop_i32(c); return 1;
    case GYRE_TYPE_i64:
    case GYRE_TYPE_time: loop_i64(c); return 1;
    case GYRE_TYPE_f64: loop_f64(c); return 1;
    default: return 0;
    }
}

/* ---- the calls --------------------------------------------------------------------------------- */

static int32_t extreme_add(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                           uint32_t n, void *const *accs)
{
    int32_t code = GYRE_OK;
    if (number_loop(&(struct call){ctx->config, in, rows, accs, NULL, n}))
        return GYRE_OK;
    for (uint32_t j = 0; code == GYRE_OK && j < n; j++)
        code = take(ctx, in, rows[j], accs[j]);
    return code;
}

static int32_t extreme_roll(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                            uint32_t n, void *const *accs, struct gyre_out *out)
{
    int32_t code = GYRE_OK;
    if (number_loop(&(struct call){ctx->config, in, rows, accs, out, n}))
        return GYRE_OK;
    for (uint32_t j = 0; code == GYRE_OK && j < n; j++) {
        code = take(ctx, in, rows[j], accs[j]);
        if (code == GYRE_OK)
            code = extreme_result(ctx, accs[j], out, rows[j]);
    }
    return code;
}

/* The rows of `from` came after those of `into`. */
static int32_t extreme_merge(struct gyre_ctx *ctx, void *into, const void *from)
{
    const struct extreme_config *c = ctx->config;
    const struct extreme_column *compared = &c->columns[0];
    const char *f = from;
    char *acc = into;
    int32_t code = GYRE_OK;
    if (!f[c->has])
        return GYRE_OK;
    if (acc[c->has] && !wins(c, f + compared->value, acc + compared->value))
        return GYRE_OK;
    for (uint32_t i = 0; code == GYRE_OK && i < c->n; i++) {
        const struct extreme_column *column = &c->columns[i];
        int there = column->valid == EXTREME_NONE || f[column->valid];
        code = keep_value(ctx, column, acc, there ? f + column->value : NULL);
    }
    acc[c->has] = 1;
    return code;
}

const struct gyre_aggregate extreme_aggregate = {
    .size = sizeof(struct gyre_aggregate),
    .add = extreme_add,
    .roll = extreme_roll,
    .result = extreme_result,
    .merge = extreme_merge,
};
