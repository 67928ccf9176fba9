/* What consumers read of each output, where times are read, where hashes stay right; see build.h.
 *
 * needed      a field is needed where a consumer reads it, or passes it on to an output in which it
 *             is needed, or hashes it (the key of an exchange), or keeps it as a key whose hash does
 *             not identify it, or tells it (`row` of an .errors port). Consumers come before
 *             producers, so one pass backward settles all but feedback edges, for which it is
 *             repeated until nothing changes.
 * hashes      an operator's input carries the hash of its key where the edge is partitioned by it.
 *             An aligned output keeps it where every field of the key is passed on by reference;
 *             then a consumer behind a forward edge gets it too. Where that consumer has the same
 *             fields as its key and the same parallelism, its rows are in the right tasks already:
 *             the key edge becomes a forward edge. (Same fields are same types and so same hashes;
 *             same max_parallelism and parallelism make the same subtask of a hash.) */
#include "graph/build.h"

#include <string.h>

/* ---- hashes ---- */

/* Where the fields of the carried key stand in a stream; n 0: no hash. */
struct carried {
    uint32_t n;
    uint32_t fields[GY_KEYS_MAX];
};

static bool same_carried(const struct carried *x, const struct carried *y)
{
    return x->n == y->n && memcmp(x->fields, y->fields, x->n * sizeof x->fields[0]) == 0;
}

/* The key fields' places in an output; n 0 where one of them is not passed. */
static struct carried through(const struct gy_output *out, const struct carried *in)
{
    struct carried result = {0};
    if ((out->flags & GYRE_PORT_ALIGNED) == 0)
        return result;
    for (uint32_t k = 0; k < in->n; k++) {
        uint32_t at = 0;
        while (at < out->schema.n_fields && out->origins[at].input != (int32_t)in->fields[k])
            at++;
        if (at == out->schema.n_fields)
            return (struct carried){0};
        result.fields[k] = at;
    }
    result.n = in->n;
    return result;
}

/* The hash that the input of an unkeyed operator, or a forward edge of a keyed one, carries. */
static struct carried of_edge(const struct gy_graph *g, const struct gy_edge *e,
                              struct carried *const *outputs)
{
    const struct gy_node *from = g->nodes[e->from], *to = g->nodes[e->to];
    if (e->feedback || from->parallelism != to->parallelism ||
        (int32_t)e->from_port == from->errors_port)
        return (struct carried){0};
    return outputs[e->from][e->from_port];
}

/* The hash of a node's input 0 where it has one input port; turns key edges into forward ones. */
static struct carried of_node(struct gy_graph *g, uint32_t index, struct carried *const *outputs)
{
    const struct gy_node *node = g->nodes[index];
    struct carried common = {0};
    bool first = true;
    if (node->n_inputs != 1)
        return common;
    struct carried key = {.n = node->key.n};
    memcpy(key.fields, node->inputs[0].key_fields, sizeof key.fields);
    for (uint32_t i = 0; i < g->n_edges; i++) {
        struct gy_edge *e = &g->edges[i];
        if (e->to != index)
            continue;
        struct carried got = of_edge(g, e, outputs);
        if (e->partition == GY_KEY && got.n > 0 && same_carried(&got, &key))
            e->partition = GY_FORWARD;
        if (e->partition != GY_FORWARD)
            got.n = 0;
        if (first)
            common = got;
        else if (!same_carried(&common, &got))
            common.n = 0;
        first = false;
    }
    return node->key.n > 0 ? key : common;
}

void gy_build_hashes(struct gy_build *b)
{
    struct gy_graph *g = b->graph;
    struct carried **outputs =
        gy_arena_ctl_calloc(b->scope.arena, g->n_nodes, sizeof(struct carried *));
    for (uint32_t i = 0; outputs != NULL && i < g->n_nodes; i++) {
        struct gy_node *node = g->nodes[i];
        outputs[i] = gy_arena_ctl_calloc(b->scope.arena, node->n_outputs, sizeof **outputs);
        if (outputs[i] == NULL)
            return;
        struct carried in = of_node(g, i, outputs);
        for (uint32_t p = 0; p < node->n_outputs; p++) {
            outputs[i][p] = through(&node->outputs[p], &in);
            node->outputs[p].keeps_hash = outputs[i][p].n > 0;
        }
    }
}

