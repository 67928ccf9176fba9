/* plugins/json/parse.c: see parse.h.
 *
 * A text is walked over once (find.h): what paths lead to is noted, and becomes values of columns when
 * the whole text has been read. With `flat` a row is put out for each element of an array, when all of them have been found right: a
 * bad one makes the whole text a bad row.
 *
 * A path that begins with that of `flat`, and does not go on with an index, is one into each element. */
#include "parse.h"
#include "../text/kept.h"
#include "find.h"

static const uint32_t types[] = {GYRE_TYPE_str, GYRE_TYPE_i64,  GYRE_TYPE_f64,
                                 GYRE_TYPE_i32, GYRE_TYPE_bool, GYRE_TYPE_time};

struct wanted {
    const char *name;
    const char *path; /* NULL: its name is the key */
    int32_t type;     /* of types */
    int32_t nullable;
};

struct parse_config {
    const char *field;
    struct gyre_groups fields; /* of struct wanted */
    const char *flat;
    const char *time_format;
    int32_t keep;
    /* made by bind */
    uint32_t in;
    struct cast *casts; /* of the fields */
    uint8_t *is_of_element;
    struct times times;
    struct wants wants;
    struct kept kept;
};

struct parse_task {
    struct finder *finder;
};

/* ---- bind -------------------------------------------------------------------------------------- */

static const struct wanted *wanted_at(const struct parse_config *c, uint32_t i)
{
    return (const void *)((const char *)c->fields.items + (size_t)i * c->fields.stride);
}

static int32_t bind_input(struct parse_config *c, struct gyre_bind *bind)
{
    int32_t code = kept_bind_text(bind, c->field, "JSON is in str or bytes", &c->in);
    return code < 0 ? code : kept_bind(&c->kept, bind, c->keep, c->field);
}

/* The array whose elements become rows: its node, and one for each element. */
static int32_t bind_flat(struct parse_config *c, struct gyre_bind *bind, struct path *flat)
{
    char why[PATH_WHY];
    flat->n = 0;
    c->wants.roots[0] = nodes_root(&c->wants.nodes);
    c->wants.roots[1] = c->wants.array = NO_NODE;
    if (c->flat == NULL)
        return GYRE_OK;
    if (!path_parse(c->flat, flat, why))
        return gyre_bind_fail(bind, GYRE_EINVAL, "flat", "%s", why);
    if (flat->n != 0 && flat->steps[flat->n - 1].kind == STEP_EACH)
        flat->n--;
    for (uint32_t i = 0; i < flat->n; i++)
        if (flat->steps[i].kind == STEP_EACH)
            return gyre_bind_fail(bind, GYRE_EINVAL, "flat",
                                  "one array is flattened: take the inner ones as str, and let a "
                                  "second json.parse flatten them");
    struct path each = {.n = 1, .steps[0] = {.kind = STEP_EACH}};
    c->wants.roots[1] = nodes_root(&c->wants.nodes);
    c->wants.array = nodes_add(&c->wants.nodes, c->wants.roots[1], flat, 0);
    c->wants.array_path = c->flat;
    nodes_add(&c->wants.nodes, c->wants.array, &each, 0);
    return GYRE_OK;
}

/* Adds the path of a field to its tree. */
static int32_t bind_path(struct parse_config *c, struct gyre_bind *bind, uint32_t i,
                         const struct path *path, const struct path *flat, const char *option)
{
    struct wants *w = &c->wants;
    int is_in = c->flat != NULL && path_begins(path, flat) &&
                (path->n == flat->n || path->steps[flat->n].kind != STEP_INDEX);
    uint32_t from = is_in ? flat->n : 0;
    int32_t root = is_in ? nodes_each(&w->nodes, w->array) : w->roots[0];
    if (is_in && from < path->n && path->steps[from].kind == STEP_EACH)
        from++;
    for (uint32_t k = from; k < path->n; k++)
        if (path->steps[k].kind == STEP_EACH)
            return gyre_bind_fail(bind, GYRE_EINVAL, option,
                                  "[*] is each element of the array that `flat` names");
    int32_t node = nodes_add(&w->nodes, root, path, from);
    w->next[i] = w->nodes.at[node].want;
    w->nodes.at[node].want = (int32_t)i;
    c->is_of_element[i] = (uint8_t)is_in;
    return GYRE_OK;
}

