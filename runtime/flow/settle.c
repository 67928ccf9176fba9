/* What inputs tell, what members make of it (op/frontier), and who is told then; see task.h. */
#include "flow/flow.h"

#include <assert.h>

/* Tells the consumers of a member. */
static void pass_on(struct gy_member *member, const struct gy_told *told)
{
    static const enum gy_message_kind kinds[] = {
        [GY_TOLD_WATERMARK] = GY_WATERMARK, [GY_TOLD_IDLE] = GY_IDLE, [GY_TOLD_END] = GY_END};
    for (uint32_t r = 0; r < member->n_routes; r++) {
        struct gy_route *route = &member->routes[r];
        bool again = false; /* several ports may lead to one slot of a consumer: it is told once */
        for (uint32_t q = 0; q < r; q++)
            again |= route->to != NULL && member->routes[q].to == route->to &&
                     member->routes[q].to_slot == route->to_slot;
        if (again)
            continue;
        if (route->to == NULL) {
            gy_exchange_signal(&route->exchange, kinds[told->kind], told->time_us, told->flag);
            gy_member_check(member, &route->exchange);
        } else {
            gy_member_hear(route->to, route->to_slot, kinds[told->kind], told->time_us, told->flag);
        }
    }
}

void gy_member_hear(struct gy_member *member, uint32_t slot, enum gy_message_kind kind,
                    int64_t time_us, bool flag)
{
    switch (kind) {
    case GY_WATERMARK: gy_frontier_watermark(&member->frontier, slot, time_us); break;
    case GY_IDLE: gy_frontier_idle(&member->frontier, slot, flag); break;
    default: assert(kind == GY_END); gy_frontier_end(&member->frontier, slot, flag);
    }
}

void gy_member_retell(struct gy_member *member)
{
    const struct gy_frontier *frontier = &member->frontier;
    struct gy_told told = {.kind = GY_TOLD_WATERMARK, .time_us = frontier->told_us};
    if (told.time_us != INT64_MIN)
        pass_on(member, &told);
    told.kind = GY_TOLD_END;
    if (frontier->ended)
        pass_on(member, &told);
}

static void count_end(struct gy_task *task)
{
    assert(task->n_ended < task->n_members);
    if (++task->n_ended == task->n_members)
        gy_flow_task_done(task->flow, task);
}

/* True where something was done. */
static bool settle_member(struct gy_member *member, uint32_t rows_max)
{
    struct gy_told told = {.kind = GY_TOLD_WATERMARK};
    /* What the clock sets off may put rows out and tell nothing. */
    bool moved = rows_max > 0 && member->frontier.clocked && !member->frontier.halted &&
                 !member->frontier.ended && gy_instance_has_work(member->instance);
    while (told.kind > GY_TOLD_LATER && !gy_flow_has_failed(member->task->flow)) {
        if (gy_frontier_step(&member->frontier, rows_max, &told) != 0)
            gy_member_fail(member);
        moved |= told.kind != GY_TOLD_NOTHING;
        if (told.kind > GY_TOLD_LATER)
            pass_on(member, &told);
        if (told.kind == GY_TOLD_END)
            count_end(member->task);
    }
    return moved;
}

/* The member is in the middle of a call, and so are those before it. */
void gy_member_tell(void *host)
{
    struct gy_member *member = host;
    struct gy_task *task = member->task;
    for (uint32_t m = (uint32_t)(member - task->members); m < task->n_members; m++)
        if (!gy_frontier_is_settled(&task->members[m].frontier))
            settle_member(&task->members[m], 0);
}

/* In topological order: what one tells the next has heard. */
bool gy_task_settle(struct gy_task *task, uint32_t rows_max)
{
    bool moved = false;
    for (uint32_t m = 0; m < task->n_members; m++)
        if (!gy_frontier_is_settled(&task->members[m].frontier))
            moved |= settle_member(&task->members[m], rows_max);
    return moved;
}
