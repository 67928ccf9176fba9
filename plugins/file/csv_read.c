/* plugins/file/csv_read.c: format "csv" (RFC 4180), a row per record.
 *
 * A record is first cut into pieces, without changing a byte; then its numbers are converted; last,
 * when nothing can go wrong any more, its strings: a quoted one with quotes inside and base64 are
 * decoded where they stand in the arena, all others are views. So a bad row can be shown as it came.
 *
 *  - Records end in LF or CRLF, the last one may end with the file. Fields may be quoted, and hold
 *    delimiters, line ends and doubled quotes then. A quote inside an unquoted field is itself.
 *  - The empty unquoted field is null. Lines without any byte are passed over, unless the schema has
 *    one field: there they are nulls.
 *  - With `header` the first record that is no empty line names the fields. Their order is free,
 *    others are passed over; a name that is needed may not stand there twice.
 *  - A byte order mark at the start of a file is passed over.
 *  - A record of more than row_max bytes, without its line end, is one bad row, up to where it would
 *    end if it were not too long: so a line end within its quotes begins no row, and what comes of a
 *    file is the same in whatever pieces it is read. It is skipped byte by byte, and not kept. */
#include "csv_read.h"
#include "base64.h"
#include "csv_cut.h"
#include "number.h"

#define WHY_TEXT 384

struct csv {
    struct csv_style style;
    struct csv_record record; /* the one at hand */
    uint32_t n_columns;       /* of the file */
    int wants_header;
    uint32_t *column_of; /* of each field of the schema, in the file */
};

