/* References become edges; the order of operators; cycles. See build.h. */
#include "graph/build.h"

#include <string.h>

#include "job/value.h"

/* ---- edges ---- */

static uint32_t find_node(const struct gy_build *b, const char *id)
{
    for (uint32_t i = 0; i < b->n; i++)
        if (b->nodes[i].set->id != NULL && strcmp(b->nodes[i].set->id, id) == 0)
            return i;
    return GY_NONE;
}

static uint32_t resolve_ref(struct gy_build *b, const struct gy_ref *ref)
{
    uint32_t from = find_node(b, ref->id);
    if (from != GY_NONE)
        return from;
    const char **ids = gy_arena_ctl_calloc(b->scope.arena, b->n, sizeof *ids);
    size_t n = 0;
    for (uint32_t i = 0; ids != NULL && i < b->n; i++)
        if (b->nodes[i].set->id != NULL)
            ids[n++] = b->nodes[i].set->id;
    if (ids != NULL)
        gy_value_unknown(&b->scope, ref->at, "operator", ref->id, NULL, ids, n,
                         "the job's `operators` lists all");
    return GY_NONE;
}

static const char *port_names(const struct gy_build *b, const struct gy_node *node)
{
    const char *text = "";
    for (uint32_t p = 0; text != NULL && p < node->n_inputs; p++)
        text = gy_arena_ctl_printf(b->scope.arena, "%s%s`%s`", text, p > 0 ? ", " : "",
                                   node->inputs[p].name);
    return text != NULL ? text : "?";
}

/* The input port that a wire goes to; GY_NONE, told unless the operator is unknown. */
static uint32_t wire_port(struct gy_build *b, struct gy_build_node *bn, const struct gy_wire *wire)
{
    const struct gy_node *node = bn->node;
    if (!bn->resolved || node->n_inputs == 0)
        return GY_NONE;
    if (wire->port == NULL) {
        if (node->n_inputs == 1)
            return 0;
        gy_build_tell(b, wire->at, "%s: %s has several input ports: a group with %s",
                      wire->at->name, node->op, port_names(b, node));
        for (uint32_t p = 0; p < node->n_inputs; p++)
            bn->wired[p] = true;
        return GY_NONE;
    }
    const char **names = gy_arena_ctl_calloc(b->scope.arena, node->n_inputs, sizeof *names);
    for (uint32_t p = 0; names != NULL && p < node->n_inputs; p++) {
        names[p] = node->inputs[p].name;
        if (strcmp(names[p], wire->port) == 0)
            return p;
    }
    const char *where =
        gy_arena_ctl_printf(b->scope.arena, "`gyre inspect %s` lists them", node->op);
    if (names != NULL && where != NULL)
        gy_value_unknown(&b->scope, wire->at, "input port", wire->port, node->op, names,
                         node->n_inputs, where);
    const char *near = names != NULL ? gy_nearest(wire->port, names, node->n_inputs) : NULL;
    for (uint32_t p = 0; near != NULL && p < node->n_inputs; p++)
        if (strcmp(node->inputs[p].name, near) == 0)
            bn->wired[p] = true; /* likely meant: not missing as well */
    return GY_NONE;
}

static void add_edges(struct gy_build *b, uint32_t to, const struct gy_wire *wire)
{
    struct gy_build_node *bn = &b->nodes[to];
    uint32_t port = wire_port(b, bn, wire);
    if (port != GY_NONE && !wire->feedback)
        bn->wired[port] = true;
    for (uint32_t i = 0; i < wire->n; i++) {
        struct gy_build_edge *edges = gy_build_room(b, b->edges, b->n_edges, sizeof *b->edges);
        if (edges == NULL)
            return;
        b->edges = edges;
        edges[b->n_edges++] = (struct gy_build_edge){.from = resolve_ref(b, &wire->refs[i]),
                                                     .to = to,
                                                     .from_port = GY_NONE,
                                                     .to_port = port,
                                                     .feedback = wire->feedback,
                                                     .ref = &wire->refs[i]};
    }
}

