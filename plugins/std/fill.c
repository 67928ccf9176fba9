/* plugins/std/fill.c: puts a value in the place of nulls: a constant, or the last one of the key that was there,
 * or that and, where none has come yet, the constant. With a constant the fields are not nullable any more. */
#include "fill.h"

#include "../../runtime/base/number.h"

struct fill_column {
    const char *name;
    uint32_t type;
    uint32_t in;
    uint32_t out;
    uint32_t value_at; /* with `last`: offsets in the state */
    uint32_t has_at;
};

struct fill_config {
    struct gyre_strs fields;
    const char *value; /* NULL: none */
    int32_t last;
    /* made by bind */
    struct fill_column *columns;
    struct gyre_state_type *kept;
    struct gyre_state state;
    char (*constants)[16]; /* of each column, as its type has it */
};

/* ---- bind -------------------------------------------------------------------------------------- */

static int read_integer(uint32_t type, const char *text, void *to)
{
    int64_t v;
    if (gy_number_parse_i64(text, strlen(text), &v) != 0)
        return 0;
    if (type != GYRE_TYPE_i32) {
        memcpy(to, &v, sizeof v);
        return 1;
    }
    int32_t narrow = (int32_t)v;
    memcpy(to, &narrow, sizeof narrow);
    return narrow == v;
}

/* Reads `value` as the type has it; false where it is none. */
static int read_constant(uint32_t type, const char *text, void *to)
{
    struct gyre_str s = gyre_str_view(text, (uint32_t)strlen(text));
    double real;
    switch (type) {
    case GYRE_TYPE_bool:
        *(uint8_t *)to = strcmp(text, "true") == 0;
        return *(uint8_t *)to || strcmp(text, "false") == 0;
    case GYRE_TYPE_f64:
        if (gy_number_parse_f64(text, strlen(text), &real) != 0)
            return 0;
        memcpy(to, &real, sizeof real);
        return 1;
    case GYRE_TYPE_str:
    case GYRE_TYPE_bytes: memcpy(to, &s, sizeof s); return 1;
    default: return read_integer(type, text, to);
    }
}

static int32_t bind_column(struct fill_config *c, struct gyre_bind *bind, uint32_t i)
{
    const char *name = c->fields.items[i];
    struct fill_column *column = &c->columns[i];
    int32_t in = bind->read(bind, 0, name, "fields");
    int32_t at = in >= 0 ? gyre_schema_find(bind->inputs[0], name) : -1;
    if (at < 0)
        return in < 0 ? in : GYRE_EINVAL;
    const struct gyre_field *field = gyre_schema_field(bind->inputs[0], (uint32_t)at);
    *column = (struct fill_column){.name = field->name, .type = field->type, .in = (uint32_t)in};
    if (c->value != NULL && !read_constant(field->type, c->value, c->constants[i]))
        return gyre_bind_fail(bind, GYRE_EINVAL, "value",
                              "\"%s\" is no value of the field `%s`, which is %s", c->value, name,
                              gyre_type_name(field->type));
    int32_t out = bind->write(bind, 0, field->type, name,
                              c->value != NULL ? 0 : field->flags & GYRE_NULLABLE);
    column->out = (uint32_t)out;
    return out < 0 ? out : GYRE_OK;
}

static uint32_t place(struct gyre_state_type *type, struct gyre_member *members, const char *name,
                      uint32_t member_type)
{
    uint32_t size = gyre_type_size(member_type), align = size > 8 ? 8 : size;
    uint32_t at = (type->value_size + align - 1) / align * align;
    members[type->n_members++] = (struct gyre_member){name, member_type, at};
    type->value_size = at + size;
    return at;
}

/* The state of a key: the last value of each field, and whether there is one. */
static int32_t add_state(struct fill_config *c, struct gyre_bind *bind)
{
    struct gyre_member *members = bind->alloc(bind, 2 * (size_t)c->fields.n * sizeof *members);
    c->kept = bind->alloc(bind, sizeof *c->kept);
    if (members == NULL || c->kept == NULL)
        return GYRE_ENOMEM;
    *c->kept = (struct gyre_state_type){.size = sizeof *c->kept,
                                        .version = 1,
                                        .name = "last",
                                        .value_align = 8,
                                        .members = members};
    for (uint32_t i = 0; i < c->fields.n; i++) {
        struct fill_column *column = &c->columns[i];
        column->value_at = place(c->kept, members, column->name, column->type);
        column->has_at = place(c->kept, members, "has", GYRE_TYPE_bool);
    }
    c->kept->value_size = (c->kept->value_size + 7) / 8 * 8;
    c->state =
        (struct gyre_state)GYRE_STATE("last", VALUE, c->kept, "the last value of each field");
    int32_t id = bind->add_state(bind, &c->state);
    return id < 0 ? id : GYRE_OK;
}

static int32_t check_fields(const struct fill_config *c, struct gyre_bind *bind)
{
    if (c->fields.n == 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, "fields", "the list is empty");
    for (uint32_t i = 1; i < c->fields.n; i++)
        for (uint32_t k = 0; k < i; k++)
            if (strcmp(c->fields.items[i], c->fields.items[k]) == 0)
                return gyre_bind_fail(bind, GYRE_EINVAL, "fields", "the field `%s` stands twice",
                                      c->fields.items[i]);
    return GYRE_OK;
}

