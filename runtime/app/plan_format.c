/* `gyre plan --format dot` and `--format json`; see plan.h. */
#include "app/plan.h"

#include "app/describe.h"

/* ---- dot: chains are boxes around their operators, exchanges are drawn thick, what goes round is dashed:
 * the edges, and a box around the chains of a region, which names its loops ---- */

static void dot_node(struct gy_buf *b, const struct gy_node *node)
{
    gy_buf_printf(b, "    \"%s\" [label=\"%s\\n%s\"];\n", node->id, node->id, node->op);
}

static void dot_edge(struct gy_buf *b, const struct gy_physical *plan, uint32_t edge)
{
    const struct gy_graph *graph = plan->graph;
    const struct gy_edge *e = &graph->edges[edge];
    gy_buf_printf(b, "  \"%s\" -> \"%s\" [label=\"", graph->nodes[e->from]->id,
                  graph->nodes[e->to]->id);
    if (e->from_port > 0)
        gy_buf_printf(b, "%s, ", graph->nodes[e->from]->outputs[e->from_port].name);
    gy_plan_partition(b, graph, e);
    gy_buf_printf(b, "\"%s%s];\n", plan->chained[edge] ? "" : ", penwidth=2",
                  e->feedback ? ", style=dashed, constraint=false" : "");
}

/* The chains of a region; -1: those of none. */
static void dot_chains(struct gy_buf *b, const struct gy_physical *plan, int32_t region)
{
    for (uint32_t c = 0; c < plan->n_chains; c++) {
        const struct gy_chain *chain = &plan->chains[c];
        if (plan->graph->nodes[chain->nodes[0]]->region != region)
            continue;
        gy_buf_printf(b, "  subgraph cluster_%u {\n    label=\"x %u\";\n", c + 1,
                      chain->parallelism);
        for (uint32_t i = 0; i < chain->n_nodes; i++)
            dot_node(b, plan->graph->nodes[chain->nodes[i]]);
        gy_buf_text(b, "  }\n");
    }
}

static void dot_region(struct gy_buf *b, const struct gy_physical *plan, uint32_t region)
{
    const struct gy_graph *graph = plan->graph;
    gy_buf_printf(b, "  subgraph cluster_region_%u {\n", region + 1);
    dot_chains(b, plan, (int32_t)region); /* first: they would take over what is said of this box */
    gy_buf_text(b, "    style=dashed;\n    label=\"");
    for (uint32_t i = 0; i < graph->n_loops; i++)
        if (graph->loops[i].region == region) {
            gy_buf_text(b, "loop ");
            gy_plan_loop(b, graph, &graph->loops[i]);
            gy_buf_text(b, "\\l"); /* a line, to the left */
        }
    gy_buf_text(b, "\";\n  }\n");
}

void gy_plan_dot(struct gy_buf *b, const struct gy_physical *plan)
{
    const struct gy_graph *graph = plan->graph;
    gy_buf_printf(b, "digraph \"%s\" {\n  rankdir=LR;\n  node [shape=box];\n", graph->job);
    dot_chains(b, plan, -1);
    for (uint32_t region = 0; region < graph->n_regions; region++)
        dot_region(b, plan, region);
    for (uint32_t e = 0; e < graph->n_edges; e++)
        dot_edge(b, plan, e);
    gy_buf_text(b, "}\n");
}

/* ---- JSON ---- */

static void json_fields(struct gy_buf *b, const struct gy_output *out)
{
    gy_json_open(b, "fields", '[');
    for (uint32_t f = 0; f < out->schema.n_fields; f++) {
        const struct gyre_field *field = gyre_schema_field(&out->schema, f);
        gy_json_open(b, NULL, '{');
        gy_json_text(b, "name", field->name);
        gy_json_text(b, "type", gyre_type_name(field->type));
        gy_json_bool(b, "nullable", (field->flags & GYRE_NULLABLE) != 0);
        gy_json_bool(b, "needed", out->needed[f]);
        gy_json_close(b, '}');
    }
    gy_json_close(b, ']');
}

static void json_key(struct gy_buf *b, const struct gy_node *node, const struct gy_input *in)
{
    gy_json_open(b, "key", '[');
    for (uint32_t k = 0; k < node->key.n; k++)
        gy_json_text(b, NULL, gyre_schema_field(&in->schema, in->key_fields[k])->name);
    gy_json_close(b, ']');
}