int32_t csv_open(struct reader *r, struct gyre_ctx *ctx)
{
    uint32_t n = r->config->schema.n_fields;
    const char *why;
    struct csv *csv = gyre_alloc(ctx, NULL, sizeof *csv);
    if (csv == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to read csv");
    r->csv = csv;
    *csv = (struct csv){.n_columns = n};
    csv_style_parse(CSV_STYLE_OF(r->config), 1, &csv->style, &why); /* read_bind found it right */
    csv->record.capacity = r->config->header ? CSV_COLUMNS_MAX : n;
    csv->record.pieces = gyre_alloc(ctx, NULL, csv->record.capacity * sizeof *csv->record.pieces);
    csv->column_of = gyre_alloc(ctx, NULL, n * sizeof *csv->column_of);
    if (csv->record.pieces == NULL || csv->column_of == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to read csv");
    for (uint32_t i = 0; i < n; i++)
        csv->column_of[i] = i;
    return GYRE_OK;
}

void csv_close(struct reader *r, struct gyre_ctx *ctx)
{
    if (r->csv == NULL)
        return;
    if (r->csv->record.pieces != NULL)
        gyre_alloc(ctx, r->csv->record.pieces, 0);
    if (r->csv->column_of != NULL)
        gyre_alloc(ctx, r->csv->column_of, 0);
    gyre_alloc(ctx, r->csv, 0);
    r->csv = NULL;
}

void csv_begin(struct reader *r)
{
    if (r->csv != NULL)
        r->csv->wants_header = r->config->header;
}

int csv_wants_header(const struct reader *r)
{
    return r->csv != NULL && r->csv->wants_header;
}

/* ---- converting -------------------------------------------------------------------------------- */

/* Where a field's value comes from and goes to. */
struct cell {
    const struct gyre_field *field;
    const struct csv_style *style;
    struct csv_piece piece;
    char *text;
    void *data;
    uint32_t row;
};

/* A pattern may have quotes in it; the text stays as it came. */
static int convert_time(const struct csv_style *style, const char *text, struct csv_piece piece,
                        int64_t *us)
{
    char copy[2 * TIMES_MAX];
    uint32_t len = piece.len;
    if (piece.escaped) {
        if (len > sizeof copy)
            return 0;
        memcpy(copy, text, len);
        len = csv_undouble(copy, len, (char)style->quote);
        text = copy;
    }
    return times_get(text, len, &style->times, us);
}

/* Converts what is no string, and looks whether a string can be; 0 where the text is none such. */
static int convert_value(const struct cell *c)
{
    int64_t integer;
    switch (c->field->type) {
    case GYRE_TYPE_bool: {
        int is_true = c->piece.len == 4 && memcmp(c->text, "true", 4) == 0;
        ((uint8_t *)c->data)[c->row] = (uint8_t)is_true;
        return is_true || (c->piece.len == 5 && memcmp(c->text, "false", 5) == 0);
    }
    case GYRE_TYPE_i32:
        if (!number_get_i64(c->text, c->piece.len, &integer) || integer != (int32_t)integer)
            return 0;
        ((int32_t *)c->data)[c->row] = (int32_t)integer;
        return 1;
    case GYRE_TYPE_i64: return number_get_i64(c->text, c->piece.len, (int64_t *)c->data + c->row);
    case GYRE_TYPE_time:
        return convert_time(c->style, c->text, c->piece, (int64_t *)c->data + c->row);
    case GYRE_TYPE_f64: return number_get_f64(c->text, c->piece.len, (double *)c->data + c->row);
    case GYRE_TYPE_bytes: return base64_get(NULL, c->text, c->piece.len) >= 0;
    default: return 1;
    }
}

/* Decodes a string where it stands. */
static void convert_string(const struct cell *c)
{
    uint32_t len = c->piece.len;
    if (c->field->type == GYRE_TYPE_bytes)
        len = (uint32_t)base64_get(c->text, c->text, len);
    else if (c->piece.escaped)
        len = csv_undouble(c->text, len, (char)c->style->quote);
    read_store((struct gyre_str *)c->data + c->row, c->text, len);
}

/* Why the text of a field of the schema is none of its type, into `why`. */
__attribute__((noinline)) static void tell_value(const struct reader *r, uint32_t field,
                                                 char why[WHY_TEXT])
{
    uint32_t type = gyre_schema_field(&r->config->schema, field)->type;
    struct csv_piece piece = r->csv->record.pieces[r->csv->column_of[field]];
    int is_time = type == GYRE_TYPE_time;
    snprintf(why, WHY_TEXT, "\"%.*s\"%s is no %s%s%s%s%s", (int)(piece.len < 60 ? piece.len : 60),
             r->input.at + piece.at, piece.len > 60 ? "..." : "",
             type == GYRE_TYPE_bytes ? "base64 for " : "", gyre_type_name(type),
             is_time ? ", expected " : "", is_time ? times_expected(&r->csv->style.times) : "",
             r->config->types == TYPES_INFER ? " (the type is that of the first rows: a `schema` "
                                               "can say another)"
                                             : "");
}

/* True for the empty unquoted field, which is null: but a str that has its name from a header alone is
 * empty then, for most operators want no nulls. */
static inline int is_nothing(const struct reader *r, const struct gyre_field *field,
                             const struct csv_piece *piece)
{
    if (__builtin_expect(piece->len != 0, 1))
        return 0;
    return !piece->quoted && !(r->config->is_by_header && field->type == GYRE_TYPE_str);
}

/* The number of the first field that is wrong, with the reason in `why`; else n_fields. */
static uint32_t convert_values(struct reader *r, struct gyre_out *out, uint32_t row,
                               char why[WHY_TEXT])
{
    const struct gyre_schema *schema = &r->config->schema;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct gyre_field *field = gyre_schema_field(schema, i);
        struct csv_piece piece = r->csv->record.pieces[r->csv->column_of[i]];
        struct cell cell = {field, &r->csv->style, piece, r->input.at + piece.at, out->data[i],
                            row};
        int is_null = is_nothing(r, field, &piece);
        if (out->valid[i] != NULL)
            out->valid[i][row] = (uint8_t)!is_null;
        if (is_null) {
            uint32_t size = gyre_type_size(field->type);
            memset((char *)out->data[i] + (size_t)row * size, 0, size);
            if ((field->flags & GYRE_NULLABLE) != 0)
                continue;
            snprintf(why, WHY_TEXT, "is empty, and not nullable");
            return i;
        }
        if (!convert_value(&cell)) {
            tell_value(r, i, why);
            return i;
        }
    }
    return schema->n_fields;
}

static void convert_strings(struct reader *r, struct gyre_out *out, uint32_t row)
{
    const struct gyre_schema *schema = &r->config->schema;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct gyre_field *field = gyre_schema_field(schema, i);
        struct csv_piece piece = r->csv->record.pieces[r->csv->column_of[i]];
        struct cell cell = {field, &r->csv->style, piece, r->input.at + piece.at, out->data[i],
                            row};
        if (gyre_type_is_str(field->type) && !is_nothing(r, field, &piece))
            convert_string(&cell);
    }
}

