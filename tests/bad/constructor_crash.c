/* A constructor that crashes while the plugin is loaded. */
#include <gyre/gyre.h>
#include <stdlib.h>

__attribute__((constructor)) static void crash(void)
{
    abort();
}

static int32_t pass(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self, (void)ctx, (void)in;
    return 0;
}

static const struct gyre_port ins[] = {GYRE_PORT("in", 0, NULL, 0, "rows")};
static const struct gyre_operator gyre_op_drop = GYRE__OPERATOR(
    GYRE_SINK, drop, "Drops rows.", 0, 0, NULL, 0, ins, 1, NULL, 0, NULL, 0, 0, pass);
GYRE_PLUGIN(constructor_crash, "0.1.0", GYRE_OP(drop))
