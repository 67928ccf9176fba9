/* Watermarks and ends, told to members in order and passed on; see task.h. */
#include "flow/flow.h"

#include <assert.h>

void gy_task_push(struct gy_task *task, struct gy_event event)
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

void gy_member_watermark(void *host, int64_t time_us)
{
    struct gy_member *member = host;
    if (time_us <= member->watermark)
        return;
    member->watermark = time_us;
    gy_task_push(member->task,
                 (struct gy_event){.member = member, .kind = GY_WATERMARK, .time_us = time_us});
}

/* An operator that sets the times of its rows tells the watermarks itself, but the last. */
static bool follows_gate(const struct gy_member *member)
{
    return (member->node->flags & GYRE_SETS_TIME) == 0 || member->gate.watermark == INT64_MAX;
}

void gy_member_input_watermark(struct gy_member *member, uint32_t slot, int64_t time_us)
{
    if (member->ended) /* restored so: it has been told before */
        return;
    if (gy_gate_watermark(&member->gate, slot, time_us) && follows_gate(member))
        gy_task_push(member->task, (struct gy_event){.member = member,
                                                     .kind = GY_WATERMARK,
                                                     .time_us = member->gate.watermark});
}

void gy_member_input_end(struct gy_member *member, uint32_t slot, bool stopped)
{
    bool advanced;
    if (member->ended)
        return;
    bool last = gy_gate_end(&member->gate, slot, stopped, &advanced);
    if (advanced && follows_gate(member))
        gy_task_push(member->task, (struct gy_event){.member = member,
                                                     .kind = GY_WATERMARK,
                                                     .time_us = member->gate.watermark});
    if (last)
        gy_task_push(
            member->task,
            (struct gy_event){.member = member, .kind = GY_END, .stopped = member->gate.stopped});
}

/* Passes an event that the member has dealt with on to its consumers. */
void gy_member_pass(const struct gy_event *event)
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
            gy_member_check(member, &route->exchange);
        } else if (event->kind == GY_WATERMARK)
            gy_member_input_watermark(route->to, route->to_slot, event->time_us);
        else
            gy_member_input_end(route->to, route->to_slot, event->stopped);
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
        gy_member_pass(&event);
        if (event.kind == GY_END)
            member_ended(event.member, event.stopped);
    }
    return moved;
}
