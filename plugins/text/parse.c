/* plugins/text/parse.c: see parse.h.
 *
 * A text is first cut into pieces: by the named groups of a pattern (regex.h), the option's own or that of a
 * format (presets.h), or as logfmt (logfmt.h). Then the pieces become values of columns (cast.h). Strings are
 * views of the text, whose arenas the output shares.
 *
 * Fields that `schema` names have its types; of a group that it does not name the field is a str, and empty
 * where the group took no part. */
#include "parse.h"
#include "kept.h"
#include "logfmt.h"
#include "presets.h"
#include "regex.h"

struct parse_config {
    const char *field;
    const char *pattern;
    int32_t format;
    struct gyre_schema schema;
    const char *time_format;
    int32_t keep;
    int64_t year;
    int64_t steps;
    /* made by bind */
    uint32_t in;
    uint32_t n_columns;
    struct column *columns;
    struct cast *casts; /* of the columns */
    struct times times;
    struct regex_plan plan;
};

/* What of a column its cast does not say. */
struct column {
    uint32_t piece;
    uint32_t make; /* MAKE_... */
};

struct parse_task {
    struct regex *regex; /* NULL: logfmt */
    struct piece *pieces;
};

/* ---- bind -------------------------------------------------------------------------------------- */

/* Exactly one of pattern and format, and what is for one of them alone. */
static int32_t check_options(const struct parse_config *c, struct gyre_bind *bind)
{
    const struct preset *preset = preset_of(c->format);
    if ((c->pattern == NULL) == (c->format == FORMAT_NONE))
        return gyre_bind_fail(bind, GYRE_EINVAL, c->pattern != NULL ? "pattern" : NULL,
                              c->pattern != NULL
                                  ? "`format` has a pattern of its own: leave out one of them"
                                  : "needs `pattern`, or `format`");
    if (preset != NULL && c->schema.n_fields != 0)
        return gyre_bind_fail(
            bind, GYRE_EINVAL, "schema",
            "format \"%s\" has fields of its own (`gyre inspect text.parse` lists "
            "them); std.select picks and renames",
            preset->name);
    if (c->format == FORMAT_LOGFMT && c->schema.n_fields == 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, NULL,
                              "format \"logfmt\" needs a schema = ( {name=\"...\"; "
                              "type=\"...\";} ): the keys that are wanted");
    if (c->year != 0 && c->format != FORMAT_SYSLOG)
        return gyre_bind_fail(bind, GYRE_EINVAL, "year", "it is for format \"syslog\"");
    return GYRE_OK;
}

static int32_t bind_times(struct parse_config *c, struct gyre_bind *bind)
{
    const struct preset *preset = preset_of(c->format);
    if (preset != NULL && c->time_format != NULL)
        return gyre_bind_fail(bind, GYRE_EINVAL, "time_format",
                              "format \"%s\" has times of its own", preset->name);
    const char *format = preset != NULL ? preset->time_format : c->time_format;
    const char *why = times_parse(format, 1, &c->times);
    if (why == NULL)
        return GYRE_OK;
    return gyre_bind_fail(bind, GYRE_EINVAL, "time_format", "\"%.100s\" %s", format, why);
}

/* The field to parse, and those that stay. */
static int32_t bind_input(struct parse_config *c, struct gyre_bind *bind)
{
    const struct gyre_schema *schema = bind->inputs[0];
    int32_t code = kept_bind_text(bind, c->field, "str and bytes can be parsed", &c->in);
    if (code < 0)
        return code;
    int32_t at = gyre_schema_find(schema, c->field);
    for (uint32_t i = 0; code >= 0 && i < schema->n_fields; i++)
        if (c->keep == KEEP_ALL || (c->keep == KEEP_REST && i != (uint32_t)at))
            code = bind->pass(bind, 0, gyre_schema_field(schema, i)->name, NULL, "keep");
    return code;
}

