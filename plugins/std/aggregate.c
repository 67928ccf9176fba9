/* plugins/std/aggregate.c: several aggregates at once, of any plugins.
 *
 * A set: an aggregate function whose one option is a list of groups with a function each. The host
 * runs the functions that the groups name, each with the options of its own group, and puts their
 * results side by side. Nothing of this is done here: a host that knows no sets calls bind, and is
 * told. */
#include "aggregate.h"

struct member {
    const char *fn;
    const char *as;
};

struct aggregate_config {
    struct gyre_groups aggregates;
};

static int32_t set_bind(void *config, struct gyre_bind *bind)
{
    (void)config;
    return gyre_bind_fail(bind, GYRE_ENOTSUP, "aggregates",
                          "this host cannot run several aggregates in one operator");
}

static int32_t set_add(struct gyre_ctx *ctx, const struct gyre_batch *in, const uint32_t *rows,
                       uint32_t n, void *const *accs)
{
    (void)in, (void)rows, (void)n, (void)accs;
    return gyre_fail(ctx, GYRE_ECONTRACT, "the host runs the functions of a set, not the set");
}

static int32_t set_result(struct gyre_ctx *ctx, const void *acc, struct gyre_out *out, uint32_t row)
{
    (void)acc, (void)out, (void)row;
    return gyre_fail(ctx, GYRE_ECONTRACT, "the host runs the functions of a set, not the set");
}

static const struct gyre_aggregate aggregate = {
    .size = sizeof(struct gyre_aggregate),
    .add = set_add,
    .result = set_result,
};

static const struct gyre_option members[] = {
    GYRE_OPT(struct member, fn, FUNCTION, NULL, GYRE_REQUIRED,
             "an aggregate; its own options stand beside it"),
    GYRE_OPT(struct member, as, STRING, NULL, 0, "what its result is called"),
};

static const struct gyre_option options[] = {
    GYRE_OPT_GROUPS(struct aggregate_config, aggregates, members,
                    sizeof members / sizeof members[0], struct member, GYRE_REQUIRED,
                    "the aggregates: { fn = \"std.sum\"; field = \"x\"; as = \"total\"; }, ..."),
};

const struct gyre_function gyre_fn_aggregate = {
    .size = sizeof(struct gyre_function),
    .kind = GYRE_FN_AGGREGATE,
    .name = "aggregate",
    .doc = "Several aggregates at once.",
    .config_size = sizeof(struct aggregate_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .bind = set_bind,
    .impl = &aggregate,
};
