/* The logical graph; see logical.h for what it is and build.h for how it is made. */
#include "graph/build.h"

#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "base/mem.h"
#include "job/options.h"
#include "job/value.h"

/* The graph and the arena that all of it lives in. */
struct owner {
    struct gy_graph graph;
    struct gy_arena_ctl arena;
};

/* ---- operators by name ---- */

static void make_inputs(struct gy_build *b, struct gy_build_node *bn)
{
    struct gy_node *node = bn->node;
    const struct gyre_operator *d = node->descriptor;
    node->n_inputs = d != NULL ? d->n_inputs : 1;
    node->inputs = gy_arena_ctl_calloc(b->scope.arena, node->n_inputs, sizeof *node->inputs);
    bn->in_known = gy_arena_ctl_calloc(b->scope.arena, node->n_inputs, sizeof *bn->in_known);
    bn->wired = gy_arena_ctl_calloc(b->scope.arena, node->n_inputs, sizeof *bn->wired);
    for (uint32_t p = 0; node->inputs != NULL && p < node->n_inputs; p++) {
        node->inputs[p].name = d != NULL ? gyre_port_at(d->inputs, p)->name : "in";
        node->inputs[p].schema.size = (uint32_t)sizeof(struct gyre_schema);
    }
}

static void read_options(struct gy_build *b, struct gy_build_node *bn)
{
    struct gy_node *node = bn->node;
    const struct gyre_operator *d = node->descriptor;
    if (d == NULL) {
        bn->options_ok = gy_build_hosted_options(b, bn);
        return;
    }
    if (d->config_size != 0)
        node->config = gy_arena_ctl_alloc(b->scope.arena, d->config_size);
    struct gy_option_owner owner = {node->op, node->op, bn->set->id_at};
    if (!b->scope.arena->oom)
        bn->options_ok = gy_options_read(&b->scope, d->options, d->n_options,
                                         (const struct gy_setting *const *)bn->set->options,
                                         bn->set->n_options, &owner, node->config) == 0;
    if (bn->options_ok)
        gy_build_identity(b, bn);
}

/* Where the job gives no `key` an option may say the fields of one: then it is the key. */
static void take_key(struct gy_build *b, struct gy_build_node *bn)
{
    const struct gyre_operator *d = bn->node->descriptor;
    const struct gy_op_setting *set = bn->set;
    for (uint32_t i = 0; set->key_at == NULL && i < d->n_options; i++) {
        const struct gyre_option *option = gyre_option_at(d->options, i);
        for (uint32_t k = 0; (option->flags & GYRE_IS_KEY) != 0 && k < set->n_options; k++) {
            if (strcmp(set->options[k]->name, option->name) != 0)
                continue;
            struct gy_op_setting *keyed = gy_arena_ctl_alloc(b->scope.arena, sizeof *keyed);
            if (keyed == NULL)
                return;
            *keyed = *set;
            keyed->key_at = set->options[k];
            gy_job_read_key(&b->scope, keyed);
            bn->set = keyed;
            return;
        }
    }
}

static void resolve(struct gy_build *b, struct gy_build_node *bn)
{
    const struct gy_op_setting *set = bn->set;
    struct gyre_error error = {.size = (uint32_t)sizeof error};
    if (set->op == NULL || set->plugin == NULL)
        return;
    struct gy_node *node = bn->node;
    node->plugin = gy_plugins_get(b->plugins, set->plugin, &error);
    if (node->plugin == NULL) {
        gy_build_tell(b, set->op_at, "op: %s", error.text);
        return;
    }
    node->descriptor = gy_plugin_operator(node->plugin, set->name);
    const struct gyre_function *function =
        node->descriptor == NULL ? gy_plugin_function(node->plugin, set->name) : NULL;
    if (function != NULL && gy_build_whole(b, bn, function)) {
        take_key(b, bn);
    } else if (node->descriptor != NULL) {
        node->kind = node->descriptor->kind;
        node->flags = node->descriptor->flags;
        take_key(b, bn);
    } else if (function != NULL &&
               (function->kind == GYRE_FN_AGGREGATE || function->kind == GYRE_FN_WINDOW)) {
        gy_build_host(b, bn, function);
    } else if (function != NULL) {
        gy_build_tell(b, set->op_at, "op: %s is a function for other operators, no operator",
                      set->op);
        return;
    } else {
        gy_build_unknown_item(b, node->plugin, set->plugin, set->name, "operator", set->op_at);
        return;
    }
    bn->resolved = true;
    make_inputs(b, bn);
    read_options(b, bn);
}

