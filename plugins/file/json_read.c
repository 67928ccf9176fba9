/* plugins/file/json_read.c: see json_read.h.
 *
 * The library is yajl 2.1.0, which Debian 12 (2.1.0-3+deb12u2), 13 (2.1.0-5), Ubuntu 22.04 (2.1.0-3)
 * and 24.04 (2.1.0-5) all package as libyajl-dev: it is the only one of C among them that calls back
 * for each token, so that a row costs no allocation, and that hands numbers out as text, so that 64
 * bits stay 64 bits. jansson, json-c and cJSON build a tree for each line (and cJSON makes doubles of
 * all numbers); yyjson is not in Debian 12, simdjson is C++. Upstream rests since 2015, but Debian
 * patches it (CVE-2017-16516, CVE-2022-24795, CVE-2023-33460). What it is lax in is checked before it, per
 * line: UTF-8, and escapes of half a surrogate pair (json_text.h).
 *
 * A line is parsed without changing a byte: numbers go into their columns, strings are noted. When
 * nothing can go wrong any more, the strings are stored: as views of the line, and those that hold
 * escapes, which yajl decodes into its own memory, where they stand in the line. So a bad row can
 * be shown as it came. One parser serves line after line; after an error it is replaced. */
#include "json_read.h"

#if __has_include(<yajl/yajl_parse.h>)
#include "base64.h"
#include "csv_style.h"
#include "json_text.h"
#include "number.h"
#include <yajl/yajl_parse.h>

#define DEPTH_MAX 512u
#define SHOWN_MAX 60 /* bytes of a value in a message */

/* What came for a field of the schema. */
struct found {
    const char *text; /* str, bytes: in the line, or decoded */
    size_t end;       /* of the token in the line */
    uint32_t len;
    uint8_t is_there;
    uint8_t is_null;
    uint8_t is_decoded;
};

struct name {
    const char *at;
    size_t len;
};

struct json {
    const struct gyre_schema *schema;
    struct csv_style style; /* its times */
    struct name *names;     /* of its fields */
    struct gyre_ctx *ctx;
    struct gyre_out *out;
    yajl_handle parser;
    struct found *found;
    char *decoded; /* the strings of this line that hold escapes */
    size_t decoded_size;
    size_t decoded_used;
    char *line;
    size_t n;
    uint32_t row;
    uint32_t field;    /* whose value comes; n_fields: an unknown one's */
    uint32_t expected; /* the field that may come next */
    uint32_t depth;
    uint32_t values; /* ended at depth 0 */
    int has_why;
    char why[320];
};

const char *json_lacks(void)
{
    return NULL;
}

/* ---- what yajl calls --------------------------------------------------------------------------- */

GYRE_PRINTF(2, 3) static int refuse(struct json *j, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(j->why, sizeof j->why, format, args);
    va_end(args);
    j->has_why = 1;
    return 0;
}

static int refuse_value(struct json *j, const char *quote, const char *text, size_t n,
                        const char *what)
{
    const struct gyre_field *field = gyre_schema_field(j->schema, j->field);
    return refuse(j, "field `%s`: %s%.*s%s%s is %s %s", field->name, quote,
                  (int)(n < SHOWN_MAX ? n : SHOWN_MAX), text, n > SHOWN_MAX ? "..." : "", quote,
                  what, gyre_type_name(field->type));
}

static int refuse_time(struct json *j, const char *quote, const char *text, size_t n)
{
    const struct gyre_field *field = gyre_schema_field(j->schema, j->field);
    return refuse(j, "field `%s`: %s%.*s%s%s is no time, expected %s", field->name, quote,
                  (int)(n < SHOWN_MAX ? n : SHOWN_MAX), text, n > SHOWN_MAX ? "..." : "", quote,
                  times_expected(&j->style.times));
}

/* The field whose value has come, and it is noted; NULL with *go_on where it is none of ours. */
static struct found *take(struct json *j, int *go_on)
{
    *go_on = 1;
    if (j->depth == 0) {
        *go_on = refuse(j, "the line is no object");
        return NULL;
    }
    if (j->depth > 1 || j->field == j->schema->n_fields)
        return NULL;
    struct found *found = &j->found[j->field];
    *found = (struct found){.is_there = 1};
    return found;
}

static int on_null(void *user)
{
    struct json *j = user;
    int go_on;
    struct found *found = take(j, &go_on);
    if (found != NULL)
        found->is_null = 1;
    return go_on;
}

