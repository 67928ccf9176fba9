/* A job file, its plugins and its graph, with all mistakes printed at once; see job.h. */
#include "app/job.h"

#include <stdio.h>

static struct gy_plugins *find_plugins(const struct gy_cli *cli, const struct gy_job *job,
                                       struct gy_diags *diags)
{
    struct gy_plugins *plugins = gy_cli_plugins(cli, job->plugin_dirs, job->n_plugin_dirs);
    if (plugins == NULL)
        gy_diags_add(diags, job->file, 0, "out of memory");
    return plugins;
}

void gy_load_job(const struct gy_cli *cli, struct gy_loaded *loaded)
{
    char parallelism[24];
    struct gy_overrides overrides = {.n_sets = cli->set.n, .sets = cli->set.items};
    *loaded = (struct gy_loaded){0};
    if (cli->parallelism != 0) {
        snprintf(parallelism, sizeof parallelism, "%lld", (long long)cli->parallelism);
        overrides.parallelism = parallelism;
    }
    loaded->job = gy_job_load(cli->operands.items[0], &overrides, &loaded->diags);
}

int gy_load_plugins(const struct gy_cli *cli, struct gy_loaded *loaded)
{
    struct gy_diags *diags = &loaded->diags;
    if (loaded->job != NULL)
        loaded->plugins = find_plugins(cli, loaded->job, diags);
    if (loaded->plugins != NULL)
        loaded->graph = gy_graph_build(loaded->job, loaded->plugins, diags);
    size_t mistakes = gy_diags_count(diags);
    gy_diags_print(diags, stderr);
    gy_diags_fini(diags);
    if (mistakes == 0 && loaded->graph != NULL)
        return GY_EXIT_OK;
    return GY_EXIT_USAGE;
}

int gy_load(const struct gy_cli *cli, struct gy_loaded *loaded)
{
    gy_load_job(cli, loaded);
    return gy_load_plugins(cli, loaded);
}

void gy_loaded_fini(struct gy_loaded *loaded)
{
    gy_graph_free(loaded->graph);
    gy_plugins_free(loaded->plugins);
    gy_job_free(loaded->job);
    gy_diags_fini(&loaded->diags);
    *loaded = (struct gy_loaded){0};
}
