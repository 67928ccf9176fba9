/* From a setup to a graph: the text of a job with stubs around the operator. See kit.h.
 *
 * The graph is made twice: the first says what ports the operator has, the second has a consumer at each, for nothing
 * is put out that nobody reads. */
#include "kit/setup.h"

#include "base/mem.h"
#include "kit/stub.h"

#include <gyre/error.h>
#include <limits.h>
#include <stdlib.h>

#define ID "op"

static void tell(struct gyre_kit *kit, struct gy_diags *diags)
{
    char *text = NULL;
    size_t n = 0;
    FILE *into = open_memstream(&text, &n);
    if (into == NULL) {
        gy_kit_fail(kit, GYRE_ENOMEM, "out of memory");
        return;
    }
    gy_diags_print(diags, into);
    fclose(into);
    while (n > 0 && text[n - 1] == '\n')
        text[--n] = 0;
    gy_kit_fail(kit, GYRE_EINVAL, "%s", text);
    free(text);
}

/* ---- the text ---- */

static const char *port_name(const struct gyre_operator *op, const struct gyre_kit_input *input,
                             uint32_t i)
{
    if (input->port != NULL)
        return input->port;
    return op != NULL && i < op->n_inputs ? gyre_port_at(op->inputs, i)->name : NULL;
}

static int put_sources(struct gyre_kit *kit, const struct gyre_kit_setup *setup,
                       struct gy_buf *text)
{
    struct gy_why why;
    for (uint32_t i = 0; i < GYRE_KIT_INPUTS; i++) {
        if (setup->inputs[i].schema == NULL)
            continue;
        gy_buf_printf(text, "{id = \"in%u\"; op = \"" GY_STUB ".rows\"; schema = ", i);
        if (gy_rows_schema_text(setup->inputs[i].schema, text, &why) != 0)
            return gy_kit_fail(kit, GYRE_EINVAL, "the schema of input %u: %s", i, why.text);
        gy_buf_text(text, ";}, ");
    }
    return 0;
}

static void put_inputs(const struct gyre_operator *op, const struct gyre_kit_setup *setup,
                       struct gy_buf *text)
{
    uint32_t n = 0, last = 0;
    for (uint32_t i = 0; i < GYRE_KIT_INPUTS; i++)
        if (setup->inputs[i].schema != NULL)
            n++, last = i;
    if (n == 1 && setup->inputs[last].port == NULL && (op == NULL || op->n_inputs <= 1)) {
        gy_buf_printf(text, "input = \"in%u\"; ", last);
        return;
    }
    for (uint32_t i = 0; n > 0 && i < GYRE_KIT_INPUTS; i++) {
        const char *name = port_name(op, &setup->inputs[i], i);
        if (setup->inputs[i].schema == NULL)
            continue;
        gy_buf_printf(text, "%s%s = \"in%u\"; ", n == UINT32_MAX ? "" : "input = {",
                      name != NULL ? name : "in", i);
        n = UINT32_MAX;
    }
    if (n > 0)
        gy_buf_text(text, "}; ");
}

/* What the operator puts out goes nowhere, and the test pushes what would come of it. */
static void put_turn(const struct gyre_operator *op, const struct gyre_kit_setup *setup,
                     struct gy_buf *text)
{
    const char *port = port_name(op, &setup->inputs[0], 0);
    struct gy_why why;
    gy_buf_text(text, "{id = \"turn\"; op = \"" GY_STUB ".turn\"; input = \"" ID "\"; schema = ");
    gy_rows_schema_text(setup->inputs[0].schema, text, &why); /* read before, as a source's */
    gy_buf_printf(text, ";}, {id = \"" ID "\"; op = \"%s\"; feedback = {%s = \"turn\";}; ",
                  setup->op, port != NULL ? port : "in");
    gy_buf_text(text, "rounds = {max = 1000000;}; ");
}

/* Options stand at the beginning of a line, so that mistakes in them are told with their own lines. */
static void put_job(const struct gyre_operator *op, const struct gyre_kit_setup *setup,
                    const char *sinks, struct gyre_kit *kit, struct gy_buf *text)
{
    gy_buf_printf(text, "job = \"%s\"; mode = \"%s\"; parallelism = %u; ", kit->job_name,
                  setup->mode == GYRE_MODE_BATCH ? "batch" : "stream",
                  setup->tasks > 0 ? setup->tasks : 1);
    if (setup->snapshots != 0)
        gy_buf_text(text, "snapshot = {every = \"1h\"; dir = \"/nowhere\";}; ");
    gy_buf_text(text, "operators = (");
    if (put_sources(kit, setup, text) != 0)
        return;
    gy_buf_text(text, sinks);
    if (setup->rounds != 0 && setup->inputs[0].schema != NULL)
        put_turn(op, setup, text);
    else
        gy_buf_printf(text, "{id = \"" ID "\"; op = \"%s\"; ", setup->op);
    put_inputs(op, setup, text);
    gy_buf_text(text, setup->options != NULL ? setup->options : "");
    gy_buf_text(text, "\n});\n");
}

