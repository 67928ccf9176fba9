/* The words that all formats of a plan share; see plan.h. */
#include "app/plan.h"

const char *gy_plan_partition_name(enum gy_partition partition)
{
    static const char *const names[] = {
        [GY_FORWARD] = "forward",     [GY_KEY] = "key",       [GY_REBALANCE] = "rebalance",
        [GY_BROADCAST] = "broadcast", [GY_SINGLE] = "single", [GY_FUNCTION] = "function"};
    return names[partition];
}

const char *gy_plan_kind(const struct gy_node *node)
{
    static const char *const aggregations[] = {[GY_AGG_NONE] = "",
                                               [GY_AGG_ROLLING] = "rolling aggregate",
                                               [GY_AGG_FINAL] = "final aggregate",
                                               [GY_AGG_WINDOWED] = "windowed"};
    if (node->kind == GYRE_SOURCE)
        return "source";
    if (node->of != NULL)
        return "key function";
    return node->kind == GYRE_SINK ? "sink" : aggregations[node->aggregation];
}

void gy_plan_key(struct gy_buf *b, const struct gy_node *node, const struct gy_input *in)
{
    for (uint32_t k = 0; k < node->key.n; k++)
        gy_buf_printf(b, "%s%s", k > 0 ? ", " : "",
                      gyre_schema_field(&in->schema, in->key_fields[k])->name);
}

void gy_plan_partition(struct gy_buf *b, const struct gy_graph *graph, const struct gy_edge *edge)
{
    const struct gy_node *to = graph->nodes[edge->to];
    gy_buf_text(b, gy_plan_partition_name(edge->partition));
    if (edge->partition == GY_FUNCTION)
        gy_buf_printf(b, " %s", edge->function->name);
    if (edge->partition != GY_KEY)
        return;
    gy_buf_text(b, " ");
    gy_plan_key(b, to, &to->inputs[edge->to_port]);
}

void gy_plan_stream(struct gy_buf *b, const struct gy_graph *graph, const struct gy_edge *edge)
{
    const struct gy_node *from = graph->nodes[edge->from];
    gy_buf_text(b, from->id);
    if (edge->from_port > 0 || from->errors_port == 0)
        gy_buf_printf(b, ".%s", from->outputs[edge->from_port].name);
}

void gy_plan_loop(struct gy_buf *b, const struct gy_graph *graph, const struct gy_loop *loop)
{
    const char *before = ": ";
    gy_buf_printf(b, "%s: ", loop->id);
    if (loop->rounds_max == 0)
        gy_buf_text(b, "rows go round as they come");
    else
        gy_buf_printf(b, "%llu round%s at most", (unsigned long long)loop->rounds_max,
                      loop->rounds_max == 1 ? "" : "s");
    if (loop->outer >= 0)
        gy_buf_printf(b, ", within %s", graph->loops[loop->outer].id);
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (loop->body[i]) {
            gy_buf_printf(b, "%s%s", before, graph->nodes[i]->id);
            before = ", ";
        }
}
