/* `gyre check`: everything that a run does before it starts, and one line that says so.
 *
 * What is not wrong but should be known (rows that may come twice or be lost) goes to standard error. */
#include "app/commands.h"
#include "app/job.h"
#include "base/say.h"

static void tell(const struct gy_node *node, const char *text)
{
    gy_say(stderr, "%s:%d: %s: %s %s\n", node->file, node->line, node->id, node->op, text);
}

static void warn(const struct gy_graph *graph, const struct gy_node *node)
{
    if (graph->mode == GYRE_MODE_BATCH && (node->flags & GYRE_UNBOUNDED) != 0)
        tell(node, "has no end here, and with mode = \"batch\" what is put out at the end of input "
                   "never comes: give it an end, or leave out `mode`");
    const char *text = NULL;
    if ((node->flags & GYRE_AT_MOST_ONCE) != 0)
        text = "here is at most once: rows may be lost when the job is restarted";
    else if ((node->flags & GYRE_AT_LEAST_ONCE) != 0)
        text = "here is at least once: rows may come twice when the job is restarted";
    if (text != NULL)
        tell(node, text);
}

int gy_cmd_check(const struct gy_cli *cli)
{
    struct gy_loaded loaded;
    int status = gy_load(cli, &loaded);
    if (status == GY_EXIT_OK) {
        const struct gy_graph *graph = loaded.graph;
        uint32_t n = 0; /* of the job file */
        for (uint32_t i = 0; i < graph->n_nodes; i++) {
            warn(graph, graph->nodes[i]);
            n += graph->nodes[i]->of == NULL;
        }
        gy_say(stdout, "%s: nothing wrong: job %s, %u operator%s, %s\n", graph->file, graph->job, n,
               n == 1 ? "" : "s", graph->mode == GYRE_MODE_BATCH ? "batch" : "stream");
        status = gy_cli_end(status);
    }
    gy_loaded_fini(&loaded);
    return status;
}
