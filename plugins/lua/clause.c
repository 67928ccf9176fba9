/* plugins/lua/clause.c: see clause.h. */
#include "clause.h"

static void *of_bind(void *host, size_t size)
{
    struct gyre_bind *bind = host;
    return bind->alloc(bind, size);
}

int32_t clause_tell(const struct clause *clause, struct gyre_bind *bind, const char *option)
{
    const struct expr *e = &clause->expr;
    const char *dot = strrchr(option, '.'), *name = dot != NULL ? dot + 1 : option;
    struct gyre_place place = {.size = sizeof place};
    char text[GYRE_ERROR_TEXT];
    int n = snprintf(text, sizeof text, "%.64s: ", name);
    expr_tell(e, text + n, sizeof text - (size_t)n);
    bind->place(bind, option, expr_line(e, e->error.at) + 1, &place);
    return bind->fail_at(bind, GYRE_EINVAL, &place, text);
}

/* Where each line of the text stands, for what is told of rows. */
static int place_lines(struct clause *clause, struct gyre_bind *bind, const char *option)
{
    struct expr *e = &clause->expr;
    uint32_t n = expr_line(e, e->n) + 1;
    e->places = bind->alloc(bind, n * sizeof *e->places);
    if (e->places == NULL)
        return lex_fail(&e->error, 0, "out of memory");
    for (uint32_t i = 0; i < n; i++) {
        e->places[i].size = sizeof e->places[i];
        bind->place(bind, option, i + 1, &e->places[i]);
    }
    return 0;
}

int clause_compile(struct clause *clause, struct gyre_bind *bind, const char *option,
                   const char *text, const struct gyre_schema *schema, uint32_t type)
{
    struct expr *e = &clause->expr;
    *e = (struct expr){.source = text,
                       .n = (uint32_t)strlen(text),
                       .schema = schema,
                       .alloc = of_bind,
                       .host = bind};
    if (expr_parse(e) != 0 || expr_check(e) != 0)
        return -1;
    clause->type = type != CLAUSE_ANY ? type : e->root->type != 0 ? e->root->type : GYRE_TYPE_i64;
    if (expr_emit(e, clause->type) != 0)
        return -1;
    return place_lines(clause, bind, option) != 0 || (!bind->dry && run_try(e) != 0) ? -1 : 0;
}

int32_t clause_bind(struct clause *clause, struct gyre_bind *bind, const char *option,
                    const char *text, const struct gyre_schema *schema, uint32_t type)
{
    if (clause_compile(clause, bind, option, text, schema, type) != 0)
        return clause_tell(clause, bind, option);
    const struct expr *e = &clause->expr;
    clause->columns = bind->alloc(bind, (e->n_fields + 1) * sizeof *clause->columns);
    if (clause->columns == NULL)
        return GYRE_ENOMEM;
    for (uint32_t k = 0; k < e->n_fields; k++) {
        int32_t at = bind->read(bind, 0, gyre_schema_field(schema, e->fields[k].in)->name, option);
        if (at < 0)
            return at;
        clause->columns[k] = (uint32_t)at;
    }
    return 0;
}

struct run *clause_open(const struct clause *clause, struct gyre_ctx *ctx)
{
    return run_new(ctx, &clause->expr);
}

void clause_columns(const struct clause *clause, struct run *run, const struct gyre_batch *in)
{
    for (uint32_t k = 0; k < run->n_fields; k++) {
        const struct gyre_column *column = &in->columns[clause->columns[k]];
        run->data[k] = column->data;
        run->valid[k] = run_valid(column);
    }
    run->is_dense = in->selection == NULL;
    run->rows = in->selection == NULL ? in->rows : in->kept;
    run->selection = (const int32_t *)in->selection;
}

void clause_report(struct run *run, const struct gyre_batch *in)
{
    char text[GYRE_ERROR_TEXT];
    for (uint32_t k = 0; k < run->n_bad; k++) {
        run_bad(run, k, text, sizeof text);
        gyre_bad_row(run->ctx, in, (uint32_t)run->bad_row[k], "%s", text);
    }
}
