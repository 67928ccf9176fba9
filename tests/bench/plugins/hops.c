/* The loop of the loop benchmark.
 *
 * | operator | does                                                                            |
 * |----------|---------------------------------------------------------------------------------|
 * | start    | makes a row that goes round of a number: its first id                           |
 * | hop      | counts the rows of each id, and sends each on to the next, one less left; puts  |
 * |          | the counts out when the loop has run dry                                        | */
#include "../hops.h"

#include <gyre/gyre.h>

#define COUNT(list) ((uint32_t)(sizeof(list) / sizeof *(list)))

static const struct gyre_field value_fields[] = {GYRE_FIELD(i64, "value", 0)};
static const struct gyre_field row_fields[] = {GYRE_FIELD(i64, "id", 0),
                                               GYRE_FIELD(i64, "left", 0)};
static const struct gyre_field count_fields[] = {GYRE_FIELD(i64, "id", 0),
                                                 GYRE_FIELD(i64, "count", 0)};

static void put(struct gyre_out *out, int64_t time_us, int64_t a, int64_t b)
{
    uint32_t row = gyre_out_row(out, time_us);
    GYRE_OUT(out, 0, int64_t)[row] = a;
    GYRE_OUT(out, 1, int64_t)[row] = b;
}

/* ---- start ---- */

struct start_config {
    int64_t left;
};

static const struct gyre_option start_options[] = {
    GYRE_OPT(struct start_config, left, INT, "10", 0, "how often a row goes on"),
};
static const struct gyre_port start_inputs[] = {GYRE_PORT("in", 0, value_fields, 1, "the numbers")};
static const struct gyre_port start_outputs[] = {GYRE_PORT("out", 0, row_fields, 2, "the rows")};

static int32_t start_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const int64_t *values = GYRE_COLUMN(in, 0, int64_t);
    (void)self;
    for (uint32_t i = 0; i < in->rows; i++)
        put(ctx->outputs[0], gyre_row_time(in, i), values[i],
            ((const struct start_config *)ctx->config)->left);
    return GYRE_OK;
}

static const struct gyre_operator gyre_op_start = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "start",
    .doc = "Makes rows that go round.",
    .config_size = sizeof(struct start_config),
    .options = start_options,
    .n_options = COUNT(start_options),
    .inputs = start_inputs,
    .n_inputs = 1,
    .outputs = start_outputs,
    .n_outputs = 1,
    .process = start_process,
};

/* ---- hop ---- */

struct hop_config {
    int64_t bits;
};

static const struct gyre_option hop_options[] = {
    GYRE_OPT_RANGE(struct hop_config, bits, INT, "17", 1, 40, "bits", "of an id"),
};

#define COUNT_VALUE(F, N) F(i64, rows)
GYRE_STATE_RECORD(count_value, 1, COUNT_VALUE)

static const struct gyre_state hop_states[] = {
    GYRE_STATE("count", VALUE, &count_value_type, "rows of the id"),
};
static const struct gyre_port hop_inputs[] = {GYRE_PORT("in", 0, row_fields, 2, "the rows")};
static const struct gyre_port hop_outputs[] = {
    GYRE_PORT("counts", 0, count_fields, 2, "how many rows each id had"),
    GYRE_PORT("again", 0, row_fields, 2, "the rows that go on"),
};

/* The time at which a loop has run dry: the first row of an id asks to be told of it. */
static int32_t ask(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row)
{
    return gyre_timer_set(ctx, in, row, GYRE_CLOCK_EVENT, INT64_MAX, 0);
}

static int32_t hop_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    uint32_t bits = (uint32_t)((const struct hop_config *)ctx->config)->bits;
    const int64_t *ids = GYRE_COLUMN(in, 0, int64_t), *left = GYRE_COLUMN(in, 1, int64_t);
    void *slots[GYRE_BATCH_ROWS];
    int32_t code = gyre_state_slots(ctx, 0, in, slots);
    (void)self;
    for (uint32_t i = 0; code == GYRE_OK && i < in->rows; i++) {
        struct count_value *count = slots[i];
        if (count->rows++ == 0)
            code = ask(ctx, in, i);
        if (left[i] > 0)
            put(ctx->outputs[1], gyre_row_time(in, i), hop_next(ids[i], left[i], bits),
                left[i] - 1);
    }
    return code;
}

static int32_t hop_on_timer(void *self, struct gyre_ctx *ctx, const struct gyre_due *due)
{
    const int64_t *ids = GYRE_COLUMN(due->keys, 0, int64_t);
    void *slots[GYRE_BATCH_ROWS];
    int32_t code = gyre_state_slots(ctx, 0, due->keys, slots);
    (void)self;
    for (uint32_t i = 0; code == GYRE_OK && i < due->keys->rows; i++)
        put(ctx->outputs[0], GYRE_NO_TIME, ids[i], ((struct count_value *)slots[i])->rows);
    return code;
}

static const struct gyre_operator gyre_op_hop = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "hop",
    .doc = "Counts rows by id and sends them on.",
    .flags = GYRE_NEEDS_KEY,
    .config_size = sizeof(struct hop_config),
    .options = hop_options,
    .n_options = COUNT(hop_options),
    .inputs = hop_inputs,
    .n_inputs = 1,
    .outputs = hop_outputs,
    .n_outputs = COUNT(hop_outputs),
    .states = hop_states,
    .n_states = COUNT(hop_states),
    .process = hop_process,
    .on_timer = hop_on_timer,
};

GYRE_PLUGIN(hops, "0.1.0", GYRE_OP(start), GYRE_OP(hop))
