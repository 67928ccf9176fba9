/* The life of a kit: its tasks, and how they fail. See kit.h. */
#include "kit/kit.h"

#include "base/mem.h"
#include "kit/setup.h"

/* ---- what the tasks stand on ---- */

static void take_rows(void *host, uint32_t port, const struct gy_batch *batch)
{
    struct gy_kit_task *task = host;
    for (uint32_t i = 0; batch->time != NULL && i < batch->rows; i++)
        if (batch->keep == NULL || batch->keep[i] != 0)
            task->kit->n_behind += batch->time[i] < task->told_us;
    gy_rows_append(&task->kit->outputs[port], batch);
}

static void take_log(void *host, enum gy_log_level level, const char *text)
{
    struct gy_kit_task *task = host;
    static const char *const names[] = {"error", "warn", "info", "debug"};
    gy_buf_printf(&task->kit->log, "%s: %s\n", (unsigned)level < 4 ? names[level] : "?", text);
}

static void take_ahead(void *host, uint32_t port, const struct gy_batch *batch)
{
    struct gy_kit_ahead *ahead = host;
    (void)port;
    gy_kit_pass(ahead->kit, ahead->port, ahead->order + 1, batch);
}

static struct gy_env env_of(struct gyre_kit *kit)
{
    return (struct gy_env){.job = kit->job_name,
                           .pool = kit->pool,
                           .clock = &kit->clock.clock,
                           .restores = kit->restores,
                           .seed = kit->seed};
}

static int make_task(struct gyre_kit *kit, uint32_t t)
{
    struct gyre_error error = {.size = sizeof error};
    struct gy_kit_task *task = &kit->tasks[t];
    struct gy_env env = env_of(kit);
    env.emit = take_rows;
    env.log = take_log;
    env.host = task;
    task->kit = kit;
    task->told_us = INT64_MIN;
    task->instance = gy_instance_new(kit->node, t, kit->n_tasks, &env, &error);
    if (task->instance == NULL)
        return gy_kit_fail(kit, error.code, "%s", error.text);
    task->source = (struct gy_source){.instance = task->instance, .splits = &kit->splits};
    if (gy_frontier_init(&task->frontier, task->instance, kit->n_slots) != 0)
        return gy_kit_fail(kit, GYRE_ENOMEM, "out of memory");
    return 0;
}

/* ---- input ports ---- */

static const struct gy_edge *edge_into(const struct gyre_kit *kit, uint32_t node, uint32_t port)
{
    for (uint32_t e = 0; e < kit->graph->n_edges; e++)
        if (kit->graph->edges[e].to == node && kit->graph->edges[e].to_port == port &&
            !kit->graph->edges[e].feedback)
            return &kit->graph->edges[e];
    return NULL;
}

/* The key functions between a port and its stub, the last of them next to the port. */
static int make_ahead(struct gyre_kit *kit, uint32_t p)
{
    struct gy_kit_port *port = &kit->inputs[p];
    const struct gy_node *chain[GY_KEYS_MAX];
    const struct gy_edge *edge = port->edge;
    uint32_t n = 0;
    while (kit->graph->nodes[edge->from]->of != NULL && n < GY_KEYS_MAX) {
        chain[n++] = kit->graph->nodes[edge->from];
        edge = edge_into(kit, edge->from, 0);
    }
    port->schema = &kit->graph->nodes[edge->from]->outputs[0].schema;
    port->ahead = gy_calloc(n + 1, sizeof *port->ahead);
    for (uint32_t a = 0; port->ahead != NULL && a < n; a++) {
        struct gyre_error error = {.size = sizeof error};
        struct gy_env env = env_of(kit);
        port->ahead[a] = (struct gy_kit_ahead){.kit = kit, .port = p, .order = a};
        env.emit = take_ahead;
        env.host = &port->ahead[a];
        port->ahead[a].instance = gy_instance_new(chain[n - 1 - a], 0, 1, &env, &error);
        if (port->ahead[a].instance == NULL)
            return gy_kit_fail(kit, error.code, "%s", error.text);
        port->n_ahead = a + 1;
    }
    return port->ahead != NULL ? 0 : gy_kit_fail(kit, GYRE_ENOMEM, "out of memory");
}

static int make_ports(struct gyre_kit *kit)
{
    const struct gy_node *node = kit->node;
    kit->inputs = gy_calloc(node->n_inputs + 1, sizeof *kit->inputs);
    kit->outputs = gy_calloc(node->n_outputs + 1, sizeof *kit->outputs);
    if (kit->inputs == NULL || kit->outputs == NULL)
        return gy_kit_fail(kit, GYRE_ENOMEM, "out of memory");
    for (uint32_t p = 0; p < node->n_outputs; p++)
        kit->outputs[p].schema = &node->outputs[p].schema;
    for (uint32_t p = 0; p < node->n_inputs; p++) {
        struct gy_kit_port *port = &kit->inputs[p];
        port->edge = edge_into(kit, node->index, p);
        port->watermark_us = INT64_MIN;
        if (port->edge == NULL)
            continue;
        port->slot = kit->n_slots++;
        if (make_ahead(kit, p) != 0)
            return kit->code;
    }
    return 0;
}

