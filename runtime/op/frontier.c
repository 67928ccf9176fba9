/* See frontier.h. */
#include "op/frontier.h"

#include "op/inside.h"

#include <assert.h>

/* A watermark that is the clock's goes on in such steps, and at least so often where nothing comes. */
enum { STAMP_STEP_US = 10 * 1000, STAMP_IDLE_US = 100 * 1000 };

int gy_frontier_init(struct gy_frontier *frontier, struct gy_instance *instance, uint32_t n_inputs)
{
    const struct gy_node *node = instance->node;
    *frontier =
        (struct gy_frontier){.instance = instance, .told_us = INT64_MIN, .last_us = INT64_MIN};
    frontier->is_source = node->kind == GYRE_SOURCE;
    frontier->speaks = frontier->is_source || (node->flags & GYRE_SETS_TIME) != 0;
    frontier->stamps =
        frontier->is_source && instance->any_stamps && (node->flags & GYRE_SETS_TIME) == 0;
    frontier->clocked =
        (node->window != NULL && (node->window->processing || node->window->early_us > 0)) ||
        instance->timers != NULL;
    return gy_gate_init(&frontier->gate, n_inputs);
}

void gy_frontier_fini(struct gy_frontier *frontier)
{
    gy_gate_fini(&frontier->gate);
}

void gy_frontier_restore(struct gy_frontier *frontier, int64_t seen_us, int64_t told_us, bool ended)
{
    assert(told_us <= seen_us);
    frontier->told_us = told_us;
    frontier->ended = ended;
    frontier->exhausted = ended;
    frontier->unsettled = !ended;
    gy_gate_restore(&frontier->gate, seen_us);
}

/* The inputs have told something; before it they were at `before_us`. */
static void hear(struct gy_frontier *frontier, int64_t before_us)
{
    if (frontier->gate.watermark_us == INT64_MAX && before_us != INT64_MAX)
        frontier->last_us = before_us;
    frontier->unsettled = true;
}

void gy_frontier_watermark(struct gy_frontier *frontier, uint32_t input, int64_t time_us)
{
    if (frontier->ended)
        return;
    int64_t before_us = frontier->gate.watermark_us;
    gy_gate_watermark(&frontier->gate, input, time_us);
    hear(frontier, before_us);
}

void gy_frontier_idle(struct gy_frontier *frontier, uint32_t input, bool idle, bool waits)
{
    if (frontier->ended)
        return;
    int64_t before_us = frontier->gate.watermark_us;
    gy_gate_idle(&frontier->gate, input, idle, waits);
    hear(frontier, before_us);
}

void gy_frontier_end(struct gy_frontier *frontier, uint32_t input, bool stopped)
{
    if (frontier->ended)
        return;
    int64_t before_us = frontier->gate.watermark_us;
    gy_gate_end(&frontier->gate, input, stopped);
    hear(frontier, before_us);
}

void gy_frontier_exhaust(struct gy_frontier *frontier, bool stopped)
{
    assert(frontier->gate.n_slots == 0);
    frontier->exhausted = true;
    frontier->stopped |= stopped;
    frontier->waits = false;
    frontier->unsettled = true;
}

void gy_frontier_wait(struct gy_frontier *frontier)
{
    assert(frontier->is_source && !frontier->exhausted);
    frontier->waits = true;
}

void gy_frontier_unsettle(struct gy_frontier *frontier)
{
    assert(!frontier->ended);
    frontier->unsettled = true;
}

void gy_frontier_halt(struct gy_frontier *frontier)
{
    frontier->halted = true;
    frontier->unsettled = !frontier->ended;
}

/* ---- what follows ---- */

static bool has_input_ended(const struct gy_frontier *frontier)
{
    return frontier->gate.n_slots == 0 ? frontier->exhausted : gy_gate_has_ended(&frontier->gate);
}

/* Rows to come will have a later time than this moment. It is told in steps: each is a message to every
 * consumer. */
static void stamp(struct gy_frontier *frontier)
{
    struct gy_instance *instance = frontier->instance;
    int64_t now_us = gy_clock_now_us(instance->env.clock);
    if (instance->own_us == INT64_MIN || now_us >= instance->own_us + STAMP_STEP_US)
        instance->own_us = now_us;
}

int64_t gy_frontier_wake_us(const struct gy_frontier *frontier)
{
    const struct gy_instance *instance = frontier->instance;
    if (frontier->ended || frontier->exhausted)
        return INT64_MAX;
    if (frontier->stamps && !frontier->waits && instance->own_us != INT64_MIN)
        return instance->own_us + STAMP_IDLE_US;
    return frontier->clocked ? gy_instance_wake_us(instance) : INT64_MAX;
}

