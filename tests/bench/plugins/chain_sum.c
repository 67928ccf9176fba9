/* chain_sum.total: a sink that counts the rows and adds up the bits of each column, as limit_chain
 * does; at the end of input it writes "kept=... x=... y=... n=..." to `path`. */
#include "../chain.h"
#include <errno.h>
#include <gyre/gyre.h>

struct config {
    const char *path;
};

struct totals {
    uint64_t kept;
    uint64_t x;
    uint64_t y;
    uint64_t n;
};

static const struct gyre_option options[] = {
    GYRE_OPT(struct config, path, PATH, NULL, GYRE_REQUIRED, "the file for the totals"),
};

static const struct gyre_field fields[] = {GYRE_FIELD(f64, "x", 0), GYRE_FIELD(f64, "y", 0),
                                           GYRE_FIELD(i64, "n", 0)};
static const struct gyre_port inputs[] = {GYRE_PORT("in", 0, fields, 3, "the rows")};

static struct totals add_all(const struct gyre_batch *in)
{
    const uint64_t *x = in->columns[0].data;
    const uint64_t *y = in->columns[1].data;
    const uint64_t *n = in->columns[2].data;
    struct totals t = {in->rows, 0, 0, 0};
    for (uint32_t i = 0; i < in->rows; i++) {
        t.x += x[i];
        t.y += y[i];
        t.n += n[i];
    }
    return t;
}

static struct totals add_kept(const struct gyre_batch *in)
{
    const uint64_t *x = in->columns[0].data;
    const uint64_t *y = in->columns[1].data;
    const uint64_t *n = in->columns[2].data;
    const uint8_t *keep = in->keep;
    struct totals t = {in->kept, 0, 0, 0};
    for (uint32_t i = 0; i < in->rows; i++) {
        uint64_t mask = -(uint64_t)(keep[i] != 0);
        t.x += x[i] & mask;
        t.y += y[i] & mask;
        t.n += n[i] & mask;
    }
    return t;
}

static int32_t sum_write(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct totals *sum = self;
    struct totals t = in->keep == NULL ? add_all(in) : add_kept(in);
    (void)ctx;
    sum->kept += t.kept;
    sum->x += t.x;
    sum->y += t.y;
    sum->n += t.n;
    return GYRE_OK;
}

static int32_t sum_on_watermark(void *self, struct gyre_ctx *ctx)
{
    const struct totals *sum = self;
    const struct config *c = ctx->config;
    if (ctx->watermark_us != INT64_MAX)
        return GYRE_OK;
    FILE *file = fopen(c->path, "w");
    if (file == NULL)
        return gyre_fail(ctx, GYRE_EIO, "%s: %s", c->path, strerror(errno));
    fprintf(file, "kept=%llu x=%llu y=%llu n=%llu\n", (unsigned long long)sum->kept,
            (unsigned long long)sum->x, (unsigned long long)sum->y, (unsigned long long)sum->n);
    if (fclose(file) != 0)
        return gyre_fail(ctx, GYRE_EIO, "%s: %s", c->path, strerror(errno));
    return GYRE_OK;
}

static const struct gyre_operator gyre_op_total = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_SINK,
    .name = "total",
    .doc = "Counts rows and adds up their bits.",
    .flags = GYRE_SINGLE | GYRE_MASK_AWARE,
    .config_size = sizeof(struct config),
    .instance_size = sizeof(struct totals),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = inputs,
    .n_inputs = 1,
    .process = sum_write,
    .on_watermark = sum_on_watermark,
};

GYRE_PLUGIN(chain_sum, "0.1.0", GYRE_OP(total))
