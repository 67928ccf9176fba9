/* A member that is a source: its next split, and when and how it is polled; see member.h. */
#include "flow/flow.h"

#include <assert.h>

/* Takes the next split of the queue, for which the tasks of a source take turns. */
static int64_t take_split(struct gy_member *member)
{
    struct gy_flow *flow = member->task->flow;
    pthread_mutex_lock(&flow->splits_lock);
    int64_t id = gy_splits_take(&flow->splits[member->node->index]);
    pthread_mutex_unlock(&flow->splits_lock);
    return id;
}

/* Counts a split that has been read to its end. The tasks that have nothing left to read wait for the
 * last one. */
static void count_split(struct gy_member *member)
{
    struct gy_flow *flow = member->task->flow;
    pthread_mutex_lock(&flow->splits_lock);
    bool last = gy_splits_end(&flow->splits[member->node->index]);
    pthread_mutex_unlock(&flow->splits_lock);
    if (last)
        gy_flow_wake(flow);
}

static bool are_splits_left(struct gy_member *member)
{
    struct gy_flow *flow = member->task->flow;
    pthread_mutex_lock(&flow->splits_lock);
    bool left = flow->splits[member->node->index].n_left > 0;
    pthread_mutex_unlock(&flow->splits_lock);
    return left;
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

/* It has nothing to read: that is its end when it is that of all tasks of the source. */
static bool end_or_wait(struct gy_member *member)
{
    if (gy_flow_has_failed(member->task->flow))
        return false;
    bool waited = member->frontier.waits;
    if (are_splits_left(member))
        gy_frontier_wait(&member->frontier);
    else
        gy_frontier_exhaust(&member->frontier, false);
    return !waited || member->frontier.exhausted;
}

bool gy_task_is_to_stop(const struct gy_task *task)
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

/* A loop that its rows come to has more to do than it has room for. */
bool gy_member_is_held_back(const struct gy_member *member)
{
    const struct gy_flow *flow = member->task->flow;
    bool held = false;
    for (uint32_t r = 0; r < flow->n_regions; r++) /* relaxed: a late look costs a poll */
        held |= flow->reaches[member->node->index * flow->n_regions + r] &&
                atomic_load_explicit(&flow->regions[r].n_above, memory_order_relaxed) > 0;
    return held;
}

/* Polls one source; true where it may have more at once. */
bool gy_member_poll(struct gy_member *member)
{
    struct gyre_poll poll = {
        .size = sizeof poll, .budget = member->task->budget, .wake_us = INT64_MAX, .fd = -1};
    bool ended; /* a split */
    assert(member->frontier.is_source && !member->frontier.exhausted);
    if (gy_task_is_to_stop(member->task)) {
        gy_frontier_exhaust(&member->frontier, true);
        return true;
    }
    if (!is_due(member) || gy_member_is_held_back(member))
        return false;
    if (member->frontier.waits || !feed(member))
        return end_or_wait(member);
    if (gy_source_poll(&member->source, &poll, &ended) != 0) {
        gy_member_fail(member);
        return false;
    }
    if (ended)
        count_split(member);
    member->task->dirty = true; /* it may have put rows out and be idle all the same */
    member->wake_us = INT64_MIN;
    if (poll.status == GYRE_POLL_IDLE) {
        member->wake_us = poll.wake_us > 0 ? poll.wake_us : 0;
        member->wake_fd = poll.fd;
    }
    return poll.status != GYRE_POLL_IDLE;
}
