/* A member that is a source: its next split, and when and how it is polled; see member.h. */
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

/* Takes the next split of the queue, for which the tasks of a source take turns. */
static int64_t take_split(struct gy_member *member)
{
    struct gy_flow *flow = member->task->flow;
    pthread_mutex_lock(&flow->splits_lock);
    int64_t id = gy_splits_take(&flow->splits[member->node->index]);
    pthread_mutex_unlock(&flow->splits_lock);
    return id;
}

/* Sees to it that the source has a split to read; false where it has none and will get none. */
static bool feed(struct gy_member *member)
{
    int code = gy_source_deal(&member->source);
    if (code == 0 && gy_source_wants(&member->source)) {
        int64_t id = take_split(member);
        if (id >= 0)
            code = gy_source_add(&member->source, (uint32_t)id);
    }
    if (code != 0)
        gy_member_fail(member);
    return code == 0 && member->source.active.n > 0;
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
    bool ended; /* a split */
    if (gy_source_poll(&member->source, &poll, &ended) != 0) {
        gy_member_fail(member);
        return false;
    }
    member->task->dirty = true; /* it may have put rows out and be idle all the same */
    member->wake_us = INT64_MIN;
    if (poll.status == GYRE_POLL_IDLE) {
        member->wake_us = poll.wake_us > 0 ? poll.wake_us : 0;
        member->wake_fd = poll.fd;
    }
    return poll.status != GYRE_POLL_IDLE;
}
