/* plugins/file/csv_read.c: format "csv" (RFC 4180), a row per record.
 *
 * A record is first cut into pieces, without changing a byte; then its numbers are converted; last,
 * when nothing can go wrong any more, its strings: a quoted one with quotes inside and base64 are
 * decoded where they stand in the arena, all others are views. So a bad row can be shown as it came.
 *
 *  - Records end in LF or CRLF, the last one may end with the file. Fields may be quoted, and hold
 *    commas, line ends and doubled quotes then. A quote inside an unquoted field is itself.
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
#include "number.h"

/* A field of the record at hand: where its text is, without quotes. */
struct piece {
    uint32_t at;
    uint32_t len;
    uint8_t quoted;
    uint8_t escaped; /* holds doubled quotes */
};

struct csv {
    uint32_t n_columns; /* of the file */
    uint32_t n_pieces;  /* of the record at hand; those beyond `capacity` are only counted */
    uint32_t capacity;
    int wants_header;
    struct piece *pieces;
    uint32_t *column_of; /* of each field of the schema, in the file */
    const char *mistake; /* of the record at hand */
};

/* What cutting a record comes to. */
enum { CUT_WHOLE, CUT_MORE, CUT_BAD };

#define HEADER_COLUMNS_MAX 4096u

int32_t csv_open(struct reader *r, struct gyre_ctx *ctx)
{
    uint32_t n = r->config->schema.n_fields;
    struct csv *csv = gyre_alloc(ctx, NULL, sizeof *csv);
    if (csv == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to read csv");
    r->csv = csv;
    *csv = (struct csv){.n_columns = n, .capacity = r->config->header ? HEADER_COLUMNS_MAX : n};
    csv->pieces = gyre_alloc(ctx, NULL, csv->capacity * sizeof *csv->pieces);
    csv->column_of = gyre_alloc(ctx, NULL, n * sizeof *csv->column_of);
    if (csv->pieces == NULL || csv->column_of == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to read csv");
    for (uint32_t i = 0; i < n; i++)
        csv->column_of[i] = i;
    return GYRE_OK;
}

void csv_close(struct reader *r, struct gyre_ctx *ctx)
{
    if (r->csv == NULL)
        return;
    if (r->csv->pieces != NULL)
        gyre_alloc(ctx, r->csv->pieces, 0);
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

/* ---- cutting ----------------------------------------------------------------------------------- */

/* The text being cut. `i` is the place at hand. */
struct text {
    const char *at;
    size_t n;
    size_t i;
    size_t end; /* of the last field, or of a bad record: without the line end */
    int at_eof;
};

/* Cuts the quoted field at text->i, up to what follows its closing quote. */
static int cut_quoted(struct text *text, struct piece *piece, const char **mistake)
{
    size_t from = ++text->i;
    for (;;) {
        const char *quote = memchr(text->at + text->i, '"', text->n - text->i);
        if (quote == NULL) {
            *mistake = "a quoted field is not closed";
            text->i = text->n;
            return text->at_eof ? CUT_BAD : CUT_MORE;
        }
        text->i = (size_t)(quote - text->at) + 1;
        if (text->i == text->n && !text->at_eof)
            return CUT_MORE;
        if (text->i == text->n || text->at[text->i] != '"')
            break;
        piece->escaped = 1;
        text->i++;
    }
    piece->at = (uint32_t)from;
    piece->len = (uint32_t)(text->i - 1 - from);
    piece->quoted = 1;
    text->end = text->i;
    if (text->i + 1 < text->n && memcmp(text->at + text->i, "\r\n", 2) == 0)
        text->i++;
    else if (text->i + 1 == text->n && text->at[text->i] == '\r' && !text->at_eof)
        return CUT_MORE;
    if (text->i == text->n || text->at[text->i] == ',' || text->at[text->i] == '\n')
        return CUT_WHOLE;
    *mistake = "text follows the closing quote of a field";
    return CUT_BAD;
}

#define EACH_BYTE 0x0101010101010101u

/* The bytes of a word that are `c`: the lowest one of the bits 0x80 is right. */
static inline uint64_t bytes_equal(uint64_t word, char c)
{
    uint64_t x = word ^ (EACH_BYTE * (uint8_t)c);
    return (x - EACH_BYTE) & ~x & (EACH_BYTE << 7);
}

/* Where the next comma or line end is, from `i` on; n where there is none. */
static inline size_t plain_end(const char *at, size_t i, size_t n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (uint64_t word; n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, at + i, sizeof word);
        uint64_t ends = bytes_equal(word, ',') | bytes_equal(word, '\n');
        if (ends != 0)
            return i + (size_t)__builtin_ctzll(ends) / 8;
    }
#endif
    while (i < n && at[i] != ',' && at[i] != '\n')
        i++;
    return i;
}

/* Cuts the unquoted field at text->i, up to the comma or line end behind it. */
static int cut_plain(struct text *text, struct piece *piece)
{
    size_t from = text->i, i = plain_end(text->at, from, text->n);
    text->i = i;
    if (i == text->n && !text->at_eof)
        return CUT_MORE;
    int crlf = i < text->n && text->at[i] == '\n' && i > from && text->at[i - 1] == '\r';
    piece->at = (uint32_t)from;
    piece->len = (uint32_t)(i - from) - (uint32_t)crlf;
    text->end = from + piece->len;
    return CUT_WHOLE;
}

/* The rest of a record that is wrong: goes on behind the line. */
static int cut_bad(struct text *text)
{
    const char *lf = memchr(text->at + text->i, '\n', text->n - text->i);
    text->i = text->end = text->n;
    if (lf == NULL)
        return text->at_eof ? CUT_BAD : CUT_MORE;
    text->i = (size_t)(lf - text->at) + 1;
    text->end = text->i - 1 - (lf > text->at && lf[-1] == '\r');
    return CUT_BAD;
}

/* Cuts the record at the front of the text; afterwards text->i is behind it. */
static int cut_record(struct csv *csv, struct text *text)
{
    csv->n_pieces = 0;
    for (;;) {
        struct piece piece = {0};
        int is_quoted = text->i < text->n && text->at[text->i] == '"';
        int cut = is_quoted ? cut_quoted(text, &piece, &csv->mistake) : cut_plain(text, &piece);
        if (cut != CUT_WHOLE)
            return cut == CUT_BAD ? cut_bad(text) : cut;
        if (csv->n_pieces < csv->capacity)
            csv->pieces[csv->n_pieces] = piece;
        csv->n_pieces++;
        if (text->i == text->n)
            return CUT_WHOLE;
        if (text->at[text->i++] == '\n')
            return CUT_WHOLE;
    }
}

/* ---- converting -------------------------------------------------------------------------------- */

/* Where a field's value comes from and goes to. */
struct cell {
    const struct gyre_field *field;
    struct piece piece;
    char *text;
    void *data;
    uint32_t row;
};

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
    case GYRE_TYPE_i64:
    case GYRE_TYPE_time: return number_get_i64(c->text, c->piece.len, (int64_t *)c->data + c->row);
    case GYRE_TYPE_f64: return number_get_f64(c->text, c->piece.len, (double *)c->data + c->row);
    case GYRE_TYPE_bytes: return base64_get(NULL, c->text, c->piece.len) >= 0;
    default: return 1;
    }
}

