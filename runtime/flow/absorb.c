/* What a task does with what comes back to its heads: takes it out of the channels, and serves it. See
 * feedback.h. */
#include "flow/feedback.h"
#include "flow/flow.h"

#include <assert.h>

static void absorb(struct gy_entry *entry, struct gy_message *message)
{
    struct gy_head *head = entry->member->head;
    if (message->kind == GY_ROWS) {
        /* The round that the rows come of may have been opened just now. */
        gy_task_obey(entry->member->task);
        gy_head_put(head, entry, message);
        return;
    }
    assert(message->kind == GY_BARRIER); /* nothing else goes over a feedback edge */
    gy_head_hear_barrier(head, entry, (uint64_t)message->time_us);
    gy_message_drop(message);
}

bool gy_task_absorb(struct gy_task *task)
{
    bool moved = false;
    for (uint32_t e = 0; e < task->n_entries; e++) {
        struct gy_entry *entry = &task->entries[e];
        struct gy_message *message;
        if (!entry->feedback || entry->inlet.channel == NULL)
            continue;
        while ((message = gy_channel_pop(entry->inlet.channel)) != NULL) {
            absorb(entry, message);
            moved = true;
        }
    }
    return moved;
}

static bool serve(struct gy_head *head)
{
    struct gy_task *task = head->member->task;
    struct gy_message *message = gy_head_take(head);
    if (message == NULL)
        return false;
    gy_task_join(task, message->generation);
    gy_entry_take(&task->entries[message->entry], message);
    return true;
}

/* Inner loops first: they stand behind. */
bool gy_task_serve(struct gy_task *task)
{
    for (uint32_t m = task->n_members; m-- > 0;)
        if (task->members[m].head != NULL && serve(task->members[m].head))
            return true;
    return false;
}
