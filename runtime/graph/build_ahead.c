/* Key functions, run ahead of the operator that asks for them; see build.h.
 *
 * A `key = { fn = "geo.cell"; }` and an option of type KEY_FUNCTION have columns computed before rows
 * reach the operator. So each edge into that port gets an operator of its own in between, which hosts
 * the function: all fields are passed by reference and the results added to them.
 *
 *   lines ──key word──> counts            lines ──call──> counts:key ──key cell──> counts
 *
 * It stands beside the producer (build_part.c): the exchange carries the key, and a union has one for
 * each of its streams. Bad rows go by the on_error of the operator they are for; who reads its
 * `.errors` gets those of the function as well. On a feedback edge it belongs to the cycle, and the
 * edge behind it closes it.
 *
 * The results for a key are fields of the stream from there on. That for an option is for the operator
 * alone, is called after the function ("geo.cell()"), and does not leave by what passes all fields. */
#include "graph/build.h"

#include <string.h>

#include "job/options.h"
#include "job/value.h"

/* ---- which ---- */

struct uses {
    uint32_t n;
    struct gy_build_ahead *items;
};

const struct gy_key_setting *gy_build_key_of(const struct gy_op_setting *set, const char *port)
{
    for (uint32_t k = 0; k < set->n_keys; k++)
        if (set->keys[k].port == NULL || strcmp(set->keys[k].port, port) == 0)
            return &set->keys[k];
    return NULL;
}

static void add_use(struct gy_build *b, struct uses *uses, uint32_t consumer, uint32_t port,
                    const struct gy_setting *at, const struct gy_setting *group, const char *text)
{
    struct gy_build_ahead *items = gy_build_room(b, uses->items, uses->n, sizeof *items);
    if (items == NULL)
        return;
    uses->items = items;
    items[uses->n++] = (struct gy_build_ahead){
        .consumer = consumer, .port = port, .at = at, .group = group, .op = text};
}

/* The options of an operator that are key functions. Nothing is told: options.c has. */
static void add_options(struct gy_build *b, struct uses *uses, uint32_t index)
{
    const struct gy_build_node *bn = &b->nodes[index];
    const struct gyre_operator *d = bn->node->descriptor;
    for (uint32_t i = 0; d != NULL && i < d->n_options; i++) {
        const struct gyre_option *option = gyre_option_at(d->options, i);
        const struct gy_setting *at = gy_build_option_at(bn->set, option->name);
        const char **value = (void *)((char *)bn->node->config + option->offset);
        if (option->type != GYRE_OPTION_KEY_FUNCTION || at == bn->set->id_at || *value == NULL)
            continue;
        const char *column = gy_arena_ctl_printf(b->scope.arena, "%s()", *value);
        add_use(b, uses, index, 0, at, gy_value_tree(&b->scope, at), *value);
        if (column == NULL || b->scope.arena->oom)
            return;
        uses->items[uses->n - 1].column = *value = column;
    }
}

/* The keys come last: they stand next to the operator, where gy_build_ahead_fields finds them. */
static void find_uses(struct gy_build *b, struct uses *uses)
{
    for (uint32_t i = 0; i < b->n && !b->scope.arena->oom; i++) {
        const struct gy_build_node *bn = &b->nodes[i];
        if (!bn->resolved)
            continue;
        add_options(b, uses, i);
        for (uint32_t p = 0; p < bn->node->n_inputs; p++) {
            const struct gy_key_setting *key = gy_build_key_of(bn->set, bn->node->inputs[p].name);
            if (key != NULL && key->function != NULL)
                add_use(b, uses, i, p, key->at, key->group, key->function);
        }
    }
    for (uint32_t u = 0; u < uses->n; u++) {
        struct gy_build_ahead *use = &uses->items[u];
        const struct gy_setting *fn = gy_setting_get(use->group, "fn");
        use->function = gy_build_function(b, use->op, GYRE_FN_KEY, "key", fn != NULL ? fn : use->at,
                                          &use->plugin);
    }
}

/* ---- the operators ---- */

static uint32_t count_edges(const struct gy_build *b, const struct gy_build_ahead *use)
{
    uint32_t n = 0;
    for (uint32_t e = 0; e < b->n_edges; e++)
        n += b->edges[e].to == use->consumer && b->edges[e].to_port == use->port;
    return n;
}

