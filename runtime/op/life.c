/* Making and freeing an instance: everything it needs while it runs is allocated here, once. */
#include "op/inside.h"

#include "base/mem.h"

#include <assert.h>

static int init_ports(struct gy_instance *instance)
{
    const struct gy_node *node = instance->node;
    instance->ports = gy_calloc(node->n_outputs + 1, sizeof *instance->ports);
    instance->outs = gy_calloc(node->n_outputs + 1, sizeof *instance->outs);
    if (instance->ports == NULL || instance->outs == NULL)
        return GYRE_ENOMEM;
    for (uint32_t p = 0; p < node->n_outputs; p++) {
        struct gy_port *port = &instance->ports[p];
        if (gy_port_init(port, &node->outputs[p], p, instance->env.pool, instance->env.emit,
                         instance->env.host) != 0)
            return GYRE_ENOMEM;
        port->stamps =
            node->outputs[p].needs_time && (node->outputs[p].flags & GYRE_PORT_ALIGNED) == 0;
        instance->any_stamps |= port->stamps;
        instance->outs[p] = &port->out;
    }
    return 0;
}

static int init_views(struct gy_instance *instance)
{
    const struct gy_node *node = instance->node;
    instance->views = gy_calloc(node->n_inputs + 1, sizeof *instance->views);
    if (instance->views == NULL)
        return GYRE_ENOMEM;
    for (uint32_t p = 0; p < node->n_inputs; p++)
        if (gy_view_init(&instance->views[p], &node->inputs[p]) != 0)
            return GYRE_ENOMEM;
    return 0;
}

static int init_store(struct gy_instance *instance, uint32_t s, struct gy_store_config *config,
                      struct gyre_error *error)
{
    instance->savings[s] = (struct gy_saving){instance, (uint16_t)s, 0, 0};
    instance->stores[s] = gy_store_new(config, error);
    if (instance->stores[s] == NULL)
        return error->code;
    instance->savings[s].image_size = gy_store_image_size(instance->stores[s]);
    return 0;
}

/* One store whose values are made of the accumulators of all hosted functions. */
static int init_record_store(struct gy_instance *instance, struct gy_store_config *config,
                             struct gyre_error *error)
{
    const struct gyre_state_type *types[instance->node->n_hosted];
    config->kind = GYRE_STATE_VALUE;
    config->segments = types;
    config->n_segments = instance->node->n_hosted;
    for (uint32_t f = 0; f < config->n_segments; f++)
        types[f] = instance->node->hosted[f].accumulator;
    return init_store(instance, 0, config, error);
}

/* One store per declared state; an operator that hosts aggregates has their records instead. */
static int init_stores(struct gy_instance *instance, struct gyre_error *error)
{
    const struct gy_node *node = instance->node;
    struct gy_store_config config = gy_instance_store_config(instance);
    if (node->aggregation == GY_AGG_WINDOWED) /* windows have stores of their own */
        return 0;
    bool hosts = node->aggregation != GY_AGG_NONE;
    instance->n_stores = hosts ? 1 : node->n_states;
    instance->stores = gy_calloc(instance->n_stores + 1, sizeof(struct gy_store *));
    instance->savings = gy_calloc(instance->n_stores + 1, sizeof *instance->savings);
    if (instance->stores == NULL || instance->savings == NULL)
        return gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for the state");
    if (hosts)
        return init_record_store(instance, &config, error);
    for (uint32_t s = 0; s < instance->n_stores; s++) {
        config.kind = node->states[s]->kind;
        config.type = node->states[s]->type;
        config.map_key = node->states[s]->key;
        config.ttl_us = node->states[s]->ttl_us;
        config.clock = instance->env.clock;
        if (init_store(instance, s, &config, error) != 0)
            return error->code;
    }
    return 0;
}

static int init_timers(struct gy_instance *instance, struct gyre_error *error)
{
    const struct gyre_operator *descriptor = instance->node->descriptor;
    if (descriptor == NULL || descriptor->on_timer == NULL)
        return 0;
    instance->timers = gy_timers_new(instance, error);
    return instance->timers != NULL ? 0 : error->code;
}

static int init_plugin_side(struct gy_instance *instance, struct gyre_error *error)
{
    const struct gy_node *node = instance->node;
    if (node->n_hosted != 0)
        return gy_hosted_init(instance, error);
    instance->ctx.config = node->config;
    instance->self = gy_alloc(node->descriptor->instance_size + 1);
    if (instance->self == NULL)
        return gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for an instance");
    return 0;
}

