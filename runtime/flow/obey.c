/* What a task of a region does for it: it is counted, and obeys decisions. See quiesce.h. */
#include "flow/flow.h"

#include "flow/feedback.h"

#include <assert.h>

/* ---- counted ---- */

/* Nothing of what it holds is left when this has returned. */
static void settle_debt(struct gy_task *task)
{
    uint64_t owed = task->owed;
    task->owed = 0;
    if (owed > 0)
        gy_region_uncount(task->region, task->generation, owed);
}

void gy_task_join(struct gy_task *task, uint32_t generation)
{
    if (task->owed > 0 && task->generation != generation) {
        gy_task_flush(task, true);
        settle_debt(task);
    }
    task->generation = generation;
    task->owed++;
    task->dirty = true;
}

void gy_task_enter(struct gy_task *task)
{
    /* relaxed: the region looks itself. */
    if (task->owed > 0 &&
        task->generation == atomic_load_explicit(&task->region->generation, memory_order_relaxed))
        return;
    uint32_t generation = gy_region_enter(task->region);
    gy_task_join(task, generation);
}

static bool member_has_work(const struct gy_member *member)
{
    const struct gy_frontier *frontier = &member->frontier;
    if (frontier->halted || frontier->ended)
        return false;
    return frontier->unsettled || member->ending != NULL ||
           (frontier->clocked && gy_instance_has_work(member->instance));
}

bool gy_task_has_work(const struct gy_task *task)
{
    for (uint32_t m = 0; m < task->n_members; m++)
        if (member_has_work(&task->members[m]))
            return true;
    return false;
}

void gy_task_leave(struct gy_task *task)
{
    if (!gy_task_has_work(task))
        settle_debt(task);
}

/* ---- decisions ---- */

/* Tells all that comes from outside. */
static void tell_outside(struct gy_task *task, const struct gy_decision *decision)
{
    for (uint32_t e = 0; e < task->n_entries; e++) {
        const struct gy_entry *entry = &task->entries[e];
        if (!entry->external)
            continue;
        if (decision->kind == GY_DECIDED_END) {
            gy_member_hear(entry->member, entry->slot, GY_END, 0, decision->flag);
            continue;
        }
        if (decision->time_us != INT64_MIN)
            gy_member_hear(entry->member, entry->slot, GY_WATERMARK, decision->time_us, false);
        gy_member_hear(entry->member, entry->slot, GY_IDLE, decision->waits ? 1 : 0,
                       decision->flag);
    }
}

static void begin_round(struct gy_member *member, const struct gy_rounds *rounds, uint64_t ends)
{
    const struct gy_round round = {rounds->loop, rounds->at.number, ends};
    if (rounds->loop->body[member->node->index])
        gy_instance_round_begin(member->instance, &round);
}

/* Who had told the end of a round is in the next one already. */
void gy_task_begin_rounds(struct gy_task *task)
{
    for (uint32_t m = 0; m < task->n_members && task->region != NULL; m++)
        for (uint32_t r = 0; r < task->region->n_rounds; r++) {
            const struct gy_rounds *rounds = &task->region->rounds[r];
            begin_round(&task->members[m], rounds,
                        rounds->at.ends + rounds->told[task->members[m].node->index]);
        }
}

static void obey_member(struct gy_member *member, const struct gy_decision *decision)
{
    struct gy_head *head = member->head;
    bool is_head = head != NULL && head->rounds == decision->rounds;
    switch (decision->kind) {
    case GY_DECIDED_END_ROUND:
        if (is_head)
            gy_member_end_round(member);
        break;
    case GY_DECIDED_PASS_END:
        if (member->holds_end != decision->rounds->loop)
            break;
        member->holds_end = NULL;
        gy_member_end_round(member);
        break;
    case GY_DECIDED_OPEN:
        begin_round(member, decision->rounds, decision->rounds->at.ends);
        if (is_head)
            gy_head_open(head, decision->generation);
        break;
    case GY_DECIDED_CLOSE:
        begin_round(member, decision->rounds, decision->rounds->at.ends);
        if (is_head)
            gy_head_close(head);
        break;
    default:
        assert(decision->kind == GY_DECIDED_DISCARD);
        member->task->discards = true;
        if (head != NULL)
            gy_head_discard(head);
    }
}

bool gy_task_obey(struct gy_task *task)
{
    if (task->region == NULL || gy_region_decisions(task->region) == task->n_decisions)
        return false;
    assert(gy_region_decisions(task->region) == task->n_decisions + 1);
    const struct gy_decision decision = task->region->decision;
    task->n_decisions++;
    gy_task_join(task, decision.generation);
    if (decision.kind == GY_DECIDED_RELEASE || decision.kind == GY_DECIDED_END)
        tell_outside(task, &decision);
    for (uint32_t m = 0; m < task->n_members && decision.kind > GY_DECIDED_END; m++)
        obey_member(&task->members[m], &decision);
    gy_region_obeyed(task->region);
    return true;
}
