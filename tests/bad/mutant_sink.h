/* What mutants of sinks share: numbers are kept, and written as bytes at `prepare`. A mutant writes `prepare`, `commit` and
 * `undo` before the descriptor. */
#ifndef TESTS_BAD_MUTANT_SINK_H
#define TESTS_BAD_MUTANT_SINK_H

#include <errno.h>
#include <gyre/gyre.h>
#include <unistd.h>

struct config {
    const char *path;
};

struct self {
    int64_t n;
    int64_t rows[4096];
};

static inline int32_t keep_rows(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct self *s = self;
    (void)ctx;
    GYRE_ROWS(in, row)
    {
        s->rows[s->n++ % 4096] = GYRE_COLUMN(in, 0, int64_t)[row];
    }
    return GYRE_OK;
}

/* Writes numbers to a file: behind what is there, or alone. */
static inline int32_t write_numbers(struct gyre_ctx *ctx, const char *path, const char *how,
                                    const int64_t *rows, int64_t n)
{
    FILE *file = fopen(path, how);
    for (int64_t i = 0; file != NULL && i < n; i++)
        fprintf(file, "%lld\n", (long long)rows[i]);
    if (file == NULL || fclose(file) != 0)
        return gyre_fail(ctx, GYRE_EIO, "%s: %s", path, strerror(errno));
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct config, path, PATH, NULL, GYRE_REQUIRED | GYRE_WRITES, "where to"),
};
static const struct gyre_field numbers[] = {GYRE_FIELD(i64, "n", 0)};
static const struct gyre_port numbers_in = GYRE_PORT("in", 0, numbers, 1, "numbers");

#define MUTANT_SINK(plugin)                                                                        \
    static const struct gyre_operator gyre_op_op = {.size = sizeof(struct gyre_operator),          \
                                                    .kind = GYRE_SINK,                             \
                                                    .name = "op",                                  \
                                                    .doc = "Gets one thing wrong.",                \
                                                    .flags = GYRE_SINGLE,                          \
                                                    .config_size = sizeof(struct config),          \
                                                    .instance_size = sizeof(struct self),          \
                                                    .options = options,                            \
                                                    .n_options = 1,                                \
                                                    .inputs = &numbers_in,                         \
                                                    .n_inputs = 1,                                 \
                                                    .needs = GYRE_FEATURE_TWO_PHASE,               \
                                                    .process = keep_rows,                          \
                                                    .prepare = prepare,                            \
                                                    .commit = commit,                              \
                                                    .abort = undo};                                \
    GYRE_PLUGIN(plugin, "1.0", GYRE_OP(op))

#endif
