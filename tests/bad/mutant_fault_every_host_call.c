/* Wrong: asks for what it has just been given, and leaves the row out where it is not given again. */
#include "mutant.h"

#define WORD(F, N) F(i64, n)
GYRE_STATE_RECORD(word, 1, WORD)
#define SEEN(F, N) F(i64, rows)
GYRE_STATE_RECORD(seen, 1, SEEN)

static const struct gyre_state states[] = {
    GYRE_STATE_MAP_OF("seen", &word_type, &seen_type, "rows of each number"),
};

static int32_t count(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    void *maps[GYRE_BATCH_ROWS];
    int32_t code = gyre_state_slots(ctx, 0, in, maps);
    (void)self;
    for (uint32_t row = 0; code == 0 && row < in->rows; row++) {
        struct word key = {MUTANT_N(in)[row]};
        struct seen *seen = gyre_map_get(ctx, maps[row], &key, 1);
        if (seen == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a number");
        seen->rows++;
        seen = gyre_map_get(ctx, maps[row], &key, 1);
        if (seen != NULL)
            mutant_put(ctx, in, row, seen->rows);
    }
    return code;
}

MUTANT(mutant_fault_every_host_call, GYRE_NEEDS_KEY, 0, .states = states, .n_states = 1,
       .process = count)
