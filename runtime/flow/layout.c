/* See layout.h. */
#include "flow/layout.h"

#include "base/mem.h"
#include "flow/handover.h"

#include <assert.h>

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
    assert(layout->capacity % 16 == 0); /* so that every column is aligned */
    return 0;
}

void gy_layout_fini(struct gy_layout *layout)
{
    gy_free(layout->types);
    gy_free(layout->offsets);
    gy_free(layout->valid);
    memset(layout, 0, sizeof *layout);
}

struct gy_message *gy_message_new(struct gy_channel *channel, const struct gy_layout *layout,
                                  uint32_t rows)
{
    uint32_t head = (uint32_t)(sizeof(struct gy_message) + 63) & ~63u;
    struct gy_block *block = gy_channel_take(channel, head + rows * layout->row_bytes);
    if (block == NULL)
        return NULL;
    struct gy_message *message = (struct gy_message *)(void *)block->bytes;
    *message = (struct gy_message){.kind = GY_ROWS, .capacity = rows, .block = block};
    message->bytes = block->size;
    return message;
}

void gy_message_copy(const struct gy_layout *layout, struct gy_message *to, struct gy_message *from)
{
    const char *source = gy_message_columns(from);
    char *target = gy_message_columns(to);
    size_t n = from->rows;
    assert(n <= to->capacity);
    size_t stride = from->capacity, new_stride = to->capacity;
    for (uint32_t f = 0; f < layout->n_fields; f++) {
        size_t at = (uint32_t)layout->offsets[f], valid = (uint32_t)layout->valid[f];
        if (layout->offsets[f] >= 0)
            memcpy(target + at * new_stride, source + at * stride,
                   n * gyre_type_size(layout->types[f]));
        if (layout->valid[f] >= 0)
            memcpy(target + valid * new_stride, source + valid * stride, n);
    }
    size_t hash = (uint32_t)layout->hash, time = (uint32_t)layout->time;
    if (layout->hash >= 0)
        memcpy(target + hash * new_stride, source + hash * stride, n * 8);
    if (layout->time >= 0)
        memcpy(target + time * new_stride, source + time * stride, n * 8);
    to->rows = from->rows;
}

void gy_message_drop(struct gy_message *message)
{
    while (message->texts != NULL) {
        struct gy_block *text = message->texts;
        message->texts = text->next;
        gy_block_drop(text);
    }
    gy_handover_drop(message->sums);
    gy_block_drop(message->block);
}
