/* See test_rows.h.
 *
 * A field that a given row leaves out is null. Of an expected one it is null too, where some other row
 * of the stream says something of that field; fields of which no row says anything are not compared. */
#include "app/test_rows.h"

#include "app/describe.h"
#include "job/value.h"

#include <string.h>

/* What one row has besides its fields. */
#define GIVEN_WORDS  "*time *watermark *clock"
#define EXPECT_WORDS "*time"

struct reading {
    const struct gy_scope *scope;
    struct gy_test_stream *stream;
    const char *schema_text;
    bool given;
};

const char *gy_test_schema_text(const struct gy_scope *scope, const struct gyre_schema *schema)
{
    struct gy_buf b = {0};
    gy_describe_fields(&b, schema->fields, schema->n_fields);
    const char *fields = gy_buf_cstr(&b);
    const char *text = fields != NULL ? gy_arena_ctl_printf(scope->arena, "{%s}", fields) : NULL;
    gy_buf_fini(&b);
    return text != NULL ? text : "?";
}

static void tell_unknown_field(const struct reading *r, const struct gy_setting *s)
{
    const struct gyre_schema *schema = r->stream->schema;
    size_t n;
    const char *words = r->given ? GIVEN_WORDS : EXPECT_WORDS;
    const char **starred = gy_value_words(r->scope, words, &n);
    const char **known = gy_arena_ctl_calloc(r->scope->arena, n + schema->n_fields, sizeof *known);
    const char *of = gy_arena_ctl_printf(r->scope->arena, "`%s`", r->stream->name);
    const char *where = gy_arena_ctl_printf(r->scope->arena, "its rows are %s", r->schema_text);
    if (starred == NULL || known == NULL || of == NULL || where == NULL)
        return;
    for (uint32_t f = 0; f < schema->n_fields; f++)
        known[f] = gyre_schema_field(schema, f)->name;
    for (size_t i = 0; i < n; i++)
        known[schema->n_fields + i] = starred[i];
    gy_value_unknown(r->scope, s, "field", s->name, of, known, n + schema->n_fields, where);
}

/* `{ *watermark = N; }` and `{ *clock = N; }` stand for themselves; false: it is a row. */
static bool read_word(const struct reading *r, const struct gy_setting *s, struct gy_test_row *row)
{
    const struct gy_setting *watermark = gy_setting_get(s, "*watermark");
    const struct gy_setting *word = watermark != NULL ? watermark : gy_setting_get(s, "*clock");
    if (!r->given || word == NULL)
        return false;
    row->kind = watermark != NULL ? GY_TEST_WATERMARK : GY_TEST_CLOCK;
    if (s->n > 1)
        gy_diags_add(r->scope->diags, s->file, s->line,
                     "%s: `%s` stands between rows, in a group of its own", r->stream->at->name,
                     word->name);
    gy_cell_read_time(r->scope, word, &row->time_us);
    return true;
}

/* A row of one field may be its value alone. */
static void read_alone(const struct reading *r, const struct gy_setting *s, struct gy_test_row *row)
{
    const struct gyre_schema *schema = r->stream->schema;
    if (schema->n_fields != 1) {
        gy_diags_add(r->scope->diags, s->file, s->line,
                     "%s: a value alone is a row of one field, but `%s` has %s",
                     r->stream->at->name, r->stream->name, r->schema_text);
        return;
    }
    if (r->stream->compared != NULL)
        r->stream->compared[0] = true;
    struct gy_setting named = *s;
    named.name = gyre_schema_field(schema, 0)->name;
    gy_cell_read(r->scope, gyre_schema_field(schema, 0), &named, &row->cells[0]);
}

