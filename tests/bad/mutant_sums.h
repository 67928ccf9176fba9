/* What mutants of state share: sums by key, in a type with an encoding of its own. A mutant writes `encode` and `decode`
 * before it includes this. */
#ifndef TESTS_BAD_MUTANT_SUMS_H
#define TESTS_BAD_MUTANT_SUMS_H

static const struct gyre_member sum_members[] = {
    {"sum", GYRE_TYPE_i64, GYRE_OFFSET_NATURAL},
    {"rows", GYRE_TYPE_i64, GYRE_OFFSET_NATURAL},
};
static const struct gyre_state_type sum_type = {.size = sizeof(struct gyre_state_type),
                                                .version = 1,
                                                .name = "sum",
                                                .value_size = sizeof(struct sum),
                                                .value_align = 8,
                                                .members = sum_members,
                                                .n_members = 2,
                                                .encode = encode,
                                                .decode = decode};
static const struct gyre_state sum_states[] = {GYRE_STATE("sum", VALUE, &sum_type, "the sum")};

static int32_t add_up(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    void *slots[GYRE_BATCH_ROWS];
    int32_t code = gyre_state_slots(ctx, 0, in, slots);
    (void)self;
    for (uint32_t row = 0; code == 0 && row < in->rows; row++) {
        struct sum *s = slots[row];
        s->sum += MUTANT_N(in)[row] % 100;
        s->rows++;
        mutant_put(ctx, in, row, s->sum * 1000 + s->rows);
    }
    return code;
}

#define MUTANT_OF_SUMS(plugin)                                                                     \
    MUTANT(plugin, GYRE_NEEDS_KEY, 0, .states = sum_states, .n_states = 1, .process = add_up)

#endif
