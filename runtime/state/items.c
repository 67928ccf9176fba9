/* See items.h. */
#include "state/items.h"

#include "base/mem.h"

#include <assert.h>
#include <gyre/operator.h>

void gy_items_fini(struct gy_items *items)
{
    for (size_t i = 0; i < items->list.n; i++)
        gy_free(items->list.items[i].bytes);
    gy_vec_fini(&items->list);
}

int gy_items_add(struct gy_items *items, const void *bytes, size_t n)
{
    struct gy_item item = {.bytes = gy_alloc(n + 1), .n = n};
    if (item.bytes == NULL)
        return GYRE_ENOMEM;
    if (n > 0)
        memcpy(item.bytes, bytes, n);
    if (gy_vec_push(&items->list, item) == 0)
        return 0;
    gy_free(item.bytes);
    return GYRE_ENOMEM;
}

static int add_all(struct gy_items *to, const struct gy_items *from)
{
    int code = 0;
    for (size_t i = 0; code == 0 && i < from->list.n; i++)
        code = gy_items_add(to, from->list.items[i].bytes, from->list.items[i].n);
    return code;
}

static int deal_split(const struct gy_items *from, uint32_t n_from, struct gy_items *to,
                      uint32_t n_to)
{
    uint64_t next = 0;
    int code = 0;
    for (uint32_t t = 0; t < n_to && n_from == n_to && code == 0; t++)
        code = add_all(&to[t], &from[t]);
    if (n_from == n_to)
        return code;
    for (uint32_t t = 0; t < n_from; t++) {
        for (size_t i = 0; i < from[t].list.n; i++) {
            const struct gy_item *item = &from[t].list.items[i];
            if (gy_items_add(&to[next++ % n_to], item->bytes, item->n) != 0)
                return GYRE_ENOMEM;
        }
    }
    return 0;
}

int gy_items_deal(uint32_t mode, const struct gy_items *from, uint32_t n_from, struct gy_items *to,
                  uint32_t n_to)
{
    assert(n_to > 0);
    if (mode == GYRE_ITEMS_SPLIT)
        return deal_split(from, n_from, to, n_to);
    uint32_t tasks = mode == GYRE_ITEMS_UNION ? n_from : mode == GYRE_ITEMS_BROADCAST ? 1 : 0;
    int code = 0;
    for (uint32_t t = 0; t < n_to; t++)
        for (uint32_t f = 0; code == 0 && f < tasks; f++)
            code = add_all(&to[t], &from[f]);
    return code;
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
