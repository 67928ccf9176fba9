/* See items.h. */
#include "state/items.h"

#include "base/mem.h"

#include <gyre/error.h>

void gy_items_fini(struct gy_items *items)
{
    for (size_t i = 0; i < items->list.n; i++)
        gy_free((void *)items->list.items[i].bytes);
    gy_vec_fini(&items->list);
}

int gy_items_add(struct gy_items *items, const void *bytes, size_t n)
{
    uint8_t *copy = gy_alloc(n + 1);
    struct gy_item item = {copy, n};
    if (copy == NULL)
        return GYRE_ENOMEM;
    if (n > 0)
        memcpy(copy, bytes, n);
    if (gy_vec_push(&items->list, item) == 0)
        return 0;
    gy_free(copy);
    return GYRE_ENOMEM;
}

int32_t gy_writer_grow(struct gyre_writer *writer, size_t more)
{
    if (more > SIZE_MAX / 4 || writer->capacity > SIZE_MAX / 4)
        return writer->error = GYRE_ENOMEM;
    size_t capacity = writer->capacity * 2 + more + 256;
    uint8_t *data = gy_realloc(writer->data, capacity);
    if (data == NULL)
        return writer->error = GYRE_ENOMEM;
    writer->data = data;
    writer->capacity = capacity;
    return 0;
}

void gy_items_writer_init(struct gy_items_writer *writer, struct gy_items *items)
{
    *writer = (struct gy_items_writer){
        .writer = {.size = sizeof writer->writer, .grow = gy_writer_grow}, .items = items};
}

void gy_items_next(struct gyre_writer *abi)
{
    struct gy_items_writer *writer = (struct gy_items_writer *)abi;
    if (abi->error == 0)
        abi->error = gy_items_add(writer->items, abi->data, abi->length);
    abi->length = 0;
}

int gy_items_end(struct gy_items_writer *writer)
{
    if (writer->writer.length > 0)
        gy_items_next(&writer->writer);
    gy_free(writer->writer.data);
    writer->writer.data = NULL;
    return writer->writer.error;
}
