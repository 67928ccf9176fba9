/* See source.h. */
#include "op/source.h"

#include "base/mem.h"
#include "op/inside.h"

#include <assert.h>

void gy_source_fini(struct gy_source *source)
{
    gy_vec_fini(&source->active);
    gy_vec_fini(&source->done);
}

int gy_source_deal(struct gy_source *source)
{
    const struct gy_splits *splits = source->splits;
    int code = 0;
    if (splits->abi.order != GYRE_SPLITS_DEAL || source->dealt)
        return 0;
    source->dealt = true;
    for (uint32_t id = source->instance->ctx.task; code == 0 && id < splits->n;
         id += splits->abi.tasks)
        if (splits->items[id].state != GY_SPLIT_DONE)
            code = gy_source_add(source, id);
    return code;
}

bool gy_source_wants(const struct gy_source *source)
{
    return source->splits->abi.order == GYRE_SPLITS_QUEUE && source->active.n == 0;
}

int gy_source_add(struct gy_source *source, uint32_t id)
{
    assert(id < source->splits->n);
    const struct gy_split *split = &source->splits->items[id];
    struct gyre_reader position = {
        .size = sizeof position, .data = split->position, .length = split->position_n};
    assert(split->state != GY_SPLIT_DONE);
    if (gy_vec_reserve(&source->active, 1) != 0 ||
        gy_vec_reserve(&source->done, source->active.n + 1) != 0)
        return gy_instance_fail(source->instance, GYRE_ENOMEM, "no memory for a split");
    int code = gy_instance_add_split(source->instance, id, split->bytes, split->n,
                                     split->state == GY_SPLIT_BEGUN ? &position : NULL);
    if (code == 0)
        gy_vec_push(&source->active, id);
    return code;
}

/* Room was made when it was added. False: it is none that this task reads. */
static bool end_split(struct gy_source *source, uint32_t id)
{
    for (size_t i = 0; i < source->active.n; i++) {
        if (source->active.items[i] != id)
            continue;
        source->active.items[i] = source->active.items[source->active.n - 1];
        source->active.n--;
        gy_vec_push(&source->done, id);
        return true;
    }
    return false;
}

int gy_source_poll(struct gy_source *source, struct gyre_poll *poll, bool *ended)
{
    int code = gy_instance_poll(source->instance, poll);
    /* All that it has put out leaves, or a small budget would be told by the next poll alone. */
    if (code == 0)
        code = gy_instance_flush(source->instance, false);
    *ended = code == 0 && poll->status == GYRE_POLL_SPLIT && end_split(source, poll->split);
    return code;
}

static int save_split(const struct gy_source *source, struct gy_part *part, uint32_t id,
                      uint8_t state)
{
    const struct gyre_operator *descriptor = source->instance->node->descriptor;
    struct gyre_writer *writer = gy_part_record(part, GY_RECORD_SPLIT, 0);
    struct gyre_writer position = {.size = sizeof position, .grow = gy_writer_grow};
    int code = 0;
    if (state == GY_SPLIT_BEGUN && descriptor->save_split == NULL)
        state = GY_SPLIT_FRESH; /* it cannot say where it is: what it can read again comes again */
    else if (state == GY_SPLIT_BEGUN)
        code = gy_instance_save_split(source->instance, id, &position);
    gyre_write_u32(writer, id);
    gyre_write(writer, &state, 1);
    if (state == GY_SPLIT_BEGUN) {
        gyre_write_u32(writer, (uint32_t)position.length);
        gyre_write(writer, position.data, position.length);
    }
    gy_free(position.data);
    int written = gy_part_end_record(part);
    return code != 0 ? code : written;
}

int gy_source_save(const struct gy_source *source, struct gy_part *part)
{
    int code = 0;
    if (source->instance->ctx.task == 0) {
        gy_splits_write(source->splits, gy_part_record(part, GY_RECORD_SPLITS, 0));
        code = gy_part_end_record(part);
    }
    for (size_t i = 0; code == 0 && i < source->done.n; i++)
        code = save_split(source, part, source->done.items[i], GY_SPLIT_DONE);
    for (size_t i = 0; code == 0 && i < source->active.n; i++)
        code = save_split(source, part, source->active.items[i], GY_SPLIT_BEGUN);
    return code;
}
