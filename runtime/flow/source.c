/* A member that is a source: its splits, and polling it; see member.h. */
#include "flow/flow.h"

static void end_source(struct gy_member *member, bool stopped)
{
    member->source_ended = true;
    if (!stopped)
        gy_task_push(
            member->task,
            (struct gy_event){.member = member, .kind = GY_WATERMARK, .time_us = INT64_MAX});
    gy_task_push(member->task,
                 (struct gy_event){.member = member, .kind = GY_END, .stopped = stopped});
}

static bool add_split(struct gy_member *member, uint32_t id)
{
    const struct gy_split *split = &member->splits->items[id];
    struct gyre_reader position = {
        .size = sizeof position, .data = split->position, .length = split->position_n};
    if (gy_vec_reserve(&member->active_splits, 1) != 0 ||
        gy_vec_reserve(&member->done_splits, member->active_splits.n + 1) != 0) {
        gy_flow_fail_memory(member->task->flow, member->instance);
        return false;
    }
    if (gy_instance_add_split(member->instance, id, split->bytes, split->n,
                              split->state == GY_SPLIT_BEGUN ? &position : NULL) != 0) {
        gy_member_fail(member);
        return false;
    }
    gy_vec_push(&member->active_splits, id);
    return true;
}

/* Room was made when it was added. */
static void end_split(struct gy_member *member, uint32_t id)
{
    for (size_t i = 0; i < member->active_splits.n; i++) {
        if (member->active_splits.items[i] != id)
            continue;
        member->active_splits.items[i] = member->active_splits.items[member->active_splits.n - 1];
        member->active_splits.n--;
        gy_vec_push(&member->done_splits, id);
        return;
    }
}

/* Sees to it that the source has a split to read; false where it has none and will get none. */
static bool feed(struct gy_member *member)
{
    struct gy_splits *splits = member->splits;
    if (splits->abi.order == GYRE_SPLITS_DEAL && !member->splits_dealt) {
        member->splits_dealt = true;
        for (uint32_t id = member->task->index; id < splits->n; id += splits->abi.tasks)
            if (splits->items[id].state != GY_SPLIT_DONE && !add_split(member, id))
                return false;
    }
    if (splits->abi.order == GYRE_SPLITS_QUEUE && member->active_splits.n == 0) {
        int64_t id = gy_splits_take(splits);
        if (id >= 0 && !add_split(member, (uint32_t)id))
            return false;
    }
    return member->active_splits.n > 0;
}

static bool is_to_stop(const struct gy_task *task)
{
    const struct gy_checkpoint *checkpoint = &task->flow->checkpoint;
    if (!gy_checkpoint_is_on(checkpoint))
        return gy_flow_is_stopping(task->flow);
    /* relaxed: the barrier of that epoch was seen before. */
    uint64_t stop_at = atomic_load_explicit(&checkpoint->stop_at, memory_order_relaxed);
    return stop_at != 0 && task->epoch >= stop_at;
}

static bool is_due(const struct gy_member *member)
{
    struct pollfd fd = {.fd = member->wake_fd, .events = POLLIN};
    if (member->wake_us == INT64_MIN)
        return true;
    if (member->wake_us != INT64_MAX &&
        gy_clock_now_us(member->task->flow->clock) >= member->wake_us)
        return true;
    return member->wake_fd >= 0 && poll(&fd, 1, 0) > 0;
}

/* Polls one source; true where it may have more at once. */
bool gy_member_poll(struct gy_member *member)
{
    struct gyre_poll poll = {
        .size = sizeof poll, .budget = member->task->budget, .wake_us = INT64_MAX, .fd = -1};
    if (is_to_stop(member->task)) {
        end_source(member, true);
        return true;
    }
    if (!is_due(member))
        return false;
    if (!feed(member)) {
        if (!gy_flow_has_failed(member->task->flow))
            end_source(member, false);
        return true;
    }
    /* All that it has put out leaves, or a small budget would be told by the next poll alone. */
    if (gy_instance_poll(member->instance, &poll) != 0 ||
        gy_instance_flush(member->instance, false) != 0) {
        gy_member_fail(member);
        return false;
    }
    member->task->dirty = true; /* it may have put rows out and be idle all the same */
    member->wake_us = INT64_MIN;
    if (poll.status == GYRE_POLL_SPLIT)
        end_split(member, poll.split);
    if (poll.status == GYRE_POLL_IDLE) {
        member->wake_us = poll.wake_us > 0 ? poll.wake_us : 0;
        member->wake_fd = poll.fd;
    }
    return poll.status != GYRE_POLL_IDLE;
}
