/* plugins/text/split.c: see split.h.
 *
 * Into fields: as many parts as there are fields, the last one with all that is left. Into rows: a row per
 * part, n + 1 for n separators, so one of an empty text too; of a null none. Parts are views of the text. */
#include "split.h"
#include "cast.h"
#include "kept.h"

struct split_config {
    const char *field;
    const char *by;
    struct gyre_strs into;
    struct gyre_schema schema;
    const char *time_format;
    const char *as;
    const char *position;
    int32_t trim;
    int32_t skip_empty;
    int32_t keep;
    /* made by bind */
    uint32_t in;
    uint32_t n_by;
    uint32_t n_casts;
    int32_t into_rows;
    int32_t position_out; /* -1: there is none */
    struct cast *casts;
    struct kept kept;
    struct times times;
};

/* ---- bind -------------------------------------------------------------------------------------- */

/* What is for fields alone, or for rows. */
static int32_t check_options(const struct split_config *c, struct gyre_bind *bind)
{
    int into_fields = c->into.n != 0 || c->schema.n_fields != 0;
    if (c->by[0] == 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, "by", "what is between the parts? It is empty");
    if (c->into.n != 0 && c->schema.n_fields != 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, "schema", "leave out one of `into` and `schema`");
    if (into_fields && (c->as != NULL || c->position != NULL))
        return gyre_bind_fail(bind, GYRE_EINVAL, c->as != NULL ? "as" : "position",
                              "it is for parts that become rows: leave out `%s`",
                              c->into.n != 0 ? "into" : "schema");
    return GYRE_OK;
}

static int32_t bind_input(struct split_config *c, struct gyre_bind *bind)
{
    int32_t code = kept_bind_text(bind, c->field, "str and bytes can be split", &c->in);
    return code < 0 ? code : kept_bind(&c->kept, bind, c->keep, c->field);
}

static int32_t add_cast(struct split_config *c, struct gyre_bind *bind, uint32_t type,
                        const char *name, uint32_t flags)
{
    int32_t out = bind->write(bind, 0, type, name, flags);
    if (out < 0)
        return out;
    c->casts[c->n_casts++] = (struct cast){
        .name = name, .type = type, .out = (uint32_t)out, .nullable = (flags & GYRE_NULLABLE) != 0};
    return GYRE_OK;
}

static int32_t bind_parts(struct split_config *c, struct gyre_bind *bind)
{
    int32_t code = GYRE_OK;
    c->casts = bind->alloc(bind, ((size_t)c->into.n + c->schema.n_fields + 1) * sizeof *c->casts);
    if (c->casts == NULL)
        return GYRE_ENOMEM;
    for (uint32_t i = 0; code == GYRE_OK && i < c->into.n; i++)
        code = add_cast(c, bind, GYRE_TYPE_str, c->into.items[i], 0);
    for (uint32_t i = 0; code == GYRE_OK && i < c->schema.n_fields; i++) {
        const struct gyre_field *field = gyre_schema_field(&c->schema, i);
        code = add_cast(c, bind, field->type, field->name, field->flags);
    }
    c->into_rows = c->n_casts == 0;
    if (code == GYRE_OK && c->into_rows)
        code = add_cast(c, bind, GYRE_TYPE_str, c->as != NULL ? c->as : c->field, 0);
    c->position_out = -1;
    if (code == GYRE_OK && c->position != NULL) {
        c->position_out = bind->write(bind, 0, GYRE_TYPE_i64, c->position, 0);
        code = c->position_out < 0 ? c->position_out : GYRE_OK;
    }
    return code;
}

static int32_t split_bind(void *config, struct gyre_bind *bind)
{
    struct split_config *c = config;
    int32_t code = check_options(c, bind), input = bind_input(c, bind);
    const char *why = times_parse(c->time_format, 1, &c->times);
    c->n_by = (uint32_t)strlen(c->by);
    if (why != NULL)
        code =
            gyre_bind_fail(bind, GYRE_EINVAL, "time_format", "\"%.100s\" %s", c->time_format, why);
    if (code == GYRE_OK && input == GYRE_OK)
        code = bind_parts(c, bind);
    return code != GYRE_OK ? code : input;
}

/* ---- rows -------------------------------------------------------------------------------------- */

/* What is left of a text; `at` NULL behind the last part. */
struct cutter {
    const char *at;
    const char *end;
    const struct split_config *config;
};

static struct piece trimmed(struct piece part)
{
    while (part.len != 0 && (uint8_t)*part.at <= ' ') {
        part.at++;
        part.len--;
    }
    while (part.len != 0 && (uint8_t)part.at[part.len - 1] <= ' ')
        part.len--;
    return part;
}