/* A task draws the same numbers wherever its operator stands in the job. */
static uint64_t random_seed(uint64_t job_seed, const char *id, uint32_t task)
{
    uint64_t seed = gy_rng_mix(job_seed);
    for (const char *c = id; *c != 0; c++)
        seed = gy_rng_mix(seed ^ (uint8_t)*c);
    return gy_rng_mix(seed ^ ((uint64_t)task << 8));
}

struct gy_instance *gy_instance_new(const struct gy_node *node, uint32_t task, uint32_t tasks,
                                    const struct gy_env *env, struct gyre_error *error)
{
    struct gy_instance *instance = gy_alloc(sizeof *instance);
    assert(task < tasks && env->emit != NULL && env->pool != NULL && env->clock != NULL);
    error->code = 0;
    if (instance == NULL) {
        gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for an instance");
        return NULL;
    }
    instance->node = node;
    instance->env = *env;
    instance->flags = node->flags;
    instance->told_us = instance->own_us = INT64_MIN;
    instance->ctx.task = task;
    instance->ctx.tasks = tasks;
    instance->error.size = sizeof instance->error;
    instance->site =
        (struct gy_crumb_site){.job = env->job,
                               .id = node->id,
                               .op = node->op,
                               .plugin_path = node->plugin != NULL ? node->plugin->path : "",
                               .task = task,
                               .row = gy_row_at_hand,
                               .instance = instance};
    instance->seed = random_seed(env->seed, node->id, task);
    if (env->row_by_row != NULL)
        instance->row_text = gy_alloc(GY_ROW_TEXT);
    if (init_ports(instance) != 0 || init_views(instance) != 0 || gy_rounds_init(instance) != 0 ||
        (env->row_by_row != NULL && instance->row_text == NULL))
        gyre_error_set(error, GYRE_ENOMEM, -1, "no memory for an instance");
    if (error->code != 0 || init_stores(instance, error) != 0 ||
        init_timers(instance, error) != 0 || init_plugin_side(instance, error) != 0) {
        gy_instance_free(instance);
        return NULL;
    }
    instance->ctx = (struct gyre_ctx){.size = sizeof instance->ctx,
                                      .task = task,
                                      .tasks = tasks,
                                      .n_outputs = node->n_outputs,
                                      .host = &gy_host_table,
                                      .config = instance->ctx.config,
                                      .outputs = instance->outs,
                                      .error = &instance->error,
                                      .step_us = node->step_us,
                                      .watermark_us = INT64_MIN,
                                      .restores = env->restores};
    return instance;
}

static void close_plugin_side(struct gy_instance *instance)
{
    const struct gyre_operator *descriptor = instance->node->descriptor;
    if (!instance->opened || descriptor == NULL || descriptor->close == NULL)
        return;
    struct gy_crumb before = gy_crumb_enter(&instance->site, "close");
    bool failed = instance->sticky != 0;
    descriptor->close(instance->self, &instance->ctx);
    gy_crumb = before;
    if (!failed && instance->sticky != 0) /* nobody asks for it any more */
        gy_instance_log(instance, GY_LOG_ERROR, "%s", instance->error.text);
}

void gy_instance_free(struct gy_instance *instance)
{
    if (instance == NULL)
        return;
    const struct gy_node *node = instance->node;
    close_plugin_side(instance);
    gy_functions_close(instance);
    gy_hosted_fini(instance);
    gy_timers_free(instance->timers);
    for (uint32_t p = 0; instance->ports != NULL && p < node->n_outputs; p++)
        gy_port_fini(&instance->ports[p]);
    for (uint32_t p = 0; instance->views != NULL && p < node->n_inputs; p++)
        gy_view_fini(&instance->views[p], &node->inputs[p]);
    for (uint32_t s = 0; instance->stores != NULL && s < instance->n_stores; s++)
        gy_store_free(instance->stores[s]);
    for (size_t m = 0; m < instance->metrics.n; m++) {
        gy_free(instance->metrics.items[m]->name);
        gy_free(instance->metrics.items[m]);
    }
    gy_vec_fini(&instance->metrics);
    gy_free(instance->ports);
    gy_free(instance->outs);
    gy_free(instance->views);
    gy_free(instance->stores);
    gy_free(instance->savings);
    gy_free(instance->self);
    gy_free(instance->failed_row);
    gy_free(instance->row_text);
    gy_free(instance->times);
    gy_free(instance->rounds.votes);
    gy_free(instance);
}
