/* Output ports with their fields, and what is read of an input; see build.h. */
#include "graph/build.h"

uint32_t gy_build_add_read(struct gy_build *b, struct gy_input *in, uint32_t field)
{
    for (uint32_t i = 0; i < in->n_reads; i++)
        if (in->reads[i] == field)
            return i;
    uint32_t *reads = gy_build_room(b, in->reads, in->n_reads, sizeof *reads);
    if (reads == NULL)
        return 0;
    in->reads = reads;
    in->reads[in->n_reads] = field;
    return in->n_reads++;
}

/* Appends an own column; its index. */
static int32_t add_own(struct gy_build *b, struct gy_output *out, const struct gyre_field *field)
{
    struct gyre_field *own = gy_build_room(b, out->own, out->n_own, sizeof *own);
    if (own == NULL)
        return -1;
    out->own = own;
    own[out->n_own] = *field;
    return (int32_t)out->n_own++;
}

bool gy_build_add_field(struct gy_build *b, struct gy_output *out, const struct gyre_field *field,
                        const char *name, int32_t input, int32_t *own)
{
    uint32_t n = out->schema.n_fields;
    int32_t at = n > 0 ? gyre_schema_find(&out->schema, name) : -1;
    struct gyre_field copy = {.size = (uint32_t)sizeof copy,
                              .type = field->type,
                              .name = gy_arena_ctl_strdup(b->scope.arena, name),
                              .flags = field->flags & GYRE_NULLABLE};
    if (at >= 0 && (input >= 0 || out->origins[at].own >= 0))
        return false;
    if (at < 0) {
        struct gyre_field *fields =
            gy_build_room(b, (void *)(uintptr_t)out->schema.fields, n, sizeof *fields);
        struct gy_origin *origins = gy_build_room(b, out->origins, n, sizeof *origins);
        if (fields == NULL || origins == NULL || copy.name == NULL)
            return true; /* out of memory, told at the end */
        out->schema.fields = fields;
        out->origins = origins;
        at = (int32_t)out->schema.n_fields++;
    }
    struct gyre_field *fields = (void *)(uintptr_t)out->schema.fields;
    fields[at] = copy;
    out->origins[at] = (struct gy_origin){-1, input};
    if (input < 0)
        out->origins[at].own = add_own(b, out, &copy);
    if (own != NULL)
        *own = out->origins[at].own;
    return true;
}

void gy_build_add_output(struct gy_build *b, struct gy_build_node *bn, const char *name,
                         uint32_t flags)
{
    struct gy_node *node = bn->node;
    struct gy_output *outputs = gy_build_room(b, node->outputs, node->n_outputs, sizeof *outputs);
    if (outputs == NULL)
        return;
    node->outputs = outputs;
    outputs[node->n_outputs++] =
        (struct gy_output){.name = gy_arena_ctl_strdup(b->scope.arena, name),
                           .flags = flags,
                           .schema = {.size = (uint32_t)sizeof(struct gyre_schema)}};
}
