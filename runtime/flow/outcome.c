/* What becomes of a run: the first failure, the end, a stop; and who has to be woken for it. See flow.h.
 *
 * It calls nothing of this floor but flow/parking, so that everything may call it. */
#include "flow/flow.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

void gy_flow_wake(struct gy_flow *flow)
{
    for (uint32_t w = 0; w < flow->n_workers && !flow->options.alone; w++)
        gy_parking_wake(&flow->workers[w].parking);
}

void gy_flow_tell(struct gy_flow *flow)
{
    uint64_t one = 1;
    ssize_t n = write(flow->done_fd, &one, sizeof one);
    assert(n == (ssize_t)sizeof one || errno == EINTR || errno == EAGAIN);
}

/* `instance` NULL: a failure of the run as a whole. */
static void keep_failure(struct gy_flow *flow, const struct gy_instance *instance, int code,
                         const char *text)
{
    struct gy_failure *failure = &flow->failure;
    pthread_mutex_lock(&flow->failure_lock);
    if (!failure->kept) {
        const char *row = instance != NULL ? gy_instance_failed_row(instance) : NULL;
        const char *callback = instance != NULL ? gy_instance_failed_callback(instance) : "";
        failure->kept = true;
        failure->node = instance != NULL ? gy_instance_node(instance) : NULL;
        failure->task = instance != NULL ? gy_instance_task(instance) : 0;
        failure->function = instance != NULL ? gy_instance_failed_function(instance) : NULL;
        failure->plugin_path = instance != NULL ? gy_instance_failed_plugin(instance) : NULL;
        failure->code = code;
        failure->callback = gy_strdup(callback);
        failure->text = gy_strdup(text);
        failure->row = row != NULL ? gy_strdup(row) : NULL;
    }
    pthread_mutex_unlock(&flow->failure_lock);
    /* release: whoever sees it may read the failure under its lock. */
    atomic_store_explicit(&flow->failed, true, memory_order_release);
    gy_flow_wake(flow);
    gy_flow_tell(flow);
}

void gy_flow_fail_text(struct gy_flow *flow, int code, const char *text)
{
    keep_failure(flow, NULL, code, text);
}

void gy_flow_fail(struct gy_flow *flow, const struct gy_instance *instance)
{
    const struct gyre_error *error = gy_instance_error(instance);
    keep_failure(flow, instance, error->code, error->text);
}

void gy_flow_fail_memory(struct gy_flow *flow, const struct gy_instance *instance)
{
    keep_failure(flow, instance, GYRE_ENOMEM, "out of memory");
}

void gy_flow_task_done(struct gy_flow *flow, struct gy_task *task)
{
    assert(!task->done && task->n_ended == task->n_members);
    task->done = true;
    /* acq_rel: the last one must see what all others did. */
    if (atomic_fetch_sub_explicit(&flow->tasks_left, 1, memory_order_acq_rel) != 1)
        return;
    gy_flow_wake(flow);
    if (gy_checkpoint_is_on(&flow->checkpoint))
        gy_flow_tell(flow);
}

bool gy_flow_is_done(const struct gy_flow *flow)
{
    /* acquire: pairs with gy_flow_task_done and gy_checkpoint_step. */
    if (gy_flow_has_failed(flow) || atomic_load_explicit(&flow->closing, memory_order_acquire))
        return true;
    return !gy_checkpoint_is_on(&flow->checkpoint) &&
           atomic_load_explicit(&flow->tasks_left, memory_order_acquire) == 0;
}

void gy_flow_stop(struct gy_flow *flow)
{
    flow->checkpoint.stopping = true;
    /* relaxed: the wake's fence makes it visible to those asleep. */
    atomic_store_explicit(&flow->stopping, true, memory_order_relaxed);
    gy_flow_wake(flow);
}