/* ---- what is needed ---- */

static bool mark(struct gy_output *out, uint32_t field)
{
    bool news = !out->needed[field];
    out->needed[field] = true;
    return news;
}

/* One field of the producer's output, as its consumer sees it. */
static bool reads_field(const struct gy_node *to, const struct gy_edge *e, uint32_t field)
{
    const struct gy_input *in = &to->inputs[e->to_port];
    if (to->on_error == GY_ON_ERROR_PORT)
        return true;
    for (uint32_t i = 0; i < in->n_reads; i++)
        if (in->reads[i] == field)
            return true;
    for (uint32_t i = 0; i < e->n_reads; i++)
        if (e->reads[i] == field)
            return true;
    bool key_needed = e->partition == GY_KEY || !gy_key_is_exact(&to->key) ||
                      to->aggregation == GY_AGG_FINAL || to->aggregation == GY_AGG_WINDOWED;
    for (uint32_t k = 0; key_needed && k < to->key.n; k++)
        if (in->key_fields[k] == field)
            return true;
    for (uint32_t p = 0; e->to_port == 0 && p < to->n_outputs; p++)
        for (uint32_t f = 0; f < to->outputs[p].schema.n_fields; f++)
            if (to->outputs[p].needed[f] && to->outputs[p].origins[f].input == (int32_t)field)
                return true;
    return false;
}

/* Rows come into windows by their time where one of the policies goes by it; a plugin's function may
 * look at it. Others read it only for what they put out. */
static bool window_reads_time(const struct gy_window_plan *w)
{
    const struct gy_policy_plan *policies[] = {&w->keep, &w->fire};
    bool by_time = false;
    for (int i = 0; i < 2; i++)
        by_time |= policies[i]->function != NULL || policies[i]->kind == GY_POLICY_TIME ||
                   policies[i]->kind == GY_POLICY_SESSION;
    return by_time && !w->processing;
}

static bool reads_time(const struct gy_node *to)
{
    if ((to->flags & GYRE_READS_TIME) != 0)
        return true;
    if (to->window != NULL && window_reads_time(to->window))
        return true;
    if ((to->flags & GYRE_SETS_TIME) != 0)
        return false;
    for (uint32_t p = 0; p < to->n_outputs; p++)
        if (to->outputs[p].needs_time && (to->outputs[p].flags & GYRE_PORT_TIME) == 0)
            return true;
    return false;
}

static bool prune_edge(struct gy_graph *g, const struct gy_edge *e)
{
    struct gy_output *out = &g->nodes[e->from]->outputs[e->from_port];
    const struct gy_node *to = g->nodes[e->to];
    bool news = false;
    for (uint32_t f = 0; f < out->schema.n_fields; f++)
        if (!out->needed[f] && reads_field(to, e, f))
            news |= mark(out, f);
    if (!out->needs_time && reads_time(to))
        news = out->needs_time = true;
    return news;
}

void gy_build_prune(struct gy_build *b)
{
    struct gy_graph *g = b->graph;
    for (uint32_t i = 0; i < g->n_nodes; i++)
        for (uint32_t p = 0; p < g->nodes[i]->n_outputs; p++) {
            struct gy_output *out = &g->nodes[i]->outputs[p];
            out->needed = gy_arena_ctl_calloc(b->scope.arena, out->schema.n_fields, sizeof(bool));
            if (out->needed == NULL)
                return;
        }
    bool news = true;
    while (news) {
        news = false;
        for (uint32_t i = g->n_nodes; i-- > 0;)
            for (uint32_t e = 0; e < g->n_edges; e++)
                if (g->edges[e].to == i)
                    news |= prune_edge(g, &g->edges[e]);
    }
}
