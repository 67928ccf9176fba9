/* Parallelism, partitions, feedback edges; see build.h. */
#include "graph/build.h"

#include <string.h>

#include "job/options.h"
#include "job/value.h"

/* Why an operator runs as one task; NULL: it need not. */
static const char *single_reason(const struct gy_build_node *bn)
{
    const struct gy_node *node = bn->node;
    if (bn->single != NULL)
        return bn->single;
    if ((node->flags & GYRE_SINGLE) != 0)
        return "its plugin says so";
    if (node->aggregation == GY_AGG_NONE)
        return NULL;
    if (node->window != NULL)
        return gy_build_window_single(bn);
    return bn->set->key_at == NULL ? "an aggregate without `key`" : NULL;
}

/* What runs ahead of an operator stands beside the producer, so that the edge between them is a
 * call: rows keep their order, and the exchange behind it carries what was computed. A producer that
 * runs ahead of something as well comes before it in the nodes: its parallelism is known. */
static void ahead_parallelism(struct gy_build *b, uint32_t index)
{
    struct gy_build_node *bn = &b->nodes[index];
    for (uint32_t e = b->n_edges; e-- > 0;)
        if (b->edges[e].to == index && b->edges[e].from != GY_NONE)
            bn->node->parallelism = b->nodes[b->edges[e].from].node->parallelism;
    if (bn->single != NULL)
        bn->node->parallelism = 1;
}

void gy_build_parallelism(struct gy_build *b)
{
    for (uint32_t i = 0; i < b->n; i++) {
        struct gy_build_node *bn = &b->nodes[i];
        const struct gy_op_setting *set = bn->set;
        if (bn->ahead != NULL) {
            ahead_parallelism(b, i);
            continue;
        }
        const char *why = bn->resolved ? single_reason(bn) : NULL;
        uint32_t asked = set->parallelism;
        bn->node->parallelism = why != NULL ? 1 : asked != 0 ? asked : b->graph->parallelism;
        if (why != NULL && asked > 1)
            gy_build_tell(b, set->parallelism_at, "parallelism: `%s` runs as one task: %s",
                          bn->node->id, why);
        else if (asked > b->graph->max_parallelism)
            gy_build_tell(b, set->parallelism_at,
                          "parallelism: %u is more than max_parallelism, which is %u", asked,
                          b->graph->max_parallelism);
    }
}

/* ---- partitions ---- */

#define PARTITIONS "forward|rebalance|broadcast|single"

/* Fills the config of a partition function from its group; `group` is empty where it has none. */
static bool take_options(struct gy_build *b, struct gy_build_edge *e,
                         const struct gy_setting *group)
{
    const struct gyre_function *f = e->function;
    const struct gy_op_setting *set = b->nodes[e->to].set;
    struct gy_option_owner owner = {set->partition, set->partition, set->partition_at};
    const struct gy_setting **own =
        gy_arena_ctl_calloc(b->scope.arena, group->n + 1, sizeof(struct gy_setting *));
    uint32_t n = 0;
    if (f->config_size != 0)
        e->function_config = gy_arena_ctl_alloc(b->scope.arena, f->config_size);
    if (b->scope.arena->oom)
        return false;
    for (uint32_t i = 0; i < group->n; i++)
        if (strcmp(group->items[i]->name, "fn") != 0)
            own[n++] = group->items[i];
    return gy_options_read(&b->scope, f->options, f->n_options, own, n, &owner,
                           e->function_config) == 0;
}

/* Binds a function to the one input of its operator: what it asks for is what the edge reads, and no column of
 * the operator's. */
static void bind_function(struct gy_build *b, struct gy_build_edge *e,
                          const struct gy_setting *group)
{
    const struct gy_op_setting *set = b->nodes[e->to].set;
    struct gy_node *node = b->nodes[e->to].node;
    struct gy_input *in = &node->inputs[0];
    struct gy_hosted hosted = {.op = e->function_op,
                               .plugin = e->function_plugin,
                               .function = e->function,
                               .config = e->function_config};
    uint32_t n_reads = in->n_reads;
    if (e->to_port != 0 || node->n_inputs != 1) {
        gy_build_tell(b, set->partition_at, "partition: %s is for operators of one input",
                      set->partition);
        return;
    }
    if (gy_build_bind(b, e->to, &hosted, group) == 0) {
        e->reads = gy_arena_ctl_calloc(b->scope.arena, hosted.n_reads + 1, sizeof *e->reads);
        for (uint32_t k = 0; e->reads != NULL && k < hosted.n_reads; k++)
            e->reads[e->n_reads++] = in->reads[hosted.reads[k]];
    }
    in->n_reads = n_reads;
}

/* Reads the fields that a function names itself. */
static void take_fields(struct gy_build *b, struct gy_build_edge *e)
{
    const struct gyre_function *f = e->function;
    const struct gy_op_setting *set = b->nodes[e->to].set;
    const struct gyre_schema fields = {(uint32_t)sizeof fields, f->n_fields, f->fields};
    const struct gyre_schema *in = &b->nodes[e->to].node->inputs[e->to_port].schema;
    e->reads = gy_arena_ctl_calloc(b->scope.arena, f->n_fields, sizeof *e->reads);
    for (uint32_t i = 0; e->reads != NULL && i < f->n_fields; i++) {
        const struct gyre_field *want = gyre_schema_field(&fields, i);
        int32_t at = gyre_schema_find(in, want->name);
        if (at < 0 || gyre_schema_field(in, (uint32_t)at)->type != want->type) {
            gy_build_tell(b, set->partition_at, "partition: %s reads %s, but %s has %s",
                          set->partition, gy_build_schema_text(b, &fields),
                          gy_build_stream(b, e->to, e->to_port), gy_build_schema_text(b, in));
            return;
        }
        e->reads[e->n_reads++] = (uint32_t)at;
    }
}

