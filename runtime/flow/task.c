/* See task.h. */
#include "flow/task.h"

#include "flow/flow.h"

#include <assert.h>

/* A turn ends after so many batches or polls, so that the tasks of a worker take turns, and one
 * source does not run far ahead of another. A poll has the budget of one batch, and of some more
 * as long as all of it finds room. */
enum { TURN_BATCHES = 8, BUDGET_LEAST = GYRE_BATCH_ROWS, BUDGET_MOST = 4 * GYRE_BATCH_ROWS };

void gy_member_fail(struct gy_member *member)
{
    gy_flow_fail(member->task->flow, member->instance);
}

/* Fails the job where an exchange could not do what it was told. */
static void check_exchange(struct gy_member *member, const struct gy_exchange *exchange)
{
    if (exchange->error == GYRE_ENOMEM)
        gy_flow_fail_memory(member->task->flow, member->instance);
    else if (exchange->error != 0)
        gy_member_fail(member);
}

/* The consumer has another key than the batch's hash is of: it makes its own. */
static int process_rehashed(const struct gy_route *route, const struct gy_batch *batch)
{
    struct gy_batch rehashed = *batch;
    rehashed.hash = NULL;
    return gy_instance_process(route->to->instance, route->to_port, &rehashed);
}

void gy_task_emit(void *host, uint32_t port, const struct gy_batch *batch)
{
    struct gy_member *member = host;
    for (uint32_t r = 0; r < member->n_routes; r++) {
        struct gy_route *route = &member->routes[r];
        if (route->port != port || gy_flow_has_failed(member->task->flow))
            continue;
        if (route->to == NULL) {
            gy_exchange_write(&route->exchange, batch);
            check_exchange(member, &route->exchange);
            continue;
        }
        if (route->rehash ? process_rehashed(route, batch) != 0
                          : gy_instance_process(route->to->instance, route->to_port, batch) != 0)
            gy_member_fail(route->to);
    }
}

/* ---- events: watermarks and ends, told in order ---- */

static void push_event(struct gy_task *task, struct gy_event event)
{
    /* At most one watermark and one end of each member are pending: later ones coalesce. One that a
     * member tells while it hands its last rows out would come after its end. */
    for (uint32_t e = 0; e < task->n_events && event.kind == GY_WATERMARK; e++) {
        struct gy_event *pending = &task->events[e];
        if (pending->member != event.member)
            continue;
        if (pending->kind == GY_END)
            return;
        if (!pending->begun) {
            if (event.time_us > pending->time_us)
                pending->time_us = event.time_us;
            return;
        }
    }
    assert(task->n_events < task->events_max);
    task->events[task->n_events++] = event;
}

void gy_task_watermark(void *host, int64_t time_us)
{
    struct gy_member *member = host;
    if (time_us <= member->watermark)
        return;
    member->watermark = time_us;
    push_event(member->task,
               (struct gy_event){.member = member, .kind = GY_WATERMARK, .time_us = time_us});
}

/* An operator that sets the times of its rows tells the watermarks itself, but the last. */
static bool follows_gate(const struct gy_member *member)
{
    return (member->node->flags & GYRE_SETS_TIME) == 0 || member->gate.watermark == INT64_MAX;
}

static void gate_watermark(struct gy_member *member, uint32_t slot, int64_t time_us)
{
    if (member->ended) /* restored so: it has been told before */
        return;
    if (gy_gate_watermark(&member->gate, slot, time_us) && follows_gate(member))
        push_event(member->task, (struct gy_event){.member = member,
                                                   .kind = GY_WATERMARK,
                                                   .time_us = member->gate.watermark});
}

static void gate_end(struct gy_member *member, uint32_t slot, bool stopped)
{
    bool advanced;
    if (member->ended)
        return;
    bool last = gy_gate_end(&member->gate, slot, stopped, &advanced);
    if (advanced && follows_gate(member))
        push_event(member->task, (struct gy_event){.member = member,
                                                   .kind = GY_WATERMARK,
                                                   .time_us = member->gate.watermark});
    if (last)
        push_event(
            member->task,
            (struct gy_event){.member = member, .kind = GY_END, .stopped = member->gate.stopped});
}