/* "counts:key", "join:key.left", "by:fn"; with a number where a union has several. No job file can
 * have these ids. */
static const char *make_id(const struct gy_build *b, const struct gy_build_ahead *use,
                           uint32_t number, uint32_t of)
{
    const struct gy_node *consumer = b->nodes[use->consumer].node;
    bool by_port = consumer->n_inputs > 1 && use->column == NULL;
    const char *what = use->column == NULL ? "key" : use->at->name;
    const char *id =
        gy_arena_ctl_printf(b->scope.arena, "%s:%s%s%s", consumer->id, what, by_port ? "." : "",
                            by_port ? consumer->inputs[use->port].name : "");
    if (id != NULL && of > 1)
        id = gy_arena_ctl_printf(b->scope.arena, "%s-%u", id, number + 1);
    return id;
}

/* What of the job file stands for it: messages name the key or option. */
static const struct gy_op_setting *make_setting(const struct gy_build *b,
                                                const struct gy_build_ahead *use)
{
    const struct gy_op_setting *consumer = b->nodes[use->consumer].set;
    struct gy_op_setting *set = gy_arena_ctl_alloc(b->scope.arena, sizeof *set);
    if (set != NULL)
        *set = (struct gy_op_setting){.op = use->op,
                                      .at = use->at,
                                      .id_at = use->at,
                                      .op_at = use->at,
                                      .on_error_at = consumer->on_error_at,
                                      .on_error = consumer->on_error};
    return set;
}

static struct gy_node *make_node(const struct gy_build *b, const struct gy_build_ahead *use,
                                 const char *id)
{
    const struct gy_node *consumer = b->nodes[use->consumer].node;
    struct gy_node *node = gy_arena_ctl_alloc(b->scope.arena, sizeof *node);
    struct gy_hosted *hosted = gy_arena_ctl_alloc(b->scope.arena, sizeof *hosted);
    struct gy_input *in = gy_arena_ctl_alloc(b->scope.arena, sizeof *in);
    const char *op = gy_arena_ctl_strdup(b->scope.arena, use->op);
    if (node == NULL || hosted == NULL || in == NULL || op == NULL || id == NULL)
        return NULL;
    *hosted = (struct gy_hosted){.op = op, .plugin = use->plugin, .function = use->function};
    *in = (struct gy_input){
        .name = "in", .connected = true, .schema.size = (uint32_t)sizeof(struct gyre_schema)};
    *node = (struct gy_node){.id = id,
                             .of = consumer->id,
                             .op = op,
                             .file = gy_arena_ctl_strdup(b->scope.arena, use->at->file),
                             .line = use->at->line,
                             .plugin = use->plugin,
                             .flags = GYRE_MASK_AWARE,
                             .kind = GYRE_TRANSFORM,
                             .mode = b->graph->mode,
                             .n_hosted = 1,
                             .hosted = hosted,
                             .n_inputs = 1,
                             .inputs = in,
                             .max_parallelism = b->graph->max_parallelism,
                             .on_error = consumer->on_error,
                             .errors_port = -1};
    return node;
}

/* `as` renames the result of a key; that of an option nobody sees. */
static bool read_options(struct gy_build *b, const struct gy_build_ahead *use,
                         struct gy_hosted *hosted)
{
    const struct gy_setting *group = use->group;
    uint32_t n = group->kind == GY_SETTING_GROUP ? group->n : 0;
    bool ok = gy_build_function_options(b, hosted, (const struct gy_setting *const *)group->items,
                                        n, "fn", use->at);
    const struct gy_setting *as = gy_setting_get(group, "as");
    for (uint32_t i = 0; as != NULL && i < use->function->n_options; i++)
        if (strcmp(gyre_option_at(use->function->options, i)->name, "as") == 0)
            as = NULL;
    if (as == NULL || use->column == NULL)
        return ok;
    gy_build_tell(b, as, "as: the result of %s is not put out here, and has no name", use->op);
    return false;
}

