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

int gy_member_prepare(struct gy_member *member, uint64_t epoch)
{
    int code = gy_txns_prepare(&member->txns, member->instance, epoch);
    if (code != 0)
        gy_member_fail(member);
    return code;
}

int gy_member_commit(struct gy_member *member, uint64_t epoch)
{
    int code = gy_txns_commit(&member->txns, member->instance, epoch);
    if (code != 0)
        gy_member_fail(member);
    return code;
}