/* Passes an event that the member has dealt with on to its consumers. */
static void pass_on(const struct gy_event *event)
{
    struct gy_member *member = event->member;
    for (uint32_t r = 0; r < member->n_routes; r++) {
        struct gy_route *route = &member->routes[r];
        bool again = false; /* several ports may lead to one slot of a consumer: it is told once */
        for (uint32_t q = 0; q < r; q++)
            again |= route->to != NULL && member->routes[q].to == route->to &&
                     member->routes[q].to_slot == route->to_slot;
        if (again)
            continue;
        if (route->to == NULL) {
            gy_exchange_signal(&route->exchange, event->kind, event->time_us, event->stopped);
            check_exchange(member, &route->exchange);
        } else if (event->kind == GY_WATERMARK)
            gate_watermark(route->to, route->to_slot, event->time_us);
        else
            gate_end(route->to, route->to_slot, event->stopped);
    }
}

static void member_ended(struct gy_member *member, bool stopped)
{
    struct gy_task *task = member->task;
    member->ended = true;
    member->stopped = stopped;
    if (++task->n_ended == task->n_members)
        gy_flow_task_done(task->flow, task);
}

/* Tells one event to its member, or goes on telling it; true when it is over. */
static bool tell(struct gy_event *event)
{
    struct gy_member *member = event->member;
    int code = 0;
    if (event->kind == GY_WATERMARK) {
        code = event->begun ? gy_instance_resume(member->instance)
                            : gy_instance_watermark(member->instance, event->time_us);
        event->begun = true;
    }
    if (code == 0)
        code = gy_instance_flush(member->instance, event->kind == GY_END);
    if (code < 0)
        gy_member_fail(member);
    return code == 0;
}

bool gy_task_settle(struct gy_task *task)
{
    bool moved = false;
    while (task->n_events > 0 && !gy_flow_has_failed(task->flow)) {
        moved = true;
        if (!tell(&task->events[0]))
            break;
        struct gy_event event = task->events[0];
        task->n_events--;
        memmove(task->events, task->events + 1, task->n_events * sizeof event);
        pass_on(&event);
        if (event.kind == GY_END)
            member_ended(event.member, event.stopped);
    }
    return moved;
}

/* ---- input ---- */

static void take_rows(struct gy_entry *entry, struct gy_message *message)
{
    struct gy_member *member = entry->member;
    const struct gy_batch *batch = gy_inlet_open(&entry->inlet, message);
    if (batch == NULL)
        gy_flow_fail_memory(member->task->flow, member->instance);
    else if (gy_instance_process(member->instance, entry->port, batch) != 0)
        gy_member_fail(member);
    gy_inlet_done(&entry->inlet);
}

/* Takes one message of one channel, in turn; false where all are empty. */
static bool take_message(struct gy_task *task)
{
    for (uint32_t tried = 0; tried < task->n_entries; tried++) {
        struct gy_entry *entry = &task->entries[task->next_entry];
        task->next_entry = (task->next_entry + 1) % task->n_entries;
        if (entry->inlet.channel == NULL || entry->at_barrier)
            continue;
        struct gy_message *message = gy_channel_pop(entry->inlet.channel);
        if (message == NULL)
            continue;
        if (message->kind == GY_ROWS) {
            take_rows(entry, message);
            return true;
        }
        if (message->kind == GY_BARRIER) {
            entry->at_barrier = true;
            task->n_barriers++;
        } else if (message->kind == GY_WATERMARK)
            gate_watermark(entry->member, entry->slot, message->time_us);
        else
            gate_end(entry->member, entry->slot, message->stopped);
        gy_message_drop(message);
        return true;
    }
    return false;
}

