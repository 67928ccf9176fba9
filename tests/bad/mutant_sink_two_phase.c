/* Wrong: what is committed a second time is there twice. */
#include "mutant_sink.h"

static int32_t prepare(void *self, struct gyre_ctx *ctx, const char *txn,
                       struct gyre_writer *writer)
{
    struct self *s = self;
    (void)ctx, (void)txn;
    gyre_write(writer, s->rows, (size_t)s->n * sizeof *s->rows);
    s->n = 0;
    return writer->error;
}

static int32_t commit(void *self, struct gyre_ctx *ctx, const char *txn, struct gyre_reader *reader)
{
    const struct config *config = ctx->config;
    int64_t n = (int64_t)(reader->length / 8);
    (void)self, (void)txn;
    return write_numbers(ctx, config->path, "a", (const int64_t *)(const void *)reader->data, n);
}

static int32_t undo(void *self, struct gyre_ctx *ctx, const char *txn, struct gyre_reader *reader)
{
    (void)self, (void)ctx, (void)txn, (void)reader;
    return GYRE_OK;
}

MUTANT_SINK(mutant_sink_two_phase)
