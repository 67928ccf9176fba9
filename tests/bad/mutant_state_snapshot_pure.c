/* Wrong: what was saved is forgotten. */
#include "mutant.h"

struct self {
    int64_t n;
};

static int32_t number(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct self *s = self;
    GYRE_ROWS(in, row)
    {
        mutant_put(ctx, in, row, ++s->n);
    }
    return GYRE_OK;
}

static int32_t save(void *self, struct gyre_ctx *ctx, struct gyre_writer *writer,
                    void (*next_item)(struct gyre_writer *writer))
{
    struct self *s = self;
    (void)ctx;
    gyre_write_i64(writer, s->n);
    next_item(writer);
    s->n = 0;
    return writer->error;
}

static int32_t restore(void *self, struct gyre_ctx *ctx, uint32_t version,
                       struct gyre_reader *reader)
{
    (void)ctx, (void)version;
    ((struct self *)self)->n = gyre_read_i64(reader);
    return reader->error;
}

MUTANT(mutant_state_snapshot_pure, GYRE_SINGLE, sizeof(struct self), .items = GYRE_ITEMS_SPLIT,
       .items_version = 1, .process = number, .save_items = save, .restore_item = restore)