/* What can be said of an operator's common keys without its schemas. */
static void check_common(struct gy_build *b, struct gy_build_node *bn)
{
    const struct gy_op_setting *set = bn->set;
    const struct gy_node *node = bn->node;
    if (!bn->resolved)
        return;
    if (node->descriptor != NULL)
        gy_build_window_bound(b, bn);
    if (node->kind == GYRE_SOURCE) {
        const struct gy_setting *wrong[] = {set->input_at, set->feedback_at, set->key_at,
                                            set->partition_at};
        for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
            if (wrong[i] != NULL)
                gy_build_tell(b, wrong[i], "%s: %s is a source, which has no input", wrong[i]->name,
                              set->op);
    } else if (set->key_at != NULL && set->partition_at != NULL) {
        gy_build_tell(b, set->partition_at, "partition: the `key` partitions the input already");
    }
    if ((node->flags & GYRE_NEEDS_KEY) != 0 && set->key_at == NULL)
        gy_build_tell(b, set->id_at, "%s needs a `key`: its state is per key", set->op);
}

/* ---- all of it ---- */

static void make_nodes(struct gy_build *b)
{
    struct gy_arena_ctl *arena = b->scope.arena;
    b->n = b->job->n_operators;
    b->nodes = gy_arena_ctl_calloc(arena, b->n, sizeof *b->nodes);
    for (uint32_t i = 0; b->nodes != NULL && i < b->n; i++) {
        struct gy_build_node *bn = &b->nodes[i];
        struct gy_node *node = gy_arena_ctl_alloc(arena, sizeof *node);
        bn->set = &b->job->operators[i];
        bn->node = node;
        if (node == NULL)
            return;
        /* Where the id is wrong or taken, messages name the operator by what it is. */
        node->op = gy_arena_ctl_strdup(arena, bn->set->op != NULL ? bn->set->op : "?");
        node->id = bn->set->id != NULL ? gy_arena_ctl_strdup(arena, bn->set->id) : node->op;
        node->file = gy_arena_ctl_strdup(arena, bn->set->id_at->file);
        node->line = bn->set->id_at->line;
        node->mode = b->graph->mode;
        node->max_parallelism = b->graph->max_parallelism;
        node->on_error = (enum gy_on_error)bn->set->on_error;
        node->errors_port = -1;
        if (arena->oom)
            return;
        resolve(b, bn);
        check_common(b, bn);
    }
}

/* The nodes and edges in their final order; their indices. */
static void finish(struct gy_build *b)
{
    struct gy_graph *g = b->graph;
    g->nodes = gy_arena_ctl_calloc(b->scope.arena, b->n, sizeof *g->nodes);
    g->edges = gy_arena_ctl_calloc(b->scope.arena, b->n_edges, sizeof *g->edges);
    if (g->nodes == NULL || g->edges == NULL)
        return;
    g->n_nodes = b->n;
    for (uint32_t i = 0; i < b->n; i++) {
        g->nodes[i] = b->nodes[b->order[i]].node;
        g->nodes[i]->index = i;
    }
    g->n_edges = b->n_edges;
    for (uint32_t i = 0; i < b->n_edges; i++) {
        const struct gy_build_edge *e = &b->edges[i];
        g->edges[i] = (struct gy_edge){.from = b->nodes[e->from].node->index,
                                       .from_port = e->from_port,
                                       .to = b->nodes[e->to].node->index,
                                       .to_port = e->to_port,
                                       .partition = e->partition,
                                       .function = e->function,
                                       .function_op = e->function_op,
                                       .function_plugin = e->function_plugin,
                                       .function_config = e->function_config,
                                       .n_reads = e->n_reads,
                                       .reads = e->reads,
                                       .feedback = e->feedback};
    }
}

