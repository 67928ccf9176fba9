/* plugins/std/count.c: the number of rows, or with `field` of the rows where it is not null. */
#include "count.h"

struct count_config {
    const char *field; /* NULL: every row counts */
};

static int32_t count_bind(void *config, struct gyre_bind *bind)
{
    const struct count_config *c = config;
    if (c->field != NULL) {
        int32_t column = bind->read(bind, 0, c->field, "field");
        if (column < 0)
            return column;
    }
    int32_t result = bind->write(bind, 0, GYRE_TYPE_i64, "count", 0);
    return result < 0 ? result : GYRE_OK;
}

/* The validity of the field that is counted; NULL where every row counts. */
static const uint8_t *validity(const struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const struct count_config *c = ctx->config;
    return c->field != NULL ? in->columns[0].valid : NULL;
}

static int32_t count_add(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                         uint32_t n, void *const *accs)
{
    const uint8_t *valid = validity(ctx, in);
    for (uint32_t j = 0; j < n; j++)
        *(int64_t *)accs[j] += valid == NULL || valid[rows[j]];
    return GYRE_OK;
}

static int32_t count_roll(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                          uint32_t n, void *const *accs, struct gyre_out *out)
{
    const uint8_t *valid = validity(ctx, in);
    int64_t *counts = GYRE_OUT(out, 0, int64_t);
    for (uint32_t j = 0; j < n; j++)
        counts[rows[j]] = *(int64_t *)accs[j] += valid == NULL || valid[rows[j]];
    return GYRE_OK;
}

static int32_t count_merge(struct gyre_ctx *ctx, void *into, const void *from)
{
    (void)ctx;
    *(int64_t *)into += *(const int64_t *)from;
    return GYRE_OK;
}

static int32_t count_result(struct gyre_ctx *ctx, const void *acc, struct gyre_out *out,
                            uint32_t row)
{
    (void)ctx;
    GYRE_OUT(out, 0, int64_t)[row] = *(const int64_t *)acc;
    return GYRE_OK;
}

static const struct gyre_member members[] = {{"count", GYRE_TYPE_i64, 0}};
static const struct gyre_state_type accumulator = {
    .size = sizeof(struct gyre_state_type),
    .version = 1,
    .name = "count",
    .value_size = sizeof(int64_t),
    .value_align = _Alignof(int64_t),
    .members = members,
    .n_members = 1,
};

static const struct gyre_aggregate aggregate = {
    .size = sizeof(struct gyre_aggregate),
    .accumulator = &accumulator,
    .add = count_add,
    .roll = count_roll,
    .result = count_result,
    .merge = count_merge,
};

static const struct gyre_option options[] = {
    GYRE_OPT(struct count_config, field, FIELD, NULL, 0,
             "counts only the rows where this field is not null"),
};

const struct gyre_function gyre_fn_count = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_AGGREGATE,
    .name = "count",
    .doc = "The number of rows.",
    .config_size = sizeof(struct count_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .bind = count_bind,
    .impl = &aggregate,
};
