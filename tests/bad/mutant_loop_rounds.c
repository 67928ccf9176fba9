/* Wrong: the row that comes last in a round stands for all of them. */
#include "mutant_loop.h"

struct last {
    int64_t n, rows;
};

static int32_t take(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct last *last = self;
    (void)ctx;
    GYRE_ROWS(in, row)
    {
        last->n = MUTANT_N(in)[row];
        last->rows++;
    }
    return GYRE_OK;
}

static int32_t end(void *self, struct gyre_ctx *ctx, const struct gyre_round *round)
{
    struct last *last = self;
    (void)round;
    if (last->rows > 0)
        loop_put(ctx, "last", last->n);
    gyre_vote(ctx, NULL, last->rows == 0);
    last->rows = 0;
    return GYRE_OK;
}

static int32_t save(void *self, struct gyre_ctx *ctx, struct gyre_writer *writer,
                    void (*next_item)(struct gyre_writer *writer))
{
    const struct last *last = self;
    (void)ctx, (void)next_item;
    gyre_write_i64(writer, last->n);
    gyre_write_i64(writer, last->rows);
    return writer->error;
}

static int32_t restore(void *self, struct gyre_ctx *ctx, uint32_t version,
                       struct gyre_reader *reader)
{
    struct last *last = self;
    (void)ctx, (void)version;
    last->n = gyre_read_i64(reader);
    last->rows = gyre_read_i64(reader);
    return reader->error;
}

MUTANT(mutant_loop_rounds, GYRE_SINGLE, sizeof(struct last), .items = GYRE_ITEMS_SPLIT,
       .items_version = 1, .needs = GYRE_FEATURE_ROUNDS | GYRE_FEATURE_ITEMS, .process = take,
       .on_round_end = end, .save_items = save, .restore_item = restore)
