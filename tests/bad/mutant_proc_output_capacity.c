/* Wrong: writes rows in bulk, and never looks at the capacity. */
#include "mutant.h"

static int32_t put_all(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct gyre_out *out = ctx->outputs[0];
    (void)self;
    if (out->rows >= out->capacity)
        out->full(out);
    uint32_t to = out->rows;
    GYRE_ROWS(in, row)
    {
        const struct gyre_str *k = GYRE_COLUMN(in, 0, struct gyre_str) + row;
        GYRE_OUT(out, 0, struct gyre_str)[to] = gyre_str_view(gyre_str_data(k), k->len % 8);
        GYRE_OUT(out, 1, int64_t)[to] = MUTANT_N(in)[row];
        if (out->time != NULL)
            out->time[to] = gyre_row_time(in, row);
        to++;
    }
    out->rows = to < out->capacity ? to : out->capacity;
    return GYRE_OK;
}

MUTANT(mutant_proc_output_capacity, 0, 0, .process = put_all)
