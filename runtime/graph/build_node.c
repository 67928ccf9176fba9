/* An operator with its input schemas; see build.h. */
#include "graph/build.h"

#include <string.h>

#include "job/value.h"

/* ---- reads and fields ---- */

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

static void take_schemas(struct gy_build *b, uint32_t index)
{
    struct gy_build_node *bn = &b->nodes[index];
    bool complete = bn->resolved;
    for (uint32_t e = 0; e < b->n_edges; e++)
        if (b->edges[e].to == index && !b->edges[e].feedback)
            take_schema(b, index, &b->edges[e], &complete);
    for (uint32_t p = 0; p < bn->node->n_inputs; p++)
        complete &= bn->in_known[p] || !bn->wired[p];
    bn->inputs_known = complete;
}

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

/* ---- keys ---- */

static void check_key_ports(struct gy_build *b, struct gy_build_node *bn)
{
    const struct gy_node *node = bn->node;
    for (uint32_t k = 0; k < bn->set->n_keys; k++) {
        const struct gy_key_setting *key = &bn->set->keys[k];
        const char **names = gy_arena_ctl_calloc(b->scope.arena, node->n_inputs, sizeof *names);
        bool found = key->port == NULL;
        for (uint32_t p = 0; names != NULL && p < node->n_inputs; p++) {
            names[p] = node->inputs[p].name;
            found |= key->port != NULL && strcmp(key->port, names[p]) == 0;
        }
        if (!found && names != NULL)
            gy_value_unknown(&b->scope, key->at, "input port", key->port, node->op, names,
                             node->n_inputs, "a `key` group is by port");
    }
}

/* The ports of an operator have keys of one type each. */
static void tell_key_types(struct gy_build *b, uint32_t index, uint32_t port, uint32_t i)
{
    const struct gy_build_node *bn = &b->nodes[index];
    const struct gy_input *in = bn->node->inputs;
    uint32_t first = 0;
    while (!bn->in_known[first])
        first++;
    const struct gyre_field *f = gyre_schema_field(&in[first].schema, in[first].key_fields[i]);
    const struct gyre_field *g = gyre_schema_field(&in[port].schema, in[port].key_fields[i]);
    const struct gy_key_setting *setting = gy_build_key_of(bn->set, in[port].name);
    gy_build_tell(b, setting->at, "key: `%s` is %s and `%s` is %s: %s has %s and %s has %s",
                  f->name, gyre_type_name(f->type), g->name, gyre_type_name(g->type),
                  gy_build_stream(b, index, first), gy_build_schema_text(b, &in[first].schema),
                  gy_build_stream(b, index, port), gy_build_schema_text(b, &in[port].schema));
}

/* Where the fields of an input's key stand in it, GY_NONE for one that there is not (told); how many
 * there are, 0 where that is not known. */
static uint32_t find_key(struct gy_build *b, uint32_t index, uint32_t port,
                         const struct gy_key_setting *setting, uint32_t *fields)
{
    if (setting->function != NULL)
        return gy_build_ahead_fields(b, index, port, fields);
    for (uint32_t i = 0; i < setting->n; i++) {
        int32_t at = gy_build_find_field(b, index, port, setting->fields[i], setting->at);
        fields[i] = at >= 0 ? (uint32_t)at : GY_NONE;
    }
    return setting->n;
}

/* Finds the key's fields in one input; false where something was told or is not known. */
static bool bind_key(struct gy_build *b, uint32_t index, uint32_t port, bool first)
{
    struct gy_build_node *bn = &b->nodes[index];
    struct gy_input *in = &bn->node->inputs[port];
    struct gy_key *key = &bn->node->key;
    uint32_t fields[GY_KEYS_MAX];
    const struct gy_key_setting *setting = gy_build_key_of(bn->set, in->name);
    if (setting == NULL) {
        gy_build_tell(b, bn->set->key_at, "key: the input port `%s` has none", in->name);
        return false;
    }
    uint32_t n = find_key(b, index, port, setting, fields);
    if (n == 0)
        return false;
    if (first)
        key->n = n;
    if (n != key->n) {
        gy_build_tell(b, setting->at, "key: the ports have keys of %u and %u fields", key->n, n);
        return false;
    }
    bool ok = true;
    for (uint32_t i = 0; i < n; i++) {
        if (fields[i] == GY_NONE) {
            ok = false;
            continue;
        }
        const struct gyre_field *f = gyre_schema_field(&in->schema, fields[i]);
        in->key_fields[i] = fields[i];
        key->nullable[i] |= (f->flags & GYRE_NULLABLE) != 0;
        if (first || key->types[i] == 0) {
            key->types[i] = f->type;
        } else if (key->types[i] != f->type) {
            tell_key_types(b, index, port, i);
            ok = false;
        }
    }
    return ok;
}