/* Where nothing was told, everything is known. */
static void assert_complete(const struct gy_build *b)
{
    for (uint32_t i = 0; i < b->n; i++)
        assert(b->nodes[i].ok);
    for (uint32_t i = 0; i < b->n_edges; i++)
        assert(b->edges[i].from != GY_NONE && b->edges[i].from_port != GY_NONE &&
               b->edges[i].to_port != GY_NONE);
}

static void build(struct gy_build *b)
{
    make_nodes(b);
    if (b->scope.arena->oom)
        return;
    gy_build_paths(b);
    gy_build_wires(b);
    gy_build_ahead(b);
    if (b->scope.arena->oom)
        return;
    gy_build_order(b);
    for (uint32_t i = 0; !b->scope.arena->oom && i < b->n; i++)
        gy_build_node_bind(b, b->order[i]);
    if (b->scope.arena->oom)
        return;
    gy_build_loops(b);
    gy_build_feedback(b);
    gy_build_parallelism(b);
    gy_build_partitions(b);
    if (gy_diags_count(b->scope.diags) > 0 || b->scope.arena->oom)
        return;
    assert_complete(b);
    finish(b);
    if (b->scope.arena->oom)
        return;
    gy_build_hashes(b);
    gy_build_prune(b);
    gy_build_presums(b);
    gy_build_steps(b);
    if (!b->scope.arena->oom)
        gy_build_assert(b->graph);
}

struct gy_graph *gy_graph_build(const struct gy_job *job, struct gy_plugins *plugins,
                                struct gy_diags *diags)
{
    struct owner *owner = gy_alloc(sizeof *owner);
    if (owner == NULL) {
        gy_diags_add(diags, job->file, 0, "out of memory");
        return NULL;
    }
    struct gy_graph *graph = &owner->graph;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    graph->job = gy_arena_ctl_strdup(&owner->arena, job->name != NULL ? job->name : "");
    graph->file = gy_arena_ctl_strdup(&owner->arena, job->file);
    graph->mode = job->batch ? GYRE_MODE_BATCH : GYRE_MODE_STREAM;
    graph->max_parallelism = job->max_parallelism;
    graph->loop_memory = (uint64_t)job->loop_memory;
    graph->loop_disk = (uint64_t)job->loop_disk;
    graph->parallelism = job->parallelism != 0 ? job->parallelism : cpus > 0 ? (uint32_t)cpus : 1;
    if (graph->parallelism > job->max_parallelism)
        graph->parallelism = job->max_parallelism;
    struct gy_build b = {
        .job = job, .plugins = plugins, .graph = graph, .scope = {&owner->arena, diags}};
    for (uint32_t i = 0; i < job->n_plugins; i++) {
        struct gyre_error error = {.size = (uint32_t)sizeof error};
        if (gy_plugins_add(plugins, job->plugins[i], &error) != 0)
            gy_build_tell(&b, job->plugins_at[i], "plugins: %s", error.text);
    }
    build(&b);
    if (owner->arena.oom)
        gy_diags_add(diags, job->file, 0, "out of memory");
    if (gy_diags_count(diags) > 0) {
        gy_graph_free(graph);
        return NULL;
    }
    return graph;
}

void gy_graph_free(struct gy_graph *graph)
{
    struct owner *owner = (struct owner *)(void *)graph; /* its first member */
    if (owner == NULL)
        return;
    gy_arena_ctl_fini(&owner->arena);
    gy_free(owner);
}
