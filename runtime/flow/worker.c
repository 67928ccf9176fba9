/* Workers: the threads that run a flow's tasks.
 *
 * A worker runs its tasks in turn while any of them does something. With nothing to do it spins
 * briefly, since waking a sleeping thread costs the others a hundred times what a look at a ring
 * does; then it sleeps until somebody wakes it, a descriptor is ready, or a source is due. */
#include "flow/flow.h"

#include "base/mem.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

enum { SPIN_NS = 20 * 1000, POLL_FDS_MAX = 64, INTERRUPT = SIGURG, CRASH_STACK_BYTES = 64 * 1024 };
enum { NAP_NS = 20 * 1000 * 1000 };
enum { CROWD_US = 10 * 1000, BEHIND_US = 1000 };

static bool run_all(struct gy_worker *worker, struct gy_scheduler *scheduler)
{
    bool moved = false;
    for (uint32_t n = 0; n < worker->n_tasks && !gy_flow_has_failed(worker->flow); n++)
        moved |= gy_task_run(worker->tasks[scheduler->pick(scheduler, worker->n_tasks)]);
    return moved;
}

/* Collects what the sources of the worker wait for. */
static uint32_t waits_of(const struct gy_worker *worker, struct pollfd *fds, int64_t *wake_us)
{
    uint32_t n = 1; /* fds[0] is the parking's */
    *wake_us = INT64_MAX;
    for (uint32_t t = 0; t < worker->n_tasks; t++) {
        const struct gy_task *task = worker->tasks[t];
        int64_t task_us = gy_task_wake_us(task);
        if (task->n_saving > 0) /* the scribe is behind; it wakes nobody */
            task_us = gy_clock_now_us(worker->flow->clock) + BEHIND_US;
        *wake_us = task_us < *wake_us ? task_us : *wake_us;
        for (uint32_t m = 0; m < task->n_members; m++) {
            const struct gy_member *member = &task->members[m];
            if (member->wake_fd >= 0 && member->wake_us != INT64_MIN &&
                !member->frontier.exhausted && !gy_member_is_held_back(member) && n < POLL_FDS_MAX)
                fds[n++] = (struct pollfd){.fd = member->wake_fd, .events = POLLIN};
        }
    }
    return n;
}

static void rest(struct gy_worker *worker, struct gy_scheduler *scheduler)
{
    const struct gy_clock *clock = worker->flow->clock;
    struct pollfd fds[POLL_FDS_MAX];
    int64_t wake_us;
    int64_t until_ns = gy_clock_mono_ns(clock) + SPIN_NS;
    while (gy_clock_mono_ns(clock) < until_ns)
        if (run_all(worker, scheduler) || gy_flow_is_done(worker->flow))
            return;
    gy_parking_announce(&worker->parking);
    if (run_all(worker, scheduler) || gy_flow_is_done(worker->flow)) {
        gy_parking_cancel(&worker->parking);
        return;
    }
    uint32_t n = waits_of(worker, fds, &wake_us);
    int64_t timeout_us = INT64_MAX;
    if (wake_us != INT64_MAX) {
        timeout_us = wake_us - gy_clock_now_us(clock);
        if (timeout_us < 0)
            timeout_us = 0;
    }
    if (n == POLL_FDS_MAX && timeout_us > CROWD_US)
        timeout_us = CROWD_US; /* there may be more descriptors than are looked at */
    gy_parking_sleep(&worker->parking, fds, n, timeout_us);
}

/* A stack for the handler of crashes, which else could not tell of a stack that has overflowed.
 * `before` is put back at the end: it may be a sanitizer's, which then frees what it finds. */
static void use_crash_stack(const struct gy_worker *worker, stack_t *before)
{
    stack_t stack = {.ss_sp = worker->crash_stack, .ss_size = CRASH_STACK_BYTES};
    /* Where this fails, crashes of another kind are told all the same. */
    if (sigaltstack(&stack, before) != 0)
        before->ss_flags = SS_DISABLE;
}

