/* See splits.h. */
#include "op/splits.h"

#include "base/crumb.h"
#include "base/mem.h"

#include <assert.h>

static int32_t add(struct gyre_splits *abi, const void *bytes, size_t n)
{
    struct gy_splits *splits = abi->host;
    if (splits->n == splits->capacity) {
        uint32_t capacity = splits->capacity * 2 + 16;
        struct gy_split *items = gy_realloc_array(splits->items, capacity, sizeof *items);
        if (items == NULL)
            return GYRE_ENOMEM;
        splits->items = items;
        splits->capacity = capacity;
    }
    void *copy = gy_alloc(n + 1);
    if (copy == NULL)
        return GYRE_ENOMEM;
    if (n > 0)
        memcpy(copy, bytes, n);
    splits->items[splits->n++] = (struct gy_split){.bytes = copy, .n = n};
    splits->n_left++;
    return 0;
}

void gy_splits_init_empty(struct gy_splits *splits, uint32_t tasks)
{
    memset(splits, 0, sizeof *splits);
    splits->abi = (struct gyre_splits){.size = sizeof splits->abi,
                                       .tasks = tasks,
                                       .order = GYRE_SPLITS_QUEUE,
                                       .add = add,
                                       .host = splits};
}

int gy_splits_init(struct gy_splits *splits, const struct gy_node *node, uint32_t tasks,
                   struct gyre_error *error)
{
    gy_splits_init_empty(splits, tasks);
    splits->abi.error = error;
    struct gy_crumb_site site = {.id = node->id, .op = node->op, .plugin_path = node->plugin->path};
    struct gy_crumb before = gy_crumb_enter(&site, "discover");
    int code = node->descriptor->discover(node->config, &splits->abi);
    gy_crumb = before;
    if (code != 0 && error->text[0] == 0)
        gyre_error_set(error, code, -1, "discover failed without saying why");
    return code;
}

void gy_splits_fini(struct gy_splits *splits)
{
    if (splits->abi.size == 0)
        return;
    for (uint32_t i = 0; i < splits->n; i++) {
        gy_free(splits->items[i].bytes);
        gy_free(splits->items[i].position);
    }
    gy_free(splits->items);
    memset(splits, 0, sizeof *splits);
}

int64_t gy_splits_take(struct gy_splits *splits)
{
    while (splits->next < splits->n && splits->items[splits->next].state == GY_SPLIT_DONE)
        splits->next++;
    assert(splits->abi.order == GYRE_SPLITS_QUEUE);
    return splits->next < splits->n ? (int64_t)splits->next++ : -1;
}

bool gy_splits_end(struct gy_splits *splits)
{
    assert(splits->n_left > 0);
    return --splits->n_left == 0;
}

void gy_splits_write(const struct gy_splits *splits, struct gyre_writer *writer)
{
    gyre_write_u32(writer, splits->abi.order);
    gyre_write_u32(writer, splits->n);
    for (uint32_t i = 0; i < splits->n; i++) {
        const struct gy_split *split = &splits->items[i];
        gyre_write(writer, &split->state, 1);
        gyre_write_u32(writer, (uint32_t)split->n);
        gyre_write(writer, split->bytes, split->n);
        if (split->state != GY_SPLIT_BEGUN)
            continue;
        gyre_write_u32(writer, (uint32_t)split->position_n);
        gyre_write(writer, split->position, split->position_n);
    }
}

static int read_state(struct gy_split *split, struct gyre_reader *reader)
{
    const uint8_t *state = gyre_read(reader, 1);
    if (state != NULL && *state > GY_SPLIT_BEGUN)
        reader->error = GYRE_ECORRUPT;
    if (reader->error == 0)
        split->state = *state;
    return reader->error;
}

static int read_position(struct gy_split *split, struct gyre_reader *reader)
{
    uint32_t n = gyre_read_u32(reader);
    const void *bytes = gyre_read(reader, n);
    if (bytes == NULL)
        return GYRE_ECORRUPT;
    gy_free(split->position);
    split->position = gy_alloc((size_t)n + 1);
    if (split->position == NULL)
        return GYRE_ENOMEM;
    memcpy(split->position, bytes, n);
    split->position_n = n;
    return 0;
}

int gy_splits_read(struct gy_splits *splits, struct gyre_reader *reader)
{
    splits->abi.order = gyre_read_u32(reader);
    uint32_t n = gyre_read_u32(reader);
    int code = splits->abi.order > GYRE_SPLITS_DEAL ? GYRE_ECORRUPT : reader->error;
    for (uint32_t i = 0; code == 0 && i < n; i++) {
        struct gy_split read = {0};
        code = read_state(&read, reader);
        uint32_t length = gyre_read_u32(reader);
        const void *bytes = gyre_read(reader, length);
        if (code == 0)
            code = bytes == NULL ? GYRE_ECORRUPT : add(&splits->abi, bytes, length);
        if (code != 0)
            break;
        struct gy_split *split = &splits->items[splits->n - 1];
        split->state = read.state;
        splits->n_left -= split->state == GY_SPLIT_DONE;
        if (split->state == GY_SPLIT_BEGUN)
            code = read_position(split, reader);
    }
    return code == 0 && reader->position != reader->length ? GYRE_ECORRUPT : code;
}

int gy_splits_apply(struct gy_splits *splits, struct gyre_reader *reader)
{
    uint32_t id = gyre_read_u32(reader);
    if (reader->error != 0 || id >= splits->n)
        return GYRE_ECORRUPT;
    struct gy_split *split = &splits->items[id];
    bool was_done = split->state == GY_SPLIT_DONE;
    int code = read_state(split, reader);
    splits->n_left -= split->state == GY_SPLIT_DONE && !was_done;
    splits->n_left += split->state != GY_SPLIT_DONE && was_done;
    if (code == 0 && split->state == GY_SPLIT_BEGUN)
        code = read_position(split, reader);
    return code == 0 && reader->position != reader->length ? GYRE_ECORRUPT : code;
}
