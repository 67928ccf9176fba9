/* my_plugin: an operator with two inputs, written by hand.
 *
 * `match` puts out an order and its payment once both are there, in whichever order they come; what waits for its
 * other half waits for an hour. The macros of gyre/record.h are for one input; by hand means that you write the loop
 * over the batch and the table that describes the operator. */
#include <gyre/gyre.h>

enum { ORDERS, PAYMENTS };

/* What waits, for each key. Both inputs are keyed, and share this state. It starts zeroed; gyre holds it, saves it
 * and deals it out to other tasks. Raise its version, the 1, when the meaning of the members changes. */
#define WAITING(F, N) F(bool, ordered) F(bool, paid) F(str, item) F(i64, cents)
GYRE_STATE_RECORD(waiting, 1, WAITING)

/* A row of the one output. Strings of state are copied by gyre_out_str, for the state may change before the batch
 * has left; so is the key, to keep things simple. */
static void put(struct gyre_out *out, const struct waiting *waiting, const struct gyre_str *id,
                int64_t time)
{
    uint32_t row = gyre_out_row(out, time);
    GYRE_OUT(out, 0, struct gyre_str)[row] = gyre_out_str(out, gyre_str_data(id), id->len);
    GYRE_OUT(out, 1, struct gyre_str)
    [row] = gyre_out_str(out, gyre_str_data(&waiting->item), waiting->item.len);
    GYRE_OUT(out, 2, int64_t)[row] = waiting->cents;
}

/* Takes what a row brings. Columns are those of the port that the batch came on, in the order of its fields. */
static int32_t take(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                    struct waiting *waiting)
{
    if (in->port == ORDERS) {
        waiting->ordered = 1;
        /* The bytes of a string in state are gyre's: it is assigned by this call, never with `=`. */
        return gyre_state_str(ctx, &waiting->item, &GYRE_COLUMN(in, 1, struct gyre_str)[row]);
    }
    waiting->paid = 1;
    waiting->cents = GYRE_COLUMN(in, 1, int64_t)[row];
    return GYRE_OK;
}

static int32_t match_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const struct gyre_str *ids = GYRE_COLUMN(in, 0, struct gyre_str);
    void *slots[GYRE_BATCH_ROWS];
    /* Once per batch, not per row: the look-ups overlap. */
    int32_t code = gyre_state_slots(ctx, 0, in, slots);
    (void)self;
    if (code != GYRE_OK)
        return code;
    GYRE_ROWS(in, row)
    {
        struct waiting *waiting = slots[row];
        code = take(ctx, in, row, waiting);
        if (code != GYRE_OK)
            return code;
        if (!waiting->ordered || !waiting->paid)
            continue;
        put(ctx->outputs[0], waiting, &ids[row], gyre_row_time(in, row));
        /* Rows of one key in this batch have one slot, so it is emptied, not removed. */
        waiting->ordered = waiting->paid = 0;
        waiting->cents = 0;
        code = gyre_state_str(ctx, &waiting->item, &(struct gyre_str){0});
        if (code != GYRE_OK)
            return code;
    }
    return GYRE_OK;
}

static const struct gyre_field order[] = {GYRE_FIELD(str, "id", 0), GYRE_FIELD(str, "item", 0)};
static const struct gyre_field payment[] = {GYRE_FIELD(str, "id", 0), GYRE_FIELD(i64, "cents", 0)};
static const struct gyre_field both[] = {GYRE_FIELD(str, "id", 0), GYRE_FIELD(str, "item", 0),
                                         GYRE_FIELD(i64, "cents", 0)};

static const struct gyre_port inputs[] = {
    [ORDERS] = GYRE_PORT("orders", 0, order, 2, "what was ordered"),
    [PAYMENTS] = GYRE_PORT("payments", 0, payment, 2, "what was paid"),
};
static const struct gyre_port output = GYRE_PORT("out", 0, both, 3, "orders that were paid");

/* An entry that was not asked for in so long is forgotten, or state would grow with all that is never paid. */
static const struct gyre_state states[] = {
    GYRE_STATE_TTL("waiting", VALUE, &waiting_type, 3600000000, "what waits, for an hour at most"),
};

/* Members that are not named stay zero. gyre refuses a table that contradicts itself, with a sentence. */
static const struct gyre_operator gyre_op_match = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "match",
    .doc = "Puts out an order and its payment once both are there.",
    .flags = GYRE_MASK_AWARE | GYRE_NEEDS_KEY,
    .inputs = inputs,
    .n_inputs = 2,
    .outputs = &output,
    .n_outputs = 1,
    .states = states,
    .n_states = 1,
    .needs = GYRE_FEATURE_STATE,
    .process = match_process,
};

/* The file has to be called after the plugin: my_plugin.so. */
GYRE_PLUGIN(my_plugin, "0.1.0", GYRE_OP(match))
