/* See member.h. */
#include "flow/flow.h"

void gy_member_fail(struct gy_member *member)
{
    gy_flow_fail(member->task->flow, member->instance);
}

void gy_member_check(struct gy_member *member, const struct gy_exchange *exchange)
{
    if (exchange->error == GYRE_ENOMEM)
        gy_flow_fail_memory(member->task->flow, member->instance);
    else if (exchange->error != 0)
        gy_member_fail(member);
}
