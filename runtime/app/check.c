/* `gyre check`: everything that a run does before it starts, and one line that says so.
 *
 * What is not wrong but should be known (rows that may come twice or be lost) goes to standard error. */
#include "app/commands.h"
#include "app/job.h"
#include "base/say.h"

static void warn(const struct gy_node *node)
{
    const char *text = NULL;
    if ((node->flags & GYRE_AT_MOST_ONCE) != 0)
        text = "at most once: rows may be lost when the job is restarted";
    else if ((node->flags & GYRE_AT_LEAST_ONCE) != 0)
        text = "at least once: rows may come twice when the job is restarted";
    if (text != NULL)
        gy_say(stderr, "%s:%d: %s: %s here is %s\n", node->file, node->line, node->id, node->op,
               text);
}

int gy_cmd_check(const struct gy_cli *cli)
{
    struct gy_loaded loaded;
    int status = gy_load(cli, &loaded);
    if (status == GY_EXIT_OK) {
        const struct gy_graph *graph = loaded.graph;
        uint32_t n = 0; /* of the job file */
        for (uint32_t i = 0; i < graph->n_nodes; i++) {
            warn(graph->nodes[i]);
            n += graph->nodes[i]->of == NULL;
        }
        gy_say(stdout, "%s: nothing wrong: job %s, %u operator%s, %s\n", graph->file, graph->job, n,
               n == 1 ? "" : "s", graph->mode == GYRE_MODE_BATCH ? "batch" : "stream");
        status = gy_cli_end(status);
    }
    gy_loaded_fini(&loaded);
    return status;
}