static void json_node(struct gy_buf *b, const struct gy_physical *plan, uint32_t index)
{
    static const char *const kinds[] = {"", "source", "transform", "sink"};
    static const char *const aggregations[] = {NULL, "rolling", "final", "windowed"};
    static const char *const on_errors[] = {"fail", "skip", "port"};
    const struct gy_node *node = plan->graph->nodes[index];
    gy_json_open(b, NULL, '{');
    gy_json_text(b, "id", node->id);
    if (node->of != NULL)
        gy_json_text(b, "of", node->of);
    gy_json_text(b, "op", node->op);
    gy_json_text(b, "kind", kinds[node->kind]);
    gy_json_text(b, "aggregation", aggregations[node->aggregation]);
    if (node->window != NULL)
        gy_plan_window_json(b, node);
    gy_json_number(b, "parallelism", node->parallelism);
    gy_json_text(b, "on_error", on_errors[node->on_error]);
    gy_json_number(b, "chain", plan->chain_of[index] + 1);
    gy_json_open(b, "inputs", '[');
    for (uint32_t p = 0; p < node->n_inputs; p++) {
        gy_json_open(b, NULL, '{');
        gy_json_text(b, "name", node->inputs[p].name);
        json_key(b, node, &node->inputs[p]);
        gy_json_close(b, '}');
    }
    gy_json_close(b, ']');
    gy_json_open(b, "outputs", '[');
    for (uint32_t p = 0; p < node->n_outputs; p++) {
        gy_json_open(b, NULL, '{');
        gy_json_text(b, "name", node->outputs[p].name);
        json_fields(b, &node->outputs[p]);
        gy_json_bool(b, "needs_time", node->outputs[p].needs_time);
        gy_json_bool(b, "keeps_hash", node->outputs[p].keeps_hash);
        gy_json_close(b, '}');
    }
    gy_json_close(b, ']');
    gy_json_close(b, '}');
}

static void json_edge(struct gy_buf *b, const struct gy_physical *plan, uint32_t edge)
{
    const struct gy_graph *graph = plan->graph;
    const struct gy_edge *e = &graph->edges[edge];
    const struct gy_node *from = graph->nodes[e->from], *to = graph->nodes[e->to];
    gy_json_open(b, NULL, '{');
    gy_json_text(b, "from", from->id);
    gy_json_text(b, "from_port", from->outputs[e->from_port].name);
    gy_json_text(b, "to", to->id);
    gy_json_text(b, "to_port", to->inputs[e->to_port].name);
    gy_json_text(b, "partition", gy_plan_partition_name(e->partition));
    if (e->function != NULL)
        gy_json_text(b, "function", e->function->name);
    gy_json_bool(b, "chained", plan->chained[edge]);
    gy_json_bool(b, "feedback", e->feedback);
    gy_json_bool(b, "summed_before", e->presums && !plan->chained[edge]);
    gy_json_close(b, '}');
}

static void json_loop(struct gy_buf *b, const struct gy_graph *graph, const struct gy_loop *loop)
{
    gy_json_open(b, NULL, '{');
    gy_json_text(b, "head", loop->id);
    if (loop->rounds_max == 0)
        gy_json_text(b, "rounds", NULL);
    else
        gy_json_number(b, "rounds", (int64_t)loop->rounds_max);
    gy_json_text(b, "within", loop->outer >= 0 ? graph->loops[loop->outer].id : NULL);
    gy_json_open(b, "operators", '[');
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (loop->body[i])
            gy_json_text(b, NULL, graph->nodes[i]->id);
    gy_json_close(b, ']');
    gy_json_close(b, '}');
}

void gy_plan_json(struct gy_buf *b, const struct gy_physical *plan)
{
    const struct gy_graph *graph = plan->graph;
    gy_json_open(b, NULL, '{');
    gy_json_text(b, "job", graph->job);
    gy_json_text(b, "mode", graph->mode == GYRE_MODE_BATCH ? "batch" : "stream");
    gy_json_number(b, "parallelism", graph->parallelism);
    gy_json_number(b, "max_parallelism", graph->max_parallelism);
    gy_json_open(b, "operators", '[');
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        json_node(b, plan, i);
    gy_json_close(b, ']');
    gy_json_open(b, "edges", '[');
    for (uint32_t e = 0; e < graph->n_edges; e++)
        json_edge(b, plan, e);
    gy_json_close(b, ']');
    gy_json_open(b, "chains", '[');
    for (uint32_t c = 0; c < plan->n_chains; c++) {
        gy_json_open(b, NULL, '{');
        gy_json_number(b, "parallelism", plan->chains[c].parallelism);
        gy_json_bool(b, "blocking", plan->chains[c].blocking);
        gy_json_open(b, "operators", '[');
        for (uint32_t i = 0; i < plan->chains[c].n_nodes; i++)
            gy_json_text(b, NULL, graph->nodes[plan->chains[c].nodes[i]]->id);
        gy_json_close(b, ']');
        gy_json_close(b, '}');
    }
    gy_json_close(b, ']');
    gy_json_open(b, "loops", '[');
    for (uint32_t i = 0; i < graph->n_loops; i++)
        json_loop(b, graph, &graph->loops[i]);
    gy_json_close(b, ']');
    gy_json_close(b, '}');
    gy_buf_text(b, "\n");
}
