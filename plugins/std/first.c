/* plugins/std/first.c: the first and the last value of a field, in the order in which rows came; or
 * what other fields hold in the same row. Rows whose field is null are passed over, unless `nulls`
 * says that a null counts as a value. any_value promises less than first, and does the same.
 *
 * They are min_by and max_by without an order: see extreme.c. */
#include "first.h"
#include "extreme.h"

static int32_t bind_any(struct extreme_config *c, struct gyre_bind *bind)
{
    return c->fields.n == 0 ? extreme_bind(c, bind, 0) : extreme_bind_row(c, bind, 0);
}

static int32_t first_bind(void *config, struct gyre_bind *bind)
{
    return bind_any(config, bind);
}

static int32_t last_bind(void *config, struct gyre_bind *bind)
{
    struct extreme_config *c = config;
    c->last = 1;
    return bind_any(c, bind);
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct extreme_config, field, FIELD, NULL, GYRE_REQUIRED, "the field to look at"),
    /* from here on first and last */
    GYRE_OPT(struct extreme_config, fields, FIELDS, NULL, 0,
             "the fields of that row to put out; default: the one looked at"),
    GYRE_OPT(struct extreme_config, nulls, BOOL, "false", 0,
             "a null counts as a value; else its row is passed over"),
};

#define FIRST(fn_name, text, n, with)                                                              \
    {                                                                                              \
        .size = sizeof(struct gyre_function), .kind = GYRE_FN_AGGREGATE, .name = #fn_name,         \
        .doc = text, .config_size = sizeof(struct extreme_config), .options = options,             \
        .n_options = n, .bind = with, .impl = &extreme_aggregate                                   \
    }

const struct gyre_function gyre_fn_any_value =
    FIRST(any_value, "Some value of a field.", 1, first_bind);
const struct gyre_function gyre_fn_first =
    FIRST(first, "The first value of a field to come.", 3, first_bind);
const struct gyre_function gyre_fn_last =
    FIRST(last, "The last value of a field to come.", 3, last_bind);
