/* What mutants of sources share: the numbers up to 50. A mutant writes `first` and `position` before it includes this. */
#ifndef TESTS_BAD_MUTANT_SOURCE_H
#define TESTS_BAD_MUTANT_SOURCE_H

#include <gyre/gyre.h>

enum { LAST = 50 };

struct self {
    int64_t next;
};

static int64_t first(void);
static int64_t position(int64_t next);

static int32_t discover(const void *config, struct gyre_splits *splits)
{
    (void)config;
    return splits->add(splits, "", 1);
}

static int32_t add_split(void *self, struct gyre_ctx *ctx, uint32_t split, const void *bytes,
                         size_t n, struct gyre_reader *reader)
{
    (void)ctx, (void)split, (void)bytes, (void)n;
    ((struct self *)self)->next = reader != NULL ? gyre_read_i64(reader) : first();
    return reader != NULL ? reader->error : GYRE_OK;
}

static int32_t poll_some(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    struct self *s = self;
    for (uint32_t i = 0; i < poll->budget && s->next <= LAST; i++) {
        uint32_t row = gyre_out_row(ctx->outputs[0], GYRE_NO_TIME);
        GYRE_OUT(ctx->outputs[0], 0, int64_t)[row] = s->next++;
    }
    if (s->next > LAST)
        poll->status = GYRE_POLL_SPLIT;
    return GYRE_OK;
}

static int32_t save_split(void *self, struct gyre_ctx *ctx, uint32_t split,
                          struct gyre_writer *writer)
{
    (void)ctx, (void)split;
    gyre_write_i64(writer, position(((struct self *)self)->next));
    return writer->error;
}

static const struct gyre_field numbers[] = {GYRE_FIELD(i64, "n", 0)};
static const struct gyre_port numbers_out = GYRE_PORT("out", 0, numbers, 1, "numbers");

static const struct gyre_operator gyre_op_op = {.size = sizeof(struct gyre_operator),
                                                .kind = GYRE_SOURCE,
                                                .name = "op",
                                                .doc = "Gets one thing wrong.",
                                                .instance_size = sizeof(struct self),
                                                .outputs = &numbers_out,
                                                .n_outputs = 1,
                                                .discover = discover,
                                                .add_split = add_split,
                                                .poll = poll_some,
                                                .save_split = save_split};

#endif
