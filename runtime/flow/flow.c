/* See flow.h: what happens to a flow as a whole. Building it is flow/build. */
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

int gy_flow_open(struct gy_flow *flow)
{
    for (uint32_t t = flow->n_tasks; t-- > 0;)
        if (!gy_task_open(&flow->tasks[t]))
            return flow->failure.code;
    if (flow->restore != NULL && gy_restore_state(flow->restore, flow) != 0)
        return flow->failure.code;
    for (uint32_t t = flow->n_tasks; t-- > 0;)
        gy_task_begin(&flow->tasks[t]);
    return gy_flow_has_failed(flow) ? flow->failure.code : 0;
}

static bool next_sink(struct gy_flow *flow, uint32_t *t, uint32_t *m, struct gy_member **member)
{
    for (; *t < flow->n_tasks; (*t)++, *m = 0) {
        while (*m < flow->tasks[*t].n_members) {
            *member = &flow->tasks[*t].members[(*m)++];
            if ((*member)->node->kind == GYRE_SINK)
                return true;
        }
    }
    return false;
}

/* Nothing becomes visible before every sink is prepared. */
static void commit_at_end(struct gy_flow *flow)
{
    struct gy_member *member;
    for (uint32_t t = 0, m = 0; next_sink(flow, &t, &m, &member);)
        if (!gy_flow_has_failed(flow))
            gy_member_prepare(member, 0);
    for (uint32_t t = 0, m = 0; next_sink(flow, &t, &m, &member);) {
        if (gy_flow_has_failed(flow))
            gy_member_abort(member, 0);
        else
            gy_member_commit(member, 0);
    }
}

/* What a snapshot speaks of is committed, if a failure came between; what perhaps one speaks of stays
 * for a restore to decide; the rest is undone. */
static void end_transactions(struct gy_flow *flow)
{
    struct gy_member *member;
    uint64_t newest = flow->checkpoint.newest;
    uint64_t perhaps = flow->checkpoint.published > newest ? flow->checkpoint.published : newest;
    for (uint32_t t = 0, m = 0; next_sink(flow, &t, &m, &member);) {
        gy_member_commit(member, newest);
        gy_member_abort(member, perhaps);
    }
}

int gy_flow_commit(struct gy_flow *flow)
{
    if (!gy_checkpoint_is_on(&flow->checkpoint))
        commit_at_end(flow);
    else if (gy_flow_has_failed(flow))
        end_transactions(flow);
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
        gy_member_fini(member);
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

/* What plugins do to their state while they close is not saved. */
static void stop_saving(struct gy_flow *flow)
{
    for (uint32_t t = 0; flow->tasks != NULL && t < flow->n_tasks; t++)
        for (uint32_t m = 0; flow->tasks[t].members != NULL && m < flow->tasks[t].n_members; m++)
            if (flow->tasks[t].members[m].instance != NULL)
                gy_instance_save_stop(flow->tasks[t].members[m].instance);
}

/* Instances first: their arena lists may refer to blocks of channels; pools last. */
void gy_flow_free(struct gy_flow *flow)
{
    if (flow == NULL)
        return;
    /* relaxed: no other thread is left. What plugins put out while they close goes nowhere. */
    atomic_store_explicit(&flow->failed, true, memory_order_relaxed);
    stop_saving(flow);
    gy_scribe_fini(&flow->checkpoint.scribe);
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
    gy_restore_free(flow->restore);
    gy_checkpoint_fini(&flow->checkpoint);
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
