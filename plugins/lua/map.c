/* plugins/lua/map.c: lua.map. Each entry of `set` is an expression that sees the fields as the entries before it
 * have left them; what it gives is a column of the output, or where a later entry replaces that, one of the
 * task's own that is gone with the batch. A field under a new name is passed on by reference. */
#include "map.h"
#include "clause.h"

struct entry {
    const char *name;
    int32_t type; /* of `types` */
    const char *value;
};

/* Where a field of the schema that an expression sees is. */
struct origin {
    int32_t entry; /* that made it; -1: the input */
};

struct made {
    struct clause clause;
    struct origin *origins; /* of each of the expression's fields */
    int32_t column;         /* in out->data; -1: nowhere but in the task's own */
    uint32_t nullable;
    int32_t is_passed; /* by reference: nothing is computed */
};

struct map_config {
    struct gyre_groups set;
    /* made by bind */
    struct made *made;
    uint32_t n_views; /* input columns of strings that are read, whose bytes results may share */
    uint32_t *views;
};

/* A column that is no output's. */
struct kept {
    void *data;
    uint8_t *valid;
};

struct map {
    struct run **runs;
    struct kept *kept;
    int32_t alive[GYRE_BATCH_ROWS]; /* rows that no entry has found bad */
    uint32_t n;
};

static const uint32_t types[] = {CLAUSE_ANY,    GYRE_TYPE_bool, GYRE_TYPE_i32, GYRE_TYPE_i64,
                                 GYRE_TYPE_f64, GYRE_TYPE_time, GYRE_TYPE_str, GYRE_TYPE_bytes};

static const struct entry *entry_of(const struct map_config *c, uint32_t i)
{
    return (const struct entry *)(const void *)((const char *)c->set.items +
                                                (size_t)i * c->set.stride);
}

/* ---- bind -------------------------------------------------------------------------------------- */

/* The fields as they are before an entry. */
struct view {
    struct gyre_schema schema;
    struct gyre_field *fields;
    struct origin *origins;
};

static int view_init(struct view *v, struct gyre_bind *bind, uint32_t entries)
{
    const struct gyre_schema *in = bind->inputs[0];
    size_t room = (size_t)in->n_fields + entries;
    v->fields = bind->alloc(bind, (room + 1) * sizeof *v->fields);
    v->origins = bind->alloc(bind, (room + 1) * sizeof *v->origins);
    if (v->fields == NULL || v->origins == NULL)
        return -1;
    for (uint32_t i = 0; i < in->n_fields; i++) {
        v->fields[i] = *gyre_schema_field(in, i);
        v->fields[i].size = sizeof *v->fields;
        v->origins[i].entry = -1;
    }
    v->fields[in->n_fields].size = sizeof *v->fields;
    v->schema = (struct gyre_schema){sizeof v->schema, in->n_fields, v->fields};
    return 0;
}

/* Puts what entry i makes in the place of its name. */
static void view_put(struct view *v, const char *name, uint32_t type, uint32_t nullable, uint32_t i)
{
    int32_t at = gyre_schema_find(&v->schema, name);
    if (at < 0)
        at = (int32_t)v->schema.n_fields++;
    v->fields[at] = (struct gyre_field){sizeof *v->fields, type, name, nullable, 0};
    v->origins[at].entry = (int32_t)i;
}

static int32_t tell(struct map_config *c, struct gyre_bind *bind, uint32_t i, const char *member)
{
    char option[64];
    snprintf(option, sizeof option, "set[%u].%s", i, member);
    return clause_tell(&c->made[i].clause, bind, option);
}

static int32_t add_view(struct map_config *c, uint32_t column)
{
    for (uint32_t k = 0; k < c->n_views; k++)
        if (c->views[k] == column)
            return 0;
    c->views[c->n_views++] = column;
    return 0;
}

