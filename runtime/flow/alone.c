/* Runs a whole flow on one thread, under a scheduler that may be seeded: the simulation, and the
 * tests of job files. The tasks, channels and operators are those of the threaded run. */
#include "flow/flow.h"

enum { STREAK = 4 };

/* Twice, since a task that only sends what waited for room does not tell of it. */
static bool run_each(struct gy_flow *flow)
{
    bool moved = false;
    for (uint32_t t = 0; t < 2 * flow->n_tasks; t++)
        moved |= gy_task_run(&flow->tasks[t % flow->n_tasks]);
    return moved;
}

/* Moves the clock to the earliest time that some source waits for; false where none does. */
static bool move_clock(struct gy_flow *flow, struct gy_clock_manual *clock)
{
    int64_t wake_us = INT64_MAX;
    for (uint32_t t = 0; t < flow->n_tasks; t++) {
        int64_t task_us = gy_task_wake_us(&flow->tasks[t]);
        wake_us = task_us < wake_us ? task_us : wake_us;
    }
    if (wake_us == INT64_MAX)
        return false;
    int64_t now_us = gy_clock_now_us(&clock->clock);
    gy_clock_manual_advance(clock, wake_us > now_us ? wake_us - now_us : 1);
    return true;
}

int gy_flow_run_alone(struct gy_flow *flow, struct gy_scheduler *scheduler,
                      struct gy_clock_manual *clock)
{
    uint32_t idle = 0;
    while (atomic_load_explicit(&flow->tasks_left, memory_order_relaxed) > 0) {
        if (gy_flow_has_failed(flow))
            return flow->failure.code;
        if (gy_task_run(&flow->tasks[scheduler->pick(scheduler, flow->n_tasks)])) {
            idle = 0;
            continue;
        }
        if (++idle < STREAK * flow->n_tasks)
            continue;
        idle = 0;
        if (!run_each(flow) && !gy_flow_has_failed(flow) &&
            atomic_load_explicit(&flow->tasks_left, memory_order_relaxed) > 0 &&
            !move_clock(flow, clock))
            return GYRE_ECONTRACT;
    }
    return gy_flow_has_failed(flow) ? flow->failure.code : 0;
}
