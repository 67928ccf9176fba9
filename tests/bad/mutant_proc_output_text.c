/* Wrong: asks for room for its text, and writes a zero behind that. */
#include "mutant.h"

static int32_t put_text(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct gyre_out *out = ctx->outputs[0];
    (void)self;
    GYRE_ROWS(in, row)
    {
        enum { LEN = 24 };
        char *room = gyre_out_room(out, LEN);
        if (room == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a text");
        snprintf(room, LEN + 1, "%0*d", LEN, (int)(MUTANT_N(in)[row] % 1000));
        gyre_out_used(out, LEN);
        uint32_t to = gyre_out_row(out, gyre_row_time(in, row));
        GYRE_OUT(out, 0, struct gyre_str)[to] = gyre_str_view(room, LEN);
        GYRE_OUT(out, 1, int64_t)[to] = 1;
    }
    return GYRE_OK;
}

MUTANT(mutant_proc_output_text, 0, 0, .process = put_text)