static int on_bool(void *user, int value)
{
    struct json *j = user;
    int go_on;
    if (take(j, &go_on) == NULL)
        return go_on;
    const char *text = value ? "true" : "false";
    if (gyre_schema_field(j->schema, j->field)->type != GYRE_TYPE_bool)
        return refuse_value(j, "", text, strlen(text), "no");
    ((uint8_t *)j->out->data[j->field])[j->row] = (uint8_t)value;
    return 1;
}

/* A time that is a string: by the pattern, or in ISO 8601; a number stands without quotes. */
static int take_time(struct json *j, const char *text, size_t n)
{
    static const struct times iso = {.kind = TIMES_ISO};
    int64_t *us = (int64_t *)j->out->data[j->field] + j->row;
    int is_pattern = j->style.times.kind == TIMES_PATTERN;
    return times_get(text, n, is_pattern ? &j->style.times : &iso, us) ||
           refuse_time(j, "\"", text, n);
}

/* True for digits with a sign or without: JSON has no other integers. */
static int is_whole(const char *at, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (at[i] == '.' || (at[i] | 0x20) == 'e')
            return 0;
    return 1;
}

static int on_number(void *user, const char *text, size_t n)
{
    struct json *j = user;
    int64_t integer;
    int go_on;
    if (take(j, &go_on) == NULL)
        return go_on;
    uint32_t type = gyre_schema_field(j->schema, j->field)->type;
    void *data = j->out->data[j->field];
    switch (type) {
    case GYRE_TYPE_f64:
        if (!number_get_f64(text, n, (double *)data + j->row))
            return refuse_value(j, "", text, n, "out of range for");
        return 1;
    case GYRE_TYPE_time:
        if (!times_get(text, n, &j->style.times, (int64_t *)data + j->row))
            return refuse_time(j, "", text, n);
        return 1;
    case GYRE_TYPE_i64:
        if (!number_get_i64(text, n, (int64_t *)data + j->row))
            return refuse_value(j, "", text, n, is_whole(text, n) ? "out of range for" : "no");
        return 1;
    case GYRE_TYPE_i32:
        if (!number_get_i64(text, n, &integer) || integer != (int32_t)integer)
            return refuse_value(j, "", text, n, is_whole(text, n) ? "out of range for" : "no");
        ((int32_t *)data)[j->row] = (int32_t)integer;
        return 1;
    default: return refuse_value(j, "", text, n, "no");
    }
}

static int on_string(void *user, const unsigned char *bytes, size_t n)
{
    struct json *j = user;
    const char *text = (const char *)bytes;
    int go_on;
    struct found *found = take(j, &go_on);
    if (found == NULL)
        return go_on;
    uint32_t type = gyre_schema_field(j->schema, j->field)->type;
    if (type == GYRE_TYPE_time)
        return take_time(j, text, n);
    if (!gyre_type_is_str(type))
        return refuse_value(j, "\"", text, n, "no");
    if (type == GYRE_TYPE_bytes && base64_get(NULL, text, n) < 0)
        return refuse_value(j, "\"", text, n, "no base64 for");
    found->text = text;
    found->len = (uint32_t)n;
    found->end = yajl_get_bytes_consumed(j->parser);
    if (n != 0 && (text < j->line || text >= j->line + j->n)) {
        found->is_decoded = 1;
        found->text = memcpy(j->decoded + j->decoded_used, text, n);
        j->decoded_used += n;
    }
    return 1;
}

static int on_key(void *user, const unsigned char *bytes, size_t n)
{
    struct json *j = user;
    uint32_t n_fields = j->schema->n_fields;
    if (j->depth > 1)
        return 1;
    for (uint32_t tried = 0, i = j->expected; tried < n_fields; tried++, i++) {
        if (i >= n_fields)
            i = 0;
        if (j->names[i].len == n && memcmp(j->names[i].at, bytes, n) == 0) {
            j->field = i;
            j->expected = i + 1;
            return 1;
        }
    }
    j->field = n_fields;
    return 1;
}

static int open_value(struct json *j, const char *shown)
{
    if (j->depth == 1 && j->field < j->schema->n_fields)
        return refuse_value(j, "", shown, strlen(shown), "no");
    if (j->depth == DEPTH_MAX)
        return refuse(j, "it is nested deeper than %u", DEPTH_MAX);
    j->depth++;
    return 1;
}

