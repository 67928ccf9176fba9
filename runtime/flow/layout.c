/* How rows lie in messages, and how the consumer sees them: gy_layout and gy_inlet of exchange.h. */
#include "flow/exchange.h"

#include "base/mem.h"

int gy_layout_init(struct gy_layout *layout, const struct gy_output *from, bool keyed)
{
    uint32_t n = from->schema.n_fields;
    uint32_t at = 0;
    memset(layout, 0, sizeof *layout);
    layout->n_fields = n;
    layout->types = gy_calloc(n + 1, sizeof *layout->types);
    layout->offsets = gy_calloc(n + 1, sizeof *layout->offsets);
    layout->valid = gy_calloc(n + 1, sizeof *layout->valid);
    if (layout->types == NULL || layout->offsets == NULL || layout->valid == NULL)
        return GYRE_ENOMEM;
    for (uint32_t f = 0; f < n; f++) {
        const struct gyre_field *field = gyre_schema_field(&from->schema, f);
        layout->types[f] = field->type;
        layout->offsets[f] = layout->valid[f] = -1;
        if (!from->needed[f])
            continue;
        layout->offsets[f] = (int32_t)at;
        at += gyre_type_size(field->type);
        if ((field->flags & GYRE_NULLABLE) != 0)
            layout->valid[f] = (int32_t)at++;
    }
    layout->hash = keyed ? (int32_t)at : -1;
    at += keyed ? 8 : 0;
    layout->time = from->needs_time ? (int32_t)at : -1;
    at += from->needs_time ? 8 : 0;
    layout->row_bytes = at;
    uint32_t room = GY_BLOCK_LARGE - (uint32_t)sizeof(struct gy_message) - 64;
    uint32_t rows = at == 0 ? GYRE_BATCH_ROWS : room / at / 16 * 16;
    layout->capacity = rows > GYRE_BATCH_ROWS ? GYRE_BATCH_ROWS : rows < 16 ? 16 : rows;
    return 0;
}

void gy_layout_fini(struct gy_layout *layout)
{
    gy_free(layout->types);
    gy_free(layout->offsets);
    gy_free(layout->valid);
    memset(layout, 0, sizeof *layout);
}

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

static void drop_texts(struct gy_message *message)
{
    while (message->texts != NULL) {
        struct gy_block *text = message->texts;
        message->texts = text->next;
        gy_block_drop(text);
    }
}

const struct gy_batch *gy_inlet_open(struct gy_inlet *inlet, struct gy_message *message)
{
    const struct gy_layout *layout = inlet->layout;
    const char *base = gy_message_columns(message);
    size_t stride = message->capacity;
    struct gy_arenas *arenas = NULL;
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
    drop_texts(inlet->message);
    gy_block_drop(inlet->message->block);
    gy_arenas_drop(inlet->arenas);
    inlet->message = NULL;
    inlet->arenas = NULL;
}

void gy_message_drop(struct gy_message *message)
{
    drop_texts(message);
    gy_block_drop(message->block);
}
