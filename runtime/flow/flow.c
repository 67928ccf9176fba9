/* See flow.h: what happens to a flow as a whole. Building it is flow/build. */
#include "flow/flow.h"

#include "base/mem.h"

#include <assert.h>
#include <errno.h>
#include <unistd.h>

static void wake_all(struct gy_flow *flow)
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

static void keep_failure(struct gy_flow *flow, const struct gy_instance *instance, int code,
                         const char *text)
{
    pthread_mutex_lock(&flow->failure_lock);
    if (flow->failure.node == NULL) {
        const char *row = gy_instance_failed_row(instance);
        flow->failure.node = gy_instance_node(instance);
        flow->failure.task = gy_instance_task(instance);
        flow->failure.code = code;
        flow->failure.callback = gy_strdup(gy_instance_failed_callback(instance));
        flow->failure.text = gy_strdup(text);
        flow->failure.row = row != NULL ? gy_strdup(row) : NULL;
    }
    pthread_mutex_unlock(&flow->failure_lock);
    /* release: whoever sees it may read the failure under its lock. */
    atomic_store_explicit(&flow->failed, true, memory_order_release);
    wake_all(flow);
    gy_flow_tell(flow);
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
    task->done = true;
    /* acq_rel: the last one must see what all others did. */
    if (atomic_fetch_sub_explicit(&flow->tasks_left, 1, memory_order_acq_rel) == 1)
        wake_all(flow);
}

void gy_flow_stop(struct gy_flow *flow)
{
    /* relaxed: wake_all's fence makes it visible to those asleep. */
    atomic_store_explicit(&flow->stopping, true, memory_order_relaxed);
    wake_all(flow);
}

int gy_flow_open(struct gy_flow *flow)
{
    for (uint32_t t = flow->n_tasks; t-- > 0;)
        if (!gy_task_open(&flow->tasks[t]))
            return flow->failure.code;
    return 0;
}

typedef int end_sink(struct gy_flow *flow, struct gy_member *member, const char *txn);

static int prepare_sink(struct gy_flow *flow, struct gy_member *member, const char *txn)
{
    int code = gy_instance_prepare(member->instance, txn, &member->prepared);
    if (code != 0)
        gy_flow_fail(flow, member->instance);
    return code;
}

static int commit_sink(struct gy_flow *flow, struct gy_member *member, const char *txn)
{
    int code = gy_instance_commit(member->instance, txn, &member->prepared);
    if (code != 0)
        gy_flow_fail(flow, member->instance);
    return code;
}

static int abort_sink(struct gy_flow *flow, struct gy_member *member, const char *txn)
{
    (void)flow;
    gy_instance_abort(member->instance, txn, &member->prepared);
    return 0;
}

/* Does the same to every sink; all of them, whatever one says. */
static void each_sink(struct gy_flow *flow, end_sink *end)
{
    char txn[160];
    for (uint32_t t = 0; t < flow->n_tasks; t++) {
        for (uint32_t m = 0; m < flow->tasks[t].n_members; m++) {
            struct gy_member *member = &flow->tasks[t].members[m];
            if (member->node->kind != GYRE_SINK)
                continue;
            snprintf(txn, sizeof txn, "%s-%s-%u-end", flow->physical->graph->job, member->node->id,
                     member->task->index);
            end(flow, member, txn);
        }
    }
}

/* Nothing becomes visible before every sink is prepared. */
int gy_flow_commit(struct gy_flow *flow)
{
    if (!gy_flow_has_failed(flow))
        each_sink(flow, prepare_sink);
    each_sink(flow, gy_flow_has_failed(flow) ? abort_sink : commit_sink);
    return gy_flow_has_failed(flow) ? flow->failure.code : 0;
}

static void free_task(struct gy_task *task)
{
    for (uint32_t e = 0; e < task->n_entries; e++)
        gy_inlet_fini(&task->entries[e].inlet);
    for (uint32_t m = 0; task->members != NULL && m < task->n_members; m++) {
        struct gy_member *member = &task->members[m];
        for (uint32_t r = 0; r < member->n_routes; r++)
            if (member->routes[r].to == NULL)
                gy_exchange_fini(&member->routes[r].exchange);
        gy_instance_free(member->instance);
        gy_free(member->prepared.data);
        gy_gate_fini(&member->gate);
        gy_free(member->routes);
    }
    gy_free(task->members);
    gy_free(task->entries);
    gy_free(task->events);
}

static void free_edges(struct gy_flow *flow)
{
    uint32_t n_edges = flow->physical->graph->n_edges;
    bool whole = flow->layouts != NULL && flow->channels != NULL && flow->outbound != NULL &&
                 flow->n_channels != NULL;
    for (uint32_t e = 0; e < n_edges && whole; e++) {
        for (uint32_t c = 0; c < flow->n_channels[e]; c++)
            gy_channel_fini(&flow->channels[e][c]);
        gy_free(flow->channels[e]);
        gy_free(flow->outbound[e]);
        gy_layout_fini(&flow->layouts[e]);
    }
    gy_free(flow->channels);
    gy_free(flow->outbound);
    gy_free(flow->n_dests);
    gy_free(flow->n_channels);
    gy_free(flow->layouts);
}

/* Instances first: their arena lists may refer to blocks of channels; pools last. */
void gy_flow_free(struct gy_flow *flow)
{
    if (flow == NULL)
        return;
    /* relaxed: no other thread is left. What plugins put out while they close goes nowhere. */
    atomic_store_explicit(&flow->failed, true, memory_order_relaxed);
    for (uint32_t t = 0; flow->tasks != NULL && t < flow->n_tasks; t++)
        free_task(&flow->tasks[t]);
    free_edges(flow);
    for (uint32_t n = 0; flow->splits != NULL && n < flow->physical->graph->n_nodes; n++)
        gy_splits_fini(&flow->splits[n]);
    for (uint32_t w = 0; flow->workers != NULL && w < flow->n_workers; w++) {
        gy_parking_fini(&flow->workers[w].parking);
        gy_pool_free(flow->workers[w].pool);
        gy_free(flow->workers[w].tasks);
    }
    if (flow->done_fd > 0)
        close(flow->done_fd);
    pthread_mutex_destroy(&flow->failure_lock);
    gy_free(flow->failure.callback);
    gy_free(flow->failure.text);
    gy_free(flow->failure.row);
    gy_free(flow->tasks);
    gy_free(flow->first_task);
    gy_free(flow->workers);
    gy_free(flow->splits);
    gy_free(flow);
}