static int on_map(void *user)
{
    struct json *j = user;
    if (j->depth == 0 && j->values != 0)
        return refuse(j, "text follows the object");
    return open_value(j, "{...}");
}

static int on_array(void *user)
{
    struct json *j = user;
    if (j->depth == 0)
        return refuse(j, "the line is no object");
    return open_value(j, "[...]");
}

static int on_end(void *user)
{
    struct json *j = user;
    j->depth--;
    j->values += j->depth == 0;
    return 1;
}

static const yajl_callbacks callbacks = {.yajl_null = on_null,
                                         .yajl_boolean = on_bool,
                                         .yajl_number = on_number,
                                         .yajl_string = on_string,
                                         .yajl_start_map = on_map,
                                         .yajl_map_key = on_key,
                                         .yajl_end_map = on_end,
                                         .yajl_start_array = on_array,
                                         .yajl_end_array = on_end};

/* ---- the parser -------------------------------------------------------------------------------- */

static int32_t new_parser(struct json *j, struct gyre_ctx *ctx)
{
    if (j->parser != NULL)
        yajl_free(j->parser);
    j->parser = yajl_alloc(&callbacks, NULL, j);
    if (j->parser == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a JSON parser");
    yajl_config(j->parser, yajl_allow_multiple_values, 1);
    yajl_config(j->parser, yajl_dont_validate_strings, 1); /* json_line has done it, and better */
    return GYRE_OK;
}

int32_t json_open(struct reader *r, struct gyre_ctx *ctx)
{
    const char *why;
    struct json *j = gyre_alloc(ctx, NULL, sizeof *j);
    if (j == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to read json");
    *j = (struct json){.schema = &r->config->schema};
    csv_style_parse(CSV_STYLE_OF(r->config), 1, &j->style, &why); /* read_bind found it right */
    r->json = j;
    j->found = gyre_alloc(ctx, NULL, j->schema->n_fields * sizeof *j->found);
    j->names = gyre_alloc(ctx, NULL, j->schema->n_fields * sizeof *j->names);
    if (j->found == NULL || j->names == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory to read json");
    for (uint32_t i = 0; i < j->schema->n_fields; i++) {
        const char *name = gyre_schema_field(j->schema, i)->name;
        j->names[i] = (struct name){name, strlen(name)};
    }
    return new_parser(j, ctx);
}

void json_close(struct reader *r, struct gyre_ctx *ctx)
{
    struct json *j = r->json;
    if (j == NULL)
        return;
    if (j->parser != NULL)
        yajl_free(j->parser);
    if (j->found != NULL)
        gyre_alloc(ctx, j->found, 0);
    if (j->names != NULL)
        gyre_alloc(ctx, j->names, 0);
    if (j->decoded != NULL)
        gyre_alloc(ctx, j->decoded, 0);
    gyre_alloc(ctx, j, 0);
    r->json = NULL;
}

/* ---- a line ------------------------------------------------------------------------------------ */

/* Looks at the whole line before it is parsed. */
static int32_t check_line(struct json *j, struct gyre_ctx *ctx)
{
    if (!json_text_sound(j->line, j->n, j->why, sizeof j->why)) {
        j->has_why = 1;
        return GYRE_OK;
    }
    if (memchr(j->line, '\\', j->n) == NULL)
        return GYRE_OK;
    if (j->decoded_size < j->n) {
        char *decoded = gyre_alloc(ctx, j->decoded, 2 * j->n);
        if (decoded == NULL)
            return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a line of %zu bytes", j->n);
        j->decoded = decoded;
        j->decoded_size = 2 * j->n;
    }
    return GYRE_OK;
}

/* Parses the line; what is wrong is in `why`. A parser that was in the midst is replaced. */
static int32_t parse_line(struct json *j, struct gyre_ctx *ctx)
{
    char behind = j->line[j->n];
    j->line[j->n] = '\n'; /* ends a token, where the file ends without a line end */
    const unsigned char *text = (const unsigned char *)j->line;
    yajl_status status = yajl_parse(j->parser, text, j->n + 1);
    j->line[j->n] = behind;
    if (status == yajl_status_ok && j->depth == 0 && j->values == 1)
        return GYRE_OK;
    if (status == yajl_status_error && !j->has_why) {
        unsigned char *said = yajl_get_error(j->parser, 0, text, j->n);
        int length = said != NULL ? (int)strcspn((const char *)said, "\n") : 0;
        refuse(j, "no JSON, at byte %zu of the line: %.*s", yajl_get_bytes_consumed(j->parser),
               length, said != NULL ? (const char *)said : "");
        yajl_free_error(j->parser, said);
    } else if (!j->has_why) {
        refuse(j, "no JSON: the line ends before its object does");
    }
    return new_parser(j, ctx);
}

/* Nulls, missing fields and nullable ones' flags; what is wrong is in `why`. */
static void settle_nulls(struct json *j)
{
    for (uint32_t i = 0; i < j->schema->n_fields; i++) {
        const struct gyre_field *field = gyre_schema_field(j->schema, i);
        const struct found *found = &j->found[i];
        int is_null = !found->is_there || found->is_null;
        if (j->out->valid[i] != NULL)
            j->out->valid[i][j->row] = (uint8_t)!is_null;
        if (!is_null)
            continue;
        uint32_t size = gyre_type_size(field->type);
        memset((char *)j->out->data[i] + (size_t)j->row * size, 0, size);
        if ((field->flags & GYRE_NULLABLE) == 0) {
            refuse(j, "field `%s` is %s, and not nullable", field->name,
                   found->is_there ? "null" : "missing");
            return;
        }
    }
}

/* Stores the strings. A decoded one goes to the end of its own text, which is no shorter. */
static void store_strings(struct json *j)
{
    for (uint32_t i = 0; i < j->schema->n_fields; i++) {
        const struct found *found = &j->found[i];
        uint32_t type = gyre_schema_field(j->schema, i)->type;
        if (!gyre_type_is_str(type) || !found->is_there || found->is_null)
            continue;
        uint32_t len = found->len;
        char *at = len != 0 ? j->line + (found->end - 1 - len) : j->line;
        if (found->is_decoded)
            memcpy(at, found->text, len);
        if (type == GYRE_TYPE_bytes)
            len = (uint32_t)base64_get(at, at, len);
        read_store((struct gyre_str *)j->out->data[i] + j->row, at, len);
    }
}

static int is_blank(const char *at, size_t n)
{
    size_t i = 0;
    while (i < n && (at[i] == ' ' || at[i] == '\t' || at[i] == '\r'))
        i++;
    return i == n;
}

int32_t json_line(struct reader *r, struct gyre_ctx *ctx, size_t n, uint32_t *budget)
{
    struct json *j = r->json;
    size_t mark = 0;
    if (r->input.offset == 0 && n >= 3 && memcmp(r->input.at, "\xef\xbb\xbf", 3) == 0)
        mark = 3; /* a byte order mark */
    if (is_blank(r->input.at + mark, n - mark))
        return GYRE_OK;
    j->line = r->input.at + mark;
    j->n = n - mark;
    j->out = ctx->outputs[0];
    j->row = read_row(j->out);
    j->depth = j->values = j->expected = 0;
    j->decoded_used = 0;
    j->has_why = 0;
    memset(j->found, 0, j->schema->n_fields * sizeof *j->found);
    int32_t code = check_line(j, ctx);
    if (code == GYRE_OK && !j->has_why)
        code = parse_line(j, ctx);
    if (code != GYRE_OK)
        return code;
    if (!j->has_why)
        settle_nulls(j);
    if (j->has_why) {
        gyre_bad_input(ctx, r->input.at, n, "%s", j->why);
        return GYRE_OK;
    }
    store_strings(j);
    j->out->rows = j->row + 1;
    --*budget;
    return GYRE_OK;
}

#else

const char *json_lacks(void)
{
    return "this build of gyre reads no json, for want of yajl: install libyajl-dev and build "
           "again";
}

int32_t json_open(struct reader *r, struct gyre_ctx *ctx)
{
    (void)r;
    return gyre_fail(ctx, GYRE_ENOTSUP, "%s", json_lacks());
}

void json_close(struct reader *r, struct gyre_ctx *ctx)
{
    (void)r, (void)ctx;
}

int32_t json_line(struct reader *r, struct gyre_ctx *ctx, size_t n, uint32_t *budget)
{
    (void)r, (void)n, (void)budget;
    return gyre_fail(ctx, GYRE_ENOTSUP, "%s", json_lacks());
}

#endif
