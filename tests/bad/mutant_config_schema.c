/* Wrong: a value is refused without a word. */
#include "mutant.h"

struct config {
    int64_t most;
};

static int32_t refuse(void *config, struct gyre_bind *bind)
{
    (void)bind;
    return ((const struct config *)config)->most == 100 ? GYRE_EINVAL : GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT_RANGE(struct config, most, INT, "10", 1, 100, NULL, "the most"),
};

MUTANT(mutant_config_schema, 0, 0, .config_size = sizeof(struct config), .options = options,
       .n_options = 1, .bind = refuse, .process = mutant_pass)