static int32_t bind_field(struct parse_config *c, struct gyre_bind *bind, uint32_t i,
                          const struct path *path, const struct path *flat, const char *option)
{
    const struct wanted *wanted = wanted_at(c, i);
    uint32_t type = types[wanted->type], flags = wanted->nullable ? GYRE_NULLABLE : 0;
    int32_t code = bind_path(c, bind, i, path, flat, option);
    if (code != GYRE_OK)
        return code;
    int32_t out = bind->write(bind, 0, type, wanted->name, flags);
    c->casts[i] = (struct cast){.name = wanted->name,
                                .type = type,
                                .out = (uint32_t)out,
                                .nullable = (uint8_t)wanted->nullable};
    return out < 0 ? out : GYRE_OK;
}

/* A field without a path is the key that it is called as, whatever is in its name. */
static int read_path(const struct wanted *wanted, struct path *path, char why[PATH_WHY])
{
    if (wanted->path != NULL)
        return path_parse(wanted->path, path, why);
    path->n = 1;
    path->steps[0] =
        (struct step){.kind = STEP_KEY, .key = wanted->name, .len = (uint32_t)strlen(wanted->name)};
    return 1;
}

static int32_t bind_fields(struct parse_config *c, struct gyre_bind *bind)
{
    struct path path, flat;
    char why[PATH_WHY], option[48];
    int32_t code = bind_flat(c, bind, &flat);
    for (uint32_t i = 0; code == GYRE_OK && i < c->fields.n; i++) {
        snprintf(option, sizeof option, "fields[%u].path", (unsigned)i);
        code = read_path(wanted_at(c, i), &path, why)
                   ? bind_field(c, bind, i, &path, &flat, option)
                   : gyre_bind_fail(bind, GYRE_EINVAL, option, "%s", why);
    }
    return code;
}

/* No path has more steps than its text has bytes. */
static size_t nodes_most(const struct parse_config *c)
{
    size_t n = 4 + (c->flat != NULL ? strlen(c->flat) : 0);
    for (uint32_t i = 0; i < c->fields.n; i++)
        n += 1 + (wanted_at(c, i)->path != NULL ? strlen(wanted_at(c, i)->path) : 0);
    return n;
}

static int32_t parse_bind(void *config, struct gyre_bind *bind)
{
    struct parse_config *c = config;
    size_t n = c->fields.n;
    const char *why = times_parse(c->time_format, 1, &c->times);
    int32_t code = GYRE_OK;
    if (why != NULL)
        code =
            gyre_bind_fail(bind, GYRE_EINVAL, "time_format", "\"%.100s\" %s", c->time_format, why);
    if (n == 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, "fields", "an empty list of fields");
    c->wants.n = (uint32_t)n;
    c->wants.next = bind->alloc(bind, n * sizeof *c->wants.next);
    c->wants.nodes.at = bind->alloc(bind, nodes_most(c) * sizeof *c->wants.nodes.at);
    c->casts = bind->alloc(bind, n * sizeof *c->casts);
    c->is_of_element = bind->alloc(bind, n);
    if (c->wants.next == NULL || c->wants.nodes.at == NULL || c->casts == NULL ||
        c->is_of_element == NULL)
        return GYRE_ENOMEM;
    int32_t input = bind_input(c, bind), fields = bind_fields(c, bind);
    return code != GYRE_OK ? code : input != GYRE_OK ? input : fields;
}

/* ---- tasks ------------------------------------------------------------------------------------- */

static int32_t parse_open(void *self, struct gyre_ctx *ctx)
{
    struct parse_task *task = self;
    const struct parse_config *c = ctx->config;
    task->finder = find_open(ctx, &c->wants);
    return task->finder != NULL ? GYRE_OK : ctx->error->code;
}

static void parse_close(void *self, struct gyre_ctx *ctx)
{
    struct parse_task *task = self;
    find_close(task->finder, ctx);
    task->finder = NULL;
}