static bool bind_keys(struct gy_build *b, uint32_t index)
{
    struct gy_build_node *bn = &b->nodes[index];
    bool ok = true, first = true;
    if (bn->set->key_at == NULL || bn->node->kind == GYRE_SOURCE)
        return true;
    check_key_ports(b, bn);
    for (uint32_t p = 0; p < bn->node->n_inputs; p++) {
        if (!bn->in_known[p]) {
            ok &= !bn->wired[p];
            continue;
        }
        ok &= bind_key(b, index, p, first);
        first = false;
    }
    return ok;
}

/* ---- operators ---- */

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

static bool bind_operator(struct gy_build *b, uint32_t index)
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
    ok &= bind_keys(b, index);
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
        ok = gy_build_bind(b, index, NULL) == 0;
    if (ok)
        bn->n_known = node->n_outputs;
    return ok;
}

/* ---- hosted functions ---- */

static bool add_key_columns(struct gy_build *b, uint32_t index, struct gy_output *out, bool own)
{
    const struct gy_node *node = b->nodes[index].node;
    for (uint32_t i = 0; i < node->key.n; i++) {
        uint32_t at = node->inputs[0].key_fields[i];
        const struct gyre_field *f = gyre_schema_field(&node->inputs[0].schema, at);
        gy_build_add_field(b, out, f, f->name, own ? -1 : (int32_t)at, NULL);
    }
    return true;
}

static bool bind_function(struct gy_build *b, uint32_t index, struct gy_hosted *hosted)
{
    hosted->first_own = b->nodes[index].node->outputs[0].n_own;
    if (gy_build_bind(b, index, hosted) != 0)
        return false;
    gy_build_identity_reads(b, b->nodes[index].node, hosted);
    if (hosted->function->kind != GYRE_FN_AGGREGATE || hosted->accumulator != NULL)
        return true;
    gy_build_tell(b, b->nodes[index].set->op_at,
                  "op: %s declares no accumulator: an error of its plugin", hosted->op);
    return false;
}

static bool bind_hosted(struct gy_build *b, uint32_t index)
{
    struct gy_build_node *bn = &b->nodes[index];
    struct gy_node *node = bn->node;
    bool rolling = node->aggregation == GY_AGG_ROLLING;
    gy_build_add_output(b, bn, "out", rolling ? GYRE_PORT_ALIGNED : 0);
    if (!bn->inputs_known || !bn->in_known[0] || !bn->options_ok)
        return false;
    bool ok = bind_keys(b, index);
    if (!ok && node->key.n == 0)
        return false;
    struct gy_output *out = &node->outputs[0];
    if (ok)
        add_key_columns(b, index, out, !rolling);
    enum gy_policy_kind keep = bn->set->window.keep.kind;
    if (node->aggregation == GY_AGG_WINDOWED &&
        (keep == GY_POLICY_TIME || keep == GY_POLICY_SESSION)) {
        static const struct gyre_field bounds[] = {GYRE_FIELD(time, "window_start", 0),
                                                   GYRE_FIELD(time, "window_end", 0)};
        for (int i = 0; i < 2; i++)
            if (!gy_build_add_field(b, out, &bounds[i], bounds[i].name, -1, NULL))
                gy_build_tell(b, bn->set->key_at, "key: the window adds a field `%s` of its own",
                              bounds[i].name);
    }
    for (uint32_t i = 0; i < node->n_hosted; i++)
        ok &= bind_function(b, index, &node->hosted[i]);
    if (ok)
        bn->n_known = 1;
    return ok;
}

/* ---- both ---- */

/* `.late`: the rows that came too late for all their windows, as they were. */
static void add_late(struct gy_build *b, struct gy_build_node *bn)
{
    struct gy_node *node = bn->node;
    if (node->aggregation != GY_AGG_WINDOWED)
        return;
    gy_build_add_output(b, bn, "late", 0);
    if (b->scope.arena->oom || !bn->in_known[0])
        return;
    const struct gyre_schema *schema = &node->inputs[0].schema;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const struct gyre_field *f = gyre_schema_field(schema, i);
        gy_build_add_field(b, &node->outputs[node->n_outputs - 1], f, f->name, (int32_t)i, NULL);
    }
    if (bn->n_known == node->n_outputs - 1)
        bn->n_known = node->n_outputs;
}

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
        bn->ok = bind_operator(b, index);
    else
        bn->ok = bind_hosted(b, index);
    if (b->scope.arena->oom)
        return;
    add_late(b, bn);
    add_errors(b, bn);
}
