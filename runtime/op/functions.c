/* The instances of functions: tools that a function makes once per task, as an interpreter, and is handed in
 * each call. What rows have left is in states and accumulators, never here. See inside.h. */
#include "op/inside.h"

#include "base/mem.h"

/* Makes the instance of one use, and opens it. */
static int open_use(struct gy_instance *instance, const void *of, const struct gyre_function *f,
                    const void *config)
{
    struct gy_use use = {of, f, config, NULL};
    if (f->instance_size == 0)
        return 0;
    use.self = gy_alloc(f->instance_size);
    if (use.self == NULL || gy_vec_push(&instance->uses, use) != 0) {
        gy_free(use.self);
        return gy_instance_fail(instance, GYRE_ENOMEM, "no memory for a function's instance");
    }
    gy_functions_enter(instance, of, config);
    return f->open != NULL ? f->open(use.self, &instance->ctx) : 0;
}

static int open_hosted(struct gy_instance *instance, const struct gy_hosted *hosted)
{
    struct gy_call call = gy_call_begin(instance, "open");
    gy_instance_calls(instance, hosted->op != instance->node->op ? hosted->op : NULL,
                      hosted->plugin);
    return gy_call_end(instance, call,
                       open_use(instance, hosted, hosted->function, hosted->config));
}

int gy_functions_open(struct gy_instance *instance)
{
    const struct gy_node *node = instance->node;
    int code = 0;
    for (uint32_t i = 0; code == 0 && i < node->n_hosted; i++)
        code = open_hosted(instance, &node->hosted[i]);
    if (node->window == NULL)
        return code;
    const struct gy_hosted *keep = node->window->keep.function, *fire = node->window->fire.function;
    if (code == 0 && keep != NULL)
        code = open_hosted(instance, keep);
    if (code == 0 && fire != NULL && fire != keep)
        code = open_hosted(instance, fire);
    return code;
}

int gy_functions_open_edge(struct gy_instance *instance, const struct gy_edge *edge)
{
    for (size_t i = 0; i < instance->uses.n; i++)
        if (instance->uses.items[i].of == edge)
            return 0;
    return open_use(instance, edge, edge->function, edge->function_config);
}

void gy_functions_close(struct gy_instance *instance)
{
    for (size_t i = instance->uses.n; i-- > 0;) {
        const struct gy_use *use = &instance->uses.items[i];
        gy_functions_enter(instance, use->of, use->config);
        if (use->function->close != NULL)
            use->function->close(use->self, &instance->ctx);
        gy_free(use->self);
    }
    gy_vec_fini(&instance->uses);
}