static void end_source(struct gy_member *member, bool stopped)
{
    member->source_ended = true;
    if (!stopped)
        push_event(member->task,
                   (struct gy_event){.member = member, .kind = GY_WATERMARK, .time_us = INT64_MAX});
    push_event(member->task,
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
static bool poll_source(struct gy_member *member)
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

static bool poll_sources(struct gy_task *task)
{
    bool more = false;
    for (uint32_t m = 0; m < task->n_members; m++) {
        struct gy_member *member = &task->members[m];
        if (member->node->kind == GYRE_SOURCE && !member->source_ended)
            more |= poll_source(member);
    }
    return more;
}

/* ---- output ---- */

/* True where everything written to exchanges has found room. */
static bool has_room(struct gy_task *task)
{
    bool room = true;
    for (uint32_t m = 0; m < task->n_members; m++)
        for (uint32_t r = 0; r < task->members[m].n_routes; r++)
            if (task->members[m].routes[r].to == NULL)
                room &= gy_exchange_drain(&task->members[m].routes[r].exchange);
    return room;
}

void gy_task_flush(struct gy_task *task, bool idle)
{
    for (uint32_t m = 0; m < task->n_members && !gy_flow_has_failed(task->flow); m++) {
        struct gy_member *member = &task->members[m];
        if (!member->ended && gy_instance_flush(member->instance, idle) != 0)
            gy_member_fail(member);
        for (uint32_t r = 0; r < member->n_routes; r++) {
            if (member->routes[r].to != NULL)
                continue;
            gy_exchange_flush(&member->routes[r].exchange, idle);
            check_exchange(member, &member->routes[r].exchange);
        }
    }
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
    bool room = has_room(task);
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
    return task->n_entries > 0 && task->n_barriers == task->n_entries;
}

/* Takes up to a turn's worth of input; true where the input ran out. */
static bool take_input(struct gy_task *task, bool *moved)
{
    uint32_t turn = may_block_in_poll(task) ? 1 : TURN_BATCHES;
    for (uint32_t n = 0; n < turn; n++) {
        bool got = task->n_entries > 0 && take_message(task);
        got |= poll_sources(task);
        if (!got)
            return true;
        *moved = true;
        task->dirty = true;
        gy_task_settle(task);
        if (!fit_budget(task) || task->n_events > 0 || is_at_barrier(task) ||
            gy_flow_has_failed(task->flow))
            return false;
    }
    return false;
}

bool gy_task_run(struct gy_task *task)
{
    bool moved = false;
    bool ran_out = false;
    /* A task that is done may still have its last messages waiting for room. */
    gy_task_commit(task);
    int64_t start_ns = gy_clock_mono_ns(task->flow->clock);
    if (!has_room(task))
        return gy_task_save(task, start_ns); /* what is being saved need not wait */
    if (task->done && !gy_checkpoint_is_on(&task->flow->checkpoint))
        return false;
    moved |= gy_task_settle(task);
    moved |= gy_task_barrier(task);
    if (task->n_events == 0 && has_room(task))
        ran_out = take_input(task, &moved);
    moved |= task->dirty;
    if (moved) {
        ran_out |= may_block_in_poll(task);
        gy_task_flush(task, ran_out);
        /* What did not fit asks to be woken, before the worker may sleep. */
        has_room(task);
        task->dirty = !ran_out;
        publish(task);
    }
    moved |= gy_task_save(task, start_ns);
    if (moved)
        task->busy_ns += gy_clock_mono_ns(task->flow->clock) - start_ns;
    return moved;
}

/* Tells the members' consumers what they had been told before a restore: watermarks and ends. */
static void retell(struct gy_task *task)
{
    for (uint32_t m = 0; m < task->n_members; m++) {
        struct gy_member *member = &task->members[m];
        struct gy_event event = {
            .member = member, .kind = GY_WATERMARK, .time_us = member->saved.watermark_us};
        if (event.time_us != INT64_MIN)
            pass_on(&event);
        event.kind = GY_END;
        if (member->ended)
            pass_on(&event);
    }
    if (task->n_ended == task->n_members)
        gy_flow_task_done(task->flow, task);
}

/* An operator of which no input is connected has ended at once. */
static void begin_unconnected(struct gy_task *task)
{
    for (uint32_t m = 0; m < task->n_members; m++) {
        struct gy_member *member = &task->members[m];
        if (member->node->kind == GYRE_SOURCE || member->gate.n_slots > 0 || member->ended)
            continue;
        push_event(task,
                   (struct gy_event){.member = member, .kind = GY_WATERMARK, .time_us = INT64_MAX});
        push_event(task, (struct gy_event){.member = member, .kind = GY_END});
    }
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

void gy_task_begin(struct gy_task *task)
{
    retell(task);
    begin_unconnected(task);
    task->dirty = task->flow->restore != NULL; /* a flush lets sinks undo what is to come again */
}

int64_t gy_task_wake_us(const struct gy_task *task)
{
    int64_t earliest = INT64_MAX;
    for (uint32_t m = 0; m < task->n_members; m++) {
        const struct gy_member *member = &task->members[m];
        if (member->node->kind == GYRE_SOURCE && !member->source_ended &&
            member->wake_us != INT64_MIN && member->wake_us < earliest)
            earliest = member->wake_us;
    }
    return earliest;
}
