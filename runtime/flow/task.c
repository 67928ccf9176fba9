/* See task.h. */
#include "flow/task.h"

#include "flow/feedback.h"
#include "flow/flow.h"
#include "flow/handover.h"

#include <assert.h>

/* A turn ends after so many batches or polls, so that the tasks of a worker take turns, and one
 * source does not run far ahead of another. A poll has the budget of one batch, and of some more
 * as long as all of it finds room. */
enum {
    TURN_BATCHES = 32,
    TURN_POLLS = 8,
    TURN_SIGNALS = 64,
    BUDGET_LEAST = GYRE_BATCH_ROWS,
    BUDGET_MOST = 4 * GYRE_BATCH_ROWS
};

/* ---- input ---- */

/* What comes into a region from outside is told to the region, and by it to the members. */
static void tell_region(const struct gy_entry *entry, const struct gy_message *message)
{
    struct gy_region *region = entry->member->task->region;
    switch (message->kind) {
    case GY_WATERMARK: gy_region_watermark(region, entry->region_slot, message->time_us); break;
    case GY_IDLE:
        gy_region_idle(region, entry->region_slot, message->flag, message->time_us != 0);
        break;
    default:
        assert(message->kind == GY_END);
        gy_region_end(region, entry->region_slot, message->flag);
    }
    gy_task_obey(entry->member->task); /* active again: that goes before the rows */
}

/* The task is counted while it has a message at hand, and what caused it was before. */
static void count_message(struct gy_task *task, const struct gy_entry *entry,
                          const struct gy_message *message)
{
    if (task->region == NULL || message->kind == GY_BARRIER)
        return;
    gy_task_obey(task); /* what it comes of may have been ordered just now */
    if (!entry->external)
        gy_task_join(task, message->generation);
    else if (message->kind == GY_ROWS)
        gy_task_enter(task);
}

static void take(struct gy_entry *entry, struct gy_message *message)
{
    struct gy_task *task = entry->member->task;
    count_message(task, entry, message);
    if (message->kind == GY_ROWS) {
        gy_entry_take(entry, message);
        return;
    }
    if (message->kind == GY_SUMS) {
        if (gy_handover_take(message->sums, entry->member->instance) != 0)
            gy_member_fail(entry->member);
        gy_message_drop(message);
        return;
    }
    if (message->kind == GY_BARRIER) {
        assert((uint64_t)message->time_us > task->epoch && task->n_barriers < task->n_aligned);
        entry->at_barrier = true;
        task->n_barriers++;
    } else if (entry->external) {
        tell_region(entry, message);
    } else {
        gy_member_hear(entry->member, entry->slot, message->kind, message->time_us, message->flag);
    }
    gy_message_drop(message);
}

/* Takes one message of one channel, in turn, and says whether it is one with rows; false where all are empty. */
static bool take_entry(struct gy_task *task, bool *rows)
{
    for (uint32_t tried = 0; tried < task->n_entries; tried++) {
        struct gy_entry *entry = &task->entries[task->next_entry];
        task->next_entry = (task->next_entry + 1) % task->n_entries;
        if (entry->inlet.channel == NULL || entry->at_barrier || entry->feedback)
            continue;
        struct gy_message *message = gy_channel_pop(entry->inlet.channel);
        if (message == NULL)
            continue;
        *rows = message->kind == GY_ROWS || message->kind == GY_SUMS;
        take(entry, message);
        return true;
    }
    return false;
}

/* What goes round comes first, that it does not grow; but while a barrier is on its way, or the end of a stop,
 * what comes before it does: a loop that is never empty would keep it away. */
static bool take_message(struct gy_task *task, bool *rows)
{
    *rows = true;
    if (!task->has_heads)
        return take_entry(task, rows);
    if (gy_task_awaits_barrier(task) || gy_flow_is_stopping(task->flow))
        return take_entry(task, rows) || gy_task_serve(task);
    return gy_task_serve(task) || take_entry(task, rows);
}

static bool poll_sources(struct gy_task *task)
{
    bool more = false;
    for (uint32_t m = 0; m < task->n_members; m++) {
        struct gy_member *member = &task->members[m];
        if (member->node->kind == GYRE_SOURCE && !member->frontier.exhausted)
            more |= gy_member_poll(member);
    }
    return more;
}

static void publish(struct gy_task *task)
{
    struct gy_instance_stats stats;
    for (uint32_t m = 0; m < task->n_members; m++) {
        struct gy_published *published = &task->members[m].published;
        gy_instance_counts(task->members[m].instance, &stats);
        /* relaxed: each number stands for itself. */
        atomic_store_explicit(&published->rows_in, stats.rows_in, memory_order_relaxed);
        atomic_store_explicit(&published->rows_out, stats.rows_out, memory_order_relaxed);
    }
}

/* Fits the budget of polls to the room there was for the last one; true where there was. */
static bool fit_budget(struct gy_task *task)
{
    bool room = gy_task_has_room(task);
    if (task->flow->options.poll_rows != 0)
        return room;
    uint32_t budget = room ? 2 * task->budget : BUDGET_LEAST;
    task->budget = budget < BUDGET_LEAST  ? BUDGET_LEAST
                   : budget > BUDGET_MOST ? BUDGET_MOST
                                          : budget;
    return room;
}

/* A source that may block is polled once a turn: what it put out leaves before it blocks again. */
static bool may_block_in_poll(const struct gy_task *task)
{
    return task->chain->blocking && task->members[0].node->kind == GYRE_SOURCE;
}

