/* What members and exchanges hold leaves, as far as there is room; see task.h. */
#include "flow/flow.h"

/* ---- output ---- */

bool gy_task_has_room(struct gy_task *task)
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
        if (!member->frontier.ended && gy_instance_flush(member->instance, idle) != 0)
            gy_member_fail(member);
        for (uint32_t r = 0; r < member->n_routes; r++) {
            if (member->routes[r].to != NULL)
                continue;
            gy_exchange_flush(&member->routes[r].exchange, idle);
            gy_member_check(member, &member->routes[r].exchange);
        }
    }
}