/* Makes one quote of each two, where they stand; the length then. */
static uint32_t undouble(char *text, uint32_t n)
{
    const char *from = text, *end = text + n, *quote;
    char *to = text;
    while ((quote = memchr(from, '"', (size_t)(end - from))) != NULL) {
        size_t with = (size_t)(quote - from) + 1;
        memmove(to, from, with);
        to += with;
        from = quote + 2;
    }
    memmove(to, from, (size_t)(end - from));
    return (uint32_t)(to - text) + (uint32_t)(end - from);
}

/* Decodes a string where it stands. */
static void convert_string(const struct cell *c)
{
    uint32_t len = c->piece.len;
    if (c->field->type == GYRE_TYPE_bytes)
        len = (uint32_t)base64_get(c->text, c->text, len);
    else if (c->piece.escaped)
        len = undouble(c->text, len);
    read_store((struct gyre_str *)c->data + c->row, c->text, len);
}

/* The number of the first field that is wrong, with the reason in `why`; else n_fields. */
static uint32_t convert_values(struct reader *r, struct gyre_out *out, uint32_t row, char why[128])
{
    const struct gyre_schema *schema = &r->config->schema;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct gyre_field *field = gyre_schema_field(schema, i);
        struct piece piece = r->csv->pieces[r->csv->column_of[i]];
        struct cell cell = {field, piece, r->input.at + piece.at, out->data[i], row};
        int is_null = piece.len == 0 && !piece.quoted;
        if (out->valid[i] != NULL)
            out->valid[i][row] = (uint8_t)!is_null;
        if (is_null) {
            uint32_t size = gyre_type_size(field->type);
            memset((char *)out->data[i] + (size_t)row * size, 0, size);
            if ((field->flags & GYRE_NULLABLE) != 0)
                continue;
            snprintf(why, 128, "is empty, and not nullable");
            return i;
        }
        if (!convert_value(&cell)) {
            snprintf(why, 128, "\"%.*s\"%s is no %s%s", (int)(piece.len < 60 ? piece.len : 60),
                     cell.text, piece.len > 60 ? "..." : "",
                     field->type == GYRE_TYPE_bytes ? "base64 for " : "",
                     gyre_type_name(field->type));
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
        struct piece piece = r->csv->pieces[r->csv->column_of[i]];
        struct cell cell = {field, piece, r->input.at + piece.at, out->data[i], row};
        if (gyre_type_is_str(field->type) && (piece.len != 0 || piece.quoted))
            convert_string(&cell);
    }
}