static int32_t fill_bind(void *config, struct gyre_bind *bind)
{
    struct fill_config *c = config;
    uint32_t n = c->fields.n;
    int32_t code = check_fields(c, bind);
    if (code != GYRE_OK)
        return code;
    if (c->value == NULL && !c->last)
        return gyre_bind_fail(bind, GYRE_EINVAL, NULL,
                              "needs `value`, what nulls become, or `last = true`");
    if (c->last && bind->n_keys == 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, "last",
                              "the last value of which rows? It needs a `key`");
    c->columns = bind->alloc(bind, ((size_t)n + 1) * sizeof *c->columns);
    c->constants = bind->alloc(bind, ((size_t)n + 1) * sizeof *c->constants);
    if (c->columns == NULL || c->constants == NULL)
        return GYRE_ENOMEM;
    code = bind->pass_all(bind, 0);
    for (uint32_t i = 0; i < n; i++) {
        int32_t bound = bind_column(c, bind, i);
        code = bound < 0 ? bound : code; /* go on: each wrong one is told */
    }
    return code >= 0 && c->last ? add_state(c, bind) : code;
}

/* ---- rows -------------------------------------------------------------------------------------- */

/* Puts a value out; what is not of this batch's bytes is copied. */
static void put(struct gyre_out *out, const struct fill_column *column, uint32_t row,
                const void *value, int is_own)
{
    size_t size = gyre_type_size(column->type);
    char *to = (char *)out->data[column->out] + row * size;
    if (out->valid[column->out] != NULL)
        out->valid[column->out][row] = value != NULL;
    if (value == NULL) {
        memset(to, 0, size);
    } else if (gyre_type_is_str(column->type) && !is_own) {
        const struct gyre_str *s = value;
        struct gyre_str copy = gyre_out_str(out, gyre_str_data(s), s->len);
        memcpy(to, &copy, sizeof copy);
    } else {
        memcpy(to, value, size);
    }
}

static int32_t keep(struct gyre_ctx *ctx, const struct fill_column *column, char *kept,
                    const void *value)
{
    kept[column->has_at] = 1;
    if (gyre_type_is_str(column->type))
        return gyre_state_str(ctx, (struct gyre_str *)(void *)(kept + column->value_at), value);
    memcpy(kept + column->value_at, value, gyre_type_size(column->type));
    return GYRE_OK;
}

static int32_t fill_column(struct gyre_ctx *ctx, const struct gyre_batch *in, uint32_t i,
                           void *const *slots)
{
    const struct fill_config *c = ctx->config;
    const struct fill_column *column = &c->columns[i];
    struct gyre_out *out = ctx->outputs[0];
    const char *data = in->columns[column->in].data;
    size_t size = gyre_type_size(column->type);
    const void *constant = c->value != NULL ? c->constants[i] : NULL;
    int32_t code = GYRE_OK;
    if (gyre_type_is_str(column->type))
        gyre_out_adopt(out, column->out, in, column->in);
    for (uint32_t row = 0; code == GYRE_OK && row < in->rows; row++) {
        char *kept = c->last ? slots[row] : NULL;
        if (!gyre_is_null(in, column->in, row)) {
            put(out, column, row, data + row * size, 1);
            code = kept != NULL ? keep(ctx, column, kept, data + row * size) : GYRE_OK;
        } else {
            int has = kept != NULL && kept[column->has_at];
            put(out, column, row, has ? kept + column->value_at : constant, 0);
        }
    }
    return code;
}

static int32_t fill_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    const struct fill_config *c = ctx->config;
    void *slots[GYRE_BATCH_ROWS];
    (void)self;
    int32_t code = c->last ? gyre_state_slots(ctx, 0, in, slots) : GYRE_OK;
    for (uint32_t i = 0; code == GYRE_OK && i < c->fields.n; i++)
        code = fill_column(ctx, in, i, slots);
    return code;
}

static const struct gyre_option options[] = {
    GYRE_OPT(struct fill_config, fields, FIELDS, NULL, GYRE_REQUIRED,
             "the fields whose nulls are filled"),
    GYRE_OPT(struct fill_config, value, STRING, NULL, 0,
             "what a null becomes, as text: \"0\", \"unknown\""),
    GYRE_OPT(struct fill_config, last, BOOL, "false", GYRE_OF_STATE,
             "the last value of the key that was no null; before there is one, `value`"),
};
static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "rows with nulls");
static const struct gyre_port output =
    GYRE_PORT("out", GYRE_PORT_ALIGNED, NULL, 0, "the rows, with values in their place");

const struct gyre_operator gyre_op_fill = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "fill",
    .doc = "Fills nulls: with a value, or the last one of the key.",
    .config_size = sizeof(struct fill_config),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .needs = GYRE_FEATURE_STATE,
    .bind = fill_bind,
    .process = fill_process,
};
