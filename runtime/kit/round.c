/* The rounds of the loop that the operator under test is in; see kit.h. */
#include "kit/kit.h"

/* Of the innermost loop: its round `n`, from 0 on. */
static struct gy_round round_of(const struct gyre_kit *kit)
{
    return (struct gy_round){kit->node->rounds[0], kit->n_rounds, kit->n_rounds};
}

static bool has_rounds(const struct gyre_kit *kit)
{
    return kit->code == 0 && kit->node->n_rounds > 0;
}

void gy_kit_round_begin(struct gyre_kit *kit)
{
    for (uint32_t t = 0; has_rounds(kit) && t < kit->n_tasks; t++) {
        struct gy_round round = round_of(kit);
        gy_instance_round_begin(kit->tasks[t].instance, &round);
    }
}

static int end_task(struct gyre_kit *kit, struct gy_kit_task *task, const struct gy_round *round)
{
    gy_frontier_unsettle(&task->frontier);
    int code = gy_instance_round_end(task->instance, round);
    if (code != 0)
        gy_kit_fail_call(kit, task->instance, code);
    while (kit->code == 0 && gy_instance_ends_round(task->instance))
        gy_kit_settle(kit, true);
    return kit->code == 0 && gy_instance_votes(task->instance, round->loop);
}

int gyre_kit_round_end(struct gyre_kit *kit)
{
    int votes = 1;
    if (kit->code == 0 && !has_rounds(kit))
        return gy_kit_fail(kit, GYRE_EINVAL, "%s is in no loop with rounds", kit->node->op);
    for (uint32_t t = 0; kit->code == 0 && t < kit->n_tasks; t++) {
        struct gy_round round = round_of(kit);
        votes &= end_task(kit, &kit->tasks[t], &round);
    }
    kit->n_rounds++;
    gy_kit_round_begin(kit);
    return kit->code != 0 ? kit->code : votes;
}

int gy_kit_round_end_part(struct gyre_kit *kit, uint32_t slices)
{
    bool left = false;
    for (uint32_t t = 0; has_rounds(kit) && t < kit->n_tasks; t++) {
        struct gy_kit_task *task = &kit->tasks[t];
        struct gy_round round = round_of(kit);
        struct gy_told told;
        gy_frontier_unsettle(&task->frontier);
        int code = gy_instance_round_end(task->instance, &round);
        for (uint32_t s = 0; code == 0 && s < slices && gy_instance_ends_round(task->instance); s++)
            code = gy_frontier_step(&task->frontier, 1, &told);
        if (code != 0)
            gy_kit_fail_call(kit, task->instance, code);
        left |= gy_instance_ends_round(task->instance);
    }
    if (left || kit->code != 0)
        return kit->code != 0 ? kit->code : 1;
    kit->n_rounds++;
    gy_kit_round_begin(kit);
    return kit->code;
}