static void *worker_main(void *argument)
{
    struct gy_worker *worker = argument;
    struct gy_flow *flow = worker->flow;
    struct gy_scheduler scheduler;
    stack_t stack_before = {0};
    use_crash_stack(worker, &stack_before);
    gy_scheduler_fair(&scheduler);
    /* To the end of the whole flow: a task that is done may be asked to give blocks back. */
    while (!gy_flow_is_done(flow))
        if (!run_all(worker, &scheduler))
            rest(worker, &scheduler);
    sigaltstack(&stack_before, NULL);
    /* acq_rel: the last one tells, after all the others' work. */
    if (atomic_fetch_sub_explicit(&flow->workers_left, 1, memory_order_acq_rel) == 1)
        gy_flow_tell(flow);
    return NULL;
}

/* Nothing is to be done but to interrupt. */
static void on_interrupt(int number)
{
    (void)number;
}

static int start_worker(struct gy_worker *worker)
{
    worker->crash_stack = gy_alloc(CRASH_STACK_BYTES);
    if (worker->crash_stack == NULL)
        return ENOMEM;
    return pthread_create(&worker->thread, NULL, worker_main, worker);
}

/* Starts the scribe and as many workers as can be. 0, or a code and `error`. */
static int start_threads(struct gy_flow *flow, struct gyre_error *error)
{
    struct sigaction action = {.sa_handler = on_interrupt}; /* no SA_RESTART */
    if (sigaction(INTERRUPT, &action, NULL) != 0)
        return gyre_error_set(error, GYRE_EIO, -1, "sigaction: %s", strerror(errno));
    int code =
        gy_checkpoint_is_on(&flow->checkpoint) ? gy_scribe_start(&flow->checkpoint.scribe) : 0;
    if (code != 0)
        return gyre_error_set(error, GYRE_EIO, -1,
                              "cannot start the thread that writes snapshots: %s", strerror(code));
    for (uint32_t w = 0; w < flow->n_workers; w++) {
        code = start_worker(&flow->workers[w]);
        if (code != 0)
            return gyre_error_set(error, GYRE_EIO, -1, "cannot start worker thread %u of %u: %s",
                                  w + 1, flow->n_workers, strerror(code));
        flow->workers[w].started = true;
    }
    return 0;
}

/* Ends the workers that have been started, where another could not be: one of them may be in a system
 * call that does not end by itself. */
static void end_started(struct gy_flow *flow)
{
    const struct timespec nap = {0, NAP_NS};
    uint32_t n_missing = 0;
    for (uint32_t w = 0; w < flow->n_workers; w++)
        n_missing += !flow->workers[w].started;
    atomic_fetch_sub_explicit(&flow->workers_left, n_missing, memory_order_acq_rel);
    while (!gy_flow_is_over(flow)) {
        gy_flow_interrupt(flow);
        nanosleep(&nap, NULL);
    }
    gy_flow_join(flow);
}

int gy_flow_start(struct gy_flow *flow, struct gyre_error *error)
{
    atomic_store_explicit(&flow->workers_left, flow->n_workers, memory_order_relaxed);
    int code = start_threads(flow, error);
    if (code == 0)
        return 0;
    gy_flow_fail_text(flow, code, error->text);
    end_started(flow);
    return code;
}

bool gy_flow_is_over(const struct gy_flow *flow)
{
    /* acquire: pairs with the end of worker_main. */
    return atomic_load_explicit(&flow->workers_left, memory_order_acquire) == 0;
}

static bool has_source(const struct gy_worker *worker)
{
    for (uint32_t t = 0; t < worker->n_tasks; t++)
        for (uint32_t m = 0; m < worker->tasks[t]->n_members; m++)
            if (worker->tasks[t]->members[m].node->kind == GYRE_SOURCE)
                return true;
    return false;
}

bool gy_flow_interrupt(struct gy_flow *flow)
{
    bool any = false;
    bool failed = gy_flow_has_failed(flow);
    for (uint32_t w = 0; w < flow->n_workers; w++) {
        struct gy_worker *worker = &flow->workers[w];
        if (!worker->started || !worker->may_block || (!failed && !has_source(worker)))
            continue;
        pthread_kill(worker->thread, INTERRUPT); /* one that has ended takes no notice */
        any = true;
    }
    return any;
}

void gy_flow_join(struct gy_flow *flow)
{
    for (uint32_t w = 0; w < flow->n_workers; w++) {
        if (flow->workers[w].started)
            pthread_join(flow->workers[w].thread, NULL);
        flow->workers[w].started = false;
        gy_free(flow->workers[w].crash_stack);
        flow->workers[w].crash_stack = NULL;
    }
}