/* The next part, of the last field all that is left; `at` NULL: there is none. */
static struct piece next_part(struct cutter *cutter, int is_last)
{
    const struct split_config *c = cutter->config;
    while (cutter->at != NULL) {
        const char *from = cutter->at, *end = cutter->end;
        const char *found = is_last ? NULL : memmem(from, (size_t)(end - from), c->by, c->n_by);
        struct piece part = {from, (uint32_t)((found != NULL ? found : end) - from)};
        cutter->at = found != NULL ? found + c->n_by : NULL;
        if (c->trim)
            part = trimmed(part);
        if (part.len != 0 || !c->skip_empty)
            return part;
    }
    return (struct piece){NULL, 0};
}

static void put_fields(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                       struct cutter *cutter)
{
    const struct split_config *c = ctx->config;
    struct gyre_out *out = ctx->outputs[0];
    uint32_t to = kept_next_row(out);
    for (uint32_t i = 0; i < c->n_casts; i++) {
        char why[CAST_WHY];
        struct piece part = next_part(cutter, i + 1 == c->n_casts);
        if (cast_put(&c->casts[i], &c->times, out, to, part))
            continue;
        cast_tell(&c->casts[i], &c->times, part, why);
        gyre_bad_row(ctx, in, row, "%s", why);
        return;
    }
    kept_put(&c->kept, out, to, in, row);
    kept_end_row(out, to, gyre_row_time(in, row));
}

static void put_rows(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t row,
                     struct cutter *cutter)
{
    const struct split_config *c = ctx->config;
    struct gyre_out *out = ctx->outputs[0];
    int64_t position = 0;
    for (struct piece part; (part = next_part(cutter, 0)).at != NULL;) {
        uint32_t to = kept_next_row(out);
        cast_put(&c->casts[0], &c->times, out, to, part);
        if (c->position_out >= 0)
            GYRE_OUT(out, c->position_out, int64_t)[to] = ++position;
        kept_put(&c->kept, out, to, in, row);
        kept_end_row(out, to, gyre_row_time(in, row));
    }
}

static int32_t split_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const struct split_config *c = ctx->config;
    const struct gyre_str *texts = GYRE_COLUMN(in, c->in, struct gyre_str);
    (void)self;
    kept_adopt(&c->kept, ctx->outputs[0], in);
    for (uint32_t i = 0; i < c->n_casts; i++)
        if (gyre_type_is_str(c->casts[i].type))
            gyre_out_adopt(ctx->outputs[0], c->casts[i].out, in, c->in);
    GYRE_ROWS(in, row)
    {
        const char *at = gyre_is_null(in, c->in, row) ? NULL : gyre_str_data(&texts[row]);
        struct cutter cutter = {at, at != NULL ? at + texts[row].len : NULL, c};
        if (c->into_rows)
            put_rows(ctx, in, row, &cutter);
        else
            put_fields(ctx, in, row, &cutter);
    }
    return GYRE_OK;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct split_config, field, FIELD, "line", 0, "the field to split"),
    GYRE_OPT(struct split_config, by, STRING, ",", 0, "what is between the parts"),
    GYRE_OPT(struct split_config, into, STRINGS, NULL, 0,
             "the names of fields for the parts, the last one for all that is left; without them "
             "each part becomes a row"),
    GYRE_OPT(struct split_config, schema, SCHEMA, NULL, 0,
             "in place of `into`: fields with their types; parts that are not there are null"),
    GYRE_OPT(struct split_config, time_format, STRING, NULL, 0,
             "how times are written: us (default), ms or s since the epoch, iso, or a strptime "
             "pattern"),
    GYRE_OPT(struct split_config, as, STRING, NULL, 0,
             "rows: the field with the part; without it, it is called as the one that is split"),
    GYRE_OPT(struct split_config, position, STRING, NULL, 0,
             "rows: adds a field of this name with the place of each part: 1, 2, ..."),
    GYRE_OPT(struct split_config, trim, BOOL, "false", 0, "cuts blanks off the ends of parts"),
    GYRE_OPT(struct split_config, skip_empty, BOOL, "false", 0, "passes over empty parts"),
    GYRE_OPT_CHOICE(struct split_config, keep, "rest", "rest|none|all",
                    "which fields of the row stay in front: rest: all but the one that is split"),
};
static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "rows with a text");
static const struct gyre_port output =
    GYRE_PORT("out", 0, NULL, 0, "a row per text, with its parts as fields, or a row per part");

const struct gyre_operator gyre_op_split = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "split",
    .doc = "Cuts texts at a separator, into fields or rows.",
    .flags = GYRE_MASK_AWARE,
    .config_size = sizeof(struct split_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .bind = split_bind,
    .process = split_process,
};