/* Appends the operator, for which there is room; its index, GY_NONE without memory. */
static uint32_t add_node(struct gy_build *b, struct gy_build_ahead *use, const char *id)
{
    struct gy_build_node *bn = &b->nodes[b->n];
    *bn = (struct gy_build_node){.set = make_setting(b, use),
                                 .node = make_node(b, use, id),
                                 .function = use->function,
                                 .ahead = use,
                                 .resolved = use->function != NULL};
    bn->in_known = gy_arena_ctl_calloc(b->scope.arena, 1, sizeof *bn->in_known);
    bn->wired = gy_arena_ctl_calloc(b->scope.arena, 1, sizeof *bn->wired);
    bn->groups = gy_arena_ctl_calloc(b->scope.arena, 1, sizeof(struct gy_setting *));
    if (b->scope.arena->oom)
        return GY_NONE;
    bn->groups[0] = use->group;
    bn->wired[0] = true;
    bn->options_ok = bn->resolved && read_options(b, use, bn->node->hosted);
    return b->n++;
}

/* ---- the edges ---- */

static bool add_edge(struct gy_build *b, struct gy_build_edge edge)
{
    struct gy_build_edge *edges = gy_build_room(b, b->edges, b->n_edges, sizeof *b->edges);
    if (edges == NULL)
        return false;
    b->edges = edges;
    edges[b->n_edges++] = edge;
    return true;
}

/* Puts the function of `use` into the edges that lead into its port. */
static void put_in(struct gy_build *b, struct gy_build_ahead *use)
{
    uint32_t n_edges = b->n_edges, of = count_edges(b, use), number = 0;
    for (uint32_t e = 0; e < n_edges; e++) {
        struct gy_build_edge edge = b->edges[e];
        if (edge.to != use->consumer || edge.to_port != use->port)
            continue;
        uint32_t node = add_node(b, use, make_id(b, use, number++, of));
        if (node == GY_NONE)
            return;
        b->edges[e].from = node;
        b->edges[e].from_port = 0;
        edge.to = node;
        edge.to_port = 0;
        edge.feedback = false;
        if (!add_edge(b, edge))
            return;
    }
}

/* Who reads the `.errors` of an operator reads those of its key function too. */
static void share_errors(struct gy_build *b, uint32_t index)
{
    const struct gy_build_node *bn = &b->nodes[index];
    uint32_t n_edges = b->n_edges;
    if (bn->node->on_error != GY_ON_ERROR_PORT)
        return;
    for (uint32_t e = 0; e < n_edges; e++) {
        struct gy_build_edge edge = b->edges[e];
        if (edge.from != bn->ahead->consumer || edge.ref->port == NULL ||
            strcmp(edge.ref->port, "errors") != 0)
            continue;
        edge.from = index;
        if (!add_edge(b, edge))
            return;
    }
}

void gy_build_ahead(struct gy_build *b)
{
    struct uses uses = {0};
    uint32_t n = b->n, more = 0;
    find_uses(b, &uses);
    for (uint32_t u = 0; u < uses.n; u++)
        more += count_edges(b, &uses.items[u]);
    if (more == 0 || b->scope.arena->oom)
        return;
    struct gy_build_node *nodes =
        gy_arena_ctl_calloc(b->scope.arena, (size_t)n + more, sizeof *nodes);
    if (nodes == NULL)
        return;
    memcpy(nodes, b->nodes, n * sizeof *nodes);
    b->nodes = nodes;
    for (uint32_t u = 0; u < uses.n && !b->scope.arena->oom; u++)
        put_in(b, &uses.items[u]);
    for (uint32_t i = n; i < b->n && !b->scope.arena->oom; i++)
        share_errors(b, i);
}

/* ---- what others ask ---- */

uint32_t gy_build_ahead_fields(const struct gy_build *b, uint32_t index, uint32_t port,
                               uint32_t *fields)
{
    for (uint32_t e = 0; e < b->n_edges; e++) {
        const struct gy_build_edge *edge = &b->edges[e];
        if (edge->to != index || edge->to_port != port || edge->feedback)
            continue;
        const struct gy_build_node *bn = &b->nodes[edge->from];
        uint32_t n = 0;
        const struct gy_output *out = bn->n_known > 0 ? &bn->node->outputs[0] : NULL;
        for (uint32_t i = 0; out != NULL && i < out->schema.n_fields; i++)
            if (out->origins[i].own >= 0)
                fields[n++] = i;
        return n;
    }
    return 0;
}

bool gy_build_ahead_hides(const struct gy_build *b, uint32_t index, const char *field)
{
    for (uint32_t i = 0; i < b->n; i++) {
        const struct gy_build_ahead *use = b->nodes[i].ahead;
        if (use != NULL && use->consumer == index && use->column != NULL &&
            strcmp(use->column, field) == 0)
            return true;
    }
    return false;
}
