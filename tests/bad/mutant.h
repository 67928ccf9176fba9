/* What the mutants share: an operator with rows of `k` and `n` on both sides, of which each gets one thing wrong.
 * tests/e2e/test_conform.c sees that `gyre conform` finds that one thing. */
#ifndef TESTS_BAD_MUTANT_H
#define TESTS_BAD_MUTANT_H

#include <gyre/gyre.h>

static const struct gyre_field mutant_fields[] = {GYRE_FIELD(str, "k", 0), GYRE_FIELD(i64, "n", 0)};
static const struct gyre_port mutant_in = GYRE_PORT("in", 0, mutant_fields, 2, "rows");
static const struct gyre_port mutant_out = GYRE_PORT("out", 0, mutant_fields, 2, "rows");

#define MUTANT_N(in) GYRE_COLUMN(in, 1, int64_t)

/* Puts a row out with the key of an input row. */
static inline void mutant_put_at(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                                 int64_t n, int64_t time_us)
{
    struct gyre_out *out = ctx->outputs[0];
    const struct gyre_str *k = GYRE_COLUMN(in, 0, struct gyre_str) + row;
    uint32_t to = gyre_out_row(out, time_us);
    struct gyre_str copy = gyre_out_str(out, gyre_str_data(k), k->len);
    GYRE_OUT(out, 0, struct gyre_str)[to] = copy;
    GYRE_OUT(out, 1, int64_t)[to] = n;
}

static inline void mutant_put(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                              int64_t n)
{
    mutant_put_at(ctx, in, row, n, gyre_row_time(in, row));
}

/* Puts all rows out as they are. */
static inline int32_t mutant_pass(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    (void)self;
    GYRE_ROWS(in, row)
    {
        mutant_put(ctx, in, row, MUTANT_N(in)[row]);
    }
    return GYRE_OK;
}

/* Takes no semicolon; what comes last are members of the descriptor. */
#define MUTANT(plugin, flags_, self, ...)                                                          \
    static const struct gyre_operator gyre_op_op = {.size = sizeof(struct gyre_operator),          \
                                                    .kind = GYRE_TRANSFORM,                        \
                                                    .name = "op",                                  \
                                                    .doc = "Gets one thing wrong.",                \
                                                    .flags = (flags_),                             \
                                                    .instance_size = (self),                       \
                                                    .inputs = &mutant_in,                          \
                                                    .n_inputs = 1,                                 \
                                                    .outputs = &mutant_out,                        \
                                                    .n_outputs = 1,                                \
                                                    __VA_ARGS__};                                  \
    GYRE_PLUGIN(plugin, "1.0", GYRE_OP(op))

/* The sum of a key, as its state. */
#define MUTANT_SUM(F, N) F(i64, sum)

#endif
