/* What inputs tell, what members make of it (op/frontier), and who is told then; see task.h. */
#include "flow/flow.h"

#include <assert.h>

/* Several ports may lead to one slot of a consumer: it is told once. */
static bool is_told_before(const struct gy_member *member, uint32_t r)
{
    const struct gy_route *route = &member->routes[r];
    bool again = false;
    for (uint32_t q = 0; q < r; q++)
        again |= route->to != NULL && member->routes[q].to == route->to &&
                 member->routes[q].to_slot == route->to_slot;
    return again;
}

/* Tells the consumers of a member, or those within a loop; nothing is told over a feedback edge. */
static void pass_on(struct gy_member *member, enum gy_message_kind kind, int64_t time_us, bool flag,
                    const struct gy_loop *within)
{
    for (uint32_t r = 0; r < member->n_routes; r++) {
        struct gy_route *route = &member->routes[r];
        if (route->edge->feedback || is_told_before(member, r) ||
            (within != NULL && !within->body[route->edge->to]))
            continue;
        if (route->to == NULL) {
            gy_route_signal(member, route, kind, time_us, flag);
        } else {
            gy_member_hear(route->to, route->to_slot, kind, time_us, flag);
        }
    }
}

/* ---- the end of a round ---- */

static uint32_t place_of(const struct gy_member *member, const struct gy_loop *loop)
{
    uint32_t r = 0;
    while (r < member->node->n_rounds && member->node->rounds[r] != loop)
        r++;
    assert(r < member->node->n_rounds);
    return r;
}

/* All inputs within the loop have told the end of the round. The region says of which. Some may have told that
 * of a loop around it already, which waits for the others. */
static void hear_mark(struct gy_member *member)
{
    struct gy_rounds *rounds = member->task->region->ending;
    uint32_t r = place_of(member, rounds->loop);
    if (++member->n_marked[r] < member->n_marking[r])
        return;
    member->n_marked[r] = 0;
    if (member->head == NULL) {
        gy_member_end_round(member);
        return;
    }
    assert(member->holds_end == NULL);
    member->holds_end = rounds->loop; /* rows may still go round in the loop that begins here */
    gy_region_hold_end(member->task->region, rounds, member->node->index);
}

void gy_member_end_round(struct gy_member *member)
{
    const struct gy_rounds *rounds = member->task->region->ending;
    const struct gy_round round = {rounds->loop, rounds->at.number, rounds->at.ends};
    assert(member->ending == NULL && rounds->loop->body[member->node->index]);
    member->ending = rounds->loop;
    gy_frontier_unsettle(&member->frontier);
    if (gy_instance_round_end(member->instance, &round) != 0)
        gy_member_fail(member);
}

/* All that follows from the end of the round has been put out. */
static void tell_round_end(struct gy_member *member)
{
    struct gy_region *region = member->task->region;
    const struct gy_loop *loop = member->ending;
    if (gy_instance_flush(member->instance, false) != 0)
        gy_member_fail(member);
    if (gy_instance_votes(member->instance, loop))
        gy_region_vote(region, region->ending, member->node->index);
    member->ending = NULL;
    pass_on(member, GY_ROUND_END, 0, false, loop);
}

void gy_member_hear(struct gy_member *member, uint32_t slot, enum gy_message_kind kind,
                    int64_t time_us, bool flag)
{
    switch (kind) {
    case GY_WATERMARK: gy_frontier_watermark(&member->frontier, slot, time_us); break;
    case GY_IDLE: gy_frontier_idle(&member->frontier, slot, flag, time_us != 0); break;
    case GY_ROUND_END: hear_mark(member); break;
    default: assert(kind == GY_END); gy_frontier_end(&member->frontier, slot, flag);
    }
}

/* A consumer may have seen more than this task has told, which was idle then. */
static void distrust(const struct gy_member *member, const struct gy_route *route)
{
    const struct gy_node *to = member->task->flow->physical->graph->nodes[route->edge->to];
    for (uint32_t t = 0; t < to->parallelism; t++)
        gy_presum_distrust(
            route->presum,
            gy_instance_seen(gy_flow_member(member->task->flow, to->index, t)->instance));
}

void gy_member_retell(struct gy_member *member)
{
    const struct gy_frontier *frontier = &member->frontier;
    for (uint32_t r = 0; r < member->n_routes; r++)
        if (member->routes[r].presum != NULL)
            distrust(member, &member->routes[r]);
    if (frontier->told_us != INT64_MIN)
        pass_on(member, GY_WATERMARK, frontier->told_us, false, NULL);
    if (frontier->ended)
        pass_on(member, GY_END, 0, false, NULL);
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
    static const enum gy_message_kind kinds[] = {
        [GY_TOLD_WATERMARK] = GY_WATERMARK, [GY_TOLD_IDLE] = GY_IDLE, [GY_TOLD_END] = GY_END};
    struct gy_told told = {.kind = GY_TOLD_WATERMARK};
    /* What the clock sets off may put rows out and tell nothing. */
    bool moved = rows_max > 0 && member->frontier.clocked && !member->frontier.halted &&
                 !member->frontier.ended && gy_instance_has_work(member->instance);
    while (told.kind > GY_TOLD_LATER && !gy_flow_has_failed(member->task->flow)) {
        if (gy_frontier_step(&member->frontier, rows_max, &told) != 0)
            gy_member_fail(member);
        moved |= told.kind != GY_TOLD_NOTHING;
        if (told.kind > GY_TOLD_LATER)
            pass_on(member, kinds[told.kind], told.waits ? 1 : told.time_us, told.flag, NULL);
        if (told.kind == GY_TOLD_END)
            count_end(member->task);
    }
    if (member->ending != NULL && !gy_instance_ends_round(member->instance)) {
        tell_round_end(member);
        moved = true;
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
