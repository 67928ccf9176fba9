/* One batch through an operator: presented, processed, its aligned outputs put together. */
#include "op/inside.h"

static bool is_aligned(const struct gy_port *port)
{
    return (port->plan->flags & GYRE_PORT_ALIGNED) != 0;
}

static int call_process(struct gy_instance *instance, const struct gyre_batch *view)
{
    if (instance->node->n_hosted != 0)
        return gy_hosted_process(instance, view);
    return instance->node->descriptor->process(instance->self, &instance->ctx, view);
}

int gy_process_batch(struct gy_instance *instance, uint32_t port, const struct gy_batch *in)
{
    struct gy_batch room;
    uint32_t n_outputs = instance->node->n_outputs;
    instance->stats.rows_in += in->kept;
    instance->stats.batches_in++;
    instance->any_dropped = false;
    instance->idle = false;
    const struct gyre_batch *view = gy_present(instance, port, in, &room);
    in = instance->in;
    if (view == NULL) {
        instance->in = NULL;
        return gy_instance_fail(instance, GYRE_ENOMEM, "no memory for a batch");
    }
    for (uint32_t p = 0; p < n_outputs; p++)
        if (is_aligned(&instance->ports[p]) && gy_port_prepare(&instance->ports[p], in) != 0) {
            instance->in = NULL;
            return gy_instance_fail(instance, GYRE_ENOMEM, "no memory for an output batch");
        }
    struct gy_call call = gy_call_begin(instance, "process");
    int code = call_process(instance, view);
    gy_crumb = call.before;
    for (uint32_t p = 0; p < n_outputs; p++)
        if (is_aligned(&instance->ports[p]) && code == 0 && instance->sticky == 0)
            gy_port_finish(&instance->ports[p], in,
                           instance->any_dropped ? instance->dropped : NULL);
    instance->in = NULL;
    return gy_instance_settle(instance, code);
}
