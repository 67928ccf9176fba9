/* What logical.h promises of a finished graph, asserted: after this nobody who builds from it need
 * look. A mistake of a job or of a plugin is told long before; what fails here is a fault of gyre. */
#include "graph/build.h"

#include <assert.h>

static void assert_hosted(const struct gy_node *node, const struct gy_hosted *hosted)
{
    assert(hosted->op != NULL && hosted->plugin != NULL && hosted->function != NULL);
    assert((hosted->aggregate != NULL) == (hosted->function->kind == GYRE_FN_AGGREGATE));
    assert(hosted->aggregate == NULL || hosted->accumulator != NULL);
    for (uint32_t i = 0; i < hosted->n_reads; i++)
        assert(hosted->reads[i] < node->inputs[0].n_reads);
}

static void assert_policy(const struct gy_node *node, const struct gy_policy_plan *policy)
{
    bool by_function = policy->function != NULL;
    switch (policy->kind) {
    case GY_POLICY_TIME:
    case GY_POLICY_SESSION: assert(policy->time_us > 0); break;
    case GY_POLICY_COUNT: assert(policy->count > 0); break;
    case GY_POLICY_DELTA:
        assert(policy->delta >= 0 && (by_function || policy->field < node->inputs[0].n_reads));
        break;
    case GY_POLICY_FUNCTION: assert(by_function); break;
    case GY_POLICY_ALL:
    case GY_POLICY_NONE: break;
    }
    if (by_function)
        assert_hosted(node, policy->function);
}

static void assert_window(const struct gy_node *node, const struct gy_window_plan *w)
{
    bool session = w->keep.kind == GY_POLICY_SESSION, bounds = w->both_time || session;
    assert(node->aggregation == GY_AGG_WINDOWED && w->keep.kind != GY_POLICY_NONE);
    assert_policy(node, &w->keep);
    assert_policy(node, &w->fire);
    assert((w->fire.kind == GY_POLICY_NONE) == session && !(session && w->tumbling));
    assert(w->both_time == (w->keep.kind == GY_POLICY_TIME && w->fire.kind == GY_POLICY_TIME));
    assert(w->keep.offset_us == 0 && w->fire.offset_us >= 0 &&
           (w->fire.offset_us == 0 || w->fire.offset_us < w->fire.time_us));
    assert(w->per != GY_PER_KEY || node->key.n > 0);
    assert(bounds == (w->start_own >= 0) && bounds == (w->end_own >= 0) &&
           bounds == (w->late_port >= 0));
    assert(bounds || (w->lateness_us == 0 && w->early_us == 0));
    assert(!w->processing || w->lateness_us == 0);
}

static void assert_inputs(const struct gy_node *node)
{
    for (uint32_t p = 0; p < node->n_inputs; p++) {
        const struct gy_input *in = &node->inputs[p];
        for (uint32_t i = 0; i < in->n_reads; i++)
            assert(in->reads[i] < in->schema.n_fields);
        for (uint32_t k = 0; in->connected && k < node->key.n; k++)
            assert(in->key_fields[k] < in->schema.n_fields &&
                   gyre_schema_field(&in->schema, in->key_fields[k])->type == node->key.types[k]);
    }
}

/* A field is an own column, or one of input 0 that an aligned port passes. */
static void assert_outputs(const struct gy_node *node)
{
    for (uint32_t p = 0; p < node->n_outputs; p++) {
        const struct gy_output *out = &node->outputs[p];
        for (uint32_t f = 0; f < out->schema.n_fields; f++) {
            struct gy_origin from = out->origins[f];
            assert((from.own >= 0) != (from.input >= 0));
            assert(from.own < (int32_t)out->n_own);
            assert(from.input < 0 || ((out->flags & GYRE_PORT_ALIGNED) != 0 &&
                                      from.input < (int32_t)node->inputs[0].schema.n_fields));
        }
    }
    assert(node->errors_port < (int32_t)node->n_outputs);
    assert((node->errors_port >= 0) == (node->on_error == GY_ON_ERROR_PORT));
}

static void assert_edge(const struct gy_graph *g, const struct gy_edge *e)
{
    assert(e->from < g->n_nodes && e->to < g->n_nodes && (e->feedback || e->from < e->to));
    const struct gy_node *from = g->nodes[e->from], *to = g->nodes[e->to];
    assert(e->from_port < from->n_outputs && e->to_port < to->n_inputs);
    assert(e->partition != GY_KEY || to->key.n > 0);
    assert((e->partition == GY_FUNCTION) == (e->function != NULL));
    for (uint32_t i = 0; i < e->n_reads; i++)
        assert(e->reads[i] < from->outputs[e->from_port].schema.n_fields);
}

/* Rows come back within a region; loops with rounds nest. */
static void assert_loops(const struct gy_graph *g)
{
    for (uint32_t i = 0; i < g->n_edges; i++)
        assert(!g->edges[i].feedback ||
               (g->nodes[g->edges[i].to]->region >= 0 &&
                g->nodes[g->edges[i].from]->region == g->nodes[g->edges[i].to]->region));
    for (uint32_t i = 0; i < g->n_loops; i++) {
        const struct gy_loop *loop = &g->loops[i];
        assert(loop->body[loop->head] && loop->region < g->n_regions);
        assert(loop->outer == -1 ||
               (loop->outer > (int32_t)i && g->loops[loop->outer].body[loop->head]));
        for (uint32_t n = 0; n < g->n_nodes; n++)
            assert(!loop->body[n] || g->nodes[n]->region == (int32_t)loop->region);
    }
    for (uint32_t n = 0; n < g->n_nodes; n++)
        for (uint32_t r = 1; r < g->nodes[n]->n_rounds; r++) /* innermost first */
            assert(g->nodes[n]->rounds[r]->body[g->nodes[n]->rounds[r - 1]->head]);
    for (uint32_t n = 0; n < g->n_nodes; n++)
        for (uint32_t r = 0; r < g->nodes[n]->n_rounds; r++)
            assert(g->nodes[n]->rounds[r]->rounds_max > 0 && g->nodes[n]->rounds[r]->body[n]);
}

void gy_build_assert(const struct gy_graph *g)
{
    for (uint32_t i = 0; i < g->n_nodes; i++) {
        const struct gy_node *node = g->nodes[i];
        assert(node->index == i && node->key.n <= GY_KEYS_MAX);
        assert(node->parallelism > 0 && node->parallelism <= node->max_parallelism);
        assert((node->descriptor == NULL) == (node->n_hosted > 0));
        assert((node->window != NULL) == (node->aggregation == GY_AGG_WINDOWED));
        assert_inputs(node);
        assert_outputs(node);
        for (uint32_t f = 0; f < node->n_hosted; f++)
            assert_hosted(node, &node->hosted[f]);
        if (node->window != NULL)
            assert_window(node, node->window);
    }
    for (uint32_t i = 0; i < g->n_edges; i++)
        assert_edge(g, &g->edges[i]);
    assert_loops(g);
}
