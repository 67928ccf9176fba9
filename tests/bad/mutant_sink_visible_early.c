/* Wrong: what is prepared is there for all to see. */
#include "mutant_sink.h"

static void name_of(struct gyre_ctx *ctx, const char *txn, char *path, size_t n)
{
    const struct config *config = ctx->config;
    snprintf(path, n, "%s-%s", config->path, txn);
}

static int32_t prepare(void *self, struct gyre_ctx *ctx, const char *txn,
                       struct gyre_writer *writer)
{
    struct self *s = self;
    char path[4096];
    (void)writer;
    name_of(ctx, txn, path, sizeof path);
    int32_t code = write_numbers(ctx, path, "w", s->rows, s->n);
    s->n = 0;
    return code;
}

static int32_t commit(void *self, struct gyre_ctx *ctx, const char *txn, struct gyre_reader *reader)
{
    (void)self, (void)ctx, (void)txn, (void)reader;
    return GYRE_OK;
}

static int32_t undo(void *self, struct gyre_ctx *ctx, const char *txn, struct gyre_reader *reader)
{
    char path[4096];
    (void)self, (void)reader;
    name_of(ctx, txn, path, sizeof path);
    return unlink(path) == 0 || errno == ENOENT ? GYRE_OK : GYRE_EIO;
}

MUTANT_SINK(mutant_sink_visible_early)