static void read_fields(const struct reading *r, const struct gy_setting *s,
                        struct gy_test_row *row, bool *wrong)
{
    const struct gyre_schema *schema = r->stream->schema;
    for (uint32_t i = 0; i < s->n; i++) {
        const struct gy_setting *item = s->items[i];
        int32_t f = gyre_schema_find(schema, item->name);
        if (strcmp(item->name, "*time") == 0) {
            row->has_time = true;
            r->stream->compares_time = true;
            gy_cell_read_time(r->scope, item, &row->time_us);
        } else if (f < 0) {
            tell_unknown_field(r, item);
            *wrong = true; /* what is missing may be what is misspelt */
        } else {
            if (r->stream->compared != NULL)
                r->stream->compared[f] = true;
            if (gy_cell_read(r->scope, gyre_schema_field(schema, (uint32_t)f), item,
                             &row->cells[f]) != 0)
                *wrong = true;
        }
    }
}

/* What a row leaves out and must not: fields that are never null, a time that others have. */
static void check_row(const struct reading *r, const struct gy_setting *s,
                      const struct gy_test_row *row)
{
    const struct gyre_schema *schema = r->stream->schema;
    for (uint32_t f = 0; f < schema->n_fields; f++) {
        const struct gyre_field *field = gyre_schema_field(schema, f);
        bool counts = r->stream->compared == NULL || r->stream->compared[f];
        if (counts && s->kind == GY_SETTING_GROUP && (field->flags & GYRE_NULLABLE) == 0 &&
            gy_setting_get(s, field->name) == NULL)
            gy_diags_add(r->scope->diags, s->file, s->line,
                         "%s: `%s` is missing in this row, and is never null: %s",
                         r->stream->at->name, field->name, r->schema_text);
    }
    if (!r->given && r->stream->compares_time && !row->has_time)
        gy_diags_add(r->scope->diags, s->file, s->line,
                     "%s: this row has no `*time`, and others have", r->stream->at->name);
}

/* A watermark that does not advance says nothing. */
static void check_watermarks(const struct reading *r)
{
    const struct gy_test_row *last[GY_TEST_CLOCK + 1] = {NULL};
    for (uint32_t i = 0; i < r->stream->n; i++) {
        const struct gy_test_row *row = &r->stream->rows[i], *before = last[row->kind];
        if (row->kind == GY_TEST_ROW)
            continue;
        if (before != NULL && row->time_us <= before->time_us)
            gy_diags_add(r->scope->diags, row->at->file, row->at->line,
                         "%s: it stood at that or later already (line %d)", row->at->items[0]->name,
                         before->at->line);
        last[row->kind] = row;
    }
}

void gy_test_rows_read(const struct gy_scope *scope, const struct gy_setting *list, bool given,
                       struct gy_test_stream *stream)
{
    struct reading r = {.scope = scope,
                        .stream = stream,
                        .schema_text = gy_test_schema_text(scope, stream->schema),
                        .given = given};
    uint32_t n_fields = stream->schema->n_fields;
    bool wrong = false;
    if (list->kind != GY_SETTING_LIST)
        return;
    stream->rows = gy_arena_ctl_calloc(scope->arena, list->n, sizeof *stream->rows);
    if (!given)
        stream->compared = gy_arena_ctl_calloc(scope->arena, n_fields, sizeof *stream->compared);
    if (stream->rows == NULL || (!given && stream->compared == NULL))
        return;
    for (uint32_t i = 0; i < list->n; i++) {
        const struct gy_setting *s = list->items[i];
        struct gy_test_row *row = &stream->rows[stream->n++];
        row->at = s;
        row->cells = gy_arena_ctl_calloc(scope->arena, n_fields, sizeof *row->cells);
        if (row->cells == NULL || s->kind == GY_SETTING_LIST)
            wrong = true;
        else if (s->kind != GY_SETTING_GROUP)
            read_alone(&r, s, row);
        else if (!read_word(&r, s, row))
            read_fields(&r, s, row, &wrong);
    }
    for (uint32_t i = 0; !wrong && i < stream->n; i++)
        if (stream->rows[i].kind == GY_TEST_ROW)
            check_row(&r, list->items[i], &stream->rows[i]);
    check_watermarks(&r);
    for (uint32_t f = 0; !given && stream->n == 0 && f < n_fields; f++)
        stream->compared[f] = true;
}
