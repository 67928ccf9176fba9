/* See flow.h: the life of a flow as a whole. Building it is flow/build; its end, flow/outcome. */
#include "flow/flow.h"

#include "base/mem.h"
#include "flow/feedback.h"
#include "flow/unfed.h"

#include <unistd.h>

int gy_flow_open(struct gy_flow *flow)
{
    for (uint32_t t = flow->n_tasks; t-- > 0;)
        if (!gy_task_open(&flow->tasks[t]))
            return flow->failure.code;
    if (flow->restore != NULL && gy_restore_state(flow->restore, flow) != 0)
        return flow->failure.code;
    for (uint32_t t = flow->n_tasks; t-- > 0;)
        gy_task_begin(&flow->tasks[t]);
    gy_flow_settle_unfed(flow);
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
            gy_txns_abort(&member->txns, member->instance, 0);
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
        gy_txns_abort(&member->txns, member->instance, perhaps);
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

static void fini_member(struct gy_member *member)
{
    gy_txns_fini(&member->txns);
    gy_source_fini(&member->source);
    gy_part_fini(&member->saved.part);
    gy_scribe_file_fini(&member->task->flow->checkpoint.scribe, &member->saved.file);
    gy_manifest_files_free(member->saved.files, member->saved.n_files);
    gy_free(member->saved.folder);
    gy_frontier_fini(&member->frontier);
    gy_free(member->n_marking);
    gy_free(member->n_marked);
    if (member->head != NULL)
        gy_head_fini(member->head);
    gy_free(member->head);
}

static void free_task(struct gy_task *task)
{
    for (uint32_t e = 0; e < task->n_entries; e++) {
        gy_inlet_fini(&task->entries[e].inlet);
    }
    for (uint32_t m = 0; task->members != NULL && m < task->n_members; m++) {
        struct gy_member *member = &task->members[m];
        for (uint32_t r = 0; r < member->n_routes; r++)
            if (member->routes[r].to == NULL) {
                gy_exchange_fini(&member->routes[r].exchange);
                gy_presum_free(member->routes[r].presum);
            }
        gy_instance_free(member->instance);
        fini_member(member);
        gy_free(member->routes);
    }
    gy_free(task->members);
    gy_free(task->entries);
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
    for (uint32_t r = 0; r < flow->n_regions; r++)
        gy_region_fini(&flow->regions[r]);
    gy_scratch_fini(&flow->scratch);
    gy_free(flow->regions);
    gy_free(flow->reaches);
    gy_free(flow->enters);
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
    pthread_mutex_destroy(&flow->splits_lock);
    gy_free(flow->failure.callback);
    gy_free(flow->failure.text);
    gy_free(flow->failure.row);
    gy_free(flow->tasks);
    gy_free(flow->first_task);
    gy_free(flow->workers);
    gy_free(flow->splits);
    gy_free(flow);
}