/* True where every input is at the barrier: there is nothing to take before it is passed on. */
static bool is_at_barrier(const struct gy_task *task)
{
    return task->n_aligned > 0 && task->n_barriers == task->n_aligned;
}

/* How much work it may do. One that is not counted does none: the clock may have set some off just now. */
static uint32_t work_rows(const struct gy_task *task)
{
    return task->region != NULL && task->owed == 0 ? 0 : task->flow->options.work_rows;
}

/* True where the turn is over: nothing more is to be taken now. */
static bool is_to_pause(struct gy_task *task)
{
    return !gy_task_has_room(task) || is_at_barrier(task) || gy_flow_has_failed(task->flow);
}

/* Takes a message with rows, and those without before it: they cost next to nothing, and a task that had a turn for
 * each would be behind producers that tell a watermark with each batch. False where there is none. */
static bool take_next(struct gy_task *task)
{
    bool rows = false, any = false;
    for (uint32_t n = 0; n < TURN_SIGNALS && !rows && take_message(task, &rows); n++) {
        any = true;
        if (rows)
            break;
        gy_task_settle(task, work_rows(task));
        if (is_to_pause(task))
            break;
    }
    return any;
}

/* Takes up to a turn's worth of input; true where the input ran out. */
static bool take_input(struct gy_task *task, bool *moved)
{
    uint32_t turn = may_block_in_poll(task) ? 1 : task->n_entries > 0 ? TURN_BATCHES : TURN_POLLS;
    for (uint32_t n = 0; n < turn; n++) {
        bool got = task->n_entries > 0 && take_next(task);
        got |= poll_sources(task);
        if (!got)
            return true;
        *moved = true;
        task->dirty = true;
        gy_task_settle(task, work_rows(task));
        if (!fit_budget(task) || is_at_barrier(task) || gy_flow_has_failed(task->flow))
            return false;
    }
    return false;
}

/* What goes round may do so for ever, when all sources have ended. */
static void tell_stop(struct gy_task *task)
{
    if (task->stops || !gy_flow_is_stopping(task->flow) ||
        gy_checkpoint_is_on(&task->flow->checkpoint))
        return;
    task->stops = true;
    gy_region_stop(task->region);
}

bool gy_task_run(struct gy_task *task)
{
    bool moved = false;
    bool ran_out = false;
    /* A task that is done may still have its last messages waiting for room. */
    gy_task_commit(task);
    if (task->region != NULL) {
        tell_stop(task);
        moved |= gy_task_obey(task);
        moved |= task->has_heads && gy_task_absorb(task);
    }
    int64_t start_ns = gy_clock_mono_ns(task->flow->clock);
    if (!gy_task_has_room(task)) {
        moved |= gy_task_save(task, start_ns); /* what is being saved need not wait */
        return moved;
    }
    if (task->done && !gy_checkpoint_is_on(&task->flow->checkpoint))
        return false;
    if (task->region != NULL && task->owed == 0 && gy_task_has_work(task))
        gy_task_enter(task);
    moved |= gy_task_settle(task, work_rows(task));
    moved |= gy_task_barrier(task);
    if (gy_task_has_room(task))
        ran_out = take_input(task, &moved);
    moved |= task->dirty;
    if (moved) {
        ran_out |= may_block_in_poll(task);
        gy_task_flush(task, ran_out);
        if (task->region != NULL && ran_out)
            gy_task_leave(task);
        /* What did not fit asks to be woken, before the worker may sleep. */
        gy_task_has_room(task);
        task->dirty = !ran_out;
        publish(task);
    }
    moved |= gy_task_save(task, start_ns);
    if (moved)
        task->busy_ns += gy_clock_mono_ns(task->flow->clock) - start_ns;
    return moved;
}

bool gy_task_open(struct gy_task *task)
{
    for (uint32_t m = task->n_members; m-- > 0;) {
        if (gy_instance_open(task->members[m].instance) != 0) {
            gy_member_fail(&task->members[m]);
            return false;
        }
    }
    return true;
}

/* What they had told before a restore is told again; an operator of which no input is connected has
 * ended at once. */
void gy_task_begin(struct gy_task *task)
{
    assert(task->epoch == task->committed && task->n_barriers == 0);
    gy_task_begin_rounds(task);
    for (uint32_t m = 0; m < task->n_members; m++) {
        struct gy_frontier *frontier = &task->members[m].frontier;
        gy_member_retell(&task->members[m]);
        if (!frontier->is_source && frontier->gate.n_slots == 0 && !frontier->ended)
            gy_frontier_exhaust(frontier, false);
    }
    if (task->n_ended == task->n_members)
        gy_flow_task_done(task->flow, task);
    task->dirty = task->flow->restore != NULL; /* a flush lets sinks undo what is to come again */
}

int64_t gy_task_wake_us(const struct gy_task *task)
{
    int64_t earliest = INT64_MAX;
    for (uint32_t m = 0; m < task->n_members; m++) {
        const struct gy_member *member = &task->members[m];
        if (member->node->kind == GYRE_SOURCE && !member->frontier.exhausted &&
            member->wake_us != INT64_MIN && member->wake_us < earliest &&
            !gy_member_is_held_back(member)) /* else it is woken */
            earliest = member->wake_us;
        int64_t wake_us = gy_frontier_wake_us(&member->frontier);
        earliest = wake_us < earliest ? wake_us : earliest;
    }
    return earliest;
}
