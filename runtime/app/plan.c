/* `gyre plan`, and its text; see plan.h. */
#include "app/plan.h"

#include "app/commands.h"
#include "app/describe.h"
#include "app/job.h"
#include "base/say.h"

#include <string.h>
#include <unistd.h>

static void tasks(struct gy_buf *b, uint32_t n)
{
    gy_buf_printf(b, "%u task%s", n, n == 1 ? "" : "s");
}

/* ---- text: the logical graph ---- */

static void inputs_text(struct gy_buf *b, const struct gy_graph *graph, uint32_t index)
{
    const struct gy_node *node = graph->nodes[index];
    for (uint32_t i = 0; i < graph->n_edges; i++) {
        const struct gy_edge *e = &graph->edges[i];
        if (e->to != index)
            continue;
        gy_buf_printf(b, "    %s <- ", node->inputs[e->to_port].name);
        gy_plan_stream(b, graph, e);
        gy_buf_text(b, ": ");
        gy_plan_partition(b, graph, e);
        gy_buf_text(b, e->feedback ? ", feedback\n" : "\n");
    }
}

static void node_text(struct gy_buf *b, const struct gy_graph *graph, uint32_t index)
{
    const struct gy_node *node = graph->nodes[index];
    const char *kind = gy_plan_kind(node);
    gy_buf_printf(b, "  %s: %s, %s%s", node->id, node->op, kind, kind[0] != '\0' ? ", " : "");
    tasks(b, node->parallelism);
    if (node->key.n > 0) {
        gy_buf_text(b, ", key ");
        gy_plan_key(b, node, &node->inputs[0]);
    }
    if (node->on_error != GY_ON_ERROR_FAIL)
        gy_buf_printf(b, ", on_error %s", node->on_error == GY_ON_ERROR_SKIP ? "skip" : "port");
    gy_buf_text(b, "\n");
    if (node->window != NULL) {
        gy_buf_text(b, "    windowed: ");
        gy_plan_window(b, node);
        gy_buf_text(b, "\n");
    }
    inputs_text(b, graph, index);
    for (uint32_t p = 0; p < node->n_outputs; p++) {
        gy_buf_printf(b, "    %s -> {", node->outputs[p].name);
        gy_describe_fields(b, node->outputs[p].schema.fields, node->outputs[p].schema.n_fields);
        gy_buf_text(b, "}\n");
    }
}

/* ---- text: the physical graph ---- */

/* The columns that an exchange carries. */
static void carried_text(struct gy_buf *b, const struct gy_output *out)
{
    const char *before = "";
    gy_buf_text(b, ", carries ");
    for (uint32_t f = 0; f < out->schema.n_fields; f++) {
        if (!out->needed[f])
            continue;
        gy_buf_printf(b, "%s%s", before, gyre_schema_field(&out->schema, f)->name);
        before = ", ";
    }
    if (out->needs_time) {
        gy_buf_printf(b, "%sevent times", before);
        before = ", ";
    }
    if (before[0] == '\0')
        gy_buf_text(b, "no columns");
}

static void chain_text(struct gy_buf *b, const struct gy_physical *plan, uint32_t chain)
{
    const struct gy_chain *c = &plan->chains[chain];
    gy_buf_printf(b, "  %u: ", chain + 1);
    tasks(b, c->parallelism);
    if (c->blocking)
        gy_buf_text(b, c->parallelism == 1 ? " with a thread of its own"
                                           : ", each with a thread of its own");
    for (uint32_t i = 0; i < c->n_nodes; i++)
        gy_buf_printf(b, "%s%s", i == 0 ? ": " : ", ", plan->graph->nodes[c->nodes[i]]->id);
    gy_buf_text(b, "\n");
}

static void exchange_text(struct gy_buf *b, const struct gy_physical *plan, uint32_t edge)
{
    const struct gy_graph *graph = plan->graph;
    const struct gy_edge *e = &graph->edges[edge];
    gy_buf_text(b, "  ");
    gy_plan_stream(b, graph, e);
    gy_buf_printf(b, " -> %s: ", graph->nodes[e->to]->id);
    gy_plan_partition(b, graph, e);
    gy_buf_printf(b, ", %u to %u", graph->nodes[e->from]->parallelism,
                  graph->nodes[e->to]->parallelism);
    carried_text(b, &graph->nodes[e->from]->outputs[e->from_port]);
    if (e->presums)
        gy_buf_text(b, ", summed before where keys repeat");
    gy_buf_text(b, e->feedback ? ", feedback\n" : "\n");
}

static void loops_text(struct gy_buf *b, const struct gy_graph *graph)
{
    if (graph->n_loops > 0)
        gy_buf_text(b, "\nloops\n");
    for (uint32_t i = 0; i < graph->n_loops; i++) {
        gy_buf_text(b, "  ");
        gy_plan_loop(b, graph, &graph->loops[i]);
        gy_buf_text(b, "\n");
    }
}

void gy_plan_text(struct gy_buf *b, const struct gy_physical *plan)
{
    const struct gy_graph *graph = plan->graph;
    bool any = false;
    gy_buf_printf(b, "job %s: %s, parallelism %u, %u key groups\n\noperators\n", graph->job,
                  graph->mode == GYRE_MODE_BATCH ? "batch" : "stream", graph->parallelism,
                  graph->max_parallelism);
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        node_text(b, graph, i);
    loops_text(b, graph);
    gy_buf_text(b, "\nchains\n");
    for (uint32_t c = 0; c < plan->n_chains; c++)
        chain_text(b, plan, c);
    gy_buf_text(b, "\nexchanges\n");
    for (uint32_t e = 0; e < graph->n_edges; e++)
        if (!plan->chained[e]) {
            exchange_text(b, plan, e);
            any = true;
        }
    if (!any)
        gy_buf_text(b, "  none\n");
}

/* ---- the command ---- */

static int show(const struct gy_cli *cli, const struct gy_graph *graph)
{
    struct gy_buf b = {0};
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    struct gy_physical *plan = gy_physical_new(graph, cpus > 0 ? (uint32_t)cpus : 1);
    if (plan == NULL) {
        gy_say(stderr, "gyre plan: out of memory\n");
        return GY_EXIT_FAILED;
    }
    if (strcmp(cli->format, "dot") == 0)
        gy_plan_dot(&b, plan);
    else if (strcmp(cli->format, "json") == 0)
        gy_plan_json(&b, plan);
    else
        gy_plan_text(&b, plan);
    int status = gy_cli_put(cli, &b, GY_EXIT_OK);
    gy_buf_fini(&b);
    gy_physical_free(plan);
    return status;
}

int gy_cmd_plan(const struct gy_cli *cli)
{
    struct gy_loaded loaded;
    int status = gy_load(cli, &loaded);
    if (status == GY_EXIT_OK)
        status = show(cli, loaded.graph);
    gy_loaded_fini(&loaded);
    return status;
}
