/* See test_given.h.
 *
 * Given rows are one split, so one task of the source puts all of them out, in their order; others have
 * none and are idle. */
#include "app/test_given.h"

#include <string.h>

/* ---- a source of given rows ---- */

struct source {
    const struct gy_test_given *given;
    uint32_t stream, row; /* the next one */
    uint32_t split;
    int64_t clock_us; /* of rows without times: the watermark, which is the clock */
};

static int32_t discover(const void *config, struct gyre_splits *splits)
{
    (void)config;
    return splits->add(splits, NULL, 0);
}

static int32_t source_open(void *self, struct gyre_ctx *ctx)
{
    struct source *s = self;
    s->given = *(const struct gy_test_given *const *)ctx->config;
    s->clock_us = INT64_MIN;
    return 0;
}

static int32_t add_split(void *self, struct gyre_ctx *ctx, uint32_t split, const void *bytes,
                         size_t n, struct gyre_reader *position)
{
    (void)ctx, (void)bytes, (void)n, (void)position;
    ((struct source *)self)->split = split;
    return 0;
}

static void put_cell(struct gyre_out *out, uint32_t column, uint32_t row,
                     const struct gyre_field *field, const struct gy_cell *cell)
{
    if ((field->flags & GYRE_NULLABLE) != 0)
        out->valid[column][row] = cell->there;
    switch (field->type) {
    case GYRE_TYPE_bool: GYRE_OUT(out, column, uint8_t)[row] = cell->v.i != 0; break;
    case GYRE_TYPE_i32: GYRE_OUT(out, column, int32_t)[row] = (int32_t)cell->v.i; break;
    case GYRE_TYPE_f64: GYRE_OUT(out, column, double)[row] = cell->v.f; break;
    case GYRE_TYPE_str:
    case GYRE_TYPE_bytes:
        GYRE_OUT(out, column, struct gyre_str)
        [row] = gyre_out_str(out, cell->there ? cell->v.s.p : "", cell->there ? cell->v.s.n : 0);
        break;
    default: GYRE_OUT(out, column, int64_t)[row] = cell->v.i;
    }
}

static void put_row(const struct gy_test_stream *stream, const struct gy_test_row *row,
                    int64_t clock_us, struct gyre_out *out)
{
    uint32_t at = gyre_out_row(out, row->has_time ? row->time_us : clock_us);
    for (uint32_t f = 0; f < stream->schema->n_fields; f++)
        put_cell(out, f, at, gyre_schema_field(stream->schema, f), &row->cells[f]);
}

/* Rows without times have that of the clock, as with any source that knows none. But the watermark is told
 * where the test moves the clock, not each so often in between: a test may be years after 1970. */
static bool follow_clock(struct source *s, struct gyre_ctx *ctx)
{
    int64_t now_us = gyre_now(ctx);
    if (s->given->timed || now_us <= s->clock_us)
        return false;
    s->clock_us = now_us;
    gyre_watermark(ctx, now_us);
    return true;
}

/* After a watermark it returns: what has been put out leaves before it, what follows comes behind it. */
static int32_t source_poll(void *self, struct gyre_ctx *ctx, struct gyre_poll *poll)
{
    struct source *s = self;
    if (follow_clock(s, ctx))
        return 0;
    for (uint32_t left = poll->budget != 0 ? poll->budget : 1;
         left > 0 && s->stream < s->given->n_streams;) {
        const struct gy_test_stream *stream = &s->given->streams[s->stream];
        if (s->row == stream->n) {
            s->stream++;
            s->row = 0;
            continue;
        }
        const struct gy_test_row *row = &stream->rows[s->row];
        if (row->kind == GY_TEST_CLOCK && gyre_now(ctx) < row->time_us) {
            poll->status = GYRE_POLL_IDLE;
            poll->wake_us = row->time_us;
            return 0;
        }
        s->row++;
        if (row->kind == GY_TEST_WATERMARK) {
            gyre_watermark(ctx, row->time_us);
            return 0;
        }
        if (row->kind == GY_TEST_ROW) {
            put_row(stream, row, s->clock_us, ctx->outputs[stream->port]);
            left--;
        }
    }
    if (s->stream == s->given->n_streams) {
        poll->status = GYRE_POLL_SPLIT;
        poll->split = s->split;
    }
    return 0;
}

