/* An operator of a plugin: its static ports against what comes in, its states, its bind; see build.h. */
#include "graph/build.h"

/* The static fields of an input: missing ones and wrong types in one message, with both schemas. */
static bool read_static(struct gy_build *b, uint32_t index, uint32_t port,
                        const struct gyre_field *declared, uint32_t n)
{
    struct gy_input *in = &b->nodes[index].node->inputs[port];
    struct gyre_schema wanted = {(uint32_t)sizeof wanted, n, declared};
    const char *problems = NULL;
    for (uint32_t i = 0; i < n; i++) {
        const struct gyre_field *f = gyre_schema_field(&wanted, i);
        int32_t at = gyre_schema_find(&in->schema, f->name);
        const struct gyre_field *is = at >= 0 ? gyre_schema_field(&in->schema, (uint32_t)at) : NULL;
        const char *problem = NULL;
        if (is == NULL)
            problem = "is missing";
        else if (is->type != f->type)
            problem = gy_arena_ctl_printf(b->scope.arena, "is %s, not %s", gyre_type_name(is->type),
                                          gyre_type_name(f->type));
        else if ((is->flags & GYRE_NULLABLE) != 0 && (f->flags & GYRE_NULLABLE) == 0)
            problem = "may be null";
        if (problem != NULL)
            problems =
                gy_arena_ctl_printf(b->scope.arena, "%s%s`%s` %s", problems != NULL ? problems : "",
                                    problems != NULL ? ", " : "", f->name, problem);
        else
            gy_build_add_read(b, in, (uint32_t)at);
    }
    if (problems == NULL)
        return true;
    const struct gy_op_setting *set = b->nodes[index].set;
    gy_build_tell(b, set->input_at != NULL ? set->input_at : set->id_at,
                  "input: %s reads %s, but %s has %s: %s", set->op,
                  gy_build_schema_text(b, &wanted), gy_build_stream(b, index, port),
                  gy_build_schema_text(b, &in->schema), problems);
    return false;
}

/* The static fields of one output port. */
static void static_output(struct gy_build *b, uint32_t index, const struct gyre_port *port)
{
    struct gy_build_node *bn = &b->nodes[index];
    struct gy_node *node = bn->node;
    gy_build_add_output(b, bn, port->name, port->flags);
    if (b->scope.arena->oom)
        return;
    struct gy_output *out = &node->outputs[node->n_outputs - 1];
    const struct gyre_schema own = {(uint32_t)sizeof own, port->n_fields, port->fields};
    if ((port->flags & GYRE_PORT_PASS_REST) != 0 && node->n_inputs > 0)
        for (uint32_t i = 0; i < node->inputs[0].schema.n_fields; i++) {
            const struct gyre_field *f = gyre_schema_field(&node->inputs[0].schema, i);
            if (!gy_build_ahead_hides(b, index, f->name))
                gy_build_add_field(b, out, f, f->name, (int32_t)i, NULL);
        }
    for (uint32_t i = 0; i < port->n_fields; i++) {
        const struct gyre_field *f = gyre_schema_field(&own, i);
        gy_build_add_field(b, out, f, f->name, -1, NULL);
    }
}

bool gy_build_operator(struct gy_build *b, uint32_t index)
{
    struct gy_build_node *bn = &b->nodes[index];
    struct gy_node *node = bn->node;
    const struct gyre_operator *d = node->descriptor;
    bool ok = bn->options_ok && bn->inputs_known;
    for (uint32_t p = 0; p < node->n_inputs; p++) {
        const struct gyre_port *port = gyre_port_at(d->inputs, p);
        if (!bn->in_known[p])
            continue;
        if ((port->flags & GYRE_PORT_ALL) != 0)
            for (uint32_t i = 0; i < node->inputs[p].schema.n_fields; i++)
                gy_build_add_read(b, &node->inputs[p], i);
        else
            ok &= read_static(b, index, p, port->fields, port->n_fields);
    }
    ok &= gy_build_keys(b, index);
    for (uint32_t p = 0; p < d->n_outputs; p++) {
        const struct gyre_port *port = gyre_port_at(d->outputs, p);
        static_output(b, index, port);
        bool passes = (port->flags & GYRE_PORT_PASS_REST) != 0;
        if (d->bind == NULL && bn->n_known == p && (!passes || bn->in_known[0]))
            bn->n_known = p + 1;
    }
    node->n_states = d->n_states;
    for (uint32_t i = 0; i < d->n_states; i++) {
        const struct gyre_state **states =
            gy_build_room(b, node->states, i, sizeof(const struct gyre_state *));
        if (states == NULL)
            return false;
        node->states = states;
        states[i] = gyre_state_at(d->states, i);
    }
    if (ok && d->bind != NULL && !b->scope.arena->oom)
        ok = gy_build_bind(b, index, NULL, NULL) == 0;
    if (ok)
        bn->n_known = node->n_outputs;
    return ok;
}
