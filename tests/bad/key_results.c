/* Refused: a key function has no results, and no bind that could declare them. */
#include <gyre/gyre.h>

static int32_t keys(struct gyre_ctx *ctx, const struct gyre_batch *in, struct gyre_out *out)
{
    (void)ctx, (void)in, (void)out;
    return 0;
}

static const struct gyre_key_function impl = {.size = sizeof(struct gyre_key_function),
                                              .keys = keys};

static const struct gyre_function gyre_fn_none = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_KEY,
    .name = "none",
    .doc = "No key.",
    .impl = &impl,
};

GYRE_PLUGIN(key_results, "1.0", GYRE_FN(none))