static int is_kind_right(const struct cast *cast, const struct found *found)
{
    switch (cast->type) {
    case GYRE_TYPE_str: return 1;
    case GYRE_TYPE_bool: return found->kind == FOUND_BOOL;
    case GYRE_TYPE_time: return found->kind == FOUND_NUMBER || found->kind == FOUND_STRING;
    default: return found->kind == FOUND_NUMBER;
    }
}

/* Stores a value; 0 where it is none of the type. */
static int put_value(const struct parse_config *c, const struct cast *cast, struct gyre_out *out,
                     uint32_t to, const struct found *found)
{
    static const struct times iso = {.kind = TIMES_ISO};
    int has = found->kind != FOUND_NOTHING && found->kind != FOUND_NULL;
    if (has && !is_kind_right(cast, found))
        return 0;
    if (!has && !cast->nullable)
        return 0;
    if (!has) {
        cast_null(cast, out, to);
        return 1;
    }
    /* an empty string is a time as little as any other that is none: no null */
    if (cast->type == GYRE_TYPE_time && found->piece.len == 0)
        return 0;
    int is_iso = found->kind == FOUND_STRING && c->times.kind != TIMES_PATTERN;
    return cast_put(cast, is_iso ? &iso : &c->times, out, to, found->piece);
}

/* Stores a string: a view of the text, unless it was decoded. */
static void own_string(const struct cast *cast, struct gyre_out *out, uint32_t to,
                       struct piece text, struct piece piece)
{
    struct gyre_str *s = GYRE_OUT(out, cast->out, struct gyre_str) + to;
    uintptr_t at = (uintptr_t)piece.at, from = (uintptr_t)text.at;
    if (s->len > GYRE_STR_INLINE && (at < from || at >= from + text.len))
        *s = gyre_out_str(out, piece.at, piece.len);
}

static void tell_value(const struct parse_config *c, const struct cast *cast,
                       const struct found *found, char why[CAST_WHY])
{
    static const struct times iso = {.kind = TIMES_ISO};
    int is_string = found->kind == FOUND_STRING, is_time = cast->type == GYRE_TYPE_time;
    struct piece piece = found->piece;
    if (found->kind == FOUND_NOTHING || found->kind == FOUND_NULL)
        snprintf(why, CAST_WHY, "field `%s` is %s, and not nullable", cast->name,
                 found->kind == FOUND_NULL ? "null" : "missing");
    else
        snprintf(
            why, CAST_WHY, "field `%s`: %s%.*s%s%s is no %s%s%s", cast->name, is_string ? "\"" : "",
            (int)(piece.len < 60 ? piece.len : 60), piece.at, piece.len > 60 ? "..." : "",
            is_string ? "\"" : "", gyre_type_name(cast->type), is_time ? ", expected " : "",
            !is_time
                ? ""
                : times_expected(is_string && c->times.kind != TIMES_PATTERN ? &iso : &c->times));
}

/* Fills a row that is not there yet. `element` NULL: there is no array. 0 with the reason. */
static int fill_row(const struct parse_config *c, struct gyre_out *out, uint32_t to,
                    const struct found *value, const struct found *element, char why[CAST_WHY])
{
    for (uint32_t i = 0; i < c->fields.n; i++) {
        const struct found *found = c->is_of_element[i] ? &element[i] : &value[i];
        if (put_value(c, &c->casts[i], out, to, found))
            continue;
        tell_value(c, &c->casts[i], found, why);
        return 0;
    }
    return 1;
}

/* Makes the row that has been filled one that is put out. */
static void end_row(const struct parse_config *c, struct gyre_out *out, uint32_t to,
                    const struct gyre_batch *in, uint32_t row, struct piece text,
                    const struct found *value, const struct found *element)
{
    for (uint32_t i = 0; i < c->fields.n; i++)
        if (gyre_type_is_str(c->casts[i].type))
            own_string(&c->casts[i], out, to, text,
                       c->is_of_element[i] ? element[i].piece : value[i].piece);
    kept_put(&c->kept, out, to, in, row);
    kept_end_row(out, to, gyre_row_time(in, row));
}