/* Puts out the record that was cut, or reports it; `n` bytes of text without its line end. */
static void put_record(struct reader *r, struct gyre_ctx *ctx, size_t n, uint32_t *budget)
{
    struct gyre_out *out = ctx->outputs[0];
    struct csv *csv = r->csv;
    const struct gyre_schema *schema = &r->config->schema;
    if (csv->record.n_pieces != csv->n_columns) {
        if (!csv_is_blank(&csv->record))
            gyre_bad_input(ctx, r->input.at, n, "%u fields instead of %u",
                           (unsigned)csv->record.n_pieces, (unsigned)csv->n_columns);
        return;
    }
    char why[WHY_TEXT];
    uint32_t row = read_row(out), wrong = convert_values(r, out, row, why);
    if (wrong < schema->n_fields) {
        gyre_bad_input(ctx, r->input.at, n, "field `%s` %s", gyre_schema_field(schema, wrong)->name,
                       why);
        return;
    }
    convert_strings(r, out, row);
    out->rows = row + 1;
    --*budget;
}

/* ---- the header, and the loop ------------------------------------------------------------------ */

static void undouble_names(struct reader *r)
{
    struct csv *csv = r->csv;
    for (uint32_t i = 0; i < csv->n_columns; i++) {
        struct csv_piece *piece = &csv->record.pieces[i];
        if (piece->escaped)
            piece->len = csv_undouble(r->input.at + piece->at, piece->len, (char)csv->style.quote);
    }
}

/* The first column from `from` on that the header calls so; n_columns where there is none. */
static uint32_t find_column(const struct reader *r, const char *name, uint32_t from)
{
    const struct csv *csv = r->csv;
    while (from < csv->n_columns &&
           !csv_is_called(r->input.at, &csv->record.pieces[from], from, name))
        from++;
    return from;
}

/* Finds the schema's fields among the names in the record that was cut. */
static int32_t take_header(struct reader *r, struct gyre_ctx *ctx)
{
    struct csv *csv = r->csv;
    const struct gyre_schema *schema = &r->config->schema;
    csv->n_columns = csv->record.n_pieces;
    if (csv->n_columns > csv->record.capacity)
        return gyre_fail(ctx, GYRE_EINVAL, "%s: a header of more than %u fields", r->input.path,
                         (unsigned)csv->record.capacity);
    undouble_names(r);
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const char *name = gyre_schema_field(schema, i)->name;
        uint32_t k = find_column(r, name, 0);
        if (k == csv->n_columns)
            return gyre_fail(ctx, GYRE_EINVAL, "%s: its header has no field `%s`", r->input.path,
                             name);
        if (find_column(r, name, k + 1) != csv->n_columns)
            return gyre_fail(ctx, GYRE_EINVAL,
                             "%s: its header names the field `%s` twice: nobody can say which of "
                             "them is meant",
                             r->input.path, name);
        csv->column_of[i] = k;
    }
    csv->wants_header = 0;
    return GYRE_OK;
}

/* The header has been used: go to where this range goes on. */
static int32_t go_to_position(struct reader *r, struct gyre_ctx *ctx)
{
    struct range *range = &r->ranges[0];
    if (range->place.offset <= r->input.offset)
        return GYRE_OK;
    input_close(&r->input, ctx);
    return input_open(&r->input, ctx, range->path, range_codec(r->config, range),
                      range->place.offset, range->place.frame);
}

