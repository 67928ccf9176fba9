/* plugins/lua/pair.c: see pair.h. */
#include "pair.h"

/* The input's fields twice, as `old.NAME` and `new.NAME`. */
static const struct gyre_schema *both_rows(struct gyre_bind *bind)
{
    const struct gyre_schema *in = bind->inputs[0];
    struct gyre_schema *both = bind->alloc(bind, sizeof *both);
    struct gyre_field *fields = bind->alloc(bind, (2 * in->n_fields + 1) * sizeof *fields);
    if (both == NULL || fields == NULL)
        return NULL;
    for (uint32_t i = 0; i < 2 * in->n_fields; i++) {
        const struct gyre_field *f = gyre_schema_field(in, i / 2);
        size_t n = strlen(f->name) + sizeof "old.";
        char *name = bind->alloc(bind, n);
        if (name == NULL)
            return NULL;
        snprintf(name, n, "%s.%s", i % 2 != 0 ? "new" : "old", f->name);
        fields[i] = (struct gyre_field){(uint32_t)sizeof *fields, f->type, name, f->flags, 0};
    }
    *both = (struct gyre_schema){(uint32_t)sizeof *both, 2 * in->n_fields, fields};
    return both;
}

int32_t pair_bind(struct pair *pair, struct gyre_bind *bind, const char *option, const char *text,
                  uint32_t type)
{
    const struct gyre_schema *both = both_rows(bind);
    const struct expr *e = &pair->clause.expr;
    if (both == NULL)
        return GYRE_ENOMEM;
    if (clause_compile(&pair->clause, bind, option, text, both, type) != 0)
        return clause_tell(&pair->clause, bind, option);
    pair->at = bind->alloc(bind, (e->n_fields + 1) * sizeof *pair->at);
    pair->is_new = bind->alloc(bind, e->n_fields + 1);
    if (pair->at == NULL || pair->is_new == NULL)
        return GYRE_ENOMEM;
    for (uint32_t k = 0; k < e->n_fields; k++) {
        uint32_t in = e->fields[k].in;
        int32_t at = bind->read(bind, 0, gyre_schema_field(bind->inputs[0], in / 2)->name, option);
        if (at < 0)
            return at;
        pair->at[k] = (uint32_t)at;
        pair->is_new[k] = in % 2 != 0;
    }
    return GYRE_OK;
}

int32_t pair_run(const struct pair *pair, struct run *run, const struct gyre_batch *old_rows,
                 uint32_t a, const struct gyre_batch *new_rows, uint32_t b, void *out)
{
    const struct expr *e = &pair->clause.expr;
    for (uint32_t k = 0; k < e->n_fields; k++) {
        const struct gyre_batch *of = pair->is_new[k] ? new_rows : old_rows;
        const struct gyre_column *column = &of->columns[pair->at[k]];
        size_t row = pair->is_new[k] ? b : a;
        run->data[k] = (const char *)column->data + row * gyre_type_size(e->fields[k].type);
        run->valid[k] = run_valid(column);
        if (column->valid != NULL)
            run->valid[k] += row;
    }
    run->is_dense = 1;
    run->rows = 1;
    run->selection = NULL;
    run->out = out;
    int32_t code = run_rows(run);
    if (code != 0 || run->n_bad == 0)
        return code;
    char text[GYRE_ERROR_TEXT];
    run_bad(run, 0, text, sizeof text);
    return gyre_fail(run->ctx, GYRE_EFAIL, "%s", text);
}