/* Puts out the rows of a text that was walked over; 0 with the reason where there is a bad one. */
static int put_rows(const struct parse_task *task, struct gyre_ctx *ctx,
                    const struct gyre_batch *in, uint32_t row, struct piece text,
                    char why[CAST_WHY])
{
    const struct parse_config *c = ctx->config;
    struct gyre_out *out = ctx->outputs[0];
    const struct found *value = find_value(task->finder), *element = NULL;
    size_t n = c->flat != NULL ? find_elements(task->finder) : 1;
    for (int is_sure = n == 1; is_sure < 2; is_sure++)
        for (size_t i = 0; i < n; i++) {
            uint32_t to = kept_next_row(out);
            if (c->flat != NULL)
                element = find_element(task->finder, i);
            if (!fill_row(c, out, to, value, element, why))
                return 0;
            if (is_sure)
                end_row(c, out, to, in, row, text, value, element);
        }
    return 1;
}

static int32_t parse_row(const struct parse_task *task, struct gyre_ctx *ctx,
                         const struct gyre_batch *in, uint32_t row)
{
    const struct parse_config *c = ctx->config;
    const struct gyre_str *s = GYRE_COLUMN(in, c->in, struct gyre_str) + row;
    struct piece text = {gyre_str_data(s), s->len};
    char why[CAST_WHY];
    if (gyre_is_null(in, c->in, row)) {
        gyre_bad_row(ctx, in, row, "field `%s` is null: there is nothing to parse", c->field);
        return GYRE_OK;
    }
    if (!find_all(task->finder, ctx, text, why)) {
        if (why[0] == 0)
            return gyre_fail(ctx, GYRE_ENOMEM, "no memory for a text of %u bytes", text.len);
        gyre_bad_row(ctx, in, row, "%s", why);
    } else if (!put_rows(task, ctx, in, row, text, why)) {
        gyre_bad_row(ctx, in, row, "%s", why);
    }
    return GYRE_OK;
}

static int32_t parse_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const struct parse_config *c = ctx->config;
    int32_t code = GYRE_OK;
    kept_adopt(&c->kept, ctx->outputs[0], in);
    for (uint32_t i = 0; i < c->fields.n; i++)
        if (gyre_type_is_str(c->casts[i].type))
            gyre_out_adopt(ctx->outputs[0], c->casts[i].out, in, c->in);
    GYRE_ROWS(in, row)
    {
        if (code == GYRE_OK)
            code = parse_row(self, ctx, in, row);
    }
    return code;
}

static const struct gyre_option members[] = {
    GYRE_OPT(struct wanted, name, STRING, NULL, GYRE_REQUIRED, "the name of the field"),
    GYRE_OPT(struct wanted, path, STRING, NULL, 0,
             "where its value is, as in \"user.id\" or \"items[0]['a b']\"; without it, under the "
             "key of its name"),
    GYRE_OPT_CHOICE(struct wanted, type, "str", "str|i64|f64|i32|bool|time",
                    "a str is what a string holds, and the JSON of any other value"),
    GYRE_OPT(struct wanted, nullable, BOOL, "false", 0, "null where there is no value, or null"),
};
static const struct gyre_option options[] = {
    GYRE_OPT(struct parse_config, field, FIELD, "line", 0, "the field with the JSON"),
    GYRE_OPT_GROUPS(struct parse_config, fields, members, sizeof members / sizeof members[0],
                    struct wanted, GYRE_REQUIRED,
                    "the fields: { name = \"id\"; path = \"user.id\"; type = \"i64\"; }, ..."),
    GYRE_OPT(struct parse_config, flat, STRING, NULL, 0,
             "the path of an array: a row for each of its elements, and none where there is no "
             "array; paths that begin with it are of the element, as \"items.sku\" is with "
             "\"items\""),
    GYRE_OPT(struct parse_config, time_format, STRING, NULL, 0,
             "how times are written: us (default), ms or s since the epoch, iso, or a strptime "
             "pattern"),
    GYRE_OPT_CHOICE(struct parse_config, keep, "rest", "rest|none|all",
                    "which fields of the row stay in front: rest: all but the one with the JSON"),
};
static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "rows with a text of JSON");
static const struct gyre_port output =
    GYRE_PORT("out", 0, NULL, 0, "a row for each, or for each element of its array");

const struct gyre_operator gyre_op_parse = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "parse",
    .doc = "Makes fields of what paths lead to in texts of JSON.",
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
