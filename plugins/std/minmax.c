/* plugins/std/minmax.c: the least and the greatest value of a field, and the rows that hold them.
 * What they do is in extreme.c; here are their descriptors. */
#include "minmax.h"

#include "extreme.h"

static int32_t min_bind(void *config, struct gyre_bind *bind)
{
    return extreme_bind(config, bind, -1);
}

static int32_t max_bind(void *config, struct gyre_bind *bind)
{
    return extreme_bind(config, bind, 1);
}

static int32_t min_by_bind(void *config, struct gyre_bind *bind)
{
    return extreme_bind_row(config, bind, -1);
}

static int32_t max_by_bind(void *config, struct gyre_bind *bind)
{
    return extreme_bind_row(config, bind, 1);
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct extreme_config, field, FIELD, NULL, GYRE_REQUIRED, "the field to compare"),
    /* from here on min_by and max_by */
    GYRE_OPT(struct extreme_config, fields, FIELDS, NULL, 0,
             "the fields to put out; default: all but the key's"),
    GYRE_OPT(struct extreme_config, last, BOOL, "false", 0,
             "of rows with equal values the last one wins, not the first"),
};

#define EXTREME(fn_name, text, n)                                                                  \
    {                                                                                              \
        .size = sizeof(struct gyre_function), .kind = GYRE_FN_AGGREGATE, .name = #fn_name,         \
        .doc = text, .config_size = sizeof(struct extreme_config), .options = options,             \
        .n_options = n, .bind = fn_name##_bind, .impl = &extreme_aggregate                         \
    }

const struct gyre_function gyre_fn_min = EXTREME(min, "The least value of a field.", 1);
const struct gyre_function gyre_fn_max = EXTREME(max, "The greatest value of a field.", 1);
const struct gyre_function gyre_fn_min_by =
    EXTREME(min_by, "The row with the least value of a field.", 3);
const struct gyre_function gyre_fn_max_by =
    EXTREME(max_by, "The row with the greatest value of a field.", 3);