/* ---- life ---- */

static int make(struct gyre_kit *kit, const struct gyre_kit_setup *setup)
{
    kit->job_name = gy_strdup(setup->job != NULL ? setup->job : "kit");
    kit->pool = gy_pool_new();
    kit->hash = gy_calloc(GYRE_BATCH_ROWS, sizeof *kit->hash);
    kit->keep = gy_alloc(GYRE_BATCH_ROWS);
    kit->seed = setup->seed;
    gy_clock_manual_init(&kit->clock, setup->now_us != 0 ? setup->now_us : 1000000);
    if (kit->job_name == NULL || kit->pool == NULL || kit->hash == NULL || kit->keep == NULL)
        return gy_kit_fail(kit, GYRE_ENOMEM, "out of memory");
    if (setup->tasks > 128)
        return gy_kit_fail(kit, GYRE_EINVAL, "%u tasks are too many: 128 are the most",
                           setup->tasks);
    if (gy_kit_setup(kit, setup) != 0)
        return kit->code;
    kit->n_tasks = kit->node->parallelism;
    kit->tasks = gy_calloc(kit->n_tasks, sizeof *kit->tasks);
    if (kit->tasks == NULL)
        return gy_kit_fail(kit, GYRE_ENOMEM, "out of memory");
    if (make_ports(kit) != 0)
        return kit->code;
    for (uint32_t t = 0; kit->code == 0 && t < kit->n_tasks; t++)
        make_task(kit, t);
    return kit->code;
}

struct gyre_kit *gy_kit_make(const struct gyre_kit_setup *setup, bool restores)
{
    struct gyre_kit *kit = gy_alloc(sizeof *kit);
    if (kit == NULL)
        return NULL;
    kit->restores = restores;
    make(kit, setup);
    return kit;
}

int gy_kit_open(struct gyre_kit *kit)
{
    for (uint32_t p = 0; kit->code == 0 && p < kit->node->n_inputs; p++)
        for (uint32_t a = 0; kit->code == 0 && a < kit->inputs[p].n_ahead; a++) {
            int code = gy_instance_open(kit->inputs[p].ahead[a].instance);
            if (code != 0)
                gy_kit_fail_call(kit, kit->inputs[p].ahead[a].instance, code);
        }
    for (uint32_t t = 0; kit->code == 0 && t < kit->n_tasks; t++) {
        int code = gy_instance_open(kit->tasks[t].instance);
        if (code != 0)
            gy_kit_fail_call(kit, kit->tasks[t].instance, code);
    }
    return kit->code;
}

int gy_kit_start(struct gyre_kit *kit)
{
    struct gyre_error error = {.size = sizeof error};
    if (kit->code != 0)
        return kit->code;
    if (kit->node->kind == GYRE_SOURCE &&
        gy_splits_init(&kit->splits, kit->node, kit->n_tasks, &error) != 0)
        gy_kit_fail(kit, error.code, "%s failed in discover: %s", kit->node->op, error.text);
    return gy_kit_open(kit);
}

struct gyre_kit *gyre_kit_new(const struct gyre_kit_setup *setup)
{
    struct gyre_kit *kit = gy_kit_make(setup, false);
    if (kit != NULL)
        gy_kit_start(kit);
    return kit;
}

void gyre_kit_free(struct gyre_kit *kit)
{
    if (kit == NULL)
        return;
    for (uint32_t t = 0; kit->tasks != NULL && t < kit->n_tasks; t++) {
        gy_source_fini(&kit->tasks[t].source);
        gy_txns_fini(&kit->tasks[t].txns);
        gy_frontier_fini(&kit->tasks[t].frontier);
        gy_instance_free(kit->tasks[t].instance);
    }
    for (uint32_t p = 0; kit->inputs != NULL && p < kit->node->n_inputs; p++) {
        for (uint32_t a = 0; a < kit->inputs[p].n_ahead; a++)
            gy_instance_free(kit->inputs[p].ahead[a].instance);
        gy_free(kit->inputs[p].ahead);
    }
    for (uint32_t p = 0; kit->outputs != NULL && p < kit->node->n_outputs; p++)
        gy_rows_fini(&kit->outputs[p]);
    gy_splits_fini(&kit->splits);
    gy_free(kit->tasks);
    gy_free(kit->inputs);
    gy_free(kit->outputs);
    gy_graph_free(kit->graph);
    gy_job_free(kit->job);
    gy_plugins_free(kit->plugins);
    gy_pool_free(kit->pool);
    gy_buf_fini(&kit->error);
    gy_buf_fini(&kit->text);
    gy_buf_fini(&kit->log);
    gy_free(kit->hash);
    gy_free(kit->keep);
    gy_free((char *)kit->job_name);
    gy_free(kit);
}
