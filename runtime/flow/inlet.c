/* See inlet.h. */
#include "flow/inlet.h"

#include "base/mem.h"

#include <assert.h>

int gy_inlet_init(struct gy_inlet *inlet, struct gy_channel *channel,
                  const struct gy_layout *layout, struct gy_pool *pool)
{
    memset(inlet, 0, sizeof *inlet);
    inlet->channel = channel;
    inlet->layout = layout;
    inlet->pool = pool;
    inlet->columns = gy_calloc(layout->n_fields + 1, sizeof *inlet->columns);
    return inlet->columns != NULL ? 0 : GYRE_ENOMEM;
}

void gy_inlet_fini(struct gy_inlet *inlet)
{
    gy_inlet_done(inlet);
    gy_free(inlet->columns);
    memset(inlet, 0, sizeof *inlet);
}

/* Hands the message's text blocks over to an arena list; false without memory. */
static bool take_texts(struct gy_inlet *inlet, struct gy_message *message,
                       struct gy_arenas **arenas)
{
    while (message->texts != NULL) {
        struct gy_block *text = message->texts;
        message->texts = text->next;
        text->next = NULL;
        int code = gy_arenas_add(inlet->pool, arenas, text);
        gy_block_drop(text);
        if (code != 0)
            return false;
    }
    return true;
}

const struct gy_batch *gy_inlet_open(struct gy_inlet *inlet, struct gy_message *message)
{
    const struct gy_layout *layout = inlet->layout;
    const char *base = gy_message_columns(message);
    size_t stride = message->capacity;
    struct gy_arenas *arenas = NULL;
    assert(inlet->message == NULL && message->kind == GY_ROWS && message->rows > 0);
    inlet->message = message;
    bool ok = take_texts(inlet, message, &arenas);
    for (uint32_t f = 0; f < layout->n_fields; f++) {
        struct gy_column *column = &inlet->columns[f];
        bool carried = layout->offsets[f] >= 0;
        column->data = carried ? base + (size_t)layout->offsets[f] * stride : NULL;
        column->valid = layout->valid[f] >= 0
                            ? (const uint8_t *)base + (size_t)layout->valid[f] * stride
                            : NULL;
        column->arenas = gyre_type_is_str(layout->types[f]) ? arenas : NULL;
    }
    inlet->arenas = arenas;
    inlet->batch = (struct gy_batch){.rows = message->rows,
                                     .kept = message->rows,
                                     .n_columns = layout->n_fields,
                                     .columns = inlet->columns};
    if (layout->hash >= 0)
        inlet->batch.hash = (const uint64_t *)(const void *)(base + (size_t)layout->hash * stride);
    if (layout->time >= 0)
        inlet->batch.time = (const int64_t *)(const void *)(base + (size_t)layout->time * stride);
    if (!ok) {
        gy_inlet_done(inlet);
        return NULL;
    }
    return &inlet->batch;
}

void gy_inlet_done(struct gy_inlet *inlet)
{
    if (inlet->message == NULL)
        return;
    gy_message_drop(inlet->message);
    gy_arenas_drop(inlet->arenas);
    inlet->message = NULL;
    inlet->arenas = NULL;
}