static void check_wired(struct gy_build *b, struct gy_build_node *bn)
{
    struct gy_node *node = bn->node;
    if (!bn->resolved || node->kind == GYRE_SOURCE)
        return;
    for (uint32_t p = 0; p < node->n_inputs; p++) {
        const struct gyre_operator *d = node->descriptor;
        bool optional = d != NULL && (gyre_port_at(d->inputs, p)->flags & GYRE_PORT_OPTIONAL) != 0;
        node->inputs[p].connected = bn->wired[p];
        if (bn->wired[p] || optional)
            continue;
        if (node->n_inputs == 1)
            gy_build_tell(b, bn->set->id_at, "`%s` has no `input`%s", node->id,
                          bn->set->feedback_at != NULL ? ", from which its loop begins" : "");
        else
            gy_build_tell(b, bn->set->id_at, "the input port `%s` of `%s` is not connected",
                          node->inputs[p].name, node->id);
    }
}

void gy_build_wires(struct gy_build *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        const struct gy_op_setting *set = b->nodes[i].set;
        for (uint32_t w = 0; w < set->n_wires; w++)
            add_edges(b, i, &set->wires[w]);
        check_wired(b, &b->nodes[i]);
    }
}

/* ---- output ports ---- */

static void tell_no_port(struct gy_build *b, const struct gy_build_node *from,
                         const struct gy_ref *ref)
{
    const struct gy_node *node = from->node;
    const char *at = ref->at->name;
    if (ref->port == NULL) {
        gy_build_tell(b, ref->at, "%s: `%s` (%s) puts nothing out", at, node->id, node->op);
        return;
    }
    if (strcmp(ref->port, "errors") == 0) {
        gy_build_tell(b, ref->at,
                      "%s: `%s` has no port `errors`: it has one with on_error = \"port\"", at,
                      node->id);
        return;
    }
    if (strcmp(ref->port, "late") == 0) {
        gy_build_tell(b, ref->at,
                      node->window != NULL
                          ? "%s: `%s` has no port `late`: its window has no end to be late for"
                          : "%s: `%s` has no port `late`: it has one with a `window`",
                      at, node->id);
        return;
    }
    const char **names = gy_arena_ctl_calloc(b->scope.arena, node->n_outputs, sizeof *names);
    for (uint32_t p = 0; names != NULL && p < node->n_outputs; p++)
        names[p] = node->outputs[p].name;
    const char *of = gy_arena_ctl_printf(b->scope.arena, "`%s`", node->id);
    const char *where = node->n_outputs > 0 ? "it has" : "it has none";
    for (uint32_t p = 0; where != NULL && p < node->n_outputs; p++)
        where = gy_arena_ctl_printf(b->scope.arena, "%s%s `%s`", where, p > 0 ? "," : "",
                                    node->outputs[p].name);
    if (names != NULL && of != NULL && where != NULL)
        gy_value_unknown(&b->scope, ref->at, "output port", ref->port, of, names, node->n_outputs,
                         where);
}

/* Finds the producer's port of an edge, once the producer has been bound. A port that an operator
 * adds in bind cannot be judged where its bind has not run. */
void gy_build_port_of(struct gy_build *b, struct gy_build_edge *edge)
{
    if (edge->from == GY_NONE || edge->from_port != GY_NONE)
        return;
    struct gy_build_node *from = &b->nodes[edge->from];
    const struct gy_node *node = from->node;
    const char *port = edge->ref->port;
    if (!from->resolved || !from->bound)
        return;
    uint32_t n_own = node->n_outputs - (node->errors_port >= 0);
    if (port == NULL && n_own > 0) {
        edge->from_port = 0;
        return;
    }
    for (uint32_t p = 0; port != NULL && p < node->n_outputs; p++)
        if (strcmp(node->outputs[p].name, port) == 0) {
            edge->from_port = p;
            return;
        }
    bool more = !from->ok && node->descriptor != NULL && node->descriptor->bind != NULL;
    if (!more)
        tell_no_port(b, from, edge->ref);
}

