/* See deal.h. */
#include "op/deal.h"

#include <assert.h>

bool gy_deal_record(const struct gy_node *node, const struct gy_record *record, uint32_t old_task,
                    uint32_t *task)
{
    struct gyre_reader reader = {.size = sizeof reader, .data = record->bytes, .length = record->n};
    uint64_t hash = gyre_read_u64(&reader);
    if (record->kind < GY_RECORD_STATE || record->kind == GY_RECORD_ITEM || reader.error != 0)
        return false;
    bool by_task = node->window != NULL && node->window->per == GY_PER_TASK;
    if (node->key.n > 0 && !by_task)
        *task = gy_key_subtask(hash, node->max_parallelism, node->parallelism);
    else /* timers come together, state goes to the task that had it */
        *task = record->kind == GY_RECORD_TIMERS ? old_task % node->parallelism : old_task;
    return *task < node->parallelism;
}

bool gy_deal_item(const struct gy_node *node, const struct gy_record *item, uint32_t n_from,
                  uint32_t old_task, uint64_t at, struct gy_dealt *dealt)
{
    struct gyre_reader reader = {.size = sizeof reader, .data = item->bytes, .length = item->n};
    uint32_t mode = node->descriptor != NULL ? node->descriptor->items : GYRE_ITEMS_NONE;
    bool keyed = mode == GYRE_ITEMS_KEYED && node->key.n > 0;
    uint64_t hash = keyed ? gyre_read_u64(&reader) : 0;
    if (mode == GYRE_ITEMS_NONE || reader.error != 0)
        return false;
    if (mode == GYRE_ITEMS_UNION || mode == GYRE_ITEMS_BROADCAST)
        *dealt =
            (struct gy_dealt){0, mode == GYRE_ITEMS_UNION || old_task == 0 ? node->parallelism : 0};
    else if (keyed)
        *dealt =
            (struct gy_dealt){gy_key_subtask(hash, node->max_parallelism, node->parallelism), 1};
    else if (n_from == node->parallelism)
        *dealt = (struct gy_dealt){old_task, 1};
    else
        *dealt = (struct gy_dealt){(uint32_t)(at % node->parallelism), 1};
    return true;
}

uint64_t gy_deal_drawn(const struct gy_node *node, const uint64_t *drawn, uint32_t n_from,
                       uint32_t task)
{
    uint64_t most = 0;
    if (n_from == node->parallelism)
        return drawn[task];
    for (uint32_t t = 0; t < n_from; t++)
        most = drawn[t] > most ? drawn[t] : most;
    return most;
}

uint32_t gy_deal_txns(const struct gy_node *node, uint32_t old_task)
{
    return old_task % node->parallelism;
}

/* The least of the old tasks that had not ended; INT64_MAX where all had. */
static struct gy_reached least_of(const struct gy_manifest_operator *saved)
{
    struct gy_reached least = {.seen_us = INT64_MAX, .told_us = INT64_MAX};
    for (uint32_t t = 0; t < saved->n_tasks; t++) {
        const struct gy_manifest_task *task = &saved->tasks[t];
        if (!task->ended && task->watermark_us < least.told_us)
            least.told_us = task->watermark_us;
        if (!task->ended && task->seen_us < least.seen_us)
            least.seen_us = task->seen_us;
    }
    return least;
}

static bool have_all_ended(const struct gy_manifest_operator *saved)
{
    bool ended = true;
    for (uint32_t t = 0; t < saved->n_tasks; t++)
        ended &= saved->tasks[t].ended;
    return ended;
}

static int64_t earlier(int64_t a_us, int64_t b_us)
{
    return a_us < b_us ? a_us : b_us;
}

struct gy_reached gy_deal_reached(const struct gy_node *node,
                                  const struct gy_manifest_operator *saved, uint32_t task,
                                  bool stable, const struct gy_reached *upstream)
{
    const struct gy_manifest_task *own =
        saved->n_tasks == node->parallelism ? &saved->tasks[task] : NULL;
    struct gy_reached reached = least_of(saved);
    bool sets_time = (node->flags & GYRE_SETS_TIME) != 0;
    bool ended = own != NULL ? own->ended : have_all_ended(saved);
    assert(own != NULL || !stable);
    if (ended && upstream->ended)
        return (struct gy_reached){INT64_MAX, INT64_MAX, true};
    if (stable && !ended)
        reached = (struct gy_reached){own->seen_us, own->watermark_us, false};
    if (sets_time && reached.told_us == INT64_MAX)
        return (struct gy_reached){INT64_MIN, INT64_MIN, false};
    if (!sets_time) {
        reached.seen_us = earlier(reached.seen_us, upstream->told_us);
        reached.told_us = earlier(reached.told_us, upstream->told_us);
    }
    assert(reached.told_us <= reached.seen_us);
    return reached;
}
