/* plugins/file/lines.c: formats "lines" and "json", a row per line.
 *
 * A line is everything up to LF or CRLF, without these; a CR elsewhere stays. A byte order mark at the
 * start of a file is no part of its first line. The last line of a file needs no LF. A line belongs to the range in which it begins: so a range first skips to the first
 * LF at or behind the byte before it, and reads the line that crosses its end to the line's end. */
#include "lines.h"
#include "json_read.h"

/* A line of more than row_max bytes: one bad row, shown as far as that, however much is here. */
__attribute__((noinline)) static void too_long(struct reader *r, struct gyre_ctx *ctx)
{
    gyre_bad_input(ctx, r->input.at, (size_t)r->config->row_max,
                   "%s: the line at byte %llu is longer than row_max = %lld", r->input.path,
                   (unsigned long long)r->input.offset, (long long)r->config->row_max);
}

/* The bytes of the byte order mark among the `n` at the front. */
static inline size_t mark_length(const struct input *in, size_t n)
{
    return in->offset == 0 && n >= 3 && memcmp(in->at, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

/* What `n` bytes at the front come to, if a CR at their end is that of CRLF. */
static inline size_t without_cr(const struct input *in, size_t n)
{
    return n - (n != 0 && in->at[n - 1] == '\r');
}

static inline int32_t put_line(struct reader *r, struct gyre_ctx *ctx, size_t n, uint32_t *budget)
{
    struct gyre_out *out = ctx->outputs[0];
    size_t mark = mark_length(&r->input, n);
    if (n - mark > (uint64_t)r->config->row_max) {
        too_long(r, ctx);
        return GYRE_OK;
    }
    if (r->json != NULL)
        return json_line(r, ctx, n, budget);
    uint32_t row = read_row(out);
    read_store(GYRE_OUT(out, 0, struct gyre_str) + row, r->input.at + mark, (uint32_t)(n - mark));
    out->rows = row + 1;
    --*budget;
    return GYRE_OK;
}

/* The rest of the input holds no line end. */
static int32_t read_rest(struct reader *r, struct gyre_ctx *ctx, uint32_t *budget)
{
    size_t rest = input_left(&r->input);
    uint32_t *skipping = &r->ranges[0].skipping;
    if (r->input.at_eof) {
        int32_t code = rest != 0 && !*skipping ? put_line(r, ctx, rest, budget) : GYRE_OK;
        read_use(r, rest);
        return code == GYRE_OK ? READ_END : code;
    }
    r->scanned = rest;
    size_t known = without_cr(&r->input, rest);
    if (!*skipping && known - mark_length(&r->input, known) > (uint64_t)r->config->row_max) {
        too_long(r, ctx);
        *skipping = SKIP_LINE;
    }
    if (*skipping)
        read_use(r, rest);
    return READ_MORE;
}

int32_t lines_read(struct reader *r, struct gyre_ctx *ctx, uint32_t *budget)
{
    struct range *range = &r->ranges[0];
    struct input *in = &r->input;
    while ((int64_t)in->offset < (int64_t)range->end) { /* followed: it may be below 0 */
        if (*budget == 0)
            return READ_BUDGET;
        size_t rest = input_left(in) - r->scanned;
        const char *lf = rest != 0 ? memchr(in->at + r->scanned, '\n', rest) : NULL;
        if (lf == NULL)
            return read_rest(r, ctx, budget);
        size_t n = (size_t)(lf - in->at);
        int32_t code = range->skipping ? GYRE_OK : put_line(r, ctx, without_cr(in, n), budget);
        if (code != GYRE_OK)
            return code;
        range->skipping = SKIP_NONE;
        read_use(r, n + 1);
    }
    return READ_END;
}
