/* One batch through an operator: presented, processed, its aligned outputs put together. */
#include "op/inside.h"

#include "plugin/guide.h"

#include <assert.h>

static bool is_aligned(const struct gy_port *port)
{
    return (port->plan->flags & GYRE_PORT_ALIGNED) != 0;
}

static int call_process(struct gy_instance *instance, const struct gyre_batch *view)
{
    if (instance->node->n_hosted != 0)
        return gy_hosted_process(instance, view);
    int code = instance->timers != NULL ? gy_timers_before(instance->timers, view) : 0;
    return code != 0 ? code
                     : instance->node->descriptor->process(instance->self, &instance->ctx, view);
}

/* Hands out the aligned outputs of the first `rows` rows of the batch at hand. */
static void finish_ports(struct gy_instance *instance, uint32_t rows)
{
    struct gy_batch part = *instance->in;
    if (rows < part.rows)
        part.rows = part.kept = rows;
    for (uint32_t p = 0; p < instance->node->n_outputs; p++)
        if (is_aligned(&instance->ports[p]) && instance->sticky == 0)
            gy_port_finish(&instance->ports[p], &part,
                           instance->any_dropped ? instance->dropped : NULL);
}

static int prepare_ports(struct gy_instance *instance)
{
    for (uint32_t p = 0; p < instance->node->n_outputs; p++)
        if (is_aligned(&instance->ports[p]) &&
            gy_port_prepare(&instance->ports[p], instance->in) != 0)
            return gy_instance_fail(instance, GYRE_ENOMEM, "no memory for an output batch");
    return 0;
}

/* What a batch without its first n rows is; all its rows are kept. */
static void skip_rows(const struct gy_input *plan, struct gy_batch *batch,
                      struct gy_column *columns, uint32_t n)
{
    for (uint32_t f = 0; f < batch->n_columns; f++) {
        uint32_t size = gyre_type_size(gyre_schema_field(&plan->schema, f)->type);
        columns[f] = batch->columns[f];
        if (columns[f].data != NULL)
            columns[f].data = (const char *)columns[f].data + (size_t)n * size;
        if (columns[f].valid != NULL)
            columns[f].valid += n;
    }
    batch->rows -= n;
    batch->kept = batch->rows;
    batch->columns = columns;
    batch->time = batch->time != NULL ? batch->time + n : NULL;
    batch->hash = batch->hash != NULL ? batch->hash + n : NULL;
}

/* Processes a batch up to where the operator wants what it has put out to leave: `*rest` is what is left
 * of it, with room for its columns in `columns`; without rows where all was taken. 0, or a code. */
static int process_part(struct gy_instance *instance, uint32_t port, const struct gy_batch *in,
                        struct gy_batch *rest, struct gy_column *columns)
{
    struct gy_batch room;
    instance->any_dropped = false;
    const struct gyre_batch *view = gy_present(instance, port, in, &room);
    int code = view != NULL ? prepare_ports(instance)
                            : gy_instance_fail(instance, GYRE_ENOMEM, "no memory for a batch");
    rest->rows = 0;
    if (code != 0) {
        instance->in = NULL;
        return code;
    }
    struct gy_call call = gy_call_begin(instance, "process");
    code = call_process(instance, view);
    gy_crumb = call.before;
    uint32_t taken = view->rows;
    if (code > 0) {
        taken = (uint32_t)code;
        code = taken < view->rows && view->keep == NULL
                   ? 0
                   : gy_instance_fail(instance, GYRE_ECONTRACT,
                                      "took %u of %u rows: it can stop within a batch that has "
                                      "more, and where it is not mask-aware (" GY_GUIDE_BATCHES ")",
                                      taken, view->rows);
    }
    if (code == 0) {
        finish_ports(instance, taken);
        *rest = *instance->in;
        skip_rows(instance->in_plan, rest, columns, taken);
    }
    instance->in = NULL;
    return gy_instance_settle(instance, code);
}

/* A watermark of the operator's own is seen before the rows that come next, also where they come out of
 * the same poll of a source. */
static void tell(struct gy_instance *instance, int code)
{
    if (code == 0 && instance->own_us > instance->ctx.watermark_us && instance->env.tell != NULL)
        instance->env.tell(instance->env.host);
}

int gy_process_batch(struct gy_instance *instance, uint32_t port, const struct gy_batch *in)
{
    struct gy_column columns[in->n_columns + 1];
    struct gy_batch rest = *in;
    assert(instance->in == NULL); /* no instance calls itself */
    instance->stats.rows_in += in->kept;
    instance->stats.batches_in++;
    instance->idle = false;
    int code = process_part(instance, port, in, &rest, columns);
    tell(instance, code);
    while (code == 0 && rest.rows > 0) {
        struct gy_batch part = rest;
        code = process_part(instance, port, &part, &rest, columns);
        tell(instance, code);
    }
    return code;
}
