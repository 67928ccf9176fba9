/* Wrong: its loop takes four rows at a time, and writes behind the last one. */
#include "mutant.h"

static int32_t take_fours(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const int64_t *n = MUTANT_N(in);
    int64_t *twice = GYRE_OUT(ctx->outputs[0], 0, int64_t);
    (void)self;
    for (uint32_t row = 0; row < in->rows; row += 4)
        for (uint32_t i = row; i < row + 4; i++)
            twice[i] = i < in->rows ? (n[i] % 1000) * 2 : 0;
    return GYRE_OK;
}

static const struct gyre_field twice_fields[] = {GYRE_FIELD(i64, "twice", 0)};
static const struct gyre_port twice_out =
    GYRE_PORT("out", GYRE_PORT_ALIGNED | GYRE_PORT_PASS_REST, twice_fields, 1, "rows");

static const struct gyre_operator gyre_op_op = {.size = sizeof(struct gyre_operator),
                                                .kind = GYRE_TRANSFORM,
                                                .name = "op",
                                                .doc = "Gets one thing wrong.",
                                                .flags = GYRE_MASK_AWARE,
                                                .inputs = &mutant_in,
                                                .n_inputs = 1,
                                                .outputs = &twice_out,
                                                .n_outputs = 1,
                                                .process = take_fours};
GYRE_PLUGIN(mutant_proc_output_bounds, "1.0", GYRE_OP(op))
