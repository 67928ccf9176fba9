/* An operator with its input schemas: what comes in, who binds it, the port for errors; see build.h. */
#include "graph/build.h"

#include <string.h>

/* ---- inputs ---- */

static bool same_schema(const struct gyre_schema *x, const struct gyre_schema *y)
{
    if (x->n_fields != y->n_fields)
        return false;
    for (uint32_t i = 0; i < x->n_fields; i++) {
        const struct gyre_field *f = gyre_schema_field(x, i), *g = gyre_schema_field(y, i);
        if (f->type != g->type || f->flags != g->flags || strcmp(f->name, g->name) != 0)
            return false;
    }
    return true;
}

/* The schema of a producer's port; NULL where it is not known. */
static const struct gyre_schema *schema_of(const struct gy_build *b, const struct gy_build_edge *e)
{
    if (e->from == GY_NONE || e->from_port == GY_NONE)
        return NULL;
    const struct gy_build_node *from = &b->nodes[e->from];
    bool errors = (int32_t)e->from_port == from->node->errors_port;
    if (!errors && e->from_port >= from->n_known)
        return NULL;
    return &from->node->outputs[e->from_port].schema;
}

static const char *ref_text(const struct gy_build *b, const struct gy_ref *ref)
{
    const char *text = ref->port != NULL
                           ? gy_arena_ctl_printf(b->scope.arena, "`%s.%s`", ref->id, ref->port)
                           : gy_arena_ctl_printf(b->scope.arena, "`%s`", ref->id);
    return text != NULL ? text : "?";
}

static void take_schema(struct gy_build *b, uint32_t index, struct gy_build_edge *edge,
                        bool *complete)
{
    struct gy_build_node *bn = &b->nodes[index];
    gy_build_port_of(b, edge);
    const struct gyre_schema *schema = schema_of(b, edge);
    if (schema == NULL || edge->to_port == GY_NONE) {
        *complete = false;
        return;
    }
    struct gy_input *in = &bn->node->inputs[edge->to_port];
    if (!bn->in_known[edge->to_port]) {
        bn->in_known[edge->to_port] = true;
        in->schema = *schema;
        return;
    }
    if (!same_schema(&in->schema, schema))
        gy_build_tell(b, edge->ref->at, "%s: a union has one schema, but %s has %s and %s has %s",
                      edge->ref->at->name, gy_build_stream(b, index, edge->to_port),
                      gy_build_schema_text(b, &in->schema), ref_text(b, edge->ref),
                      gy_build_schema_text(b, schema));
}

static bool is_optional(const struct gy_node *node, uint32_t port)
{
    const struct gyre_operator *d = node->descriptor;
    return d != NULL && (gyre_port_at(d->inputs, port)->flags & GYRE_PORT_OPTIONAL) != 0;
}

static void take_schemas(struct gy_build *b, uint32_t index)
{
    struct gy_build_node *bn = &b->nodes[index];
    bool complete = bn->resolved;
    for (uint32_t e = 0; e < b->n_edges; e++)
        if (b->edges[e].to == index && !b->edges[e].feedback)
            take_schema(b, index, &b->edges[e], &complete);
    for (uint32_t p = 0; p < bn->node->n_inputs; p++)
        complete &= bn->in_known[p] || (!bn->wired[p] && is_optional(bn->node, p));
    bn->inputs_known = complete;
}

/* ---- ports that the host adds ---- */

static void add_errors(struct gy_build *b, struct gy_build_node *bn)
{
    static const struct gyre_field fields[] = {GYRE_FIELD(str, "error", 0),
                                               GYRE_FIELD(str, "row", 0)};
    struct gy_node *node = bn->node;
    if (node->on_error != GY_ON_ERROR_PORT)
        return;
    for (uint32_t p = 0; p < node->n_outputs; p++)
        if (strcmp(node->outputs[p].name, "errors") == 0)
            gy_build_tell(b, bn->set->on_error_at, "on_error: `%s` has a port `errors` of its own",
                          node->id);
    gy_build_add_output(b, bn, "errors", 0);
    if (b->scope.arena->oom)
        return;
    node->errors_port = (int32_t)node->n_outputs - 1;
    for (int i = 0; i < 2; i++)
        gy_build_add_field(b, &node->outputs[node->errors_port], &fields[i], fields[i].name, -1,
                           NULL);
}

void gy_build_node_bind(struct gy_build *b, uint32_t index)
{
    struct gy_build_node *bn = &b->nodes[index];
    take_schemas(b, index);
    bn->bound = true;
    if (!bn->resolved)
        return;
    if (bn->ahead != NULL)
        bn->ok = gy_build_ahead_bind(b, index);
    else if (bn->node->descriptor != NULL)
        bn->ok = gy_build_operator(b, index);
    else
        bn->ok = gy_build_functions(b, index);
    if (b->scope.arena->oom)
        return;
    gy_build_window_late(b, index);
    add_errors(b, bn);
}