int gy_test_given_make(struct gy_arena_ctl *arena, const struct gy_test_given *given,
                       struct gyre_operator *op)
{
    const struct gy_node *node = given->node;
    struct gyre_port *ports = gy_arena_ctl_calloc(arena, node->n_outputs, sizeof *ports);
    if (ports == NULL)
        return -1;
    for (uint32_t p = 0; p < node->n_outputs; p++)
        ports[p] =
            (struct gyre_port)GYRE_PORT(node->outputs[p].name, 0, node->outputs[p].schema.fields,
                                        node->outputs[p].schema.n_fields, "given rows");
    *op = (struct gyre_operator){.size = sizeof *op,
                                 .kind = GYRE_SOURCE,
                                 .doc = "Puts out the rows that a test gives.",
                                 .flags = GYRE_SETS_TIME | (given->single ? GYRE_SINGLE : 0),
                                 .config_size = sizeof given,
                                 .instance_size = sizeof(struct source),
                                 .outputs = ports,
                                 .n_outputs = node->n_outputs,
                                 .open = source_open,
                                 .discover = discover,
                                 .add_split = add_split,
                                 .poll = source_poll};
    return 0;
}

/* ---- a sink that records ---- */

static int take_cell(struct gy_test_record *record, const struct gyre_batch *in, uint32_t column,
                     uint32_t row, struct gy_cell *cell)
{
    const struct gyre_field *field = gyre_schema_field(record->stream->schema, column);
    const struct gyre_str *s;
    cell->there = gyre_is_null(in, column, row) == 0;
    if (!cell->there)
        return 0;
    switch (field->type) {
    case GYRE_TYPE_bool: cell->v.i = GYRE_COLUMN(in, column, uint8_t)[row]; return 0;
    case GYRE_TYPE_i32: cell->v.i = GYRE_COLUMN(in, column, int32_t)[row]; return 0;
    case GYRE_TYPE_f64: cell->v.f = GYRE_COLUMN(in, column, double)[row]; return 0;
    case GYRE_TYPE_str:
    case GYRE_TYPE_bytes:
        s = &GYRE_COLUMN(in, column, struct gyre_str)[row];
        cell->v.s.n = s->len;
        cell->v.s.p = gy_arena_ctl_strndup(&record->arena, gyre_str_data(s), s->len);
        return cell->v.s.p != NULL ? 0 : -1;
    default: cell->v.i = GYRE_COLUMN(in, column, int64_t)[row]; return 0;
    }
}

static int32_t record_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct gy_test_record *record = *(struct gy_test_record *const *)ctx->config;
    uint32_t n_fields = record->stream->schema->n_fields;
    (void)self;
    if (record->rows.n + in->kept > GY_RECORD_MOST)
        return gyre_fail(ctx, GYRE_EINVAL, "more than %d rows come: too many for a test",
                         GY_RECORD_MOST);
    GYRE_ROWS(in, row)
    {
        struct gy_test_row r = {.has_time = in->time != NULL, .time_us = gyre_row_time(in, row)};
        r.cells = gy_arena_ctl_calloc(&record->arena, n_fields, sizeof *r.cells);
        if (r.cells == NULL || gy_vec_push(&record->rows, r) != 0)
            return gyre_fail(ctx, GYRE_ENOMEM, "no memory for the rows of the test");
        for (uint32_t f = 0; f < n_fields; f++)
            if (take_cell(record, in, f, row, &r.cells[f]) != 0)
                return gyre_fail(ctx, GYRE_ENOMEM, "no memory for the rows of the test");
    }
    return 0;
}

void gy_test_record_make(const struct gy_test_record *record, struct gyre_operator *op)
{
    static const struct gyre_port input =
        GYRE_PORT("in", GYRE_PORT_ALL, NULL, 0, "rows of any schema");
    *op = (struct gyre_operator){.size = sizeof *op,
                                 .kind = GYRE_SINK,
                                 .doc = "Records rows for a test.",
                                 .flags = GYRE_SINGLE |
                                          (record->stream->compares_time ? GYRE_READS_TIME : 0),
                                 .config_size = sizeof record,
                                 .instance_size = 1,
                                 .inputs = &input,
                                 .n_inputs = 1,
                                 .process = record_process};
}
