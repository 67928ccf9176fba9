/* See member.h. */
#include "flow/flow.h"

#include <assert.h>

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

struct gy_member *gy_flow_member(const struct gy_flow *flow, uint32_t node, uint32_t task)
{
    uint32_t chain = flow->physical->chain_of[node];
    assert(task < flow->physical->chains[chain].parallelism);
    struct gy_task *t = &flow->tasks[flow->first_task[chain] + task];
    for (uint32_t m = 0; m < t->n_members; m++)
        if (t->members[m].node->index == node)
            return &t->members[m];
    return NULL;
}

uint32_t gy_flow_inputs(const struct gy_flow *flow, uint32_t e)
{
    const struct gy_edge *edge = &flow->physical->graph->edges[e];
    if (edge->feedback)
        return 0;
    bool one = flow->physical->chained[e] || edge->partition == GY_FORWARD;
    return one ? 1 : flow->physical->graph->nodes[edge->from]->parallelism;
}

void gy_entry_take(struct gy_entry *entry, struct gy_message *message)
{
    struct gy_member *member = entry->member;
    struct gy_inlet *inlet = &entry->inlet;
    const struct gy_batch *batch = gy_inlet_open(inlet, message);
    gy_rounds_touch(entry->enters);
    if (batch == NULL)
        gy_flow_fail_memory(member->task->flow, member->instance);
    else if (gy_instance_process(member->instance, entry->port, batch) != 0)
        gy_member_fail(member);
    gy_inlet_done(inlet);
}