/* ---- order and cycles ---- */

/* True where an edge without feedback leads from a node to another. */
static bool leads(const struct gy_build_edge *e, uint32_t from)
{
    return e->from == from && !e->feedback;
}

/* Walks breadth first from `start` back to itself: the shortest cycle through it. `via[i]` is the
 * node before i. */
static bool find_cycle(const struct gy_build *b, uint32_t start, uint32_t *via, uint32_t *queue)
{
    uint32_t head = 0, tail = 0;
    for (uint32_t i = 0; i < b->n; i++)
        via[i] = GY_NONE;
    queue[tail++] = start;
    while (head < tail) {
        uint32_t at = queue[head++];
        for (uint32_t e = 0; e < b->n_edges; e++) {
            uint32_t to = b->edges[e].to;
            if (!leads(&b->edges[e], at) || via[to] != GY_NONE)
                continue;
            via[to] = at;
            if (to == start)
                return true;
            queue[tail++] = to;
        }
    }
    return false;
}

static void tell_cycle(struct gy_build *b, uint32_t start, const uint32_t *via, bool *told)
{
    const char *text = b->nodes[start].node->id;
    uint32_t at = start;
    do {
        told[at] = true;
        at = via[at];
        if (b->nodes[at].ahead != NULL)
            continue; /* the job file knows nothing of it */
        const char *more =
            gy_arena_ctl_printf(b->scope.arena, "%s -> %s", b->nodes[at].node->id, text);
        text = more != NULL ? more : text;
    } while (at != start);
    gy_build_tell(b, b->nodes[start].set->id_at,
                  "the cycle %s has no `feedback` edge: make one of its inputs `feedback`", text);
}

static void tell_cycles(struct gy_build *b)
{
    struct gy_arena_ctl *arena = b->scope.arena;
    uint32_t *via = gy_arena_ctl_calloc(arena, b->n, sizeof *via);
    uint32_t *queue = gy_arena_ctl_calloc(arena, (size_t)b->n + 1, sizeof *queue);
    bool *told = gy_arena_ctl_calloc(arena, b->n, sizeof *told);
    if (via == NULL || queue == NULL || told == NULL)
        return;
    for (uint32_t i = 0; i < b->n; i++)
        if (!b->nodes[i].in_order && b->nodes[i].ahead == NULL && !told[i] &&
            find_cycle(b, i, via, queue))
            tell_cycle(b, i, via, told);
}

static bool is_ready(const struct gy_build *b, uint32_t node)
{
    for (uint32_t e = 0; e < b->n_edges; e++)
        if (b->edges[e].to == node && !b->edges[e].feedback && b->edges[e].from != GY_NONE &&
            !b->nodes[b->edges[e].from].in_order)
            return false;
    return true;
}

/* The next node whose producers are all in the order: in file order, but what runs ahead of an
 * operator comes right behind its producer. */
static uint32_t next_ready(const struct gy_build *b)
{
    uint32_t found = GY_NONE;
    for (uint32_t i = 0; i < b->n; i++) {
        const struct gy_build_node *bn = &b->nodes[i];
        if (bn->in_order || (found != GY_NONE && bn->ahead == NULL) || !is_ready(b, i))
            continue;
        if (bn->ahead != NULL)
            return i;
        found = i;
    }
    return found;
}

/* In file order as far as the edges let it be. */
void gy_build_order(struct gy_build *b)
{
    b->order = gy_arena_ctl_calloc(b->scope.arena, b->n, sizeof *b->order);
    uint32_t n = 0, next = b->order != NULL ? next_ready(b) : GY_NONE;
    for (; next != GY_NONE; next = next_ready(b)) {
        b->nodes[next].in_order = true;
        b->order[n++] = next;
    }
    if (b->order == NULL || n == b->n)
        return;
    tell_cycles(b);
    for (uint32_t i = 0; i < b->n; i++)
        if (!b->nodes[i].in_order)
            b->order[n++] = i;
}
