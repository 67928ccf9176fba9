/* plugins/std/distinct.c: how many different values a field has, nulls aside. All NaN are one value, and
 * -0.0 is 0.0, as for keys. The accumulator keeps each value once: see values.h; or with `approx` a sketch of them:
 * see hll.h. */
#include "distinct.h"
#include "hll.h"

struct distinct_config {
    const char *field;
    int32_t approx;
    /* made by bind */
    uint32_t type; /* of the field */
};

static int32_t distinct_bind(void *config, struct gyre_bind *bind)
{
    struct distinct_config *c = config;
    int32_t code = bind->read(bind, 0, c->field, "field");
    int32_t at = code >= 0 ? gyre_schema_find(bind->inputs[0], c->field) : -1;
    if (at < 0)
        return code < 0 ? code : GYRE_EINVAL;
    c->type = gyre_schema_field(bind->inputs[0], (uint32_t)at)->type;
    code = bind->accumulator(bind, c->approx                   ? &hll_type
                                   : gyre_type_is_str(c->type) ? &values_of_strings
                                                               : &values_of_words);
    if (code >= 0)
        code = bind->write(bind, 0, GYRE_TYPE_i64, "distinct", 0);
    return code < 0 ? code : GYRE_OK;
}

static int32_t distinct_add(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                            uint32_t n, void *const *accs)
{
    const struct distinct_config *c = ctx->config;
    const char *data = in->columns[0].data;
    int32_t code = GYRE_OK;
    for (uint32_t j = 0; code == GYRE_OK && j < n; j++) {
        struct value value;
        if (gyre_is_null(in, 0, rows[j]))
            continue;
        value_of(&value, c->type, data + (size_t)rows[j] * gyre_type_size(c->type));
        code = c->approx ? hll_put(ctx, accs[j], value_hash(&value))
                         : values_put(ctx, accs[j], c->type, &value);
    }
    return code;
}

static int32_t distinct_result(struct gyre_ctx *ctx, const void *acc, struct gyre_out *out,
                               uint32_t row)
{
    const struct distinct_config *c = ctx->config;
    GYRE_OUT(out, 0, int64_t)[row] = c->approx ? hll_count(acc) : ((const struct values *)acc)->n;
    return GYRE_OK;
}

static int32_t distinct_merge(struct gyre_ctx *ctx, void *into, const void *from)
{
    const struct distinct_config *c = ctx->config;
    struct value value;
    int32_t code = GYRE_OK;
    if (c->approx)
        return hll_merge(ctx, into, from);
    for (size_t at = 0; code == GYRE_OK && values_next(from, c->type, &at, &value);)
        code = values_put(ctx, into, c->type, &value);
    return code;
}

static const struct gyre_aggregate aggregate = {
    .size = sizeof(struct gyre_aggregate),
    .add = distinct_add,
    .result = distinct_result,
    .merge = distinct_merge,
};

static const struct gyre_option options[] = {
    GYRE_OPT(struct distinct_config, field, FIELD, NULL, GYRE_REQUIRED,
             "the field whose values are counted, each once"),
    GYRE_OPT(struct distinct_config, approx, BOOL, "false", 0,
             "keeps a sketch of 16 KiB at most in place of the values: exact up to 1024 different "
             "ones, else give or take 0.8 % (standard error)"),
};

const struct gyre_function gyre_fn_distinct = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_AGGREGATE,
    .name = "distinct",
    .doc = "How many different values a field has.",
    .config_size = sizeof(struct distinct_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .bind = distinct_bind,
    .impl = &aggregate,
};