/* Asks for the input's fields that an expression reads, and keeps where the others are. */
static int32_t bind_fields(struct map_config *c, struct gyre_bind *bind, const struct view *v,
                           uint32_t i)
{
    struct made *made = &c->made[i];
    const struct expr *e = &made->clause.expr;
    made->origins = bind->alloc(bind, (e->n_fields + 1) * sizeof *made->origins);
    made->clause.columns = bind->alloc(bind, (e->n_fields + 1) * sizeof(uint32_t));
    if (made->origins == NULL || made->clause.columns == NULL)
        return GYRE_ENOMEM;
    for (uint32_t k = 0; k < e->n_fields; k++) {
        const struct gyre_field *field = &v->fields[e->fields[k].in];
        made->origins[k] = v->origins[e->fields[k].in];
        if (made->origins[k].entry >= 0)
            continue;
        int32_t at = bind->read(bind, 0, field->name, "set");
        if (at < 0)
            return at;
        made->clause.columns[k] = (uint32_t)at;
        if (gyre_type_is_str(field->type))
            add_view(c, (uint32_t)at);
    }
    return 0;
}

static int is_replaced(const struct map_config *c, uint32_t i)
{
    for (uint32_t k = i + 1; k < c->set.n; k++)
        if (strcmp(entry_of(c, i)->name, entry_of(c, k)->name) == 0)
            return 1;
    return 0;
}

/* A field of the input under a new name is passed on as it is. */
static int32_t pass_field(struct map_config *c, struct gyre_bind *bind, const struct view *v,
                          uint32_t i, const struct gyre_field *field)
{
    const struct entry *entry = entry_of(c, i);
    c->made[i].is_passed = 1;
    (void)v;
    return bind->pass(bind, 0, field->name, entry->name, "set");
}

static int32_t bind_entry(struct map_config *c, struct gyre_bind *bind, struct view *v, uint32_t i)
{
    const struct entry *entry = entry_of(c, i);
    struct made *made = &c->made[i];
    struct expr *e = &made->clause.expr;
    made->column = -1;
    if (entry->name[0] == 0) {
        *e = (struct expr){.source = ""};
        lex_fail(&e->error, 0, "a field needs a name");
        return tell(c, bind, i, "name");
    }
    char option[64];
    snprintf(option, sizeof option, "set[%u].value", i);
    if (clause_compile(&made->clause, bind, option, entry->value, &v->schema, types[entry->type]) !=
        0)
        return tell(c, bind, i, "value");
    const struct expr_node *root = e->root;
    const struct gyre_field *field = root->op == EXPR_FIELD ? &v->fields[e->fields[0].in] : NULL;
    if (field != NULL && types[entry->type] == CLAUSE_ANY && field->type != made->clause.type) {
        made->clause.type = field->type; /* an i32 stays one */
        if (expr_emit(e, field->type) != 0)
            return tell(c, bind, i, "value");
    }
    made->nullable = root->nullable ? GYRE_NULLABLE : 0;
    int32_t code = bind_fields(c, bind, v, i);
    int is_last = !is_replaced(c, i);
    if (code == 0 && is_last && field != NULL && made->clause.type == field->type &&
        made->origins[0].entry < 0 && gyre_schema_find(bind->inputs[0], entry->name) < 0)
        code = pass_field(c, bind, v, i, field);
    else if (code == 0 && is_last)
        made->column = code = bind->write(bind, 0, made->clause.type, entry->name, made->nullable);
    view_put(v, entry->name, made->clause.type, made->nullable, i);
    return code < 0 ? code : 0;
}

static int32_t map_bind(void *config, struct gyre_bind *bind)
{
    struct map_config *c = config;
    struct view view;
    int32_t code = bind->pass_all(bind, 0);
    if (c->set.n == 0)
        return gyre_bind_fail(bind, GYRE_EINVAL, "set", "an empty list: nothing is set");
    c->made = bind->alloc(bind, c->set.n * sizeof *c->made);
    c->views = bind->alloc(bind, (bind->inputs[0]->n_fields + 1) * sizeof *c->views);
    if (c->made == NULL || c->views == NULL || view_init(&view, bind, c->set.n) != 0)
        return GYRE_ENOMEM;
    for (uint32_t i = 0; i < c->set.n; i++) {
        int32_t bound = bind_entry(c, bind, &view, i);
        if (bound >= 0)
            continue;
        code = bound; /* go on: each mistake is told, with a field of the type that was meant */
        uint32_t type = types[entry_of(c, i)->type];
        if (type == CLAUSE_ANY)
            break;
        view_put(&view, entry_of(c, i)->name, type, 0, i);
    }
    return code < 0 ? code : 0;
}