static int32_t add_column(struct parse_config *c, struct gyre_bind *bind,
                          const struct gyre_field *field, struct column column, int lax)
{
    int32_t out = bind->write(bind, 0, field->type, field->name, field->flags);
    if (out < 0)
        return out;
    c->columns[c->n_columns] = column;
    c->casts[c->n_columns++] = (struct cast){.name = field->name,
                                             .type = field->type,
                                             .out = (uint32_t)out,
                                             .nullable = (field->flags & GYRE_NULLABLE) != 0,
                                             .lax = (uint8_t)lax};
    return GYRE_OK;
}

static int32_t find_piece(const struct regex_plan *plan, const char *name)
{
    for (uint32_t i = 0; i < plan->n_names; i++)
        if (strcmp(plan->names[i], name) == 0)
            return (int32_t)i;
    return -1;
}

/* A name of the schema that no group has, and the groups that there are. */
static int32_t tell_no_group(struct parse_config *c, struct gyre_bind *bind, const char *name)
{
    char names[256] = "";
    size_t n = 0;
    for (uint32_t i = 0; i < c->plan.n_names && n < sizeof names; i++)
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%s", i != 0 ? ", " : "",
                              c->plan.names[i]);
    return gyre_bind_fail(bind, GYRE_EINVAL, "schema", "the pattern has no group `%s`: it has %s%s",
                          name, names, n < sizeof names ? "" : "...");
}

/* A column for each group, of the type that the schema says. */
static int32_t bind_groups(struct parse_config *c, struct gyre_bind *bind)
{
    int32_t code = GYRE_OK;
    for (uint32_t i = 0; code == GYRE_OK && i < c->plan.n_names; i++) {
        struct gyre_field plain = GYRE_FIELD(str, c->plan.names[i], 0);
        int32_t at = c->schema.n_fields != 0 ? gyre_schema_find(&c->schema, plain.name) : -1;
        const struct gyre_field *field =
            at >= 0 ? gyre_schema_field(&c->schema, (uint32_t)at) : &plain;
        code = add_column(c, bind, field, (struct column){i, MAKE_VALUE}, at < 0);
    }
    for (uint32_t i = 0; code == GYRE_OK && i < c->schema.n_fields; i++) {
        const char *name = gyre_schema_field(&c->schema, i)->name;
        if (find_piece(&c->plan, name) < 0)
            code = tell_no_group(c, bind, name);
    }
    return code;
}

static int32_t bind_preset(struct parse_config *c, struct gyre_bind *bind,
                           const struct preset *preset)
{
    int32_t code = GYRE_OK;
    for (uint32_t i = 0; code == GYRE_OK && i < preset->n_fields; i++) {
        const struct preset_field *p = &preset->fields[i];
        struct gyre_field field = {sizeof field, p->type, p->name, p->flags, 0};
        uint32_t piece = (uint32_t)find_piece(&c->plan, p->group);
        code = add_column(c, bind, &field, (struct column){piece, p->make}, 0);
    }
    return code;
}

static int32_t bind_keys(struct parse_config *c, struct gyre_bind *bind)
{
    int32_t code = GYRE_OK;
    for (uint32_t i = 0; code == GYRE_OK && i < c->schema.n_fields; i++)
        code = add_column(c, bind, gyre_schema_field(&c->schema, i), (struct column){i, MAKE_VALUE},
                          0);
    return code;
}

static int32_t bind_columns(struct parse_config *c, struct gyre_bind *bind)
{
    const struct preset *preset = preset_of(c->format);
    int32_t code = GYRE_OK;
    if (c->format != FORMAT_LOGFMT) {
        c->plan.pattern = preset != NULL ? preset->pattern : c->pattern;
        c->plan.steps = (uint32_t)c->steps;
        code = regex_bind(bind, preset != NULL ? "format" : "pattern", &c->plan);
        if (code != GYRE_OK)
            return code;
    }
    size_t n = (size_t)c->plan.n_names + c->schema.n_fields + (preset ? preset->n_fields : 0);
    c->columns = bind->alloc(bind, n * sizeof *c->columns);
    c->casts = bind->alloc(bind, n * sizeof *c->casts);
    if (c->columns == NULL || c->casts == NULL)
        return GYRE_ENOMEM;
    if (preset != NULL)
        return bind_preset(c, bind, preset);
    return c->format == FORMAT_LOGFMT ? bind_keys(c, bind) : bind_groups(c, bind);
}

