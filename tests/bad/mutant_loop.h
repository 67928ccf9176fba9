/* What the mutants of loops share: a row that comes of no other. */
#ifndef TESTS_BAD_MUTANT_LOOP_H
#define TESTS_BAD_MUTANT_LOOP_H

#include "mutant.h"

static inline void loop_put(struct gyre_ctx *ctx, const char *k, int64_t n)
{
    struct gyre_out *out = ctx->outputs[0];
    uint32_t to = gyre_out_row(out, GYRE_NO_TIME);
    GYRE_OUT(out, 0, struct gyre_str)[to] = gyre_str_view(k, (uint32_t)strlen(k));
    GYRE_OUT(out, 1, int64_t)[to] = n;
}

#endif
