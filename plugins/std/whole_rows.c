/* plugins/std/whole_rows.c: see whole_rows.h. */
#include "whole_rows.h"

int whole_rows_is_key(const struct gyre_bind *bind, const char *name)
{
    for (uint32_t k = 0; k < bind->n_keys; k++)
        if (strcmp(bind->keys[k], name) == 0)
            return 1;
    return 0;
}

/* Bounds of windows that rows have from an operator before: those of this one take their place. */
static int is_bound(const struct gyre_bind *bind, const char *name)
{
    return bind->window != NULL &&
           (strcmp(name, "window_start") == 0 || strcmp(name, "window_end") == 0);
}

static int32_t bind_column(struct whole_rows *rows, struct gyre_bind *bind,
                           const struct gyre_field *field)
{
    int32_t in = bind->read(bind, 0, field->name, NULL);
    int32_t out = in < 0 ? in : bind->write(bind, 0, field->type, field->name, field->flags);
    if (out < 0)
        return out;
    rows->columns[rows->n++] = (struct whole_column){field->type, (uint32_t)in, (uint32_t)out,
                                                     field->flags & GYRE_NULLABLE};
    return GYRE_OK;
}

int32_t whole_rows_bind(struct whole_rows *rows, struct gyre_bind *bind, int with_key)
{
    const struct gyre_schema *schema = bind->inputs[0];
    int32_t code = GYRE_OK;
    rows->columns = bind->alloc(bind, ((size_t)schema->n_fields + 1) * sizeof *rows->columns);
    if (rows->columns == NULL)
        return GYRE_ENOMEM;
    for (uint32_t k = 0; with_key && code == GYRE_OK && k < bind->n_keys; k++)
        code = bind_column(
            rows, bind,
            gyre_schema_field(schema, (uint32_t)gyre_schema_find(schema, bind->keys[k])));
    for (uint32_t i = 0; code == GYRE_OK && i < schema->n_fields; i++) {
        const struct gyre_field *field = gyre_schema_field(schema, i);
        if (!whole_rows_is_key(bind, field->name) && !is_bound(bind, field->name))
            code = bind_column(rows, bind, field);
    }
    return code;
}

uint32_t whole_rows_put(const struct whole_rows *rows, struct gyre_out *out,
                        const struct gyre_batch *in, uint32_t row)
{
    uint32_t to = gyre_out_row(out, GYRE_NO_TIME);
    for (uint32_t i = 0; i < rows->n; i++) {
        const struct whole_column *column = &rows->columns[i];
        size_t size = gyre_type_size(column->type);
        const char *from = (const char *)in->columns[column->in].data + row * size;
        if (column->nullable)
            out->valid[column->out][to] = !gyre_is_null(in, column->in, row);
        if (gyre_type_is_str(column->type)) {
            const struct gyre_str *s = (const void *)from;
            GYRE_OUT(out, column->out, struct gyre_str)
            [to] = gyre_out_str(out, gyre_str_data(s), s->len);
        } else {
            memcpy((char *)out->data[column->out] + to * size, from, size);
        }
    }
    return to;
}