/* How far the instance may be told that it is. */
static int64_t due_us(const struct gy_frontier *frontier)
{
    const struct gy_gate *gate = &frontier->gate;
    bool at_end = gate->n_slots == 0 ? frontier->exhausted && !frontier->stopped
                                     : gate->watermark_us == INT64_MAX;
    if (at_end)
        return INT64_MAX;
    return frontier->speaks ? frontier->instance->own_us : gate->watermark_us;
}

static bool is_idle(const struct gy_frontier *frontier)
{
    if (frontier->waits || (frontier->speaks && frontier->instance->idle))
        return true;
    if (frontier->is_source || !frontier->gate.idle)
        return false;
    /* Inputs that wait for their end will tell it soon: what it sets off must not come too late for those
     * who have gone on meanwhile. */
    return !frontier->gate.waits || !gy_instance_is_pending(frontier->instance);
}

static bool does_wait(const struct gy_frontier *frontier)
{
    return frontier->waits || (!frontier->is_source && frontier->gate.waits);
}

/* What has not been told of it yet; false where all has. */
static bool tell_idle(struct gy_frontier *frontier, struct gy_told *told)
{
    bool idle = is_idle(frontier);
    bool waits = idle && does_wait(frontier);
    if (idle == frontier->told_idle && waits == frontier->told_waits)
        return false;
    frontier->told_idle = idle;
    frontier->told_waits = waits;
    *told = (struct gy_told){.kind = GY_TOLD_IDLE, .flag = idle, .waits = waits};
    return true;
}

bool gy_frontier_begin(struct gy_frontier *frontier, struct gy_told *told)
{
    return !frontier->ended && is_idle(frontier) && tell_idle(frontier, told);
}

/* What the last watermark made due comes before what the end does: 1 where there is more of it, 0, or a
 * code. */
static int finish(struct gy_frontier *frontier, uint32_t rows_max)
{
    struct gy_instance *instance = frontier->instance;
    int code = 0;
    if (!frontier->speaks && frontier->last_us > instance->ctx.watermark_us)
        code = gy_instance_watermark(instance, frontier->last_us);
    if (code != 0 || frontier->halted || !gy_instance_has_work(instance))
        return code;
    return rows_max > 0 ? gy_instance_work(instance, rows_max) : 1;
}

/* Lets the instance see what is due and do some work; 1 where it has more to do, 0, or a code. */
static int advance(struct gy_frontier *frontier, uint32_t rows_max)
{
    struct gy_instance *instance = frontier->instance;
    if (frontier->stamps && !frontier->waits && !frontier->exhausted)
        stamp(frontier);
    int64_t time_us = due_us(frontier);
    int code = 0;
    if (time_us == INT64_MAX && instance->ctx.watermark_us != INT64_MAX)
        code = finish(frontier, rows_max);
    if (code == 0 && time_us > instance->ctx.watermark_us)
        code = gy_instance_watermark(instance, time_us);
    if (code != 0 || frontier->halted || !gy_instance_has_work(instance))
        return code;
    return rows_max > 0 ? gy_instance_work(instance, rows_max) : 1;
}

/* All that came before leaves before it. */
static int tell_watermark(struct gy_frontier *frontier, int64_t time_us, struct gy_told *told)
{
    frontier->told_us = time_us;
    *told = (struct gy_told){.kind = GY_TOLD_WATERMARK, .time_us = time_us};
    return gy_instance_flush(frontier->instance, false);
}

static int tell_end(struct gy_frontier *frontier, struct gy_told *told)
{
    frontier->ended = true;
    frontier->stopped |= frontier->gate.stopped || gy_instance_has_work(frontier->instance);
    frontier->unsettled = false;
    *told = (struct gy_told){.kind = GY_TOLD_END, .flag = frontier->stopped};
    return gy_instance_flush(frontier->instance, true);
}

int gy_frontier_step(struct gy_frontier *frontier, uint32_t rows_max, struct gy_told *told)
{
    *told = (struct gy_told){.kind = GY_TOLD_NOTHING};
    if (frontier->ended)
        return 0;
    int more = advance(frontier, rows_max);
    int64_t time_us = gy_instance_told(frontier->instance);
    if (more < 0)
        return more;
    assert(time_us <= frontier->instance->ctx.watermark_us);
    if (time_us > frontier->told_us)
        return tell_watermark(frontier, time_us, told);
    if (more == 1) {
        told->kind = rows_max > 0 ? GY_TOLD_LATER : GY_TOLD_NOTHING;
        return 0;
    }
    if (has_input_ended(frontier))
        return tell_end(frontier, told);
    frontier->unsettled = false;
    tell_idle(frontier, told);
    return 0;
}
