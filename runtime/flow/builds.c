/* See builds.h. */
#include "flow/builds.h"

#include "base/mem.h"

#include <string.h>

enum { SHOWN = 12 }; /* digits of a build that are enough for people */

/* The i-th use of a plugin in a graph, which may be NULL; false past the last. */
static bool use_at(const struct gy_graph *graph, uint32_t i, const struct gy_plugin **plugin)
{
    for (uint32_t n = 0; n < graph->n_nodes; n++) {
        const struct gy_node *node = graph->nodes[n];
        if (i < 1 + node->n_hosted) {
            *plugin = i == 0 ? node->plugin : node->hosted[i - 1].plugin;
            return true;
        }
        i -= 1 + node->n_hosted;
        if (node->window != NULL && i < 2) {
            const struct gy_window_plan *window = node->window;
            const struct gy_policy_plan *policy = i == 0 ? &window->keep : &window->fire;
            *plugin = policy->function != NULL ? policy->function->plugin : NULL;
            return true;
        }
        i -= node->window != NULL ? 2 : 0;
    }
    if (i >= graph->n_edges)
        return false;
    *plugin = graph->edges[i].function_plugin;
    return true;
}

/* The plugin of a graph whose name comes next after `name` ("": the first); NULL. */
static const struct gy_plugin *next_plugin(const struct gy_graph *graph, const char *name)
{
    const struct gy_plugin *next = NULL, *use = NULL;
    for (uint32_t i = 0; use_at(graph, i, &use); i++)
        if (use != NULL && strcmp(use->note.name, name) > 0 &&
            (next == NULL || strcmp(use->note.name, next->note.name) < 0))
            next = use;
    return next;
}

int gy_builds_describe(struct gy_manifest *manifest, const struct gy_graph *graph)
{
    const struct gy_plugin *plugin;
    uint32_t n = 0;
    for (const char *name = ""; (plugin = next_plugin(graph, name)) != NULL; n++)
        name = plugin->note.name;
    manifest->plugins = gy_calloc(n + 1, sizeof *manifest->plugins);
    if (manifest->plugins == NULL)
        return GYRE_ENOMEM;
    for (const char *name = ""; (plugin = next_plugin(graph, name)) != NULL;) {
        struct gy_manifest_plugin *into = &manifest->plugins[manifest->n_plugins++];
        name = plugin->note.name;
        into->name = gy_strdup(name);
        into->version = gy_strdup(plugin->abi->version);
        into->build = gy_strdup(plugin->build);
        if (into->name == NULL || into->version == NULL || into->build == NULL)
            return GYRE_ENOMEM;
    }
    return 0;
}

uint32_t gy_builds_differ(const struct gy_manifest *manifest, const struct gy_graph *graph,
                          struct gy_buf *text)
{
    const struct gy_plugin *plugin;
    uint32_t n = 0;
    for (const char *name = ""; (plugin = next_plugin(graph, name)) != NULL;) {
        const struct gy_manifest_plugin *was = NULL;
        name = plugin->note.name;
        for (uint32_t i = 0; i < manifest->n_plugins; i++)
            if (strcmp(manifest->plugins[i].name, name) == 0)
                was = &manifest->plugins[i];
        bool is_version = was != NULL && strcmp(was->version, plugin->abi->version) == 0;
        if (was == NULL || (is_version && strcmp(was->build, plugin->build) == 0))
            continue;
        gy_buf_printf(text, "%s%s: version %s, build %.*s, and now ", n++ > 0 ? ", " : "", name,
                      was->version, SHOWN, was->build);
        if (!is_version)
            gy_buf_printf(text, "version %s, ", plugin->abi->version);
        gy_buf_printf(text, "build %.*s", SHOWN, plugin->build);
    }
    return n;
}
