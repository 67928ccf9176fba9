/* See splits.h. */
#include "flow/splits.h"

#include "base/crumb.h"
#include "base/mem.h"

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
    splits->items[splits->n++] = (struct gy_split){copy, n};
    return 0;
}

int gy_splits_init(struct gy_splits *splits, const struct gy_node *node, uint32_t tasks,
                   struct gyre_error *error)
{
    memset(splits, 0, sizeof *splits);
    pthread_mutex_init(&splits->lock, NULL);
    splits->abi = (struct gyre_splits){.size = sizeof splits->abi,
                                       .tasks = tasks,
                                       .order = GYRE_SPLITS_QUEUE,
                                       .add = add,
                                       .error = error,
                                       .host = splits};
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
    for (uint32_t i = 0; i < splits->n; i++)
        gy_free(splits->items[i].bytes);
    gy_free(splits->items);
    pthread_mutex_destroy(&splits->lock);
    memset(splits, 0, sizeof *splits);
}

int64_t gy_splits_take(struct gy_splits *splits)
{
    pthread_mutex_lock(&splits->lock);
    int64_t id = splits->next < splits->n ? (int64_t)splits->next++ : -1;
    pthread_mutex_unlock(&splits->lock);
    return id;
}
