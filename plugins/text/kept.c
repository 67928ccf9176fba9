/* plugins/text/kept.c: see kept.h. */
#include "kept.h"

int32_t kept_bind_text(struct gyre_bind *bind, const char *field, const char *what, uint32_t *in)
{
    int32_t read = bind->read(bind, 0, field, "field");
    int32_t at = read >= 0 ? gyre_schema_find(bind->inputs[0], field) : -1;
    if (at < 0)
        return read < 0 ? read : GYRE_EINVAL;
    *in = (uint32_t)read;
    uint32_t type = gyre_schema_field(bind->inputs[0], (uint32_t)at)->type;
    if (!gyre_type_is_str(type))
        return gyre_bind_fail(bind, GYRE_EINVAL, "field", "field `%s` is %s: %s", field,
                              gyre_type_name(type), what);
    return GYRE_OK;
}

int32_t kept_bind(struct kept *kept, struct gyre_bind *bind, int32_t keep, const char *field)
{
    const struct gyre_schema *schema = bind->inputs[0];
    kept->columns = bind->alloc(bind, ((size_t)schema->n_fields + 1) * sizeof *kept->columns);
    if (kept->columns == NULL)
        return GYRE_ENOMEM;
    for (uint32_t i = 0; keep != KEEP_NONE && i < schema->n_fields; i++) {
        const struct gyre_field *f = gyre_schema_field(schema, i);
        if (keep == KEEP_REST && strcmp(f->name, field) == 0)
            continue;
        int32_t in = bind->read(bind, 0, f->name, NULL);
        int32_t out = in < 0 ? in : bind->write(bind, 0, f->type, f->name, f->flags);
        if (out < 0)
            return out;
        kept->columns[kept->n++] = (struct kept_column){f->type, (uint32_t)in, (uint32_t)out};
    }
    return GYRE_OK;
}

void kept_adopt(const struct kept *kept, struct gyre_out *out, const struct gyre_batch *in)
{
    for (uint32_t i = 0; i < kept->n; i++)
        if (gyre_type_is_str(kept->columns[i].type))
            gyre_out_adopt(out, kept->columns[i].out, in, kept->columns[i].in);
}

void kept_put(const struct kept *kept, struct gyre_out *out, uint32_t to,
              const struct gyre_batch *in, uint32_t row)
{
    for (uint32_t i = 0; i < kept->n; i++) {
        const struct kept_column *k = &kept->columns[i];
        size_t size = gyre_type_size(k->type);
        if (out->valid[k->out] != NULL)
            out->valid[k->out][to] = !gyre_is_null(in, k->in, row);
        memcpy((char *)out->data[k->out] + to * size,
               (const char *)in->columns[k->in].data + row * size, size);
    }
}