/* The record at the front is longer than row_max: it is reported, and will be skipped. */
static int32_t too_long(struct reader *r, struct gyre_ctx *ctx)
{
    long long row_max = (long long)r->config->row_max;
    if (r->csv->wants_header)
        return gyre_fail(ctx, GYRE_EINVAL, "%s: its header is longer than row_max = %lld",
                         r->input.path, row_max);
    gyre_bad_input(ctx, r->input.at, (size_t)row_max,
                   "%s: the record at byte %llu is longer than row_max = %lld", r->input.path,
                   (unsigned long long)r->input.offset, row_max);
    r->ranges[0].skipping = SKIP_FIELD;
    return GYRE_OK;
}

/* What is still to be skipped behind the byte `c`. */
static uint32_t skip_byte(const struct csv_style *style, uint32_t skipping, char c)
{
    if (c == '\n' && skipping != SKIP_QUOTED)
        return SKIP_NONE;
    int is_quote = (uint8_t)c == style->quote, is_delimiter = c == style->delimiter;
    switch (skipping) {
    case SKIP_FIELD: return is_quote ? SKIP_QUOTED : is_delimiter ? SKIP_FIELD : SKIP_PLAIN;
    case SKIP_PLAIN: return is_delimiter ? SKIP_FIELD : SKIP_PLAIN;
    case SKIP_QUOTED: return is_quote ? SKIP_QUOTE : SKIP_QUOTED;
    case SKIP_QUOTE:
        return is_quote ? SKIP_QUOTED : is_delimiter ? SKIP_FIELD : c == '\r' ? SKIP_CR : SKIP_LINE;
    default: return SKIP_LINE;
    }
}

/* Passes over bytes up to the end of the record. */
static void skip_record(struct reader *r)
{
    uint32_t skipping = r->ranges[0].skipping;
    size_t rest = input_left(&r->input), n = 0;
    while (n < rest && skipping != SKIP_NONE)
        skipping = skip_byte(&r->csv->style, skipping, r->input.at[n++]);
    r->ranges[0].skipping = skipping;
    read_use(r, n);
}

static void skip_mark(struct reader *r)
{
    if (r->input.offset == 0 && input_left(&r->input) >= 3 &&
        memcmp(r->input.at, "\xef\xbb\xbf", 3) == 0)
        read_use(r, 3);
}

/* Takes the record that csv_cut found. */
static int32_t take_record(struct reader *r, struct gyre_ctx *ctx, int cut,
                           const struct csv_text *text, uint32_t *budget)
{
    if (cut == CSV_BAD) {
        size_t shown = text->end; /* one that ends with the file goes beyond its line */
        while (shown > 0 && (r->input.at[shown - 1] == '\n' || r->input.at[shown - 1] == '\r'))
            shown--;
        gyre_bad_input(ctx, r->input.at, shown, "%s", r->csv->record.mistake);
    } else if (r->csv->wants_header && !csv_is_blank(&r->csv->record)) {
        if (take_header(r, ctx) != GYRE_OK)
            return ctx->error->code;
        read_use(r, text->i);
        return go_to_position(r, ctx);
    } else if (!r->csv->wants_header) {
        put_record(r, ctx, text->end, budget);
    }
    read_use(r, text->i);
    return GYRE_OK;
}

int32_t csv_read(struct reader *r, struct gyre_ctx *ctx, uint32_t *budget)
{
    struct input *in = &r->input;
    for (;;) {
        if (*budget == 0)
            return READ_BUDGET;
        if (in->offset == 0 && !in->at_eof && input_left(in) < 3)
            return READ_MORE;
        skip_mark(r);
        if (input_left(in) == 0)
            return in->at_eof ? READ_END : READ_MORE;
        if (r->ranges[0].skipping && !r->csv->wants_header) {
            skip_record(r);
            continue;
        }
        struct csv_text text = {in->at, input_left(in), 0, 0, in->at_eof};
        int cut = csv_cut(&r->csv->style, &r->csv->record, &text);
        /* of a record that goes on all bytes count but the last: that may be the CR of its end */
        size_t known = cut == CSV_MORE ? text.n - 1 : text.end;
        int is_long = known > (uint64_t)r->config->row_max;
        if (cut == CSV_MORE && !is_long)
            return READ_MORE;
        int32_t code = is_long ? too_long(r, ctx) : take_record(r, ctx, cut, &text, budget);
        if (code != GYRE_OK)
            return code;
    }
}
