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

/* Lets the checkpoint do what is due; true where it did something. `*due_ns`: see there. */
static bool step_checkpoint(struct gy_checkpoint *checkpoint, int64_t *due_ns)
{
    enum gy_checkpoint_phase phase = checkpoint->phase;
    uint64_t epoch = checkpoint->epoch;
    *due_ns = gy_checkpoint_step(checkpoint);
    return phase != checkpoint->phase || epoch != checkpoint->epoch;
}

/* One turn: of a task, or of what other threads do beside them. */
static bool turn(struct gy_flow *flow, struct gy_scheduler *scheduler)
{
    struct gy_checkpoint *checkpoint = &flow->checkpoint;
    int64_t due_ns;
    if (!gy_checkpoint_is_on(checkpoint))
        return gy_task_run(&flow->tasks[scheduler->pick(scheduler, flow->n_tasks)]);
    uint32_t picked = scheduler->pick(scheduler, flow->n_tasks + 2);
    if (picked < flow->n_tasks)
        return gy_task_run(&flow->tasks[picked]);
    if (picked == flow->n_tasks)
        return gy_scribe_step(&checkpoint->scribe);
    if (flow->options.alone_ask != 0 && scheduler->pick(scheduler, flow->options.alone_ask) == 0)
        gy_checkpoint_ask(checkpoint);
    return step_checkpoint(checkpoint, &due_ns);
}

/* Everybody has had a turn and did nothing: true where that is so once more for all of them. */
static bool is_stuck(struct gy_flow *flow, struct gy_clock_manual *clock)
{
    struct gy_checkpoint *checkpoint = &flow->checkpoint;
    if (run_each(flow) || gy_flow_is_done(flow))
        return false;
    if (!gy_checkpoint_is_on(checkpoint))
        return !move_clock(flow, clock);
    if (gy_scribe_step(&checkpoint->scribe))
        return false;
    int64_t due_ns;
    if (step_checkpoint(checkpoint, &due_ns) || gy_flow_is_done(flow) || move_clock(flow, clock))
        return false;
    if (due_ns == INT64_MAX)
        return true;
    int64_t wait_ns = due_ns - gy_clock_mono_ns(&clock->clock);
    gy_clock_manual_advance(clock, wait_ns > 0 ? wait_ns / 1000 + 1 : 1);
    return false;
}

int gy_flow_run_alone(struct gy_flow *flow, struct gy_scheduler *scheduler,
                      struct gy_clock_manual *clock)
{
    uint32_t idle = 0;
    for (uint64_t n = 1; !gy_flow_is_done(flow); n++) {
        if (n == flow->options.alone_turns)
            return 1;
        if (turn(flow, scheduler)) {
            idle = 0;
            continue;
        }
        if (++idle < STREAK * flow->n_tasks)
            continue;
        idle = 0;
        if (is_stuck(flow, clock))
            return GYRE_ECONTRACT;
    }
    return gy_flow_has_failed(flow) ? flow->failure.code : 0;
}
