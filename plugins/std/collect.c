/* plugins/std/collect.c: the values of a field as one text, in the order in which rows came, with a
 * separator between them (string_agg or LISTAGG in SQL). Nulls are passed over; of nothing but nulls the
 * result is null. Numbers are written as file.write does, times as µs. Of bytes the result is bytes.
 *
 * The accumulator keeps the values, with `distinct` each once, up to `most` of them: see values.h. */
#include "collect.h"
#include "../../runtime/base/number.h"
#include "values.h"

struct collect_config {
    const char *field;
    const char *separator;
    int32_t distinct;
    int64_t most;
    /* made by bind */
    uint32_t type; /* of the field */
    int32_t nullable;
};

static int32_t collect_bind(void *config, struct gyre_bind *bind)
{
    struct collect_config *c = config;
    int32_t code = bind->read(bind, 0, c->field, "field");
    int32_t at = code >= 0 ? gyre_schema_find(bind->inputs[0], c->field) : -1;
    if (at < 0)
        return code < 0 ? code : GYRE_EINVAL;
    const struct gyre_field *field = gyre_schema_field(bind->inputs[0], (uint32_t)at);
    c->type = field->type;
    c->nullable = (field->flags & GYRE_NULLABLE) != 0;
    code =
        bind->accumulator(bind, gyre_type_is_str(c->type) ? &values_of_strings : &values_of_words);
    if (code >= 0)
        code = bind->write(bind, 0, c->type == GYRE_TYPE_bytes ? GYRE_TYPE_bytes : GYRE_TYPE_str,
                           c->field, c->nullable ? GYRE_NULLABLE : 0);
    return code < 0 ? code : GYRE_OK;
}

static int32_t take(struct gyre_ctx *ctx, struct values *values, const struct value *value)
{
    const struct collect_config *c = ctx->config;
    if (c->most > 0 && values->n >= c->most)
        return GYRE_OK;
    return (c->distinct ? values_put : values_append)(ctx, values, c->type, value);
}

static int32_t collect_add(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                           uint32_t n, void *const *accs)
{
    const struct collect_config *c = ctx->config;
    const char *data = in->columns[0].data;
    int32_t code = GYRE_OK;
    for (uint32_t j = 0; code == GYRE_OK && j < n; j++) {
        struct value value;
        if (gyre_is_null(in, 0, rows[j]))
            continue;
        value_of(&value, c->type, data + (size_t)rows[j] * gyre_type_size(c->type));
        code = take(ctx, accs[j], &value);
    }
    return code;
}

static int32_t collect_merge(struct gyre_ctx *ctx, void *into, const void *from)
{
    const struct collect_config *c = ctx->config;
    struct value value;
    int32_t code = GYRE_OK;
    for (size_t at = 0; code == GYRE_OK && values_next(from, c->type, &at, &value);)
        code = take(ctx, into, &value);
    return code;
}

/* ---- the text ---------------------------------------------------------------------------------- */

static size_t put_word(char *to, const char *word)
{
    size_t n = strlen(word);
    memcpy(to, word, n);
    return n;
}

/* Writes a value and returns its length, at most GY_NUMBER_MAX where it is no string. */
static size_t put_value(char *to, uint32_t type, const struct value *value)
{
    int64_t number;
    double real;
    if (gyre_type_is_str(type)) {
        if (value->len != 0)
            memcpy(to, value->bytes, value->len);
        return value->len;
    }
    memcpy(&number, value->bytes, sizeof number);
    memcpy(&real, value->bytes, sizeof real);
    switch (type) {
    case GYRE_TYPE_bool: return put_word(to, number != 0 ? "true" : "false");
    case GYRE_TYPE_f64: return gy_number_format_f64(to, real);
    default: return gy_number_format_i64(to, number);
    }
}

/* At most so long is the text. */
static uint64_t bound_of(const struct collect_config *c, const struct values *values)
{
    uint64_t each = strlen(c->separator) + (gyre_type_is_str(c->type) ? 0 : GY_NUMBER_MAX);
    return (uint64_t)values->used + (uint64_t)values->n * each;
}

static int32_t collect_result(struct gyre_ctx *ctx, const void *acc, struct gyre_out *out,
                              uint32_t row)
{
    const struct collect_config *c = ctx->config;
    const struct values *values = acc;
    uint64_t bound = bound_of(c, values);
    size_t length = 0;
    struct value value;
    if (bound > INT32_MAX)
        return gyre_fail(
            ctx, GYRE_EINVAL,
            "the collected values of one key are more than 2 GiB of text: `most` keeps "
            "fewer of them");
    if (c->nullable)
        out->valid[0][row] = values->n != 0;
    GYRE_OUT(out, 0, struct gyre_str)[row] = gyre_str_view("", 0);
    if (bound == 0)
        return GYRE_OK;
    char *text = gyre_out_room(out, (uint32_t)bound);
    if (text == NULL)
        return GYRE_ENOMEM;
    for (size_t at = 0, from = 0; values_next(values, c->type, &at, &value); from = at) {
        if (from != 0)
            length += put_word(text + length, c->separator);
        length += put_value(text + length, c->type, &value);
    }
    GYRE_OUT(out, 0, struct gyre_str)[row] = gyre_str_view(text, (uint32_t)length);
    gyre_out_used(out, (uint32_t)length);
    return GYRE_OK;
}

static const struct gyre_aggregate aggregate = {
    .size = sizeof(struct gyre_aggregate),
    .add = collect_add,
    .result = collect_result,
    .merge = collect_merge,
};

static const struct gyre_option options[] = {
    GYRE_OPT(struct collect_config, field, FIELD, NULL, GYRE_REQUIRED,
             "the field whose values are collected"),
    GYRE_OPT(struct collect_config, separator, STRING, ",", 0, "what stands between two of them"),
    GYRE_OPT(struct collect_config, distinct, BOOL, "false", 0, "each value once"),
    GYRE_OPT_RANGE(struct collect_config, most, INT, "0", 0, INT64_MAX, "values",
                   "the first so many; 0: all"),
};

const struct gyre_function gyre_fn_collect = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_AGGREGATE,
    .name = "collect",
    .doc = "The values of a field as one text, a separator between them.",
    .config_size = sizeof(struct collect_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .bind = collect_bind,
    .impl = &aggregate,
};
