/* Refused: a function names what it writes, which only operators can. */
#include <gyre/gyre.h>

struct config {
    const char *path;
};

static int32_t keys(struct gyre_ctx *ctx, const struct gyre_batch *in, struct gyre_out *out)
{
    (void)ctx, (void)in, (void)out;
    return 0;
}

static const struct gyre_key_function impl = {.size = sizeof(struct gyre_key_function),
                                              .keys = keys};

static const struct gyre_option options[] = {
    GYRE_OPT(struct config, path, PATH, NULL, GYRE_WRITES, "the file"),
};
static const struct gyre_field results[] = {GYRE_FIELD(i64, "cell", 0)};

static const struct gyre_function gyre_fn_some = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_KEY,
    .name = "some",
    .doc = "One key.",
    .options = options,
    .n_options = sizeof options / sizeof *options,
    .config_size = sizeof(struct config),
    .results = results,
    .n_results = sizeof results / sizeof *results,
    .impl = &impl,
};

GYRE_PLUGIN(function_writes, "1.0", GYRE_FN(some))