static int32_t parse_bind(void *config, struct gyre_bind *bind)
{
    struct parse_config *c = config;
    int32_t code = check_options(c, bind);
    int32_t times = bind_times(c, bind), input = bind_input(c, bind);
    if (code == GYRE_OK)
        code = bind_columns(c, bind);
    return code < 0 ? code : times < 0 ? times : input < 0 ? input : GYRE_OK;
}

/* ---- tasks ------------------------------------------------------------------------------------- */

static int32_t parse_open(void *self, struct gyre_ctx *ctx)
{
    struct parse_task *task = self;
    const struct parse_config *c = ctx->config;
    size_t n = (size_t)c->plan.n_names + c->schema.n_fields;
    task->pieces = gyre_alloc(ctx, NULL, n * sizeof *task->pieces);
    if (task->pieces == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for the pieces of a text");
    if (c->format == FORMAT_LOGFMT)
        return GYRE_OK;
    task->regex = regex_open(ctx, &c->plan);
    return task->regex != NULL ? GYRE_OK : ctx->error->code;
}

static void parse_close(void *self, struct gyre_ctx *ctx)
{
    struct parse_task *task = self;
    regex_close(task->regex, ctx);
    if (task->pieces != NULL)
        gyre_alloc(ctx, task->pieces, 0);
    *task = (struct parse_task){0};
}

/* What presets make of a piece beside its value; 0 where it cannot be made. */
static int put_made(const struct gyre_ctx *ctx, uint32_t make, const struct cast *cast,
                    uint32_t row, struct piece piece, int64_t now_us)
{
    const struct parse_config *c = ctx->config;
    struct gyre_out *out = ctx->outputs[0];
    int64_t *to = (int64_t *)out->data[cast->out] + row;
    if (piece.at == NULL) {
        cast_null(cast, out, row);
        return 1;
    }
    out->valid[cast->out][row] = 1;
    if (make == MAKE_TIME)
        return preset_time(piece, c->year, now_us, to);
    if (!cast_put(cast, &c->times, out, row, piece) || *to > 191)
        return 0;
    *to = make == MAKE_FACILITY ? *to >> 3 : *to & 7;
    return 1;
}

/* Puts out the pieces of a text; the column that is wrong, or n_columns. */
static uint32_t put_columns(const struct gyre_ctx *ctx, const struct piece *pieces, uint32_t row,
                            int64_t now_us)
{
    const struct parse_config *c = ctx->config;
    for (uint32_t i = 0; i < c->n_columns; i++) {
        struct piece piece = pieces[c->columns[i].piece];
        int is_put = c->columns[i].make == MAKE_VALUE
                         ? cast_put(&c->casts[i], &c->times, ctx->outputs[0], row, piece)
                         : put_made(ctx, c->columns[i].make, &c->casts[i], row, piece, now_us);
        if (__builtin_expect(!is_put, 0))
            return i;
    }
    return c->n_columns;
}

static void tell_column(const struct parse_config *c, uint32_t column, const struct piece *pieces,
                        char why[CAST_WHY])
{
    struct piece piece = pieces[c->columns[column].piece];
    switch (c->columns[column].make) {
    case MAKE_VALUE: cast_tell(&c->casts[column], &c->times, piece, why); return;
    case MAKE_TIME:
        snprintf(why, CAST_WHY, "field `time`: \"%.*s\" is no time", (int)piece.len, piece.at);
        return;
    default:
        snprintf(why, CAST_WHY, "a priority is from 0 to 191, not %.*s", (int)piece.len, piece.at);
    }
}

/* Cuts a text; 0 with the reason where that cannot be done. */
static int cut(const struct parse_task *task, struct gyre_ctx *ctx, struct piece text,
               char why[CAST_WHY])
{
    const struct parse_config *c = ctx->config;
    const struct preset *preset = preset_of(c->format);
    if (task->regex == NULL)
        return logfmt_cut(text, c->casts, c->n_columns, ctx->outputs[0], task->pieces, why);
    int result = regex_match(task->regex, text, task->pieces, why);
    if (result == REGEX_NO_MATCH && preset != NULL)
        snprintf(why, CAST_WHY, "no line of format \"%s\"", preset->name);
    return result == REGEX_MATCH;
}

static void parse_row(const struct parse_task *task, struct gyre_ctx *ctx,
                      const struct gyre_batch *in, uint32_t row, int64_t now_us)
{
    const struct parse_config *c = ctx->config;
    const struct gyre_str *s = GYRE_COLUMN(in, c->in, struct gyre_str) + row;
    char why[CAST_WHY];
    if (gyre_is_null(in, c->in, row)) {
        gyre_bad_row(ctx, in, row, "field `%s` is null: there is nothing to parse", c->field);
        return;
    }
    if (!cut(task, ctx, (struct piece){gyre_str_data(s), s->len}, why)) {
        gyre_bad_row(ctx, in, row, "%s", why);
        return;
    }
    uint32_t wrong = put_columns(ctx, task->pieces, row, now_us);
    if (wrong == c->n_columns)
        return;
    tell_column(c, wrong, task->pieces, why);
    gyre_bad_row(ctx, in, row, "%s", why);
}

static int32_t parse_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const struct parse_config *c = ctx->config;
    int64_t now_us = c->format == FORMAT_SYSLOG && c->year == 0 ? gyre_now(ctx) : 0;
    for (uint32_t i = 0; i < c->n_columns; i++)
        if (gyre_type_is_str(c->casts[i].type))
            gyre_out_adopt(ctx->outputs[0], c->casts[i].out, in, c->in);
    GYRE_ROWS(in, row)
    parse_row(self, ctx, in, row, now_us);
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct parse_config, field, FIELD, "line", 0, "the field to parse"),
    GYRE_OPT(struct parse_config, pattern, STRING, NULL, 0,
             "a regular expression (PCRE2), looked for anywhere in the text: each named group, "
             "`(?<name>...)`, makes a field"),
    GYRE_OPT_CHOICE(
        struct parse_config, format, "none", "none|clf|combined|syslog|logfmt",
        "in place of a pattern. clf: host, ident, user, time, request, method, path, protocol, "
        "status, bytes, as web servers log; combined: referer and agent too; syslog (RFC 5424, RFC "
        "3164): facility, severity, time, host, app, pid, msgid, data, message; logfmt: key=value, "
        "the keys that `schema` lists"),
    GYRE_OPT(struct parse_config, schema, SCHEMA, NULL, 0,
             "the types of groups or keys; others are str, empty where their group took no part"),
    GYRE_OPT(struct parse_config, time_format, STRING, NULL, 0,
             "how times are written: us (default), ms or s since the epoch, iso, or a strptime "
             "pattern"),
    GYRE_OPT_CHOICE(struct parse_config, keep, "rest", "rest|none|all",
                    "which fields of the row stay in front: rest: all but the parsed one"),
    GYRE_OPT_RANGE(struct parse_config, year, INT, "0", 0, 9999, NULL,
                   "syslog: of times without one; 0: the latest that is not to come (by the clock, "
                   "and a day)"),
    GYRE_OPT_RANGE(struct parse_config, steps, INT, "1000000", 1, UINT32_MAX, NULL,
                   "how far the pattern may go back and forth at one place; a text for which that "
                   "is not enough is a bad row"),
};
static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "rows with a text");
static const struct gyre_port output =
    GYRE_PORT("out", GYRE_PORT_ALIGNED, NULL, 0, "the rows, with the fields found in it");

const struct gyre_operator gyre_op_parse = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "parse",
    .doc = "Makes fields of a text, by a pattern or a format known by name.",
    .flags = GYRE_MASK_AWARE,
    .config_size = sizeof(struct parse_config),
    .instance_size = sizeof(struct parse_task),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .bind = parse_bind,
    .open = parse_open,
    .close = parse_close,
    .process = parse_process,
};