/* True for a line without any byte. */
static int is_blank(const struct csv *csv)
{
    return csv->n_pieces == 1 && csv->pieces[0].len == 0 && !csv->pieces[0].quoted;
}

/* Puts out the record that was cut, or reports it; `n` bytes of text without its line end. */
static void put_record(struct reader *r, struct gyre_ctx *ctx, size_t n, uint32_t *budget)
{
    struct gyre_out *out = ctx->outputs[0];
    struct csv *csv = r->csv;
    const struct gyre_schema *schema = &r->config->schema;
    if (csv->n_pieces != csv->n_columns) {
        if (!is_blank(csv))
            gyre_bad_input(ctx, r->input.at, n, "%u fields instead of %u", (unsigned)csv->n_pieces,
                           (unsigned)csv->n_columns);
        return;
    }
    char why[128];
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

/* The first column from `from` on that the header calls so; n_columns where there is none. */
static uint32_t find_column(const struct reader *r, const char *name, uint32_t from)
{
    const struct csv *csv = r->csv;
    size_t n = strlen(name);
    while (from < csv->n_columns &&
           (csv->pieces[from].len != n || memcmp(r->input.at + csv->pieces[from].at, name, n) != 0))
        from++;
    return from;
}

/* Finds the schema's fields among the names in the record that was cut. */
static int32_t take_header(struct reader *r, struct gyre_ctx *ctx)
{
    struct csv *csv = r->csv;
    const struct gyre_schema *schema = &r->config->schema;
    csv->n_columns = csv->n_pieces;
    if (csv->n_columns > csv->capacity)
        return gyre_fail(ctx, GYRE_EINVAL, "%s: a header of more than %u fields", r->input.path,
                         (unsigned)csv->capacity);
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
    if (range->offset <= r->input.offset)
        return GYRE_OK;
    input_close(&r->input, ctx);
    return input_open(&r->input, ctx, range->path, range->offset);
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
static uint32_t skip_byte(uint32_t skipping, char c)
{
    if (c == '\n' && skipping != SKIP_QUOTED)
        return SKIP_NONE;
    switch (skipping) {
    case SKIP_FIELD: return c == '"' ? SKIP_QUOTED : c == ',' ? SKIP_FIELD : SKIP_PLAIN;
    case SKIP_PLAIN: return c == ',' ? SKIP_FIELD : SKIP_PLAIN;
    case SKIP_QUOTED: return c == '"' ? SKIP_QUOTE : SKIP_QUOTED;
    case SKIP_QUOTE:
        return c == '"' ? SKIP_QUOTED : c == ',' ? SKIP_FIELD : c == '\r' ? SKIP_CR : SKIP_LINE;
    default: return SKIP_LINE;
    }
}

/* Passes over bytes up to the end of the record. */
static void skip_record(struct reader *r)
{
    uint32_t skipping = r->ranges[0].skipping;
    size_t rest = input_left(&r->input), n = 0;
    while (n < rest && skipping != SKIP_NONE)
        skipping = skip_byte(skipping, r->input.at[n++]);
    r->ranges[0].skipping = skipping;
    read_use(r, n);
}

static void skip_mark(struct reader *r)
{
    if (r->input.offset == 0 && input_left(&r->input) >= 3 &&
        memcmp(r->input.at, "\xef\xbb\xbf", 3) == 0)
        read_use(r, 3);
}

/* Takes the record that cut_record found. */
static int32_t take_record(struct reader *r, struct gyre_ctx *ctx, int cut, const struct text *text,
                           uint32_t *budget)
{
    if (cut == CUT_BAD) {
        size_t shown = text->end; /* one that ends with the file goes beyond its line */
        while (shown > 0 && (r->input.at[shown - 1] == '\n' || r->input.at[shown - 1] == '\r'))
            shown--;
        gyre_bad_input(ctx, r->input.at, shown, "%s", r->csv->mistake);
    } else if (r->csv->wants_header && !is_blank(r->csv)) {
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
        struct text text = {in->at, input_left(in), 0, 0, in->at_eof};
        int cut = cut_record(r->csv, &text);
        /* of a record that goes on all bytes count but the last: that may be the CR of its end */
        size_t known = cut == CUT_MORE ? text.n - 1 : text.end;
        int is_long = known > (uint64_t)r->config->row_max;
        if (cut == CUT_MORE && !is_long)
            return READ_MORE;
        int32_t code = is_long ? too_long(r, ctx) : take_record(r, ctx, cut, &text, budget);
        if (code != GYRE_OK)
            return code;
    }
}