/* ---- tasks ------------------------------------------------------------------------------------- */

static int32_t open_entry(struct map *m, struct gyre_ctx *ctx, uint32_t i)
{
    const struct map_config *c = ctx->config;
    const struct made *made = &c->made[i];
    if (made->is_passed)
        return 0;
    m->runs[i] = clause_open(&made->clause, ctx);
    if (m->runs[i] == NULL)
        return ctx->error->code;
    m->runs[i]->to = ctx->outputs[0];
    if (made->column >= 0)
        return 0;
    m->kept[i].data =
        gyre_alloc(ctx, NULL, (size_t)GYRE_BATCH_ROWS * gyre_type_size(made->clause.type));
    m->kept[i].valid = gyre_alloc(ctx, NULL, GYRE_BATCH_ROWS);
    return m->kept[i].data != NULL && m->kept[i].valid != NULL ? 0 : GYRE_ENOMEM;
}

static int32_t map_open(void *self, struct gyre_ctx *ctx)
{
    struct map *m = self;
    const struct map_config *c = ctx->config;
    m->runs = gyre_alloc(ctx, NULL, c->set.n * sizeof(struct run *));
    m->kept = gyre_alloc(ctx, NULL, c->set.n * sizeof *m->kept);
    if (m->runs == NULL || m->kept == NULL)
        return gyre_fail(ctx, GYRE_ENOMEM, "no memory for %u columns", c->set.n);
    m->n = c->set.n;
    for (uint32_t i = 0; i < m->n; i++) {
        int32_t code = open_entry(m, ctx, i);
        if (code == GYRE_ENOMEM && ctx->error->code == 0)
            return gyre_fail(ctx, code, "no memory for a column");
        if (code != 0)
            return code;
    }
    return GYRE_OK;
}

static void release(struct gyre_ctx *ctx, void *memory)
{
    if (memory != NULL)
        gyre_alloc(ctx, memory, 0);
}

static void map_close(void *self, struct gyre_ctx *ctx)
{
    struct map *m = self;
    for (uint32_t i = 0; i < m->n; i++) {
        run_free(m->runs[i]);
        release(ctx, m->kept[i].data);
        release(ctx, m->kept[i].valid);
    }
    release(ctx, m->runs);
    release(ctx, m->kept);
    *m = (struct map){.n = 0};
}

/* ---- rows -------------------------------------------------------------------------------------- */

/* The column that entry i has made, of this batch. */
static struct gyre_column column_of(const struct map *m, const struct map_config *c,
                                    const struct gyre_ctx *ctx, uint32_t i)
{
    const struct gyre_out *out = ctx->outputs[0];
    int32_t k = c->made[i].column;
    if (k >= 0)
        return (struct gyre_column){out->data[k], out->valid[k]};
    return (struct gyre_column){m->kept[i].data, m->kept[i].valid};
}

/* Points an expression's fields at the input's columns, or those of entries before it. One that was passed on is
 * the input's. */
static void point_fields(const struct map *m, struct gyre_ctx *ctx, const struct gyre_batch *in,
                         uint32_t i)
{
    const struct map_config *c = ctx->config;
    const struct made *made = &c->made[i];
    struct run *run = m->runs[i];
    for (uint32_t k = 0; k < run->n_fields; k++) {
        int32_t from = made->origins[k].entry;
        struct gyre_column column;
        if (from >= 0 && c->made[from].is_passed)
            column = in->columns[c->made[from].clause.columns[0]];
        else
            column = from < 0 ? in->columns[made->clause.columns[k]]
                              : column_of(m, c, ctx, (uint32_t)from);
        run->data[k] = column.data;
        run->valid[k] = run_valid(&column);
    }
}