static void take_function(struct gy_build *b, struct gy_build_edge *e,
                          const struct gyre_function *f, const struct gy_plugin *plugin)
{
    const struct gy_op_setting *set = b->nodes[e->to].set;
    const struct gy_setting *group = set->partition_group;
    e->partition = GY_FUNCTION;
    e->function = f;
    e->function_op = gy_arena_ctl_strdup(b->scope.arena, set->partition);
    e->function_plugin = plugin;
    if (group == NULL)
        group = gy_setting_group(&b->scope, "partition", set->partition_at);
    bool known = e->to_port != GY_NONE && b->nodes[e->to].in_known[e->to_port];
    if (group == NULL || !take_options(b, e, group) || !known)
        return;
    if (f->bind != NULL)
        bind_function(b, e, group);
    else
        take_fields(b, e);
}

static void given_partition(struct gy_build *b, struct gy_build_edge *e, int32_t choice)
{
    static const enum gy_partition kinds[] = {GY_FORWARD, GY_REBALANCE, GY_BROADCAST, GY_SINGLE};
    const struct gy_build_node *to = &b->nodes[e->to];
    e->partition = kinds[choice];
    if (e->partition != GY_FORWARD || e->from == GY_NONE)
        return;
    const struct gy_build_node *from = &b->nodes[e->from];
    if (from->ok && to->ok && from->node->parallelism != to->node->parallelism)
        gy_build_tell(b, to->set->partition_at,
                      "partition: \"forward\" needs one parallelism, but `%s` has %u and `%s` %u",
                      e->ref->id, from->node->parallelism, to->node->id, to->node->parallelism);
}

/* Reads `partition` of one operator for all its edges. */
static void partition_of(struct gy_build *b, uint32_t index)
{
    const struct gy_build_node *bn = &b->nodes[index];
    const struct gy_op_setting *set = bn->set;
    const struct gyre_function *function = NULL;
    const struct gy_plugin *plugin = NULL;
    int32_t choice = -1;
    if (set->partition != NULL && strchr(set->partition, '.') != NULL)
        function = gy_build_function(b, set->partition, GYRE_FN_PARTITION, "partition",
                                     set->partition_at, &plugin);
    else if (set->partition != NULL)
        gy_value_choice(&b->scope, set->partition_at, PARTITIONS, &choice);
    for (uint32_t i = 0; i < b->n_edges; i++) {
        struct gy_build_edge *e = &b->edges[i];
        if (e->to != index)
            continue;
        e->partition = GY_FORWARD;
        if (set->key_at != NULL)
            e->partition = GY_KEY;
        else if (function != NULL)
            take_function(b, e, function, plugin);
        else if (choice >= 0)
            given_partition(b, e, choice);
        else if (e->from != GY_NONE && b->nodes[e->from].node->parallelism != bn->node->parallelism)
            e->partition = GY_REBALANCE;
    }
}

void gy_build_partitions(struct gy_build *b)
{
    for (uint32_t i = 0; i < b->n && !b->scope.arena->oom; i++)
        partition_of(b, i);
}

/* ---- feedback ---- */

static bool equal(const struct gyre_schema *x, const struct gyre_schema *y)
{
    bool same = x->n_fields == y->n_fields;
    for (uint32_t i = 0; same && i < x->n_fields; i++) {
        const struct gyre_field *f = gyre_schema_field(x, i), *g = gyre_schema_field(y, i);
        same = f->type == g->type && f->flags == g->flags && strcmp(f->name, g->name) == 0;
    }
    return same;
}

/* A port that nothing else comes into has no schema that what comes back could have. */
static void check_port(struct gy_build *b, const struct gy_build_edge *e)
{
    const struct gy_build_node *to = &b->nodes[e->to];
    const struct gyre_operator *d = to->node->descriptor;
    if (e->to_port == GY_NONE || to->wired[e->to_port] || d == NULL ||
        (gyre_port_at(d->inputs, e->to_port)->flags & GYRE_PORT_OPTIONAL) == 0)
        return; /* others have been told to have no input */
    gy_build_tell(b, e->ref->at,
                  "feedback: the port `%s` of `%s` has no `input`, and what comes back is of one "
                  "schema with what comes in",
                  to->node->inputs[e->to_port].name, to->node->id);
}

void gy_build_feedback(struct gy_build *b)
{
    for (uint32_t i = 0; i < b->n_edges; i++) {
        struct gy_build_edge *e = &b->edges[i];
        gy_build_port_of(b, e); /* also of what was in a cycle */
        if (!e->feedback || e->from == GY_NONE)
            continue;
        const struct gy_build_node *from = &b->nodes[e->from], *to = &b->nodes[e->to];
        if (to->node->region < 0 || to->node->region != from->node->region)
            gy_build_tell(b, e->ref->at,
                          "feedback: this edge closes no cycle: `%s` does not "
                          "reach `%s`; use `input`",
                          to->node->id, e->ref->id);
        check_port(b, e);
        bool errors = (int32_t)e->from_port == from->node->errors_port;
        if (e->from_port == GY_NONE || e->to_port == GY_NONE || !to->in_known[e->to_port] ||
            (!errors && e->from_port >= from->n_known))
            continue;
        const struct gyre_schema *back = &from->node->outputs[e->from_port].schema;
        const struct gyre_schema *in = &to->node->inputs[e->to_port].schema;
        if (!equal(back, in))
            gy_build_tell(b, e->ref->at,
                          "feedback: it has the input's schema, but `%s` has %s and %s has %s",
                          e->ref->at->text, gy_build_schema_text(b, back),
                          gy_build_stream(b, e->to, e->to_port), gy_build_schema_text(b, in));
    }
}
