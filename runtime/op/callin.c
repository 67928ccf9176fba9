/* What comes in, as the plugin is shown it: the columns it reads, in the order in which it asked for
 * them, without dropped rows where it cannot deal with them, with a selection where it wants one. */
#include "op/inside.h"

#include "base/mem.h"

#include <assert.h>

int gy_view_init(struct gy_view *view, const struct gy_input *plan)
{
    view->columns = gy_calloc(plan->n_reads + 1, sizeof *view->columns);
    view->arenas = gy_calloc(plan->n_reads + 1, sizeof(struct gy_arenas *));
    view->compact = gy_calloc(plan->schema.n_fields + 1, sizeof(struct gy_block *));
    view->compact_columns = gy_calloc(plan->schema.n_fields + 1, sizeof *view->compact_columns);
    if (view->columns == NULL || view->arenas == NULL || view->compact == NULL ||
        view->compact_columns == NULL)
        return GYRE_ENOMEM;
    view->batch.size = sizeof view->batch;
    view->batch.n_columns = plan->n_reads;
    view->batch.columns = view->columns;
    view->batch.host = view->arenas;
    return 0;
}

void gy_view_fini(struct gy_view *view, const struct gy_input *plan)
{
    for (uint32_t f = 0; view->compact != NULL && f < plan->schema.n_fields; f++)
        gy_block_drop(view->compact[f]);
    gy_free(view->columns);
    gy_free(view->arenas);
    gy_free(view->compact);
    gy_free(view->compact_columns);
}

/* Closes up one column into its block: the values, then a byte of validity per row. */
static int compact_column(struct gy_pool *pool, struct gy_block **block, struct gy_column *to,
                          const struct gy_column *from, uint32_t size, const uint32_t *selection,
                          uint32_t n)
{
    *to = *from;
    if (from->data == NULL)
        return 0;
    if (*block == NULL)
        *block = gy_block_new(pool, (size_t)GYRE_BATCH_ROWS * (size + 1));
    if (*block == NULL)
        return GYRE_ENOMEM;
    gy_gather((*block)->bytes, from->data, size, selection, n);
    to->data = (*block)->bytes;
    if (from->valid != NULL) {
        uint8_t *valid = (uint8_t *)(*block)->bytes + (size_t)GYRE_BATCH_ROWS * size;
        gy_gather(valid, from->valid, 1, selection, n);
        to->valid = valid;
    }
    return 0;
}

/* Closes up a whole batch into the view's blocks. The times stand behind the last field's block. */
static int compact(struct gy_instance *instance, struct gy_view *view, const struct gy_input *plan,
                   const struct gy_batch *in, struct gy_batch *out)
{
    const uint32_t *selection = in->selection;
    uint32_t n = in->kept;
    if (selection == NULL) {
        gy_select(in->keep, in->rows, instance->selection);
        selection = instance->selection;
    }
    for (uint32_t f = 0; f < in->n_columns; f++) {
        uint32_t size = gyre_type_size(gyre_schema_field(&plan->schema, f)->type);
        if (compact_column(instance->env.pool, &view->compact[f], &view->compact_columns[f],
                           &in->columns[f], size, selection, n) != 0)
            return GYRE_ENOMEM;
    }
    *out = *in;
    out->rows = n;
    out->keep = NULL;
    out->selection = NULL;
    out->columns = view->compact_columns;
    if (in->hash != NULL) {
        gy_gather(instance->hash, in->hash, 8, selection, n);
        out->hash = instance->hash;
    }
    if (in->time != NULL) {
        if (instance->times == NULL)
            instance->times = gy_alloc(GYRE_BATCH_ROWS * sizeof(int64_t));
        if (instance->times == NULL)
            return GYRE_ENOMEM;
        gy_gather(instance->times, in->time, 8, selection, n);
        out->time = instance->times;
    }
    return 0;
}

void gy_key_columns(const struct gy_instance *instance, const struct gy_column **columns)
{
    for (uint32_t k = 0; k < instance->node->key.n; k++)
        columns[k] = &instance->in->columns[instance->in_plan->key_fields[k]];
}

static int add_hash(struct gy_instance *instance, struct gy_batch *in)
{
    const struct gy_column *columns[GY_KEYS_MAX];
    gy_key_columns(instance, columns);
    int code = gy_key_hash(&instance->node->key, columns, in->keep, in->rows, instance->hash);
    in->hash = instance->hash;
    return code;
}

/* What has to be changed about a batch before the plugin may see it, in a copy of its head: `room`.
 * Most batches need nothing. */
static const struct gy_batch *adapt(struct gy_instance *instance, uint32_t port,
                                    const struct gy_batch *in, struct gy_batch *room)
{
    bool selects = (instance->flags & GYRE_WANTS_SELECTION) != 0 && in->selection == NULL;
    bool compacts = (instance->flags & (GYRE_MASK_AWARE | GYRE_WANTS_SELECTION)) == 0;
    bool hashes = instance->node->key.n != 0 && in->hash == NULL;
    if ((in->keep == NULL || (!selects && !compacts)) && !hashes)
        return in;
    *room = *in;
    if (in->keep != NULL && compacts) {
        if (compact(instance, &instance->views[port], instance->in_plan, in, room) != 0)
            return NULL;
    } else if (in->keep != NULL && selects) {
        gy_select(in->keep, in->rows, instance->selection);
        room->selection = instance->selection;
    }
    instance->in = room;
    return !hashes || add_hash(instance, room) == 0 ? room : NULL;
}

const struct gyre_batch *gy_present(struct gy_instance *instance, uint32_t port,
                                    const struct gy_batch *in, struct gy_batch *room)
{
    const struct gy_input *plan = &instance->node->inputs[port];
    assert(in->rows <= GYRE_BATCH_ROWS && in->kept <= in->rows);
    assert(in->keep != NULL || in->kept == in->rows);
    struct gy_view *view = &instance->views[port];
    instance->in_plan = plan;
    in = adapt(instance, port, in, room);
    if (in == NULL)
        return NULL;
    instance->in = in;
    for (uint32_t k = 0; k < plan->n_reads; k++) {
        const struct gy_column *column = &in->columns[plan->reads[k]];
        view->columns[k].data = column->data;
        view->columns[k].valid = column->valid;
        view->arenas[k] = column->arenas;
    }
    struct gyre_batch *batch = &view->batch;
    instance->view = batch;
    batch->port = port;
    batch->rows = in->rows;
    batch->kept = in->kept;
    batch->keep = in->keep;
    batch->selection = (instance->flags & GYRE_WANTS_SELECTION) != 0 ? in->selection : NULL;
    batch->time = in->time;
    batch->hash = in->hash;
    return batch;
}