/* Takes the bad rows of a run out of those that are alive. */
static void bury(struct map *m, const struct run *run, const int32_t **alive, uint32_t *n)
{
    uint32_t left = 0, bad = 0;
    for (uint32_t j = 0; j < *n; j++) {
        int32_t row = *alive != NULL ? (*alive)[j] : (int32_t)j;
        if (bad < run->n_bad && run->bad_row[bad] == row)
            bad++;
        else
            m->alive[left++] = row;
    }
    *alive = m->alive;
    *n = left;
}

static void adopt(const struct map_config *c, struct gyre_out *out, const struct gyre_batch *in)
{
    for (uint32_t i = 0; i < c->set.n; i++)
        for (uint32_t k = 0; c->made[i].column >= 0 && k < c->n_views; k++)
            if (gyre_type_is_str(c->made[i].clause.type))
                gyre_out_adopt(out, (uint32_t)c->made[i].column, in, c->views[k]);
}

static int32_t map_process(void *self, struct gyre_ctx *ctx, const struct gyre_batch *in)
{
    struct map *m = self;
    const struct map_config *c = ctx->config;
    const int32_t *alive = (const int32_t *)in->selection;
    uint32_t n = alive != NULL ? in->kept : in->rows;
    adopt(c, ctx->outputs[0], in);
    for (uint32_t i = 0; i < c->set.n; i++) {
        struct run *run = m->runs[i];
        if (c->made[i].is_passed)
            continue;
        point_fields(m, ctx, in, i);
        struct gyre_column to = column_of(m, c, ctx, i);
        run->out = (void *)(uintptr_t)to.data;
        run->out_valid = (uint8_t *)(uintptr_t)to.valid;
        run->is_dense = alive == NULL;
        run->selection = alive;
        run->rows = n;
        int32_t code = run_rows(run);
        if (code != 0)
            return code;
        clause_report(run, in);
        if (run->n_bad != 0)
            bury(m, run, &alive, &n);
    }
    return GYRE_OK;
}

static const struct gyre_option members[] = {
    GYRE_OPT(struct entry, name, STRING, NULL, GYRE_REQUIRED,
             "the field: a new one, or one that is replaced"),
    GYRE_OPT_CHOICE(struct entry, type, "auto", "auto|bool|i32|i64|f64|time|str|bytes",
                    "its type; auto: what the expression gives"),
    GYRE_OPT(struct entry, value, STRING, NULL, GYRE_REQUIRED,
             "an expression, as Lua has it: \"price * quantity\"; it sees what the entries before "
             "it have set"),
};
static const struct gyre_option options[] = {
    GYRE_OPT_GROUPS(struct map_config, set, members, sizeof members / sizeof members[0],
                    struct entry, GYRE_REQUIRED, "the fields that are set, in order"),
};
static const struct gyre_port input = GYRE_PORT("in", 0, NULL, 0, "rows");
static const struct gyre_port output =
    GYRE_PORT("out", GYRE_PORT_ALIGNED, NULL, 0, "the rows, with these fields");

const struct gyre_operator gyre_op_map = {
    .size = sizeof(struct gyre_operator),
    .kind = GYRE_TRANSFORM,
    .name = "map",
    .doc = "Adds and replaces fields, each by an expression.",
    .flags = GYRE_MASK_AWARE | GYRE_WANTS_SELECTION,
    .config_size = sizeof(struct map_config),
    .instance_size = sizeof(struct map),
    .options = options,
    .n_options = sizeof options / sizeof options[0],
    .inputs = &input,
    .n_inputs = 1,
    .outputs = &output,
    .n_outputs = 1,
    .bind = map_bind,
    .open = map_open,
    .close = map_close,
    .process = map_process,
};