/* ---- the graph ---- */

static const struct gy_node *node_of(const struct gy_graph *graph)
{
    for (uint32_t i = 0; i < graph->n_nodes; i++)
        if (strcmp(graph->nodes[i]->id, ID) == 0)
            return graph->nodes[i];
    return NULL;
}

static int build(struct gyre_kit *kit, const struct gyre_kit_setup *setup,
                 const struct gyre_operator *op, const char *sinks)
{
    struct gy_diags diags = {0};
    struct gy_buf text = {0}, path = {0};
    gy_graph_free(kit->graph);
    gy_job_free(kit->job);
    kit->graph = NULL;
    kit->job = NULL;
    put_job(op, setup, sinks, kit, &text);
    gy_buf_printf(&path, "%s%soptions", setup->folder != NULL ? setup->folder : "",
                  setup->folder != NULL ? "/" : "");
    if (kit->code == 0 && (gy_buf_cstr(&text) == NULL || gy_buf_cstr(&path) == NULL))
        gy_kit_fail(kit, GYRE_ENOMEM, "out of memory");
    if (kit->code == 0)
        kit->job = gy_job_load_text(gy_buf_cstr(&path), gy_buf_cstr(&text), &diags);
    if (kit->job != NULL)
        kit->graph = gy_graph_build(kit->job, kit->plugins, &diags);
    if (kit->code == 0 && kit->graph == NULL)
        tell(kit, &diags);
    kit->node = kit->graph != NULL ? node_of(kit->graph) : NULL;
    gy_buf_fini(&text);
    gy_buf_fini(&path);
    gy_diags_fini(&diags);
    return kit->code;
}

/* The plugin under test comes before any of its name in the folders. */
static int add_plugins(struct gyre_kit *kit, const struct gyre_kit_setup *setup)
{
    struct gyre_error error = {.size = sizeof error};
    char *copy = gy_strdup(setup->plugin_path != NULL ? setup->plugin_path : "");
    char *rest = copy, *one;
    int code = copy != NULL ? 0 : GYRE_ENOMEM;
    kit->plugins = gy_plugins_new(NULL, 0);
    if (kit->plugins == NULL || code != 0)
        gy_kit_fail(kit, GYRE_ENOMEM, "out of memory");
    else if (gy_stub_add(kit->plugins, &error) != 0 ||
             (setup->plugin != NULL && gy_plugins_add(kit->plugins, setup->plugin, &error) != 0))
        gy_kit_fail(kit, error.code, "%s", error.text);
    while (kit->code == 0 && (one = strsep(&rest, ":")) != NULL)
        if (one[0] != 0 && gy_plugins_add_folder(kit->plugins, one) != 0)
            gy_kit_fail(kit, GYRE_ENOMEM, "out of memory");
    gy_free(copy);
    return kit->code;
}

/* The operator, for the names of its ports; NULL for a function, or where there is none. */
static const struct gyre_operator *find(struct gyre_kit *kit, const struct gyre_kit_setup *setup)
{
    struct gyre_error error = {.size = sizeof error};
    const char *dot = strchr(setup->op, '.');
    char name[64];
    snprintf(name, sizeof name, "%.*s", dot != NULL ? (int)(dot - setup->op) : 0, setup->op);
    const struct gy_plugin *plugin = gy_plugins_get(kit->plugins, name, &error);
    return plugin != NULL ? gy_plugin_operator(plugin, dot + 1) : NULL;
}

int gy_kit_setup(struct gyre_kit *kit, const struct gyre_kit_setup *setup)
{
    struct gy_buf sinks = {0};
    if (setup->op == NULL)
        return gy_kit_fail(kit, GYRE_EINVAL, "the setup has no `op`");
    if (add_plugins(kit, setup) != 0)
        return kit->code;
    const struct gyre_operator *op = find(kit, setup);
    if (build(kit, setup, op, "") != 0)
        return kit->code;
    const struct gy_node *node = kit->node;
    for (uint32_t p = 0; p < node->n_outputs; p++)
        gy_buf_printf(&sinks,
                      "{id = \"out%u\"; op = \"" GY_STUB ".take\"; input = \"" ID "%s%s\";}, ", p,
                      p > 0 ? "." : "", p > 0 ? node->outputs[p].name : "");
    if (sinks.len > 0 && kit->code == 0)
        build(kit, setup, op, gy_buf_cstr(&sinks) != NULL ? gy_buf_cstr(&sinks) : "");
    gy_buf_fini(&sinks);
    return kit->code;
}
